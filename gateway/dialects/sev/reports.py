# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: what stands now with a document at the other side, read and written as one accumulated snapshot.

Every report is a Notification zone whose entries point, by passport-local keys, to documents and tasks of the zones
behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.dialects.sev.documents import by_card, reachable, read_document_list, write_document
from gateway.dialects.sev.elements import add, add_extension, add_given, attribute, child, children, given, text
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.failures import compose_failure, parse_failure
from gateway.dialects.sev.files import Packing
from gateway.dialects.sev.headers import read_initial_document
from gateway.dialects.sev.parties import read_contact, read_party, read_term, write_contact, write_party
from gateway.dialects.sev.tasks import PlacedTask, read_task_list, task_key, write_task_list
from gateway.dialects.sev.vocabulary import APPROVAL_KINDS, EXT2016, EXT2018, REPORT_MESSAGES, UNKNOWN, word
from gateway.dialects.tree import Element
from gateway.dialects.values import write_moment
from gateway.model import (
    Answer,
    ApprovalKind,
    Consideration,
    Direction,
    Document,
    Forwarding,
    Number,
    Party,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    Task,
    TaskUid,
    Term,
)

_DRAFT_REGISTERED = "ProjectRegistrationNotification"


def documents_of(report: Report) -> Iterator[Document]:
    """Yield the documents the entries of *report* speak of, in the order they are written."""
    if report.registered and report.registered.document:
        yield report.registered.document
    for answer in report.answers:
        yield answer.document
    for document in (report.approvals, report.edited, report.draft_registered):
        if document:
            yield document


# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Zones:
    """What the entries of a Notification point to."""

    bare: Mapping[str, Document]  # by DocumentID
    tasks: Mapping[str, Task]  # by TaskID
    sent_at: datetime | None  # stands in for the moment an entry lacks
    whole: dict[str, Document] = field(default_factory=dict)  # those asked for, with their linked documents

    def document(self, card: str) -> Document | None:
        """Return the document with key *card* and what it leads to, or None."""
        if card in self.bare and card not in self.whole:
            bare = self.bare[card]
            self.whole[card] = replace(bare, linked=reachable(bare, self.bare))
        return self.whole.get(card)


def read_report(root: Element, exam: Examination, sent_at: datetime | None) -> Report:
    """Return the snapshot; an entry that points to nothing is noted and left out."""
    element = child(root, "Notification")
    kind = exam.choice(child(root, "Header"), "MessageType", REPORT_MESSAGES, ReportKind.PROGRESS)
    zones = _read_zones(root, exam, sent_at)
    if element is None:
        exam.note("nothing-reported", root, "the report has no Notification", at="Notification")
        element = root
    editing = child(element, "Editing", EXT2016)
    report = Report(
        kind=kind,
        about=read_initial_document(child(element, "InitialDoc"), exam),
        received_at=exam.moment(element, "Reception"),
        refusal=_read_failure(child(element, "Failure"), exam),
        registered=_read_registered(child(element, "Registration"), zones, exam),
        forwardings=tuple(_read_forwardings(element, zones, exam)),
        considerations=tuple(_read_considerations(element, zones, exam)),
        sent_tasks=tuple(_read_sent_tasks(element, zones, exam)),
        redirections=tuple(_read_redirections(element, zones, exam)),
        answers=tuple(_read_answers(element, zones, exam)),
        directions=tuple(_read_directions(element, zones, exam)),
        approvals=_pointed(child(element, "SignInformation"), zones, exam),
        edited=_pointed(editing, zones, exam),
        edited_text=text(editing),
        draft_registered=_pointed(child(element, _DRAFT_REGISTERED, EXT2018), zones, exam),
    )
    return _completed(report, element, exam, sent_at)


def _read_zones(root: Element, exam: Examination, sent_at: datetime | None) -> _Zones:
    documents, _ = read_document_list(child(root, "DocumentList"), exam)
    tasks = read_task_list(child(root, "TaskList"), exam)
    return _Zones(by_card(documents), {task.key: task.task for task in reversed(tasks) if task.key}, sent_at)


