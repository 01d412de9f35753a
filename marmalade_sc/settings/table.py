"""The one table of settings: key, kind, default, range, unit and meaning of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from marmalade_sc.errors import SettingsError, nearest
from marmalade_sc.settings.keys import ACTIONS

__all__ = ["PREFIX", "SETTINGS", "Kind", "Setting", "Value", "find", "reference", "suggestion", "written"]

Value = str | int | float | bool
Kind = Literal["text", "choice", "integer", "number", "switch", "path"]

PREFIX = "MARMALADE_"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    `low` and `high` are inclusive bounds of numbers, in `unit`. `choices` are the words a choice may be.
    A path or text that is empty means "find it yourself".
    """

    key: str
    kind: Kind
    default: Value
    doc: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def env(self) -> str:
        """The environment variable that sets it: `engine.frame_ms` is `MARMALADE_ENGINE_FRAME_MS`."""
        return PREFIX + self.key.upper().replace(".", "_")

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "switch":
            return "true or false"
        if self.kind in ("integer", "number"):
            noun = "a whole number" if self.kind == "integer" else "a number"
            low, high = _plain(self.low), _plain(self.high)
            span = f" from {low} to {high}" if low and high else f" of at least {low}" if low else ""
            return f"{noun}{span}{' ' + self.unit if self.unit else ''}"
        return "a path" if self.kind == "path" else "text"

    def check(self, value: object) -> Value:
        """`value` itself (whole numbers become floats where a number is meant), if this setting may be it.

        Raises:
            SettingsError: wrong type, outside the range, or not one of the choices.
        """
        if self.kind == "switch" and isinstance(value, bool):
            return value
        if self.kind in ("text", "path") and isinstance(value, str) and "\0" not in value:
            return value
        if self.kind == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if self.kind in ("integer", "number") and isinstance(value, int | float) and not isinstance(value, bool):
            whole = isinstance(value, int)
            if (whole or self.kind == "number") and self._in_range(value):
                return value if self.kind == "integer" else float(value)
        raise SettingsError(f"{self.key} cannot be {value!r:.80}", hint=self._hint(value))

    def parse(self, text: str) -> Value:
        """The value written as `text` in an environment variable or an option.

        Raises:
            SettingsError: as for `check`.
        """
        word = text.strip()
        value: object = text
        if self.kind == "switch" and word.lower() in _TRUE | _FALSE:
            value = word.lower() in _TRUE
        elif self.kind == "choice":
            value = word
        elif self.kind in ("integer", "number"):
            value = _number(word, text)
        return self.check(value)

    def _in_range(self, value: float) -> bool:
        # A NaN is in no range, and no setting may be infinite.
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and abs(value) < float("inf")

    def _hint(self, value: object) -> str:
        if self.kind == "choice" and isinstance(value, str) and (close := nearest(value, self.choices)):
            return f"Did you mean {close!r}? It is {self.allowed}."
        return f"It is {self.allowed}."


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if abs(value) < 1e6 else str(int(value))


