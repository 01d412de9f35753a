"""A job as it is asked for: JSON, signed by who asks. What others say is bounded and checked before it is used."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from marmalade_sc.errors import IdentityError, IdError, JobError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.signing import sign, verify
from marmalade_sc.ids import check_name

__all__ = ["LARGEST_JOB", "LARGEST_SOURCE", "Job", "Kind", "Outcome", "canonical_json"]

Kind = Literal["render", "score", "generator"]

VERSION: Final = 1
LARGEST_JOB: Final = 64 << 10
LARGEST_SOURCE: Final = 8 << 20
LARGEST_OUTCOME: Final = 512 << 10
_JOB: Final = "job 1"
_OUTCOME: Final = "outcome of a step 1"
_SHA256: Final = 64


def canonical_json(value: object) -> str:
    """JSON that is the same text whenever the value is the same. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        id: the client's; a job that comes twice under one is done once.
        name: of the source, for messages.
        source: blob of the set, score or archive.
        options: what was asked for; plain JSON.
        made_ms: when, in ms of Unix time.
        author: who asks.
    """

    id: str
    kind: Kind
    name: str
    source: str
    options: Mapping[str, object]
    made_ms: int
    author: PublicKey

    def write(self, identity: Identity) -> str:
        """The job as JSON, signed by its author."""
        signature = sign(identity, _JOB, self._content())
        return canonical_json({**json.loads(self._content()), "signature": base64.b64encode(signature).decode()})

    def _content(self) -> str:
        return canonical_json(
            {
                "v": VERSION,
                "id": self.id,
                "kind": self.kind,
                "name": self.name,
                "source": self.source,
                "options": dict(self.options),
                "made_ms": self.made_ms,
                "author": str(self.author),
            }
        )

    @classmethod
    def read(cls, text: str, is_trusted: Callable[[PublicKey], bool]) -> "Job":
        """A job that somebody has put there.

        Raises:
            JobError: it is no job of this version.
            IdentityError: its author is not trusted, or has not signed it.
        """
        if len(text) > LARGEST_JOB:
            raise JobError(f"A job of {len(text)} characters is too large", hint=f"{LARGEST_JOB} are allowed.")
        try:
            row = json.loads(text)
            if not isinstance(row, dict) or row["v"] != VERSION or row["kind"] not in get_args(Kind):
                raise ValueError("not a job of this version")
            if len(str(row["source"])) != _SHA256 or not isinstance(row["options"], dict):
                raise ValueError("its source is no blob, or its options are no object")
            signature = base64.b64decode(row["signature"], validate=True)
            found = cls(
                check_name(row["id"], "job"),
                row["kind"],
                str(row["name"])[:200],
                row["source"],
                row["options"],
                int(row["made_ms"]),
                PublicKey.parse(str(row["author"])),
            )
            # The signature is over what was read; so nothing may stand there that reads alike (1.0 or true for 1).
            del row["signature"]
            if canonical_json(row) != found._content():
                raise ValueError("it is not written as its author writes it")
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, IdError) as error:
            raise JobError(f"A job cannot be read: {error!r:.100}") from None
        _trusted(found.author, is_trusted, "job")
        verify(found.author, signature, _JOB, found._content())
        return found

    def number(self, name: str, otherwise: float) -> float:
        """An option that is a finite number. Raises JobError."""
        value = self.options.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise JobError(f"The option {name} of a job cannot be {value!r:.40}", hint="It is a number.")
        return value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step has given, signed by the worker that did it."""

    job: str
    step: str
    output: Mapping[str, object]
    worker: PublicKey

    def write(self, identity: Identity) -> str:
        """As JSON, signed by the worker."""
        output = canonical_json(dict(self.output))
        signature = sign(identity, _OUTCOME, self.job, self.step, output)
        return canonical_json(
            {
                "output": json.loads(output),
                "worker": str(self.worker),
                "signature": base64.b64encode(signature).decode(),
            }
        )

    @classmethod
    def read(cls, job: str, step: str, text: str, is_trusted: Callable[[PublicKey], bool]) -> "Outcome":
        """What somebody says that a step of a job has given.

        Raises:
            JobError: it cannot be read.
            IdentityError: the worker is not trusted, or has not signed this, for this job and step.
        """
        if len(text) > LARGEST_OUTCOME:
            raise JobError(f"The outcome of {step} is too large")
        try:
            row = json.loads(text)
            worker = PublicKey.parse(str(row["worker"]))
            signature = base64.b64decode(row["signature"], validate=True)
            output = row["output"]
            if not isinstance(output, dict):
                raise ValueError("no object")
            signed = canonical_json(output)
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
            raise JobError(f"The outcome of {step} cannot be read: {error!r:.100}") from None
        _trusted(worker, is_trusted, "worker")
        verify(worker, signature, _OUTCOME, job, step, signed)
        return cls(job, step, output, worker)


def _trusted(key: PublicKey, is_trusted: Callable[[PublicKey], bool], what: str) -> None:
    if not is_trusted(key):
        raise IdentityError(
            f"The {what} of {key.player} is not believed",
            hint=f"Where you know its player, add the key to jobs.trust: {key}",
        )
