# SPDX-License-Identifier: GPL-3.0-or-later
"""What is added to a card that stands: a changed document, an addition, a resend a person wants to see.

Number and date never change, old files stay, and a change that was applied is answered by `edited`.
A change that waits is laid before a person under an id of its own, so what the person decides comes back for it.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway import identity, reports
from gateway.errors import Reason, Refused
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, conclude
from gateway.inbound.fixing import as_taken
from gateway.inbound.intake import WAITS, doubts, follow_up_id, office_of
from gateway.inbound.repeats import Repeat
from gateway.inbound.rules import Case
from gateway.journal import events, exchanges
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.model import CardRef, Contents, DocumentType, DocumentUid, ExchangeId, Number
from gateway.ports import Intake, Registration, Waiting


def changes_a_card(case: Case, exchange: Exchange, repeat: Repeat) -> bool:
    """Say whether this document is about a card that stands, rather than for a new one."""
    return repeat is Repeat.CHANGED or (case.document.supplement and exchange.registered is not None)


def act_on_change(
    entry: Entry, case: Case, contents: Contents, exchange: Exchange, intake: Intake, desk: Desk, now: datetime
) -> Registration | Waiting:
    """Apply the change, or lay it before a person, as was agreed with the partner; raises like `act`.

    What lies before a person already is his: the EDMS says what he decided, whatever the rules say by now.
    """
    ours, receive = office_of(case, desk.office), case.receive
    document = whole = as_taken(case, ours.index)
    follow_up = follow_up_id(exchange, case)
    minded = doubts(case, ours)
    if not minded and not case.is_open:  # the card it would be added to may be one that everybody sees
        minded = (WAITS[ours.language]["level"].format(level=case.level.text or case.level.index),)
    if conflict := Reason.CONFLICT in case.accepted:
        minded = (WAITS[ours.language]["conflict"], *minded)
    same = exchange.digest == identity.document_digest(case.document)
    apart = "" if same else _stands_apart(exchange, case, desk)
    on_change = "wait" if same or apart or conflict or entry.exchange == follow_up else receive.on_change
    adds = document.supplement and not apart and entry.exchange != follow_up
    if not document.supplement and on_change == "add-files":
        document = replace(document, tasks=())
    if not document.supplement and on_change == "edit-tasks":
        document = replace(document, files=())
    if not minded and (adds or on_change in ("add-files", "edit-tasks")):
        return desk.ask_edms(lambda: desk.edms.attach(exchange.id, document, contents, follow_up), now)
    if not document.supplement and on_change == "refuse":
        raise Refused(Reason.CHANGED, "the document differs from the one that is registered")
    said = "again" if same else apart or ("changed" if exchange.registered else "version")
    because = () if document.supplement and not apart else (WAITS[ours.language][said],)
    # what a person refused is laid before him again only when it came again
    waiting = replace(intake, wait_because="; ".join((*because, *minded)), afresh=entry.exchange != follow_up)
    # whole: a person decides what of it is added
    return desk.ask_edms(lambda: desk.edms.register(whole, contents, follow_up, waiting), now)


def _stands_apart(exchange: Exchange, case: Case, desk: Desk) -> str:
    """Return why the card of *exchange* is not the one to change, as a word of WAITS; empty when it is."""
    if exchange.registered is None:
        return ""
    draft = case.document.type is DocumentType.DRAFT
    if (exchange.registered == Number()) is not draft and not case.document.supplement:
        return "draft and document"
    with desk.journal.read() as tx:
        history = [fact.event for fact in events.history(tx, exchange.id, ours=True)]
    return "" if reports.registered(history) else "off the register"


def finish_changed(
    entry: Entry, case: Case, exchange: Exchange, outcome: Registration | Waiting, desk: Desk, now: datetime
) -> None:
    """Write the end of a change and queue what is owed for it, in one commit."""
    follow_up = follow_up_id(exchange, case)
    with desk.journal.write() as tx:
        exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
        if isinstance(outcome, Waiting):
            _lay_aside(tx, _version_of(exchange, follow_up, case, outcome.ref, now))
            why = Refused(Reason.CHANGED, outcome.reason)
            return conclude(tx, entry, State.WAITING, _about(case, follow_up, exchange), now, why=why)
        if not desk.outbox.tell_version(tx, exchange, follow_up, outcome.number, outcome.ref, now, outcome.events):
            desk.outbox.tell_all(tx, exchange, now)  # the same change once more, under a new return id
        version = exchanges.get(tx, follow_up, lock=True)
        if version is not None:  # it waited for a person
            exchanges.save(tx, replace(version, subject_card=outcome.ref, registered=outcome.number))
        return conclude(tx, entry, State.DONE, _about(case, exchange.id, exchange), now, detail="a change")


def _about(case: Case, id: ExchangeId, exchange: Exchange) -> About:
    """What is known of a change, under the exchange *id*, at the end of its letter."""
    return About(case.partner.id, id, case.message.id, "document", case.letter_id, exchange.office, case.rule)


def _version_of(exchange: Exchange, follow_up: ExchangeId, case: Case, card: CardRef, now: datetime) -> Exchange:
    """An exchange for the paper alone, so that what a person decides about it finds its letter; it reports nothing."""
    return replace(
        exchange,
        id=follow_up,
        follows=exchange.id,
        document_uid=DocumentUid(f"{exchange.document_uid}#{follow_up[:8]}"),
        digest=identity.document_digest(case.document),
        subject_card=card,
        registered=None,
        message=None,
        opened_at=now,
    )


def _lay_aside(tx: Connection, version: Exchange) -> None:
    """Open the exchange of a paper that waits, or open it again: the same change may come after it was refused."""
    if exchanges.open_(tx, version) is not version:
        exchanges.save(tx, version)
