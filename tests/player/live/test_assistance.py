"""The hub's side of completion: words that follow the catalogue and what the user has bound."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.live.assistance import Assistance, setting_rows
from marmalade_sc.settings.places import Places
from marmalade_sc.testing.catalogue import catalogue_row


class Host:
    """A live host that answers `names`, and counts."""

    def __init__(self) -> None:
        self.names: Message = {"tracks": ["d1"], "names": [], "scenes": ["verse"], "sets": []}
        self.asked = 0
        self.free = asyncio.Event()
        self.free.set()

    async def ask(self, message: Message) -> Message:
        assert message == {"do": "names"}
        self.asked += 1
        await self.free.wait()
        return self.names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "bass")
    (tmp_path / "banks.json").write_text("[]")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "take.wav").touch()
    (tmp_path / "jams" / "rehearsal").mkdir(parents=True)
    return tmp_path


def write(folder: Path, *names: str) -> None:
    rows = [{**catalogue_row(name), "tail_s": 1.0} for name in names]
    path = folder / "catalogue.json"
    path.write_text(json.dumps(rows))
    os.utime(path, ns=(0, len(names) * 10**9))


def made(folder: Path, host: Host) -> Assistance:
    return Assistance(Places.find(folder, {}), folder / "catalogue.json", folder / "banks.json", host.ask)


async def texts(assistance: Assistance, code: str) -> list[str]:
    answer = await assistance.answer({"do": "complete", "code": code, "position": len(code)})
    rows = answer["completions"]
    assert isinstance(rows, list)
    return [row["text"] for row in rows]


async def test_what_can_be_played_follows_the_catalogue(folder: Path) -> None:
    assistance = made(folder, Host())
    assert "bass" in await texts(assistance, "ba")
    assert "ping" not in await texts(assistance, "pi")
    write(folder, "bass", "ping")
    assert "ping" in await texts(assistance, "pi")


async def test_names_are_asked_for_once_and_again_after_an_evaluation(folder: Path) -> None:
    host = Host()
    assistance = made(folder, host)
    for _ in range(3):
        assert "d1" in await texts(assistance, "d")
    assert host.asked == 1
    host.names = {"tracks": ["d1", "d7"], "names": [{"name": "beat", "kind": "pattern"}], "scenes": []}
    assistance.changed()
    assert "d7" in await texts(assistance, "d")
    assert "beat" in await texts(assistance, "be")
    assert host.asked == 2


async def test_nothing_is_asked_before_anybody_completes(folder: Path) -> None:
    """A player without editors pays nothing."""
    host = Host()
    made(folder, host).changed()
    await asyncio.sleep(0)
    assert host.asked == 0


async def test_a_host_that_does_not_answer_holds_up_only_the_first_completion(folder: Path) -> None:
    host = Host()
    host.free.clear()
    assistance = made(folder, host)
    assert "bass" in await texts(assistance, "ba")
    loop = asyncio.get_running_loop()
    waited = [loop.time()]
    for _ in range(20):
        await texts(assistance, "ba")
    waited.append(loop.time())
    assert waited[1] - waited[0] < 20 * 0.3, "each would wait"
    host.free.set()


async def test_an_answer_that_is_an_error_leaves_the_older_names(folder: Path) -> None:
    host = Host()
    assistance = made(folder, host)
    await texts(assistance, "d")
    host.names = {"error": {"message": "it starts"}}
    assistance.changed()
    assert "d1" in await texts(assistance, "d")


async def test_documentation_is_by_name_or_place(folder: Path) -> None:
    assistance = made(folder, Host())
    by_name = await assistance.answer({"do": "document", "name": "every"})
    by_place = await assistance.answer({"do": "document", "code": 's("bd").every(4, rev)', "position": 10})
    assert by_name == by_place
    assert by_name["title"] == "every" and by_name["examples"]
    nothing = await assistance.answer({"do": "document", "code": "", "position": 0})
    assert nothing == {"ok": True, "title": "", "signature": "", "doc": "", "examples": []}


async def test_the_call_of_the_cursor_comes_with_the_completions(folder: Path) -> None:
    answer = await made(folder, Host()).answer({"do": "complete", "code": "hush(", "position": 5})
    assert answer["call"] == {"text": "hush(*tracks, fade=0.02)", "start": 5, "end": 12} | {
        "doc": answer["call"]["doc"]  # type: ignore[index]
    }


async def test_files_and_jams_are_completed(folder: Path) -> None:
    assistance = made(folder, Host())
    assert await texts(assistance, 'jam.record("') == ["take.wav"]
    assert await texts(assistance, f'jam.record("{folder}/re') == [f"{folder}/recordings/"]
    assert await texts(assistance, 'jam.start("') == ["rehearsal"]
    assert await texts(assistance, 'jam.record("\0/') == []


async def test_generators_are_completed_as_they_come(folder: Path) -> None:
    """`jam["` names a generator: no mark of the notation fits there."""
    assistance = made(folder, Host())
    assert await texts(assistance, 'g1 >> jam["') == []
    (folder / "generators").mkdir()
    for name in ("5knuWL4M:drums.tgz", "5knuWL4M:drums.sig", "kOhJ8771:drums.tgz", "kOhJ8771:rain.tgz"):
        (folder / "generators" / name).touch()
    assert await texts(assistance, 'g1 >> jam["') == ["drums", "rain"]
    assert await texts(assistance, 'jam.play("ra') == ["rain"]


async def test_without_a_catalogue_there_is_the_language(tmp_path: Path) -> None:
    """The foundry needs seconds for the very first one."""
    assert "every" in await texts(made(tmp_path, Host()), "s('bd').ev")


@pytest.mark.parametrize("position", [None, "x", 1e300, float("nan"), -3, True])
async def test_any_position_is_answered(folder: Path, position: object) -> None:
    answer = await made(folder, Host()).answer({"do": "complete", "code": "d1", "position": position})
    assert answer["ok"]


def test_settings_have_their_origin(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[tempo]\nbpm = 99\n")
    rows = setting_rows(config)
    assert rows is not None
    (bpm,) = [row for row in rows if row["key"] == "tempo.bpm"]
    assert bpm["value"] == "99.0" and bpm["origin"] == "config.toml line 2"
    config.write_text("[tempo]\nbpn = 99\n")
    assert setting_rows(config) is None
