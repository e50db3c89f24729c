# SPDX-License-Identifier: GPL-3.0-or-later
"""The root element Header (2A.1): who writes to whom, when, under which id, what kind of message, and what is owed."""

from dataclasses import dataclass
from datetime import datetime

from gateway.dialects.bare_elements import attribute, child, given
from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.gost2010.examination import Ends, Examination
from gateway.dialects.gost2010.links import read_number
from gateway.dialects.gost2010.values import dashed, read_moment, undashed, write_moment
from gateway.dialects.gost2010.vocabulary import (
    ALWAYS,
    DOCUMENT_KINDS,
    ERRORS_ONLY,
    NO_NOTIFICATION,
    NOTIFICATION,
    STANDARD,
    VERSION,
)
from gateway.dialects.heard import or_none
from gateway.dialects.tree import Element
from gateway.dialects.wire import Heading
from gateway.errors import Reason
from gateway.model import (
    Department,
    DocumentRef,
    DocumentUid,
    Message,
    Organisation,
    Party,
    Subscription,
    System,
)

DAYS = 999  # the standard has no last day; the largest number the model has


@dataclass(frozen=True, slots=True)
class Header:
    kind: str  # msg_type
    message_id: str
    sent_at: datetime | None
    version: str
    sender: Party
    recipients: tuple[Party, ...]
    subscription: Subscription


# --- reading ------------------------------------------------------------------------------------------------------


def read_header(root: Element, exam: Examination) -> Header:
    """Return the header; refused when it lacks an id, a time, a sender or a kind we know (codes 3 and 12)."""
    header = Header(
        kind=attribute(root, "msg_type"),
        message_id=attribute(root, "msg_id"),
        sent_at=exam.moment(root, "time"),
        version=attribute(root, "version") or VERSION,
        sender=read_end(root, "from"),
        recipients=_recipients(root),
        subscription=subscription_of(exam.option(root, "msg_acknow", ("0", "1", "2"), NO_NOTIFICATION)),
    )
    demanded = (
        (header.message_id, "msg_id"),
        (header.sent_at, "time"),
        (header.sender.organisation, "from_org_id"),
        (header.kind, "msg_type"),
    )
    for value, name in demanded:
        if not value:
            lacking = "a mandatory attribute of the header is missing or unreadable"
            exam.refuse(Reason.MISSING_FIELD, lacking, root, f"@{name}")
    if header.kind and header.kind not in (NOTIFICATION, *DOCUMENT_KINDS):
        unknown, known = "a kind of message nobody knows", ", ".join((NOTIFICATION, *sorted(DOCUMENT_KINDS)))
        exam.refuse(Reason.BAD_PASSPORT, unknown, root, "@msg_type", expected=known, found=header.kind)
    for name, wanted in (("standart", STANDARD), ("version", VERSION)):
        if (
            attribute(root, name) != wanted
        ):  # QUIRK: codes 1 and 2 would refuse it; what follows is understood all the same
            said = attribute(root, name)[:MAX_QUOTE] or "nothing"
            exam.note("other-standard", root, f"{said} instead of {wanted}", at=f"@{name}")
    if not header.recipients:
        exam.note("no-recipient", root, "nobody is named as recipient", at="@to_organization")
    return header


def ends_of(sender: Party, recipients: tuple[Party, ...]) -> Ends:
    recipient = recipients[0].organisation if recipients else None
    return Ends(sender.organisation or Organisation(), recipient or Organisation())


def read_end(root: Element, which: str) -> Party:
    """Return what the attributes from_* or to_* say."""
    system = System(
        name=attribute(root, f"{which}_system"),
        version=attribute(root, f"{which}_system_details"),
        uid=attribute(root, f"{which}_sys_id"),
    )
    name, index = attribute(root, f"{which}_organization"), attribute(root, f"{which}_org_id")
    return Party(
        organisation=or_none(Organisation(short_name=name, index=index)),
        department=or_none(Department(attribute(root, f"{which}_department"))),
        system=or_none(system),
    )


def _recipients(root: Element) -> tuple[Party, ...]:
    """Return the one recipient a header can name."""
    party = read_end(root, "to")
    return () if party == Party() else (party,)


def subscription_of(acknow: str) -> Subscription:
    """Return what msg_acknow asks for (1A.2): nothing, errors only, or everything."""
    every = acknow == ALWAYS
    return Subscription(
        days=DAYS,
        receipt=every,
        registration=every,
        forwarding=every,
        consideration=every,
        execution=every,
        redirection=every,
        answer=every,
        refusal=acknow != NO_NOTIFICATION,
    )


def acknow_of(subscription: Subscription | None) -> str:
    """Return how msg_acknow says *subscription*; who says nothing wants everything, as is the custom (I10)."""
    if subscription is None or any(
        (
            subscription.receipt,
            subscription.registration,
            subscription.forwarding,
            subscription.consideration,
            subscription.execution,
            subscription.redirection,
            subscription.answer,
        )
    ):
        return ALWAYS
    return ERRORS_ONLY if subscription.refusal else NO_NOTIFICATION


def heading_of(root: Element | None) -> Heading:
    """Return what can be read even of a message that must be refused."""
    if root is None:
        return Heading()
    message_id = attribute(root, "msg_id")
    report, document = child(root, "Acknowledgement"), child(root, "Document")
    sender = read_end(root, "from")
    return Heading(
        message_id=message_id,
        return_id=undashed(attribute(report, "msg_id")) if report is not None else message_id,
        sent_at=read_moment(attribute(root, "time")),
        sender=None if sender == Party() else sender,
        recipients=_recipients(root),
        about=DocumentRef(
            DocumentUid(attribute(document, "idnumber")), read_number(child(document, "RegNumber"), Examination())
        ),
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_header(root: Element, message: Message, kind: str) -> None:
    """Write the attributes; a notification asks for none itself, or two gateways would write for ever."""
    if not message.id:
        raise ValueError("a message without an id cannot be written")
    if message.sender.organisation is None:
        raise ValueError(f"message {message.id} needs the sender's organisation")
    said = {
        "standart": STANDARD,
        "version": VERSION,
        "time": write_moment(message.sent_at),
        "msg_type": kind,
        "msg_id": dashed(message.id),
        "msg_acknow": NO_NOTIFICATION if kind == NOTIFICATION else acknow_of(message.subscription),
        **_end("from", message.sender, demanded=True),
        **_end("to", message.recipients[0] if message.recipients else Party(), demanded=False),
    }
    for name, value in said.items():
        root.set(name, value)


def _end(which: str, party: Party, *, demanded: bool) -> dict[str, str]:
    """Return the attributes of one end; of the recipient only the name is *demanded*."""
    organisation, system = party.organisation or Organisation(), party.system or System()
    said = {
        f"{which}_org_id": organisation.index,
        f"{which}_organization": organisation.short_name,
        f"{which}_department": party.department.name if party.department else "",
        f"{which}_sys_id": system.uid,
        f"{which}_system": system.name,
        f"{which}_system_details": system.version,
    }
    always = {f"{which}_organization"}
    if demanded:
        always |= {f"{which}_org_id", f"{which}_sys_id", f"{which}_system"}
    return {name: value for name, value in said.items() if name in always or given(value)}
