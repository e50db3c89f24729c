# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of our door that drop, hang up, fall silent or talk nonsense at every moment, and then come again.

A whole office stands behind the door: whatever a client did to its first attempt, its document is registered once and
answered once, and whoever heard 250 never has to come again.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal

import pytest

from gateway.inbound.smtp.listener import Listener
from tests.faults.lengths import some
from tests.faults.proxy import Program, Way, proxied
from tests.faults.wired import (
    OURS,
    PARTNER,
    SECOND,
    answers,
    cards,
    document,
    door,
    each_copy_is_the_same,
    lettered,
    number_of,
    office,
    settle,
    spooled,
)
from tests.inbound.smtp_wire import Client, talking
from tests.story.offices import TownOffice

RECIPIENTS = (OURS, SECOND)
HEAD = b"MAIL FROM:<" + PARTNER.encode() + b">\r\n"
IMPATIENT = {"command_seconds": 3.0, "data_idle_seconds": 3.0, "max_connections": 300, "max_connections_per_peer": 300}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path) as one:
        yield one


def stuffed(octets: bytes) -> bytes:
    return octets.replace(b"\r\n.", b"\r\n..")


def phases(protocol: str, letter: bytes) -> list[tuple[str, bytes, int]]:
    """Return what a good client says: the phase, its bytes, and how many replies they are owed."""
    hello = b"LHLO client.example\r\n" if protocol == "lmtp" else b"EHLO client.example\r\n"
    body = stuffed(letter)
    half = len(body) // 2
    owed = len(RECIPIENTS) if protocol == "lmtp" else 1
    return [
        ("connect", b"", 1),
        ("hello", hello, 1),
        ("MAIL", HEAD, 1),
        *((f"RCPT {one}", f"RCPT TO:<{one}>\r\n".encode(), 1) for one in RECIPIENTS),
        ("DATA", b"DATA\r\n", 1),
        ("body", body[:half], 0),
        ("rest", body[half:], 0),
        ("dot", b".\r\n", owed),
    ]


Moment = Literal["before", "within", "after"]  # nothing of the phase was sent, half of it, all of it and no reply read
End = Literal["drop", "close", "silence", "garbage"]


@dataclass(frozen=True, slots=True)
class Break:
    """Where and how the first attempt ends."""

    phase: int
    moment: Moment
    end: End


def breaks(protocol: str) -> list[Break]:
    ends: tuple[End, ...] = ("drop", "close", "silence", "garbage")
    moments: tuple[Moment, ...] = ("before", "within", "after")
    many = len(phases(protocol, b""))
    return [Break(phase, moment, end) for phase in range(many) for moment in moments for end in ends]


async def broken(listener: Listener, protocol: str, letter: bytes, where: Break) -> list[str]:
    """Deliver *letter* as far as *where*; return the replies that were heard."""
    heard: list[str] = []
    async with talking(listener, greeted=False) as client:
        for number, (_, octets, owed) in enumerate(phases(protocol, letter)):
            if number == where.phase:
                portion = {"before": 0, "within": len(octets) // 2, "after": len(octets)}[where.moment]
                client.send(octets[:portion])
                await ended(client, where.end)
                return heard
            client.send(octets)
            heard += [await client.reply() for _ in range(owed)]
    return heard


async def ended(client: Client, end: End) -> None:
    """Break off in the way of *end*."""
    with suppress(ConnectionError):
        await client.writer.drain()
        if end == "garbage":
            client.send(b"\xff\xfe\0 nonsense\r\n" * 3 + b"\r\0\n\r\n")
            await client.writer.drain()
        if end == "drop":
            client.vanish()
        elif end == "close":
            client.writer.write_eof()
            assert await client.ended()
        else:
            assert await client.ended()  # the door loses patience


async def delivered(listener: Listener, protocol: str, letter: bytes) -> list[str]:
    """Deliver *letter* as a good client does; return the last replies, one per recipient by LMTP."""
    replies: list[str] = []
    async with talking(listener, greeted=False) as client:
        for _, octets, owed in phases(protocol, letter):
            client.send(octets)
            replies = [await client.reply() for _ in range(owed)]
        await client.say("QUIT")
    return replies


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_whatever_a_client_does_the_letter_it_brings_again_is_registered_and_answered_once(
    opened: TownOffice, protocol: str
) -> None:
    """F1, F5–F8, I1, I2: every phase × every way to break off; by LMTP each of the two recipients hears its reply."""
    where = some(breaks(protocol), 19)
    async with door(opened, protocol=protocol, **IMPATIENT) as listener:
        heard = await asyncio.gather(
            *(broken(listener, protocol, document(number), one) for number, one in enumerate(where, 1))
        )
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)
        taken = len(lettered(opened))
        for number in range(1, len(where) + 1):
            replies = await delivered(listener, protocol, document(number))
            assert [reply[:3] for reply in replies] == ["250"] * (2 if protocol == "lmtp" else 1)
    await settle(opened)

    finished = sum(one.phase == 8 and one.moment == "after" for one in where)
    assert taken <= finished  # nothing but a whole letter was ever taken
    assert all(line[:3] in ("220", "250", "354") for replies in heard for line in replies)
    assert cards(opened) == Counter(number_of(number) for number in range(1, len(where) + 1))
    assert set(answers(opened).values()) == {1}
    each_copy_is_the_same(opened)
    assert spooled(opened) == []