def _completed(report: Report, element: Element, exam: Examination, sent_at: datetime | None) -> Report:
    """Enforce what no schema says: a receipt has its moment and a refusal its reason, and no other report has them."""
    if report.kind is ReportKind.RECEIPT and report.received_at is None:
        exam.note("nothing-reported", element, "a receipt without its moment: the time of sending counts")
        report = replace(report, received_at=sent_at)
    if report.kind is ReportKind.REFUSAL and report.refusal is None:
        exam.note("nothing-reported", element, "a refusal without a reason")
        report = replace(report, refusal=Refusal(0, ""))
    if report.received_at is not None and report.kind is not ReportKind.RECEIPT:
        exam.note("misplaced", element, "belongs to a receipt only", at="Reception")
    if report.refusal is not None and report.kind is not ReportKind.REFUSAL:
        exam.note("misplaced", element, "belongs to a refusal only", at="Failure")
    return report


def _read_failure(element: Element | None, exam: Examination) -> Refusal | None:
    if element is None:
        return None
    return parse_failure(exam.integer(element, "@Code") or 0, text(element))


def _read_registered(element: Element | None, zones: _Zones, exam: Examination) -> Registered | None:
    """Return the registration; QUIRK: without a usable key the only document of the report is meant."""
    if element is None:
        return None
    at = exam.moment(element, "@SystemDate")
    document = _pointed(element, zones, exam)
    if document is None and len(zones.bare) == 1:
        document = zones.document(next(iter(zones.bare)))
    if document is None:
        return Registered(Number(), attribute(element, "DocumentID"), at)
    return Registered(document.number, document.card, at, document)


def _pointed(element: Element | None, zones: _Zones, exam: Examination) -> Document | None:
    if element is None:
        return None
    document = zones.document(attribute(element, "DocumentID"))
    if document is None:
        exam.note("unresolved-reference", element, "points to no document of this report", at="@DocumentID")
    return document


def _moments(element: Element, name: str, zones: _Zones, exam: Examination) -> Iterator[tuple[Element, datetime]]:
    """Yield the entries called *name* with their moments; one without is taken for the time of sending."""
    for made in children(element, name):
        at = exam.moment(made, "Date")
        if at is None:
            exam.note("unreadable-value", made, "no moment: the time of sending counts", at="Date")
        if at or zones.sent_at:
            yield made, at or zones.sent_at  # type: ignore[misc]  # one of them is a moment


def _read_forwardings(element: Element, zones: _Zones, exam: Examination) -> Iterator[Forwarding]:
    for made, at in _moments(element, "Forwarding", zones, exam):
        yield Forwarding(read_contact(child(made, "Contact"), exam), at)


def _read_redirections(element: Element, zones: _Zones, exam: Examination) -> Iterator[Redirection]:
    for made, at in _moments(element, "Redirection", zones, exam):
        yield Redirection(read_party(made, exam) or Party(), at, read_term(made, "Type") or Term())


def _read_answers(element: Element, zones: _Zones, exam: Examination) -> Iterator[Answer]:
    for made, at in _moments(element, "Answer", zones, exam):
        document = _pointed(made, zones, exam)
        if document is not None:
            yield Answer(document, at, read_term(made, "Type") or Term())


def _read_directions(element: Element, zones: _Zones, exam: Examination) -> Iterator[Direction]:
    for made, at in _moments(element, "Direction", zones, exam):
        kind = exam.choice(made, "VisaSign", APPROVAL_KINDS, ApprovalKind.VISA)
        yield Direction(kind, read_contact(child(made, "Contact"), exam), at)


def _pointed_tasks(element: Element, name: str, zones: _Zones, exam: Examination) -> Iterator[tuple[Element, Task]]:
    for made in children(element, name):
        task = zones.tasks.get(attribute(made, "TaskID"))
        if task is None:
            exam.note("unresolved-reference", made, "points to no task of this report", at="@TaskID")
        else:
            yield made, task


def _read_considerations(element: Element, zones: _Zones, exam: Examination) -> Iterator[Consideration]:
    for made, task in _pointed_tasks(element, "Consideration", zones, exam):
        initial = attribute(made, "InitialTaskUID")
        yield Consideration(task, TaskUid(initial) if initial else None)


