# SPDX-License-Identifier: GPL-3.0-or-later
"""``queue``: letters of ours on their way out."""

from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.choosing import known_partner
from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.left_alone import names_for, tried_again
from gateway.cli.many import Many, each, for_many, in_one, many_of
from gateway.cli.output import Row, printable, show
from gateway.cli.rows import COLUMNS_OUT, attempt_row, entry_row, for_people, found
from gateway.journal import entries, exchanges
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import PartnerId
from gateway.office import Office


@click.group()
def queue() -> None:
    """List, look at, retry, hold and release outgoing letters."""


@queue.command("list")
@click.option(
    "--state", type=click.Choice(["queued", "sent", "failed", "cancelled"]), multiple=True, default=("queued", "failed")
)
@click.option("--partner", type=PartnerId, help="Only this partner's.")
@click.option("--limit", default=100, show_default=True, help="At most so many, newest first.")
@json_option
@pass_context
def list_(context: Context, state: tuple[str, ...], partner: PartnerId | None, limit: int, as_json: bool) -> None:
    """List outgoing letters; without --state those not sent."""
    if partner is not None:
        known_partner(context, partner)
    with context.journal() as journal, journal.read() as tx:
        rows = entries.select(
            tx,
            direction=Direction.OUT,
            states=[State(word) for word in state],
            partner=partner,
            limit=limit,
        )
        show([_row(entry, as_json) for entry in rows], COLUMNS_OUT, as_json=as_json, nothing="the queue is empty")


@queue.command("show")
@click.argument("number", type=int)
@json_option
@pass_context
def show_(context: Context, number: int, as_json: bool) -> None:
    """Show one outgoing letter, every attempt to send it, and what mail servers told of it since."""
    with context.journal() as journal, journal.read() as tx:
        entry = found(tx, number, Direction.OUT)
        about = exchanges.get(tx, entry.exchange) if entry.exchange else None
        show([{**_row(entry, as_json), "about": _about(about)}], COLUMNS_OUT, as_json=as_json)
        if about and not as_json:
            click.echo(printable(_named(about)))
        attempts = [attempt_row(attempt) for attempt in entries.attempts(tx, number)]
        show(attempts, ("at", "outcome", "phase", "code", "words"), as_json=as_json, nothing="not tried yet")


def _about(document: Exchange | None) -> Row | None:
    """Return which document a letter is about; its number and date are those at its sender."""
    if document is None:
        return None
    registered = document.registered
    return {
        "number": document.number.text,
        "date": document.number.date,
        "sender": document.partner if document.direction == "in" else document.office,
        "receiver": document.office if document.direction == "in" else document.partner,
        "registered": registered.text if registered else None,
        "registered_date": registered.date if registered else None,
    }


def _named(document: Exchange) -> str:
    said = _about(document) or {}
    whose = f"{said['sender']}'s" if document.direction == "in" else f"ours, to {said['receiver']}"
    registered = f", registered as {said['registered']} of {said['registered_date']}" if said["registered"] else ""
    return f"about the document {said['number'] or '(no number)'} of {said['date'] or '(no date)'}: {whose}{registered}"


def _row(entry: Entry, as_json: bool) -> Row:
    return entry_row(entry) if as_json else for_people(entry)


@queue.command()
@for_many
@pass_context
def retry(context: Context, by: str, why: str, **named: Any) -> None:  # Any: see `for_many`
    """Try queued or failed letters again now, the same bytes: those numbered, or all failed ones that fit a filter.

    They go also while their relay or their partner's server is left alone, one after the other there.
    """
    now, many = context.now(), many_of(context, why, **named)
    settings = context.settings()
    names, office = names_for(settings), Office(settings)

    def act(journal: Journal, entry: Entry) -> str:
        partner = office.partner_by_id(entry.partner) if entry.partner else None
        hold = partner is not None and partner.held and not entry.held
        with journal.write() as tx:
            entries.retry(tx, entry.id, now=now, who=by, why=why, by_hand=True, hold=hold)
            if hold:
                return f"letter {entry.id} is queued again and held: its partner is not live; queue release lets it go"
            return tried_again(tx, entry, names(entry))

    columns = ("id", "created_at", "state", "partner", "words")
    each(context, many, Direction.OUT, (State.FAILED,), columns, act)


@queue.command()
@for_many
@pass_context
def hold(context: Context, by: str, why: str, **named: Any) -> None:  # Any: see `for_many`
    """Keep queued letters back until they are released: those numbered, or all that fit a filter."""
    _held(context, many_of(context, why, **named), by, why, held=True)


@queue.command()
@for_many
@pass_context
def release(context: Context, by: str, why: str, **named: Any) -> None:  # Any: see `for_many`
    """Let held letters go: those numbered, or all held ones that fit a filter."""
    _held(context, many_of(context, why, **named), by, why, held=False)


def _held(context: Context, many: Many, by: str, why: str, *, held: bool) -> None:
    def change(tx: Connection, id: int) -> None:
        entries.set_held(tx, id, held, now=context.now(), who=by, why=why)

    act, columns = in_one(change, "held" if held else "released"), ("id", "created_at", "kind", "partner", "held")
    each(context, many, Direction.OUT, (State.QUEUED,), columns, act, lambda entry: entry.held is not held)
