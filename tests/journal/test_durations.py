# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitors draw of the time things take, on both engines."""

from datetime import timedelta

from gateway.journal import entries, events
from gateway.journal.durations import BUCKETS, STAGES, Durations, durations
from gateway.journal.entries import State
from gateway.journal.store import Journal
from gateway.model import EventKind, ExchangeId
from tests.journal.givens import NOW, SENT, accepted, fact, queued, tried


def found(journal: Journal) -> dict[str, Durations]:
    with journal.read() as tx:
        return dict(durations(tx))


def document_came(journal: Journal, took: timedelta, kind: str = "document") -> None:
    (id,) = accepted(journal)
    with journal.write() as tx:
        entries.conclude(tx, id, State.DONE, now=NOW + took, kind=kind)


def within(seconds: list[float]) -> tuple[int, ...]:
    return tuple(sum(one <= most for one in seconds) for most in BUCKETS)


def test_every_stage_is_there_before_anything_happened(journal: Journal) -> None:
    assert found(journal) == dict.fromkeys(STAGES, Durations())


def test_what_came_is_measured_from_the_door_to_its_end_here(journal: Journal) -> None:
    document_came(journal, timedelta(milliseconds=250))
    document_came(journal, timedelta(hours=3))
    document_came(journal, timedelta(days=30), kind="addition")
    document_came(journal, timedelta(seconds=2), kind="receipt")
    accepted(journal)

    took = [0.25, 10_800.0, 2_592_000.0]
    assert found(journal)["concluded"] == Durations(within(took), 3, sum(took))


def test_what_left_is_measured_until_mail_took_it_and_until_its_recipient_said_what_became_of_it(
    journal: Journal,
) -> None:
    (ours,) = queued(journal, kind="document", exchange=ExchangeId("sent-1"))
    (again,) = queued(journal, kind="document", exchange=ExchangeId("sent-1"))
    queued(journal, kind="document", exchange=ExchangeId("not-sent"))
    tried(journal, ours, SENT, now=NOW + timedelta(seconds=4))
    tried(journal, again, SENT, now=NOW + timedelta(seconds=50))
    with journal.write() as tx:
        for id, kind, ours_too, later in (
            ("sent-1", EventKind.RECEIVED, False, 10),
            ("sent-1", EventKind.RECEIVED, False, 99),
            ("sent-1", EventKind.REGISTERED, False, 3604),
            ("not-sent", EventKind.RECEIVED, False, 5),
            ("sent-1", EventKind.RECEIVED, True, 5),
        ):
            key = f"{kind.value}-{later}"
            events.add(tx, ExchangeId(id), [fact(key, kind)], ours=ours_too, now=NOW + timedelta(seconds=later))

    assert found(journal)["sent"] == Durations(within([4.0, 50.0]), 2, 54.0)
    assert found(journal)["received"] == Durations(within([6.0]), 1, 6.0)
    assert found(journal)["registered"] == Durations(within([3600.0]), 1, 3600.0)
