# SPDX-License-Identifier: GPL-3.0-or-later
"""``quarantine``: letters laid aside with a reason, for a person to look at."""

from pathlib import Path

import click

from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.explaining import explained_letter, for_people
from gateway.cli.output import show
from gateway.cli.recreating import recreate
from gateway.cli.rows import COLUMNS_IN, acting, entry_row, found, who
from gateway.errors import Reason
from gateway.journal import entries
from gateway.journal.entries import Direction, State
from gateway.model import PartnerId
from gateway.office import Office


@click.group()
def quarantine() -> None:
    """List, look at, export, process again and drop parked letters."""


@quarantine.command("list")
@click.option("--reason", type=Reason, metavar="REASON", help="Only with this reason.")
@click.option("--partner", type=PartnerId, help="Only this partner's.")
@click.option("--limit", default=100, show_default=True, help="At most so many, newest first.")
@json_option
@pass_context
def list_(context: Context, reason: Reason | None, partner: PartnerId | None, limit: int, as_json: bool) -> None:
    """List parked letters and why they are parked."""
    with context.journal() as journal, journal.read() as tx:
        rows = entries.select(
            tx,
            direction=Direction.IN,
            states=[State.PARKED],
            reason=reason,
            partner=partner,
            limit=limit,
        )
        show([entry_row(entry) for entry in rows], COLUMNS_IN, as_json=as_json, nothing="nothing is parked")


@quarantine.command("show")
@click.argument("number", type=int)
@json_option
@pass_context
def show_(context: Context, number: int, as_json: bool) -> None:
    """Show one parked letter: its reason, and what can be understood of it."""
    with context.journal() as journal:
        with journal.read() as tx:
            entry = found(tx, number, Direction.IN)
            letter = entries.letter(tx, journal.blobs, number)
            acts = [{"at": act.at, "act": act.act, "who": act.who, "why": act.why} for act in entries.acts(tx, number)]
        show([entry_row(entry)], COLUMNS_IN, as_json=as_json)
        if acts and not as_json:
            show(acts, tuple(acts[0]), as_json=False, title="Acts")
        understood = explained_letter(letter, journal.blobs.sink, Office(context.settings()))
        if as_json:
            show([understood], (), as_json=True)
        else:
            click.echo(for_people(understood))


@quarantine.command()
@click.argument("number", type=int)
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@pass_context
def export(context: Context, number: int, path: Path) -> None:
    """Write the letter's bytes, unchanged, to a new file PATH."""
    with context.journal() as journal, journal.read() as tx:
        found(tx, number, Direction.IN)
        letter = entries.letter(tx, journal.blobs, number)
        try:
            with path.open("xb") as file:
                for block in letter.blocks():
                    file.write(block)
        except FileExistsError as error:
            raise Ended(f"{path} exists already; nothing was written", PROBLEMS) from error
    click.echo(f"written  {path}")


@quarantine.command()
@click.argument("number", type=int)
@who
@pass_context
def reprocess(context: Context, number: int, by: str, why: str) -> None:
    """Process a parked letter again, as if it had just been accepted; its moment of arrival stays.

    A letter that is done makes its card again when that has vanished from the EDMS (db verify).
    """
    with acting(), context.journal() as journal:
        with journal.read() as tx:
            entry = found(tx, number, Direction.IN)
        if entry.state is State.DONE:
            click.echo(recreate(context, journal, entry, by, why))
            return
        with journal.write() as tx:
            entries.reprocess(tx, number, now=context.now(), who=by, why=why)
    click.echo(f"letter {number} is processed again")


@quarantine.command()
@click.argument("number", type=int)
@who
@pass_context
def drop(context: Context, number: int, by: str, why: str) -> None:
    """Give up on a parked letter; its row and the reason stay."""
    with acting(), context.journal() as journal, journal.write() as tx:
        found(tx, number, Direction.IN)
        entries.drop(tx, number, now=context.now(), who=by, why=why)
    click.echo(f"letter {number} is dropped")
