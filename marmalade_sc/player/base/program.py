"""How a process of the player runs when it is started by its command."""

import sys
from collections.abc import Callable
from typing import NoReturn

from marmalade_sc.errors import MarmaladeError

__all__ = ["run_program"]


def run_program(main: Callable[[list[str]], int]) -> NoReturn:
    """Run `main` with the arguments of the command line and end with its status.

    What it cannot do is one sentence on the standard error, and status 1.
    """
    try:
        sys.exit(main(sys.argv[1:]))
    except MarmaladeError as error:
        sys.exit(str(error))
