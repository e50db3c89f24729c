# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets of slow clients in every phase: an honest one gets through, and the fleet is gone by its deadlines.

Attack row 27 (Postfix STRESS_README): deadlines per record and not per read, a minimum rate, caps on connections.
"""

import asyncio
import itertools
import tracemalloc
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from gateway.inbound.smtp.listener import Listener
from tests.faults.lengths import LONG
from tests.faults.test_receiving import HEAD, delivered
from tests.faults.wired import OURS, cards, document, door, lettered, number_of, office, settle
from tests.inbound.smtp_wire import Client, LoopTime, talking
from tests.story.offices import TownOffice

FLEET = 500 if LONG else 40
STAGES = {  # what each of the fleet has said when it begins to dawdle, and what it says on and on, one byte at a time
    "greeting": (b"", b"EHLO a.very.long.name.that.never.ends.example"),
    "hello": (b"EHLO x\r\n", b"MAIL FROM:<x"),
    "MAIL": (b"EHLO x\r\n" + HEAD, b"RCPT TO:<"),
    "RCPT": (b"EHLO x\r\n" + HEAD + b"RCPT TO:<" + OURS.encode() + b">\r\n", b"DAT"),
    "DATA": (b"EHLO x\r\n" + HEAD + b"RCPT TO:<" + OURS.encode() + b">\r\nDATA\r\n", b"x\r\n"),
}
ROOM = {"max_connections": FLEET + 50, "max_connections_per_peer": FLEET + 50}
DEADLINES = {"command_seconds": 2.0, "data_idle_seconds": 5, "min_bytes_per_second": 500, "rate_after_seconds": 2.0}
MINUTE = 60.0
FAR_DEADLINES = DEADLINES | {"command_seconds": MINUTE, "data_idle_seconds": 2 * MINUTE, "rate_after_seconds": MINUTE}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path) as one:
        yield one


async def dawdle(client: Client, said: bytes, drips: bytes) -> bytes:
    """Say *said*, then a byte of *drips* now and then for ever; return what was heard until the door closed."""
    heard = bytearray()

    async def listen() -> None:
        with suppress(ConnectionError):
            while block := await client.reader.read(4096):
                heard.extend(block)

    listening = asyncio.create_task(listen())
    client.send(said)
    at = 0
    while not listening.done():
        client.send(drips[at % len(drips) :][:1])
        at += 1
        await asyncio.wait({listening}, timeout=0.1)
    return bytes(heard)


async def fleet(stack: AsyncExitStack, listener: Listener, size: int, *stages: str) -> list[asyncio.Task[bytes]]:
    """Send *size* slow clients, evenly to *stages*."""
    clients = [await stack.enter_async_context(talking(listener, greeted=False)) for _ in range(size)]
    whither = itertools.cycle(stages)
    return [asyncio.create_task(dawdle(client, *STAGES[next(whither)])) for client in clients]


async def test_an_honest_client_gets_through_a_fleet_that_dawdles_at_every_stage(opened: TownOffice) -> None:
    """Row 27: meanwhile, not afterwards; and a byte now and then does not keep a place: each hears 421 and is cut."""
    time = LoopTime()  # the deadlines come when the honest one is through, however slow the machine is
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(door(opened, max_spooling=FLEET + 10, **ROOM, **FAR_DEADLINES))
        slow = await fleet(stack, listener, FLEET, *STAGES)
        async with asyncio.timeout(20):
            while listener.connections < FLEET:
                await asyncio.sleep(0.01)
        replies = await delivered(listener, "smtp", document(1))
        still_there = sum(not task.done() for task in slow)
        time.passes(MINUTE)
        async with asyncio.timeout(20):
            heard = await asyncio.gather(*slow)
            while listener.connections:
                await asyncio.sleep(0.01)
    await settle(opened)

    assert replies[0].startswith("250")
    assert still_there == FLEET  # they were in the way when the honest one came
    assert all(b"\r\n421 4.4.2" in b"\r\n" + words for words in heard)
    assert cards(opened) == {number_of(1): 1}
    assert len(lettered(opened)) == 1


async def test_slow_letters_hold_the_places_for_letters_no_longer_than_the_minimum_rate_allows(
    opened: TownOffice,
) -> None:
    """Row 27, the sharpest: every place between 354 and durable is taken by somebody slow; the next waits its turn."""
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(door(opened, max_spooling=4, **ROOM, **DEADLINES))
        slow = await fleet(stack, listener, 4, "DATA")
        async with asyncio.timeout(20):
            while not listener._reception._room.locked():
                await asyncio.sleep(0.01)
        replies = await delivered(listener, "smtp", document(1))
        await asyncio.gather(*slow)

    assert replies[0].startswith("250")
    assert len(lettered(opened)) == 1


async def test_an_endless_line_costs_neither_memory_nor_a_letter(opened: TownOffice) -> None:
    """Row 27: in a command and in a letter; both end by themselves."""
    async with door(opened, max_bytes=1 << 20, **ROOM, **DEADLINES) as listener:
        tracemalloc.start()
        try:
            for said in (b"", STAGES["DATA"][0]):
                async with talking(listener, greeted=False) as client:
                    client.send(said)
                    reading = asyncio.create_task(client.ended())
                    with suppress(ConnectionError):
                        while not reading.done():
                            client.send(b"x" * 65536)
                            await client.writer.drain()
                            await asyncio.sleep(0)
                    assert await reading
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        replies = await delivered(listener, "smtp", document(1))

    assert peak < 8 << 20
    assert replies[0].startswith("250")
    assert len(lettered(opened)) == 1


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_peer"])
async def test_a_fleet_beyond_the_cap_hears_421_and_those_within_are_served(opened: TownOffice, limit: str) -> None:
    """Row 27: a cap is temporary for whoever meets it, and gives its places back."""
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(door(opened, **(ROOM | {limit: 10})))
        clients = [await stack.enter_async_context(talking(listener, greeted=False)) for _ in range(30)]
        greetings = [await client.reply() for client in clients]
        for client in clients:
            client.vanish()
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)
        replies = await delivered(listener, "smtp", document(1))

    assert [greeting[:9] for greeting in greetings[10:]] == ["421 4.7.0"] * 20
    assert all(greeting.startswith("220 ") for greeting in greetings[:10])
    assert replies[0].startswith("250")
