"""Functions that apply other functions: now and then, by chance, to a copy."""

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import timing
from marmalade_sc.patterns.arguments import changed, with_count, with_cycles, with_number
from marmalade_sc.patterns.chance import degrade_by, salt_of
from marmalade_sc.patterns.controls import with_controls
from marmalade_sc.patterns.pattern import MAX_PERIOD, Pattern, stack
from marmalade_sc.patterns.span import floor

LEFT, RIGHT = -1.0, 1.0  # as the control `pan` of our synthdefs
MAX_EVERY = 16_384


def every(pattern: Pattern, cycles: object, change: object) -> Pattern:
    """Applies the change in every `cycles`-th cycle, beginning with cycle 0."""
    other = changed(change, pattern, "every")

    def make(count: int) -> Pattern:
        if count > MAX_PERIOD:
            return _every_long(pattern, other, count)
        return timing.pick_cycle([other] + [pattern] * (count - 1), count)

    return with_count(cycles, make, "every", "cycles", 1, MAX_EVERY)


def _every_long(pattern: Pattern, other: Pattern, count: int) -> Pattern:
    return timing.by_cycle(
        Pattern(lambda begin, end, run: (other if floor(begin) % count == 0 else pattern).ask(begin, end, run))
    )


def sometimes(pattern: Pattern, *arguments: object) -> Pattern:
    """Applies a change to some events, chosen by chance: `sometimes(0.3, rev)`; the chance is 0.5 when left out."""
    if not 1 <= len(arguments) <= 2:
        raise UsageError(
            f"sometimes takes a probability and a function, not {len(arguments)} arguments", hint="sometimes(0.3, rev)"
        )
    probability, change = arguments if len(arguments) == 2 else (0.5, arguments[0])
    return _by_chance(pattern, probability, change, "sometimes")


def _by_chance(pattern: Pattern, probability: object, change: object, name: str) -> Pattern:
    salt = salt_of("sometimes")

    def make(chance: float) -> Pattern:
        if chance == 0.0:
            return pattern
        kept = degrade_by(pattern, chance, salt)
        return stack(kept, changed(change, degrade_by(pattern, chance, salt, keep_dropped=True), name))

    return with_number(probability, make, name, "probability", 0, 1)


def often(pattern: Pattern, change: object) -> Pattern:
    """Applies the change to three events in four, by chance."""
    return _by_chance(pattern, 0.75, change, "often")


def rarely(pattern: Pattern, change: object) -> Pattern:
    """Applies the change to one event in four, by chance."""
    return _by_chance(pattern, 0.25, change, "rarely")


def always(pattern: Pattern, change: object) -> Pattern:
    """Applies the change."""
    return changed(change, pattern, "always")


def never(pattern: Pattern, change: object) -> Pattern:
    """Leaves the pattern as it is, to switch a change off without deleting it."""
    changed(change, pattern, "never")
    return pattern


def degrade(pattern: Pattern, probability: object = 0.5) -> Pattern:
    """Drops events by chance."""
    salt = salt_of("degrade")
    return with_number(probability, lambda chance: degrade_by(pattern, chance, salt), "degrade", "probability", 0, 1)


def off(pattern: Pattern, cycles: object, change: object) -> Pattern:
    """Plays the pattern and a changed copy that is late by `cycles`."""

    def copy_at(time: object) -> Pattern:
        return with_cycles(time, lambda each: changed(change, timing.late(pattern, each), "off"), "off", "cycles")

    return stack(pattern, copy_at(cycles))


def superimpose(pattern: Pattern, change: object) -> Pattern:
    """Plays the pattern and a changed copy together."""
    return stack(pattern, changed(change, pattern, "superimpose"))


def jux(pattern: Pattern, change: object) -> Pattern:
    """Plays the pattern on the left and a changed copy on the right."""
    left = with_controls(pattern, {"pan": LEFT})
    return stack(left, with_controls(changed(change, with_controls(pattern, {}), "jux"), {"pan": RIGHT}))
