"""Who made what is, or was, to be heard: a line for each instance, for the shell and beside a recording. Pure."""

from collections.abc import Mapping, Sequence

__all__ = ["credits", "credits_text"]


def credits(
    rows: Sequence[Mapping[str, object]], composers: Mapping[str, str], first_ms: int, last_ms: int
) -> list[dict[str, object]]:
    """The instances that played within a time, the oldest first.

    Args:
        rows: instances as the control protocol lists them.
        composers: what their tags `Composer` say, by path.
        first_ms, last_ms: in ms of jam time.

    Returns:
        Rows with path, title, generator, sha256, composer, track, since_ms, until_ms (None while it plays).
    """
    found = []
    for row in rows:
        since, until = row.get("since_ms"), row.get("ended_ms")
        if not isinstance(since, int) or since > last_ms or (isinstance(until, int) and until < first_ms):
            continue
        if not row.get("starts"):  # it never came to play
            continue
        path = str(row["path"])
        named = {name: row.get(name, "") for name in ("path", "title", "generator", "sha256", "track")}
        composer = composers.get(path) or row.get("composer") or str(row["generator"]).partition(":")[0]
        found.append({**named, "composer": composer, "since_ms": since, "until_ms": until})
    return sorted(found, key=lambda each: (int(str(each["since_ms"])), str(each["path"])))


def credits_text(rows: Sequence[Mapping[str, object]], player: str, first_ms: int, what: str) -> str:
    """The same in lines, with times from the beginning."""
    lines = [what, f"Played by {player}."]
    for row in rows:
        begin = max(0, int(str(row["since_ms"])) - first_ms)
        until = row["until_ms"]
        end = _time(int(str(until)) - first_ms) if until is not None else "the end"
        title = row["title"] or row["generator"]
        lines.append(
            f"{title} by {row['composer']}: {row['generator']} ({str(row['sha256'])[:12]}) on {row['track']}, "
            f"from {_time(begin)} to {end}"
        )
    return "\n".join(lines)


def _time(ms: int) -> str:
    seconds = max(0, ms) // 1000
    return f"{seconds // 60}:{seconds % 60:02}"
