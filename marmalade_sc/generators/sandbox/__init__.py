"""Where programs of strangers run: bubblewrap around them, limits, Landlock and seccomp within, a watchdog beside."""