def _number(word: str, otherwise: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return otherwise


def _table(*rows: Setting) -> Mapping[str, Setting]:
    return MappingProxyType({row.key: row for row in rows})


SETTINGS: Mapping[str, Setting] = _table(
    Setting(
        "audio.driver",
        "choice",
        "auto",
        "Where the sound goes. `auto` takes a JACK server that runs, else PipeWire, else the sound card, else a "
        "private dummy driver that nobody hears.",
        choices=("auto", "jack", "pipewire", "alsa", "dummy"),
    ),
    Setting(
        "audio.device",
        "text",
        "",
        "The ALSA card by name or number (`marmalade doctor` lists them), or the JACK server's name. "
        "Empty: the first card that can play, or JACK's default server.",
    ),
    Setting("audio.rate", "integer", 48000, "Sample rate of a driver that we start.", "Hz", 8000, 192000),
    Setting("audio.period", "integer", 256, "Period of a driver that we start.", "frames", 16, 8192),
    Setting("audio.inputs", "integer", 2, "Input channels of the engine.", "channels", 0, 64),
    Setting("audio.outputs", "integer", 2, "Output channels of the engine.", "channels", 1, 64),
    Setting(
        "engine.mode",
        "choice",
        "exact",
        "How voices are timed: `wall` by timetags, `exact` by the server's own block counter "
        "(the right sample through load and xruns, at some CPU for each voice).",
        choices=("wall", "exact"),
    ),
    Setting("engine.lookahead_ms", "number", 100.0, "How far ahead patterns are asked.", "ms", 50, 1000),
    Setting("engine.frame_ms", "number", 25.0, "How much time one question to a pattern covers.", "ms", 20, 50),
    Setting(
        "engine.handover_ms",
        "number",
        80.0,
        "How long before it is due a bundle may be handed to scsynth; later than that nothing changes it.",
        "ms",
        10,
        1000,
    ),
    Setting("engine.voices", "integer", 2000, "Voices that may sound at once.", "voices", 1, 16000),
    Setting("engine.memory_kb", "integer", 262144, "Real-time memory of scsynth.", "KiB", 8192, 4194304),
    Setting("engine.scsynth", "path", "", "scsynth's program. Empty: found on the path."),
    Setting("jam.name", "text", "home", "The jam that a player starts with."),
    Setting("jam.redis", "path", "", "redis-server's program. Empty: found on the path."),
    Setting("jam.memory_mb", "integer", 256, "Memory that each of the two Redis servers may use.", "MiB", 16, 65536),
    Setting("tempo.bpm", "number", 120.0, "Tempo of a jam that starts.", "beats per minute", 1, 1000),
    Setting("tempo.beats_per_bar", "integer", 4, "Beats in a bar, which is one cycle.", "beats", 1, 64),
    Setting("render.rate", "integer", 48000, "Sample rate of rendered files.", "Hz", 8000, 192000),
    Setting("samples.folder", "path", "", "Folder of sample banks. Empty: `samples/` in the player directory."),
    Setting("synthdefs.folder", "path", "", "Folder of your synthdefs. Empty: `synthdefs/` in the player directory."),
    Setting(
        "shell.mode", "choice", "plain", "The prompt, or the full screen with code and log.", choices=("plain", "full")
    ),
    Setting("shell.history", "integer", 10000, "Entries of history that the shell keeps.", "entries", 0, 1000000),
    Setting(
        "shell.theme",
        "choice",
        "dark",
        "Colours of the shell: for a dark or a light terminal, with high contrast, or none.",
        choices=("dark", "light", "contrast", "plain"),
    ),
    Setting("shell.vi", "switch", False, "Edit with vi's keys instead of Emacs's."),
    Setting(
        "shell.mouse", "switch", False, "Let the mouse place the cursor and scroll; the terminal's own marking ends."
    ),
    Setting("shell.pairs", "switch", True, "Close brackets and quotes by themselves, where lines can be drawn anew."),
    Setting("shell.suggest", "switch", True, "Offer completions while typing; otherwise only when asked."),
    Setting(
        "shell.screen_reader",
        "switch",
        False,
        "Plain lines one after the other for a screen reader: nothing is drawn twice, and there is no status bar.",
    ),
    Setting(
        "shell.starter",
        "choice",
        "first",
        "When the shell starts a player it plays the starter set: on the first start only, always, or never.",
        choices=("first", "always", "never"),
    ),
    Setting(
        "original.port",
        "integer",
        0,
        "Port for players of the original Marmalade, by its weaker rules (docs/original.md); 2468 is theirs. 0: none.",
        low=0,
        high=65_535,
    ),
    Setting("original.host", "text", "127.0.0.1", "Address that this port listens on; 0.0.0.0 is every network."),
    Setting(
        "original.address",
        "text",
        "",
        "Where original players are told to find this one, as http://host:port. Empty: made of host and port.",
    ),
    Setting("generators.instances", "integer", 64, "Instances that may run at once.", "instances", 1, 64),
    Setting("generators.memory_mb", "integer", 384, "Memory of all processes of an instance.", "MiB", 64, 65536),
    Setting("generators.processes", "integer", 8, "Processes and threads of an instance.", "processes", 1, 256),
    Setting("generators.cpu", "number", 0.25, "CPU of an instance in the long run.", "cores", 0.01, 64),
    Setting("generators.scratch_mb", "integer", 32, "Scratch space of an instance.", "MiB", 1, 4096),
    Setting("generators.output_kb", "integer", 1024, "Text that an instance may print.", "KiB a minute", 1, 65536),
    Setting(
        "generators.requests", "number", 200.0, "Requests of an instance to the jam's state.", "a second", 1, 10000
    ),
    Setting("generators.request_kb", "number", 256.0, "Their size together.", "KB a second", 1, 100000),
    Setting("generators.notes", "number", 500.0, "Notes of an instance.", "a second", 1, 10000),
    Setting("generators.voices", "integer", 64, "Voices of an instance that may sound at once.", "voices", 1, 2000),
    *(
        Setting(
            f"trust.{level}",
            "choice",
            "sandboxed",
            f"Generators of authors with the trust `{level}`: each in its sandbox, or none at all. "
            "There is no way to run one outside.",
            choices=("sandboxed", "refused"),
        )
        for level in ("ask", "sandbox", "full")
    ),
    Setting(
        "trust.sandbox_grants",
        "text",
        "",
        "Keys that generators of authors with the trust `sandbox` may write if they ask for it, such as schedule:main.",
    ),
    Setting(
        "trust.full_grants",
        "text",
        "*",
        "The same for the trust `full`; `*` is whatever they ask for.",
    ),
    Setting(
        "peers.listen",
        "text",
        "",
        "The address of this machine at which other players find this one; `0.0.0.0` is all of them, `127.0.0.1` only "
        "for players on this machine. Empty: nobody is listened to.",
    ),
    Setting("peers.port", "integer", 2468, "The port for other players, TCP and UDP.", "", 1024, 65535),
    Setting(
        "peers.announce",
        "text",
        "",
        "The address, as a number, that others are told: behind a router the router's. Empty: the one that is found.",
    ),
    Setting(
        "peers.trust",
        "choice",
        "ask",
        "What players of the jam may do of whom you have said nothing: `ask` you, or play in a `sandbox`.",
        choices=("ask", "sandbox"),
    ),
    Setting(
        "peers.known",
        "text",
        "",
        "Players that are asked for ever, wherever they are: `HOST:PORT/KEY`, where KEY is the long word of their "
        "`marmalade key show`; several with spaces between.",
    ),
    Setting(
        "peers.near",
        "switch",
        True,
        "Whether players of the jam on the same network find each other by themselves (multicast DNS, port 5353).",
    ),
    Setting(
        "peers.policy",
        "choice",
        "asked",
        "When what others start is heard here: as they have `asked`, as soon as it can (`arrival`), with the next bar "
        "(`quantum`) or the next phrase (`interval`).",
        choices=("asked", "arrival", "quantum", "interval"),
    ),
    Setting(
        "peers.mix",
        "switch",
        True,
        "Whether gain and pan of shared tracks, as other players whom you trust set them, are followed here.",
    ),
    Setting("peers.phrase_bars", "integer", 4, "Length of a phrase, for what begins with the next one.", "bars", 1, 64),
    Setting(
        "jobs.redis",
        "text",
        "",
        "The job Redis, as rediss://user:password@host:6379. Empty: one of our own on this machine, started when it is "
        "needed.",
    ),
    Setting("jobs.ca", "path", "", "The certificate that vouches for the job Redis. Empty: those of the system."),
    Setting(
        "jobs.workers",
        "integer",
        2,
        "Workers that run beside our own job Redis while there are jobs. 0: only those that you start.",
        "workers",
        0,
        64,
    ),
    Setting("jobs.trust", "text", "", "Public keys, separated by commas, whose jobs and results count beside our own."),
    Setting("jobs.keep_h", "number", 24.0, "How long the results of a job are kept.", "hours", 0.01, 8760),
    Setting("jobs.retries", "integer", 5, "How often a step that fails is tried again.", "times", 0, 100),
    Setting("jobs.silence_s", "number", 60.0, "A step that says nothing for so long is ended.", "s", 1, 3600),
    Setting("jobs.longest_s", "number", 3600.0, "A step that takes longer is ended.", "s", 1, 86400),
    Setting("jobs.memory_mb", "integer", 4096, "Memory of a step.", "MiB", 256, 1048576),
    Setting("jobs.disk_mb", "integer", 16384, "Room for sources and results of jobs.", "MiB", 16, 16777216),
    Setting("jobs.nice", "integer", 15, "How far workers stand back for everything else, 19 most.", "", 0, 19),
    Setting("player.key", "path", "", "The private key of this player. Empty: `player.key` in the player directory."),
    *(
        Setting(f"keys.{action.name}", "text", action.keys, f"Keys of the shell. {action.doc}")
        for action in ACTIONS.values()
    ),
)


def find(key: str) -> Setting:
    """The setting called `key`.

    Raises:
        SettingsError: there is none; the message names the nearest one.
    """
    if (setting := SETTINGS.get(key)) is not None:
        return setting
    raise SettingsError(f"There is no setting {key!r:.80}.", hint=suggestion(key))


def suggestion(key: str) -> str:
    """What to do about an unknown `key`: the nearest valid one, or where the list is."""
    bare = {name.partition(".")[2]: name for name in SETTINGS}
    whole, last = key.lower(), key.rpartition(".")[2].lower()
    close = whole if whole in SETTINGS else bare.get(last, "")
    close = close or nearest(key, SETTINGS) or bare.get(nearest(last, bare), "")
    return f"Did you mean {close!r}?" if close else "`marmalade config show` lists all settings."


def reference() -> str:
    """The text of docs/settings.md, made from the table."""
    head = (
        "# Settings\n\n"
        "This page is made from `marmalade_sc/settings/table.py`; a test keeps it up to date.\n\n"
        "A value comes from the default, from `config.toml` in the player directory, from a `MARMALADE_*` variable "
        "or from\n`--set KEY=VALUE`; later ones win. `marmalade doctor` shows each value and where it came from, "
        "`marmalade config set\nKEY VALUE` writes `config.toml`, `marmalade config unset KEY` takes a value out "
        "again.\nA key that does not exist is an error that names the nearest one.\n\n"
        "| key | default | may be | variable | meaning |\n| --- | --- | --- | --- | --- |\n"
    )
    return head + "".join(_row(setting) for setting in SETTINGS.values())


def _row(setting: Setting) -> str:
    default = "" if setting.default == "" else f"`{written(setting.default)}`"
    return f"| `{setting.key}` | {default} | {setting.allowed} | `{setting.env}` | {setting.doc} |\n"


def written(value: Value) -> str:
    """`value` as it is written in a TOML file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
    return repr(value)
