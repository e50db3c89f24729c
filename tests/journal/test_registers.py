# SPDX-License-Identifier: GPL-3.0-or-later
"""What registers ask of the journal, on both engines: the right lines, page by page, by an index."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, text

from gateway.errors import Reason
from gateway.journal import entries, events, exchanges, messages, registers, schema
from gateway.journal.entries import State
from gateway.journal.exchanges import Exchange
from gateway.journal.registers import Asked, Line
from gateway.journal.store import Journal
from gateway.model import DocumentUid, EventKind, ExchangeId, MessageId, Number, PartnerId, Refusal
from tests.journal.givens import (
    MINUTE,
    NOW,
    REJECTED,
    SENT,
    accepted,
    claimed,
    concluded,
    exchange,
    fact,
    message,
    queued,
    tried,
)

DAY = timedelta(days=1)
TODAY = Asked("SOUTH", NOW, NOW + DAY)


def opened(journal: Journal, name: str, at: datetime = NOW, **more: Any) -> Exchange:
    """Write an exchange of that name and return it."""
    given = exchange(id=ExchangeId(name), document_uid=DocumentUid(f"doc-{name}"), opened_at=at, **more)
    with journal.write() as tx:
        return exchanges.open_(tx, given)


def asked(journal: Journal, question: Callable[[Connection, Line | None], tuple[Line, ...]]) -> list[Line]:
    """Return every line of a register, read page by page."""
    found: list[Line] = []
    while True:
        with journal.read() as tx:
            page = question(tx, found[-1] if found else None)
        if not page:
            return found
        found += page


def names(lines: list[Line]) -> list[str]:
    return [line.exchange.id for line in lines]


def came(journal: Journal, what: Asked = TODAY, page: int = 2) -> list[Line]:
    return asked(journal, lambda tx, after: registers.opened(tx, "in", what, after, page))


def sent(journal: Journal, what: Asked = TODAY) -> list[Line]:
    return asked(journal, lambda tx, after: registers.opened(tx, "out", what, after, 2))


def unproven(journal: Journal, what: Asked = TODAY, now: datetime = NOW) -> list[Line]:
    return asked(journal, lambda tx, after: registers.unproven(tx, what, now, after, 2))


def waiting(journal: Journal, state: State, what: Asked = TODAY) -> list[Line]:
    return asked(journal, lambda tx, after: registers.waiting(tx, state, what, after, 2))


def test_a_period_holds_its_first_moment_and_not_the_one_after_its_last(journal: Journal) -> None:
    opened(journal, "before", NOW - timedelta(microseconds=1))
    opened(journal, "first", NOW)
    opened(journal, "last", NOW + DAY - timedelta(microseconds=1))
    opened(journal, "after", NOW + DAY)

    assert names(came(journal)) == ["first", "last"]


def test_a_register_is_of_one_office_one_direction_and_if_asked_one_partner(journal: Journal) -> None:
    opened(journal, "ours")
    opened(journal, "of our other office", office="WEST")
    opened(journal, "of another partner", partner=PartnerId("east"))
    opened(journal, "sent", direction="out")

    assert names(came(journal)) == ["of another partner", "ours"]
    assert names(came(journal, Asked("SOUTH", NOW, NOW + DAY, PartnerId("north")))) == ["ours"]
    assert names(sent(journal)) == ["sent"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat_also_within_one_moment(journal: Journal) -> None:
    for place in (3, 1, 4, 0, 2):
        opened(journal, f"at once {place}")
    opened(journal, "earlier", NOW + MINUTE)

    found = [names(came(journal, page=page)) for page in (1, 2, 3, 100)]

    assert found[0] == [*(f"at once {place}" for place in range(5)), "earlier"]
    assert found == [found[0]] * 4


def test_a_line_has_the_newest_letter_that_carried_the_document_in_its_own_direction(journal: Journal) -> None:
    opened(journal, "x", direction="out")
    (first,) = queued(journal, exchange="x", kind="document", outgoing_ref="dispatch-1")
    tried(journal, first, REJECTED)
    with journal.write() as tx:
        entries.forget_ref(tx, "dispatch-1", "SOUTH")
    (second,) = queued(journal, exchange="x", kind="document", outgoing_ref="dispatch-1")
    queued(journal, exchange="x", kind="report")
    (heard,) = accepted(journal)
    concluded(journal, heard, State.DONE, exchange=ExchangeId("x"), kind="document")

    (line,) = sent(journal)

    assert line.letter is not None
    assert (line.letter.id, line.letter.state) == (second, State.QUEUED)


def test_a_line_has_the_document_and_the_words_of_its_last_refusal(journal: Journal) -> None:
    opened(journal, "x", direction="out", rung="refused")
    opened(journal, "y", direction="out")
    refusals = [fact(f"refused:{place}", EventKind.REFUSED, refusal=Refusal(39, f"reason {place}")) for place in (1, 2)]
    with journal.write() as tx:
        for refusal in refusals:
            events.add(tx, ExchangeId("x"), [refusal], ours=False, now=NOW)

    lines = sent(journal)

    assert [line.refusal for line in lines] == ["reason 2", ""]
    assert [line.message for line in lines] == [message(), message()]


def test_a_paper_that_adds_to_a_card_shows_that_cards_document(journal: Journal) -> None:
    opened(journal, "main")
    opened(journal, "main#1", message=None)

    added = came(journal)[1]

    assert (added.exchange.message, added.message) == (None, message())


def test_what_nothing_is_known_of_stays_unproven_until_nobody_shall_report_any_more(journal: Journal) -> None:
    for rung in ("", "sent", "received", "refused", "registered", "forwarded", "executed"):
        opened(journal, f"at {rung or 'first'}", direction="out", rung=rung)
    opened(journal, "long ago", NOW - 300 * DAY, direction="out", until=NOW)
    opened(journal, "ended", direction="out", until=NOW - MINUTE)
    opened(journal, "theirs")

    assert names(unproven(journal)) == ["long ago", "at first", "at received", "at sent"]


def test_what_waits_is_found_by_where_it_waits_and_since_when(journal: Journal) -> None:
    for name in ("a", "b", "c"):
        opened(journal, name)
    before, person, parked, stranger, report = accepted(journal, 5)
    concluded(journal, before, State.WAITING, exchange=ExchangeId("a"), kind="document", detail="no such group")
    concluded(journal, person, State.WAITING, exchange=ExchangeId("b"), kind="document", detail="no such addressee")
    concluded(journal, parked, State.PARKED, exchange=ExchangeId("c"), kind="document", reason=Reason.CONFLICT)
    concluded(journal, stranger, State.PARKED, reason=Reason.STRANGER)
    concluded(journal, report, State.PARKED, exchange=ExchangeId("c"), kind="report", reason=Reason.FORGED)
    later = Asked("SOUTH", NOW + MINUTE, NOW + DAY)

    people = waiting(journal, State.WAITING)

    assert [(line.exchange.id, line.letter and line.letter.detail) for line in people] == [
        ("a", "no such group"),
        ("b", "no such addressee"),
    ]
    assert names(waiting(journal, State.PARKED)) == ["c"]
    assert waiting(journal, State.WAITING, later) == []
    assert waiting(journal, State.WAITING, Asked("WEST", NOW, NOW + DAY)) == []
    assert waiting(journal, State.WAITING, Asked("SOUTH", NOW, NOW + DAY, PartnerId("east"))) == []


def test_a_document_waits_for_an_edms_that_does_not_answer(journal: Journal) -> None:
    opened(journal, "put off")
    opened(journal, "just begun")
    accepted(journal, 2)
    first, second = claimed(journal)
    with journal.write() as tx:
        for letter, name in ((first, "put off"), (second, "just begun")):
            exchange_id = ExchangeId(name)
            messages.note(tx, PartnerId("north"), "SOUTH", MessageId(name), "", exchange_id, letter.id, NOW)
        entries.defer(tx, first.id, NOW + MINUTE, "the EDMS does not answer", now=NOW)

    (line,) = waiting(journal, State.ACCEPTED)

    assert line.exchange.id == "put off"
    assert line.letter is not None
    assert line.letter.detail == "the EDMS does not answer"


def test_a_number_names_the_documents_of_all_years_and_both_sides_the_oldest_first(journal: Journal) -> None:
    forty_two = Number("42")
    opened(journal, "z in 2029", NOW - 730 * DAY, number=forty_two)
    opened(journal, "a in 2031", NOW, number=forty_two)
    opened(journal, "m in 2030, at the partner", NOW - 365 * DAY, direction="out", registered=forty_two)
    opened(journal, "another", number=Number("142"))

    with journal.read() as tx:
        found = exchanges.find(tx, "42")

    assert found == ("z in 2029", "m in 2030, at the partner", "a in 2031")


# --- what it costs ----------------------------------------------------------------------------------------------------

MANY = 4000


@pytest.fixture
def old_journal(journal: Journal) -> Journal:
    """Give a journal of years: documents of two offices and both directions, nearly all registered long ago."""
    rows = [
        {
            "id": f"x-{place}",
            "direction": "in" if place % 2 else "out",
            "partner": "north",
            "office": "SOUTH" if place % 3 else "WEST",
            "opened_at": NOW - MINUTE * place,
            "rung": "received" if place % 500 == 0 else "registered",
        }
        for place in range(MANY)
    ]
    letters = [
        {
            "direction": "in",
            "state": "accepted" if place % 500 == 0 else "done",
            "lane": "north",
            "created_at": NOW,
            "ready_at": NOW,
            "size": 1,
            "sha256": "0",
        }
        for place in range(MANY)
    ]
    with journal.write() as tx:
        tx.execute(insert(schema.exchanges), rows)
        tx.execute(insert(schema.entries), letters)
        noted = "select 'north', 'SOUTH', cast(id as text), '', 'x-' || id, id, created_at from entries"
        tx.execute(text(f"insert into messages (partner, office, message_id, digest, exchange, entry, at) {noted}"))
        tx.execute(text("analyze"))
    return journal


def plans(journal: Journal, question: Callable[[Connection], object]) -> str:
    """Return how the engine finds the lines of *question*."""
    asked: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, sql: str, values: Any, context: Any, many: bool) -> None:
        if sql.startswith("SELECT"):
            asked.append((sql, values))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with journal.read() as tx:
            question(tx)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    with journal.read() as tx:
        explain = "EXPLAIN QUERY PLAN " if tx.dialect.name == "sqlite" else "EXPLAIN "
        steps = [row for sql, values in asked[:1] for row in tx.exec_driver_sql(explain + sql, values)]
    return "\n".join(str(step) for step in steps)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda tx: registers.opened(tx, "in", Asked("SOUTH", NOW - DAY, NOW), None, 20), "ix_exchanges_opened"),
        (lambda tx: registers.opened(tx, "out", TODAY, Line(exchange(), None, None), 20), "ix_exchanges_opened"),
        (
            lambda tx: registers.opened(tx, "in", TODAY, Line(exchange(), None, None), 20, newest_first=True),
            "ix_exchanges_opened",
        ),
        (lambda tx: registers.refused(tx, "out", TODAY, None, 20), "ix_exchanges_refused"),
        (lambda tx: registers.unproven(tx, TODAY, NOW, None, 20), "ix_exchanges_unproven"),
        (lambda tx: registers.waiting(tx, State.WAITING, TODAY, None, 20), "ix_entries_state"),
        (lambda tx: registers.waiting(tx, State.ACCEPTED, TODAY, None, 20), "ix_messages_entry"),
    ],
)
def test_a_page_is_found_by_an_index_however_old_the_journal_is(
    old_journal: Journal, question: Callable[[Connection], object], index: str
) -> None:
    plan = plans(old_journal, question)

    assert index in plan
    assert not re.search(r"Seq Scan|\bSCAN\b|Sort|TEMP B-TREE", plan), plan


def test_a_sent_letter_is_the_lines_letter(journal: Journal) -> None:
    opened(journal, "x", direction="out")
    (letter,) = queued(journal, exchange="x", kind="document")
    tried(journal, letter, SENT)

    (line,) = unproven(journal)

    assert line.letter is not None
    assert line.letter.sent_at == NOW


def test_what_stands_refused_is_listed_the_newest_first_and_by_direction(journal: Journal) -> None:
    for number in range(5):
        opened(journal, f"theirs-{number}", NOW + number * MINUTE, direction="out", rung="refused")
    opened(journal, "ours", NOW, direction="in", rung="refused")
    opened(journal, "well", NOW, direction="out", rung="registered")

    def of(direction: Any) -> list[str]:
        return names(asked(journal, lambda tx, after: registers.refused(tx, direction, TODAY, after, 2)))

    assert of("out") == [f"theirs-{number}" for number in (4, 3, 2, 1, 0)]
    assert of("in") == ["ours"]


def test_the_newest_first_is_the_other_way_round(journal: Journal) -> None:
    for number in range(5):
        opened(journal, f"{number}", NOW + number // 2 * MINUTE, direction="out")

    backwards = asked(journal, lambda tx, after: registers.opened(tx, "out", TODAY, after, 2, newest_first=True))

    assert names(backwards) == names(sent(journal))[::-1]
