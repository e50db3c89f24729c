# SPDX-License-Identifier: GPL-3.0-or-later
"""News of a document: notifications (§2.7) and receipts (§2.8), read and written.

What they are about is named by the document's uid, by the id of the message that brought it and by its number.
"""

from dataclasses import replace
from datetime import datetime

from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.medo.cards import read_number, write_number
from gateway.dialects.medo.clauses import made_uid, read_clause, write_clause
from gateway.dialects.medo.elements import add, add_given, attribute, child, child_text, put, value, written_in
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.parties import or_nothing, read_anyone, write_anyone
from gateway.dialects.medo.refusals import comment, heard, nearest
from gateway.dialects.medo.told import due_words
from gateway.dialects.medo.values import (
    MAX_COMMENT,
    bare,
    block,
    day_of,
    echoed,
    guid,
    heard_uid,
    line,
    shown,
    write_moment,
)
from gateway.dialects.medo.vocabulary import (
    ASSIGNED,
    COURSE,
    EVENTS,
    NODE_ERROR,
    REFUSED,
    REPORT_SENT,
    STATE_REGISTRATION,
    UNKNOWN,
    WRITTEN_AS,
    ZERO,
    since,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import read_boolean
from gateway.dialects.wire import Heading
from gateway.errors import Reason
from gateway.model import (
    Answer,
    Consideration,
    Document,
    DocumentRef,
    DocumentUid,
    EventKind,
    Executor,
    Number,
    Organisation,
    Party,
    Refusal,
    Registered,
    Remark,
    Report,
    ReportKind,
    ReturnId,
    Task,
)

# --- reading ------------------------------------------------------------------------------------------------------


def read_acknowledgment(element: Element, exam: Examination, sent_at: datetime) -> tuple[Report | None, ReturnId]:
    """Return a receipt, or the refusal that a receipt with accepted = false is, and which message it confirms.

    One that says neither is no receipt: a person looks at it.
    Children are found by name: node errors have them in another order (§2.8).
    """
    named = exam.guid(element)
    returned = ReturnId(bare(named) if named and named != ZERO else UNKNOWN)
    accepted = read_boolean(child_text(element, "accepted"))
    at = exam.moment(element, "time") or sent_at
    if accepted is None:
        found = child_text(element, "accepted")[:MAX_QUOTE]
        exam.refuse(Reason.BAD_PASSPORT, "neither true nor false", element, "accepted", found=found)
        return None, returned
    if accepted:
        return Report(ReportKind.RECEIPT, DocumentRef(), received_at=at), returned
    _note_moment(element, at, sent_at, exam)
    words = heard(child_text(element, "comment"))
    code = exam.integer(element, "errorCode")
    if code is not None and not words.code:
        words = Refusal(code, words.text, words.place)
    if attribute(element, "content") == NODE_ERROR:
        exam.note("node-error", element, "a node could not deliver or read the message", at="@content")
    if returned_file := child_text(element, "errorFileMessage"):
        exam.note("kept-in-words", element, f"returned as {returned_file[:MAX_QUOTE]}", at="errorFileMessage")
    return Report(ReportKind.REFUSAL, DocumentRef(), refusal=words), returned


def read_notification(
    element: Element, exam: Examination, heading: Heading, version: str
) -> tuple[Report | None, ReturnId]:
    """Return the one fact a notification tells, and which message it answers; none when it contradicts itself.

    QUIRK: where ``@mid`` is missing (before 2.6 it does not exist) some products name the message in ``@uid``.
    """
    uid, card = heard_uid(exam.guid(element), attribute(element, "id"))
    kind = " ".join(attribute(element, "type").split())
    event = _event_of(element, kind, exam)
    about = DocumentRef(DocumentUid(uid), _foundation(event, exam), card=card)
    mid = exam.guid(element, "mid")
    named = mid if mid and mid != ZERO else uid
    returned = ReturnId(bare(named) if named else UNKNOWN)
    if not _holds(event, element, kind, exam):
        return None, returned
    return _fact(event, element, kind, about, exam, heading, version), returned


def _holds(event: Element | None, element: Element, kind: str, exam: Examination) -> bool:
    """Say whether a notification may be acted upon; else it is refused, and a person looks at it.

    A registration called a refusal, or the reverse, is neither, and a registration has a number.
    """
    name = "" if event is None else str(event.tag)
    wanted = EVENTS.get(kind)
    if wanted is not None and wanted != name and "documentRefused" in (wanted, name):
        exam.refuse(Reason.BAD_PASSPORT, f"{kind}, but it holds {name or 'nothing'}", element, "@type", found=kind)
        return False
    if (
        event is not None
        and name == "documentAccepted"
        and kind != STATE_REGISTRATION
        and not value(event, "num", "number")
    ):
        exam.refuse(Reason.MISSING_FIELD, "registered without a number", event, "num/number")
        return False
    return True


def _event_of(element: Element, kind: str, exam: Examination) -> Element | None:
    """Return the event element; of another type than said what stands there counts (§2.7 traps: reportPepared)."""
    wanted = EVENTS.get(kind)
    event = next((made for made in element if made.tag != "comment"), None)
    names = {wanted, "reportPepared"} if wanted == "reportPrepared" else {wanted}
    if wanted is None:
        exam.note("unknown-notification", element, f"a type nobody here knows: {kind[:MAX_QUOTE]}", at="@type")
    elif event is None or event.tag not in names:
        exam.note("unknown-notification", element, f"{kind} without its {wanted}")
    return event


def _foundation(event: Element | None, exam: Examination) -> Number:
    return read_number(child(event, "foundation", "num"), exam)


def _fact(
    event: Element | None,
    element: Element,
    kind: str,
    about: DocumentRef,
    exam: Examination,
    heading: Heading,
    version: str,
) -> Report:
    assert heading.sent_at is not None  # the caller has looked
    at = exam.moment(event, "time") or heading.sent_at
    who = or_nothing(read_anyone(child(event, "correspondent")))
    name = "" if event is None else str(event.tag)
    made = _plain(event, name, kind, about, exam, at)
    words = block(child_text(element, "comment"))
    if name == "documentRefused":
        told = heard(words, line(child_text(event, "reason")), version)
        made, words = Report(ReportKind.REFUSAL, about, refusal=told), ""
    elif made is None:
        made = Report(ReportKind.PROGRESS, about, EventKind.PROGRESS)
        words = block(_words(event, kind, exam) + (f"\n{words}" if words else "")) or kind
    elif made.fact is EventKind.DUE_CHANGED:
        words = block("\n".join(said for said in (_beside(event, made.considerations[0].task), words) if said))
    if event is not None:
        _note_left(event, made, exam, at, heading, told=bool(words))
    return replace(made, remarks=(Remark(words, at, who),) if words else ())


def _plain(
    event: Element | None, name: str, kind: str, about: DocumentRef, exam: Examination, at: datetime
) -> Report | None:
    """Return what is told in more than words."""
    if event is None:
        return None
    if name == "documentAccepted" and kind != STATE_REGISTRATION:
        number = read_number(child(event, "num"), exam)
        return Report(ReportKind.PROGRESS, about, EventKind.REGISTERED, registered=Registered(number, at=at))
    if name == "executorAssigned":
        return _told_task(about, EventKind.ASSIGNED, _assigned(event, about, exam))
    if name == "reportSent":
        answer = Document(number=read_number(child(event, "report", "num"), exam))
        return Report(ReportKind.PROGRESS, about, EventKind.ANSWERED, answers=(Answer(answer, at),))
    clause = child(event, "clause")
    if name == "courseChanged" and clause is not None and exam.date(clause, "deadline"):
        return _told_task(about, EventKind.DUE_CHANGED, read_clause(clause, about.uid, exam))
    return None


def _beside(event: Element | None, task: Task) -> str:
    """Return the words beside a moved deadline; nothing where they say the same."""
    said = block(child_text(event, "courseText"))
    return "" if said == due_words(task) else said


def _note_left(event: Element, made: Report, exam: Examination, at: datetime, heading: Heading, *, told: bool) -> None:
    """Note what an event says beside what it tells; words that are *told* keep who says them and when."""
    clause = child(event, "clause")
    if clause is not None and not made.considerations:
        _note_clause(event, clause, exam)
    if not told and (made.considerations or made.refusal):
        _note_moment(event, at, heading.sent_at, exam)
    if not told and not _is(read_anyone(child(event, "correspondent")), heading.sender):
        exam.keep(event, "correspondent")


def _note_clause(event: Element, clause: Element, exam: Examination) -> None:
    """Note which clause is meant; the words of a course begin with its designation."""
    said = written_in(clause)
    if event.tag != "courseChanged" or said != value(clause, "designation"):
        named = attribute(clause, "id") or attribute(clause, "localId")
        exam.note("kept-in-words", clause, f"{named} {said}".strip()[:MAX_COMMENT])


def _note_moment(element: Element, at: datetime, sent_at: datetime | None, exam: Examination) -> None:
    """Note when it happened where the time of the message counts."""
    if at != sent_at:
        exam.keep(element, "time")


def _is(party: Party, sender: Party | None) -> bool:
    """Say whether *party* is nobody, or the *sender* as an organisation alone."""
    said, known = party.organisation or Organisation(), (sender or Party()).organisation or Organisation()
    same = said.index == known.index if said.index else said.short_name.casefold() == known.short_name.casefold()
    return party == Party() or (party == Party(party.organisation) and same)


def _told_task(about: DocumentRef, fact: EventKind, task: Task) -> Report:
    return Report(ReportKind.PROGRESS, about, fact, considerations=(Consideration(task),))


def _assigned(event: Element, about: DocumentRef, exam: Examination) -> Task:
    """Return the task of an executorAssigned; without a clause it concerns the whole document (§7)."""
    clause = child(event, "clause")
    task = read_clause(clause, about.uid, exam) if clause is not None else Task(made_uid(about.uid, None))
    secretary, executor = read_anyone(child(event, "secretary")), read_anyone(child(event, "executor"))
    if not task.executors and _somebody(executor):
        task = _with(task, executors=(Executor(executor, responsible=True),))
    elif _somebody(executor) and executor not in [one.party for one in task.executors]:
        exam.keep(event, "executor")
    if _somebody(read_anyone(child(event, "manager"))):
        exam.keep(event, "manager")
    return _with(task, author=secretary) if _somebody(secretary) else task


def _somebody(party: Party) -> bool:
    """Say whether *party* is more than an organisation alone, which stands where nobody is named."""
    return party.person is not None or party.department is not None


def _with(task: Task, *, executors: tuple[Executor, ...] = (), author: Party | None = None) -> Task:
    return Task(
        uid=task.uid,
        kind=task.kind,
        number=task.number,
        author=author or task.author,
        text=task.text,
        executors=executors or task.executors,
        control=task.control,
        note=task.note,
    )


def _words(event: Element | None, kind: str, exam: Examination) -> str:
    """Return what is told in words only: course, draft of a reply, publication, state registration, anything else."""
    name = "" if event is None else str(event.tag)
    number = (
        read_number(child(event, "num"), exam) if name != "documentPublished" else Number(value(event, "num", "number"))
    )
    dated = f" от {shown(number.date)}" if number.date else ""
    if name == "courseChanged":
        designation = value(event, "clause", "designation")
        return (f"{designation}. " if designation else "") + child_text(event, "courseText")
    if name in ("reportPrepared", "reportPepared"):
        signatory = read_anyone(child(event, "signatory")).name
        return "Доклад подготовлен" + (f", передан на подпись: {signatory}" if signatory else "")
    if name == "documentPublished":
        day = exam.moment(event, "num", "date")
        dated = f" от {shown(day_of(day))}" if day else ""
        return f"Опубликовано: № {number.text}{dated}, {value(event, 'publicationPoint')}"
    if name == "documentAccepted":
        return f"{STATE_REGISTRATION}: № {number.text}{dated}"
    said = " ".join(" ".join(str(text).split()) for text in (event.itertext() if event is not None else ()))
    return f"{kind}: {' '.join(said.split())}"


# --- writing ------------------------------------------------------------------------------------------------------


def write_acknowledgment(root: Element, report: Report, return_id: ReturnId, sent_at: datetime, version: str) -> None:
    """Write the receipt for the message *return_id*; a refusal is one with accepted = false."""
    made = add(root, "acknowledgment", uid=wire_id(return_id))
    add(made, "time", write_moment(report.received_at or sent_at, version))
    add(made, "accepted", "false" if report.refusal else "true")
    if report.refusal:
        add(made, "comment", comment(report.refusal))


def wire_id(return_id: str) -> str:
    """Return the GUID of the message that *return_id* names; zeros when nobody knows it."""
    return ZERO if return_id in ("", UNKNOWN) else guid(return_id)


def write_notification(
    root: Element, report: Report, return_id: ReturnId, sent_at: datetime, sender: Party, version: str
) -> None:
    """Write the one fact *report* (as `degrade` leaves it) tells."""
    fact = report.fact
    kind = REFUSED if report.kind is ReportKind.REFUSAL else WRITTEN_AS.get(fact or EventKind.RECEIVED, "")
    if not kind:
        raise ValueError(f"no notification tells {fact.value if fact else 'everything that stands'}")
    uid, key = echoed(report.about.uid, report.about.card)
    made = add(root, "notification", type=kind, uid=uid, id=key)
    if since(version, "2.6") and return_id not in ("", UNKNOWN, bare(report.about.uid)):
        put(made, mid=guid(return_id))
    event = add(made, EVENTS[kind])
    remark = report.remarks[0] if report.remarks else None
    answer = report.answers[0] if report.answers else None
    told_at = report.registered.at if report.registered else answer.at if answer else remark.at if remark else None
    add(event, "time", write_moment(told_at or sent_at, version))
    if report.about.number != Number():
        write_number(add(event, "foundation"), report.about.number, version)
    task = report.considerations[0].task if report.considerations else None
    if task:
        write_clause(event, task, report.about.uid)
    write_anyone(add(event, "correspondent"), (remark.who if remark else None) or sender)
    _write_tail(event, report, kind, sender, version)
    if report.refusal:
        add(made, "comment", comment(report.refusal))
    elif remark and kind != COURSE:
        add(made, "comment", remark.text)


def _write_tail(event: Element, report: Report, kind: str, sender: Party, version: str) -> None:
    if report.refusal:
        add(event, "reason", nearest(report.refusal, version))
    elif report.registered:
        write_number(event, report.registered.number, version)
    elif kind == REPORT_SENT:
        made = write_anyone(add(event, "report"), sender)
        write_number(made, report.answers[0].document.number, version)
    elif kind == ASSIGNED:
        _write_people(event, report.considerations[0].task, sender)
    elif kind == COURSE:
        task = report.considerations[0].task if report.considerations else None
        add_given(event, "courseText", report.remarks[0].text if report.remarks else due_words(task) if task else "")


def _write_people(event: Element, task: Task, sender: Party) -> None:
    """Write the three people who are demanded; the organisation alone where none is known (§7)."""
    author = task.author or sender
    write_anyone(add(event, "secretary"), author)
    write_anyone(add(event, "manager"), sender)
    write_anyone(add(event, "executor"), task.executors[0].party if task.executors else sender)
