# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch and the journal together: what is remembered decides what is fetched, and what is flagged."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import Reason
from gateway.inbound.delivery import Delivery
from gateway.inbound.imap.memory import JournalMemory
from gateway.inbound.imap.watch import MailboxMemory
from gateway.journal import entries, mailboxes
from gateway.journal.store import Journal
from gateway.model import Sink
from tests.inbound.imap_kit import NOW, Changes, Watch
from tests.inbound.imap_script import Script, says
from tests.inbound.test_imap_watch import LETTER, OTHER, POLL, watched


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(f"sqlite:///{tmp_path}/journal.db", tmp_path / "blobs")
    yield opened
    opened.close()


class IntoJournal(Changes):
    """Accepts into a journal, as the gateway does."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def sink(self) -> Sink:
        return self._journal.blobs.sink()

    def open(self) -> bool:
        return True

    async def __call__(self, delivery: Delivery) -> None:
        await asyncio.to_thread(self._accept, delivery)

    def _accept(self, delivery: Delivery) -> None:
        arrival = entries.Arrival(
            source=delivery.source,
            channel=delivery.channel,
            lane="stranger",
            envelope_sender=delivery.envelope_sender,
            envelope_recipients=delivery.recipients,
            peer=delivery.peer,
            arrived_anew=delivery.arrived_anew,
            letter=self._journal.blobs.keep(delivery.letter),
        )
        with self._journal.write() as tx:
            entries.accept(tx, [arrival], NOW)


async def run_once(script: Script, journal: Journal) -> Watch:
    """Watch with a fresh process, as it were, until everything is done."""
    watch = Watch()
    watch.accepting = IntoJournal(journal)  # type: ignore[assignment]  # the real one instead of the test's
    watch.memory = JournalMemory(journal)
    async with script.serving(), watch.running(watched(script, start="all")):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)
    return watch


def stored(journal: Journal) -> dict[bytes, bool]:
    """Return every accepted letter and whether it arrived anew."""
    with journal.read() as tx:
        found = entries.select(tx)
        return {b"".join(entries.letter(tx, journal.blobs, e.id).blocks()): e.arrived_anew for e in found}


async def test_a_restart_fetches_nothing_again(journal: Journal) -> None:
    script = Script({1: LETTER})
    memory: MailboxMemory = JournalMemory(journal)

    await run_once(script, journal)
    script.letters[2] = OTHER
    await run_once(script, journal)

    assert memory is not None
    assert stored(journal) == {LETTER: False, OTHER: True}
    assert [word for word in script.heard if "BODY" in word] == [
        "UID FETCH 1 (UID BODY.PEEK[]<0.1048576>)",
        "UID FETCH 2 (UID BODY.PEEK[]<0.1048576>)",
    ]


async def test_a_concluded_exchange_letter_is_flagged_once_and_people_s_mail_never(journal: Journal) -> None:
    script = Script({1: LETTER, 2: OTHER})
    flagged: set[int] = set()

    async def fetch(talk: object, tag: str, rest: str) -> None:
        if rest == "1 (UID FLAGS)":
            flagged.add(1)
            await says("* 1 FETCH (UID 1 FLAGS ($EdmsExchange))", "{tag} OK done")(talk, tag, rest)  # type: ignore[arg-type]
        else:
            await script.do_fetch(talk, tag, rest)  # type: ignore[arg-type]

    script.acts["fetch"] = fetch
    await run_once(script, journal)
    before = [word for word in script.heard if "STORE" in word]
    with journal.write() as tx:
        for entry in entries.select(tx):
            letter = b"".join(entries.letter(tx, journal.blobs, entry.id).blocks())
            if letter == LETTER:
                entries.conclude(tx, entry.id, entries.State.DONE, now=NOW)
            else:
                entries.conclude(tx, entry.id, entries.State.PARKED, now=NOW, reason=Reason.NO_PASSPORT)
    await run_once(script, journal)
    await run_once(script, journal)

    assert before == []
    assert [word for word in script.heard if "STORE" in word] == ["UID STORE 1 +FLAGS.SILENT ($EdmsExchange)"]


async def test_a_new_uidvalidity_is_read_again_and_nothing_in_it_arrived_anew(journal: Journal) -> None:
    script = Script({1: LETTER})

    await run_once(script, journal)
    script.uidvalidity = 2
    await run_once(script, journal)

    with journal.read() as tx:
        found = sorted((entry.source, entry.arrived_anew) for entry in entries.select(tx))
        state = mailboxes.states(tx)[0]
    assert found == [
        (entries.imap_source("exchange", 1, 1), False),
        (entries.imap_source("exchange", 2, 1), False),
    ]
    assert (state.uidvalidity, state.heard_at, state.words) == (2, NOW, "")


async def test_a_letter_left_for_its_size_is_seen_in_the_state_of_the_mailbox(journal: Journal) -> None:
    script = Script({1: LETTER})
    watch = Watch()
    watch.memory = JournalMemory(journal)

    async with script.serving(), watch.running(watched(script, max_letter_bytes=5)):
        await watch.sleeping.until(lambda: POLL in watch.sleeping.pauses)

    with journal.read() as tx:
        state = mailboxes.states(tx)[0]
    assert "letter 1 has 26 bytes" in state.words
    assert not state.login_refused
