# SPDX-License-Identifier: GPL-3.0-or-later
"""One task as a partner may see it: nothing that may not leave, and nothing that is not so.

What is withheld is left out; it is never replaced by something else.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from gateway.model import ControlState, Executor, Task, TaskControl, TaskField
from gateway.model import EventKind as K
from gateway.reports.rule import Audience


def shown(task: Task, audience: Audience, reopened_at: datetime | None) -> Task:
    """Return *task*, which the audience may know of, without what it may not; *reopened_at* is None when it never was.

    Without any field agreed it says who shall do what by when and that it was done, not in what words.
    """
    told = audience.fields
    return replace(
        task,
        text=task.text if TaskField.TEXT in told else "",
        note=task.note if TaskField.NOTE in told else "",
        category=task.category if TaskField.CATEGORY in told else None,
        files=task.files if TaskField.FILES in told else (),
        executors=_executors(task, audience),
        control=_control(task, audience, reopened_at),
    )


def decided(task: Task, decides: str) -> bool:
    """Say whether the executors' reports that *decides* waits for are there: "each" waits for nobody."""
    if decides == "responsible":
        return all(_reported(executor) for executor in responsible(task.executors))
    return decides == "each" or all(_reported(executor) for executor in task.executors)


def responsible(executors: Sequence[Executor]) -> tuple[Executor, ...]:
    """Return who answers for the task: the responsible one, the first when nobody is marked so."""
    return tuple(executor for executor in executors if executor.responsible)[:1] or tuple(executors[:1])


def executed_on(task: Task, audience: Audience, reopened_at: datetime | None) -> date | None:
    """Return the date on which a task that nobody controls was executed; None: it is not, or somebody controls it.

    It is executed with the responsible executor's report when that one decides, else when the last executor reported.
    Reports from before it was reopened do not count.
    """
    if task.control is not None and task.control.state not in (None, ControlState.NONE):
        return None
    who = responsible(task.executors) if audience.rule.decides == "responsible" else task.executors
    moments = [executor.reported_at for executor in who if executor.reported_at]
    if not who or len(moments) < len(who) or (reopened_at is not None and max(moments) <= reopened_at):
        return None
    return max(moments).astimezone(audience.zone).date()


def _reported(executor: Executor) -> bool:
    return bool(executor.reported_at or executor.text)


def _executors(task: Task, audience: Audience) -> tuple[Executor, ...]:
    if not audience.details.executor:
        return ()
    people = task.executors if audience.executors_all else responsible(task.executors)
    told = audience.fields
    heard = K.EXECUTOR_REPORTED in audience.rule.kinds and decided(task, audience.rule.decides)
    return tuple(
        replace(
            executor,
            text=executor.text if heard and TaskField.EXECUTOR_TEXT in told else "",
            status=executor.status if heard and TaskField.STATUS in told else None,
            files=executor.files if heard and TaskField.FILES in told else (),
            reported_at=executor.reported_at if heard and audience.details.executor_report else None,
        )
        for executor in people
    )


def _control(task: Task, audience: Audience, reopened_at: datetime | None) -> TaskControl | None:
    told, details, kinds = audience.fields, audience.details, audience.rule.kinds
    control = task.control or TaskControl()
    if K.EXECUTED in kinds and (day := executed_on(task, audience, reopened_at)):
        control = replace(control, state=ControlState.ENDED, fact_date=day)
    if K.EXECUTED not in kinds and control.state is ControlState.ENDED:
        control = replace(control, state=None, fact_date=None, resume="")
    control = TaskControl(
        state=control.state if details.control_state else None,
        controller=control.controller if TaskField.CONTROLLER in told else None,
        deadline=control.deadline if details.deadline else None,
        progress=control.progress if TaskField.PROGRESS in told and K.PROGRESS in kinds else "",
        fact_date=control.fact_date if details.fact_date else None,
        resume=control.resume if TaskField.RESUME in told else "",
    )
    return control if control != TaskControl() else None
