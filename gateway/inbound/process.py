# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of one letter, from the moment we promised to keep it to the moment it is done.

Read `process` top to bottom, then `documents`, then `news`: that is the whole product on the receiving side.
Everything between two commits may be repeated after a crash: every step is pure, or idempotent by its key.
Three ways to stop: Refused (silence for a stranger, words for a partner), Deferred (tried later), anything else is our
defect and is judged by the worker that called us.
"""

from dataclasses import replace
from datetime import datetime

from gateway.dialects import by_name
from gateway.dialects.wire import Reading
from gateway.envelope import unseal
from gateway.errors import Reason, Refused
from gateway.inbound.attributing import heard_a_server
from gateway.inbound.desk import Desk
from gateway.inbound.directories import take_directory, take_directory_result
from gateway.inbound.documents import about, decided, take_document
from gateway.inbound.endings import (
    UNKNOWN,
    About,
    leave_rescanned,
    leave_to_people,
    park,
    seen_in_mailbox,
)
from gateway.inbound.fixing import fixed
from gateway.inbound.intake import case_of, understood
from gateway.inbound.news import take_report
from gateway.inbound.observing import only_observe
from gateway.inbound.problems import count_problems
from gateway.inbound.self_testing import took_self_test
from gateway.journal import entries
from gateway.journal.blobs import Scratch
from gateway.journal.entries import Entry
from gateway.logs import learnt
from gateway.mail.headers import message_ids
from gateway.model import (
    DirectoryResult,
    DirectoryUpdate,
    Document,
    Letter,
    Party,
    Report,
    ReturnId,
    folded,
)
from gateway.office import Origin, Partner
from gateway.settings import ChannelSettings

NOT_UNDERSTOOD = Refused(Reason.UNSUPPORTED, "neither a document nor a report")


def process(entry: Entry, scratch: Scratch, desk: Desk, now: datetime) -> None:
    """Take one accepted letter to its end: DONE, WAITING or PARKED, with its answers queued in the same commit.

    What it unpacks to lies in *scratch* and is gone when the story ends.

    Raises Deferred (or what the journal raises): the entry then stays ACCEPTED and is tried again.
    """
    try:
        opened = unseal(desk.letter(entry).blocks(), scratch.sink, desk.limits, desk.spool)
        if (first := seen_in_mailbox(entry, opened.letter, desk)) is not None:
            return leave_rescanned(entry, first, desk, now)
        if took_self_test(entry, opened, scratch, desk, now):
            return None
        if heard_a_server(entry, opened.letter, desk, now, is_message=opened.reading is not None):
            return None
        if opened.reading is None:
            return leave_to_people(entry, opened.letter, desk, now)
        partner = verify(entry, opened.letter, opened.reading, desk)
    except Refused as why:  # nobody has proven who they are: silence
        return park(entry, why, UNKNOWN, desk, now)

    learnt(partner=partner.id)
    letter_id = next(iter(message_ids(opened.letter.first("Message-ID"))), "")
    if opened.reading.kind == "document":
        entry = for_one_organisation(entry, opened.reading.heading.recipients, desk)
        learnt(office=entry.office)
    ours = desk.office.ours(entry.office)
    message, unreadable = understood(opened.reading, opened.letter, desk.office.here(now, entry.office))
    unreadable = unreadable or awaited_here(opened.reading, entry, desk)
    if message is None:
        return park(entry, unreadable or NOT_UNDERSTOOD, About(partner.id, rfc_message_id=letter_id), desk, now)
    message = desk.office.inward(message)
    count_problems(entry, opened.reading, partner.id, desk, now)
    if partner.observed:
        return only_observe(entry, message, letter_id, partner, desk, now)
    match message.body:
        case Report() as report:
            return take_report(entry, message, report, opened.reading.contents, letter_id, partner, desk, now)
        case DirectoryUpdate() | DirectoryResult() if unreadable is not None:
            return park(entry, unreadable, About(partner.id, rfc_message_id=letter_id), desk, now)
        case DirectoryUpdate() as update:
            return take_directory(entry, message, update, letter_id, partner, desk, now)
        case DirectoryResult() as result:
            return take_directory_result(entry, message, result, letter_id, partner, desk, now)
        case Document() as document:
            pass
    if entry.office and ours is None:
        gone = Refused(Reason.NOT_FOR_US, "the organisation it is for is no longer ours", found=entry.office)
        return park(entry, gone, About(partner.id, rfc_message_id=letter_id), desk, now)
    case = case_of(message, document, partner, ours, desk.office)
    case = fixed(replace(case, letter_id=letter_id, unreadable=unreadable), decided(entry, desk))
    try:
        return take_document(entry, case, opened.letter, opened.reading.contents, desk, now)
    except Refused as why:  # its standard cannot say what is owed, for want of a name of ours for example
        return park(entry, why, about(case, None), desk, now)


def verify(entry: Entry, letter: Letter, reading: Reading, desk: Desk) -> Partner:
    """Return the proven sender; the channel is proven by the letter, the partner chosen by the index inside.

    Where the network itself tells what became of a letter of ours, the partner is the one that letter was for.
    Raises Refused for a stranger, and for a partner without its proof.
    """
    channel = desk.office.proven(letter, Origin(entry.channel, entry.peer, entry.envelope_sender))
    named = reading.heading.sender
    known = named is not None and desk.office.partner_by_index(named.index) is not None
    if (reading.of_network and not known) or (
        named is not None and folded(named.index) in by_name(reading.dialect).network
    ):
        if reading.kind is None:
            raise Refused(Reason.UNSUPPORTED, reading.title or "the network speaks of no letter")
        return carried_for(ReturnId(reading.heading.return_id), channel, desk)
    if named is not None and named.index:
        return desk.office.partner(channel, named.index)
    if (only := desk.office.only_partner(channel)) is not None:
        return only
    raise Refused(Reason.UNKNOWN_PARTNER, f"the message does not say which partner of {channel.id} sent it")


def awaited_here(reading: Reading, entry: Entry, desk: Desk) -> Refused | None:
    """Return why the organisation that *entry* is for cannot take the document: a file meant for it did not come."""
    waiting = desk.office.addressed(reading.awaited) if reading.awaited else ()
    if not any(entry.office in ("", office.index) for office in waiting):
        return None
    return Refused(Reason.MISSING_FILE, "a file that was sent to us did not come")


def carried_for(return_id: ReturnId, channel: ChannelSettings, desk: Desk) -> Partner:
    """Return whom the message *return_id* of ours was for, that the network of *channel* speaks of."""
    with desk.journal.read() as tx:
        letter = entries.by_message_id(tx, return_id) if return_id else None
    partner = desk.office.partner_by_id(letter.partner) if letter is not None and letter.partner else None
    if partner is None or partner.channel.id != channel.id:
        raise Refused(Reason.UNKNOWN_EXCHANGE, "the network speaks of no letter of ours that went this way")
    return partner


def for_one_organisation(entry: Entry, recipients: tuple[Party, ...], desk: Desk) -> Entry:
    """Return *entry* with which of our organisations it is for, settled once; each other one gets an entry of its own.

    From here on every organisation's entry has its own exchange, card, answers and end.
    """
    named = [office.index for office in desk.office.addressed(recipients)]
    if entry.office or not named:
        return entry
    if len(named) == 1:
        return replace(entry, office=named[0])
    with desk.journal.write() as tx:
        entry = entries.share(tx, entry, named)
    desk.failpoint("process:shared")
    return entry
