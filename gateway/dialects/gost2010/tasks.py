# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone TaskList (2A.3): who shall do what by when; the standard has no place for what came of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from gateway.dialects.bare_elements import add, attribute, child, children, given
from gateway.dialects.gost2010 import degrade_parties as parties_of
from gateway.dialects.gost2010.examination import Ends, Examination
from gateway.dialects.gost2010.files import Packing, as_file, read_file
from gateway.dialects.gost2010.links import read_number, write_referred, write_task_referred
from gateway.dialects.gost2010.parties import read_parties, read_signings, write_organisation
from gateway.dialects.gost2010.vocabulary import TO_TASK
from gateway.dialects.tree import Element
from gateway.model import (
    DocumentRef,
    Executor,
    FileRole,
    Number,
    Party,
    Task,
    TaskControl,
    TaskKind,
    TaskUid,
    Term,
)

MAX_TASKS = 1000  # LIMIT: tasks of one message
NO_DEADLINE = date(9999, 12, 31)  # Task/@deadline is demanded; this day says that there is none

# --- reading ------------------------------------------------------------------------------------------------------


def read_tasks(zone: Element | None, exam: Examination) -> tuple[Task, ...]:
    elements = children(zone, "Task")
    if zone is not None and len(elements) > MAX_TASKS:
        exam.note("too-many", zone, f"only the first {MAX_TASKS} tasks are read")
    found: dict[TaskUid, Task] = {}
    for element in elements[:MAX_TASKS]:
        task = _read_task(element, exam)
        if not task.uid:
            exam.note("task-without-id", element, "a task without an id is left out", at="@idnumber")
        elif task.uid in found:
            exam.note("repeated-key", element, "another task has this id already: this one is left out", at="@idnumber")
        else:
            found[task.uid] = task
    return tuple(found.values())


def _read_task(element: Element, exam: Examination) -> Task:
    number = read_number(child(element, "TaskNumber"), exam, "taskDate")
    signings = [one for made in children(element, "AuthorOrganization") for one in read_signings(made, exam)]
    deadline = exam.date(element, "deadline")
    parent = next((each for each in children(element, "Referred") if attribute(each, "retype") == TO_TASK), None)
    kind, text = attribute(element, "kind"), attribute(element, "task_text")
    if not text:
        exam.note("task-without-text", element, "this task has no text", at="@task_text")
    if attribute(element, "task_copy") == "1":
        exam.in_words(element, "task_copy", "a copy of a task that was addressed to the sender", at="@task_copy")
    for signing in signings[1:]:
        exam.in_words(element, "a further author", signing.party.name, at="AuthorOrganization")
    executors = [_read_executor(made, exam) for made in children(element, "Executor")]
    return Task(
        uid=TaskUid(attribute(element, "idnumber")),
        number=number.text,
        author=signings[0].party if signings and signings[0].party != Party() else None,
        signed_on=number.date or next((signing.signed_on for signing in signings if signing.signed_on), None),
        text=text,
        files=tuple(read_file(made, FileRole.ANNEX, exam) for made in children(element, "DocTransfer")),
        executors=tuple(executor for executor, _ in executors),
        control=TaskControl(deadline=deadline) if deadline not in (None, NO_DEADLINE) else None,
        note="\n".join(words for _, words in executors if words),
        category=Term(kind) if kind else None,
        parent=TaskUid(attribute(parent, "idnumber")) if attribute(parent, "idnumber") else None,
        private=exam.option(_confident(element), "flag", ("0", "1"), "0") == "1",
    )


def _confident(element: Element) -> Element:
    found = child(element, "Confident")
    return element if found is None else found


def _read_executor(element: Element, exam: Examination) -> tuple[Executor, str]:
    """Return an executor, and in words what only the standard says of it."""
    party = next(iter(read_parties(element, exam)), Party())
    specified, deadline = attribute(element, "task_specified"), exam.date(element, "deadline")
    due = f"срок {deadline:%d.%m}.{deadline.year:04d}" if deadline else ""
    words = "; ".join(part for part in (specified, due) if part)
    responsible = exam.option(element, "responsible", ("0", "1"), "0") == "1"
    return Executor(party, responsible), f"{party.name}: {words}" if words else ""


# --- degrading ----------------------------------------------------------------------------------------------------


def degraded(tasks: Sequence[Task], day: date, ends: Ends, sender: Party | None) -> tuple[Task, ...]:
    """Return what is read of *tasks*, each id once; a draft stays behind, because nothing would call it one."""
    kept: dict[TaskUid, Task] = {}
    for task in tasks:
        if task.uid and not task.draft:
            kept.setdefault(task.uid, task)
    return tuple(_degraded(task, kept.keys(), day, ends, sender) for task in kept.values())


def _degraded(task: Task, uids: Collection[TaskUid], day: date, ends: Ends, sender: Party | None) -> Task:
    deadline = task.control.deadline if task.control else None
    return Task(
        uid=task.uid,
        kind=TaskKind.RESOLUTION,
        number=task.number,
        author=parties_of.official_or_none(task.author, ends) or sender,
        signed_on=task.signed_on or day,
        text=task.text,
        files=tuple(as_file(file, FileRole.ANNEX) for file in task.files if file.sha256),
        executors=_executors(task.executors, ends),
        control=TaskControl(deadline=deadline) if deadline and deadline != NO_DEADLINE else None,
        category=Term(task.category.text) if task.category and task.category.text else None,
        parent=task.parent if task.parent in uids else None,
        private=task.private,
    )


def _executors(executors: Sequence[Executor], ends: Ends) -> tuple[Executor, ...]:
    """Return the executors without what they reported; only one may be responsible."""
    first = next((at for at, executor in enumerate(executors) if executor.responsible), None)
    return tuple(
        Executor(parties_of.official(executor.party, ends), responsible=at == first)
        for at, executor in enumerate(executors)
    )


# --- writing ------------------------------------------------------------------------------------------------------


def write_tasks(root: Element, tasks: Sequence[Task], about: DocumentRef, ends: Ends, packing: Packing) -> None:
    """Write the zone; nothing when there are no tasks."""
    if not tasks:
        return
    zone = add(root, "TaskList")
    numbers = {task.uid: Number(task.number, task.signed_on) for task in reversed(tasks)}
    for task in tasks:
        _write_task(zone, task, about, numbers, ends, packing)


def _write_task(
    zone: Element,
    task: Task,
    about: DocumentRef,
    numbers: Mapping[TaskUid, Number],
    ends: Ends,
    packing: Packing,
) -> None:
    assert task.signed_on is not None  # as `degraded` leaves it
    deadline = task.control.deadline if task.control and task.control.deadline else NO_DEADLINE
    made = add(
        zone,
        "Task",
        idnumber=task.uid,
        task_reg="1" if task.number else "0",
        task_copy="0",
        kind=given(task.category.text) if task.category else None,
        task_text=task.text,
        deadline=deadline.isoformat(),
    )
    add(made, "TaskNumber", task.number, taskDate=task.signed_on.isoformat())
    add(made, "Confident", flag="1" if task.private else "0")
    write_referred(made, about)
    if task.parent:
        write_task_referred(made, task.parent, numbers[task.parent])
    write_organisation(add(made, "AuthorOrganization"), task.author or Party(), ends, sign="WithSign")
    for file in task.files:
        packing.put(made, file)
    for executor in task.executors:
        element = add(made, "Executor", responsible="1" if executor.responsible else "0")
        write_organisation(element, executor.party, ends)
