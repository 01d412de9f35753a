"""Prints docs/settings.md: `python -m marmalade_sc.settings > docs/settings.md`."""

import sys

from marmalade_sc.settings.table import reference

if __name__ == "__main__":
    sys.stdout.write(reference())
