"""From the text of a notation to its tree: a recursive descent parser for our rule set (docs/notation.md)."""

from fractions import Fraction
from typing import TypeVar

from marmalade_sc.errors import NotationError, UsageError, Where
from marmalade_sc.patterns import limits, nodes
from marmalade_sc.patterns.cursor import Cursor
from marmalade_sc.patterns.euclid import MAX_STEPS
from marmalade_sc.patterns.kinds import NUMBER, Kind, kind_named, plain_number
from marmalade_sc.patterns.nodes import Node, Rest, Sequence, Step

__all__ = ["MAX_TEXT", "parse"]

MAX_TEXT = 65_536  # characters
MAX_MODIFIERS = 64  # of one step
HALF = Fraction(1, 2)
NO_NOTES = "names of notes are read where notes are expected: note(...), root=..., a voice's first argument"
NO_STEPS = "{} needs at least one step that takes time"

AnyNode = TypeVar("AnyNode", bound=Node)


def parse(text: str, kind: str = "string", source: str = "pattern") -> Node:
    """The tree of a notation; empty text is silence.

    Args:
        kind: "string", "number" or "note", or another name that `kinds` knows.
        source: how errors name the text.

    Raises:
        NotationError: with the place, for text that cannot be read or that would make too many events.
    """
    if len(text) > MAX_TEXT:
        raise NotationError(
            f"the notation has {len(text)} characters; up to {MAX_TEXT} work",
            where=Where(source, 1, 1, text[:60]),
            hint="split it into several patterns with stack()",
        )
    parser = Parser(text, source, kind_named(kind))
    node = parser.group()
    if parser.peek():
        parser.unexpected(parser.kind.expected)
    return node


