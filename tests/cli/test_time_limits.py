# SPDX-License-Identifier: GPL-3.0-or-later
"""Rungs that did not come in time, as an administrator sees them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.journal import events, exchanges
from gateway.model import Event, EventKey, EventKind, ExchangeId, Number
from tests.cli.test_commands import call
from tests.cli.test_registers import Clerk


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[Clerk]:
    made = Clerk(tmp_path / "d")
    yield made
    made.journal.close()


def told(clerk: Clerk, *arguments: str) -> str:
    return call("--config", clerk.config, *arguments).output


def looked(clerk: Clerk, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(clerk, *arguments, "--json").splitlines()[-1])
    return found


def hears(clerk: Clerk, name: str, kind: EventKind, at: datetime) -> None:
    number = Number("ВХ-9") if kind is EventKind.REGISTERED else None
    with clerk.journal.write() as tx:
        events.add(tx, ExchangeId(name), [Event(kind, EventKey(kind.value), at, number=number)], ours=False, now=at)


def test_status_counts_what_is_overdue_says_since_when_and_wants_a_person(clerk: Clerk) -> None:
    now = datetime.now(UTC)
    clerk.posted("first", now - timedelta(hours=5))
    clerk.posted("second", now - timedelta(hours=3))
    clerk.posted("fresh", now - timedelta(minutes=3))

    status = looked(clerk, "status")

    assert status["overdue"]["documents"] == 2
    assert datetime.fromisoformat(status["overdue"]["oldest"]) == now - timedelta(hours=4)
    assert status["ok"] is False
    assert "documents about which a partner is late: 2, the first since " in told(clerk, "status")


def test_after_the_last_day_of_the_subscription_nothing_is_overdue(clerk: Clerk) -> None:
    now = datetime.now(UTC)
    clerk.posted("1", now - timedelta(hours=5), until=now - timedelta(minutes=1))

    assert looked(clerk, "status")["overdue"] == {"documents": 0, "oldest": None}
    assert looked(clerk, "trace", "01-17/1")["late"] is None


def test_trace_says_which_rung_is_overdue_since_when_and_what_was_proven_last_and_when(clerk: Clerk) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    clerk.posted("silent", now - timedelta(hours=5))
    clerk.posted("received", now - timedelta(hours=30), rung="received")
    hears(clerk, "received", EventKind.RECEIVED, now - timedelta(hours=29))

    silent, received = looked(clerk, "trace", "01-17/silent"), looked(clerk, "trace", "01-17/received")

    moments = [datetime.fromisoformat(story[key]) for story in (silent, received) for key in ("due_at", "proven_at")]
    assert moments == [
        now - timedelta(hours=4),
        now - timedelta(hours=5),
        now - timedelta(hours=6),
        now - timedelta(hours=29),
    ]
    assert (silent["late"], received["late"]) == ("received", "registered")
    assert "OVERDUE: registered, was due at " in told(clerk, "trace", "01-17/received")
    assert "; proven last: received at " in told(clerk, "trace", "01-17/received")


@pytest.mark.parametrize("kind", [EventKind.REGISTERED, EventKind.REFUSED])
def test_what_comes_after_its_limit_supersedes_it_and_is_shown_as_late(clerk: Clerk, kind: EventKind) -> None:
    now = datetime.now(UTC)
    clerk.posted("1", now - timedelta(hours=30))
    hears(clerk, "1", EventKind.RECEIVED, now - timedelta(hours=29, minutes=30))
    hears(clerk, "1", kind, now - timedelta(hours=1))
    with clerk.journal.write() as tx:
        exchange = exchanges.get(tx, ExchangeId("1"))
        assert exchange is not None
        exchanges.save(tx, replace(exchange, rung=kind.value))

    story = looked(clerk, "trace", "01-17/1")

    steps = {step["kind"]: step["late"] for step in story["steps"] if step["what"] == "event"}
    assert steps == {"received": False, kind.value: True}
    assert story["late"] is None
    assert looked(clerk, "status")["overdue"]["documents"] == 0
    assert "LATE" in told(clerk, "trace", "01-17/1")
