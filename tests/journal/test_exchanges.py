# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges, messages, events and cursors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.journal import cursors, events, exchanges, messages
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import (
    CardRef,
    DocumentUid,
    Event,
    EventKind,
    ExchangeId,
    MessageId,
    Number,
    PartnerId,
    ReturnId,
    Sha256,
    Subscription,
)
from tests.journal.givens import MINUTE, NOW, accepted, exchange, fact, queued

NORTH, UID = PartnerId("north"), DocumentUid("doc-77")


def opened(journal: Journal, **more: object) -> Exchange:
    with journal.write() as tx:
        return exchanges.open_(tx, exchange(**more))


def test_what_was_saved_is_what_is_read(journal: Journal) -> None:
    first = opened(journal)
    full = replace(
        first,
        digest="6" * 64,
        return_id=ReturnId("return-78"),
        number=Number("01-12/77", date(2031, 3, 1)),
        subject_card=CardRef("card-5"),
        outgoing_ref="dispatch-9",
        until=NOW + timedelta(days=30),
        subscription=Subscription(days=30, forwarding=False),
        message=None,
        registered=Number("В-15", date(2031, 3, 4)),
        rung="registered",
        letter_id="7@partner.example",
        attempt=2,
        open=False,
    )

    with journal.write() as tx:
        exchanges.save(tx, full)

    with journal.read() as tx:
        assert exchanges.get(tx, full.id) == full


def test_an_exchange_is_opened_once_and_its_first_row_stands(journal: Journal) -> None:
    first = opened(journal)

    again = opened(journal, opened_at=NOW + MINUTE, digest="9" * 64)

    assert again == first


def test_what_was_not_opened_cannot_be_saved(journal: Journal) -> None:
    with pytest.raises(LookupError), journal.write() as tx:
        exchanges.save(tx, exchange())


def test_every_return_id_ever_used_finds_our_exchange(journal: Journal) -> None:
    ours = opened(journal, direction="out", return_id=ReturnId("return-1"))
    with journal.write() as tx:
        exchanges.save(tx, replace(ours, return_id=ReturnId("return-2")))

    with journal.read() as tx:
        found = [exchanges.by_return_id(tx, ReturnId(id)) for id in ("return-1", "return-2", "", "return-3")]
        used = exchanges.return_ids(tx, ours.id)

    assert [each and each.id for each in found] == [ours.id, ours.id, None, None]
    assert used == ("return-1", "return-2")


def test_a_partner_that_copies_our_return_id_is_not_found_by_it(journal: Journal) -> None:
    ours = opened(journal, direction="out", return_id=ReturnId("return-1"))
    opened(journal, id=ExchangeId("theirs"), return_id=ReturnId("return-1"), opened_at=NOW + MINUTE)

    with journal.read() as tx:
        found = exchanges.by_return_id(tx, ReturnId("return-1"))

    assert found == ours


def test_a_document_is_found_by_direction_partner_and_uid(journal: Journal) -> None:
    came = opened(journal)
    went = opened(journal, id=ExchangeId("x-out"), direction="out", opened_at=NOW + MINUTE)
    second_office = opened(journal, id=ExchangeId("x-2"), office="EAST", opened_at=NOW + MINUTE)
    opened(journal, id=ExchangeId("x-3"), partner=PartnerId("west"))

    with journal.read() as tx:
        assert exchanges.by_document(tx, "out", NORTH, UID) == went
        assert exchanges.by_document(tx, "in", NORTH, UID) == second_office
        assert exchanges.by_document(tx, "in", NORTH, DocumentUid("")) is None
        assert exchanges.all_by_document(tx, NORTH, UID) == (came, second_office, went)


def test_a_dispatch_row_finds_its_exchange_even_after_a_later_one(journal: Journal) -> None:
    ours = opened(journal, direction="out", outgoing_ref="dispatch-1")
    queued(journal, exchange=ours.id, outgoing_ref="dispatch-1")
    with journal.write() as tx:
        exchanges.save(tx, replace(ours, outgoing_ref="dispatch-2"))

    with journal.read() as tx:
        found = [exchanges.by_outgoing_ref(tx, ref) for ref in ("dispatch-1", "dispatch-2", "dispatch-3")]
        elsewhere = exchanges.by_outgoing_ref(tx, "dispatch-2", office="EAST")

    assert [each and each.id for each in found] == [ours.id, ours.id, None]
    assert elsewhere is None


