# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks («поручения», table 2.4), read, written and cut down to what the zone can say.

A task says who shall do what by when; what became of it has no place here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from gateway.dialects.bare_elements import add, attribute, child, children, text
from gateway.dialects.smdo.documents import write_reference
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.files import Packing, as_files, read_files, write_files
from gateway.dialects.smdo.parties import (
    Known,
    as_organised,
    read_officials,
    read_parties,
    write_organisation,
    write_party,
)
from gateway.dialects.smdo.vocabulary import NO_NUMBER, OPEN, RESTRICTED, TASK, TASK_REFERENCE
from gateway.dialects.tree import Element
from gateway.model import (
    DocumentRef,
    DocumentUid,
    Executor,
    FileRole,
    Number,
    Organisation,
    Party,
    Task,
    TaskControl,
    TaskUid,
    Term,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A task as it is read, and which document it says it belongs to."""

    task: Task
    about: DocumentRef | None


# --- reading ------------------------------------------------------------------------------------------------------


def read_tasks(body: Element | None, exam: Examination, known: Known) -> tuple[Told, ...]:
    found: list[Told] = []
    taken: set[str] = set()
    for listing in children(body, "TaskList"):
        for made in children(listing, "Task"):
            told = _read_task(made, exam, known)
            if not told.task.uid:
                exam.note("task-without-id", made, "a task without an id is left out", "@idnumber")
            elif told.task.uid in taken:
                exam.note("repeated-key", made, "another task has this id already", "@idnumber")
            else:
                found.append(told)
            taken.add(told.task.uid)
    return tuple(found)


def _read_task(element: Element, exam: Examination, known: Known) -> Told:
    number = child(element, "TaskNumber")
    kind, words = attribute(element, "kind"), attribute(element, "task_text")
    deadline = exam.date(element, "deadline")
    if not words:
        exam.note("task-without-text", element, "the task has no text", "@task_text")
    parent, about = _read_references(element, exam)
    authors = [
        party
        for made in children(element, "AuthorOrganization")
        for party in read_parties(made, known, exam) or read_officials(made, known, exam)
    ]
    for party in authors[1:]:
        exam.in_words(element, "a further author", party.name, at="AuthorOrganization")
    task = Task(
        uid=TaskUid(attribute(element, "idnumber")),
        number="" if text(number) == NO_NUMBER else text(number),
        author=authors[0] if authors else None,
        signed_on=exam.date(number, "taskDate"),
        text=words,
        files=read_files(element, exam),
        executors=tuple(
            executor
            for made in children(element, "Executor")
            for executor in _read_executors(made, exam, known, deadline)
        ),
        control=TaskControl(deadline=deadline) if deadline else None,
        category=Term(kind) if kind not in ("", TASK) else None,
        parent=TaskUid(parent) if parent else None,
        private=attribute(child(element, "Confident"), "flag") == "1",
    )
    return Told(task, about)


def _read_references(element: Element, exam: Examination) -> tuple[str, DocumentRef | None]:
    """Return the task this one hangs on, and the document both belong to."""
    parent, about = "", None
    for made in children(element, "Referred"):
        if attribute(made, "retype") == TASK_REFERENCE:
            parent = parent or attribute(made, "idnumber")
        elif about is None:
            number = child(made, "RegNumber")
            found = DocumentRef(
                DocumentUid(attribute(made, "idnumber")), Number(text(number), exam.date(number, "regdate"))
            )
            about = None if found == DocumentRef() else found
    return parent, about


def _read_executors(element: Element, exam: Examination, known: Known, deadline: date | None) -> Iterable[Executor]:
    own = exam.date(element, "deadline")
    if own and own != deadline:
        exam.note("left-out", element, f"a deadline of this executor alone: {own.isoformat()}", "@deadline")
    if said := attribute(element, "task_specified"):
        exam.note("left-out", element, f"kept in words only: {said[:80]}", "@task_specified")
    for position, party in enumerate(read_parties(element, known, exam)):
        yield Executor(party, responsible=attribute(element, "responsible") == "1" and not position)


# --- writing ------------------------------------------------------------------------------------------------------


def write_tasks(body: Element, tasks: Iterable[Task], about: DocumentRef, packing: Packing) -> None:
    """Write *tasks* of the document *about*, as `as_tasks` left them."""
    listing = None
    for task in tasks:
        listing = add(body, "TaskList") if listing is None else listing
        _write_task(listing, task, about, packing)


def _write_task(listing: Element, task: Task, about: DocumentRef, packing: Packing) -> None:
    deadline = task.control.deadline if task.control else None
    made = add(
        listing,
        "Task",
        idnumber=task.uid,
        task_reg="1" if task.number else "0",
        task_copy="0",
        kind=task.category.text if task.category else TASK,
        task_text=task.text,
        deadline=deadline.isoformat() if deadline else "",
    )
    assert task.signed_on is not None  # `as_tasks` has seen to it
    add(made, "TaskNumber", task.number or NO_NUMBER, taskDate=task.signed_on.isoformat())
    add(made, "Confident", RESTRICTED if task.private else OPEN, flag="1" if task.private else "0")
    write_reference(made, about)
    if task.parent:
        add(made, "Referred", idnumber=task.parent, retype=TASK_REFERENCE)
    assert task.author is not None  # likewise
    write_party(add(made, "AuthorOrganization"), task.author, sign=True)
    write_files(made, task.files, packing)
    for executor in task.executors:
        there = add(made, "Executor", responsible="01"[executor.responsible])
        write_organisation(there, "Organization", [executor.party])


# --- degrading ----------------------------------------------------------------------------------------------------


def as_tasks(tasks: Iterable[Task], known: Known, day: date, sender: Organisation | None) -> tuple[Task, ...]:
    """Return what the zone says of *tasks*, each id once; a draft stays behind, for nothing would call it one.

    *day* stands in for that of a task nobody dated, and *sender* for the author of one that nobody signed.
    """
    once = {task.uid: task for task in reversed(list(tasks)) if task.uid and not task.draft}
    order = dict.fromkeys(task.uid for task in tasks if task.uid and not task.draft)
    return tuple(_as_task(once[uid], known, day, sender) for uid in order)


def _as_task(task: Task, known: Known, day: date, sender: Organisation | None) -> Task:
    deadline = task.control.deadline if task.control else None
    author = as_organised(task.author, known) if task.author else Party()
    category = task.category.text if task.category else ""
    executors = (Executor(as_organised(each.party, known), each.responsible) for each in task.executors)
    return Task(
        uid=task.uid,
        number="" if task.number == NO_NUMBER else task.number,
        author=author if author != Party() else Party(as_organised(Party(sender), known).organisation),
        signed_on=task.signed_on or day,
        text=task.text,
        files=as_files(task.files, FileRole.ANNEX),
        executors=tuple(each for each in executors if each.party != Party()),
        control=TaskControl(deadline=deadline) if deadline else None,
        category=Term(category) if category not in ("", TASK) else None,
        parent=task.parent or None,
        private=task.private,
    )
