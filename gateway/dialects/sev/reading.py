# SPDX-License-Identifier: GPL-3.0-or-later
"""A package understood: the story from untrusted bytes to a message, with what was noted and what was refused.

Refused is only what cannot be acted upon: broken or hostile XML, a header without ids, time or sender, a listed file
that did not come, a document that cannot be identified, a word outside a mandatory list.  All else is noted.
"""

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from gateway.dialects.findings import MAX_QUOTE, problem_of
from gateway.dialects.sev.directories import read_directory_result, read_directory_update
from gateway.dialects.sev.documents import read_document_list
from gateway.dialects.sev.elements import attribute, child, children
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.headers import Header, heading, heading_of, read_header, sender_zone
from gateway.dialects.sev.reports import read_report
from gateway.dialects.sev.shelf import Shelf
from gateway.dialects.sev.subscriptions import read_subscription
from gateway.dialects.sev.tasks import owner_keys, read_task_list
from gateway.dialects.sev.validation import deviation_notes
from gateway.dialects.sev.vocabulary import DOCUMENT_MESSAGES, KNOWN, NAME, NAMED_ONLY, SEV, UNKNOWN, VERSION
from gateway.dialects.tree import Element, drop_unknown, parse, root_of, salvage
from gateway.dialects.values import read_boolean
from gateway.dialects.wire import Reading, Resource, Root
from gateway.errors import Reason, Refused
from gateway.model import (
    DirectoryResult,
    DirectoryUpdate,
    Document,
    Message,
    MessageId,
    Number,
    Problem,
    Report,
    ReportKind,
    ReturnId,
    Severity,
)

READ = ("DocInfo", "Report", "SyncInfo", "SyncReport")


def read(passport: bytes, resources: Sequence[Resource]) -> Reading:
    """Return what was understood of the *passport* and of the files that came beside it; never raises."""
    try:
        root = parse(passport)
    except Refused as refusal:
        return _unread(passport, refusal)
    name = etree.QName(root)
    if name.namespace != SEV or name.localname not in READ:
        return _named(Root(name.namespace or "", name.localname))
    return _examined(root, resources)


def _named(root: Root) -> Reading:
    """Return a reading of what we only know by name."""
    title = NAMED_ONLY.get((root.namespace, root.name), f"unknown SEV message {root.name[:MAX_QUOTE]}")
    return Reading(NAME, VERSION, None, heading_of(None), title=title)


def _unread(passport: bytes, refusal: Refused) -> Reading:
    """Return the refusal of broken or hostile XML, with the heading that could be saved of it."""
    root = root_of(passport)
    if root is not None and (root.namespace, root.name) in NAMED_ONLY:
        return replace(_named(root), refusal=refusal, problems=(problem_of(refusal),))
    saved = salvage(passport)
    kinds = {
        "DocInfo": "document",
        "Report": _report_kind(saved),
        "SyncInfo": "directory",
        "SyncReport": "directory_result",
    }
    return Reading(
        dialect=NAME,
        version=attribute(child(saved, "Header"), "Version") or VERSION,
        kind=kinds.get(root.name) if root and root.namespace == SEV else None,
        heading=heading_of(saved),
        refusal=refusal,
        problems=(problem_of(refusal),),
    )


def _report_kind(root: Element | None) -> str:
    return "receipt" if attribute(child(root, "Header"), "MessageType") == "Reception" else "report"


# --- examination --------------------------------------------------------------------------------------------------


def _examined(root: Element, resources: Sequence[Resource]) -> Reading:
    exam = Examination(sender_zone(root))
    exam.problems += drop_unknown(root, KNOWN)
    exam.problems += deviation_notes(root)
    header = read_header(root, exam)
    exam.shelf = Shelf(header.listed, resources)
    _examine_shelf(exam, root)
    expansion = child(root, "Expansion")
    if expansion is not None and (len(expansion) or expansion.text):
        exam.note("expansion", expansion, "content by private agreement is ignored")
    message = _read_message(root, header, exam)
    for resource in exam.shelf.unlisted:
        name = next(iter(resource.names), "")[:MAX_QUOTE]
        exam.note("unlisted-file", root, f"a file nothing names is ignored: {name}", at="Header/ResourceList")
    problems = exam.told()
    return Reading(
        dialect=NAME,
        version=header.version,
        kind=_kind(root, message),
        heading=heading(root, header),
        message=message,
        contents=exam.shelf.contents,
        refusal=exam.refusal,
        problems=problems,
    )


def _kind(root: Element, message: Message | None) -> str:
    match etree.QName(root).localname:
        case "DocInfo":
            return "document"
        case "SyncInfo":
            return "directory"
        case "SyncReport":
            return "directory_result"
    if message is None or not isinstance(message.body, Report):
        return _report_kind(root)
    return "receipt" if message.body.kind is ReportKind.RECEIPT else "report"


