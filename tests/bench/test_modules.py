"""Every bar has a module in bench/ that can be imported, says what its bar is, and is listed with its command."""

import importlib
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
SHARED = {"common", "score_tables"}  # what the bars have in common
MODULES = sorted({path.stem for path in BENCH.glob("*.py")} - SHARED)


@pytest.mark.parametrize("name", MODULES)
def test_a_bench_module_imports_and_names_its_bar(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar whose script broke unnoticed is no bar."""
    monkeypatch.syspath_prepend(str(BENCH))
    module = importlib.import_module(name)
    words = (module.__doc__ or "").lower()
    assert "bar" in words or "cost" in words or "compared" in words, f"bench/{name}.py does not say what it measures"
    assert callable(module.main)


def test_the_readme_lists_every_bench() -> None:
    text = (BENCH / "README.md").read_text(encoding="utf-8")
    missing = [name for name in MODULES if f"bench/{name}.py" not in text]
    assert not missing
