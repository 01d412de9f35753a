"""What the user's code holds beside tracks and clock: the jam and the scenes."""

from collections.abc import Callable, Iterable, Mapping

from marmalade_sc.errors import UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.live.book import check_scene
from marmalade_sc.live.handles import TrackHandle, grid_of
from marmalade_sc.live.hosted import GeneratorHandle
from marmalade_sc.live.operations import DropScene, NextScene, Operation, Recall, SaveScene
from marmalade_sc.sdk.schedule import Schedule

__all__ = ["JamHandle", "SceneHandle"]


class JamHandle:
    """The jam in the user's code: `jam.start("name")` moves there, `jam.record("file.wav")` records what is heard.

    Args:
        order: takes an order for the player: a command of the control protocol with its fields.
    """

    __slots__ = ("_order",)

    def __init__(self, order: Callable[[Mapping[str, object]], None]) -> None:
        self._order = order

    def start(self, name: str, *, bars: float = 0) -> None:
        """Play the jam of that name; it is made where it is not there yet. Generators have `bars` to finish."""
        self._order({"do": "jam", "jam": check_name(name, "jam"), "bars": float(bars)})

    switch = start

    def __getitem__(self, name: str) -> GeneratorHandle:
        """A generator by its name, or its player's and its name: `g1 >> jam["5knuWL4M/drums"](density=.8)`."""
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            raise UsageError(f"{name!r:.40} names no generator", hint='Write jam["drums"].')
        return GeneratorHandle(name.replace("/", ":", 1), self._order)

    def play(self, name: str, *, track: str = "", bars: float | None = None, seconds: float | None = None,
             **controls: object) -> None:  # fmt: skip
        """Run a generator in a strip of its own, or in that of `track`, for so long or until it is stopped."""
        self._order(self[name](bars=bars, seconds=seconds, **controls).order() | {"track": str(track)})

    def stop(self, name: str = "", bars: float = 0) -> None:
        """Tell instances to end, within so many bars: those of a generator, of a track, or all."""
        self._order({"do": "stop", "name": str(name), "bars": float(bars)})

    def share(self, track: TrackHandle, name: str = "", *, when: str = "auto", ahead: float = 1) -> None:
        """Pack what a track plays as a generator of yours, signed, and let all players who trust you play it.

        It enters `when`: "quantum", with each player's next bar; "interval", with its next phrase; "future", at one
        moment everywhere, with a bar of yours that many bars can be counted to (`ahead`); "arrival", as soon as it can;
        "auto" is one of the first two, by how far away the others are.
        """
        if not isinstance(track, TrackHandle):
            raise UsageError(f"{track!r:.40} is no track", hint='Write jam.share(b1, name="acid").')
        self._order({"do": "pack_track", "track": track.name, "name": check_name(name or track.name, "generator"),
                     "policy": str(when), "ahead": float(ahead)})  # fmt: skip

    def unshare(self, name: str, bars: float = 0) -> None:
        """End at all players what you have shared under that name, within so many bars; your own track plays on."""
        self._order({"do": "share_stop", "name": str(name), "bars": float(bars)})

    def pause(self) -> None:
        """Let time stand still at all players from a bar on; `clock.pause()` is for you alone."""
        self._order({"do": "pause_all"})

    def resume(self) -> None:
        """Let time go on at all players."""
        self._order({"do": "play_all"})

    def mix(self, track: str = "", *, gain: float | None = None, pan: float | None = None) -> None:
        """Set how loud (-24 to +6 dB) and where a shared track is at all players; without a name show what is set."""
        if not track:
            self._order({"do": "share_mix"})
            return
        if gain is None and pan is None:
            raise UsageError("Nothing to set", hint='Write jam.mix("acid", gain=-3).')
        order: dict[str, object] = {"do": "share_mix", "track": check_name(track, "track")}
        given = (("gain", gain), ("pan", pan))
        self._order(order | {name: float(value) for name, value in given if value is not None})

    def trust(self, player: str = "", level: str = "sandbox") -> None:
        """Say how far a player is trusted: "block", "ask", "sandbox", "full"; without a name show what waits for it."""
        if not player:
            self._order({"do": "pending"})
            return
        self._order({"do": "trust", "player": str(player), "level": str(level)})

    def asset(self, name: str, path: str) -> None:
        """Give a sound file a name for all players, `s("name")` plays it; `""` as path takes the name back."""
        self._order({"do": "asset", "name": check_name(name, "sound"), "path": str(path)})

    def assets(self) -> None:
        """Show the sounds that all players have by name."""
        self._order({"do": "assets"})

    def record(self, path: str) -> None:
        """Record what is heard to a wav or flac file, until `jam.stop_recording()`."""
        self._order({"do": "record", "path": str(path)})

    def stop_recording(self) -> None:
        """End the recording."""
        self._order({"do": "stop_recording"})

    def tags(self) -> None:
        """Show all tags that are set: values, and who set them."""
        self._order({"do": "tags"})

    def history(self, name: str, most: int = 20) -> None:
        """Show what a tag was over time, the newest last; `state:...` names any series of the state."""
        self._order({"do": "history", "name": str(name), "most": int(most)})

    def credits(self) -> None:
        """Show who made what is to be heard now."""
        self._order({"do": "credits"})

    def denials(self, name: str = "") -> None:
        """Show what was refused to generators: to all, or to one by its name, instance or player."""
        self._order({"do": "denials", "name": str(name)})

    def schedule(self, text: str | None = None, *, edit: bool = False) -> None:
        """Show the schedule and where we are in it; with lines set another one, or edit some of its contexts."""
        if text is None:
            self._order({"do": "schedule"})
            return
        if not edit:
            Schedule.parse(text)  # a mistake is told with its line
        self._order({"do": "set_schedule", "text": str(text), "edit": bool(edit)})

    def __repr__(self) -> str:
        return "the jam"