@pytest.mark.parametrize(
    "text",
    [
        "exchange-77",
        "doc-77",
        " 01-12/77 ",
        "В-15",
        "card-5",
        "return-77",
        "message-77",
        "out-1",
        "<out-1@south.example>",
        "out-1@south.example",
        "dispatch-9",
    ],
)
def test_a_document_is_traced_by_any_of_its_names(journal: Journal, text: str) -> None:
    standing = opened(journal, subject_card=CardRef("card-5"), registered=Number("В-15"))
    queued(
        journal,
        exchange=standing.id,
        message_id="out-1",
        rfc_message_id="out-1@south.example",
        outgoing_ref="dispatch-9",
    )
    with journal.write() as tx:
        messages.note(tx, NORTH, "SOUTH", MessageId("message-77"), "", standing.id, 1, NOW)

    with journal.read() as tx:
        assert exchanges.find(tx, text) == (standing.id,)


def test_a_number_finds_the_documents_of_all_years_and_nothing_finds_nothing(journal: Journal) -> None:
    for year in (2029, 2030, 2031):
        opened(journal, id=ExchangeId(f"x-{year}"), number=Number("01-12/77", date(year, 1, 9)))

    with journal.read() as tx:
        assert exchanges.find(tx, "01-12/77") == ("x-2029", "x-2030", "x-2031")
        assert exchanges.find(tx, "") == ()
        assert exchanges.find(tx, "01-12") == ()


def test_a_locked_exchange_loses_no_update(journal: Journal) -> None:
    id = opened(journal).id

    def count_to(many: int) -> None:
        for _ in range(many):
            with journal.write() as tx:
                standing = exchanges.get(tx, id, lock=True)
                assert standing is not None
                exchanges.save(tx, replace(standing, attempt=standing.attempt + 1))

    at_once(lambda: count_to(15), lambda: count_to(15))

    with journal.read() as tx:
        standing = exchanges.get(tx, id)
    assert standing is not None
    assert standing.attempt == 30


def at_once(*works: Callable[[], object]) -> None:
    """Run *works* in threads side by side; raises what any of them raised."""
    with ThreadPoolExecutor(len(works)) as threads:
        for work in [threads.submit(work) for work in works]:
            work.result()


# --- events -----------------------------------------------------------------------------------------------------------


def keys(found: tuple[Event, ...]) -> list[str]:
    return [event.key for event in found]


def test_a_fact_is_written_once_and_only_new_ones_are_returned(journal: Journal) -> None:
    id = opened(journal).id
    with journal.write() as tx:
        first = events.add(tx, id, [fact("a"), fact("b")], ours=True, now=NOW)
        second = events.add(tx, id, [fact("b"), fact("c"), fact("c", text="again")], ours=True, now=NOW + MINUTE)
        history = events.history(tx, id)

    assert keys(first) == ["a", "b"]
    assert keys(second) == ["c"]
    assert [(recorded.event.key, recorded.event.text, recorded.at) for recorded in history] == [
        ("a", "", NOW),
        ("b", "", NOW),
        ("c", "", NOW + MINUTE),
    ]


def test_both_sides_may_say_the_same_and_are_told_apart(journal: Journal) -> None:
    id = opened(journal).id
    with journal.write() as tx:
        events.add(tx, id, [fact("a")], ours=True, now=NOW)
        theirs = events.add(tx, id, [fact("a")], ours=False, now=NOW)

        assert keys(theirs) == ["a"]
        assert [recorded.ours for recorded in events.history(tx, id)] == [True, False]
        assert [recorded.ours for recorded in events.history(tx, id, ours=False)] == [False]