def _read_sent_tasks(element: Element, zones: _Zones, exam: Examination) -> Iterator[Task]:
    for _, task in _pointed_tasks(element, "Report", zones, exam):
        yield task


# --- writing ------------------------------------------------------------------------------------------------------


def write_report(root: Element, report: Report, packing: Packing) -> None:
    """Write Notification and the documents and tasks it points to; *report* is as `degrade` leaves it."""
    _check(report)
    element = add(root, "Notification")
    _write_initial_document(element, report)
    if report.received_at:
        add(element, "Reception", write_moment(report.received_at))
    if report.refusal:
        add(element, "Failure", compose_failure(report.refusal), Code=str(report.refusal.code))
    if report.registered:
        at = report.registered.at
        add(
            element,
            "Registration",
            DocumentID=given(report.registered.card),
            SystemDate=write_moment(at) if at else None,
        )
    _write_work(element, report)
    _write_results(element, report)
    _write_documents(root, tuple(documents_of(report)), packing)
    tasks = [*(consideration.task for consideration in report.considerations), *report.sent_tasks]
    card = report.registered.card if report.registered else ""
    write_task_list(root, [PlacedTask(task, card) for task in tasks], packing)


def _check(report: Report) -> None:
    """Raise ValueError where no schema would notice."""
    if (report.kind is ReportKind.RECEIPT) != (report.received_at is not None):
        raise ValueError("a receipt, and nothing else, says when the message was received")
    if (report.kind is ReportKind.REFUSAL) != (report.refusal is not None):
        raise ValueError("a refusal, and nothing else, says why the document was refused")


def _write_initial_document(element: Element, report: Report) -> None:
    about = report.about
    if about.number.date is None:
        raise ValueError("a report needs the date of the document it is about")
    made = add(element, "InitialDoc", UID=about.uid or UNKNOWN, VersionUID=given(about.version_uid))
    add(made, "Number", about.number.text)
    add(made, "Date", about.number.date.isoformat())
    add_given(made, "Group", about.kind.text if about.kind else "")


def _write_work(element: Element, report: Report) -> None:
    for forwarding in report.forwardings:
        made = add(element, "Forwarding")
        write_contact(made, forwarding.to)
        add(made, "Date", write_moment(forwarding.at))
    for position, consideration in enumerate(report.considerations):
        initial = consideration.initial_task
        add(element, "Consideration", TaskID=task_key(position), InitialTaskUID=initial or None)
    for position in range(len(report.sent_tasks)):
        add(element, "Report", TaskID=task_key(len(report.considerations) + position))
    for redirection in report.redirections:
        made = add(element, "Redirection")
        write_party(made, redirection.to)
        _write_sending(made, redirection.at, redirection.way)
    for answer in report.answers:
        _write_sending(add(element, "Answer", DocumentID=answer.document.card), answer.at, answer.way)


def _write_sending(made: Element, at: datetime, way: Term) -> None:
    add(made, "Date", write_moment(at))
    add(made, "Type", way.text, UID=given(way.index))


def _write_results(element: Element, report: Report) -> None:
    for direction in report.directions:
        made = add(element, "Direction", VisaSign=word(APPROVAL_KINDS, direction.kind))
        write_contact(made, direction.to)
        add(made, "Date", write_moment(direction.at))
    if report.approvals:
        add(element, "SignInformation", DocumentID=report.approvals.card)
    if report.edited:
        add_extension(element, EXT2016, "Editing", report.edited_text, DocumentID=report.edited.card)
    if report.draft_registered:
        add_extension(element, EXT2018, _DRAFT_REGISTERED, DocumentID=report.draft_registered.card)


def _write_documents(root: Element, documents: Sequence[Document], packing: Packing) -> None:
    """Write each document once, whatever number of entries speak of it."""
    once = {each.card: each for document in reversed(documents) for each in (*document.linked[::-1], document)}
    order = dict.fromkeys(each.card for document in documents for each in (document, *document.linked))
    if not order:
        return
    listing = add(root, "DocumentList")
    for card in order:
        write_document(listing, once[card], packing, main=False)
