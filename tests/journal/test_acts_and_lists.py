# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators do, and what they see."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import Reason
from gateway.journal import entries, exchanges
from gateway.journal.entries import NO_FIX, Direction, Fix, State
from gateway.journal.store import Journal
from gateway.model import ExchangeId, PartnerId, Party, Person
from tests.journal.givens import (
    LATER,
    MINUTE,
    NOW,
    REJECTED,
    SENT,
    accepted,
    claimed,
    concluded,
    document,
    due,
    exchange,
    ids,
    message,
    parked,
    queued,
    stands,
    tried,
)


def test_a_reprocessed_letter_starts_afresh(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal)
    concluded(journal, id, State.PARKED, reason=Reason.DEFECT)

    with journal.write() as tx:
        entries.reprocess(tx, id, who="olga", why="mended in 1.2", now=NOW)

    (again,) = claimed(journal)
    assert (again.id, again.starts) == (id, 1)


def test_a_decision_in_the_edms_reopens_the_waiting_letters_of_its_exchange_only(journal: Journal) -> None:
    first, second, done = accepted(journal, 3)
    mine = ExchangeId("x-1")
    concluded(journal, first, State.WAITING, exchange=mine)
    concluded(journal, second, State.WAITING, exchange=ExchangeId("x-2"))
    concluded(journal, done, State.DONE, exchange=mine)

    with journal.write() as tx:
        reopened = entries.reopen(tx, mine, "a person decided", NOW)

    assert reopened == 1
    assert ids(claimed(journal)) == [first]


def test_a_retried_letter_is_sent_at_once_whether_it_failed_or_waits(journal: Journal) -> None:
    failed, deferred = queued(journal, 2)
    tried(journal, failed, REJECTED)
    tried(journal, deferred, LATER, next_try=NOW + MINUTE)

    with journal.write() as tx:
        for id in (failed, deferred):
            entries.retry(tx, id, who="olga", why="the address was mended", now=NOW)

    assert ids(due(journal)) == [failed, deferred]


def test_acts_are_written_down_with_who_and_why(journal: Journal) -> None:
    id = parked(journal)
    with journal.write() as tx:
        entries.reprocess(tx, id, who="olga", why="a new mapping", now=NOW)
    concluded(journal, id, State.PARKED)
    with journal.write() as tx:
        entries.drop(tx, id, who="ivan", why="a test letter", now=NOW + MINUTE)

    with journal.read() as tx:
        acts = entries.acts(tx, id)

    assert [(act.act, act.who, act.why, act.at) for act in acts] == [
        ("reprocess", "olga", "a new mapping", NOW),
        ("drop", "ivan", "a test letter", NOW + MINUTE),
    ]


def test_an_act_without_a_reason_does_not_happen(journal: Journal) -> None:
    id = parked(journal)

    with pytest.raises(ValueError, match="why"), journal.write() as tx:
        entries.drop(tx, id, who="olga", why="", now=NOW)

    assert stands(journal, id).state is State.PARKED


def test_acts_keep_to_the_table_of_states(journal: Journal) -> None:
    (done,) = accepted(journal)
    concluded(journal, done, State.DONE)
    (sent,) = queued(journal)
    tried(journal, sent, SENT)
    who = {"who": "olga", "why": "to see", "now": NOW}

    with journal.write() as tx:
        for act, id in ((entries.reprocess, done), (entries.drop, done), (entries.retry, sent)):
            with pytest.raises(ValueError, match="cannot become"):
                act(tx, id, **who)
        with pytest.raises(ValueError, match="cannot become"):
            entries.set_held(tx, sent, True, **who)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_lists_are_cut_by_every_question_and_show_the_newest_first(journal: Journal) -> None:
    first = parked(journal, Reason.BAD_XML)
    second = parked(journal, Reason.STRANGER, envelope_sender="Spam@Far.example")
    (third,) = accepted(journal)
    concluded(journal, third, State.DONE, partner=PartnerId("east"), exchange=ExchangeId("x-1"))
    (out,) = queued(journal)

    with journal.read() as tx:
        assert ids(entries.select(tx)) == [out, third, second, first]
        assert ids(entries.select(tx, limit=2)) == [out, third]
        assert ids(entries.select(tx, direction=Direction.OUT)) == [out]
        assert ids(entries.select(tx, states=[State.PARKED, State.QUEUED])) == [out, second, first]
        assert ids(entries.select(tx, partner=PartnerId("east"))) == [third]
        assert ids(entries.select(tx, reason=Reason.STRANGER)) == [second]
        assert ids(entries.select(tx, exchange=ExchangeId("x-1"))) == [third]
        assert ids(entries.select(tx, text="spam@far")) == [second]
        assert ids(entries.select(tx, text="100%_")) == []


def test_counts_say_how_many_stand_where_how_old_and_why(journal: Journal) -> None:
    (oldest,) = accepted(journal)
    accepted(journal, 2)
    for reason in (Reason.BAD_XML, Reason.BAD_XML, Reason.STRANGER):
        parked(journal, reason)
    (sent,) = queued(journal)
    tried(journal, sent, SENT)

    with journal.read() as tx:
        counts, open_only = entries.counts(tx), entries.counts(tx, closed=False)

    assert counts.by_state == {
        (Direction.IN, State.ACCEPTED): 3,
        (Direction.IN, State.PARKED): 3,
        (Direction.OUT, State.SENT): 1,
    }
    assert counts.oldest[Direction.IN, State.ACCEPTED] == stands(journal, oldest).created_at
    assert (Direction.OUT, State.SENT) not in counts.oldest
    assert counts.by_reason == {(State.PARKED, Reason.BAD_XML): 2, (State.PARKED, Reason.STRANGER): 1}
    assert (Direction.OUT, State.SENT) not in open_only.by_state
    assert open_only.by_state[Direction.IN, State.PARKED] == 3


