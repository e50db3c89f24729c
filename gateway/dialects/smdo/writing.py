# SPDX-License-Identifier: GPL-3.0-or-later
"""A message made into a package: the XML as the tables have it, validated, and its files as attach1, attach2 …

UTF-8 without a byte order mark, no namespace, times in UTC; signatures stand inside in base64.
"""

from datetime import date

from lxml import etree

from gateway.dialects.bare_elements import add, children
from gateway.dialects.smdo.acknowledgements import write_acknowledgement
from gateway.dialects.smdo.degrade import degrade, has_parent
from gateway.dialects.smdo.documents import (
    write_document,
    write_folders,
    write_number,
    write_reference,
    write_supplement,
)
from gateway.dialects.smdo.files import Packing
from gateway.dialects.smdo.headers import write_header
from gateway.dialects.smdo.ids import guid
from gateway.dialects.smdo.refusals import DISTRUSTED, NOT_SUBJECT, REFUSED
from gateway.dialects.smdo.tasks import write_tasks
from gateway.dialects.smdo.validation import deviations
from gateway.dialects.smdo.vocabulary import (
    ALWAYS,
    ANSWER,
    ANSWER_SUPPLEMENT,
    MAIN,
    NEVER,
    NOTIFICATION,
    ON_ERRORS,
    SUPPLEMENT,
    V2,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import one_line, write_moment
from gateway.dialects.wire import Inline, Package, no_directory
from gateway.errors import Reason, Refused
from gateway.model import Document, DocumentRef, DocumentType, FileRole, Message, Number, Report, ReportKind, Sha256

_START = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def write(message: Message) -> Package:
    """Return the package that says `degrade(message)`.

    Raises Refused for a draft, a directory and a main document without a file, which the format cannot carry;
    ValueError when ids, codes or the uid of the document are missing, or anything else that the schema rejects.
    """
    asked = no_directory(message, "SMDO")
    answered = message.return_id  # as its sender wrote it, which may compare it so
    message = degrade(message)
    body, packing = no_directory(message, "SMDO"), Packing()
    if isinstance(body, Document):
        _refuse(asked, body)
        root = _document_message(message, body, packing, asked)
        subject, name = document_subject(body), f"{message.id}_data.xml"
    else:
        subject, name = report_subject(body), f"{message.id}_ack.xml"
        root = _new(message, subject)
        write_header(root, message.sender, message.recipients, NOTIFICATION, NEVER)
        write_acknowledgement(add(root, "Body"), body, answered or message.return_id, message.sent_at)
    if wrong := deviations(root, message.dialect_version):
        raise ValueError("the message would be invalid: " + "; ".join(text for _, text in wrong[:3]))
    passport, inline = _serialised(root, packing)
    return Package(
        passport_name=name,
        passport=passport,
        members=tuple(packing.members),
        subject=subject,
        inline=inline,
        headers=(("Organization", message.sender.index),),
        passport_last=True,
    )


def _refuse(asked: Document | Report, document: Document) -> None:
    if isinstance(asked, Document) and asked.type is DocumentType.DRAFT:
        raise Refused(Reason.UNSUPPORTED, "a draft cannot be sent by SMDO: register it first", place="Document/@type")
    if not document.uid:
        raise ValueError("a document without a uid cannot be written")
    if not document.supplement and not any(file.role is FileRole.TEXT for file in document.files):
        raise Refused(Reason.MISSING_FILE, "SMDO demands a file with every document", place="Document/DocTransfer")


def _new(message: Message, subject: str) -> Element:
    root = etree.Element("Envelop")
    root.set("type", message.dialect_version)
    root.set("msg_id", guid(message.id))
    root.set("dtstamp", write_moment(message.sent_at))
    root.set("subject", subject)
    return root


def _document_message(message: Message, document: Document, packing: Packing, asked: Document | Report) -> Element:
    root = _new(message, document_subject(document))
    wanted = message.subscription
    acknow = ALWAYS if wanted is None else ON_ERRORS if wanted.refusal else NEVER
    kind = _kind(document, asked)
    header = write_header(root, message.sender, message.recipients, kind, acknow)
    body = add(root, "Body")
    if document.supplement:
        for receiver in children(header, "Receiver"):
            write_reference(receiver, DocumentRef(document.uid, document.number))
        write_tasks(body, document.tasks, document.ref, packing)
        if document.files or document.note or not document.tasks:
            write_supplement(body, document, packing)
        return root
    write_document(body, document, _parent(message, document), packing, message.dialect_version)
    write_tasks(body, document.tasks, document.ref, packing)
    write_folders(body, document, packing)
    return root


def _kind(document: Document, asked: Document | Report) -> str:
    answers = isinstance(asked, Document) and any(link.answers for link in asked.links)
    if document.supplement:
        return ANSWER_SUPPLEMENT if answers else SUPPLEMENT
    return ANSWER if answers and document.links and document.links[0].answers else MAIN


def _parent(message: Message, document: Document) -> Element | None:
    """Return the DocParent of an answer; through SMDO when the message that is answered is known."""
    if message.dialect_version != V2 or not has_parent(document):
        return None
    ref = document.links[0].document
    assert ref is not None  # `has_parent` has looked
    made = etree.Element("DocParent")
    made.set("delivery_type", "1" if message.in_reply_to else "0")
    if ref.uid:
        made.set("idnumber", ref.uid)
    if message.in_reply_to:
        made.set("lastmsg_id", guid(message.in_reply_to))
        made.set("parmsg_id", guid(message.thread or message.in_reply_to))
        made.set("parorg_id", message.recipients[0].index)
    write_number(made, "RegNumber", ref.number)
    return made


# --- subjects (§4) ------------------------------------------------------------------------------------------------


def document_subject(document: Document) -> str:
    number = _numbered(document.number, "№ ")
    return one_line(f"Дополнение к исх. {number}" if document.supplement else f"исх. {number}")


def report_subject(report: Report) -> str:
    number = _numbered(report.about.number, "№")
    if report.kind is ReportKind.RECEIPT:
        return one_line(f"Уведомление о доставке документа {number}")
    if report.refusal is not None:
        if report.refusal.code == NOT_SUBJECT:
            return one_line(f"Уведомление: Документ {number} не подлежит регистрации")
        if report.refusal.code in (REFUSED, DISTRUSTED):
            return one_line(f"Уведомление об отказе в регистрации документа {number}")
        return one_line(f"Уведомление об ошибке при доставке документа {number}")
    if report.registered is not None:
        return one_line(f"Уведомление о регистрации документа {number}")
    return one_line(f"Уведомление о документе {number}")


def _numbered(number: Number, sign: str) -> str:
    return f"{sign}{number.text}" + (f" от {_day(number.date)}" if number.date else "")


def _day(day: date) -> str:
    return f"{day:%d.%m.}{day.year:04d}"


# --- bytes --------------------------------------------------------------------------------------------------------


def _serialised(root: Element, packing: Packing) -> tuple[bytes, tuple[Inline, ...]]:
    """Return the bytes of *root* and where the signatures stand in them."""
    data = _bytes(root)
    if not packing.signatures:
        return data, ()
    mark = "~"
    while mark.encode() in data:
        mark += "~"
    for element, _ in packing.signatures:
        element.text = mark
    pieces = _bytes(root).split(mark.encode())
    assert len(pieces) == len(packing.signatures) + 1
    digests: list[Sha256] = [digest for _, digest in packing.signatures]
    inline, at = [], 0
    for piece, digest in zip(pieces[:-1], digests, strict=True):
        at += len(piece)
        inline.append(Inline(at, digest))
    return b"".join(pieces), tuple(inline)


def _bytes(root: Element) -> bytes:
    return _START + etree.tostring(root, encoding="utf-8", xml_declaration=False)
