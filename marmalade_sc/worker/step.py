"""One step as a program: a JSON object on standard input, JSON lines on standard output (docs/jobs.md).

Lines are `{"progress": 0.5}` while it works, then one of `{"output": {...}}` and `{"error": {...}}`. A file of the
output is `{"file": name}`, relative to the working folder.
"""

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from marmalade_sc.errors import MarmaladeError, UsageError
from marmalade_sc.worker.steps.compile import compile_
from marmalade_sc.worker.steps.parse import parse
from marmalade_sc.worker.steps.sound import encode, mix, render
from marmalade_sc.worker.steps.task import Task
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["STEPS", "run"]

STEPS: Final[Mapping[str, Callable[[Task], Mapping[str, object]]]] = {
    "parse": parse,
    "compile": compile_,
    "render": render,
    "mix": mix,
    "encode": encode,
}
_EVERY_S: Final = 0.1


def run(around: Surroundings, source: TextIO, target: TextIO) -> int:
    """Do the step that `source` asks for; the exit status."""
    last = 0.0

    def tell(row: Mapping[str, object]) -> None:
        target.write(json.dumps(row) + "\n")
        target.flush()

    def say(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY_S:
            last = now
            tell({"progress": round(min(1.0, max(0.0, share)), 4)})

    try:
        request = json.loads(source.read())
        task = Task(request["input"], Path(request["folder"]), around, say)
        tell({"output": dict(STEPS[request["step"]](task))})
        return 0
    except UsageError as error:  # the same again would go wrong again
        tell({"error": {"message": str(error), "code": error.code, "is_final": True}})
    except MarmaladeError as error:
        tell({"error": {"message": str(error), "code": error.code, "is_final": False}})
    except MemoryError:
        tell({"error": {"message": "It needs more memory than jobs.memory_mb allows", "code": "memory"}})
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        tell({"error": {"message": f"{type(error).__name__}: {error}", "code": "bug", "is_final": False}})
    return 1


def main() -> None:
    sys.exit(run(Surroundings.of(sys.argv[1]), sys.stdin, sys.stdout))


if __name__ == "__main__":
    main()
