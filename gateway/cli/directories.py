# SPDX-License-Identifier: GPL-3.0-or-later
"""``directory``, by letter: ours to a partner whose standard has directories, a partner's for an administrator's word.

The word is kept in the journal; the service does what it says, and answers the partner.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import click
from sqlalchemy import Connection

from gateway import directories as people
from gateway.cli.context import PROBLEMS, Context, Ended, json_option, pass_context
from gateway.cli.directory import counted, directory, one_of, opened, tell
from gateway.cli.officials import BadDirectory, exportable
from gateway.cli.output import Row, local, printable, show
from gateway.cli.quarantine import opening
from gateway.cli.rows import acting, delivery_of, found, who
from gateway.errors import Reason, Refused
from gateway.journal import directories, entries
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.store import Journal
from gateway.model import DirectoryUpdate, Message, PartnerId
from gateway.office import Office, Partner
from gateway.ports import Imported
from gateway.settings import Settings

__all__ = ["directory"]

LEFT_OUT = 100  # LIMIT: lines of a directory that are named because they cannot be brought in
AGREED = "approved"  # why, when nobody says more
letter = click.argument("number", type=int, metavar="LETTER")


@dataclass(frozen=True, slots=True)
class Update:
    """A partner's directory that waits, opened."""

    entry: Entry
    partner: Partner
    message: Message
    body: DirectoryUpdate

    @property
    def plan(self) -> people.Plan:
        return people.plan_of(self.body, self.message.sender.index, self.partner.settings.indices)


# --- a partner's --------------------------------------------------------------------------------------------------


@directory.command("received")
@json_option
@pass_context
def received(context: Context, as_json: bool) -> None:
    """List partners' directories that wait for an administrator, oldest first."""
    office = Office(context.settings())
    with context.journal() as journal:
        with journal.read() as tx:
            waiting = entries.select(tx, states=(State.WAITING,), reason=Reason.DIRECTORY, limit=LEFT_OUT)
        updates = [_opened(journal, entry, office) for entry in reversed(waiting)]
        rows = [_row(journal, update, office) for update in sorted(updates, key=lambda one: one.message.sent_at)]
    columns = ("id", "created_at", "partner", "sent_at", "people", "why_not")
    show(rows, columns, as_json=as_json, nothing="no partner's directory waits")
    if rows and not as_json:
        click.echo("edms-gateway directory show LETTER  says what it would change")


@directory.command("show")
@letter
@pass_context
def show_(context: Context, number: int) -> None:
    """Say what a partner's directory would change in our EDMS, and change nothing."""
    settings = context.settings()
    office = Office(settings)
    with acting(), context.journal() as journal:
        update = _waiting(journal, number, office)
        why_not = _why_not(journal, update, office)
    done = _tried(settings, update.plan)
    _say(update, done)
    click.echo(f"it cannot be applied: {why_not}" if why_not else f"to do it: edms-gateway directory apply {number}")


@directory.command()
@letter
@partial(who, required=False)
@pass_context
def apply(context: Context, number: int, by: str, why: str) -> None:
    """Have a partner's directory brought into our EDMS; the partner is told what it changed."""
    settings = context.settings()
    office = Office(settings)
    with acting(), context.journal() as journal:
        update = _waiting(journal, number, office)
        if why_not := _why_not(journal, update, office):
            raise Ended(f"letter {number} cannot be applied: {why_not}", PROBLEMS)
        done = _tried(settings, update.plan)
        with journal.write() as tx:
            entries.decide(tx, number, apply=True, who=by, why=why or AGREED, now=context.now())
    _say(update, done)
    click.echo(f"letter {number}: the service brings it in and tells {update.partner.id}")


@directory.command()
@letter
@who
@pass_context
def decline(context: Context, number: int, by: str, why: str) -> None:
    """Change nothing by a partner's directory; the partner is told that nothing changed, the reason stays here."""
    with acting(), context.journal() as journal:
        update = _waiting(journal, number, Office(context.settings()))
        with journal.write() as tx:
            entries.decide(tx, number, apply=False, who=by, why=why, now=context.now())
    click.echo(f"letter {number}: declined; the service tells {update.partner.id} that nothing was changed")


def _waiting(journal: Journal, number: int, office: Office) -> Update:
    """Return the directory in letter *number*; ends the command when none waits there."""
    with journal.read() as tx:
        entry = found(tx, number, Direction.IN)
    if entry.state is not State.WAITING or entry.reason is not Reason.DIRECTORY:
        raise Ended(f"letter {number} is no directory that waits: edms-gateway directory received", PROBLEMS)
    return _opened(journal, entry, office)


def _opened(journal: Journal, entry: Entry, office: Office) -> Update:
    partner = office.partner_by_id(entry.partner or PartnerId(""))
    if partner is None:
        raise Ended(f"letter {entry.id}: there is no partner {entry.partner} any more", PROBLEMS)
    with journal.blobs.scratch() as scratch:
        with journal.read() as tx:
            content = entries.letter(tx, journal.blobs, entry.id)
        message = opening.opened(content, scratch.sink).message
    if message is None or not isinstance(message.body, DirectoryUpdate):
        raise Ended(f"letter {entry.id} cannot be read any more", PROBLEMS)
    message = office.inward(message)
    assert isinstance(message.body, DirectoryUpdate)  # only indices were changed
    return Update(entry, partner, message, message.body)


