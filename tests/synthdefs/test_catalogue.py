"""The catalogue is found, shadowed and read the same by every process, without supriya."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import SynthDefError, UnknownNameError
from marmalade_sc.synthdefs.catalogue import Catalogue, bundled_folder
from marmalade_sc.synthdefs.metadata import Control, Definition


def definition(name: str, *aliases: str, file: str = "", controls: tuple[Control, ...] = ()) -> Definition:
    return Definition(name, "0" * 12, f"{name}.w", f"{name}.x", "voice", controls, 1, False, "", file, aliases)


def test_the_catalogue_is_read_without_supriya_numpy_or_ctypes() -> None:
    """The live host reads it at every start; supriya alone would cost it 0.3 s."""
    code = (
        "import sys, marmalade_sc.synthdefs.catalogue, marmalade_sc.synthdefs.authoring\n"
        "print([m for m in ('supriya', 'numpy', 'ctypes', 'redis', 'soundfile') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_an_earlier_folder_s_name_is_taken() -> None:
    catalogue = Catalogue.of([definition("kick", file="mine"), definition("kick", file="bundled")])
    assert catalogue.get("kick").file == "mine" and len(catalogue) == 1


def test_a_name_wins_over_an_alias_and_an_earlier_alias_over_a_later() -> None:
    catalogue = Catalogue.of([definition("kick", "bd", "k"), definition("bd"), definition("other", "k")])
    assert catalogue.get("bd").name == "bd"
    assert catalogue.get("k").name == "kick"
    assert catalogue.names() == ("bd", "k", "kick", "other")
    assert "k" in catalogue and "z" not in catalogue


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean snare"):
        Catalogue.of([definition("snare")]).get("snar")


names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
numbers = st.floats(-1e6, 1e6)
controls = st.builds(Control, names, numbers, st.sampled_from(["", "Hz", "s"]), numbers, numbers, st.text(max_size=9))
definitions = st.builds(
    Definition,
    name=names,
    hash=names,
    wall=names,
    exact=st.none() | names,
    kind=st.sampled_from(["voice", "sampler", "effect"]),
    controls=st.tuples(controls),
    channels=st.sampled_from([1, 2]),
    random=st.booleans(),
    doc=st.text(max_size=9),
    file=st.text(max_size=9),
    aliases=st.tuples(names),
    tail_s=st.floats(0, 600),
    units=st.integers(0, 999),
)


@given(st.lists(definitions, max_size=4))
def test_what_is_written_as_json_is_read_back(rows: list[Definition]) -> None:
    catalogue = Catalogue.of(rows)
    assert Catalogue.from_json(catalogue.to_json()) == catalogue


def test_a_saved_catalogue_is_loaded(tmp_path: Path) -> None:
    catalogue = Catalogue.of([definition("kick", "bd")])
    catalogue.save(tmp_path / "new" / "catalogue.json")
    assert Catalogue.load(tmp_path / "new" / "catalogue.json") == catalogue
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["catalogue.json"], "nothing left aside"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "x"}]', "[{}]"])
def test_a_damaged_catalogue_is_a_synthdef_error(text: str) -> None:
    with pytest.raises(SynthDefError, match="cannot be read"):
        Catalogue.from_json(text)


def test_the_bundled_folder_is_there() -> None:
    assert (bundled_folder() / "kick.py").is_file()


def test_control_indices_count_the_author_s_first() -> None:
    one = definition("v", controls=(Control("freq", 1.0), Control("amp", 0.5)))
    assert (one.index("freq"), one.index("amp"), one.index("out"), one.index("random_seed")) == (0, 1, 2, 6)
    with pytest.raises(KeyError):
        one.index("cutoff")
