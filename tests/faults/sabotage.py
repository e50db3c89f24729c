# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway must never lose, taken away by name in an office's own process: the harness must then complain."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from gateway.edms_adapter.sql.association import Association
from gateway.edms_adapter.sql.register import Registrar
from gateway.inbound import documents
from gateway.inbound.accept import take
from gateway.inbound.delivery import Delivery
from gateway.inbound.desk import Desk
from gateway.inbound.endings import conclude
from gateway.inbound.rules import Case
from gateway.inbound.worker import Worker
from gateway.journal import exchanges, messages
from gateway.journal.entries import Entry, State
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.office import Office
from gateway.outbox import registered_as
from gateway.ports import Failpoint, Registration, Waiting

BETWEEN = "sabotage:between"  # the failpoint between the two transactions that should be one


def apply(name: str, failpoint: Failpoint) -> None:
    """Take *name* away in this process; an empty name takes nothing."""
    if name:
        SABOTAGES[name]()


def register_without_claim() -> None:
    """The EDMS registers whatever it is given: no exchange is claimed, so none is known."""
    claim = Association.claim

    def claim_over(self: Association, work: Any, exchange: Any, now: datetime) -> None:  # Any: passed on
        self.forget(work, exchange)
        claim(self, work, exchange, now)

    Association.claim = claim_over  # type: ignore[method-assign]
    Registrar._known = lambda self, *asked: None  # type: ignore[method-assign,assignment]


def answer_before_commit() -> None:
    """The listener says 250 first and commits when there is time."""
    from tests.faults.town import inside

    waiting: list[tuple[Any, ...]] = []
    work = Worker.work

    def take_later(
        deliveries: Sequence[Delivery], journal: Journal, office: Office, now: datetime, failpoint: Failpoint
    ) -> list[int]:
        waiting.append((deliveries, journal, office, now, failpoint))
        return [0 for _ in deliveries]

    def commit_and_work(self: Worker) -> int:
        while waiting:
            take(*waiting.pop(0))
        return work(self)

    inside.take = take_later
    Worker.work = commit_and_work  # type: ignore[method-assign]


def answers_afterwards() -> None:
    """A letter is DONE in one transaction, and its answers are queued in the next one."""

    def finish(
        entry: Entry, case: Case, exchange: Exchange, outcome: Registration | Waiting, desk: Desk, now: datetime
    ) -> None:
        assert isinstance(outcome, Registration)
        with desk.journal.write() as tx:
            exchange = exchanges.get(tx, exchange.id, lock=True) or exchange
            exchange = replace(exchange, subject_card=outcome.ref, registered=outcome.number)
            exchanges.save(tx, exchange)
            conclude(tx, entry, State.DONE, documents.about(case, exchange), now)
        desk.failpoint(BETWEEN)
        fact = registered_as(outcome.number, outcome.ref, outcome.at or now)
        with desk.journal.write() as tx:
            desk.outbox.tell(tx, exchange, (fact, *outcome.events), now)

    documents.finish = finish


def no_message_is_known() -> None:
    """The journal never finds a message by its id, and takes every one for new."""
    find, note = messages.find, messages.note

    def note_anew(*arguments: Any) -> messages.Noted:  # Any: passed on
        messages.find = find
        try:
            return note(*arguments)
        finally:
            messages.find = never

    def never(*arguments: object) -> None:
        return None

    messages.find, messages.note = never, note_anew


SABOTAGES: "MappingProxyType[str, Callable[[], None]]" = MappingProxyType(
    {
        "claim first": register_without_claim,
        "commit before 250": answer_before_commit,
        "answers in the same transaction": answers_afterwards,
        "messages known by id": no_message_is_known,
    }
)
