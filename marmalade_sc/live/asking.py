"""Asking a track for the notes of a cycle: what to do when its pattern fails, never ends or needs too much memory."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

from marmalade_sc.live.explain import what_failed
from marmalade_sc.live.faults import TOO_LARGE, TOO_SLOW, Faults
from marmalade_sc.live.lane import Ready
from marmalade_sc.live.limits import TooSlowError
from marmalade_sc.live.track import Track
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["notes_of"]


def notes_of(
    track: Track,
    number: int,
    cycle_s: float,
    orchestra: Orchestra,
    guard: Callable[[], AbstractContextManager[object]],
    faults: Faults,
    now: int,
) -> list[Ready]:
    """The notes of cycle `number`; where the pattern fails, those of the version before it.

    A cycle that failed is not asked again, a pattern that was stopped not at all.

    Args:
        cycle_s, orchestra, guard: see `Lane.cycle`.
        faults: hears of failures; `now` is the jam time.
    """
    lane = track.lane
    if lane is not None and not track.is_stopped and number not in track.failed:
        try:
            notes = lane.cycle(number, cycle_s, orchestra, guard)
            if lane.left_out:
                faults.left_out(track.name, lane.complaints, lane.left_out, number, now)
                lane.complaints.clear()
                lane.left_out = 0
            return notes
        except TooSlowError:
            track.is_stopped = True
            faults.happened(track.name, TOO_SLOW, number, now)
        except MemoryError:
            track.is_stopped = True
            faults.happened(track.name, TOO_LARGE, number, now)
        except Exception as error:  # code in a pattern is the user's and may raise anything
            track.has_failed(number)
            text, kind, line = what_failed(error)
            faults.happened(track.name, text, number, now, kind, line)
    if track.last_good is not None:
        with contextlib.suppress(Exception, TooSlowError):
            return track.last_good.cycle(number, cycle_s, orchestra, guard)
    return []
