# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Postfix tells of letters of ours: delivered, undeliverable, delayed; each notice finds its letter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.inbound.accept import take
from gateway.inbound.smtp.listener import Listener, listen
from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.outbound.noticed import Asked
from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Relay
from gateway.ports import Posted
from tests.inbound.smtp_wire import Accepting, listening, running
from tests.outbound.scripted_relay import relay
from tests.servers.postfix import Postfix
from tests.story.acts import dispatch, send_letter
from tests.story.offices import Town, TownOffice, town

OURS, THEIRS = "minsk.example", "moscow.example"


@pytest.fixture(params=["plain", "tagged"])
def offices(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, minsk={"relay": f'bounce_sender = "{request.param}"'}) as both:
        yield both


async def posted_by(postfix: Postfix, office: TownOffice) -> Entry:
    """Send *office*'s queued letter by *postfix*, asking for every notice."""
    (letter,) = await asyncio.to_thread(office.outgoing)
    post = SmtpPost(Relay(host=postfix.host, port=postfix.port, tls="none"))

    class Noticed:
        async def send(self, content, sender: str, recipient: str) -> Posted:
            return await post.send(content, sender, recipient, Asked(letter.rfc_message_id, success=True))

        async def close(self) -> None:
            return

    office.dispatcher._post_of = lambda entry: Noticed()
    await office.dispatcher.once()
    await post.close()
    return await asyncio.to_thread(office.entry, letter.id)


def last_outcome(office: TownOffice, letter: Entry) -> str:
    with office.parts.journal.read() as tx:
        return entries.attempts(tx, letter.id)[-1].outcome


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def listening_for(office: TownOffice, door: Accepting, fits: Callable[[str], bool]) -> AsyncIterator[Listener]:
    """Run *office*'s listener, which takes its address and the addresses of its letters."""
    ids = count(1)
    its = listening(addresses=frozenset([office.address]))
    listener = await listen(its, door, new_id=lambda: f"id-{next(ids)}", also_ours=fits)
    try:
        yield listener
    finally:
        await listener.close(timedelta(0))


async def story(postfix: Postfix, offices: Town, routes: dict[str, str], door: Accepting) -> tuple[Entry, int]:
    """Send a letter by *postfix*; hear the notice that comes back. Returns the letter's entry and its card."""
    minsk = offices.minsk
    card = send_letter(minsk)
    await asyncio.to_thread(minsk.collector.round)
    fits = minsk.parts.outbox.sealer.bounce_for
    ours = listening_for(minsk, door, lambda address: fits((address,), offices.clock.now()) is not None)
    async with ours as listener:
        host, port = listener.address
        postfix.route({OURS: f"smtp:[{host}]:{port}", **routes})
        letter = await posted_by(postfix, minsk)
        assert letter.state is State.SENT
        await eventually(lambda: bool(door.deliveries))
    delivery, data = door.deliveries[0], door.letters[0]
    assert delivery.envelope_sender == ""

    def hear() -> Entry:
        heard = replace(delivery, letter=Held(data))
        take([heard], minsk.parts.journal, minsk.parts.office, offices.clock.now(), minsk.parts.failpoint)
        minsk.worker.work()
        return minsk.entry(letter.id)

    return await asyncio.to_thread(hear), card


async def test_a_letter_that_lies_in_the_mailbox_is_told_so(postfix: Postfix, offices: Town):
    letter, card = await story(postfix, offices, {THEIRS: "virtual:"}, Accepting())

    assert letter.delivered_at is not None
    assert letter.state is State.SENT
    assert dispatch(offices.minsk, card).state not in ("received", "registered")


async def test_a_letter_that_went_where_nobody_tells_any_more_is_noted(postfix: Postfix, offices: Town):
    async with running(Accepting(), protocol="lmtp", addresses=frozenset(["edms@moscow.example"])) as theirs:
        host, port = theirs.address
        letter, _ = await story(postfix, offices, {THEIRS: f"lmtp:inet:{host}:{port}"}, Accepting())

    assert (letter.state, letter.delivered_at) == (State.SENT, None)
    assert last_outcome(offices.minsk, letter) == "relayed"


async def test_a_letter_that_cannot_be_delivered_fails_with_the_servers_words(postfix: Postfix, offices: Town):
    async with relay({"RCPT": "550 5.1.1 no such mailbox here"}) as theirs:
        letter, _ = await story(postfix, offices, {THEIRS: f"smtp:[127.0.0.1]:{theirs.port}"}, Accepting())

    assert letter.state is State.FAILED
    assert "no such mailbox here" in letter.words


async def test_a_letter_that_waits_on_the_way_is_shown_as_delayed(postfix: Postfix, offices: Town):
    hurried = {"delay_warning_time": "1s", "minimal_backoff_time": "1s", "queue_run_delay": "1s"}
    usual = {"delay_warning_time": "0h", "minimal_backoff_time": "300s", "queue_run_delay": "300s"}
    postfix.set(hurried)
    try:
        async with relay({"RCPT": "450 4.2.1 their server is away"}) as theirs:
            letter, _ = await story(postfix, offices, {THEIRS: f"smtp:[127.0.0.1]:{theirs.port}"}, Accepting())
    finally:
        postfix.set(usual)

    assert letter.state is State.SENT
    assert letter.delayed_since is not None
    assert last_outcome(offices.minsk, letter) == "delayed"