def test_two_writers_of_the_same_facts_write_them_once(journal: Journal) -> None:
    id = opened(journal).id
    new: list[str] = []

    def write() -> None:
        for number in range(20):
            with journal.write() as tx:
                new.extend(keys(events.add(tx, id, [fact(f"f{number}"), fact(f"g{number}")], ours=False, now=NOW)))

    at_once(write, write)

    assert sorted(new) == sorted(f"{letter}{number}" for letter in "fg" for number in range(20))


def test_the_edms_hears_what_partners_say_about_our_documents_only(journal: Journal) -> None:
    went, came = opened(journal, direction="out"), opened(journal, id=ExchangeId("x-in"))
    with journal.write() as tx:
        events.add(tx, went.id, [fact("theirs-1"), fact("theirs-2", EventKind.REGISTERED)], ours=False, now=NOW)
        events.add(tx, went.id, [fact("ours")], ours=True, now=NOW)
        events.add(tx, came.id, [fact("theirs")], ours=False, now=NOW)
        untold = events.untold(tx, 10)
        events.told(tx, [untold[0].id], NOW)
        rest = events.untold(tx, 10)

    assert [(recorded.exchange, recorded.event.key) for recorded in untold] == [
        (went.id, "theirs-1"),
        (went.id, "theirs-2"),
    ]
    assert [recorded.event.key for recorded in rest] == ["theirs-2"]


# --- messages and cursors ---------------------------------------------------------------------------------------------


def test_the_first_message_of_a_name_stands(journal: Journal) -> None:
    with journal.write() as tx:
        first = messages.note(tx, NORTH, "SOUTH", MessageId("m-1"), "d-1", ExchangeId("x-1"), 1, NOW)
        again = messages.note(tx, NORTH, "SOUTH", MessageId("m-1"), "d-2", None, 2, NOW + MINUTE)
        other = messages.note(tx, PartnerId("west"), "SOUTH", MessageId("m-1"), "d-2", None, 2, NOW)

        assert again == first == messages.find(tx, NORTH, "SOUTH", MessageId("m-1"))
        assert (first.digest, first.exchange, first.entry, first.at) == ("d-1", "x-1", 1, NOW)
        assert other.entry == 2
        assert messages.find(tx, NORTH, "SOUTH", MessageId("m-2")) is None


def test_a_message_is_known_for_each_organisation_of_ours_by_itself(journal: Journal) -> None:
    with journal.write() as tx:
        south = messages.note(tx, NORTH, "SOUTH", MessageId("m-1"), "d-1", ExchangeId("x-1"), 1, NOW)
        west = messages.note(tx, NORTH, "WEST", MessageId("m-1"), "d-1", ExchangeId("x-2"), 2, NOW)

        assert (south.entry, west.entry) == (1, 2)
        assert messages.find(tx, NORTH, "WEST", MessageId("m-1")) == west
        assert messages.find(tx, NORTH, "EAST", MessageId("m-1")) is None


def test_a_content_is_known_by_the_entry_that_brought_it_first(journal: Journal) -> None:
    first, second = accepted(journal, 2)
    digest = Sha256("a" * 64)
    with journal.write() as tx:
        unseen = messages.seen_content(tx, digest)
        messages.note_content(tx, digest, first)
        messages.note_content(tx, digest, second)

        assert unseen is None
        assert messages.seen_content(tx, digest) == first


def test_a_cursor_is_where_it_was_put_last(journal: Journal) -> None:
    with journal.write() as tx:
        assert cursors.get(tx, "changes") is None
        cursors.put(tx, "changes", "17")
        cursors.put(tx, "changes", "18")
        cursors.put(tx, "other", "1")

        assert cursors.get(tx, "changes") == "18"


def test_advancing_writes_how_far_it_has_come_and_leaves_the_rest_alone(journal: Journal) -> None:
    first = opened(journal)
    further = replace(first, rung="registered", subject_card=CardRef("9"), registered=Number("В-15", date(2031, 3, 4)))

    with journal.write() as tx:
        exchanges.advance(tx, replace(further, digest="other", attempt=7))

    with journal.read() as tx:
        assert exchanges.get(tx, first.id) == further


def test_what_was_not_opened_cannot_advance(journal: Journal) -> None:
    with pytest.raises(LookupError), journal.write() as tx:
        exchanges.advance(tx, exchange())
