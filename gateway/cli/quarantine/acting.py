# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person decides about letters; every act is kept with who and why, and shown by `show` and `trace`."""

from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.context import PROBLEMS, UNAVAILABLE, Context, Ended, pass_context
from gateway.cli.many import each, for_many, in_one, many_of
from gateway.cli.output import printable
from gateway.cli.quarantine.opening import addressees
from gateway.cli.quarantine.remedies import why_not_accepted
from gateway.cli.recreating import recreate
from gateway.cli.rows import COLUMNS_IN, acting, found, who
from gateway.errors import Reason
from gateway.inbound.fixing import called, spelled
from gateway.journal import entries
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.store import Journal
from gateway.model import Department, Organisation, Party, Person
from gateway.office import Office
from gateway.ports import Edms


@click.command()
@for_many
@pass_context
def reprocess(context: Context, by: str, why: str, **named: Any) -> None:  # Any: see `for_many`
    """Process letters again, as if they had just been accepted: those numbered, or all parked ones that fit a filter.

    The moment of arrival stays, and with it the date of registration.
    A letter that is done makes its card again when that has vanished from the EDMS (db verify).
    """

    def again(tx: Connection, number: int) -> None:
        entries.reprocess(tx, number, now=context.now(), who=by, why=why)

    def act(journal: Journal, entry: Entry) -> str:
        if entry.state is State.DONE:
            return recreate(context, journal, entry, by, why)
        return in_one(again, "processed again")(journal, entry)

    each(context, many_of(context, why, **named), Direction.IN, (State.PARKED,), COLUMNS_IN, act)


@click.command()
@for_many
@pass_context
def drop(context: Context, by: str, why: str, **named: Any) -> None:  # Any: see `for_many`
    """Give up on parked letters, those numbered or all that fit a filter; their rows and the reasons stay."""
    now = context.now()

    def act(tx: Connection, number: int) -> None:
        entries.drop(tx, number, now=now, who=by, why=why)

    each(context, many_of(context, why, **named), Direction.IN, (State.PARKED,), COLUMNS_IN, in_one(act, "dropped"))


@click.command()
@click.argument("number", type=int)
@click.option("--accept", is_flag=True, help="Let this letter pass what stopped it, once.")
@click.option("--addressee", default="", metavar="NAME", help="Whom the letter names, as `show` prints it …")
@click.option("--to", "to", default="", metavar="OFFICIAL", help="… and who gets it: index, name, post or department.")
@who
@pass_context
def fix(context: Context, number: int, accept: bool, addressee: str, to: str, by: str, why: str) -> None:
    """Decide about one letter that was parked, or whose document was refused, and process it again.

    The decision is for this letter alone and stays with it.  The moment of arrival stays too; a sender who was told a
    refusal hears of the registration.
    """
    if accept is bool(addressee or to) or bool(addressee) is not bool(to):
        raise click.UsageError("say what is decided: --accept, or --addressee NAME --to OFFICIAL")
    now = context.now()
    with acting(), context.journal() as journal:
        with journal.read() as tx:
            entry = found(tx, number, Direction.IN)
            _may_be_fixed(entry)
            letter = entries.letter(tx, journal.blobs, number)
        if accept and (objection := why_not_accepted(entry)):
            raise Ended(f"letter {number}: {objection}", PROBLEMS)
        instead = None
        if addressee:
            with journal.blobs.scratch() as scratch:
                addressee = _named(addressee, addressees(letter, scratch.sink))
            instead = _chosen(context, entry, to)
        with journal.write() as tx:
            accepts = entry.reason if accept else None
            entries.fix(tx, number, who=by, why=why, now=now, accepts=accepts, addressee=addressee, instead=instead)
    click.echo(f"letter {number} is processed again")


def _may_be_fixed(entry: Entry) -> None:
    if entry.state is State.WAITING and entry.reason is Reason.DIRECTORY:
        raise Ended(f"letter {entry.id} is a directory of people: edms-gateway directory show {entry.id}", PROBLEMS)
    if entry.state is State.WAITING:
        raise Ended(f"letter {entry.id} lies before a person in the EDMS, who decides there", PROBLEMS)
    refused = entry.state is State.DONE and entry.kind == "document" and entry.reason is not None
    if entry.state is not State.PARKED and not refused:
        raise Ended(f"letter {entry.id} is {entry.state.value}: nothing is to be decided about it", PROBLEMS)


def _named(typed: str, names: tuple[str, ...]) -> str:
    """Return the addressee of the letter that was typed; ends the command when it names nobody like that."""
    for name in names:
        if spelled(name) == spelled(typed):
            return name
    known = ", ".join(f"«{name}»" for name in names) or "nobody"
    raise Ended(printable(f"the letter does not name «{typed}»; it names {known}"), PROBLEMS)


def _chosen(context: Context, entry: Entry, typed: str) -> Party:
    """Return who was typed, as the EDMS knows them; ends the command when it knows nobody like that, or several."""
    from gateway.build import SystemClock, edms_of

    settings = context.settings()
    ours = Office(settings).ours(entry.office) or settings.offices[0]
    try:
        system = edms_of(settings, SystemClock())
    except Exception as error:  # an edge: whatever a database driver raises is shown in one line
        raise Ended(f"the EDMS is not available: {type(error).__name__}: {error}", UNAVAILABLE) from error
    try:
        found = _resolved(system, Organisation(index=ours.index), typed)
    finally:
        system.close()
    if found is None:
        words = f"the EDMS knows nobody, or more than one, by «{typed}»: give an index or the whole name"
        raise Ended(f"{words}; edms-gateway directory export lists them", PROBLEMS)
    return found


def _resolved(system: Edms, organisation: Organisation, typed: str) -> Party | None:
    hints = (
        Party(organisation, person=Person(index=typed)),
        Party(organisation, person=Person(name=typed)),
        Party(organisation, person=Person(post=typed)),
        Party(organisation, department=Department(name=typed)),
    )
    return next((hint for hint in hints if called(hint) and system.resolve(hint) is not None), None)
