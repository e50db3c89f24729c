# SPDX-License-Identifier: GPL-3.0-or-later
"""A message understood: the story from untrusted bytes to a message, with what was noted and what was refused.

Refused is only what cannot be acted upon: broken or hostile XML, a header without id, time or sender, an unknown kind,
a missing zone, a file that did not come or is no base64, a document nobody could find again.  All else is noted.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from lxml import etree

from gateway.dialects.bare_elements import attribute, child, children
from gateway.dialects.findings import MAX_QUOTE, problem_of
from gateway.dialects.gost2010.acknowledgements import read_report
from gateway.dialects.gost2010.documents import read_document
from gateway.dialects.gost2010.examination import Examination
from gateway.dialects.gost2010.files import MAX_FILES
from gateway.dialects.gost2010.headers import Header, ends_of, heading_of, read_header
from gateway.dialects.gost2010.shelf import Shelf
from gateway.dialects.gost2010.tasks import read_tasks
from gateway.dialects.gost2010.validation import deviation_notes
from gateway.dialects.gost2010.values import undashed
from gateway.dialects.gost2010.vocabulary import (
    ANSWERS,
    DELIVERED,
    DOCUMENT_KINDS,
    MAIN,
    NAME,
    NOTIFICATION,
    OLD_DELO,
    OLD_DELO_TITLE,
    OURS,
    SUPPLEMENT,
    SUPPLEMENTS,
    UKRAINIAN,
    UKRAINIAN_TITLE,
    UNKNOWN,
    VERSION,
    ZONES,
)
from gateway.dialects.tree import Element, drop_unknown, local_name, parse, root_of, salvage
from gateway.dialects.wire import Body, Reading, Resource, Root
from gateway.errors import Reason, Refused
from gateway.model import (
    Document,
    Message,
    MessageId,
    Number,
    Report,
    ReportKind,
    ReturnId,
)


def relative(root: Root) -> str:
    """Return what a relative of the standard is, by its root alone; empty for the standard itself."""
    if root.namespace == "" and root.name in OLD_DELO:
        return OLD_DELO_TITLE
    if root.name == "Header" and root.attributes.get("standart", "").strip() == UKRAINIAN:
        return UKRAINIAN_TITLE
    return ""


def recognises(root: Root) -> bool:
    """Say whether *root* is a Header that says so (in no namespace; QUIRK: or in any), or a relative we only name."""
    ours = root.name == "Header" and bool({"standart", "msg_type"} & root.attributes.keys())
    return ours or bool(relative(root))


def read(passport: bytes, resources: Sequence[Resource], bodies: Sequence[Body]) -> Reading:
    """Return what was understood of the *passport*, its *bodies* and the files that came beside it; never raises."""
    try:
        root = parse(passport)
    except Refused as refusal:
        found = root_of(passport)
        return _named(relative(found)) if found and relative(found) else _unread(passport, refusal)
    name = etree.QName(root)
    attributes = {str(key): str(value) for key, value in root.attrib.items()}
    title = relative(Root(name.namespace or "", name.localname, attributes))
    return _named(title) if title else _examined(root, Shelf(bodies, resources))


def _named(title: str) -> Reading:
    """Return the refusal of a relative, known by name alone."""
    refusal = Refused(Reason.UNSUPPORTED, title)
    return Reading(NAME, "", None, heading_of(None), refusal=refusal, problems=(problem_of(refusal),), title=title)


def _unread(passport: bytes, refusal: Refused) -> Reading:
    """Return the refusal of broken or hostile XML, with the heading that could be saved of it."""
    saved = salvage(passport)
    if saved is not None:
        _plain(saved)
    return Reading(
        dialect=NAME,
        version=attribute(saved, "version") or VERSION,
        kind=_kind(saved, None) if saved is not None else None,
        heading=heading_of(saved),
        refusal=refusal,
        problems=(problem_of(refusal),),
    )


def _plain(root: Element) -> None:
    """Take the namespace of *root* away from its elements.  QUIRK: partners declare one of their own."""
    namespace = root.tag.rpartition("}")[0] if isinstance(root.tag, str) else ""
    if namespace:
        for element in root.iter(f"{namespace}}}*"):
            element.tag = local_name(element)


# --- examination --------------------------------------------------------------------------------------------------


def _examined(root: Element, shelf: Shelf) -> Reading:
    exam = Examination(shelf)
    namespace = etree.QName(root).namespace
    exam.problems += drop_unknown(root, {namespace})
    if namespace:
        exam.note("other-standard", root, f"the elements are in a namespace: {namespace[:MAX_QUOTE]}")
        _plain(root)
    exam.problems += deviation_notes(root)
    header = read_header(root, exam)
    exam.ends = ends_of(header.sender, header.recipients)
    for zone in ZONES:
        for again in children(root, zone)[1:]:
            exam.note("repeated-key", again, "a second zone of this kind: the first counts")
    expansion = child(root, "Expansion")
    if expansion is not None and (len(expansion) or expansion.text) and attribute(expansion, "organization") != OURS:
        exam.note("expansion", expansion, "content by private agreement is ignored")
    message = _read_message(root, header, exam)
    for resource in shelf.unnamed:
        name = next(iter(resource.names), "")[:MAX_QUOTE]
        exam.note("unlisted-file", root, f"a file nothing names is ignored: {name}")
    return Reading(
        dialect=NAME,
        version=header.version,
        kind=_kind(root, message),
        heading=heading_of(root),
        message=message,
        contents=shelf.contents,
        refusal=exam.refusal,
        problems=exam.told(),
    )


def _kind(root: Element, message: Message | None) -> str | None:
    """Return what a message is: by its kind, or by its zones where that says nothing."""
    if message is not None:
        body = message.body
        is_receipt = isinstance(body, Report) and body.kind is ReportKind.RECEIPT
        return "document" if isinstance(body, Document) else "receipt" if is_receipt else "report"
    acknowledgement = child(root, "Acknowledgement")
    kind = attribute(root, "msg_type")
    if kind == NOTIFICATION or (kind not in DOCUMENT_KINDS and acknowledgement is not None):
        return "receipt" if attribute(acknowledgement, "ack_type", "ask_type") == DELIVERED else "report"
    return "document" if kind in DOCUMENT_KINDS or child(root, "Document") is not None else None


def _read_message(root: Element, header: Header, exam: Examination) -> Message | None:
    """Return the message, None when there is none to show."""
    if header.sent_at is None:
        return None
    body: Document | Report | None
    if header.kind == NOTIFICATION:
        body = read_report(root, exam, header.sent_at)
        return_id = undashed(attribute(child(root, "Acknowledgement"), "msg_id")) or UNKNOWN
    else:
        body = _read_body(root, header, exam)
        return_id = header.message_id
    if body is None:
        return None
    return Message(
        id=MessageId(header.message_id),
        return_id=ReturnId(return_id),
        sent_at=header.sent_at,
        sender=header.sender,
        recipients=header.recipients,
        body=body,
        dialect=NAME,
        dialect_version=header.version,
        subscription=header.subscription if isinstance(body, Document) else None,
    )


def _read_body(root: Element, header: Header, exam: Examination) -> Document | None:
    """Return the document of kinds 1 to 4; a supplement's zone only refers to its document (1A.1)."""
    zone, folders, tasks = child(root, "Document"), child(root, "AddDocuments"), child(root, "TaskList")
    if zone is None:
        exam.refuse(Reason.MISSING_FIELD, "a mandatory zone is missing", root, "Document")
        return None
    if sum(1 for _ in islice(root.iter("DocTransfer"), MAX_FILES + 1)) > MAX_FILES:
        exam.refuse(Reason.TOO_MANY_PARTS, "too many files inside", root, expected=f"at most {MAX_FILES}")
    _examine_zones(root, header, exam)
    document = read_document(zone, folders, exam, answer=header.kind in ANSWERS)
    document = replace(document, tasks=read_tasks(tasks, exam), supplement=header.kind in SUPPLEMENTS)
    _examine_document(document, zone, exam)
    return document


