# SPDX-License-Identifier: GPL-3.0-or-later
"""``db verify``: the journal against its letters and against the EDMS, both ways; changes nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click

from gateway.cli.context import PROBLEMS, UNAVAILABLE, Context, Ended, json_option, pass_context
from gateway.cli.output import Row, show
from gateway.journal import events, verifying
from gateway.journal.blobs import ORPHAN_AGE
from gateway.journal.store import Journal
from gateway.journal.verifying import Registered, Trouble
from gateway.model import Number
from gateway.outbox import Outbox
from gateway.ports import Edms, Standing

PAGE = 200  # LIMIT: exchanges asked for at once
SETTLED = timedelta(minutes=10)  # a card younger than this may be on its way into the journal
COLUMNS = ("what", "entry", "exchange", "detail", "remedy")
REMEDIES = {
    "database damaged": "stop the service and put a backup back",
    "row refers to nothing": "stop the service and put a backup back",
    "letter gone": "put the file back from a backup of the folder of letters",
    "letter damaged": "put the file back from a backup of the folder of letters",
    "file of a report gone": "put the file back from a backup of the folder of letters",
    "file without a row": "none is needed: the service removes it within the hour",
    "impossible state": "report it with what `trace` and the log say of it",
    "registered, not reported": "edms-gateway queue list: retry what failed; else report it",
    "unknown to the journal": "let the partner send it again, or the mailbox be read again: it keeps its number",
    "dispatch unknown": "mark the document to be sent again: it goes under its old ids, which the partner knows",
    "number gone": "register the card under that number; under another one its sender hears a correction",
    "number differs": "none while the service catches up; if it stays, look at the mapping's changes (edms check)",
}


@click.command()
@click.option("--quick", is_flag=True, help="Look for large letters by name and size only, and read none of them.")
@json_option
@pass_context
def verify(context: Context, quick: bool, as_json: bool) -> None:
    """Compare the journal with its letters and with the EDMS, both ways; changes nothing.

    Exits 1 when something is wrong, and 69 when a database is away.
    """
    from gateway.build import SystemClock, edms_of, outbox_of

    settings, now = context.settings(), context.now()
    away = ""
    with context.journal() as journal:
        found = [*_in_journal(journal, now, quick=quick), *_unreported(journal, outbox_of(settings, journal), now)]
        try:
            edms = edms_of(settings, SystemClock())
            try:
                found += [*_vanished(journal, edms), *_unknown(journal, edms, now), *_lost(journal, edms)]
            finally:
                edms.close()
        except Exception as error:  # an edge: whatever a database driver raises is shown in one line
            away = f"the EDMS is not available: {type(error).__name__}: {str(error)[:300]}"
    if found or not (as_json or away):
        rows = [_row(*one) for one in found]
        show(rows, COLUMNS, as_json=as_json, nothing="the journal, its letters and the EDMS agree")
    if away:
        raise Ended(away.splitlines()[0], UNAVAILABLE)
    if found:
        raise SystemExit(PROBLEMS)


Found = tuple[Trouble, str]  # and the remedy


def _in_journal(journal: Journal, now: datetime, *, quick: bool) -> Iterator[Found]:
    with journal.read() as tx:
        troubles = [*verifying.database(tx), *verifying.impossible(tx)]
    troubles += [*verifying.letters(journal, quick=quick), *verifying.orphans(journal, now - ORPHAN_AGE)]
    yield from ((trouble, REMEDIES[trouble.what]) for trouble in troubles)


def _unreported(journal: Journal, outbox: Outbox, now: datetime) -> Iterator[Found]:
    """What is registered, and the sender wants to hear so, and no report says it."""
    with journal.read() as tx:
        for exchange in verifying.without_report(tx):
            history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
            if outbox.owed(exchange, history, None, now):
                words = f"{exchange.partner} was not told of {_said(exchange.registered or Number())}"
                trouble = Trouble("registered, not reported", words, exchange=exchange.id)
                yield trouble, REMEDIES[trouble.what]


def _vanished(journal: Journal, edms: Edms) -> Iterator[Found]:
    """What the journal holds as registered, and the EDMS has no card of, or one with another number."""
    after = None
    while True:
        with journal.read() as tx:
            page = verifying.registered(tx, after, PAGE)
        if not page:
            return
        after = page[-1].exchange
        standing = {one.exchange: one for one in edms.standing([one.exchange for one in page])}
        for one in page:
            yield from _compared(one, standing.get(one.exchange))


def _compared(held: Registered, standing: Standing | None) -> Iterator[Found]:
    if standing is None or standing.number is None:
        words = f"card {held.card}, {_said(held.number)}, is not in the EDMS"
        trouble = Trouble("card vanished", words, entry=held.entry, exchange=held.exchange)
        by_hand = "its letter was given up: register it by hand under that number"
        yield trouble, f"edms-gateway quarantine reprocess {held.entry}" if held.stored else by_hand
    elif held.number.text and not standing.number.text:
        words = f"told {_said(held.number)}; card {standing.card} has no number"
        trouble = Trouble("number gone", words, entry=held.entry, exchange=held.exchange)
        yield trouble, REMEDIES[trouble.what]
    elif not _same(held.number, standing.number):
        words = f"told {_said(held.number)}; card {standing.card} has {_said(standing.number)}"
        trouble = Trouble("number differs", words, entry=held.entry, exchange=held.exchange)
        yield trouble, REMEDIES[trouble.what]


def _same(told: Number, now: Number) -> bool:
    """Say whether a card has the number that was told; what had none when it was told is not judged."""
    if told == Number():
        return True
    return told.text == now.text and (None in (told.date, now.date) or told.date == now.date)


def _unknown(journal: Journal, edms: Edms, now: datetime) -> Iterator[Found]:
    """What the EDMS holds for us and the journal does not know."""
    after = None
    while page := edms.holdings(after, PAGE):
        after = page[-1].exchange
        with journal.read() as tx:
            known = verifying.known(tx, [one.exchange for one in page])
        for one in page:
            if one.exchange not in known and one.since < now - SETTLED:
                number = _said(one.number) if one.number else "without a number"
                trouble = Trouble("unknown to the journal", f"card {one.card}, {number}", exchange=one.exchange)
                yield trouble, REMEDIES[trouble.what]


def _lost(journal: Journal, edms: Edms) -> Iterator[Found]:
    """What the EDMS believes to be sent, and the journal never had, or lost before it left.

    The journal has a dispatch before the EDMS marks it as taken, so nothing is on its way between the two.
    """
    after = None
    while page := edms.dispatches(after, PAGE):
        after = page[-1]
        with journal.read() as tx:
            known = verifying.dispatched(tx, page)
        for ref in page:
            if ref not in known:
                trouble = Trouble("dispatch unknown", f"dispatch {ref} is marked as taken, or as sent")
                yield trouble, REMEDIES[trouble.what]


def _said(number: Number) -> str:
    return f"{number.text} of {number.date}" if number.date else number.text or "a draft"


def _row(trouble: Trouble, remedy: str) -> Row:
    return {
        "what": trouble.what,
        "entry": trouble.entry,
        "exchange": trouble.exchange,
        "detail": trouble.detail,
        "remedy": remedy,
    }
