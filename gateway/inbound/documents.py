# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner's document, from the door of the EDMS to its card: read `take_document` top to bottom.

Everything between two commits may be repeated after a crash: every step is pure, or idempotent by its key.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from gateway import identity, reports
from gateway.errors import Deferred, Reason, Refused
from gateway.inbound.changes import act_on_change, changes_a_card, finish_changed
from gateway.inbound.desk import Desk
from gateway.inbound.endings import (
    About,
    conclude,
    park,
)
from gateway.inbound.fixing import as_taken
from gateway.inbound.intake import WAITS, intake_of, office_of, opened_exchange, refusal_of
from gateway.inbound.news import take_as_answer
from gateway.inbound.recreating import has_vanished, tell_recreated, under_its_number
from gateway.inbound.repeats import Repeat, answer_again, judge, judged_afresh, renewed
from gateway.inbound.rules import RULES, Case
from gateway.journal import entries, exchanges, messages
from gateway.journal.entries import NO_FIX, Entry, Fix, State
from gateway.journal.exchanges import Exchange
from gateway.logs import learnt
from gateway.model import (
    CardRef,
    Contents,
    Document,
    DocumentRef,
    Event,
    EventKey,
    EventKind,
    Letter,
    Message,
)
from gateway.outbox import registered_as
from gateway.ports import Original, Registration, Waiting
from gateway.screening import names_in

REFUSED = reports.Rung.REFUSED.name.lower()
LINKS = 500  # LIMIT: links of one document that reach its card
WAIT_FOR_MAIN_DOCUMENT = timedelta(hours=24)  # LIMIT: how long an addition waits for the document it adds to


def take_document(entry: Entry, case: Case, letter: Letter, contents: Contents, desk: Desk, now: datetime) -> None:
    """Register a partner's document, or say why not; the receipt goes first, before the EDMS is touched."""
    broken = None if was_taken(entry, desk) and case.unreadable is None else check(case)
    opening = opened_exchange(case, desk.office, letter, now)
    learnt(exchange_id=opening.id, office=opening.office)
    if case.unreadable is not None and stands_registered(case, opening.office, desk):
        return park(entry, case.unreadable, about(case, None), desk, now)  # never "refused" for what is registered
    exchange, repeat = acknowledge(entry, case, opening, desk, now)
    if repeat is Repeat.BEHIND:
        raise Deferred("an earlier letter about this document is not done yet")
    if exchange is None:
        return None  # nothing new: settled in the same commit
    desk.failpoint("process:acknowledged")
    try:
        if broken is not None:
            raise broken
        if (infected := scanned(entry, case, contents, desk, now)) is not None:
            raise infected
        outcome = act(entry, case, contents, exchange, repeat, desk, now)
    except Refused as why:
        if lies_here(why, desk):
            return park(entry, why, about(case, exchange), desk, now)
        return finish_refused(entry, case, exchange, why, desk, now)
    desk.failpoint("process:acted")
    if changes_a_card(case, exchange, repeat):
        return finish_changed(entry, case, exchange, outcome, desk, now)
    return finish(entry, case, exchange, outcome, desk, now)


def check(case: Case) -> Refused | None:
    """Return the first rule that *case* breaks, or None."""
    try:
        for rule in RULES:
            rule(case)
    except Refused as why:
        return why
    return None


def decided(entry: Entry, desk: Desk) -> Fix:
    """Return what operators decided about *entry*; a letter that was never concluded has no decision to look for."""
    if entry.reason is None and entry.exchange is None:
        return NO_FIX
    with desk.journal.read() as tx:
        return entries.fix_of(tx, entry.id)


def was_taken(entry: Entry, desk: Desk) -> bool:
    """Say whether the document in *entry* lies before a person, or shall have its card again: no later rule bars it."""
    with desk.journal.read() as tx:
        taken_as = exchanges.get(tx, entry.exchange) if entry.exchange else None
    return taken_as is not None and (bool(taken_as.subject_card) or has_vanished(taken_as))


def stands_registered(case: Case, office: str, desk: Desk) -> bool:
    """Say whether the document that *case* names is registered already by our organisation *office*."""
    with desk.journal.read() as tx:
        standing = exchanges.get(tx, identity.incoming_exchange(office, case.partner.id, case.document.uid))
    return standing is not None and standing.registered is not None


def acknowledge(
    entry: Entry, case: Case, opening: Exchange, desk: Desk, now: datetime
) -> tuple[Exchange | None, Repeat]:
    """Open the exchange and queue the receipt, in one commit; None when nothing remains to be done."""
    message, partner = case.message, case.partner
    with desk.journal.write() as tx:
        judged = judge(tx, entry, message, opening, conflict_accepted=Reason.CONFLICT in case.accepted)
        standing, repeat = judged.standing, judged.repeat
        if repeat is Repeat.RESEND and case.receive.resend == "wait":
            repeat = Repeat.CHANGED  # laid before a person, as a change is
        if repeat is Repeat.DUPLICATE:
            answer_again(tx, entry, message, standing, now, hold=case.partner.held)
            conclude(tx, entry, State.DONE, about(case, standing, "duplicate"), now, detail="came before")
            return None, repeat
        if repeat is Repeat.CONFLICT:
            why = Refused(Reason.CONFLICT, "this message id came before, with another content")
            conclude(tx, entry, State.PARKED, about(case, standing), now, why=why)
            return None, repeat
        received = () if case.unreadable else (received_now(message, now),)
        if standing is not None and repeat is Repeat.BEHIND:  # its receipt waits for nobody
            desk.outbox.tell(tx, judged_afresh(standing, opening), received, now)
            return None, repeat
        messages.note(tx, partner.id, opening.office, judged.message_id, opening.digest, opening.id, entry.id, now)
        if standing is None:
            exchange = exchanges.open_(tx, opening)
        elif repeat is Repeat.AGAIN or (case.document.supplement and repeat is Repeat.NEW):
            exchange = standing  # an addition never stands for the document that it adds to
        elif repeat in (Repeat.RESEND, Repeat.CHANGED):
            exchange = renewed(standing, opening, is_open=case.is_open)
        else:
            exchange = judged_afresh(standing, opening)
        if standing is not None and exchange is not standing:
            exchanges.save(tx, exchange)
        desk.outbox.tell(tx, exchange, received, now)
        desk.failpoint("process:acknowledging")
        if repeat is Repeat.RESEND:
            if not judged.again:
                desk.outbox.tell_all(tx, exchange, now)
            conclude(tx, entry, State.DONE, about(case, exchange, "resend"), now, detail="no second card")
            return None, repeat
        return exchange, repeat