def _examine_zones(root: Element, header: Header, exam: Examination) -> None:
    """Note zones that the kind of message does not permit, or demands (1A.1)."""
    folders, tasks = child(root, "AddDocuments"), child(root, "TaskList")
    if tasks is not None and header.kind not in (MAIN, SUPPLEMENT):
        exam.note("misplaced", tasks, f"tasks in a message of kind {header.kind[:MAX_QUOTE]}, read all the same")
    if header.kind in SUPPLEMENTS and tasks is None and folders is None:
        exam.note("nothing-reported", root, "a supplement that adds nothing", at="AddDocuments")
    acknowledgement = child(root, "Acknowledgement")
    if acknowledgement is not None:
        exam.note("misplaced", acknowledgement, "a notification in a message with a document is ignored")


def _examine_document(document: Document, zone: Element, exam: Examination) -> None:
    """Refuse a document nobody could find again; note what a partner should do better."""
    if not document.uid and document.number == Number():
        exam.refuse(Reason.MISSING_FIELD, "the document has neither an id nor a number", zone, "@idnumber")
    elif not document.uid:
        exam.note("no-uid", zone, "the document has no id", at="@idnumber")
    if not document.authors:
        exam.note("missing-author", zone, "no data about the author of the document", at="Author")
    if document.supplement:
        return
    if not document.files:
        exam.note("no-files", zone, "a document without files", at="DocTransfer")
    if not document.pages:
        exam.note("empty-pages", zone, "the number of pages is not given", at="@pages")
    if not document.subject:
        exam.note("empty-subject", zone, "the subject is not given", at="@title")