@pytest.mark.parametrize("end", ["drop", "close", "silence", "garbage"])
@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01\x02\x00\x01\x00", b"EHLO in.the.clear\r\n"])
async def test_a_client_that_breaks_off_in_its_tls_handshake_comes_again_and_is_heard(
    opened: TownOffice, server_context: ssl.SSLContext, end: End, hello: bytes
) -> None:
    """The phase STARTTLS: nothing is taken, the place is free again, and the next client is served."""
    async with door(opened, tls="starttls", ssl_context=server_context, **IMPATIENT) as listener:
        async with talking(listener) as client:
            await client.say("EHLO client.example")
            assert (await client.say("STARTTLS")).startswith("220")
            client.send(hello)
            await ended(client, end)
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)

        assert (await delivered(listener, "smtp", document(1)))[0].startswith("250")


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("cut", some(range(6), 4))
async def test_a_letter_is_there_when_the_last_byte_of_its_end_is_and_not_before(
    opened: TownOffice, protocol: str, cut: int
) -> None:
    r"""F1 at the sharpest place: the line is cut after *cut* of the five bytes CR LF . CR LF."""
    octets = b"".join(octets for _, octets, _ in phases(protocol, document(1)))
    whole = Program(up=Way(cut_after=len(octets) - 5 + cut), down=Way(cut_before=b"250 2.0.0 accepted"))
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(door(opened, protocol=protocol))
        host, port = listener.address  # type: ignore[misc]  # no unix socket
        proxy = await stack.enter_async_context(proxied(host, port, whole))
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(octets)
        with suppress(ConnectionError):
            while await reader.read(4096):
                pass
        writer.close()
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)
        if cut == 5:
            async with asyncio.timeout(10):
                while not lettered(opened):
                    await asyncio.sleep(0.01)
        first = len(lettered(opened))
        await delivered(listener, protocol, document(1))
    await settle(opened)

    assert first == (1 if cut == 5 else 0)
    assert cards(opened) == Counter([number_of(1)])
    assert set(answers(opened).values()) == {1}


class Gate:
    """A failpoint that holds a commit at one place until the test lets it go on, or makes it fail there."""

    def __init__(self, place: str, error: Exception | None) -> None:
        self.reached = Event()
        self.go_on = Event()
        self._place = place
        self._error = error
        self._used = False

    def __call__(self, name: str) -> None:
        if name != self._place or self._used:
            return
        self._used = True
        self.reached.set()
        assert self.go_on.wait(20)
        if self._error is not None:
            raise self._error


COMMITS = [
    pytest.param(place, error, rows, padding, leaves, id=f"{name}-{home}-{leaves}")
    for leaves in ("drop", "close", "impatience")
    for home, padding in (("in-the-row", 0), ("in-a-file", 300_000))
    for name, place, error, rows in (
        ("commits", "accept:before-commit", None, 1),
        ("rolls-back", "accept:before-commit", OSError(5, "Input/output error"), 0),
        ("committed", "accept:committed", None, 1),
    )
]


@pytest.mark.parametrize(("place", "error", "rows", "padding", "leaves"), some(COMMITS, 9))
async def test_a_commit_whose_client_is_gone_completes_or_rolls_back_and_is_never_half(
    opened: TownOffice, place: str, error: Exception | None, rows: int, padding: int, leaves: str
) -> None:
    """F8: at the moment the client goes, or we lose patience with the disk, the letter is between its two homes."""
    gate = Gate(place, error)
    impatience = {"commit_seconds": 1.0} if leaves == "impatience" else {}
    letter = document(1, padding)
    async with door(opened, gate, **impatience) as listener:
        async with talking(listener, greeted=False) as client:
            for _, octets, owed in phases("smtp", letter):
                client.send(octets)
                for _ in range(owed if octets != b".\r\n" else 0):
                    await client.reply()
            await asyncio.to_thread(gate.reached.wait, 20)
            if leaves == "drop":
                client.vanish()
            elif leaves == "close":
                client.writer.close()
            else:
                assert (await client.reply()).startswith("451 4.3.0")
        async with asyncio.timeout(10):
            while listener.connections:
                await asyncio.sleep(0.01)
        gate.go_on.set()
        async with asyncio.timeout(10):
            while listener._reception.commits:
                await asyncio.sleep(0.01)
        found = len(lettered(opened))  # … each checked against its digest
        orphans = spooled(opened)
        for _ in range(10):  # a busy disk may try our patience once more
            again = await delivered(listener, "smtp", letter)
            if not again[0].startswith("451"):
                break
    await settle(opened)

    assert found == rows
    # bytes without a row are no letter: a file that has its name already may stay until it is swept, or taken again
    assert [path for path in orphans if path.parent.name == "spool"] == []
    assert again[0].startswith("250")
    assert cards(opened) == Counter([number_of(1)])
    assert set(answers(opened).values()) == {1}
    each_copy_is_the_same(opened)
