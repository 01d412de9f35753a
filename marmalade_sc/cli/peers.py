"""`marmalade peers`: the other players of the jam."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from marmalade_sc.cli.controls import with_controls
from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import PlayerError
from marmalade_sc.player.peers.roster import players_text

__all__ = ["ask", "peers"]


@click.group()
def peers() -> None:
    """Other players: who is there, whom you trust, what you play together."""


@peers.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def list_(session: Session, as_json: bool) -> None:
    """List the players of the jam, how they are trusted, how far their clocks are from yours, what they play."""
    rows = _rows(ask(session, "players"), "players")
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    click.echo(players_text(rows))


@peers.command()
@with_session
def pending(session: Session) -> None:
    """List what waits for your word."""
    click.echo(str(ask(session, "pending").get("value")))


@peers.command()
@click.argument("number", type=int)
@with_session
def deny(session: Session, number: int) -> None:
    """Drop the request NUMBER of `marmalade peers pending`."""
    ask(session, "deny", number=number)


@peers.command()
@click.argument("player")
@click.argument("level", type=click.Choice(["block", "ask", "sandbox", "full"]), default="sandbox")
@with_session
def trust(session: Session, player: str, level: str) -> None:
    """Trust PLAYER (its ID, fingerprint or nickname) so far, `sandbox` where nothing is said; what waited is done."""
    click.echo(str(ask(session, "trust", player=player, level=level).get("value")))


@peers.command()
@click.argument("generator")
@click.option("--instance", default="", help="Its ID; the same ID runs once on each player. Default: the time.")
@click.option("--track", default="", help="The strip it plays into. Default: its name.")
@click.option("--bars", type=float, default=0.0, help="End after so many bars.")
@click.option("--seconds", type=float, default=0.0, help="End after so many seconds.")
@click.option(
    "--when",
    "policy",
    type=click.Choice(["auto", "arrival", "quantum", "interval", "future"]),
    default="auto",
    help="It is heard as soon as it can (arrival), with each player's next bar (quantum) or phrase (interval), or at "
    "one moment everywhere (future); auto is a bar, or a phrase where somebody is far away.",
)
@click.option("--ahead", type=click.FloatRange(0, 64, min_open=True), default=1.0, help="With future: so many bars.")
@with_session
@with_controls
def play(
    session: Session,
    generator: str,
    instance: str,
    track: str,
    controls: tuple[str, ...],
    bars: float,
    seconds: float,
    policy: str,
    ahead: float,
) -> None:
    """Play GENERATOR here and at all players of the jam."""
    from marmalade_sc.cli.check import controls_of

    given = controls_of(controls)
    fields = {"instance": instance, "track": track, "controls": given, "policy": policy, "ahead": ahead}
    answer = ask(session, "share", generator=generator, bars=bars, seconds=seconds, **fields)
    click.echo(f"{answer.get('instance')} ({answer.get('policy')}) here: {answer.get('here')}")
    _said(answer)


@peers.command()
@click.argument("name")
@click.option("--bars", type=float, default=0.0, help="Let it finish within so many bars.")
@with_session
def stop(session: Session, name: str, bars: float) -> None:
    """End the shared instance NAME everywhere."""
    _said(ask(session, "share_stop", name=name, bars=bars))


@peers.command()
@click.argument("name")
@click.argument("controls", nargs=-1, required=True, metavar="CONTROL=NUMBER...")
@with_session
def control(session: Session, name: str, controls: tuple[str, ...]) -> None:
    """Set controls of the shared instance NAME everywhere."""
    from marmalade_sc.cli.check import controls_of

    _said(ask(session, "share_control", name=name, controls=controls_of(controls)))


@peers.command()
@with_session
def invites(session: Session) -> None:
    """List invites that were given for a time or for one player, and who has come in by them."""
    click.echo(str(ask(session, "invites").get("value")))


@peers.command()
@click.argument("invite")
@with_session
def revoke(session: Session, invite: str) -> None:
    """Let INVITE (its name in `marmalade peers invites`) open nothing any more."""
    click.echo(str(ask(session, "revoke", invite=invite).get("value")))


@peers.command()
@click.argument("player")
@click.argument("nickname")
@with_session
def name(session: Session, player: str, nickname: str) -> None:
    """Call PLAYER (its ID or fingerprint) NICKNAME, here only; "" takes it back."""
    click.echo(str(ask(session, "nickname", player=player, nickname=nickname).get("value")))


@peers.command()
@click.argument("track", required=False)
@click.option("--gain", type=click.FloatRange(-24, 6), help="How loud, in dB.")
@click.option("--pan", type=click.FloatRange(-1, 1), help="Where, from -1 (left) to 1 (right).")
@with_session
def mix(session: Session, track: str | None, gain: float | None, pan: float | None) -> None:
    """Set how loud and where a shared TRACK is at all players; without one show what is set."""
    given = {key: value for key, value in (("track", track), ("gain", gain), ("pan", pan)) if value is not None}
    click.echo(str(ask(session, "share_mix", **given).get("value")))


@peers.command()
@click.argument("name", required=False)
@click.argument("path", required=False)
@with_session
def asset(session: Session, name: str | None, path: str | None) -> None:
    """Give the sound file PATH the NAME by which all players have it ("": take it back); without, list them."""
    if name is None or path is None:
        click.echo(str(ask(session, "assets").get("value")))
        return
    click.echo(str(ask(session, "asset", name=name, path=str(Path(path).absolute()) if path else "").get("value")))


@peers.command()
@click.argument("question", required=False)
@click.argument("choice", required=False)
@with_session
def vote(session: Session, question: str | None, choice: str | None) -> None:
    """Vote with all players: `tempo 132`, `transport pause`, or any QUESTION; without one show what goes on."""
    if question is None or choice is None:
        click.echo(str(ask(session, "votes").get("value")))
        return
    wanted: float | str = choice
    with contextlib.suppress(ValueError):
        wanted = float(choice) if question == "tempo" else choice
    click.echo(str(ask(session, "vote", question=question, choice=wanted).get("value")))


@peers.command()
@click.argument("text", required=False)
@with_session
def chat(session: Session, text: str | None) -> None:
    """Say TEXT to all players of the jam; without one, show what was said lately."""
    if text:
        ask(session, "chat", text=text)
    else:
        click.echo(str(ask(session, "chats").get("value")))


@peers.command()
@with_session
def pause(session: Session) -> None:
    """Let time stand still at all players, from a bar on."""
    click.echo(str(ask(session, "pause_all").get("value")))


@peers.command()
@with_session
def resume(session: Session) -> None:
    """Let time go on at all players."""
    click.echo(str(ask(session, "play_all").get("value")))


def ask(session: Session, do: str, **fields: object) -> Mapping[str, object]:
    """The player's answer. Raises PlayerError where it refuses, or there is none."""
    from marmalade_sc.player.control.protocol import request

    answer = request(session.places.control_socket, do, timeout_s=60.0, printed=None, **fields)
    error = answer.get("error")
    if error:
        raise PlayerError(str(error.get("text") if isinstance(error, Mapping) else error))
    return answer


def _said(answer: Mapping[str, object]) -> None:
    for each in _rows(answer, "players"):
        click.echo(f"{each.get('title', each.get('id'))!s:18} {each.get('status')}")


def _rows(answer: Mapping[str, object], name: str) -> Sequence[Mapping[str, object]]:
    found = answer.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
