"""What is found on the machine."""

from pathlib import Path

from marmalade_sc.engine import sound_probe
from marmalade_sc.engine.sound import Card

_CARDS = """\
 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f10000 irq 32
 1 [USB            ]: USB-Audio - Scarlett 2i2 USB
                      Focusrite Scarlett 2i2 USB at usb-0000:00:14.0-2, high speed
 2 [Webcam         ]: USB-Audio - HD Webcam
                      A webcam
"""
_PCM = """\
00-00: ALC892 Analog : ALC892 Analog : playback 1 : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
01-00: USB Audio : USB Audio : playback 1 : capture 1
02-00: USB Audio : USB Audio : capture 1
"""


def test_cards_are_read_as_alsa_lists_them(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text(_CARDS)
    (tmp_path / "pcm").write_text(_PCM)
    assert sound_probe.probe_cards(tmp_path) == (
        Card(0, "PCH", "HDA-Intel - HDA Intel PCH", (0, 3), (0,)),
        Card(1, "USB", "USB-Audio - Scarlett 2i2 USB", (0,), (0,)),
        Card(2, "Webcam", "USB-Audio - HD Webcam", (), (0,)),
    )


def test_no_alsa_and_no_cards_are_no_cards(tmp_path: Path) -> None:
    assert sound_probe.probe_cards(tmp_path / "none") == ()
    (tmp_path / "cards").write_text("--- no soundcards ---\n")
    (tmp_path / "pcm").write_text("")
    assert sound_probe.probe_cards(tmp_path) == ()


def test_options_of_jackd_are_read_in_all_their_spellings() -> None:
    for words in (["-d", "dummy"], ["-ddummy"], ["--driver", "dummy"]):
        assert sound_probe._option(["jackd", *words], "-d", "--driver") == "dummy"
    assert sound_probe._option(["jackd", "-n", "a", "-d", "alsa", "-d", "hw:0"], "-d", "--driver") == "alsa"
    assert sound_probe._option(["jackd"], "-n", "--name") == ""


def test_a_probe_of_this_machine_gives_something_without_programs() -> None:
    found = sound_probe.probe({"PATH": ""})
    assert (found.jackd, found.pw_jack) == ("", "")


def test_asking_for_realtime_leaves_this_thread_as_it_was() -> None:
    import os

    before = os.sched_getscheduler(0)
    sound_probe.probe_rights()
    assert os.sched_getscheduler(0) == before
