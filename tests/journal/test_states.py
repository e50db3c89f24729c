# SPDX-License-Identifier: GPL-3.0-or-later
"""States change along the table only, and the table is drawn on a page."""

from pathlib import Path

import pytest

from gateway.errors import Reason
from gateway.journal import entries, states
from gateway.journal.entries import TRANSITIONS, State
from gateway.journal.store import Journal
from gateway.model import ExchangeId, PartnerId
from tests.journal.givens import (
    MINUTE,
    NOW,
    REJECTED,
    SENT,
    accepted,
    claimed,
    concluded,
    parked,
    queued,
    stands,
    tried,
)

ENDS = [state for state in State if state not in (State.ACCEPTED, State.QUEUED)]


def brought_to(journal: Journal, state: State) -> int:
    """Return an entry that stands at *state*, brought there by the front door."""
    if state in (State.QUEUED, State.SENT, State.FAILED):
        (id,) = queued(journal)
        if state is not State.QUEUED:
            tried(journal, id, SENT if state is State.SENT else REJECTED)
        return id
    if state is State.CANCELLED:
        (id,) = queued(journal, kind="document", exchange=(theirs := ExchangeId("taken-back")))
        with journal.write() as tx:
            assert entries.cancel(tx, theirs, "a second thought", NOW) == (id,)
        return id
    if state is State.DROPPED:
        id = parked(journal)
        with journal.write() as tx:
            entries.drop(tx, id, who="olga", why="an advertisement", now=NOW)
        return id
    (id,) = accepted(journal)
    if state is not State.ACCEPTED:
        concluded(journal, id, state)
    return id


@pytest.mark.parametrize("start", State)
def test_an_entry_is_concluded_along_the_table_only(journal: Journal, start: State) -> None:
    for target in ENDS:
        id = brought_to(journal, start)

        if target in TRANSITIONS[start]:
            concluded(journal, id, target)
            assert stands(journal, id).state is target
        else:
            with pytest.raises(ValueError, match="cannot become"):
                concluded(journal, id, target)
            assert stands(journal, id).state is start


@pytest.mark.parametrize("target", [State.ACCEPTED, State.QUEUED])
def test_nothing_is_concluded_into_a_queue(journal: Journal, target: State) -> None:
    with pytest.raises(ValueError, match="queue"):
        concluded(journal, parked(journal), target)


def test_an_entry_that_is_not_there_cannot_be_concluded(journal: Journal) -> None:
    with pytest.raises(LookupError):
        concluded(journal, 4711, State.DONE)


def test_concluding_writes_what_became_of_the_letter_and_ends_the_claim(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal)

    with journal.write() as tx:
        entries.conclude(
            tx,
            id,
            State.PARKED,
            now=NOW + MINUTE,
            reason=Reason.CONFLICT,
            detail="other content",
            place="/Header",
            partner=PartnerId("north"),
            exchange=ExchangeId("x-1"),
            message_id="m-1",
            kind="document",
        )

    entry = stands(journal, id)
    assert (entry.state, entry.reason, entry.detail, entry.place) == (
        State.PARKED, Reason.CONFLICT, "other content", "/Header",
    )  # fmt: skip
    assert (entry.partner, entry.exchange, entry.message_id, entry.kind) == ("north", "x-1", "m-1", "document")
    assert (entry.worker, entry.concluded_at) == ("", NOW + MINUTE)


def test_what_is_not_said_at_the_end_stays_as_it_was(journal: Journal) -> None:
    (id,) = accepted(journal)
    concluded(journal, id, State.WAITING, partner=PartnerId("north"), message_id="m-1", kind="document")

    concluded(journal, id, State.PARKED, reason=Reason.SAME_NUMBER)

    entry = stands(journal, id)
    assert (entry.partner, entry.message_id, entry.kind) == ("north", "m-1", "document")


@pytest.mark.parametrize("body", [b"small", b"large" * 50_000])
def test_a_letter_that_is_not_kept_is_gone(journal: Journal, body: bytes) -> None:
    (id,) = accepted(journal, body=body)

    concluded(journal, id, State.DONE, reason=Reason.NO_PASSPORT, keep_letter=False)

    with journal.read() as tx:
        with pytest.raises(LookupError):
            entries.letter(tx, journal.blobs, id)
        assert stands(journal, id).sha256 not in entries.KnownBlobs(tx)


def test_a_bounce_fails_a_sent_letter_once(journal: Journal) -> None:
    id = brought_to(journal, State.SENT)

    with journal.write() as tx:
        first = entries.bounced(tx, id, "5.2.1 mailbox disabled", NOW)
        second = entries.bounced(tx, id, "5.2.1 mailbox disabled, told again", NOW)

    assert (first, second) == (True, False)
    assert (stands(journal, id).state, stands(journal, id).words) == (State.FAILED, "5.2.1 mailbox disabled")


def test_every_state_and_reason_is_explained_and_every_way_is_drawn() -> None:
    page = states.page()

    assert set(states.STATE_WORDS) == set(TRANSITIONS) == set(State)
    assert set(states.REASON_WORDS) == set(Reason)
    for start, targets in TRANSITIONS.items():
        for target in targets:
            assert f"    {start.value} --> {target.value}: " in page
    assert page.count(" --> ") == sum(map(len, TRANSITIONS.values())) + 2
    assert all(start.direction is target.direction for start, targets in TRANSITIONS.items() for target in targets)


def test_the_page_of_states_is_fresh() -> None:
    written = Path(__file__).parents[2].joinpath("docs", "states.md").read_text(encoding="utf-8")

    assert written == states.page(), "type: python -m gateway.journal.states"