class Parser(Cursor):
    """The grammar; `kind` says what the atoms are at the position."""

    def __init__(self, text: str, source: str, kind: Kind) -> None:
        super().__init__(text, source)
        self.kind = kind

    def group(self) -> Node:
        """Sequences with `,` or `|` between them, up to a closer or the end."""
        start = self.position
        first = self.sequence()
        mark = self.peek()
        if mark not in (",", "|") or not mark:
            return first
        at, parts = self.position, [first]
        while self.take(mark):
            parts.append(self.sequence())
            other = self.peek()
            if other in (",", "|") and other and other != mark:
                self.fail(
                    "',' and '|' cannot be mixed at one level", self.position, hint="put one of them in [ ] of its own"
                )
        if mark == ",":
            return self.checked(limits.stack(tuple(parts)), start)
        return self.checked(limits.choose(tuple(parts), at), start)

    def sequence(self) -> Node:
        """Steps, with `.` between feet; a single step of any weight is that step."""
        found = self.steps()
        if len(found.steps) == 1 and found.steps[0].weight > 0:
            return found.steps[0].node
        return found

    def steps(self) -> Sequence:
        """The steps up to `,`, `|`, a closer or the end; more than one foot makes one step of each foot."""
        start, feet, dotted = self.position, [list[Step]()], -1
        while True:
            self.skip_spaces()
            next_character = self.peek()
            if not next_character or next_character in ",|])>}":
                break
            if next_character == "." and not self.is_fraction():
                if self.text.startswith("..", self.position):
                    self.fail("'..' needs a value before it", self.position, 2, hint="0 .. 3 counts from 0 to 3")
                dotted = self.position
                self.position += 1
                feet.append([])
                continue
            step = self.step()
            if step.weight > 0:
                feet[-1].append(step)
        if not feet[-1] and len(feet) > 1:
            feet.pop()
        if len(feet) > 1:
            whole = [Step(limits.sequence(tuple(foot)), Fraction(1)) for foot in feet]
            return self.checked(limits.sequence(tuple(whole)), start)
        if dotted >= 0:
            self.fail("'.' needs steps on both sides", dotted, hint="a b . c d e is [a b] [c d e]")
        return self.checked(limits.sequence(tuple(feet[0])), start)

    def is_fraction(self) -> bool:
        """Whether the dot at the position begins a number such as .5: not directly behind a bracket."""
        after = self.text[self.position + 1 : self.position + 2]
        before = self.text[self.position - 1 : self.position]
        return after.isdigit() and (not before or before not in "])>}")

    def checked(self, node: AnyNode, start: int) -> AnyNode:
        """The node when it is not too large; `start` is where its text begins."""
        problem = limits.problem(node)
        if problem:
            self.fail(problem, start, self.position - start)
        return node

    # One step

    def step(self) -> Step:
        """A value or a bracket with all its modifiers."""
        start = self.position
        node, weight, repeats = self.value(), Fraction(1), Fraction(1)
        before_repeat: Node | None = None
        for count in range(MAX_MODIFIERS + 1):
            end = self.position
            self.skip_spaces()
            mark = self.peek()
            if mark == "@" or mark == "_":
                self.position += 1
                weight += self.amount("weight") - 1
            elif mark == "!":
                self.position += 1
                repeats += self.amount("count") - 1
                base = before_repeat or node
                weight, node = repeats, self.checked(limits.repeat(base, repeats), start)
                before_repeat = base
            else:
                modified = self.modified(node, start)
                if modified is None:
                    self.position = end
                    break
                node, before_repeat, repeats = modified, None, Fraction(1)
            if count == MAX_MODIFIERS:
                self.fail(f"a step has at most {MAX_MODIFIERS} modifiers", start)
        return Step(node, weight)

    def value(self) -> Node:
        """A bracket, a rest, `^name` or an atom of the kind."""
        mark = self.peek()
        if mark == "[":
            return self.bracketed(self.group)
        if mark == "<":
            return self.polymeter(angles=True)
        if mark == "{":
            return self.polymeter(angles=False)
        if mark == "~":
            self.position += 1
            return Rest()
        if mark == "^":
            return self.variable()
        atom = None if mark == "-" and not self.kind.signed else self.atom()
        if atom is not None:
            return atom
        if self.take("-"):
            return Rest()
        if mark in "*/?@!_(:%'" and mark:
            self.fail(f"{mark!r} needs a step before it", self.position, hint="modifiers stand behind what they change")
        if self.kind.name in ("number", "rational", "integer") and mark.isalpha():
            self.fail(f"expected {self.kind.expected}, found {mark!r}", self.position, hint=NO_NOTES)
        return self.unexpected(self.kind.expected)

    def atom(self) -> Node | None:
        """An atom of the kind, with its chord, or None when none begins here."""
        if not self.peek():
            return None
        start = self.position
        if self.kind.has_chords and self.peek() == "'":
            found = self.kind.read("0", 0)
            assert found is not None
            return self.chord(nodes.Atom(found[1], start, start))
        try:
            read = self.kind.read(self.text, start)
        except UsageError as error:
            self.fail(error.message, start, hint=error.hint)
        if read is None:
            return None
        self.position, value = read
        return nodes.Atom(value, start, self.position)

    def variable(self) -> Node:
        """`^name`."""
        start = self.position
        self.position += 1
        while self.peek().isalnum() or self.peek() == "_":
            self.position += 1
        if self.position == start + 1:
            self.fail("'^' needs the name of a control", start, hint="^speed")
        return nodes.Variable(self.text[start + 1 : self.position])

    def polymeter(self, angles: bool) -> Node:
        """`< >`, or `{ }` with its `%rate`."""
        start, opener = self.position, self.peek()
        sequences = self.bracketed(self.sequences)
        if any(each.weight == 0 for each in sequences):
            self.fail(NO_STEPS.format(self.text[start : start + 1] + (">" if angles else "}")), start)
        rate: Node | None = None
        if angles:
            rate = nodes.Atom(Fraction(1), start, start)
        elif self.take("%"):
            if self.peek().isspace():
                self.fail("'%' needs its number directly behind it", self.position, hint=f"{opener}a b c}}%4")
            rate = self.operand("rational", "*/(?!@")
        return self.checked(limits.polymeter(tuple(sequences), rate), start)

    def sequences(self) -> list[Sequence]:
        """The comma-separated sequences of a polymeter."""
        found = [self.steps()]
        while self.take(","):
            found.append(self.steps())
        if self.peek() == "|":
            self.fail("'|' works in [ ] only", self.position, hint="write <[a | b] c>")
        return found

    # Modifiers

    def modified(self, node: Node, start: int) -> Node | None:
        """The node with the modifier at the position, or None when there is none."""
        mark, at = self.peek(), self.position
        if mark == "*" or mark == "/":
            self.position += 1
            self.skip_spaces()
            factor = self.operand("rational", "*/" if self.peek() in "[<{" else "")
            return self.checked(limits.fast(node, factor, mark == "/"), start)
        if mark == "?":
            self.position += 1
            return nodes.Degrade(node, self.probability(), at, depth=node.depth + 1, density=node.density)
        if mark == "(":
            return self.euclid(node, start)
        if mark == "'" and self.kind.has_chords:
            return self.checked(self.chord(node), start)
        if mark == ":" and self.kind.name == "string":
            self.position += 1
            return limits.tail(node, self.operand("string", ""))
        if self.text.startswith("..", at):
            self.position += 2
            self.skip_spaces()
            if not self.peek() or self.peek() in ".,|])>}":
                self.fail("'..' needs a value behind it", at, 2, hint="0 .. 3 counts from 0 to 3")
            return self.checked(limits.span(node, self.operand(self.kind.name, "*/(?'"), self.kind.counts), start)
        return None

    def operand(self, kind: str, modifiers: str) -> Node:
        """A value of another kind with those of `modifiers` that stand directly behind it."""
        outer, self.kind = self.kind, kind_named(kind)
        start = self.position
        if not self.peek() or self.peek() in ",|])>}*/?!":
            self.unexpected(self.kind.expected)
        node = self.value()
        for _ in range(MAX_MODIFIERS):
            if not self.peek() or self.peek() not in modifiers:
                break
            if self.peek() in "!@":
                self.position += 1  # a weight or a repeat of a single value changes nothing
                self.amount("count")
            else:
                node = self.modified(node, start) or node
        self.kind = outer
        return node

    def amount(self, what: str) -> Fraction:
        """The number directly behind `!`, `@` or `_`; 2 when there is none."""
        found = NUMBER.match(self.text, self.position)
        if found is None:
            return Fraction(2)
        number = self.number(found.group())
        if number < 0:
            self.fail(f"the {what} must not be negative", self.position, len(found.group()))
        if number > limits.MAX_EVENTS:
            self.fail(f"the {what} is too large; up to {limits.MAX_EVENTS} works", self.position, len(found.group()))
        if number.denominator > limits.MAX_DENOMINATOR:
            self.fail(f"the {what} is too fine", self.position, len(found.group()), hint="use up to 6 decimals")
        self.position = found.end()
        return number

    def number(self, text: str) -> Fraction:
        """The exact value of number text at the position."""
        try:
            return plain_number(text)
        except UsageError as error:
            self.fail(error.message, self.position, len(text), hint=error.hint)

    def probability(self) -> float:
        """The number directly behind `?`; one half when there is none, never above one."""
        found = NUMBER.match(self.text, self.position)
        if found is None:
            return float(HALF)
        number = self.number(found.group())
        if number < 0:
            self.fail("a probability goes from 0 to 1", self.position, len(found.group()))
        self.position = found.end()
        return min(1.0, float(number))

    def euclid(self, node: Node, start: int) -> Node:
        """`(hits,steps)` or `(hits,steps,rotation)`."""
        at, outer = self.position, self.kind
        self.kind = kind_named("integer")
        arguments = self.bracketed(self.euclid_arguments)
        self.kind = outer
        if not 2 <= len(arguments) <= 3:
            self.fail(
                f"a euclid has 2 or 3 numbers, not {len(arguments)}", at, self.position - at,
                hint="a(3,8) or a(3,8,2): hits, steps, rotation",
            )  # fmt: skip
        most = limits.largest(arguments[0], arguments[1])
        if most > MAX_STEPS:
            self.fail(f"a euclid has at most {MAX_STEPS} steps, not {most:.6g}", at, self.position - at)
        rotation = arguments[2] if len(arguments) == 3 else nodes.Atom(0, at, at)
        return self.checked(limits.euclid(node, arguments[0], arguments[1], rotation), start)

    def euclid_arguments(self) -> list[Node]:
        """The comma-separated sequences of whole numbers."""
        arguments: list[Node] = []
        while True:
            found = self.steps()
            if not found.steps:
                self.unexpected(self.kind.expected)
            arguments.append(found.steps[0].node if len(found.steps) == 1 else found)
            if not self.take(","):
                return arguments

    def chord(self, root: Node) -> Node:
        """`'name'modifier...` behind a root."""
        self.position += 1
        name = self.operand("chord name", "*/?")
        modifiers: list[Node] = []
        while self.peek() == "'" and len(modifiers) < MAX_MODIFIERS:
            self.position += 1
            modifiers.append(self.operand("chord modifier", "*/?"))
        return limits.chord(root, name, tuple(modifiers))
