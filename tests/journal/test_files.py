# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that partners' reports brought: kept until our EDMS has them, and no longer."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.content import Held
from gateway.journal import entries, events, exchanges, files
from gateway.journal.blobs import INLINE
from gateway.journal.store import Journal
from gateway.model import Event, EventKey, EventKind, ExchangeId
from tests.journal.givens import exchange

NOW = datetime(2026, 3, 11, 7, tzinfo=UTC)
OUT = ExchangeId("out-1")


def kept(journal: Journal, data: bytes, into: ExchangeId = OUT) -> str:
    one = journal.blobs.keep(Held(data))
    with journal.write() as tx:
        files.keep(tx, into, [one, one], NOW)
    return one.sha256


def opened(journal: Journal) -> None:
    with journal.write() as tx:
        exchanges.open_(tx, exchange(id=OUT, direction="out"))


@pytest.mark.parametrize("size", [0, 1, INLINE, INLINE + 1])
def test_a_file_is_given_back_byte_for_byte(journal: Journal, size: int) -> None:
    data = b"x" * size
    digest = kept(journal, data)
    kept(journal, data)

    with journal.read() as tx:
        found = files.of(tx, journal.blobs, OUT)

    assert {name: b"".join(content.blocks()) for name, content in found.items()} == {digest: data}


def test_files_of_one_exchange_are_not_those_of_another(journal: Journal) -> None:
    kept(journal, b"one")

    with journal.read() as tx:
        assert files.of(tx, journal.blobs, ExchangeId("out-2")) == {}


def test_a_file_stays_while_an_event_waits_to_be_told_and_goes_afterwards(journal: Journal) -> None:
    opened(journal)
    digest = kept(journal, b"x" * (INLINE + 1))
    with journal.write() as tx:
        events.add(tx, OUT, [Event(EventKind.EXECUTOR_REPORTED, EventKey("r"), NOW)], ours=False, now=NOW)
        files.forget_told(tx, OUT)
    with journal.read() as tx:
        assert list(files.of(tx, journal.blobs, OUT)) == [digest]
        waiting = events.untold(tx, 10)

    with journal.write() as tx:
        events.told(tx, [one.id for one in waiting], NOW)
        files.forget_told(tx, OUT)

    with journal.read() as tx:
        assert files.of(tx, journal.blobs, OUT) == {}


def test_a_sweep_leaves_a_large_file_that_a_row_knows(journal: Journal) -> None:
    digest = kept(journal, b"x" * (INLINE + 1))
    later = datetime.now(UTC) + timedelta(days=1)

    with journal.read() as tx:
        assert digest in entries.KnownBlobs(tx)
        assert journal.blobs.sweep(later, entries.KnownBlobs(tx)) == 0
        assert len(files.of(tx, journal.blobs, OUT)) == 1
