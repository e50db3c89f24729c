# SPDX-License-Identifier: GPL-3.0-or-later
"""F22: the relay took the letter and we never heard so.  The partner gets it twice, and nothing happens twice.

Two offices of the story; what leaves one goes by a real `SmtpPost` to a relay that falls silent after the dot.
"""

import asyncio
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from gateway.journal.entries import Entry, State
from gateway.outbound.post import SmtpPost
from tests.outbound.scripted_relay import DROP, STALL, ScriptedRelay, posting, relay
from tests.story import acts
from tests.story.offices import HandPost, Town, TownOffice, town


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as opened:
        yield opened


class Line:
    """What leaves *office* by way of a scripted relay, and how it reaches *peer*."""

    def __init__(self, office: TownOffice, peer: TownOffice, scripted: ScriptedRelay) -> None:
        self._office = office
        self._peer = peer
        self._scripted = scripted
        self._delivered = 0

    async def work(self, post: SmtpPost) -> int:
        """Let the office work once; return how many letters it tried to send."""
        self._office.post = post  # type: ignore[assignment]  # a real one in the place of the one by hand
        await asyncio.to_thread(self._office.worker.work)
        await asyncio.to_thread(self._office.collector.round)
        tried = await self._office.dispatcher.once()
        self._office.clock.advance(seconds=1)
        return tried

    def deliver(self) -> list[bytes]:
        """Give the peer what the relay took since the last time; return it."""
        new = self._scripted.letters[self._delivered :]
        self._delivered += len(new)
        for octets in new:
            self._peer.receive(octets, self._office.address)
        return new


def out(office: TownOffice, kind: str) -> list[Entry]:
    return [entry for entry in office.outgoing() if entry.kind == kind]


@pytest.mark.parametrize("silence", [DROP, STALL])
async def test_a_document_that_arrives_twice_because_we_did_not_know_is_registered_once(
    offices: Town, silence: str
) -> None:
    card = acts.send_letter(offices.minsk)
    async with relay({"dot": [silence, "250 queued"]}) as scripted, posting(scripted) as post:
        line = Line(offices.minsk, offices.moscow, scripted)
        await line.work(post)
        (letter,) = out(offices.minsk, "document")
        first = line.deliver()
        unsure_since = letter.ambiguous_since
        offices.clock.advance(minutes=14)
        early = await line.work(post)
        offices.clock.advance(minutes=2)
        late = await line.work(post)
        second = line.deliver()
    offices.minsk.post = offices.post
    await asyncio.to_thread(offices.settle)

    assert letter.state is State.QUEUED
    assert unsure_since is not None
    assert (early, late) == (0, 1)
    assert first == second
    assert message_from_bytes(first[0])["Message-ID"] == f"<{letter.rfc_message_id}>"
    assert out(offices.minsk, "document")[0].state is State.SENT
    assert out(offices.minsk, "document")[0].ambiguous_since is None
    assert len(acts.cards(offices.moscow)) == 1
    kinds = [entry.kind for entry in offices.moscow.outgoing()]
    assert kinds.count("receipt") == 1
    assert len({entry.message_id for entry in offices.moscow.outgoing()}) == len(kinds)
    news = acts.news(offices.minsk, card)
    assert len(news) == len(set(news))
    assert "registered" in news


async def test_a_report_that_arrives_twice_because_we_did_not_know_is_told_once(offices: Town) -> None:
    card = acts.send_letter(offices.minsk)
    home: HandPost = offices.post
    async with relay({"dot": [DROP, DROP, "250 queued"]}) as scripted, posting(scripted) as post:
        await asyncio.to_thread(offices.minsk.work)  # the document goes by hand
        line = Line(offices.moscow, offices.minsk, scripted)
        for _ in range(6):
            await line.work(post)
            line.deliver()
            offices.clock.advance(minutes=16)
    offices.moscow.post = home
    await asyncio.to_thread(offices.settle)

    copies = [message_from_bytes(octets)["Message-ID"] for octets in scripted.letters]
    assert len(copies) == len(set(copies)) + 2
    assert len(set(scripted.letters)) == len(set(copies))  # each copy to the last byte
    assert all(entry.state is State.SENT for entry in offices.moscow.outgoing())
    news = acts.news(offices.minsk, card)
    assert len(news) == len(set(news))
    assert {"received", "registered"} <= set(news)
    dispatched = acts.dispatch(offices.minsk, card)
    assert dispatched.partner_number == acts.cards(offices.moscow)[0].number
