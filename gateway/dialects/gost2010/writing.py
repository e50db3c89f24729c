# SPDX-License-Identifier: GPL-3.0-or-later
"""A message made into a package: one XML with its files inside, in base64, validated by our own schema."""

from lxml import etree

from gateway.dialects.gost2010.acknowledgements import write_report
from gateway.dialects.gost2010.degrade import degrade
from gateway.dialects.gost2010.documents import write_document, write_folders
from gateway.dialects.gost2010.files import STANDS_HERE, Packing
from gateway.dialects.gost2010.headers import ends_of, write_header
from gateway.dialects.gost2010.links import is_answer
from gateway.dialects.gost2010.tasks import write_tasks
from gateway.dialects.gost2010.validation import deviations
from gateway.dialects.gost2010.values import said
from gateway.dialects.gost2010.vocabulary import (
    ANSWER,
    ANSWER_SUPPLEMENT,
    MAIN,
    NOTIFICATION,
    PASSPORT,
    SUPPLEMENT,
    UNKNOWN,
)
from gateway.dialects.subjects import document_subject
from gateway.dialects.tree import Element
from gateway.dialects.wire import Inline, Package, no_directory
from gateway.errors import Reason, Refused
from gateway.model import Document, DocumentRef, DocumentType, Message

_START = b'<?xml version="1.0" encoding="UTF-8"?>'
REPORT_SUBJECT = "Уведомление"
# A tag that no text can look like: in texts and attributes ">" is always escaped.
_HERE = f'transfertype="0">{STANDS_HERE}</DocTransfer>'.encode()
_INSIDE = len(b'transfertype="0">')


def write(message: Message) -> Package:
    """Return the package that says `degrade(message)`.

    Raises Refused(UNSUPPORTED) for a draft or a directory, and ValueError when it is not possible: no id, no sender's
    organisation, a document without uid, a refusal without its reason, a file without content or anything else the
    schema rejects.
    """
    body = no_directory(message, "GOST R 53898-2010")
    if isinstance(body, Document) and body.type is DocumentType.DRAFT:
        raise Refused(Reason.UNSUPPORTED, "GOST R 53898-2010 has no drafts: this one would be taken for a document")
    # an answer names a message exactly as its sender did (1A.5); what is read of it is our own spelling
    answers = said(message.return_id) or UNKNOWN
    message = degrade(message)
    body = no_directory(message, "GOST R 53898-2010")
    root, packing = etree.Element("Header"), Packing()
    if isinstance(body, Document):
        _write_document(root, message, body, packing)
        subject = document_subject(body)
    else:
        write_header(root, message, NOTIFICATION)
        write_report(root, body, answers)
        subject = REPORT_SUBJECT
    wrong = deviations(root)
    if wrong:
        raise ValueError("the message would be invalid: " + "; ".join(text for _, text in wrong[:3]))
    passport, places = _without_marks(_START + etree.tostring(root, encoding="UTF-8", xml_declaration=False))
    inline = tuple(Inline(at, digest) for at, digest in zip(places, packing.in_order(root), strict=True))
    return Package(PASSPORT, passport, (), subject, inline)


def kind_of(document: Document) -> str:
    """Return the msg_type of a degraded *document*: an answer is one without tasks (1A.1)."""
    answer = is_answer(document) and not document.tasks
    if document.supplement:
        return ANSWER_SUPPLEMENT if answer else SUPPLEMENT
    return ANSWER if answer else MAIN


def _write_document(root: Element, message: Message, document: Document, packing: Packing) -> None:
    if not document.uid:
        raise ValueError(f"document message {message.id} needs a document uid")
    kind, ends = kind_of(document), ends_of(message.sender, message.recipients)
    answer = kind in (ANSWER, ANSWER_SUPPLEMENT)
    write_header(root, message, kind)
    write_document(root, document, ends, packing, answer=answer)
    write_tasks(root, document.tasks, DocumentRef(document.uid, document.number), ends, packing)
    write_folders(root, document, packing, answer=answer)


def _without_marks(marked: bytes) -> tuple[bytes, list[int]]:
    """Return *marked* without the marks where files stand, and the byte before which each file stands."""
    pieces = marked.split(_HERE)
    places, at = [], 0
    for piece in pieces[:-1]:
        at += len(piece) + _INSIDE
        places.append(at)
        at += len(_HERE) - _INSIDE - len(STANDS_HERE)
    empty = _HERE.replace(STANDS_HERE.encode() + b"<", b"<")
    return empty.join(pieces), places
