# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may hear what: the sender's subscription and our rule decide together, and the narrower of the two counts."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Literal

from gateway.model import Event, EventKind, Subscription, Task, TaskDetails, TaskField, TaskUid
from gateway.model import EventKind as K
from gateway.reports import drafts
from gateway.reports.ladder import TASK_KINDS

EVERY_DETAIL = TaskDetails()  # a subscription that does not say
# The only field of a subscription that answers for each of ours; files come with the executor's report.
_ASKED = {
    TaskField.TEXT: "text",
    TaskField.NOTE: "note",
    TaskField.CATEGORY: "category",
    TaskField.CONTROLLER: "controller",
    TaskField.PROGRESS: "progress",
    TaskField.RESUME: "resume",
    TaskField.EXECUTOR_TEXT: "executor_report",
    TaskField.STATUS: "status",
    TaskField.FILES: "executor_report",
}


@dataclass(frozen=True, slots=True)
class ReportRule:
    """What a partner may hear of what our people do with a document."""

    kinds: frozenset[EventKind]
    fields: frozenset[TaskField] = frozenset()
    forwarded: Literal["all", "first"] = "all"
    assigned: Literal["all", "first"] = "all"
    executors: Literal["all", "responsible"] = "all"
    decides: Literal["each", "responsible", "all"] = "each"  # whose report makes the executors' reports known
    days: int = 0  # 0: as long as the subscription says
    restricted: bool = False  # the document is not open to everybody: our own instructions on it never leave


@dataclass(frozen=True, slots=True)
class Audience:
    """Who hears of a document: what its sender asked for, what we allow, and which tasks it sent."""

    subscription: Subscription
    rule: ReportRule
    sent_tasks: frozenset[TaskUid] = frozenset()
    zone: tzinfo = UTC  # of our calendar dates
    asked: frozenset[str] = frozenset()  # the visas and signatures of a draft that its sender asked for

    @property
    def details(self) -> TaskDetails:
        """What the sender wants to hear of a task."""
        return self.subscription.task_details or EVERY_DETAIL

    @property
    def fields(self) -> frozenset[TaskField]:
        """What both want told of a task."""
        return frozenset(field for field in self.rule.fields if getattr(self.details, _ASKED[field]))

    @property
    def forwarded_all(self) -> bool:
        return self.rule.forwarded == "all" and self.subscription.forwarding_all is not False

    @property
    def assigned_all(self) -> bool:
        return self.rule.assigned == "all" and self.subscription.consideration_all is not False

    @property
    def executors_all(self) -> bool:
        return self.rule.executors == "all" and self.details.executor_all is not False

    def sent(self, task: Task) -> bool:
        """Say whether *task* came with the document, rather than being an instruction of ours."""
        return task.uid in self.sent_tasks

    def may_know(self, task: Task) -> bool:
        """Say whether anything of *task* may leave: no private one, no draft, none of ours on a restricted document."""
        if task.private or task.draft:
            return False
        if self.sent(task):
            return self.subscription.execution
        return self.subscription.consideration and not self.rule.restricted


def wanted(event: Event, audience: Audience) -> bool:
    """Say whether *event* is told: the sender's subscription and our rule both want it.

    A refusal is told whatever they say, but to a sender who wants no answer at all.
    Where the fact of execution is told, an executor's report may be that fact.
    """
    kinds, subscription = audience.rule.kinds, audience.subscription
    if event.kind is K.REFUSED:
        return subscription.refusal
    if event.task is not None and not audience.may_know(event.task):
        return False
    if event.kind not in kinds and not (event.kind is K.EXECUTOR_REPORTED and K.EXECUTED in kinds):
        return False
    if event.kind in TASK_KINDS:
        return event.task is not None
    if event.kind in drafts.KINDS:
        return drafts.wanted(event, subscription)
    asked: dict[EventKind, bool] = {
        K.RECEIVED: subscription.receipt,
        K.REGISTERED: subscription.registration,
        K.RENUMBERED: subscription.registration,
        K.DEREGISTERED: subscription.registration,
        K.EDITED: subscription.registration,
        K.FORWARDED: subscription.forwarding,
        K.ACQUAINTED: subscription.forwarding,
        K.REDIRECTED: subscription.redirection,
        K.ANSWERED: subscription.answer,
    }
    return asked.get(event.kind, False)
