# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay that takes so many letters in a time is given no more, and nobody else waits for it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.journal.entries import Entry, State
from gateway.journal.store import Journal
from gateway.outbound.circuits import Circuits
from gateway.outbound.dispatch import Dispatcher
from gateway.outbound.pace import Paces, Rate
from gateway.ports import nothing_fails
from gateway.retry import POST
from tests.outbound.test_dispatch import Answering, HandClock, letters_to, states

TEN_A_MINUTE = Rate(10, timedelta(minutes=1))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(f"sqlite:///{tmp_path}/journal.db", tmp_path / "blobs")
    yield opened
    opened.close()


def relay_of(lane: str) -> str:
    return "fast" if lane == "moscow" else "slow"


def relay_of_entry(entry: Entry) -> str:
    return relay_of(entry.lane)


def dispatcher_of(journal: Journal, post: Answering, clock: HandClock) -> Dispatcher:
    return Dispatcher(
        journal,
        lambda entry: post,
        clock.now,
        POST,
        name="here.post",
        failpoint=nothing_fails,
        told=lambda: None,
        guard=Circuits(relay_of_entry, relay_of, POST.first),
        paces=Paces({"slow": TEN_A_MINUTE}, relay_of_entry, relay_of),
    )


async def sent(dispatcher: Dispatcher) -> None:
    while await dispatcher.once():
        pass


async def test_in_no_minute_a_relay_is_given_more_than_its_rate(journal: Journal, clock: HandClock) -> None:
    post, given = Answering(), []
    dispatcher = dispatcher_of(journal, post, clock)
    letters_to(journal, "minsk", 35)
    for _ in range(240):
        before = len(post.asked)
        await sent(dispatcher)
        given.append(len(post.asked) - before)
        clock.advance(seconds=1)

    assert sum(given) == 35
    assert max(sum(given[second : second + 60]) for second in range(180)) == 10


async def test_letters_of_other_relays_do_not_wait_for_a_slow_one(journal: Journal, clock: HandClock) -> None:
    post = Answering()
    slow, fast = letters_to(journal, "minsk", 50), letters_to(journal, "moscow", 50)

    await sent(dispatcher_of(journal, post, clock))

    assert states(journal, fast) == {State.SENT: 50}
    assert states(journal, slow) == {State.SENT: 10, State.QUEUED: 40}


async def test_a_letter_that_waits_for_the_pace_has_not_been_tried(journal: Journal, clock: HandClock) -> None:
    post = Answering()
    ids = letters_to(journal, "minsk", 11)
    dispatcher = dispatcher_of(journal, post, clock)
    await sent(dispatcher)
    tried = len(post.asked)
    clock.advance(seconds=60)

    await sent(dispatcher)

    assert tried == 10
    assert states(journal, ids) == {State.SENT: 11}


async def test_a_clock_that_is_set_back_stops_nobody(journal: Journal, clock: HandClock) -> None:
    post = Answering()
    dispatcher = dispatcher_of(journal, post, clock)
    letters_to(journal, "minsk", 10)
    await sent(dispatcher)
    clock.advance(days=-1)
    later = letters_to(journal, "minsk", 5)
    clock.advance(hours=1)

    await sent(dispatcher)

    assert states(journal, later)[State.SENT] == 5


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