def _why_not(journal: Journal, update: Update, office: Office) -> str:
    """Return why *update* cannot be applied now, or empty: in the order in which they were sent, each once."""
    with journal.read() as tx:
        newest = [
            at
            for order in update.plan.orders
            if (at := directories.applied_at(tx, update.partner.id, order.organisation)) is not None
        ]
        others = entries.select(
            tx,
            states=(State.WAITING, State.ACCEPTED),
            partner=update.partner.id,
            reason=Reason.DIRECTORY,
            limit=LEFT_OUT,
        )
    if not update.plan.orders:
        return "there is nobody in it who could be brought in"
    if newest and max(newest) > update.message.sent_at:
        return f"a newer one was applied, sent {local(max(newest))}; decline it, and ask for a new one"
    for other in others:
        if other.id != update.entry.id and _opened(journal, other, office).message.sent_at < update.message.sent_at:
            return f"letter {other.id} was sent before it: apply or decline that one first"
    return ""


def _tried(settings: Settings, plan: people.Plan) -> dict[str, Imported]:
    with opened(settings) as edms:
        return {
            order.organisation: edms.import_people(order.organisation, order.officials, gone=order.gone, dry_run=True)
            for order in plan.orders
        }


def _row(journal: Journal, update: Update, office: Office) -> Row:
    return {
        "id": update.entry.id,
        "created_at": update.entry.created_at,
        "partner": update.partner.id,
        "sent_at": update.message.sent_at,
        "people": len(update.body.listings),
        "why_not": _why_not(journal, update, office) or None,
    }


def _say(update: Update, done: dict[str, Imported]) -> None:
    """Say what *done* changes, and who is left out."""
    for organisation, imported in done.items():
        if len(done) > 1:
            click.echo(f"{printable(organisation)}:")
        tell(imported)
        click.echo(counted(imported))
    left_out = update.plan.left_out
    for one in left_out[:LEFT_OUT]:
        click.echo(printable(f"left out   {people.index_of(one.listing)}  {people.name_of(one.listing)}: {one.why}"))
    if len(left_out) > LEFT_OUT:
        click.echo(f"… and {len(left_out) - LEFT_OUT} more are left out")


# --- ours ---------------------------------------------------------------------------------------------------------


@directory.command("send")
@click.option("--partner", "partner_id", type=PartnerId, required=True, metavar="ID", help="Who is told.")
@click.option("--office", metavar="INDEX", help="Which of our organisations; needed when there are several.")
@pass_context
def send(context: Context, partner_id: PartnerId, office: str | None) -> None:
    """Send our people to a partner whose standard has directories, and who has left since the last time."""
    from gateway.build import outbox_of

    settings = context.settings()
    known = Office(settings)
    partner = known.partner_by_id(partner_id)
    if partner is None:
        raise Ended(f"there is no partner {partner_id}", PROBLEMS)
    ours = known.ours(one_of([one.index for one in settings.offices], office, "--office"))
    assert ours is not None
    with opened(settings) as edms:
        everybody = edms.people(ours.index)
    try:
        officials = exportable(everybody)
    except BadDirectory as error:
        raise Ended("\n".join(words for _, words in error.problems), PROBLEMS) from error
    if len(officials) > people.MAX_PEOPLE:
        raise Ended(f"there are more than {people.MAX_PEOPLE} people in {ours.index}: nothing was sent", PROBLEMS)
    if not officials:
        raise Ended(f"nobody in {ours.index} has an exchange index: nothing was sent", PROBLEMS)
    now = context.now()
    with context.journal() as journal, journal.write() as tx:
        told = directories.told(tx, partner.id, ours.index)
        sealer = outbox_of(settings, journal).sealer
        updates = people.updates_of(known.party(ours), officials, told)
        try:
            letters = [people.update_letter(sealer, update, partner, ours, now) for update in updates]
        except Refused as why:
            raise Ended(f"{partner.id}: {why.detail}; nothing was sent", PROBLEMS) from why
        numbers = [entries.queue(tx, one, now) for one in letters]
        directories.note_told(tx, partner.id, ours.index, {one.index: one.name for one in officials})
    for number, update in zip(numbers, updates, strict=True):
        left = sum(listing.deleted for listing in update.listings)
        held = "; held: the partner is not live" if partner.held else ""
        click.echo(f"queued  letter {number}: {len(update.listings) - left} people, {left} who left{held}")
    if without := [one.name for one in everybody if not one.index.strip()]:
        click.echo(f"without an exchange index, left out: {printable(', '.join(without))}", err=True)


@directory.command("sent")
@click.option("--limit", default=100, show_default=True, help="At most so many, newest first.")
@json_option
@pass_context
def sent(context: Context, limit: int, as_json: bool) -> None:
    """List our directories that went to partners, and what each partner changed by it."""
    with context.journal() as journal, journal.read() as tx:
        letters = entries.select(tx, direction=Direction.OUT, kind=people.KIND, limit=limit)
        rows = [_sent_row(tx, one) for one in letters]
    columns = ("id", "created_at", "state", "partner", "office", "delivery", "answered_at", "answer")
    show(rows, columns, as_json=as_json, nothing="no directory of ours was sent")


def _sent_row(tx: Connection, entry: Entry) -> dict[str, Any]:  # Any: values of many types
    answer = directories.answered(tx, entry.id)
    return {
        "id": entry.id,
        "created_at": entry.created_at,
        "state": entry.state,
        "partner": entry.partner,
        "office": entry.office,
        "delivery": delivery_of(entry) or None,
        "answered_at": answer.sent_at if answer else None,
        "answer": answer.words if answer else None,
        "answer_letter": answer.letter if answer else None,
    }
