"""The language of patterns for generators: `from marmalade_sc.sdk.language import s, note, stack, sine`."""

from typing import Any

__all__: list[str] = []


def __getattr__(name: str) -> Any:  # noqa: ANN401  a pattern, a function or a transform, as docs/language.md says
    from marmalade_sc.patterns.language import namespace

    try:
        return namespace()[name]
    except KeyError:
        raise AttributeError(f"The language has no name {name!r:.60}; docs/language.md lists them") from None
