# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending: each partner its share, and nobody who has trouble is hammered, or holds up the others."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.journal import circuits, entries
from gateway.journal.entries import Entry, State
from gateway.journal.store import Journal
from gateway.model import Content, PartnerId
from gateway.outbound.circuits import PARTNER_AFTER, RELAY_AFTER, Circuits
from gateway.outbound.dispatch import AT_ONCE, LANE_AT_ONCE, Dispatcher
from gateway.ports import Outcome, Phase, Post, Posted, nothing_fails
from gateway.retry import POST
from tests.journal.givens import NOW, queued, stands
from tests.outbound.scripted_relay import DROP, posting, relay

TAKEN = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 taken")
PUT_OFF = Posted(Outcome.TRY_LATER, Phase.RCPT, 450, "4.2.0 not now")
DOWN = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")


@dataclass
class HandClock:
    moment: object = NOW

    def now(self):
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Answering:
    """A post that answers as told for each recipient, and remembers who was asked for."""

    answers: dict[str, Posted] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
        self.asked.append(recipient)
        return self.answers.get(recipient, TAKEN)

    async def close(self) -> None:
        return


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(f"sqlite:///{tmp_path}/journal.db", tmp_path / "blobs")
    yield opened
    opened.close()


def dispatcher_of(
    journal: Journal,
    post_of: Callable[[Entry], Post],
    clock: HandClock,
    relay_of: Callable[[str], str] = lambda lane: "",
    told: Callable[[], None] = lambda: None,
) -> Dispatcher:
    return Dispatcher(
        journal,
        post_of,
        clock.now,
        POST,
        name="here.post",
        failpoint=nothing_fails,
        told=told,
        guard=Circuits(lambda entry: relay_of(entry.lane), relay_of, POST.first),
    )


def letters_to(journal: Journal, partner: str, many: int) -> list[int]:
    return queued(journal, many, partner=PartnerId(partner), recipient=f"edms@{partner}.example")


def states(journal: Journal, ids: list[int]) -> Counter[State]:
    return Counter(stands(journal, id).state for id in ids)


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


# --- each partner its share -----------------------------------------------------------------------------------------


async def test_one_partner_has_only_its_share_of_letters_under_way_and_holds_up_nobody(
    journal: Journal, clock: HandClock
) -> None:
    @dataclass
    class Slow(Answering):
        """Answers for one partner only when the gate opens."""

        gate: asyncio.Event = field(default_factory=asyncio.Event)
        under_way: int = 0
        most: int = 0

        async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
            if recipient == "edms@slow.example":
                self.under_way += 1
                self.most = max(self.most, self.under_way)
                await self.gate.wait()
                self.under_way -= 1
            return await super().send(letter, sender, recipient)

    post = Slow()
    slow, quick = letters_to(journal, "slow", 3 * LANE_AT_ONCE), letters_to(journal, "quick", 3 * LANE_AT_ONCE)
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    sending = asyncio.create_task(dispatcher.run())
    try:
        await eventually(lambda: states(journal, quick) == {State.SENT: len(quick)})
        await eventually(lambda: post.under_way == LANE_AT_ONCE)
        while_waiting = states(journal, slow)
        post.gate.set()
        await eventually(lambda: states(journal, slow) == {State.SENT: len(slow)})
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        await dispatcher.close(timedelta(seconds=5))

    assert while_waiting == {State.QUEUED: len(slow)}
    assert post.most == LANE_AT_ONCE


