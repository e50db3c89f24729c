# SPDX-License-Identifier: GPL-3.0-or-later
"""``alarm``: whoever is called when something breaks."""

import asyncio
import socket

import click

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.output import json_line, printable


@click.group()
def alarm() -> None:
    """Whoever is called when something breaks."""


@alarm.command()
@json_option
@pass_context
def test(context: Context, as_json: bool) -> None:
    """Call by every way that is configured; exits 1 when one does not work."""
    from gateway.alarms.deciding import Call
    from gateway.alarms.ways import tell

    settings = context.settings()
    if not settings.alarm.ways:
        raise Ended("nobody is called: name a command, a webhook or a mail in [alarm]", PROBLEMS)
    call = Call("test", "test", f"a test of the alarm of {socket.gethostname()}: nothing is wrong")
    said = asyncio.run(tell(call, settings, context.now()))
    for way, words in said.items():
        row = {"way": way, "ok": not words, "words": words or None}
        click.echo(json_line(row) if as_json else f"{way}: {printable(words) or 'called'}")
    if any(said.values()):
        raise SystemExit(PROBLEMS)
