# SPDX-License-Identifier: GPL-3.0-or-later
"""A message made into a package: the passport as native systems write it, validated, and the list of its files.

UTF-8 with a byte order mark, one line (but for line ends inside texts), default namespace, times in UTC.
"""

from lxml import etree

from gateway.dialects.sev.degrade import degrade
from gateway.dialects.sev.directories import write_directory_result, write_directory_update
from gateway.dialects.sev.documents import check_draft, write_document
from gateway.dialects.sev.elements import add, tag
from gateway.dialects.sev.files import Packing
from gateway.dialects.sev.headers import finish_header, write_header
from gateway.dialects.sev.reports import write_report
from gateway.dialects.sev.subscriptions import write_subscription
from gateway.dialects.sev.tasks import PlacedTask, write_task_list
from gateway.dialects.sev.validation import deviations
from gateway.dialects.sev.vocabulary import (
    DIRECTORY_MESSAGE,
    DIRECTORY_PASSPORT,
    DIRECTORY_RESULT_MESSAGE,
    DIRECTORY_RESULT_PASSPORT,
    DOCUMENT_MESSAGES,
    DOCUMENT_PASSPORT,
    EXT2015,
    EXT2016,
    EXT2018,
    REPORT_MESSAGES,
    REPORT_PASSPORT,
    SEV,
    word,
)
from gateway.dialects.subjects import document_subject
from gateway.dialects.tree import Element
from gateway.dialects.wire import Package
from gateway.model import DirectoryResult, DirectoryUpdate, Document, Message

_PREFIXES = {None: SEV, "ext2015": EXT2015, "ext2016": EXT2016, "ext2018": EXT2018}
_START = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'

REPORT_SUBJECT = "Отчет СЭВ"
DIRECTORY_SUBJECT = "Синхронизация СЭВ"
DIRECTORY_RESULT_SUBJECT = "Отчет о синхронизации СЭВ"


def write(message: Message) -> Package:
    """Return the package that says `degrade(message)`.

    Raises ValueError when that is not possible: no id, no sender organisation or recipient, a document without
    uid or a draft without version, a receipt or refusal without its content, a file without content or anything
    else the schema rejects.
    """
    message = degrade(message)
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):
        return _directory(message, message.body)
    if isinstance(message.body, Document):
        name, packing, root = DOCUMENT_PASSPORT, Packing(DOCUMENT_PASSPORT), _new("DocInfo")
        _write_document_message(root, message, message.body, packing)
        subject = document_subject(message.body)
    else:
        name, packing, root = REPORT_PASSPORT, Packing(REPORT_PASSPORT), _new("Report")
        header = write_header(root, message, word(REPORT_MESSAGES, message.body.kind) or "")
        write_report(root, message.body, packing)
        finish_header(header, packing)
        subject = REPORT_SUBJECT
    add(root, "Expansion")
    return Package(name, _serialised(root), tuple(packing.members), subject)


def _directory(message: Message, body: DirectoryUpdate | DirectoryResult) -> Package:
    if isinstance(body, DirectoryUpdate):
        name, root, subject = DIRECTORY_PASSPORT, _new("SyncInfo"), DIRECTORY_SUBJECT
        header = write_header(root, message, DIRECTORY_MESSAGE)
        write_directory_update(root, body)
    else:
        name, root, subject = DIRECTORY_RESULT_PASSPORT, _new("SyncReport"), DIRECTORY_RESULT_SUBJECT
        header = write_header(root, message, DIRECTORY_RESULT_MESSAGE)
        write_directory_result(root, body)
    finish_header(header, Packing(name))
    return Package(name, _serialised(root), (), subject)


def _new(name: str) -> Element:
    return etree.Element(tag(name), nsmap=_PREFIXES)  # type: ignore[arg-type]  # None is the default namespace


def _write_document_message(root: Element, message: Message, document: Document, packing: Packing) -> None:
    if not document.uid or not message.return_id:
        raise ValueError(f"document message {message.id} needs a document uid and a return id")
    check_draft(document)
    header = write_header(root, message, word(DOCUMENT_MESSAGES, document.supplement) or "")
    listing = add(root, "DocumentList")
    write_document(listing, document, packing, main=True)
    for linked in document.linked:
        write_document(listing, linked, packing, main=False)
    family = (document, *document.linked)
    write_task_list(root, [PlacedTask(task, member.card) for member in family for task in member.tasks], packing)
    if message.subscription:
        write_subscription(root, message.subscription)
    finish_header(header, packing)


def _serialised(root: Element) -> bytes:
    """Return the bytes of *root*; raises ValueError with the first reasons when our own schema rejects them."""
    etree.cleanup_namespaces(root)
    wrong = deviations(root)
    if wrong:
        raise ValueError("the passport would be invalid: " + "; ".join(text for _, text in wrong[:3]))
    return _START + etree.tostring(root, encoding="utf-8", xml_declaration=False)
