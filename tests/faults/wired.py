# SPDX-License-Identifier: GPL-3.0-or-later
"""An office of the story with real doors: listener, mailbox and relay on sockets, everything behind them real.

The office works when it is told to (`settle`), so a test says what happens between which moments.
"""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.content import Held
from gateway.errors import Reason
from gateway.inbound.accept import Acceptor
from gateway.inbound.smtp.listener import Listener, listen
from gateway.inbound.smtp.listening import Listening
from gateway.journal import entries
from gateway.journal.entries import Direction
from gateway.ports import Failpoint, nothing_fails
from tests.story import acts, partner
from tests.story.offices import HandClock, HandPost, TownOffice, open_office

PARTNER = "edms@moscow.example"
OURS = "edms@minsk.example"
SECOND = "archive@minsk.example"
LOOPBACK = 'kind = "network"\npeers = ["127.0.0.0/8"]'


@contextlib.contextmanager
def office(home: Path, **differences: str) -> Iterator[TownOffice]:
    """Open an office that believes who comes from this machine, and posts by hand."""
    opened = open_office(home, "minsk", "moscow", HandClock(), HandPost(), **({"proof": LOOPBACK} | differences))
    try:
        yield opened
    finally:
        opened.close()


@asynccontextmanager
async def accepting(
    opened: TownOffice, failpoint: Failpoint = nothing_fails, min_free_bytes: int = 0
) -> AsyncIterator[Acceptor]:
    """Run the office's acceptor: the one way into its journal."""
    parts = opened.parts
    acceptor = Acceptor(
        parts.journal,
        parts.office,
        opened.clock.now,
        failpoint=failpoint,
        wake=lambda: None,
        min_free_bytes=min_free_bytes,
    )
    task = asyncio.create_task(acceptor.run())
    try:
        yield acceptor
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        acceptor.close()


@asynccontextmanager
async def door(
    opened: TownOffice, failpoint: Failpoint = nothing_fails, *, min_free_bytes: int = 0, **settings: Any
) -> AsyncIterator[Listener]:
    """Open the office's door for mail: a listener, the acceptor and the journal."""
    ids = itertools.count(1)
    listening = Listening(
        **{"name": "door", "hostname": "gate.minsk.example", "addresses": frozenset({OURS, SECOND})} | settings
    )
    async with accepting(opened, failpoint, min_free_bytes) as acceptor:
        listener = await listen(listening, acceptor, new_id=lambda: f"{id(listening)}-{next(ids)}")
        try:
            yield listener
        finally:
            await listener.close(timedelta(seconds=5))


def document(number: int, padding: int = 0) -> bytes:
    """Return the letter with the partner's document no. *number*; *padding*: bytes of its file beyond a few."""
    inside = partner.passport(
        message_id=f"{number:032x}",
        return_id=f"{number + 100_000:032x}",
        uid=f"{number + 200_000:032x}",
        number=f"77-{number:04}",
        tail=partner.SUBSCRIPTIONS.format(receipt="true"),
    )
    return partner.letter(inside, sender=PARTNER, files={"letter[1].pdf": partner.PDF + b"x" * padding})


def number_of(number: int) -> str:
    """Return the number that `document` bears at its sender."""
    return f"77-{number:04}"


async def settle(opened: TownOffice, rounds: int = 20) -> None:
    """Let the office work until nothing moves any more."""

    def work() -> None:
        for _ in range(rounds):
            if not opened.work():
                return
            opened.clock.advance(seconds=1)
        raise AssertionError("the office never comes to rest")

    await asyncio.to_thread(work)


# --- what there is, as plain counts -------------------------------------------------------------------------------


def cards(opened: TownOffice) -> Counter[str]:
    """Count the cards by the partner's number."""
    return Counter(row.partner_number for row in acts.cards(opened))


def answers(opened: TownOffice) -> Counter[str]:
    """Count the answers that were sealed, by the kind and the message they answer; each must be sealed once."""
    return Counter(f"{entry.kind} {entry.exchange}" for entry in opened.outgoing())


def lettered(opened: TownOffice) -> list[str]:
    """Return the SHA-256 of every letter that came in; the bytes of each that is kept are checked against it."""
    found = []
    with opened.parts.journal.read() as tx:
        for entry in entries.select(tx, direction=Direction.IN, limit=100_000):
            found.append(entry.sha256)
            if entry.reason is not Reason.NO_PASSPORT:  # people's mail stays in its mailbox, and is not kept here
                octets = b"".join(entries.letter(tx, opened.parts.journal.blobs, entry.id).blocks())
                assert Held(octets).sha256 == entry.sha256, f"entry {entry.id} does not have its letter"
    return found


def spooled(opened: TownOffice) -> list[Path]:
    """Return the files that lie in the store of letters without a row in the journal."""
    with opened.parts.journal.read() as tx:
        known = entries.KnownBlobs(tx)
        files = [path for path in opened.parts.journal.blobs.directory.rglob("*") if path.is_file()]
        return [path for path in files if path.name != "node.lock" and path.name not in known]


def each_copy_is_the_same(opened: TownOffice) -> None:
    """Hold every physical copy of a letter we posted against the first with its Message-ID."""
    first: dict[str, bytes] = {}
    for mail, (_, _, octets) in zip(opened.sent(), opened.post.carried, strict=True):
        assert first.setdefault(mail["Message-ID"], octets) == octets
