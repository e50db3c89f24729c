# SPDX-License-Identifier: GPL-3.0-or-later
"""``self-test``: a letter to ourselves by the whole way, and how far it came."""

import time
from dataclasses import asdict, replace
from datetime import timedelta

import click

from gateway.causes.machine import is_running
from gateway.cli.choosing import known_partner
from gateway.cli.context import PROBLEMS, UNAVAILABLE, Context, Ended, json_option, pass_context
from gateway.cli.output import json_line, show
from gateway.journal.store import Journal
from gateway.model import PartnerId
from gateway.self_test import Run, Rung, begin, never_entered, passed, rungs
from gateway.settings import Settings

POLL_SECONDS = 0.5
COLUMNS = ("what", "stage", "ok", "at", "words")
REMEDIES = {
    "written": "the relay does not take our letters: look at [relay], then  edms-gateway queue list",
    "sent": "the relay took it, and it did not come back: look for it in the log of the mail server, then whether it "
    "lies in the mailbox or was brought to the listener for our own address",
    "understood": "it came back, and the words above say what is wrong",
}


@click.command("self-test")
@click.option("--partner", type=PartnerId, help="In whose name; without it the first one's.")
@click.option("--patience", default=120, show_default=True, metavar="SECONDS", help="How long to wait.")
@json_option
@pass_context
def self_test(context: Context, partner: PartnerId | None, patience: int, as_json: bool) -> None:
    """Write a marked document to ourselves through relay, mailbox, rules and EDMS, and every report back.

    The EDMS tries it and rolls it back; nobody else hears anything.  The service must run.
    """
    if partner is not None:
        known_partner(context, partner)
    settings = context.settings()
    with context.journal() as journal:
        if not is_running(journal.blobs.directory):
            raise Ended("the service does not run, and only it sends and takes letters", UNAVAILABLE)
        _await_mailboxes(journal, settings, timedelta(seconds=patience))
        try:
            run = begun(journal, settings, context, partner)
        except LookupError as error:
            raise Ended(str(error), PROBLEMS) from error
        found = _waited(journal, run, settings, timedelta(seconds=patience))
    if as_json:
        for rung in found:
            click.echo(json_line(asdict(rung)))
    else:
        show([asdict(rung) for rung in found], COLUMNS, as_json=False, cut="words")
        _conclude(found)
        if settings.mailboxes and settings.self_test.letters == "keep":
            click.echo('its letters stay in the mailbox; [self_test] letters = "remove" has them taken out')
    if not passed(found):
        raise SystemExit(PROBLEMS)


def _await_mailboxes(journal: Journal, settings: Settings, patience: timedelta) -> None:
    """Wait until every mailbox was entered: the service may have started a moment ago."""
    until = time.monotonic() + patience.total_seconds()
    while True:
        with journal.read() as tx:
            waiting = never_entered(tx, settings)
        if not waiting:
            return
        for name, words in waiting.items():
            if words or time.monotonic() > until:
                said = f": {words}" if words else "; edms-gateway doctor says whether it can be"
                raise Ended(f"the service has not entered the mailbox {name} yet{said}", PROBLEMS)
        time.sleep(POLL_SECONDS)


def begun(journal: Journal, settings: Settings, context: Context, partner: PartnerId | None) -> Run:
    """Queue the document of a new test."""
    from gateway.build import outbox_of

    outbox = outbox_of(settings, journal)
    with journal.write() as tx:
        return begin(tx, outbox.sealer, partner, context.now())


def _waited(journal: Journal, run: Run, settings: Settings, patience: timedelta) -> tuple[Rung, ...]:
    """Return how far the test came, when it ended or *patience* did."""
    secret, until = settings.secret.encode(), time.monotonic() + patience.total_seconds()
    while True:
        with journal.read() as tx:
            found = rungs(tx, run, secret)
        if passed(found) is not None:
            return found
        if time.monotonic() > until:
            return tuple(rung if rung.ok else replace(rung, ok=False) for rung in found)
        time.sleep(POLL_SECONDS)


def _conclude(found: tuple[Rung, ...]) -> None:
    broken = next((rung for rung in found if rung.ok is False), None)
    if broken is None:
        return click.echo("passed: the whole way works")
    return click.echo(f"FAILED at the {broken.what}: {REMEDIES[broken.stage]}")
