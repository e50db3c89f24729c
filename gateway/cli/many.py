# SPDX-License-Identifier: GPL-3.0-or-later
"""One act on many letters: chosen by number or by filter, each in a transaction of its own, said one by one."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.choosing import Sought, sought_by, sought_of
from gateway.cli.context import PROBLEMS, Context, Ended
from gateway.cli.output import show
from gateway.cli.rows import entry_row, found, who
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.store import Journal

Act = Callable[[Journal, Entry], str]  # returns what to say; raises ValueError, LookupError or Ended when it cannot be
Change = Callable[[Connection, int], None]  # raises ValueError or LookupError when it is not possible


@dataclass(frozen=True, slots=True)
class Many:
    """Which letters, and how carefully."""

    numbers: tuple[int, ...]
    sought: Sought
    dry_run: bool
    yes: bool


def for_many(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add numbers, filters, --dry-run, --yes, --by and --why to *command*: all but the last two are for `many_of`.

    Only a dry run needs no reason.
    """
    command = click.option("--yes", is_flag=True, help="Do not ask, also on a terminal.")(sought_by(command))
    command = click.option("--dry-run", is_flag=True, help="Only list the letters that are meant.")(command)
    return click.argument("numbers", nargs=-1, type=int, metavar="[N]...")(who(command, required=False))


def many_of(context: Context, why: str, *, numbers: tuple[int, ...], dry_run: bool, yes: bool, **filters: Any) -> Many:
    """Return which letters were named; neither numbers nor a filter, both, or no reason *why* is a usage error."""
    if not why and not dry_run:
        raise click.UsageError("Missing option '--why'.")
    sought = sought_of(context, **filters)
    if bool(numbers) is sought.names_something:
        raise click.UsageError("say which letters: either their numbers, or a filter (--reason, --search …)")
    return Many(numbers, sought, dry_run, yes)


def in_one(change: Change, done: str) -> Act:
    """Return *change* as an act in a transaction of its own, said as "letter N is *done*"."""

    def act(journal: Journal, entry: Entry) -> str:
        with journal.write() as tx:
            change(tx, entry.id)
        return f"letter {entry.id} is {done}"

    return act


def each(
    context: Context,
    many: Many,
    direction: Direction,
    states: tuple[State, ...],
    columns: Sequence[str],
    act: Act,
    fits: Callable[[Entry], bool] = lambda entry: True,
) -> None:
    """Let *act* work on each letter that is meant, and say of each what became of it.

    Filters find letters in *states* only that *fits* is true of.  Ends the command with 1 when some could not.
    """
    with context.journal() as journal:
        meant = _meant(journal, many, states, fits)
        asks = many.sought.names_something and not many.yes and sys.stdin.isatty()
        if many.dry_run or asks:
            _list(journal, meant, columns)
        if many.dry_run:
            return click.echo(f"{len(meant)} letter(s) meant; nothing was done")
        if asks and meant:
            click.confirm(f"{len(meant)} letter(s): go on?", abort=True)
        failed = sum(not _one(journal, number, direction, act) for number in meant)
    if len(meant) != 1:
        click.echo(f"{len(meant) - failed} done, {failed} not")
    if failed:
        raise SystemExit(PROBLEMS)
    return None


def _meant(journal: Journal, many: Many, states: tuple[State, ...], fits: Callable[[Entry], bool]) -> list[int]:
    if not many.sought.names_something:
        return list(dict.fromkeys(many.numbers))
    with journal.read() as tx:
        return [entry.id for entry in many.sought.all(tx, states) if fits(entry)][::-1]  # the oldest first


def _list(journal: Journal, numbers: Sequence[int], columns: Sequence[str]) -> None:
    with journal.read() as tx:
        letters = [entry for number in numbers if (entry := entries.get(tx, number)) is not None]
    rows = [entry_row(entry) for entry in letters]
    show(rows, columns, as_json=False, nothing="no letter is meant", cut=columns[-1])


def _one(journal: Journal, number: int, direction: Direction, act: Act) -> bool:
    """Act on one letter; say what happened."""
    try:
        with journal.read() as tx:
            entry = found(tx, number, direction)
        click.echo(act(journal, entry))
    except (ValueError, LookupError) as error:
        click.echo(f"letter {number}: {error}", err=True)
        return False
    except Ended as error:
        click.echo(error.message, err=True)
        return False
    return True
