# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies there: a list, counts per reason and partner, and what the reasons mean."""

from shutil import get_terminal_size
from textwrap import fill
from typing import Any

import click

from gateway.cli.choosing import sought_by, sought_of
from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.output import Row, plain, show
from gateway.cli.quarantine.remedies import REMEDIES, can_accept
from gateway.cli.rows import COLUMNS_IN, entry_row
from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.journal.states import REASON_WORDS

COLUMNS_WAITING = ("id", "created_at", "partner", "why")
SEE_LIST = "see list --waiting"  # of a pile without a reason: each letter of it has words of its own


@click.command("list")
@sought_by
@click.option("--waiting", is_flag=True, help="Those that lie before a person in the EDMS instead.")
@click.option("--refused", is_flag=True, help="Documents whose sender was told a refusal instead.")
@click.option("--limit", default=100, show_default=True, help="At most so many, newest first.")
@click.option("--before", type=int, metavar="N", help="The next page: only letters with a smaller number.")
@click.option("--counts", "counted", is_flag=True, help="How many per reason and partner instead.")
@json_option
@pass_context
def list_(
    context: Context,
    waiting: bool,
    refused: bool,
    limit: int,
    before: int | None,
    counted: bool,
    as_json: bool,
    **filters: Any,  # Any: see `sought_of`
) -> None:
    """List parked letters and why they are parked, newest first."""
    if counted:
        return _counts(context, as_json=as_json)
    states = (State.WAITING,) if waiting else () if refused else (State.PARKED,)
    sought = sought_of(context, **filters)
    with context.journal() as journal, journal.read() as tx:
        found = sought.letters(tx, states, limit + 1, before=before, refused=refused)
    rows = [entry_row(entry) if as_json else _for_people(entry) for entry in found[:limit]]
    empty = "nothing waits for a person" if waiting else "nothing was refused" if refused else "nothing is parked"
    columns = COLUMNS_WAITING if waiting else COLUMNS_IN
    show(rows, columns, as_json=as_json, nothing=empty, cut=columns[-1])
    if len(found) > limit and not as_json:
        click.echo(f"there is more: --before {rows[-1]['id']}")
    return None


def _for_people(entry: Entry) -> Row:
    """Return *entry* with why it lies here: most that wait for a person have no reason, only words."""
    words = (entry.reason.value if entry.reason else "", entry.detail)
    return {**entry_row(entry), "why": ": ".join(filter(None, words))}


@click.command()
@json_option
@pass_context
def counts(context: Context, as_json: bool) -> None:
    """Count parked and waiting letters per reason and partner, with the oldest."""
    _counts(context, as_json=as_json)


def _counts(context: Context, *, as_json: bool) -> None:
    with context.journal() as journal, journal.read() as tx:
        piles = entries.piles(tx, (State.PARKED, State.WAITING))
    rows: list[Row] = [
        {
            "state": pile.state,
            "reason": pile.reason if pile.reason or as_json else SEE_LIST,
            "partner": pile.partner,
            "letters": pile.letters,
            "oldest": pile.oldest,
        }
        for pile in piles
    ]
    show(rows, ("state", "reason", "partner", "letters", "oldest"), as_json=as_json, nothing="nothing is parked")


@click.command()
@json_option
def reasons(as_json: bool) -> None:
    """Say what each reason means, and what can be done about a letter that has it."""
    rows: list[Row] = [
        {"reason": reason, "means": means, "accept": can_accept(reason), "remedy": REMEDIES[reason]}
        for reason, means in REASON_WORDS.items()
    ]
    if as_json:
        return show(rows, (), as_json=True)
    width = min(get_terminal_size().columns, 120)
    for row in rows:
        click.echo(fill(f"{plain(row['reason'])}: {row['means']}", width, subsequent_indent=" " * 4))
        click.echo(fill(str(row["remedy"]), width, initial_indent=" " * 4, subsequent_indent=" " * 4))
    return None
