# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner's directory of people: laid before our administrator, applied only when he says so, answered either way.

And what a partner tells of ours.  Between the administrator's word and the answer everything may be repeated: what an
update is about to change is noted before it changes anything, and bringing it in twice changes nothing more.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial as bound

from sqlalchemy import Connection

from gateway import identity
from gateway.directories import KIND, RESULT_KIND, Order, Plan, in_words, joined, plan_of, result_letter, result_of
from gateway.errors import Reason, Refused
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude, park
from gateway.inbound.repeats import may_repeat
from gateway.journal import directories, entries, messages
from gateway.journal.entries import Entry, State
from gateway.logs import learnt
from gateway.model import DirectoryResult, DirectoryUpdate, Message, MessageId
from gateway.office import Partner
from gateway.ports import Imported, NotOffered
from gateway.settings import OfficeSettings


def take_directory(
    entry: Entry, message: Message, update: DirectoryUpdate, letter_id: str, partner: Partner, desk: Desk, now: datetime
) -> None:
    """Lay *update* before an administrator, or do with it what one has decided."""
    addressed = desk.office.addressed(message.recipients)
    about = About(partner.id, message_id=message.id, kind=KIND, rfc_message_id=letter_id)
    if not addressed:
        return park(entry, Refused(Reason.NOT_FOR_US, "none of the recipients is ours"), about, desk, now)
    ours = addressed[0]
    about = replace(about, office=ours.index)
    learnt(office=ours.index)
    with desk.journal.read() as tx:
        decision = entries.decision_of(tx, entry.id)
    if decision == "apply":
        return apply(entry, message, update, about, partner, ours, desk, now)
    if decision == "decline":
        return finish(entry, message, DirectoryResult(), "declined", about, partner, ours, desk, now)
    return lay_before(entry, message, update, about, partner, desk, now)


def lay_before(
    entry: Entry, message: Message, update: DirectoryUpdate, about: About, partner: Partner, desk: Desk, now: datetime
) -> None:
    """Let an administrator decide; a message that came before is done, or a conflict."""
    digest = identity.directory_digest(update)
    with desk.journal.write() as tx:
        known_as = message.id
        noted = messages.find(tx, partner.id, about.office, known_as)
        if noted is not None and noted.entry != entry.id:
            if noted.digest == digest:
                answer_again(tx, entry, message, about, partner, desk, now)
                return conclude(tx, entry, State.DONE, replace(about, kind="duplicate"), now, detail="came before")
            if Reason.CONFLICT not in entries.fix_of(tx, entry.id).accepts:
                why = Refused(Reason.CONFLICT, "this message id came before, with another content")
                return conclude(tx, entry, State.PARKED, about, now, why=why)
            known_as = MessageId(f"{message.id} (letter {entry.id})")
        messages.note(tx, partner.id, about.office, known_as, digest, None, entry.id, now)
        desk.failpoint("directory:waiting")
        return wait(tx, entry, f"a directory of {len(update.listings)} people waits for your word", about, now)


def wait(tx: Connection, entry: Entry, words: str, about: About, now: datetime) -> None:
    conclude(tx, entry, State.WAITING, about, now, why=Refused(Reason.DIRECTORY, words))


def apply(
    entry: Entry,
    message: Message,
    update: DirectoryUpdate,
    about: About,
    partner: Partner,
    ours: OfficeSettings,
    desk: Desk,
    now: datetime,
) -> None:
    """Bring *update* into our EDMS and answer with what it changed; what cannot be brought in waits on."""
    plan = plan_of(update, message.sender.index, partner.settings.indices)
    with desk.journal.read() as tx:
        before = directories.planned(tx, entry.id)
        newer = [
            at
            for order in plan.orders
            if (at := directories.applied_at(tx, partner.id, order.organisation)) and at > message.sent_at
        ]
    if newer:
        with desk.journal.write() as tx:
            return wait(tx, entry, f"a newer one, of {max(newer):%Y-%m-%d %H:%M} UTC, was applied", about, now)
    tried = imported(plan, desk, now, dry_run=True)
    if isinstance(tried, str):
        with desk.journal.write() as tx:
            return wait(tx, entry, tried, about, now)
    result = joined(before, result_of(update, message.sender.index, tried))
    with desk.journal.write() as tx:
        directories.plan(tx, entry.id, result)
    desk.failpoint("directory:planned")
    if isinstance(done := imported(plan, desk, now, dry_run=False), str):
        with desk.journal.write() as tx:
            return wait(tx, entry, done, about, now)
    desk.failpoint("directory:applied")
    return finish(entry, message, result, f"applied: {in_words(result)}", about, partner, ours, desk, now, plan)


