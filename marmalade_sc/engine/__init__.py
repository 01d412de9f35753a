"""The only talk with scsynth: boot, bundles, voices, mixer, dispatcher, render, record, meters."""