class SceneHandle:
    """Scenes in the user's code: `scene.save("a")` keeps what plays, `scene("a")` brings it back at the next bar.

    Args:
        ask: takes an operation.
        scenes: those that there are, in order.
    """

    __slots__ = ("_ask", "_fresh", "_scenes")

    def __init__(self, ask: Callable[[Operation], None], scenes: Callable[[], Iterable[str]]) -> None:
        self._ask = ask
        self._scenes = scenes
        self._fresh: list[str] = []

    def __call__(self, name: str, *, at: object = 1) -> None:
        """Recall a scene: every track plays what it played, with its mix, from the next bar on; others stop."""
        grid = grid_of(at)
        check_scene(name, [*self._scenes(), *self._fresh])
        self._ask(Recall(name, grid))

    def save(self, name: str) -> None:
        """Keep what each track plays now, and its mix, under a name."""
        self._fresh.append(check_name(name, "scene"))
        self._ask(SaveScene(name))

    def delete(self, name: str) -> None:
        """Forget a scene."""
        check_scene(name, [*self._scenes(), *self._fresh])
        self._ask(DropScene(name))

    def next(self, *, at: object = 1) -> None:
        """Recall the scene behind the latest, round."""
        self._ask(NextScene(1, grid_of(at)))

    def previous(self, *, at: object = 1) -> None:
        """Recall the scene before the latest, round."""
        self._ask(NextScene(-1, grid_of(at)))

    def list(self) -> tuple[str, ...]:
        """The names of all scenes, in the order in which they were saved."""
        return tuple(dict.fromkeys([*self._scenes(), *self._fresh]))

    def begin(self) -> None:
        """A block begins; what an earlier one has saved is among the scenes by now; not while blocks are done again."""
        self._fresh.clear()

    def __repr__(self) -> str:
        return f"scenes: {', '.join(self.list()) or 'none yet'}"
