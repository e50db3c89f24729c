# SPDX-License-Identifier: GPL-3.0-or-later
"""Assignments («пункты», §2.5 documentClause): what a clause says of a task, how it is written and how it is read."""

import re

from gateway.dialects.medo.elements import add, add_given, attribute, child, child_text, children, text, value
from gateway.dialects.medo.examination import Examination
from gateway.dialects.medo.parties import all_of, as_anyone, read_anyone, write_anyone
from gateway.dialects.medo.values import MAX_COMMENT, MAX_DESIGNATION, MAX_IDENTITY, MAX_TEXT, block, line, word
from gateway.dialects.tree import Element
from gateway.dialects.values import read_integer
from gateway.model import Executor, Party, Task, TaskControl, TaskKind, TaskUid

_MADE = re.compile(r"(?:0|[1-9]\d{0,8})?", re.ASCII)  # what follows the document's uid in a uid that `made_uid` made
_LIST_NAME = "Исполнители"  # §2.3 addresseeList/name is mandatory


def as_clause(task: Task) -> Task:
    """Return what a clause says of *task*: number, text, deadline, executors (the responsible ones first), note."""
    number = word(task.number, MAX_DESIGNATION)
    executors = [
        Executor(party, executor.responsible)
        for executor in task.executors
        if (party := as_anyone(executor.party)) != Party()
    ]
    deadline = task.control.deadline if task.control else None
    return Task(
        uid=TaskUid(line(task.uid, MAX_IDENTITY)),
        kind=TaskKind.POINT if number else TaskKind.RESOLUTION,
        number=number,
        text=block(task.text, MAX_TEXT),
        executors=tuple(sorted(executors, key=lambda executor: not executor.responsible)),
        control=TaskControl(deadline=deadline) if deadline else None,
        note=block(task.note, MAX_COMMENT),
    )


def made_uid(document: str, position: int | None) -> TaskUid:
    """Return the uid of a clause that has none: its number in its document; without one the whole document."""
    return TaskUid(f"{document}#" if position is None else f"{document}#{position}")


def write_clause(parent: Element, task: Task, document: str, position: int | None = None) -> None:
    """Write *task*, a clause of *document*; one whose uid we made ourselves is named as its sender numbered it."""
    ours = task.uid.startswith(f"{document}#") and _MADE.fullmatch(task.uid.removeprefix(f"{document}#"))
    if ours:
        made = add(parent, "clause", localId=ours[0])
    else:
        made = add(parent, "clause", localId="" if position is None else str(position), id=task.uid)
    add_given(made, "designation", task.number)
    add_given(made, "text", task.text)
    if task.control and task.control.deadline:
        add(made, "deadline", task.control.deadline.isoformat())
    _write_responsible(made, [one.party for one in task.executors if one.responsible])
    others = [one.party for one in task.executors if not one.responsible]
    if others:
        listing = add(made, "parcipants")  # spelled so
        for party in others:
            write_anyone(add(listing, "parcipant"), party)
    add_given(made, "comment", task.note)


def _write_responsible(made: Element, parties: list[Party]) -> None:
    if len(parties) == 1:
        write_anyone(add(made, "principal"), parties[0])
    elif parties:
        listing = add(made, "principals")
        add(listing, "name", _LIST_NAME)
        contents = add(listing, "contents")
        for party in parties:
            write_anyone(add(contents, "addressee"), party)


def read_clauses(document: Element, uid: str, exam: Examination) -> tuple[Task, ...]:
    """Return the clauses of a card; of two with one id the first counts."""
    found: dict[str, Task] = {}
    for position, element in enumerate(all_of(document, "clauses", "clause")):
        task = read_clause(element, uid, exam, position)
        if task.uid in found:
            exam.note("repeated-key", element, "a clause of this id stands there already", at="@id")
        found.setdefault(task.uid, task)
    return tuple(found.values())


def read_clause(element: Element, document: str, exam: Examination, position: int | None = None) -> Task:
    """Return the task a clause of *document* (its uid) says; one without ``@id`` is known by place or number."""
    numbered = read_integer(attribute(element, "localId"))
    number = value(element, "designation")
    place = position if numbered is None else numbered
    made = TaskUid(f"{document}#№{number}") if place is None and number else made_uid(document, place)
    uid = TaskUid(attribute(element, "id")) or made
    deadline = exam.date(element, "deadline")
    return Task(
        uid=uid,
        kind=TaskKind.POINT if number else TaskKind.RESOLUTION,
        number=number,
        text=block(child_text(element, "text")),
        executors=tuple(_executors(element)),
        control=TaskControl(deadline=deadline) if deadline else None,
        note=block(text(child(element, "comment"))),
    )


def _executors(clause: Element) -> list[Executor]:
    responsible = [*children(clause, "principal"), *_listed(children(clause, "principals"))]
    others: list[Element] = []
    for listing in children(clause, "parcipants"):
        others += [*children(listing, "parcipant"), *_listed(children(listing, "parcipants"))]
    found = [Executor(read_anyone(made), responsible=True) for made in responsible]
    found += [Executor(read_anyone(made)) for made in others]
    return [executor for executor in found if executor.party != Party()]


def _listed(lists: list[Element]) -> list[Element]:
    """Return the addressees of addresseeLists."""
    return [made for listing in lists for made in all_of(listing, "contents", "addressee")]