# --- a relay that does not work -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", [{"greeting": DROP}, {"greeting": "421 full"}, {"MAIL": "530 log in first"}, {"MAIL": DROP}]
)
async def test_a_relay_that_does_not_work_is_asked_by_a_few_letters_and_then_by_one_at_a_time(
    journal: Journal, clock: HandClock, script: dict[str, str]
) -> None:
    letters = [id for number in range(10) for id in letters_to(journal, f"partner-{number}", 30)]
    async with relay(script) as scripted, posting(scripted) as post:
        dispatcher = dispatcher_of(journal, lambda entry: post, clock)
        for _ in range(10):
            await dispatcher.once()
        first_burst = sum(stands(journal, id).attempts for id in letters)
        for _ in range(5):
            clock.advance(seconds=61)
            await dispatcher.once()
            await dispatcher.once()

    assert RELAY_AFTER <= first_burst <= AT_ONCE
    assert 2 <= sum(stands(journal, id).attempts for id in letters) - first_burst <= 5
    assert scripted.connections <= AT_ONCE + 5
    assert states(journal, letters) == {State.QUEUED: 300}


async def test_everything_goes_once_one_letter_found_that_the_relay_works_again(
    journal: Journal, clock: HandClock
) -> None:
    letters = [id for number in range(5) for id in letters_to(journal, f"partner-{number}", 30)]
    async with relay({"greeting": [*[DROP] * AT_ONCE, "220 back"]}) as scripted, posting(scripted) as post:
        dispatcher = dispatcher_of(journal, lambda entry: post, clock)
        await dispatcher.once()
        clock.advance(minutes=2)
        asked = await dispatcher.once()
        for _ in range(10):
            await dispatcher.once()

    assert asked == 1
    assert states(journal, letters) == {State.SENT: 150}
    with journal.read() as tx:
        assert circuits.stand(tx) == ()


async def test_a_letter_behind_a_relay_that_never_works_fails_after_five_days(
    journal: Journal, clock: HandClock
) -> None:
    letters = [id for number in range(5) for id in letters_to(journal, f"partner-{number}", 40)]
    post = Answering({f"edms@partner-{number}.example": DOWN for number in range(5)})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    clock.advance(days=4, hours=23)
    await dispatcher.once()
    before = states(journal, letters)
    for _ in range(6):
        clock.advance(hours=1)
        await dispatcher.once()
        await dispatcher.once()

    assert before == {State.QUEUED: 200}
    assert states(journal, letters) == {State.FAILED: 200}
    never_tried = [stands(journal, id) for id in letters if not stands(journal, id).attempts]
    assert never_tried
    assert all(
        letter.words.startswith("not sent: relay does not work since 2031-03-04 09:30 UTC: connection refused")
        for letter in never_tried
    )


async def test_what_waited_too_long_is_told_on_the_loop_when_it_can_be_read(journal: Journal, clock: HandClock) -> None:
    """Whoever is woken from a thread wakes late, and whoever looks before the commit finds nothing."""
    letters = letters_to(journal, "north", 2 * AT_ONCE)
    heard: list[tuple[asyncio.AbstractEventLoop, int]] = []

    def told() -> None:
        heard.append((asyncio.get_running_loop(), states(journal, letters)[State.FAILED]))

    dispatcher = dispatcher_of(journal, lambda entry: Answering({"edms@north.example": DOWN}), clock, told=told)
    await dispatcher.once()
    clock.advance(days=5, hours=1)
    await dispatcher.once()

    assert heard == [(asyncio.get_running_loop(), 2 * AT_ONCE - 1)]  # all but the one that is the question


async def test_another_relay_notices_nothing(journal: Journal, clock: HandClock) -> None:
    broken, works = letters_to(journal, "north", 30), letters_to(journal, "south", 30)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock, lambda lane: "router" if lane == "north" else "")
    for _ in range(5):
        await dispatcher.once()

    assert states(journal, works) == {State.SENT: 30}
    assert states(journal, broken) == {State.QUEUED: 30}
    with journal.read() as tx:
        (circuit,) = circuits.stand(tx)
    assert (circuit.name, circuit.words) == ("relay router", "connection refused")


