"""`marmalade doctor`: what was found, what is missing, how to get it, and the settings in force."""

import dataclasses
import json

import click

from marmalade_sc.cli.findings import Finding, find_all
from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.engine.sound_probe import probe
from marmalade_sc.errors import SettingsError
from marmalade_sc.player.supervision.running import Status, status
from marmalade_sc.player.supervision.specs import wishes
from marmalade_sc.settings.load import survey
from marmalade_sc.settings.table import written

__all__ = ["doctor"]

_COLOURS = {"ok": "green", "weak": "yellow", "missing": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def doctor(session: Session, as_json: bool) -> None:
    """Say what was found, what is missing and how to get it. Exit status 1 where the player could not start."""
    settings, mistakes = survey(session.places.config, options=session.options)
    findings = [_mistake(each) for each in mistakes]
    findings += find_all(session.places, settings, probe(), wishes(settings))
    findings.append(_player(status(session.places)))
    if as_json:
        effective = {key: {"value": each.value, "origin": each.origin} for key, each in settings}
        rows = [dataclasses.asdict(finding) for finding in findings]
        click.echo(json.dumps({"findings": rows, "settings": effective}, indent=1, ensure_ascii=False))
    else:
        _show(findings)
        click.secho("settings", bold=True)
        for key, each in settings:
            click.echo(f"  {key:22} {written(each.value):14} {click.style(each.origin, dim=True)}")
    if any(finding.state == "missing" for finding in findings):
        raise click.exceptions.Exit(1)


def _mistake(error: SettingsError) -> Finding:
    """A setting that is wrong: nothing starts with it. What else there is was looked at without it."""
    place = f"{error.where}: " if error.where is not None else ""
    return Finding("settings", "settings", "missing", f"{place}{error.message}", error.hint or "Correct it.")


def _player(found: Status | None) -> Finding:
    if found is None:
        return Finding("player", "player", "ok", "does not run")
    bad = [f"{entry.get('name')} {entry.get('state')}" for entry in found.processes if entry.get("state") != "running"]
    words = f"process {found.supervisor.pid}, jam {found.jam}" + (f"; {', '.join(bad)}" if bad else "")
    return Finding("player", "player", "weak" if bad else "ok", words, "See its logs." if bad else "")


def _show(findings: list[Finding]) -> None:
    group = ""
    for finding in findings:
        if finding.group != group:
            group = finding.group
            click.secho(group, bold=True)
        state = click.style(f"{finding.state:7}", fg=_COLOURS[finding.state])
        click.echo(f"  {state} {finding.name:14} {finding.found}")
        if finding.how:
            click.echo(f"  {'':7} {'':14} {finding.how}")
