"""Where the engine's process begins: nothing sounds until its imports are done, so they are made short first."""

import sys

from marmalade_sc.engine.trimmed import trim_supriya
from marmalade_sc.errors import MarmaladeError

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """As `engine.main`."""
    trim_supriya()
    from marmalade_sc.player.engine import process as engine

    return engine.main(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MarmaladeError as error:
        sys.exit(str(error))
