# SPDX-License-Identifier: GPL-3.0-or-later
"""The Header zone: who writes to whom, when, under which ids, with which files; and a heading of what is broken."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from lxml import etree

from gateway.dialects.heard import or_none
from gateway.dialects.sev.documents import read_number
from gateway.dialects.sev.elements import add, attribute, child, child_text, children
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.files import Packing, write_resource_list
from gateway.dialects.sev.parties import read_contact, read_system, read_term, write_contact, write_system
from gateway.dialects.sev.shelf import Listed
from gateway.dialects.sev.vocabulary import PASSPORTS, UNKNOWN, VERSION
from gateway.dialects.tree import Element, local_name, path
from gateway.dialects.values import read_boolean, read_integer, read_moment, read_offset, write_moment
from gateway.dialects.wire import Heading
from gateway.errors import Reason
from gateway.model import DocumentRef, DocumentUid, Message, Number, Party, Term

_LACKING = "a mandatory field of the header is missing or unreadable"


@dataclass(frozen=True, slots=True)
class Header:
    """The Header as read; texts are empty when it does not say."""

    message_id: str
    return_id: str
    sent_at: datetime | None
    version: str
    sender: Party
    recipients: tuple[Party, ...]
    listed: tuple[Listed, ...]


# --- reading ------------------------------------------------------------------------------------------------------


def sender_zone(root: Element) -> tzinfo:
    """Return the offset the sender writes its time with; moments without one are meant in it."""
    return read_offset(attribute(child(root, "Header"), "Time")) or UTC


def read_header(root: Element, exam: Examination) -> Header:
    """Return the Header; refused when it lacks an id, the time or the sender's organisation."""
    element = child(root, "Header")
    if element is None:
        exam.refuse(Reason.MISSING_FIELD, _LACKING, root, "Header")
        element = etree.SubElement(etree.Element("nowhere"), "Header")
    time = attribute(element, "Time")
    sent_at = read_moment(time, UTC)
    if sent_at is not None and read_offset(time) is None:
        exam.note("naive-time", element, "no offset: taken as UTC", at="@Time")
    header = Header(
        message_id=attribute(element, "MessageID"),
        return_id=attribute(element, "ReturnID"),
        sent_at=sent_at,
        version=attribute(element, "Version") or VERSION,
        sender=_read_sender(element, exam),
        recipients=_read_recipients(element, exam),
        listed=_read_resource_list(element, exam),
    )
    _demand(element, header, exam, document=local_name(root) == "DocInfo")
    return header


def _demand(element: Element, header: Header, exam: Examination, *, document: bool) -> None:
    demanded = (
        (header.message_id, "@MessageID"),
        (header.return_id or not document, "@ReturnID"),
        (header.sent_at, "@Time"),
        (header.sender.organisation, "Sender/Contact/Organization"),
    )
    for value, place in demanded:
        if not value:
            exam.refuse(Reason.MISSING_FIELD, _LACKING, element, place)


def _read_sender(header: Element, exam: Examination) -> Party:
    sender = child(header, "Sender")
    return replace(read_contact(child(sender, "Contact"), exam), system=read_system(child(sender, "EDMS")))


def _read_recipients(header: Element, exam: Examination) -> tuple[Party, ...]:
    """Return every Contact of Recipient; they all live in the one system it names."""
    recipient = child(header, "Recipient")
    system = read_system(child(recipient, "EDMS"))
    contacts = (read_contact(contact, exam) for contact in children(recipient, "Contact"))
    found = tuple(replace(contact, system=system) for contact in contacts)
    if not found:
        exam.note("no-recipient", header, "nobody is named as recipient", at="Recipient")
    return found


def _read_resource_list(header: Element, exam: Examination) -> tuple[Listed, ...]:
    """Return the files the message consists of, without the passport itself.

    QUIRK: the passport is the resource called like one, else the one the header names by number.
    """
    elements = children(child(header, "ResourceList"), "Resource")
    called = (read_integer(attribute(each, "UID")) for each in elements if _is_passport(attribute(each, "UniqueName")))
    passport = next(called, read_integer(attribute(header, "ResourceID")) or 0)
    place = f"{path(header)}/ResourceList/Resource"
    listed: dict[int, Listed] = {}
    for position, element in enumerate(elements, 1):
        number = read_integer(attribute(element, "UID"))
        name = attribute(element, "UniqueName")
        if number is None or not name:
            exam.note("unreadable-value", element, "a resource without number or name is not taken")
        elif number in listed:
            exam.note("repeated-key", element, "this number is listed already", at="@UID")
        elif number != passport:
            listed[number] = Listed(number, name, f"{place}[{position}]")
    return tuple(listed.values())


def _is_passport(name: str) -> bool:
    return name.casefold() in {passport.casefold() for passport in PASSPORTS}


# --- headings -----------------------------------------------------------------------------------------------------


def heading_of(root: Element | None) -> Heading:
    """Return what can be read even of a broken passport; *root* None, or not SEV, gives nothing."""
    header = child(root, "Header")
    if root is None or header is None:
        return Heading(about=_about(root))
    return heading(root, read_header(root, Examination(sender_zone(root))))


def heading(root: Element, header: Header) -> Heading:
    """Return the heading of a passport whose *header* has been read."""
    return Heading(
        message_id=header.message_id,
        return_id=header.return_id,
        sent_at=header.sent_at,
        sender=None if header.sender == Party() else header.sender,
        recipients=header.recipients,
        about=_about(root),
    )


def _about(root: Element | None) -> DocumentRef:
    """Return which document a passport speaks of: its main document, or the initial document of a report."""
    exam = Examination()
    initial = child(child(root, "Notification"), "InitialDoc")
    if initial is not None:
        return read_initial_document(initial, exam)
    documents = children(child(root, "DocumentList"), "Document")
    main = next((made for made in documents if read_boolean(attribute(made, "MainDocument"))), None)
    main = documents[0] if main is None and documents else main
    return DocumentRef(
        uid=DocumentUid(attribute(main, "UID")),
        number=read_number(child(main, "RegistrationInfo"), exam) or Number(),
        kind=read_term(main, "Group"),
        version_uid=attribute(main, "VersionUID"),
        card=attribute(main, "DocumentID"),
    )


def read_initial_document(element: Element | None, exam: Examination) -> DocumentRef:
    return DocumentRef(
        uid=DocumentUid(attribute(element, "UID")),
        number=Number(child_text(element, "Number"), exam.date(element, "Date")),
        kind=or_none(Term(child_text(element, "Group"))),
        version_uid=attribute(element, "VersionUID"),
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_header(root: Element, message: Message, message_type: str) -> Element:
    """Write the Header with an empty ResourceList, filled by `finish_header` when all files are known."""
    if not message.id:
        raise ValueError("a message without an id cannot be written")
    if message.sender.organisation is None or not message.recipients:
        raise ValueError(f"message {message.id} needs the sender's organisation and a recipient")
    header = add(
        root,
        "Header",
        MessageID=message.id,
        Version=VERSION,
        Time=write_moment(message.sent_at),
        MessageType=message_type,
        ReturnID=message.return_id or UNKNOWN,
        ResourceID="0",
    )
    sender = add(header, "Sender")
    write_contact(sender, message.sender)
    write_system(sender, message.sender.system)
    recipient = add(header, "Recipient")
    for party in message.recipients:
        write_contact(recipient, party)
    if message.recipients[0].system:
        write_system(recipient, message.recipients[0].system)
    add(header, "ResourceList")
    return header


def finish_header(header: Element, packing: Packing) -> None:
    write_resource_list(header, packing)
