"""The plug-ins of docs/editors: what they would run can be run; where their editor is here, they are run."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from marmalade_sc.cli.main import marmalade
from tests.docs.fences import DOCS, ROOT
from tests.live.players import LivePlayer

EDITORS = DOCS / "editors"
PLUGINS = [EDITORS / "marmalade.vim", EDITORS / "marmalade.el", EDITORS / "vscode" / "extension.js"]
STAND_IN = Path(__file__).parent / "stand_in.js"
_CALL = re.compile(r"""[\[(](?:\w+ )?(['"]send['"](?:,? ['"][\w-]+['"])*)[\])]""")

BLOCK = '\n\nd7 >> s("bd*4")\n'
INPUT = {
    "evaluate": BLOCK,
    "complete": json.dumps({"code": 'd7 >> s("kic', "position": 12}),
    "document": json.dumps({"name": "every"}),
}

FAKE = """
import json, sys
if "lights" in sys.argv:
    print(json.dumps({{"source": "set.py", "lit": [[3, 10, 3], [4, 10, 1], [99, 1, 1]]}}), flush=True)
    print(json.dumps({{"source": "other.py", "lit": [[1, 1, 1]]}}), flush=True)
code = sys.stdin.read()
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps([sys.argv[1:], code]) + "\\n")
if "complete" in sys.argv:
    row = {{"text": "kick", "kind": "voice", "meta": "a drum", "doc": "a drum"}}
    print(json.dumps({{"ok": True, "start": {start}, "completions": [row]}}))
elif "document" in sys.argv:
    print(json.dumps({{"title": "s", "signature": "s(pattern)", "doc": "Sounds.", "examples": []}}))
elif "--json" in sys.argv:
    where = {{"line": 3, "column": 5, "length": 2, "text": "", "source": ""}}
    print(json.dumps({{"error": {{"message": "no", "hint": "", "text": "no", "where": where}}}}))
"""
TEXT = 'clock.bpm = 120\n\nd1 >> s("bdé")\nd2 >> s("🥁")\n\nd3 >> s("kic'


def calls(plugin: Path) -> list[list[str]]:
    """Every command line of a plug-in, without the program."""
    found = [re.findall(r"['\"]([\w-]+)['\"]", each) for each in _CALL.findall(plugin.read_text(encoding="utf-8"))]
    assert len(found) == 6, plugin
    return found


def purpose(call: list[str]) -> str:
    return call[call.index("--do") + 1] if "--do" in call else "evaluate"


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_runs_commands_that_exist(plugin: Path) -> None:
    send = marmalade.get_command(click.Context(marmalade), "send")
    assert send is not None
    options = {name for parameter in send.params for name in parameter.opts}
    found = calls(plugin)
    for call in found:
        assert call[0] == "send"
        assert {word for word in call if word.startswith("--")} <= options
    assert {purpose(call) for call in found} == {"evaluate", "hush", "panic", "interrupt", "complete", "document"}


@pytest.mark.live
def test_what_the_plugins_run_is_answered(player: LivePlayer) -> None:
    """The same command lines, in the player that the other tests share."""
    unique = {tuple(call) for plugin in PLUGINS for call in calls(plugin)}
    for call in sorted(unique, key=lambda call: "panic" in call):
        command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(player.places.root), *call]
        done = subprocess.run(
            command, input=INPUT.get(purpose(list(call)), ""), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout) if "--json" in call else {}
        if purpose(list(call)) == "evaluate":
            assert answer["landings"][0]["what"] == "d7"
        elif purpose(list(call)) == "complete":
            assert answer["completions"][0]["text"] == "kick"
        elif purpose(list(call)) == "document":
            assert answer["title"] == "every"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[list[str], Path]]:
    """A stand-in for `marmalade` that writes down what it was given, and where it does so."""
    log = tmp_path / "log"
    start = len(TEXT) - len("kic")
    fake = tmp_path / "fake.py"
    fake.write_text(FAKE.format(log=str(log), start=start), encoding="utf-8")
    (tmp_path / "set.py").write_text(TEXT, encoding="utf-8")
    yield [sys.executable, str(fake)], log


def written(log: Path) -> list[tuple[list[str], str]]:
    return [(words, code) for words, code in map(json.loads, log.read_text(encoding="utf-8").splitlines())]


def test_the_extension_for_vs_code_does_what_its_commands_say(program: tuple[list[str], Path]) -> None:
    """Where there is node, with a stand-in for VS Code."""
    package = json.loads((EDITORS / "vscode" / "package.json").read_text(encoding="utf-8"))
    named = [command["command"] for command in package["contributes"]["commands"]]
    assert {key["command"] for key in package["contributes"]["keybindings"]} <= set(named)
    assert (EDITORS / "vscode" / package["main"]).is_file()
    node = shutil.which("node")
    if node is None:
        return
    command, log = program
    arguments = [str(PLUGINS[2]), json.dumps(command), str(log.parent / "set.py")]
    done = subprocess.run([node, str(STAND_IN), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert set(said["commands"]) == set(named)
    runs = written(log)
    assert runs[0] == (["send", "--json", "--source", "set.py"], '\n\nd1 >> s("bdé")\nd2 >> s("🥁")\n')
    assert runs[1][0] == ["send", "--do", "hush"]
    assert json.loads(runs[2][1]) == {"code": TEXT, "position": len(TEXT)}
    assert said["problems"][0]["range"]["start"] == {"line": 2, "character": 4}
    assert said["items"][0]["label"] == "kick"
    assert said["items"][0]["range"]["start"] == {"line": 5, "character": 9}
    assert "s(pattern)" in said["hover"]["contents"]
    (heard,) = [json.loads(code) for words, code in runs if words == ["lights"]]
    assert heard == {"source": "set.py", "text": TEXT}
    first, last = said["lit"][0], said["lit"][-1]
    places = [(each["start"]["line"], each["start"]["character"], each["end"]["character"]) for each in first]
    assert places == [(2, 9, 12), (3, 9, 11)], "UTF-16: a drum is two"
    assert last == []


def test_the_plugin_for_vim_does_what_its_keys_say(program: tuple[list[str], Path]) -> None:
    """Where there is vim."""
    vim = shutil.which("vim")
    if vim is None:
        return
    command, log = program
    said = log.parent / "said"
    script = log.parent / "script.vim"
    script.write_text(
        f"""
set nocompatible encoding=utf-8 hidden
let g:marmalade_command = {json.dumps(command)}
source {PLUGINS[0]}
edit {log.parent / "set.py"}
MarmaladeKeys
call cursor(3, 1)
call MarmaladeBlock()
while empty(getqflist()) | sleep 20m | endwhile
call MarmaladeDo('hush')
while len(readfile({str(log)!r})) < 2 | sleep 20m | endwhile
call cursor(6, 13)
startinsert!
call cursor(6, 100)
let column = MarmaladeComplete(1, '')
let found = MarmaladeComplete(0, 'kic')
call MarmaladeDocument()
wincmd P
let page = getline(1, '$')
wincmd p
let places = getqflist()
call MarmaladeLights()
while empty(prop_list(4)) | sleep 20m | endwhile
let lit = [prop_list(3), prop_list(4)]
call MarmaladeLights()
while !empty(prop_list(4)) | sleep 20m | endwhile
let result = {{'column': column, 'found': found, 'page': page, 'places': places, 'lit': lit}}
call writefile([json_encode(result)], {str(said)!r})
qall!
""",
        encoding="utf-8",
    )
    arguments = [vim, "-e", "-s", "-N", "-u", "NONE", "-i", "NONE", "-S", str(script)]
    done = subprocess.run(arguments, input="", capture_output=True, text=True, timeout=60)
    assert said.is_file(), done.stdout + done.stderr
    runs = written(log)
    assert runs[0] == (["send", "--json", "--source", "set.py"], '\n\nd1 >> s("bdé")\nd2 >> s("🥁")\n')
    assert runs[1][0] == ["send", "--do", "hush"]
    asked = json.loads(runs[2][1])
    assert asked["code"] == TEXT
    result = json.loads(said.read_text(encoding="utf-8"))
    assert result["column"] == 9
    assert result["found"][0]["word"] == "kick"
    assert result["page"][0] == "s(pattern)"
    assert result["places"][0]["lnum"] == 3
    lit = [[(each["col"], each["length"]) for each in line] for line in result["lit"]]
    assert lit == [[(10, len("bdé".encode()))], [(10, len("🥁".encode()))]], "Vim counts bytes"
    (heard,) = [json.loads(code) for words, code in written(log) if words == ["lights"]]
    assert heard == {"source": "set.py", "text": TEXT + "\n"}


def test_the_plugin_for_emacs_is_balanced() -> None:
    """The least that can be said of Lisp without an Emacs."""
    text = (EDITORS / "marmalade.el").read_text(encoding="utf-8")
    depth = 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|;[^\n]*|\?\\?.|[()]|\n\(', text):
        if token == "\n(":
            assert depth == 0, "a form begins inside another"
        depth += {"(": 1, "\n(": 1, ")": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    defined = set(re.findall(r"\(defun ([\w-]+)", text))
    assert set(re.findall(r"#'(marmalade[\w-]*)", text)) <= defined
    assert (ROOT / "docs" / "editors" / "README.md").read_text(encoding="utf-8").count("`C-c C-") >= 7