async def test_a_relay_is_left_alone_after_a_new_start_too(journal: Journal, clock: HandClock) -> None:
    letters_to(journal, "north", 80)
    post = Answering({"edms@north.example": DOWN})
    await dispatcher_of(journal, lambda entry: post, clock).once()
    await dispatcher_of(journal, lambda entry: post, clock).once()
    before = len(post.asked)
    again = dispatcher_of(journal, lambda entry: post, clock)

    await again.once()

    assert len(post.asked) == before


async def test_a_fault_on_our_side_is_not_the_relays(journal: Journal, clock: HandClock) -> None:
    letters_to(journal, "north", RELAY_AFTER + 1)

    def no_post(entry: Entry) -> Post:
        raise OSError("no certificate")

    dispatcher = dispatcher_of(journal, no_post, clock)
    await dispatcher.once()
    await dispatcher.once()

    with journal.read() as tx:
        assert circuits.stand(tx) == ()


# --- a partner whose recipient is put off ---------------------------------------------------------------------------


async def test_a_recipient_that_is_put_off_again_and_again_slows_its_partner_alone(
    journal: Journal, clock: HandClock
) -> None:
    put_off, works = letters_to(journal, "north", 200), letters_to(journal, "south", 100)
    post = Answering({"edms@north.example": PUT_OFF})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    for _ in range(10):
        await dispatcher.once()
    asked = Counter(post.asked)["edms@north.example"]
    clock.advance(seconds=61)
    await dispatcher.once()
    await dispatcher.once()

    assert PARTNER_AFTER <= asked <= AT_ONCE
    assert Counter(post.asked)["edms@north.example"] == asked + 1
    assert states(journal, works) == {State.SENT: 100}
    assert states(journal, put_off) == {State.QUEUED: 200}
    with journal.read() as tx:
        assert [one.name for one in circuits.stand(tx)] == ["partner north"]


async def test_a_recipient_that_is_taken_again_ends_the_slowness(journal: Journal, clock: HandClock) -> None:
    letters = letters_to(journal, "north", 200)
    post = Answering({"edms@north.example": PUT_OFF})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    await dispatcher.once()
    post.answers.clear()
    clock.advance(minutes=2)
    for _ in range(8):
        await dispatcher.once()

    assert states(journal, letters) == {State.SENT: 200}


