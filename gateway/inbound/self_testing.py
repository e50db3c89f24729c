# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter that we wrote to ourselves has come: it is compared, tried in the EDMS, and answered to ourselves once.

What is not as it was sent, or could not be tried, is the end of it all the same: a test is not repeated.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gateway import self_test
from gateway.envelope import Opened, unseal
from gateway.errors import Deferred, Reason, Refused
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude
from gateway.inbound.intake import case_of, office_of
from gateway.inbound.rehearsing import refused_by_rules, rehearsed
from gateway.inbound.rules import Case
from gateway.journal import entries
from gateway.journal.blobs import Scratch
from gateway.journal.entries import Entry, Outbound, State
from gateway.mail.address import caseless
from gateway.model import Document, Message, Number
from gateway.office import from_address
from gateway.ports import Registration, Waiting


def took_self_test(entry: Entry, opened: Opened, scratch: Scratch, desk: Desk, now: datetime) -> bool:
    """Take a letter of a self-test to its end; False for every other letter.

    It is known by the ids in its passport, which nobody without the office's secret can make: what mail servers did to
    its head makes no partner's document of it.
    """
    message = opened.reading.message if opened.reading else None
    if message is None or not self_test.is_ours(desk.outbox.sealer.secret, message):
        return False
    about = About(message_id=message.id, kind=self_test.KIND)
    with desk.journal.write() as tx:
        sent = entries.by_message_id(tx, message.id)
        if sent is None or now - sent.created_at > self_test.LIFE:
            conclude(tx, entry, State.DONE, about, now, detail="of a test long ago", keep_letter=False)
            return True
    about = replace(about, rfc_message_id=sent.rfc_message_id)  # whatever became of it on the way
    why, replies, words = _altered(sent, opened, message, scratch, desk), list[Outbound](), "as it was sent"
    if (case := _case(message, desk)) is not None:
        tried = _tried(case, opened, desk, now)
        why, words = why or tried.failed, tried.words
        number = tried.number or Number("TEST", now.date())
        ours, sealer = office_of(case, desk.office), desk.outbox.sealer
        replies += self_test.answers(message, number, sealer, case.partner, ours, now)
    with desk.journal.write() as tx:
        if any(one.state is State.DONE for one in entries.by_rfc_message_ids(tx, [sent.rfc_message_id])):
            conclude(tx, entry, State.DONE, About(kind=self_test.KIND), now, detail="came before", keep_letter=False)
            return True
        for letter in replies:
            entries.queue(tx, letter, now)
        conclude(tx, entry, State.DONE, about, now, why=why, detail=why.detail if why else words)
    return True


def _altered(sent: Entry, opened: Opened, message: Message, scratch: Scratch, desk: Desk) -> Refused | None:
    """Return in which way a letter differs from how it was sent, or None."""
    ours = unseal(desk.letter(sent).blocks(), scratch.sink, desk.limits, desk.spool).reading
    if caseless(from_address(opened.letter)) not in desk.office.our_addresses():
        return Refused(Reason.SELF_TEST, "its From: address was changed on the way")
    if ours is None or opened.reading is None or ours.message != message:
        return Refused(Reason.SELF_TEST, "the passport or a file is not what was sent")
    return None


def _case(message: Message, desk: Desk) -> Case | None:
    """Return the document of a test with the rules for the partner in whose name it was written; None for a report."""
    partner = desk.office.partner_by_index(message.sender.index)
    if partner is None or not isinstance(message.body, Document):
        return None
    addressed = desk.office.addressed(message.recipients)
    return case_of(message, message.body, partner, addressed[0] if addressed else None, desk.office)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What would become of the document."""

    failed: Refused | None = None
    words: str = ""
    number: Number | None = None


def _tried(case: Case, opened: Opened, desk: Desk, now: datetime) -> _Tried:
    if (refused := refused_by_rules(case)) is not None:
        return _failed(f"would be refused: {refused.detail}")
    contents = opened.reading.contents if opened.reading else {}
    try:
        outcome = desk.ask_edms(
            partial(rehearsed, case, opened.letter, contents, desk.office, desk.edms, now), now
        ).outcome
    except (Refused, Deferred) as trouble:
        return _failed(f"the EDMS does not try it: {trouble.detail}")
    match outcome:
        case Registration(number=number, routed=routed):
            names = ", ".join(one.name for one in routed)
            return _Tried(None, f"would be registered as {number.text}" + (f" for {names}" if names else ""), number)
        case Waiting(reason=reason):
            return _Tried(None, f"would wait for a person: {reason}")
        case refusal:
            return _failed(f"would be refused: {refusal.detail}")


def _failed(words: str) -> _Tried:
    return _Tried(Refused(Reason.SELF_TEST, words))
