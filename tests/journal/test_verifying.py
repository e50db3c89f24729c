# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal looks at itself, on each engine alike."""

from dataclasses import replace

from sqlalchemy import update

from gateway.journal import exchanges, schema, verifying
from gateway.journal.store import Journal
from gateway.model import CardRef, ExchangeId, Number
from tests.journal.givens import accepted, exchange


def test_a_journal_in_order_has_no_trouble(journal: Journal) -> None:
    accepted(journal, 3)

    with journal.read() as tx:
        assert [*verifying.database(tx), *verifying.impossible(tx)] == []
    assert list(verifying.letters(journal, quick=False)) == []


def test_a_state_that_cannot_be_is_found(journal: Journal) -> None:
    (id,) = accepted(journal)
    with journal.write() as tx:
        tx.execute(update(schema.entries).values(state="sent"))

    with journal.read() as tx:
        found = list(verifying.impossible(tx))

    assert {trouble.entry for trouble in found} == {id}


def test_what_is_registered_comes_in_pages_and_what_is_known_is_said(journal: Journal) -> None:
    made = replace(exchange(), direction="in", registered=Number("7"), subject_card=CardRef("3"))
    with journal.write() as tx:
        for name in ("a", "b", "c"):
            exchanges.open_(tx, replace(made, id=ExchangeId(name)))

    with journal.read() as tx:
        first = verifying.registered(tx, None, 2)
        second = verifying.registered(tx, first[-1].exchange, 2)
        known = verifying.known(tx, [ExchangeId("a"), ExchangeId("z")])
        silent = verifying.without_report(tx)
        went = verifying.dispatched(tx, ["nothing"])

    assert [one.exchange for one in (*first, *second)] == ["a", "b", "c"]
    assert (known, len(silent), went) == ({"a"}, 3, frozenset())
