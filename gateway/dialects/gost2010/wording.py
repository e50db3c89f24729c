# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts that GOST R 53898-2010 has no message for, in words: Russian, as all texts of the standard.

Nothing is told here that the report does not hold; what may leave was decided before.
"""

from collections.abc import Iterator
from datetime import date, datetime

from gateway.dialects.gost2010.values import one_line, said
from gateway.model import ControlState, Executor, Number, Party, Remark, Report, ReportKind, Task
from gateway.model import EventKind as K

OTHER = "Есть сведения о ходе работы с документом."
_OF_TASKS = {
    K.ASSIGNED: "Дано поручение",
    K.DUE_CHANGED: "Изменён срок поручения",
    K.PROGRESS: "О ходе исполнения поручения",
    K.EXECUTOR_REPORTED: "Отчёт исполнителя по поручению",
    K.EXECUTED: "Исполнено поручение",
    K.REOPENED: "Возвращено на контроль поручение",
    K.EXECUTOR_CHANGED: "Изменены исполнители поручения",
    K.TASK_CANCELLED: "Отменено поручение",
}


def words_of(report: Report, sent_at: datetime) -> Iterator[Remark]:
    """Yield what *report* tells, each fact with its moment; always something."""
    found = [*_facts(report, sent_at)]
    told = [Remark(words, remark.at) for remark in found if (words := said(remark.text))]
    yield from told or [Remark(OTHER, sent_at)]


def _facts(report: Report, sent_at: datetime) -> Iterator[Remark]:
    yield from report.remarks
    if report.kind is ReportKind.EDITED:
        number = _number(report.edited.number) if report.edited else ""
        yield Remark(_joined("Изменены сведения о документе", number, report.edited_text), sent_at)
    for forwarding in report.forwardings:
        yield Remark(_joined("Документ направлен", _who(forwarding.to)), forwarding.at)
    for consideration in report.considerations:
        yield Remark(_task(consideration.task, report.fact), sent_at)
    for task in report.sent_tasks:
        yield Remark(_task(task, report.fact), sent_at)
    for redirection in report.redirections:
        yield Remark(_joined("Документ переслан", _who(redirection.to), redirection.way.text), redirection.at)
    for answer in report.answers:
        yield Remark(_joined("Дан ответ", _number(answer.document.number), answer.way.text), answer.at)


def _task(task: Task, fact: K | None) -> str:
    """Return who shall do what by when, and what came of it, as far as it is told."""
    control = task.control
    parts = [
        _OF_TASKS.get(fact, "Поручение") if fact else "Поручение",
        f"№ {task.number}" if task.number else "",
        one_line(task.text),
        "; ".join(_executor(executor) for executor in task.executors),
    ]
    if control:
        parts += [
            f"срок {_day(control.deadline)}" if control.deadline else "",
            one_line(control.progress),
            "снято с контроля" if control.state is ControlState.ENDED and not control.fact_date else "",
            f"исполнено {_day(control.fact_date)}" if control.fact_date else "",
            one_line(control.resume),
        ]
    return _joined(*parts)


def _executor(executor: Executor) -> str:
    name = _who(executor.party)
    role = " (ответственный)" if executor.responsible else ""
    report = ", ".join(
        part
        for part in (
            f"отчёт {_day(executor.reported_at.date())}" if executor.reported_at else "",
            executor.status.text if executor.status else "",
            one_line(executor.text),
        )
        if part
    )
    return f"{name}{role}" + (f" — {report}" if report else "")


def _who(party: Party) -> str:
    person, department = party.person, party.department
    names = [party.name, person.post if person and person.name else "", department.name if department else ""]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _number(number: Number) -> str:
    return one_line(f"№ {number.text}" + (f" от {_day(number.date)}" if number.date else "")) if number.text else ""


def _day(day: date) -> str:
    return f"{day:%d.%m}.{day.year:04d}"


def _joined(head: str, *parts: str) -> str:
    said_parts = [part for part in parts if part]
    return f"{head}: {'; '.join(said_parts)}." if said_parts else f"{head}."
