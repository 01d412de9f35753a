"""Where the engine's process begins: nothing sounds until its imports are done, so they are made short first."""

from marmalade_sc.engine.trimmed import trim_supriya
from marmalade_sc.player.base.program import run_program

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """As `engine.main`."""
    trim_supriya()
    from marmalade_sc.player.engine import process as engine

    return engine.main(arguments)


if __name__ == "__main__":
    run_program(main)