def imported(plan: Plan, desk: Desk, now: datetime, *, dry_run: bool) -> dict[str, Imported] | str:
    """Return what *plan* changes in our EDMS by organisation, or in words why it cannot take it in.

    Raises Deferred when the EDMS does not work now.
    """
    found = {}
    for order in plan.orders:
        told = desk.ask_edms(bound(_brought_in, order, desk, dry_run=dry_run), now)
        if isinstance(told, str):
            return told
        found[order.organisation] = told
    return found


def _brought_in(order: Order, desk: Desk, *, dry_run: bool) -> Imported | str:
    try:
        return desk.edms.import_people(order.organisation, order.officials, gone=order.gone, dry_run=dry_run)
    except NotOffered as why:
        return f"our EDMS takes no directories in: {why}"
    except LookupError as why:
        if type(why) is not LookupError:
            raise  # a defect of the adapter, not its answer
        return str(why)


def finish(
    entry: Entry,
    message: Message,
    result: DirectoryResult,
    words: str,
    about: About,
    partner: Partner,
    ours: OfficeSettings,
    desk: Desk,
    now: datetime,
    applied: Plan | None = None,
) -> None:
    """Write the end and queue the answer, in one commit; *applied*: what was, None for nothing."""
    with desk.journal.write() as tx:
        for order in applied.orders if applied else ():
            directories.note_applied(tx, partner.id, order.organisation, message.sent_at)
        letter = result_letter(desk.outbox.sealer, result, message, about.rfc_message_id, partner, ours, now)
        entries.queue(tx, letter, now)
        desk.failpoint("directory:finishing")
        conclude(tx, entry, State.DONE, about, now, detail=words)


def answer_again(
    tx: Connection, entry: Entry, message: Message, about: About, partner: Partner, desk: Desk, now: datetime
) -> None:
    """Send the answer to a repeated update once more, the same bytes, if it arrived anew and this is not too often."""
    answer_id = identity.directory_result_id(desk.outbox.sealer.secret, partner.id, message.id)
    answer = entries.by_message_id(tx, answer_id)
    if answer is None or answer.state is not State.SENT or not entry.arrived_anew:
        return
    if may_repeat(tx, partner.id, about.office, message.id, now):
        entries.note_repeat(tx, partner.id, about.office, message.id, now)
        entries.resend(tx, answer.id, now, hold=partner.held)


# --- what a partner tells of ours ---------------------------------------------------------------------------------


def take_directory_result(
    entry: Entry, message: Message, result: DirectoryResult, letter_id: str, partner: Partner, desk: Desk, now: datetime
) -> None:
    """Note what *partner* changed after a directory of ours, beside the letter that carried it; nothing is answered."""
    with desk.journal.write() as tx:
        sent = entries.by_message_id(tx, message.return_id) if message.return_id else None
        about = About(partner.id, message_id=message.id, kind=RESULT_KIND, rfc_message_id=letter_id)
        if sent is None or sent.kind != KIND:
            why = Refused(Reason.UNKNOWN_EXCHANGE, "no directory of ours was sent under this return id")
            return conclude(tx, entry, State.PARKED, about, now, why=why)
        if sent.partner != partner.id:
            why = Refused(Reason.FORGED, "the directory it reports on was not sent to this partner")
            return conclude(tx, entry, State.PARKED, about, now, why=why)
        about = replace(about, office=sent.office)
        noted = messages.find(tx, partner.id, sent.office, message.id)
        if noted is not None and noted.entry != entry.id:
            return conclude(tx, entry, State.DONE, about, now, detail="a duplicate")
        messages.note(tx, partner.id, sent.office, message.id, identity.directory_digest(result), None, entry.id, now)
        words = in_words(result) if result.outcomes else "declined, or nothing to change there"
        directories.note_answered(tx, sent.id, directories.Answered(entry.id, message.sent_at, words))
        entries.received(tx, sent.id, now)
        return conclude(tx, entry, State.DONE, about, now, detail=f"answers our directory, letter {sent.id}: {words}")
