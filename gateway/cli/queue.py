# SPDX-License-Identifier: GPL-3.0-or-later
"""``queue``: letters of ours on their way out."""

from typing import Any

import click

from gateway.cli.choosing import known_partner
from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.left_alone import names_for, tried_again
from gateway.cli.many import each, for_many, many_of
from gateway.cli.output import Row, show
from gateway.cli.rows import COLUMNS_OUT, acting, attempt_row, entry_row, for_people, found, who
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.store import Journal
from gateway.model import PartnerId


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
        show([_row(entry, as_json)], COLUMNS_OUT, as_json=as_json)
        attempts = [attempt_row(attempt) for attempt in entries.attempts(tx, number)]
        show(attempts, ("at", "outcome", "phase", "code", "words"), as_json=as_json, nothing="not tried yet")


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
    names = names_for(context.settings())

    def act(journal: Journal, entry: Entry) -> str:
        with journal.write() as tx:
            entries.retry(tx, entry.id, now=now, who=by, why=why, by_hand=True)
            return tried_again(tx, entry, names(entry))

    columns = ("id", "created_at", "state", "partner", "words")
    each(context, many, Direction.OUT, (State.FAILED,), columns, act)


@queue.command()
@click.argument("number", type=int)
@who
@pass_context
def hold(context: Context, number: int, by: str, why: str) -> None:
    """Keep a queued letter back until it is released."""
    _held(context, number, by, why, held=True)


@queue.command()
@click.argument("number", type=int)
@who
@pass_context
def release(context: Context, number: int, by: str, why: str) -> None:
    """Let a held letter go."""
    _held(context, number, by, why, held=False)


def _held(context: Context, number: int, by: str, why: str, *, held: bool) -> None:
    with acting(), context.journal() as journal, journal.write() as tx:
        found(tx, number, Direction.OUT)
        entries.set_held(tx, number, held, now=context.now(), who=by, why=why)
    click.echo(f"letter {number} is {'held' if held else 'released'}")
