# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of letters as they came, into new files; names are made of numbers, never of what a letter says."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.choosing import sought_by, sought_of
from gateway.cli.context import PROBLEMS, Context, Ended, pass_context
from gateway.cli.rows import acting, found
from gateway.journal import entries
from gateway.journal.entries import Direction, State
from gateway.journal.store import Journal


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="[N]... PATH")
@sought_by
@pass_context
def export(context: Context, targets: tuple[str, ...], **filters: Any) -> None:  # Any: see `sought_of`
    """Write letters, unchanged, to new files: one to PATH, several or filtered ones to N.eml in a new folder PATH."""
    *typed, path = targets
    sought = sought_of(context, **filters)
    if not all(number.isdecimal() for number in typed) or bool(typed) is sought.names_something:
        raise click.UsageError("say which letters, either by numbers or by a filter, and then the new file or folder")
    numbers = [int(number) for number in typed]
    with acting(), context.journal() as journal:
        if len(numbers) == 1:
            with journal.read() as tx:
                _write(tx, journal, numbers[0], Path(path))
            return click.echo(f"written  {path}")
        if not numbers:
            with journal.read() as tx:
                numbers = [entry.id for entry in sought.all(tx, (State.PARKED,))]
        return _several(journal, sorted(numbers), Path(path))


def _several(journal: Journal, numbers: list[int], folder: Path) -> None:
    """Write each letter into the new *folder*; one that cannot be read keeps none of the others."""
    with journal.read() as tx:
        for number in numbers:
            found(tx, number, Direction.IN)
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise Ended(f"{folder} exists already; nothing was written", PROBLEMS) from error
    failed = 0
    for number in numbers:
        try:
            with journal.read() as tx:
                _write(tx, journal, number, folder / f"{number}.eml")
        except (LookupError, OSError) as error:
            click.echo(f"letter {number}: {error}", err=True)
            failed += 1
    click.echo(f"written  {folder}: {len(numbers) - failed} letter(s)")
    if failed:
        raise SystemExit(PROBLEMS)


def _write(tx: Connection, journal: Journal, number: int, path: Path) -> None:
    found(tx, number, Direction.IN)
    letter = entries.letter(tx, journal.blobs, number)
    try:
        with path.open("xb") as file:
            for block in letter.blocks():
                file.write(block)
    except FileExistsError as error:
        raise Ended(f"{path} exists already; nothing was written", PROBLEMS) from error
