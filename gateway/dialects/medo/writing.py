# SPDX-License-Identifier: GPL-3.0-or-later
"""A message made into a package: the message XML, validated, with its files beside it or in a container.

windows-1251 up to 2.6, as native systems write it; UTF-8 from 2.7 on (§1).
"""

from lxml import etree

from gateway.dialects.medo.cards import write_card
from gateway.dialects.medo.containers import ARCHIVE, PASSPORT, write_passport
from gateway.dialects.medo.degrade import degrade, is_receipt
from gateway.dialects.medo.elements import add, root
from gateway.dialects.medo.files import write_files
from gateway.dialects.medo.notifications import write_acknowledgment, write_notification
from gateway.dialects.medo.parties import write_partner
from gateway.dialects.medo.sidecar import Envelope
from gateway.dialects.medo.validation import deviations
from gateway.dialects.medo.values import day_of, line, shown, write_moment
from gateway.dialects.medo.vocabulary import (
    ACKNOWLEDGMENT,
    CONTAINER_TYPE,
    CONTAINERS,
    DOCUMENT,
    NOTIFICATION,
    TRANSPORT,
    namespace_of,
    passport_namespace_of,
)
from gateway.dialects.tree import Element
from gateway.dialects.wire import Archive, Member, Package, Written, no_directory
from gateway.errors import Reason, Refused
from gateway.model import Document, DocumentType, Message, Report


def write(message: Message) -> Package:
    """Return the package that says `degrade(message)`.

    Raises Refused for a draft or a directory, which no version can carry; ValueError when the message cannot be said
    otherwise: no id, a sender without a GUID, a document without a uid, a report of everything that stands.
    """
    if isinstance(message.body, Document) and message.body.type is DocumentType.DRAFT:
        raise Refused(Reason.UNSUPPORTED, "МЭДО has no message for a draft")
    message = degrade(message)
    body = no_directory(message, "МЭДО")
    if not message.id:
        raise ValueError("a message without an id cannot be written")
    if isinstance(body, Report):
        return _report(message, body)
    if not body.uid:
        raise ValueError(f"document message {message.id} needs a document uid")
    if message.dialect_version in CONTAINERS:
        return _container(message, body)
    return _card(message, body)


def _report(message: Message, report: Report) -> Package:
    version = message.dialect_version
    if is_receipt(report):
        made = _begun(message, ACKNOWLEDGMENT)
        write_acknowledgment(made, report, message.return_id, message.sent_at, version)
        name, subject = "acknowledgment.xml", "ЭСД МЭДО (Квитанция)"
    else:
        made = _begun(message, NOTIFICATION)
        write_notification(made, report, message.return_id, message.sent_at, message.sender, version)
        name, subject = "notification.xml", "ЭСД МЭДО (Уведомление)"
    return _package(message, made, name, subject, ())


def _card(message: Message, document: Document) -> Package:
    version = message.dialect_version
    made = _begun(message, DOCUMENT)
    write_card(made, document, version, day_of(message.sent_at))
    members = write_files(made, document.files, version)
    return _package(message, made, "document.xml", _subject(document), tuple(members))


def _container(message: Message, document: Document) -> Package:
    version = message.dialect_version
    inner = root("container", passport_namespace_of(version), "c")
    members = write_passport(inner, document, version)
    passport = Written(PASSPORT, _serialised(inner, version))
    made = _begun(message, TRANSPORT)
    add(add(made, "container", type=CONTAINER_TYPE), "body", ARCHIVE)
    archive = Archive(ARCHIVE, (passport, *members))
    return _package(message, made, "document.xml", _subject(document), (archive,))


def _begun(message: Message, kind: str) -> Element:
    """Return a message with its header (§2.1)."""
    version = message.dialect_version
    made = root("communication", namespace_of(version), "c" if version == "2.7.1" else "xdms")
    made.set(f"{{{namespace_of(version)}}}version", version)
    created = write_moment(message.sent_at, version)
    write_partner(add(made, "header", type=kind, uid=message.id, created=created), "source", message.sender)
    return made


def _package(
    message: Message, made: Element, name: str, subject: str, members: tuple[Member | Written | Archive, ...]
) -> Package:
    """Finish the message with the participants it is for (§2.2) and put the package together."""
    version = message.dialect_version
    if message.recipients:
        index = add(made, "deliveryIndex")
        for party in message.recipients:
            write_partner(add(index, "destination"), "destination", party)
    name = "message.xml" if version == "2.7.1" else name  # §4.1
    listed = [member.name for member in members]
    listed = [*listed, name] if version in CONTAINERS else [name, *listed]
    envelope = Envelope(subject, message.sent_at, tuple(listed))
    return Package(name, _serialised(made, version), members, subject, sidecar=envelope)


def _subject(document: Document) -> str:
    """Return the subject of §3, ``ЭСД МЭДО (<number> от <date> {<GUID>})``; nothing is ever decided by it."""
    number, day = document.number, document.number.date
    dated = f" от {shown(day)}" if day else ""
    return line(f"ЭСД МЭДО ({number.text}{dated} {{{document.uid}}})", 255)


def _serialised(made: Element, version: str) -> bytes:
    """Return the bytes of *made*; raises ValueError with the first reasons when our own schema rejects them."""
    wrong = deviations(made, version)
    if wrong:
        raise ValueError("the message would be invalid: " + "; ".join(text for _, text in wrong[:3]))
    encoding = "UTF-8" if version in CONTAINERS else "windows-1251"
    written = etree.tostring(made, encoding=encoding, xml_declaration=True)
    assert isinstance(written, bytes)  # text only for encoding "unicode"
    return written
