# SPDX-License-Identifier: GPL-3.0-or-later
"""How connections to a relay are kept, doubted and given up."""

import asyncio

import pytest

from gateway.content import Held
from gateway.ports import Outcome, Phase
from tests.outbound.scripted_relay import DROP, STALL, posting, relay

LETTER = Held(b"x\r\n")
SENDER = "documents@ministry.example"
RECIPIENT = "post@partner.example"


async def send(post, times: int = 1) -> list[Outcome]:
    return [(await post.send(LETTER, SENDER, RECIPIENT)).outcome for _ in range(times)]


async def test_a_connection_serves_many_letters():
    async with relay() as scripted, posting(scripted) as post:
        assert await send(post, 5) == [Outcome.SENT] * 5
        assert scripted.connections == 1


async def test_goodbye_is_said_at_the_end():
    async with relay() as scripted:
        async with posting(scripted) as post:
            await send(post)

        assert scripted.commands[-1] == b"QUIT"


async def test_there_are_never_more_connections_than_allowed():
    async with relay() as scripted, posting(scripted, max_connections=2) as post:
        outcomes = await asyncio.gather(*(send(post) for _ in range(20)))

        assert outcomes == [[Outcome.SENT]] * 20
        assert scripted.connections == 2


@pytest.mark.parametrize(("limit", "connections"), [({"max_letters": 2}, 3), ({"max_age_seconds": -1}, 5)])
async def test_a_worn_out_connection_is_replaced(limit: dict[str, float], connections: int):
    async with relay() as scripted, posting(scripted, **limit) as post:
        await send(post, 5)

        assert scripted.connections == connections


@pytest.mark.parametrize("action", ["421 4.4.2 idle too long", DROP])
async def test_a_connection_that_died_while_idle_is_replaced_at_once(action: str):
    async with relay({"MAIL": ["250 ok", action, "250 ok"]}) as scripted, posting(scripted) as post:
        assert await send(post, 2) == [Outcome.SENT] * 2
        assert scripted.connections == 2


async def test_a_fresh_connection_that_fails_is_not_tried_twice():
    async with relay({"MAIL": ["250 ok", "421 no", "421 no", "421 no"]}) as scripted, posting(scripted) as post:
        assert await send(post, 2) == [Outcome.SENT, Outcome.TRY_LATER]
        assert scripted.connections == 2


@pytest.mark.parametrize("action", ["250 fine", "421 gone", "500 what?", DROP, STALL])
async def test_a_connection_long_idle_is_asked_first(action: str):
    async with relay({"RSET": action}) as scripted, posting(scripted, check_after_seconds=-1) as post:
        assert await send(post, 2) == [Outcome.SENT] * 2
        assert b"RSET" in scripted.commands
        assert scripted.connections == (1 if action.startswith("250") else 2)


async def test_an_idle_connection_is_given_up_after_a_while():
    async with relay() as scripted, posting(scripted, max_idle_seconds=0.02) as post:
        await send(post)
        async with asyncio.timeout(5):
            while b"QUIT" not in scripted.commands:
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
async def test_after_a_refusal_the_connection_is_used_again(step: str):
    async with relay({step: ["550 no", "250 ok"]}) as scripted, posting(scripted) as post:
        assert await send(post, 2) == [Outcome.REJECTED, Outcome.SENT]
        assert scripted.connections == 1
        assert scripted.commands.count(b"RSET") == 1


@pytest.mark.parametrize("step", ["DATA", "dot"])
async def test_after_an_unclear_end_the_connection_is_not_trusted(step: str):
    async with relay({step: ["250 what?" if step == "DATA" else "354 what?"]}) as scripted, posting(scripted) as post:
        await send(post, 2)

        assert scripted.connections == 2


async def test_a_cancelled_attempt_leaves_no_half_sent_letter_behind():
    async with relay({"dot": [STALL, "250 queued"]}) as scripted, posting(scripted, patience=_patient()) as post:
        attempt = asyncio.ensure_future(post.send(LETTER, SENDER, RECIPIENT))
        async with asyncio.timeout(5):
            while not scripted.letters:
                await asyncio.sleep(0)
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase) == (Outcome.SENT, Phase.REPLIED)
        assert scripted.connections == 2


def _patient():
    from gateway.outbound.relay import Patience

    return Patience()


async def test_the_same_bytes_go_out_again_after_an_unclear_end():
    async with relay({"dot": [DROP, "250 queued"]}) as scripted, posting(scripted) as post:
        assert await send(post, 2) == [Outcome.AMBIGUOUS, Outcome.SENT]
        assert scripted.letters == [LETTER.data] * 2
