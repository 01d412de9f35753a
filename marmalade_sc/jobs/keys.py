"""The names of all keys in the job Redis: everything lies under one prefix, which an ACL can name."""

from typing import Final

__all__ = [
    "ALL",
    "BLOBS",
    "DEAD",
    "ENDED",
    "MEND",
    "OPEN",
    "PREFIX",
    "QUEUES",
    "WORKERS",
    "blob",
    "job",
    "lease",
    "log",
    "memo",
    "worker",
]

PREFIX: Final = "marmalade:jobs:"
QUEUES: Final = f"{PREFIX}queue"
ALL: Final = f"{PREFIX}all"
"""Sorted set: all jobs by when they were made."""
OPEN: Final = f"{PREFIX}open"
"""Sorted set: jobs that are not finished, by when something last happened."""
ENDED: Final = f"{PREFIX}ended"
"""Sorted set: jobs that are finished, by when they expire."""
DEAD: Final = f"{PREFIX}dead"
"""Sorted set: jobs that failed for good, by when."""
BLOBS: Final = f"{PREFIX}blobs"
"""Sorted set: blobs that are needed, by when they expire."""
MEND: Final = f"{PREFIX}mend"
WORKERS: Final = f"{PREFIX}workers"
"""Sorted set: workers by when they last said that they live."""


def job(id: str) -> str:
    """Hash: what is known of a job."""
    return f"{PREFIX}job:{id}"


def log(id: str) -> str:
    """Stream: what happened to a job."""
    return f"{PREFIX}log:{id}"


def lease(id: str, step: str) -> str:
    """String: the worker that does a step, as long as it lives."""
    return f"{PREFIX}lease:{id}:{step}"


def memo(digest: str) -> str:
    """String: what a step with this input has given before."""
    return f"{PREFIX}memo:{digest}"


def blob(name: str) -> str:
    """List: a file in chunks, where workers do not share a disk."""
    return f"{PREFIX}blob:{name}"


def worker(id: str) -> str:
    """String: what a worker says of itself."""
    return f"{PREFIX}worker:{id}"
