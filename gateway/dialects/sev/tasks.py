# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks («поручения») with their executors and control, read and written.

TaskID and DocumentID are keys inside one passport; the model keeps `Task.parent` as the uid of the parent task.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.dialects.sev.elements import add, add_given, attribute, child, child_text, children, given
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.files import Packing, read_files, write_files
from gateway.dialects.sev.parties import read_contact, read_term, write_contact, write_term
from gateway.dialects.sev.vocabulary import CONTROL_STATES, TASK_KINDS, word
from gateway.dialects.tree import Element
from gateway.dialects.values import write_boolean, write_moment
from gateway.model import Executor, Party, Task, TaskControl, TaskKind, TaskUid

# --- reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A task of a passport with its local keys; an empty key means none."""

    key: str
    parent_key: str
    document_key: str
    task: Task


def read_task_list(element: Element | None, exam: Examination) -> tuple[ReadTask, ...]:
    """Return the tasks in order, parents resolved to uids; a parent that is not here is noted."""
    read = [(_read_task(made, exam), made) for made in children(element, "Task")]
    by_key = {task.key: task for task, _ in reversed(read) if task.key}
    resolved = []
    for task, made in read:
        parent = by_key.get(task.parent_key)
        if task.parent_key and parent is None:
            exam.note("unresolved-reference", made, "the parent task is not in this message", at="Parent/@TaskID")
        uid = parent.task.uid if parent and parent.task.uid else None
        resolved.append(replace(task, task=replace(task.task, parent=uid)))
    return tuple(resolved)


def owner_keys(tasks: Sequence[ReadTask]) -> Mapping[int, str]:
    """Return the DocumentID each task (by position) belongs to: its own, else its nearest ancestor's, else empty."""
    by_key = {task.key: task for task in reversed(tasks) if task.key}
    known: dict[str, str] = {}
    owners = {}
    for position, task in enumerate(tasks):
        climbed: dict[str, None] = {}
        here: ReadTask | None = task
        while here and not here.document_key and here.key not in known and here.key not in climbed:
            climbed[here.key] = None
            here = by_key.get(here.parent_key)
        owner = (here.document_key or known.get(here.key, "")) if here else ""
        known.update(dict.fromkeys(climbed, owner))
        owners[position] = owner
    return owners


def _read_task(element: Element, exam: Examination) -> ReadTask:
    author, parent = child(element, "Author"), child(element, "Parent")
    contact = read_contact(child(author, "Contact"), exam)
    signed_on, said = exam.date(author, "SignDate"), child_text(element, "Text")
    if not said:
        exam.note("task-without-text", element, "this task has no text", at="Text")
    if author is not None and signed_on is None:
        exam.note("task-without-sign-date", element, "the author of this task gives no date", at="Author/SignDate")
    task = Task(
        uid=TaskUid(attribute(element, "UID")),
        kind=exam.choice(element, "Type", TASK_KINDS, TaskKind.RESOLUTION),
        number=child_text(element, "Number"),
        author=None if contact == Party() else contact,
        signed_on=signed_on,
        text=said,
        files=read_files(element, exam),
        executors=tuple(_read_executor(made, exam) for made in children(element, "Executor")),
        control=_read_control(child(element, "Control"), exam),
        note=child_text(element, "Note"),
        category=read_term(element, "Category"),
        private=exam.boolean(element, "@Privacy") or False,
        draft=exam.boolean(element, "IsProject") or False,
    )
    return ReadTask(attribute(element, "TaskID"), attribute(parent, "TaskID"), attribute(parent, "DocumentID"), task)


def _read_executor(element: Element, exam: Examination) -> Executor:
    return Executor(
        party=read_contact(child(element, "Contact"), exam),
        responsible=exam.boolean(element, "@Responsible") or False,
        uid=attribute(element, "UID"),
        text=child_text(element, "Text"),
        reported_at=exam.moment(element, "Date"),
        status=read_term(element, "Status"),
        files=read_files(element, exam),
    )


def _read_control(element: Element | None, exam: Examination) -> TaskControl | None:
    contact = read_contact(child(element, "Contact"), exam)
    control = TaskControl(
        state=exam.option(element, "State", CONTROL_STATES),
        controller=None if contact == Party() else contact,
        deadline=exam.date(element, "Deadline"),
        progress=child_text(element, "Summary"),
        fact_date=exam.date(element, "FactDate"),
        resume=child_text(element, "Resume"),
    )
    return None if control == TaskControl() else control


# --- writing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlacedTask:
    """A task to write and the DocumentID of the document it belongs to; empty when that is not in the passport."""

    task: Task
    document_key: str = ""


def task_key(position: int) -> str:
    """Return the TaskID of the task at *position* (0 the first) of a passport."""
    return f"T{position + 1}"


def write_task_list(root: Element, tasks: Sequence[PlacedTask], packing: Packing) -> None:
    """Write the TaskList; nothing when there are no tasks."""
    if not tasks:
        return
    keys = keys_by_uid(placed.task for placed in tasks)
    listing = add(root, "TaskList")
    for position, placed in enumerate(tasks):
        _write_task(listing, placed, task_key(position), keys, packing)


def keys_by_uid(tasks: Iterable[Task]) -> Mapping[str, str]:
    """Return the TaskID of each task uid; of two tasks with one uid the first is meant."""
    keys: dict[str, str] = {}
    for position, task in enumerate(tasks):
        if task.uid:
            keys.setdefault(task.uid, task_key(position))
    return keys


def _write_task(listing: Element, placed: PlacedTask, key: str, keys: Mapping[str, str], packing: Packing) -> None:
    task = placed.task
    kind = word(TASK_KINDS, task.kind)
    made = add(listing, "Task", UID=task.uid, TaskID=key, Type=kind, Privacy=write_boolean(task.private))
    add_given(made, "Number", task.number)
    if task.signed_on is not None:
        author = add(made, "Author")
        write_contact(author, task.author or Party())
        add(author, "SignDate", task.signed_on.isoformat())
    add_given(made, "Text", task.text)
    write_files(made, task.files, packing)
    for executor in task.executors:
        _write_executor(made, executor, packing)
    if task.control:
        _write_control(made, task.control)
    add_given(made, "Note", task.note)
    write_term(made, "Category", task.category)
    parent = keys.get(task.parent) if task.parent else None
    if parent or placed.document_key:
        add(made, "Parent", DocumentID=given(placed.document_key), TaskID=parent)
    add(made, "IsProject", write_boolean(task.draft))


def _write_executor(task: Element, executor: Executor, packing: Packing) -> None:
    made = add(task, "Executor", Responsible=write_boolean(executor.responsible), UID=given(executor.uid))
    write_contact(made, executor.party)
    add_given(made, "Text", executor.text)
    if executor.reported_at:
        add(made, "Date", write_moment(executor.reported_at))
    write_term(made, "Status", executor.status)
    write_files(made, executor.files, packing)


def _write_control(task: Element, control: TaskControl) -> None:
    made = add(task, "Control", State=word(CONTROL_STATES, control.state))
    if control.controller:
        write_contact(made, control.controller)
    if control.deadline:
        add(made, "Deadline", control.deadline.isoformat())
    add_given(made, "Summary", control.progress)
    if control.fact_date:
        add(made, "FactDate", control.fact_date.isoformat())
    add_given(made, "Resume", control.resume)
