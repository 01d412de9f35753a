"""The players of a jam as a table for people. Pure."""

from collections.abc import Mapping, Sequence

__all__ = ["players_text"]


def players_text(rows: Sequence[Mapping[str, object]]) -> str:
    """A line for each: name, whether it is there, how it is trusted, how far its clock is off, where, what it plays."""
    lines = []
    for each in rows:
        clock = f"{each['offset_ms']:+.2f} +- {each['uncertainty_ms']:.2f} ms" if "offset_ms" in each else ""
        trust = "you" if each.get("is_own") else each.get("trust")
        plays = each.get("plays")
        names = " ".join(map(str, plays)) if isinstance(plays, list | tuple) else ""
        nickname = each.get("nickname")
        called = f"{nickname} ({each.get('id')})" if nickname else str(each.get("id"))
        head = f"{called:18} {each.get('state')!s:8} {trust!s:8} {each.get('address', '')!s:32} {clock:22}"
        lines.append(f"{head} {names}".rstrip())
    return "\n".join(lines)