def scanned(entry: Entry, case: Case, contents: Contents, desk: Desk, now: datetime) -> Refused | None:
    """Return what a scanner has against the files of a document, unless an operator let it pass; see `Screen`."""
    names = names_in(case.document)
    return desk.screen.objection(contents, now, entry=entry.id, names=names, accepted=case.accepted)


def lies_here(why: Refused, desk: Desk) -> bool:
    """Say whether what a scanner objects to waits for an operator, rather than go back to its sender."""
    return why.reason is Reason.NOT_SCANNED or (why.reason is Reason.VIRUS and desk.screen.rules.on_virus == "wait")


def act(
    entry: Entry, case: Case, contents: Contents, exchange: Exchange, repeat: Repeat, desk: Desk, now: datetime
) -> Registration | Waiting:
    """Lay the document before the EDMS; raises Refused, or Deferred when the EDMS cannot answer now."""
    ours = office_of(case, desk.office)
    document = as_taken(case, ours.index)
    intake = intake_of(case, ours, entry.created_at, desk.office.settings)
    intake = replace(intake, afresh=exchange.rung == REFUSED and not exchange.subject_card)
    if changes_a_card(case, exchange, repeat):
        return act_on_change(entry, case, contents, exchange, intake, desk, now)
    if document.supplement:
        if now - entry.created_at < WAIT_FOR_MAIN_DOCUMENT:
            raise Deferred("the document this one adds to is not registered yet")
        intake = replace(intake, wait_because=WAITS[ours.language]["supplement"])
    intake = under_its_number(intake, exchange, ours, desk.office.settings, now)
    outcome = desk.ask_edms(lambda: desk.edms.register(document, contents, exchange.id, intake), now)
    if isinstance(outcome, Registration):
        link_to_originals(document, exchange, desk, now)
    return outcome


def link_to_originals(document: Document, exchange: Exchange, desk: Desk, now: datetime) -> None:
    """A document names others, one it answers for example: tie the cards in both directions, or keep its words."""
    for link in document.links[:LINKS]:
        there = link.document or DocumentRef()
        original = Original(there.uid, there.number, link.kind, link.description, link.url)
        desk.ask_edms(partial(desk.edms.link, exchange.id, original), now)


def finish(
    entry: Entry, case: Case, exchange: Exchange, outcome: Registration | Waiting, desk: Desk, now: datetime
) -> None:
    """Write the end of the story and queue what is owed for it, in one commit."""
    with desk.journal.write() as tx:
        exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
        take_as_answer(tx, case.message, case.document, case.partner, exchange.office, desk, now)
        if isinstance(outcome, Waiting):
            exchanges.save(tx, replace(exchange, subject_card=outcome.ref))
            return conclude(tx, entry, State.WAITING, about(case, exchange), now, detail=outcome.reason)
        told = exchange.registered if has_vanished(exchange) else None
        exchange = replace(exchange, subject_card=outcome.ref, registered=outcome.number)
        if told is not None:
            tell_recreated(tx, desk.outbox, exchange, outcome, told, now)
            return conclude(tx, entry, State.DONE, about(case, exchange), now, detail="its card was made again")
        fact = registered_as(outcome.number, outcome.ref, outcome.at or now, draft=outcome.is_draft)
        desk.outbox.tell(tx, exchange, (fact, *outcome.events), now)
        desk.failpoint("process:finishing")
        return conclude(tx, entry, State.DONE, about(case, exchange), now)


def finish_refused(entry: Entry, case: Case, exchange: Exchange, why: Refused, desk: Desk, now: datetime) -> None:
    """Tell the partner why; but never that a document which stands registered was refused: that is parked instead."""
    with desk.journal.write() as tx:
        exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
        state = State.DONE
        if exchange.registered is not None:
            state = State.PARKED
        else:
            exchange = replace(exchange, subject_card=CardRef(""))
            key = EventKey(f"refused:{case.message.return_id}:{case.message.id}:{why.reason.value}")
            desk.outbox.tell(tx, exchange, (Event(EventKind.REFUSED, key, now, refusal=refusal_of(why)),), now)
        conclude(tx, entry, state, about(case, exchange), now, why=why)


def received_now(message: Message, now: datetime) -> Event:
    """The fact that *message* reached us; one for each return id, so a resend is received again."""
    return Event(EventKind.RECEIVED, EventKey(f"received:{message.return_id}"), now)


def about(case: Case, exchange: Exchange | None, kind: str = "document") -> About:
    """What is known of a document at the end of its letter."""
    ours = case.ours.index if case.ours else ""
    known = exchange.id if exchange else None
    return About(case.partner.id, known, case.message.id, kind, case.letter_id, ours, case.rule)
