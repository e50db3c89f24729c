# SPDX-License-Identifier: GPL-3.0-or-later
"""``doctor``: try everything the service depends on, and say what to do about the rest."""

import asyncio
from collections import Counter
from pathlib import Path

import click

from gateway.cli.context import PROBLEMS, UNAVAILABLE, Context, json_option, pass_context
from gateway.cli.output import json_line, printable
from gateway.doctor.examination import Circumstances, examined
from gateway.doctor.finding import Finding, Level
from gateway.doctor.round_trip import Errand, gone, planned

WIDTH = max(len(level.value) for level in Level)


@click.command()
@click.option(
    "--patience",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest wait for one answer.",
)
@click.option("--send-to-self", is_flag=True, help="Send one letter from our address to itself, and wait for it.")
@click.option(
    "--wait",
    type=click.FloatRange(1, 3600),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long that letter may be on its way.",
)
@json_option
@pass_context
def doctor(context: Context, patience: float, send_to_self: bool, wait: float, as_json: bool) -> None:
    """Try servers, certificates, folders, rights, disks and clocks; say what to do about what is wrong.

    Changes nothing, and sends nothing without --send-to-self.
    Exits 1 when something is wrong, 69 when something does not answer at all.
    """
    from gateway.build import SystemClock
    from gateway.causes.machine import is_running

    settings = context.settings()
    running = is_running(settings.journal.blobs)
    circumstances = Circumstances(settings, Path(context.config), SystemClock(), patience, running)
    errand = planned(settings) if send_to_self else None
    if errand is not None:
        click.echo(f"will send: {errand.announced()}", err=True)
    found = asyncio.run(_told(circumstances, errand, wait, as_json=as_json))
    if not as_json:
        counts = Counter(one.level for one in found)
        click.echo(", ".join(f"{counts[level]} {level.value}" for level in Level))
    if any(one.away for one in found):
        raise SystemExit(UNAVAILABLE)
    if any(one.level is Level.BAD for one in found):
        raise SystemExit(PROBLEMS)


async def _told(circumstances: Circumstances, errand: Errand | None, wait: float, *, as_json: bool) -> list[Finding]:
    """Print every finding as soon as those before it are there, and return them all; the errand comes last."""
    found: list[Finding] = []
    async for group, findings in examined(circumstances):
        found += findings
        _print(group, findings, as_json=as_json)
    if errand is not None:
        findings = await gone(errand, circumstances.clock.now(), circumstances.seconds, wait)
        found += findings
        _print("letter to ourselves", findings, as_json=as_json)
    return found


def _print(group: str, findings: tuple[Finding, ...], *, as_json: bool) -> None:
    if not as_json:
        click.echo(group)
    for one in findings:
        click.echo(_row(group, one) if as_json else _words(one))


def _row(group: str, one: Finding) -> str:
    row = {"group": group, "tried": one.tried, "level": one.level, "said": one.said, "remedy": one.remedy}
    return json_line({**row, "away": one.away})


def _words(one: Finding) -> str:
    """Return a finding for people: what was tried and said on one line, the remedy below."""
    said = f"{one.tried}: {one.said}" if one.said else one.tried
    remedy = f"\n  {'':<{WIDTH}}  → {printable(one.remedy)}" if one.remedy else ""
    return f"  {one.level.value:<{WIDTH}}  {printable(said)}{remedy}"
