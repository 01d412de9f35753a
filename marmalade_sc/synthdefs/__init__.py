"""Synthdefs: files of players and authors, compiled, described, cached and rebuilt when they are saved.

The names here are what the author of a synthdef imports; none of them imports supriya.
"""

from marmalade_sc.synthdefs.authoring import control, held, percussive, synthdef, until

__all__ = ["control", "held", "percussive", "synthdef", "until"]