def test_only_a_document_processed_to_its_end_proves_that_the_edms_works(journal: Journal) -> None:
    mail, document = accepted(journal, 2)
    concluded(journal, mail, State.DONE, reason=Reason.NO_PASSPORT)
    with journal.read() as tx:
        before = entries.finished_since(tx, NOW - MINUTE)

    concluded(journal, document, State.DONE, kind="document")

    with journal.read() as tx:
        assert before is False
        assert entries.finished_since(tx, NOW - MINUTE) is True
        assert entries.finished_since(tx, NOW) is False


def test_an_entry_that_is_not_there_is_none(journal: Journal) -> None:
    with journal.read() as tx:
        assert entries.get(tx, 4711) is None


# --- what is decided about one letter -----------------------------------------------------------------------------

OFFICIAL = Party(person=Person(name="Лугов Семён Ильич"))


def fixed(journal: Journal, id: int, **decision: Any) -> None:
    with journal.write() as tx:
        entries.fix(tx, id, who="olga", why="known to us", now=NOW, **decision)


def test_what_was_decided_stays_with_its_letter_and_is_written_down(journal: Journal) -> None:
    letter, other = parked(journal, Reason.CONFLICT), parked(journal, Reason.CONFLICT)
    fixed(journal, letter, accepts=Reason.CONFLICT)
    concluded(journal, letter, State.PARKED, reason=Reason.UNKNOWN_ADDRESSEE)
    fixed(journal, letter, addressee="Лугов", instead=OFFICIAL)

    with journal.read() as tx:
        assert entries.fix_of(tx, letter) == Fix(frozenset({Reason.CONFLICT}), {"Лугов": OFFICIAL})
        assert entries.fix_of(tx, other) == NO_FIX
        assert [(act.act, act.who, act.accepts, act.addressee) for act in entries.acts(tx, letter)] == [
            ("fix", "olga", "conflict", ""),
            ("fix", "olga", "", "Лугов"),
        ]


def test_a_refused_document_may_be_fixed_and_nothing_else_that_is_done(journal: Journal) -> None:
    refused, done, people = accepted(journal, 3)
    concluded(journal, refused, State.DONE, kind="document", reason=Reason.BAD_FILE)
    concluded(journal, done, State.DONE, kind="document")
    concluded(journal, people, State.DONE, reason=Reason.NO_PASSPORT)

    fixed(journal, refused, accepts=Reason.BAD_FILE)

    assert ids(claimed(journal)) == [refused]
    for one in (done, people):
        with pytest.raises(ValueError, match="cannot become accepted"):
            fixed(journal, one, accepts=Reason.BAD_FILE)


def test_a_fix_that_decides_nothing_is_a_mistake(journal: Journal) -> None:
    with pytest.raises(ValueError, match="what is decided"):
        fixed(journal, parked(journal), addressee="Лугов")


# --- finding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["О мостах", "о МОСТАХ", "01-12/77", "doc-77", "%"])
def test_a_letter_is_found_by_what_is_known_of_its_document(journal: Journal, text: str) -> None:
    about = message(body=replace(document(), subject="100 % О мостах и дорогах"))
    with journal.write() as tx:
        exchanges.open_(tx, exchange(message=about))
    found, other = accepted(journal, 2)
    concluded(journal, found, State.PARKED, exchange=ExchangeId("exchange-77"))
    concluded(journal, other, State.PARKED, exchange=ExchangeId("exchange-78"))

    with journal.read() as tx:
        assert ids(entries.select(tx, text=text)) == [found]


def test_letters_are_narrowed_by_office_time_and_place_in_the_list(journal: Journal) -> None:
    first, second, third = accepted(journal, 3)
    concluded(journal, second, State.PARKED, office="SOUTH")

    with journal.read() as tx:
        assert ids(entries.select(tx, office="SOUTH")) == [second]
        assert ids(entries.select(tx, before=third)) == [second, first]
        assert ids(entries.select(tx, since=NOW)) == [third, second, first]
        assert ids(entries.select(tx, since=NOW + MINUTE)) == ids(entries.select(tx, until=NOW)) == []
        assert ids(entries.select(tx, text=str(first))) == [first]


def test_piles_are_counted_per_reason_and_partner_with_the_oldest(journal: Journal) -> None:
    for partner in ("north", "north", None):
        (id,) = accepted(journal)
        concluded(journal, id, State.PARKED, reason=Reason.CONFLICT, partner=partner)
    (waits,) = accepted(journal)
    concluded(journal, waits, State.WAITING)

    with journal.read() as tx:
        piles = entries.piles(tx, (State.PARKED, State.WAITING))

    assert {(pile.state, pile.reason, pile.partner, pile.letters, pile.oldest) for pile in piles} == {
        (State.PARKED, Reason.CONFLICT, "north", 2, NOW),
        (State.PARKED, Reason.CONFLICT, None, 1, NOW),
        (State.WAITING, None, None, 1, NOW),
    }
    assert piles[0].letters == 2
