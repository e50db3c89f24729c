# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks of a document go to one organisation: its own, as agreed with the partner; pure.

A task is somebody's own when one of its executors belongs there, by exchange index: a name identifies nobody.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from gateway.model import Document, Executor, Task, TaskUid, folded

Agreed = Literal["own", "own-with-parents", "all"]


def meant_for(document: Document, to: str, agreed: Agreed) -> Document:
    """Return *document* with the tasks that go to the organisation with exchange index *to*, in their order.

    Private tasks and drafts of tasks never go, nor what came of a task: it says what shall be done, not what another
    organisation reported.  With a task go its files; a parent that does not go is not named.
    """
    free = [task for task in document.tasks if not task.private and not task.draft]
    going = {task.uid for task in free if agreed == "all" or is_own(task, to)}
    if agreed == "own-with-parents":
        going |= set(_parents(free, going))
    return replace(document, tasks=tuple(_ordered(task, going) for task in free if task.uid in going))


def is_own(task: Task, to: str) -> bool:
    """Say whether one of the executors belongs to the organisation with exchange index *to*."""
    sought = folded(to)
    return bool(sought) and any(folded(executor.party.index) == sought for executor in task.executors)


def _parents(tasks: Iterable[Task], going: set[TaskUid]) -> Iterable[TaskUid]:
    """Yield what stands above the tasks *going*, up to one that may not go."""
    above = {task.uid: task.parent for task in tasks}
    for uid in tuple(going):
        climbed = {uid}
        parent = above[uid]
        while parent is not None and parent in above and parent not in climbed:
            yield parent
            climbed.add(parent)
            parent = above[parent]


def _ordered(task: Task, going: set[TaskUid]) -> Task:
    """Return *task* as it was given, without what came of it."""
    control = task.control and replace(task.control, progress="", fact_date=None, resume="")
    parent = task.parent if task.parent in going else None
    return replace(task, parent=parent, control=control, executors=tuple(map(_named, task.executors)))


def _named(executor: Executor) -> Executor:
    return replace(executor, text="", reported_at=None, status=None, files=())
