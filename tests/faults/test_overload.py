# SPDX-License-Identifier: GPL-3.0-or-later
"""I7: what is temporary is never answered with 5xx, whatever is away and however the client speaks.

Two laws: over the replies that were heard while something was away, and over the replies that stand in the sources.
"""

import asyncio
import errno
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.inbound.smtp.listener import Listener
from gateway.journal import store
from gateway.journal.store import Journal
from tests.edge.test_node import outage
from tests.faults.test_receiving import HEAD, RECIPIENTS, delivered
from tests.faults.wired import cards, document, door, number_of, office, settle
from tests.inbound.smtp_wire import talking
from tests.story.offices import TownOffice

SOURCES = Path(__file__).parents[2] / "gateway" / "inbound" / "smtp"
PERMANENT = {
    "550 5.1.1 no such address here": "an address does not come to be by waiting",
    "550 5.6.0 a bare CR, a bare LF or a NUL is not allowed": "the bytes stay what they are",
    "552 5.3.4 the letter is larger than this server takes": "so does their number",
    "500 5.5.1 this is LMTP: say LHLO": "the protocol of a door is its configuration",
    "501 5.5.4 a name is missing": "syntax",
    "501 5.5.4 DATA stands alone": "syntax",
    "502 5.5.1 not here": "a command we do not have",
    "503 5.5.1 TLS is active already": "order of commands",
    "503 5.5.1 nobody to deliver to": "order of commands; after a 4xx that 4xx is said again",
}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path) as one:
        yield one


class Failing:
    """A failpoint that raises *error* at the commit, while it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    def __call__(self, name: str) -> None:
        if name == "accept:before-commit" and self.error is not None:
            raise self.error


@asynccontextmanager
async def trouble(
    kind: str, opened: TownOffice, protocol: str, postgres: Callable[[], str]
) -> AsyncIterator[tuple[Listener, Callable[[], None]]]:
    """Open a door behind which *kind* of thing is away; the callable mends it."""
    if kind == "no room":
        async with door(opened, protocol=protocol, min_free_bytes=1 << 62) as listener:
            acceptor = listener._reception._accept
            yield listener, lambda: setattr(acceptor, "_min_free_bytes", 0)
    elif kind == "too many letters":
        async with door(opened, protocol=protocol, max_spooling=1, spool_wait_seconds=0.05) as listener:
            room = listener._reception._room
            await room.acquire()
            yield listener, room.release
    elif kind == "no journal":
        url = postgres()
        store.upgrade(url)
        standing, journal = opened.parts, Journal.open(url, opened.home / "elsewhere")
        opened.parts = replace(standing, journal=journal)
        try:
            with outage(url):
                async with door(opened, protocol=protocol) as listener:
                    yield listener, lambda: None
        finally:
            opened.parts = standing
            journal.close()
    else:
        failing = Failing({"full disk": OSError(errno.ENOSPC, ""), "bad disk": OSError(errno.EIO, "")}[kind])
        async with door(opened, failing, protocol=protocol) as listener:
            yield listener, lambda: setattr(failing, "error", None)


@pytest.mark.parametrize("kind", ["no room", "too many letters", "no journal", "full disk", "bad disk"])
@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_whoever_pipelines_into_a_gateway_in_trouble_hears_only_try_later(
    opened: TownOffice, protocol: str, kind: str, postgres: Callable[[], str]
) -> None:
    """Everything in one segment, as mail servers do: MAIL, RCPT, DATA and the letter go on whatever we answer."""
    hello = b"LHLO c.example\r\n" if protocol == "lmtp" else b"EHLO c.example\r\n"
    envelope = HEAD + b"".join(b"RCPT TO:<%s>\r\n" % one.encode() for one in RECIPIENTS) + b"DATA\r\n"
    mended = kind != "no journal"
    async with trouble(kind, opened, protocol, postgres) as (listener, mend):
        async with talking(listener) as client:
            client.send(hello + envelope)
            replies = [await client.reply() for _ in range(5)]
            if replies[-1].startswith("354"):
                client.send(document(1).replace(b"\r\n.", b"\r\n..") + b".\r\n")
                replies += [await client.reply() for _ in range(2 if protocol == "lmtp" else 1)]
            noop = await client.say("NOOP")
        mend()
        again = await delivered(listener, protocol, document(1)) if mended else []
    if mended:
        await settle(opened)

    assert replies[-1].startswith("45"), replies
    assert not [reply for reply in replies if reply.startswith("5")]
    assert noop.startswith("250")
    assert {reply[:3] for reply in again} == ({"250"} if mended else set())
    assert dict(cards(opened)) == ({number_of(1): 1} if mended else {})


@pytest.mark.parametrize("limit", ["max_connections", "max_connections_per_peer"])
async def test_one_client_too_many_and_one_at_the_end_hear_421(opened: TownOffice, limit: str) -> None:
    async with door(opened, **{limit: 1}) as listener, talking(listener) as first:
        async with talking(listener, greeted=False) as second:
            too_many = await second.reply()
        closing = asyncio.ensure_future(listener.close(timedelta(seconds=2)))
        at_the_end = await first.reply()
        await closing

    assert (too_many[:9], at_the_end[:9]) == ("421 4.7.0", "421 4.3.2")


def test_every_5xx_of_ours_is_for_what_will_not_change_by_itself() -> None:
    """Whoever adds a 5xx says here why waiting does not help."""
    found = {reply for path in SOURCES.glob("*.py") for reply in re.findall(r'"(5\d\d [^"]*)"', path.read_text())}

    assert found == set(PERMANENT)
