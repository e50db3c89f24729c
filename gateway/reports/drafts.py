# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told and heard of a draft: to whom it was directed, its visas and signatures, the document it became."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.model import (
    Approval,
    ApprovalKind,
    Direction,
    Document,
    DocumentType,
    Event,
    EventKey,
    Message,
    Registered,
    Report,
    Subscription,
)
from gateway.model import EventKind as K

KINDS = frozenset({K.DIRECTED, K.SIGNED, K.DRAFT_REGISTERED})


def wanted(event: Event, subscription: Subscription) -> bool:
    """Say whether the sender of a draft wants to hear *event*: visas and signatures are asked for separately."""
    if event.kind is K.DRAFT_REGISTERED:
        return subscription.draft_registration
    visa, signature = subscription.visa_information, subscription.sign_information
    if event.kind is K.DIRECTED:
        visa, signature = subscription.visa_direction, subscription.sign_direction
    if event.approval is None:
        return visa or signature
    return visa if event.approval is ApprovalKind.VISA else signature


# --- telling ------------------------------------------------------------------------------------------------------


def told(report: Report, history: Sequence[Event], asked: Container[str], *, texts: bool) -> Report:
    """Return the snapshot *report* with what stands of a draft after *history* (only events that may be told).

    What was asked of us is answered in full.  Of a visa that our people wanted of each other only the result is told,
    unless *texts* says that their words leave too.
    """
    directions = tuple(
        Direction(event.approval, event.to, event.at)
        for event in history
        if event.kind is K.DIRECTED and event.approval and event.to and event.at
    )
    registered, approvals = report.registered, _approvals(report, history, asked, texts=texts)
    if approvals and registered:  # one card, described once
        registered = replace(registered, document=approvals)
    became = next((event for event in reversed(history) if event.kind is K.DRAFT_REGISTERED), None)
    return replace(
        report,
        registered=registered,
        directions=directions,
        approvals=approvals,
        draft_registered=_became(became) if became else None,
    )


def _approvals(report: Report, history: Sequence[Event], asked: Container[str], *, texts: bool) -> Document | None:
    """Return the draft's card with every visa and signature that was given; None when there is none."""
    signed = [event for event in history if event.kind is K.SIGNED and event.document]
    if not signed or signed[-1].document is None:
        return None
    newest = signed[-1].document
    given = tuple(
        approval if texts or approval.uid in asked else replace(approval, remark="", files=())
        for approval in _given(signed)
    )
    card = report.registered and report.registered.document
    known = card or Document(uid=report.about.uid, card=newest.card)
    return replace(known, type=DocumentType.DRAFT, draft=newest.draft, approvals=given)


def _given(signed: Iterable[Event]) -> Iterable[Approval]:
    """Return the newest of each visa and signature, in the order they were first given."""
    newest: dict[tuple[str, str], Approval] = {}
    for event in signed:
        for approval in event.document.approvals if event.document else ():
            if approval.given and event.approval in (None, approval.kind):
                newest[_identity(approval)] = approval
    return newest.values()


def _became(event: Event) -> Document:
    document = event.document or Document()
    return replace(document, number=event.number or document.number, files=())


# --- hearing ------------------------------------------------------------------------------------------------------


def is_draft(registered: Registered) -> bool:
    """Say whether a registration only says that a draft has come to a card; it then has no number of ours to show."""
    return registered.document is not None and registered.document.type is DocumentType.DRAFT


def heard(
    history: Sequence[Event], report: Report, message: Message, *, late: bool
) -> Iterator[tuple[Event, tuple[str, ...]]]:
    """Yield what *report* says of a draft, one event for each visa or signature, and the words that make its key.

    A *late* report adds what was not known, and never takes the place of a result that a newer one told.
    """
    known = {
        _identity(approval)
        for event in history
        if event.kind is K.SIGNED and event.document
        for approval in event.document.approvals
    }
    card = report.approvals or Document()
    named = Document(uid=card.uid, type=card.type, number=card.number, card=card.card, draft=card.draft)
    for approval in card.approvals:
        if approval.given and not (late and _identity(approval) in known):
            at = approval.signed_at or message.sent_at
            document = replace(named, approvals=(approval,))  # each of many: the card's other contents stay out
            words = (*_identity(approval), str(approval.signed_at), approval.result, approval.remark)
            event = Event(K.SIGNED, EventKey(""), at, who=approval.party, document=document, approval=approval.kind)
            yield event, words
    became = report.draft_registered
    if became is not None:
        event = Event(K.DRAFT_REGISTERED, EventKey(""), message.sent_at, message.sender, became.number, document=became)
        yield event, (became.number.text, str(became.number.date))


def _identity(approval: Approval) -> tuple[str, str]:
    """What makes two visas the same one: its uid, or else whose it is."""
    return approval.kind.value, approval.uid or approval.party.name