async def test_a_recipient_that_is_refused_for_good_slows_nobody(journal: Journal, clock: HandClock) -> None:
    letters = letters_to(journal, "north", 100)
    post = Answering({"edms@north.example": Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 nobody")})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    for _ in range(3):
        await dispatcher.once()

    assert states(journal, letters) == {State.FAILED: 100}
    with journal.read() as tx:
        assert entries.counts(tx).by_state
        assert circuits.stand(tx) == ()


# --- a person wants a letter tried ----------------------------------------------------------------------------------


def wanted(journal: Journal, id: int, clock: HandClock) -> None:
    with journal.write() as tx:
        entries.retry(tx, id, who="olga", why="their server is back", now=clock.now(), by_hand=True)


async def test_a_letter_that_a_person_wants_tried_is_the_question_at_once_and_the_others_follow(
    journal: Journal, clock: HandClock
) -> None:
    letters = [id for number in range(10) for id in letters_to(journal, f"partner-{number}", 20)]
    post = Answering({f"edms@partner-{number}.example": DOWN for number in range(10)})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    for _ in range(3):
        await dispatcher.once()
    tried = [id for id in letters if stands(journal, id).attempts]  # they wait for their minute
    post.answers.clear()
    before = len(post.asked)

    await dispatcher.once()
    left_alone = len(post.asked) - before
    wanted(journal, letters[-1], clock)
    await dispatcher.once()
    asked = post.asked[before:]
    for _ in range(10):
        await dispatcher.once()

    assert left_alone == 0
    assert asked == ["edms@partner-9.example"]
    assert states(journal, letters) == {State.SENT: 200 - len(tried), State.QUEUED: len(tried)}


async def test_letters_that_a_person_wants_tried_ask_a_dead_relay_one_after_the_other_and_each_once(
    journal: Journal, clock: HandClock
) -> None:
    letters = letters_to(journal, "north", 80)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    for _ in range(2):
        await dispatcher.once()
    before = {id: stands(journal, id).attempts for id in letters}
    for id in letters[-3:]:
        wanted(journal, id, clock)

    taken = [await dispatcher.once() for _ in range(5)]

    assert taken == [1, 1, 1, 0, 0]
    assert [id for id in letters if stands(journal, id).attempts > before[id]] == letters[-3:]
    with journal.read() as tx:
        assert [one.name for one in circuits.stand(tx)] == ["relay"]


async def test_while_the_question_is_under_way_a_wanted_letter_waits_and_is_not_given_up(
    journal: Journal, clock: HandClock
) -> None:
    letters = letters_to(journal, "north", 80)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    clock.advance(days=6)
    with journal.write() as tx:
        (question,) = dispatcher._admitted(tx, AT_ONCE, frozenset(), clock.now(), [])
        dispatcher._give_up(tx, clock.now())
    given_up = stands(journal, letters[-1]).state
    clock.advance(minutes=2)
    wanted(journal, letters[-1], clock)

    taken = await dispatcher.once()

    assert question.id != letters[-1]
    assert (given_up, taken, stands(journal, letters[-1]).state) == (State.FAILED, 0, State.QUEUED)


async def test_a_partner_that_asks_again_does_not_ask_a_relay_that_is_left_alone(
    journal: Journal, clock: HandClock
) -> None:
    letters = letters_to(journal, "north", 80)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    with journal.write() as tx:
        entries.retry(tx, letters[-1], who="north", why="asked again", now=clock.now())

    assert await dispatcher.once() == 0


# --- nobody waits any more ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["given up", "held"])
async def test_who_is_left_alone_is_forgotten_when_no_letter_waits_any_more(
    journal: Journal, clock: HandClock, end: str
) -> None:
    letters = letters_to(journal, "north", RELAY_AFTER)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    await dispatcher.once()
    with journal.read() as tx:
        before = [one.name for one in circuits.stand(tx)]
    with journal.write() as tx:
        for id in letters:
            if end == "held":
                entries.set_held(tx, id, True, who="olga", why="wrong annex", now=clock.now())
            else:
                entries.conclude(tx, id, State.FAILED, now=clock.now())

    clock.advance(seconds=11)
    await dispatcher.once()

    assert before == ["relay"]
    with journal.read() as tx:
        assert circuits.stand(tx) == ()


async def test_one_letter_that_waits_for_its_time_is_enough_to_remember_who_is_left_alone(
    journal: Journal, clock: HandClock
) -> None:
    letters = letters_to(journal, "north", RELAY_AFTER)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    with journal.write() as tx:
        for id in letters[1:]:
            entries.conclude(tx, id, State.FAILED, now=clock.now())

    clock.advance(seconds=11)
    await dispatcher.once()

    with journal.read() as tx:
        assert [one.name for one in circuits.stand(tx)] == ["relay"]


# --- the journal is away --------------------------------------------------------------------------------------------


async def test_the_question_is_asked_again_when_the_journal_could_not_take_it_down(
    journal: Journal, clock: HandClock
) -> None:
    letters_to(journal, "north", 80)
    post = Answering({"edms@north.example": DOWN})
    dispatcher = dispatcher_of(journal, lambda entry: post, clock)
    await dispatcher.once()
    before = len(post.asked)
    clock.advance(minutes=2)
    full = "before update on entries when new.worker = '' begin select raise(abort, 'the disk is full'); end"
    with journal.write() as tx:
        tx.exec_driver_sql(f"create trigger away {full}")
    with pytest.raises(DBAPIError):
        await dispatcher.once()
    with journal.write() as tx:
        tx.exec_driver_sql("drop trigger away")

    await dispatcher.once()

    assert len(post.asked) == before + 1
