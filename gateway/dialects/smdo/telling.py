# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that have no acknowledgement of their own, told in words: a line each, in Russian for people.

Moments are told in UTC, for a message knows no zone; calendar dates as they are.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from gateway.dialects.values import said
from gateway.model import Consideration, ControlState, Document, EventKind, Number, Party, Report, Task
from gateway.model import EventKind as K

_OF_TASK: Final = {
    K.ASSIGNED: "Дано поручение",
    K.DUE_CHANGED: "Изменён срок поручения",
    K.PROGRESS: "Ход исполнения поручения",
    K.EXECUTOR_REPORTED: "Отчёт исполнителя по поручению",
    K.EXECUTED: "Поручение исполнено",
    K.REOPENED: "Поручение возобновлено",
    K.EXECUTOR_CHANGED: "Изменён исполнитель поручения",
    K.TASK_CANCELLED: "Поручение отменено",
}
_TASK: Final = "Поручение"
_NOTHING: Final = "Без изменений"


def told(report: Report) -> tuple[str, ...]:
    """Return what *report* tells, a text for each thing; never nothing."""
    lines = [line for line in map(said, _lines(report)) if line]
    return tuple(lines) or (_NOTHING,)


def _lines(report: Report) -> Iterator[str]:
    if report.registered:
        yield f"Документ зарегистрирован: {_number(report.registered.number)}"
    for forwarding in report.forwardings:
        yield f"Документ направлен: {_who(forwarding.to)}, {_moment(forwarding.at)}"
    for fact in report.considerations:
        yield _task(fact, report.fact)
    for task in report.sent_tasks:
        yield _task(Consideration(task), report.fact)
    for redirection in report.redirections:
        yield _sent("Документ переслан", _who(redirection.to), redirection.way.text, redirection.at)
    for answer in report.answers:
        yield _sent("Направлен ответ", _document(answer.document), answer.way.text, answer.at)
    for direction in report.directions:
        yield f"Проект направлен: {_who(direction.to)}, {_moment(direction.at)}"
    if report.approvals:
        yield f"Визы и подписи проекта: {len(report.approvals.approvals)}"
    if report.edited or report.edited_text:
        number = _document(report.edited) if report.edited else ""
        yield _joined("Изменены данные документа" + (f" {number}" if number else ""), report.edited_text)
    if report.draft_registered:
        yield f"Проект зарегистрирован: {_document(report.draft_registered)}"
    for remark in report.remarks:
        yield remark.text


def _task(fact: Consideration, kind: EventKind | None) -> str:
    task, control = fact.task, fact.task.control
    name = _OF_TASK.get(kind, _TASK) if kind else _TASK
    parts = [
        _joined(f"{name} {_name_of(task)}".rstrip(), task.text),
        f"исполнители: {_executors(task)}" if task.executors else "",
        f"срок {_day(control.deadline)}" if control and control.deadline else "",
        f"ход: {control.progress}" if control and control.progress else "",
        *(_reported(task)),
        _ended(task),
    ]
    return "; ".join(part for part in parts if part)


def _name_of(task: Task) -> str:
    return f"№ {task.number}" if task.number else ""


def _executors(task: Task) -> str:
    return ", ".join(_who(each.party) + (" (ответственный)" if each.responsible else "") for each in task.executors)


def _reported(task: Task) -> Iterator[str]:
    for each in task.executors:
        words = " ".join(part for part in (each.status.text if each.status else "", each.text) if part)
        if words or each.reported_at:
            at = f", {_moment(each.reported_at)}" if each.reported_at else ""
            yield _joined(f"отчёт: {_who(each.party)}{at}", words)


def _ended(task: Task) -> str:
    control = task.control
    if control is None or control.state is not ControlState.ENDED:
        return ""
    day = f" {_day(control.fact_date)}" if control.fact_date else ""
    return _joined(f"снято с контроля{day}", control.resume)


def _sent(what: str, whom: str, way: str, at: datetime) -> str:
    return f"{what}: {whom}, " + (f"{way}, " if way else "") + _moment(at)


def _joined(head: str, words: str) -> str:
    return f"{head}: {words}" if words else head


def _document(document: Document) -> str:
    return _number(document.number)


def _number(number: Number) -> str:
    return f"№ {number.text}" + (f" от {_day(number.date)}" if number.date else "")


def _who(party: Party) -> str:
    return party.name or "не названо"


def _day(day: date | None) -> str:
    return f"{day:%d.%m.}{day.year:04d}" if day else ""


def _moment(at: datetime) -> str:
    return f"{_day(at.date())} {at:%H:%M} UTC"
