# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that have no notification of their own, in Russian words for people: they travel as «Исполнение» (§2.7)."""

from collections.abc import Callable
from datetime import datetime

from gateway.dialects.medo.values import day_of, moment, shown
from gateway.model import ControlState, EventKind, Party, Remark, Report, ReportKind, Task
from gateway.model import EventKind as K

EDITED = "Карточка документа изменена"


def in_words(report: Report, sent_at: datetime) -> Remark:
    """Return the words for the one fact that *report* tells; empty when it tells nothing."""
    if report.kind is ReportKind.EDITED:
        return Remark(report.edited_text.strip() or f"{EDITED}.", sent_at)
    if report.remarks:
        first = report.remarks[0]
        return Remark("\n".join(remark.text for remark in report.remarks), first.at, first.who)
    if report.forwardings:
        forwarding = report.forwardings[0]
        return Remark(f"Передано на рассмотрение: {_who(forwarding.to)}.", forwarding.at)
    if report.redirections:
        redirection = report.redirections[0]
        way = f" ({redirection.way.text})" if redirection.way.text else ""
        return Remark(f"Перенаправлено: {_who(redirection.to)}{way}.", redirection.at)
    for task in tasks_of(report):
        tell = _OF_TASKS.get(report.fact or K.PROGRESS, _progress)
        return Remark(tell(task), moment(_reported_at(task, report.fact) or sent_at))
    return Remark("", sent_at)


def tasks_of(report: Report) -> tuple[Task, ...]:
    """Return the tasks *report* is about, our own and those that were sent."""
    return (*(consideration.task for consideration in report.considerations), *report.sent_tasks)


def _who(party: Party) -> str:
    person, organisation = party.person, party.organisation
    said = [organisation.short_name or organisation.full_name if organisation else ""]
    said.append(party.department.name if party.department else "")
    said.append((person.name or person.post) if person else party.citizen.name if party.citizen else "")
    return ", ".join(one for one in said if one) or "адресат не указан"


def _task(task: Task) -> str:
    return f"Поручение {task.number}" if task.number else "Поручение"


def _reported_at(task: Task, fact: EventKind | None) -> datetime | None:
    if fact is not K.EXECUTOR_REPORTED:
        return None
    return max((one.reported_at for one in task.executors if one.reported_at), default=None)


def _executor_reported(task: Task) -> str:
    said = []
    for one in task.executors:
        if one.text or one.reported_at or one.status:
            when = f" {shown(day_of(one.reported_at))}" if one.reported_at else ""
            state = f" ({one.status.text})" if one.status and one.status.text else ""
            text = f": {one.text}" if one.text else ""
            said.append(f"Исполнитель {_who(one.party)} доложил{when}{state}{text}")
    return f"{_task(task)}. " + (". ".join(said) or "Исполнитель доложил") + "."


def _executed(task: Task) -> str:
    control = task.control
    when = f" {shown(control.fact_date)}" if control and control.fact_date else ""
    resume = f" {control.resume}" if control and control.resume else ""
    return f"{_task(task)} исполнено{when}.{resume}"


def _executor_changed(task: Task) -> str:
    said = (f"{_who(one.party)}{' (ответственный)' if one.responsible else ''}" for one in task.executors)
    return f"{_task(task)}. Исполнители: {'; '.join(said) or 'не назначены'}."


def _due_changed(task: Task) -> str:
    deadline = task.control.deadline if task.control else None
    return (
        f"{_task(task)}. Срок исполнения: {shown(deadline)}." if deadline else f"{_task(task)}. Срок исполнения снят."
    )


def _progress(task: Task) -> str:
    control = task.control
    said = control.progress if control else ""
    ended = control is not None and control.state is ControlState.ENDED
    return f"{_task(task)}. Ход исполнения: {said or ('исполнено' if ended else 'без изменений')}."


_OF_TASKS: dict[EventKind, Callable[[Task], str]] = {
    K.DUE_CHANGED: _due_changed,
    K.EXECUTOR_REPORTED: _executor_reported,
    K.EXECUTED: _executed,
    K.REOPENED: lambda task: f"{_task(task)} возвращено на исполнение.",
    K.EXECUTOR_CHANGED: _executor_changed,
    K.TASK_CANCELLED: lambda task: f"{_task(task)} отменено.",
    K.PROGRESS: _progress,
}
due_words = _due_changed
