"""The built-in Lisp: S-expressions that make changes of attributes, notes, rests, lengths; nothing can be defined."""

from collections.abc import Mapping
from typing import Final, NoReturn

from marmalade_sc.errors import nearest
from marmalade_sc.scores.extensions import EXTENDED, EXTENSIONS
from marmalade_sc.scores.forms import WORDS, Arguments, Function, Signature, Value, Wrong, kind_of
from marmalade_sc.scores.functions import FUNCTIONS
from marmalade_sc.scores.tokens import Text
from marmalade_sc.scores.tree import Event, ListForm, Place, Quoted, Symbol

__all__ = ["evaluate_event"]

_OPT_IN: Final = "An extension: ask for it by --extended, extended=True, or a first line # marmalade: extended"


def _fits(kinds: str, values: Arguments) -> bool:
    if kinds.endswith("+"):
        return all(kinds[0] in ("*", kind_of(value)) for value in values)
    return len(kinds) == len(values) and all(map(str.__eq__, kinds, map(kind_of, values)))


def _described(kinds: str) -> str:
    return ", ".join(WORDS.get(kind, "any number of them") for kind in kinds) or "nothing"


class _Evaluation:
    def __init__(self, text: Text, functions: Mapping[str, tuple[Signature, ...]]) -> None:
        self.text = text
        self.functions = functions

    def value(self, form: Value) -> Value:
        if isinstance(form, Quoted):
            return form.form
        if isinstance(form, Symbol):
            if form.name in self.functions or form.name == "quote":
                return Function(form.name)
            close = nearest(form.name, self.functions)
            hint = f"Did you mean {close}?" if close else ""
            self._refuse(f"nothing is named {form.name}", form.at, _OPT_IN if form.name in EXTENSIONS else hint)
        return self._call(form) if isinstance(form, ListForm) else form

    def _call(self, form: ListForm) -> Value:
        if not form.items:
            self._refuse("an empty list cannot be called", form.at, "Write (tempo 90), or '() for a list.")
        function = self.value(form.items[0])
        if not isinstance(function, Function):
            self._refuse("a list begins with what is no function", form.at, "Write (tempo 90), or '(1 2) for a list.")
        if function.name == "quote":
            if len(form.items) != 2:
                self._refuse("quote takes one thing", form.at, "Write (quote (a major)).")
            return form.items[1]
        values = [self.value(item) for item in form.items[1:]]
        signatures = self.functions[function.name]
        for signature in signatures:
            if _fits(signature.kinds, values):
                try:
                    return signature.make(form.at, values)
                except Wrong as wrong:
                    self._refuse(f"{function.name}: {wrong.message}", wrong.at or form.at, wrong.hint)
        takes = ", or ".join(_described(signature.kinds) for signature in signatures)
        return self._refuse(f"{function.name} does not take these", form.at, f"It takes {takes}.")

    def _refuse(self, message: str, at: Place, hint: str) -> NoReturn:
        self.text.refuse(message, at.line, at.column, hint)


def evaluate_event(form: ListForm, text: Text, strict: bool = True) -> Event | None:
    """What an S-expression plays; None when its value is no event, which is no mistake.

    Args:
        strict: whether there are no functions but Alda's.

    Raises:
        ScoreError: a name that does not exist, arguments of the wrong type, a value that cannot be.
    """
    value = _Evaluation(text, FUNCTIONS if strict else EXTENDED).value(form)
    return value if kind_of(value) == "e" else None  # type: ignore[return-value]  # e is every Event
