"""The contracts of steps: what others build workers on."""

from pathlib import Path

from marmalade_sc.jobs.contracts import CONTRACTS, reference
from marmalade_sc.worker.step import STEPS

PAGE = Path(__file__).parents[2] / "docs" / "jobs.md"


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(reference()), "docs/jobs.md ends with contracts.reference()"


def test_our_own_workers_do_every_step() -> None:
    assert set(STEPS) == set(CONTRACTS)
