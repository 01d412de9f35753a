"""Jam time as 32.32 fixed-point integers, and the only place that knows NTP.

A *timetag* is an int that counts units of 2**-32 seconds. Jam time, NTP and OSC share the unit, they differ by a
constant, so every conversion is an integer addition and a note's timetag is never rounded twice.
"""

from fractions import Fraction

__all__ = [
    "IMMEDIATELY",
    "UNITS_PER_SECOND",
    "nanoseconds_to_units",
    "ntp_from_unix_nanoseconds",
    "seconds_to_units",
    "units_to_milliseconds",
    "units_to_seconds",
]

UNITS_PER_SECOND = 1 << 32
"""One second, in timetag units."""

IMMEDIATELY = 1
"""OSC's timetag for "now" (OSC 1.0 specification)."""

_NTP_UNIX_SECONDS = 2_208_988_800
"""Seconds from the NTP epoch (1900) to the Unix epoch (1970), RFC 5905."""


def seconds_to_units(seconds_s: Fraction | int | float) -> int:
    """`seconds_s` as the nearest timetag (halves round up). A float is taken at its exact binary value."""
    exact = Fraction(seconds_s)
    return (2 * exact.numerator * UNITS_PER_SECOND + exact.denominator) // (2 * exact.denominator)


def units_to_seconds(units: int) -> float:
    """Seconds as a float: for logs, waits and screens, never for a timetag."""
    return units / UNITS_PER_SECOND


def units_to_milliseconds(units: int) -> int:
    """Whole milliseconds, rounded down: the time part of a Redis stream id."""
    return units * 1000 >> 32


def nanoseconds_to_units(nanoseconds: int) -> int:
    """The timetag at or just before `nanoseconds` of the same clock."""
    return (nanoseconds << 32) // 1_000_000_000


def ntp_from_unix_nanoseconds(nanoseconds: int) -> int:
    """An NTP timetag (since 1900) from nanoseconds since 1970."""
    return (_NTP_UNIX_SECONDS << 32) + nanoseconds_to_units(nanoseconds)