def _examine_shelf(exam: Examination, root: Element) -> None:
    """Refuse when a listed file did not come or cannot be told from another; note where names differ."""
    for entry in exam.shelf.missing[:1]:
        detail = "a listed file did not come"
        exam.take(Refused(Reason.MISSING_FILE, detail, place=entry.place, expected=entry.name, found=entry.name))
    for entry in exam.shelf.ambiguous[:1]:
        detail = "several files that came could be this one"
        exam.take(Refused(Reason.AMBIGUOUS, detail, place=entry.place, expected=entry.name, found=entry.name))
    for number, match in exam.shelf.matches.items():
        listed = exam.shelf.listed[number]
        if match.loose or match.by_order:
            how = "taken in order" if match.by_order else f"came as {next(iter(match.resource.names), '')[:MAX_QUOTE]}"
            exam.problems.append(Problem(Severity.NOTE, "name-differs", listed.place, f"{listed.name}: {how}"))


def _read_message(root: Element, header: Header, exam: Examination) -> Message | None:
    """Return the message, None when there is none to show: without a time of sending or without a document."""
    body: Document | Report | DirectoryUpdate | DirectoryResult | None
    subscription = None
    match etree.QName(root).localname:
        case "DocInfo":
            body = _read_body(root, exam)
            subscription = read_subscription(child(root, "Subscriptions"), exam)
        case "SyncInfo":
            body = read_directory_update(root, exam)
        case "SyncReport":
            body = read_directory_result(root, exam)
        case _:
            body = read_report(root, exam, header.sent_at)
    if body is None or header.sent_at is None:
        return None
    fallback = "" if isinstance(body, Document) else UNKNOWN
    return Message(
        id=MessageId(header.message_id),
        return_id=ReturnId(header.return_id or fallback),
        sent_at=header.sent_at,
        sender=header.sender,
        recipients=header.recipients,
        body=body,
        dialect=NAME,
        dialect_version=header.version,
        subscription=subscription,
    )


def _read_body(root: Element, exam: Examination) -> Document | None:
    """Return the main document with its tasks and with all other documents of the passport linked to it."""
    documents, elements = read_document_list(child(root, "DocumentList"), exam)
    supplement = exam.choice(child(root, "Header"), "MessageType", DOCUMENT_MESSAGES, False)
    position = _main_position(elements, exam)
    if position is None:
        exam.refuse(Reason.BAD_PASSPORT, "no document is marked as the main one", root, "DocumentList")
        return None
    documents = _with_tasks(documents, position, root, exam)
    main = documents[position]
    _examine_main(main, elements[position], exam)
    return replace(main, linked=documents[:position] + documents[position + 1 :], supplement=supplement)


def _main_position(elements: Sequence[Element], exam: Examination) -> int | None:
    """Return which document is the main one: the first marked so, or the only one when it bears no mark."""
    marks = [attribute(element, "MainDocument") for element in elements]
    main = [position for position, mark in enumerate(marks) if read_boolean(mark)]
    if len(main) > 1:
        exam.note("several-main", elements[main[1]], "a second main document: the first counts", at="@MainDocument")
    if main:
        return main[0]
    if len(marks) == 1 and read_boolean(marks[0]) is None:
        exam.note("no-main", elements[0], "not marked as main, but the only one", at="@MainDocument")
        return 0
    return None


def _with_tasks(documents: tuple[Document, ...], main: int, root: Element, exam: Examination) -> tuple[Document, ...]:
    listing = child(root, "TaskList")
    tasks = read_task_list(listing, exam)
    positions = {document.card: position for position, document in reversed(list(enumerate(documents)))}
    owners = owner_keys(tasks)
    owned: dict[int, list[int]] = {}
    told: set[str] = set()
    for number, (task, made) in enumerate(zip(tasks, children(listing, "Task"), strict=True)):
        uid = task.task.uid
        if uid in told:
            code = "repeated-key" if uid else "task-without-id"
            exam.note(code, made, "another task has this UID, or none, already: this one is left out", at="@UID")
            continue
        told.add(uid)
        owned.setdefault(positions.get(owners[number], main) if owners[number] else main, []).append(number)
    return tuple(
        replace(document, tasks=tuple(tasks[number].task for number in owned.get(position, ())))
        for position, document in enumerate(documents)
    )


def _examine_main(main: Document, element: Element, exam: Examination) -> None:
    """Refuse a document nobody could find again; note what a partner should do better."""
    if not main.uid and main.number == Number():
        exam.refuse(Reason.MISSING_FIELD, "the document has neither UID nor number", element, "@UID")
    elif not main.uid:
        exam.note("no-uid", element, "the main document has no UID", at="@UID")
    if not main.authors:
        exam.note("missing-author", element, "no data about the author of the document", at="Author")
    if not main.files:
        exam.note("no-files", element, "a document without files", at="File")
    if not main.pages:
        exam.note("empty-pages", element, "the number of pages is not given", at="Consists")
    if not main.subject:
        exam.note("empty-subject", element, "the subject is not given", at="Annotation")
