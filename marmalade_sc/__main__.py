"""`marmalade` and `python -m marmalade_sc`."""

import sys


def main() -> None:
    """Run the command line and exit with its status: 0, 1 for trouble, 2 for a mistake of the user."""
    from marmalade_sc.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
