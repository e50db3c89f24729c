# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between cards: which ones may leave with a document, and what a partner's words may find here."""

from datetime import date
from typing import Any

import pytest

from gateway.edms_adapter.registry import Office, Staff, add_office, people
from gateway.model import DocumentUid, EventKind, ExchangeId, Link, Number, Organisation, Party, Term
from gateway.ports import Original, OutgoingState
from tests.edms_adapter.desk import BEREG, GOROD, TODAY, Desk, letter
from tests.edms_adapter.test_sending import written

SENT_ON = date(2026, 11, 20)  # of every letter the desk receives
FROM_GOROD = Party(Organisation(index=GOROD))


def linked(desk: Desk, card: int, other: int, kind: str = "Во исполнение") -> None:
    with desk.at_work() as work:
        people.link(work, card, other, kind, now=desk.clock.at)


def leaving(desk: Desk, row: str) -> tuple[Link, ...]:
    """Return the links of the document that dispatch *row* wants sent."""
    (outgoing,) = (item for item in desk.edms.outgoing() if item.ref == row)
    return outgoing.document.links


def ties(desk: Desk) -> list[tuple[Any, ...]]:  # Any: columns
    return [(row.card_id, row.other_id, row.kind) for row in desk.rows("select * from card_link order by id")]


def words(desk: Desk) -> list[tuple[str, str]]:
    return [(row.kind, row.text) for row in desk.rows("select kind, text from card_mention order by id")]


# --- what leaves --------------------------------------------------------------------------------------------------


def test_a_document_names_what_the_partner_sent_us_as_he_knows_it(desk: Desk) -> None:
    theirs = desk.card(letter("their-uid", "14/3"))
    ours, row = written(desk)
    linked(desk, ours, theirs, "В связи с")

    (link,) = leaving(desk, row)
    assert link.document is not None
    assert (link.kind.text, link.document.uid, link.document.number) == (
        "В связи с",
        "their-uid",
        Number("14/3", SENT_ON),
    )
    (outgoing,) = desk.edms.outgoing()
    assert [one.uid for one in outgoing.document.linked] == ["their-uid"]


def test_a_document_names_what_was_sent_to_the_partner_before(desk: Desk) -> None:
    earlier, sent = written(desk, uid="ours-1")
    desk.edms.mark(sent, OutgoingState.TAKEN)
    desk.clock.later(minutes=1)
    later, row = written(desk, uid="ours-2")
    linked(desk, later, earlier, "в дополнение к")

    (link,) = leaving(desk, row)
    assert link.document is not None
    assert (link.kind.text, link.document.uid, link.document.number.text) == ("В дополнение к", "ours-1", "ИСХ-1")


def test_of_what_a_third_party_sent_nothing_leaves_not_even_words(desk: Desk) -> None:
    theirs = desk.card(letter("secret-uid", "secret/7"), correspondent=FROM_GOROD)
    ours, _ = written(desk)
    linked(desk, ours, theirs)

    (outgoing,) = desk.edms.outgoing()
    assert (outgoing.document.links, outgoing.document.linked) == ((), ())
    assert "secret" not in repr(outgoing.document)


def test_what_another_organisation_of_ours_wrote_does_not_leave(desk: Desk) -> None:
    add_office(desk.url, Office("VOSTOK-09", "Восток"), (Staff("Заречный Ян Ильич"),))
    earlier, _ = written(desk, uid="ours-1")
    later, row = written(desk, uid="ours-2")
    linked(desk, later, earlier)
    desk.do("update card set office_id = 2 where id = :id", id=earlier)

    assert leaving(desk, row) == ()


@pytest.mark.parametrize("state", ["failed", "sent to somebody else", "sent later"])
def test_what_did_not_reach_the_partner_is_named_in_words_only(desk: Desk, state: str) -> None:
    other, sent = written(desk, uid="ours-1", index=GOROD if state == "sent to somebody else" else BEREG)
    if state == "failed":
        desk.edms.mark(sent, OutgoingState.FAILED, "550")
    if state == "sent later":
        with desk.at_work() as work:
            people.send_again(work, int(sent), now=desk.clock.at.replace(hour=23))
    ours, row = written(desk, uid="ours-2")
    linked(desk, ours, other)

    assert leaving(desk, row) == (Link(Term("Во исполнение"), description="№ ИСХ-1 от 22.11.2026"),)


def test_a_restricted_document_of_ours_that_the_partner_does_not_know_has_no_words(desk: Desk) -> None:
    other, _ = written(desk, uid="ours-1", index=GOROD)
    ours, row = written(desk, uid="ours-2")
    linked(desk, ours, other)
    desk.do("update card set access = 'ДСП' where id = :id", id=other)

    assert leaving(desk, row) == ()


def test_a_link_a_partner_made_does_not_travel_on(desk: Desk) -> None:
    _, row = written(desk)
    desk.edms.mark(row, OutgoingState.TAKEN)
    desk.card()
    assert desk.edms.link(ExchangeId("ex-1"), Original(DocumentUid("ours-1"), kind=Term("В ответ на")))
    with desk.at_work() as work:
        people.send_again(work, int(row), now=desk.clock.at)

    assert leaving(desk, row) == ()


# --- what is found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "original",
    [
        Original(DocumentUid("their-uid")),
        Original(DocumentUid("THEIR OTHER UID"), Number("14/3 ", SENT_ON)),
        Original(number=Number("14/3", SENT_ON)),
    ],
)
def test_a_document_finds_what_the_same_correspondent_sent_before(desk: Desk, original: Original) -> None:
    earlier = desk.card(letter("their-uid", "14/3"))
    later = desk.card(letter("doc-2", "15"), "ex-2")
    named = Original(original.uid, original.number, Term("Во исполнение"))

    assert [desk.edms.link(ExchangeId("ex-2"), named) for _ in range(2)] == [True, True]
    assert ties(desk) == [(later, earlier, "Во исполнение"), (earlier, later, "Исполнен документом")]


@pytest.mark.parametrize(
    "original",
    [Original(DocumentUid("their-uid")), Original(number=Number("14/3", SENT_ON))],
)
def test_nobody_finds_what_another_correspondent_sent(desk: Desk, original: Original) -> None:
    desk.card(letter("their-uid", "14/3"), correspondent=FROM_GOROD)
    desk.card(letter("doc-2", "15"), "ex-2")

    assert not desk.edms.link(ExchangeId("ex-2"), original)
    assert ties(desk) == []


@pytest.mark.parametrize("original", [Original(DocumentUid("ours-1")), Original(number=Number("ИСХ-1", TODAY))])
def test_nobody_finds_a_document_of_ours_that_went_to_somebody_else(desk: Desk, original: Original) -> None:
    _, row = written(desk, index=GOROD)
    desk.edms.mark(row, OutgoingState.TAKEN)
    written(desk, uid="ours-2")  # marked for him, but still here
    desk.card()

    assert not desk.edms.link(ExchangeId("ex-1"), original)
    assert not desk.edms.link(ExchangeId("ex-1"), Original(DocumentUid("ours-2")))
    assert ties(desk) == []


def test_a_number_two_documents_have_is_never_a_guess_and_a_uid_decides(desk: Desk) -> None:
    desk.card(letter("one", "14/3"))
    second = desk.card(letter("two", "14/3"), "ex-2", same_number="register")
    desk.card(letter("doc-3", "15"), "ex-3")

    assert not desk.edms.link(ExchangeId("ex-3"), Original(number=Number("14/3", SENT_ON)))
    assert desk.edms.link(ExchangeId("ex-3"), Original(DocumentUid("two"), Number("14/3", SENT_ON)))
    assert [other for _, other, kind in ties(desk) if kind == "В связи с"] == [second]


def test_a_document_never_finds_itself(desk: Desk) -> None:
    desk.card(letter("doc-1", "14/3"))

    assert not desk.edms.link(ExchangeId("ex-1"), Original(DocumentUid("doc-1"), Number("14/3", SENT_ON)))
    assert ties(desk) == []


def test_a_paper_that_was_put_onto_another_card_leads_to_that_card(desk: Desk) -> None:
    kept = desk.card(letter("doc-1", "14/3"))
    waiting = desk.register(letter("doc-2", "14/3"), "ex-2")
    with desk.at_work() as work:
        people.join_waiting(work, int(waiting.ref), kept, by="Родникова", now=desk.clock.at)
    later = desk.card(letter("doc-3", "15"), "ex-3")

    assert desk.edms.link(ExchangeId("ex-3"), Original(DocumentUid("doc-2"), kind=Term("Взамен")))
    assert (later, kept, "Взамен") in ties(desk)


def test_a_kind_our_dictionary_does_not_have_keeps_its_word(desk: Desk) -> None:
    earlier = desk.card()
    later = desk.card(letter("doc-2", "15"), "ex-2")
    desk.edms.link(ExchangeId("ex-2"), Original(DocumentUid("doc-1"), kind=Term("Во изменение")))

    assert ties(desk) == [(later, earlier, "Во изменение"), (earlier, later, "Упомянут в")]


def test_a_link_a_partner_made_is_never_told_as_our_answer(desk: Desk) -> None:
    ours, row = written(desk)
    desk.edms.mark(row, OutgoingState.TAKEN)
    theirs = desk.card()
    assert desk.edms.link(ExchangeId("ex-1"), Original(DocumentUid("ours-1"), kind=Term("Ответ")))

    assert (theirs, ours, "Ответ") in ties(desk)
    assert desk.events(EventKind.ANSWERED) == []


# --- what is not found --------------------------------------------------------------------------------------------


def test_every_link_that_finds_nothing_is_kept_in_words_each_once(desk: Desk) -> None:
    card = desk.card()
    originals = (
        Original(DocumentUid("lost"), Number("99", TODAY), Term("В ответ на")),
        Original(DocumentUid("lost"), Number("100"), Term("В ответ на")),
        Original(kind=Term("Во исполнение"), description="Решение от 1 марта", url="https://docs.example/7"),
        Original(DocumentUid("lost")),
        Original(kind=Term("x" * 300), description="y" * 3000),
        Original(),
    )
    for _ in range(2):
        assert not any(desk.edms.link(ExchangeId("ex-1"), original) for original in originals)

    assert words(desk) == [
        ("В ответ на", "№ 99 от 22.11.2026"),
        ("В ответ на", "№ 100"),
        ("Во исполнение", "Решение от 1 марта; https://docs.example/7"),
        ("В связи с", "№ б/н"),
        ("x" * 99 + "…", "y" * 399 + "…"),
        ("В связи с", "без реквизитов"),
    ]
    with desk.at_work() as work:
        assert len(people.mentioned(work, card)) == 6
