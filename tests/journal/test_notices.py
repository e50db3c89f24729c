# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard of letters after they left, and who is left alone: the same on both engines."""

from datetime import timedelta

from gateway.journal import circuits, entries
from gateway.journal.circuits import OpenCircuit
from gateway.journal.entries import State
from gateway.journal.store import Journal
from tests.journal.givens import MINUTE, NOW, SENT, UNCLEAR, due, ids, queued, stands, tried


def test_what_is_unsettled_is_counted_with_the_oldest(journal: Journal) -> None:
    first, second, third = queued(journal, 3)
    tried(journal, first, UNCLEAR, next_try=NOW + MINUTE)
    tried(journal, second, UNCLEAR)  # given up: perhaps delivered all the same
    tried(journal, third, SENT)
    with journal.write() as tx:
        entries.delayed(tx, third, "451 busy", NOW + MINUTE)
        entries.delayed(tx, third, "451 busy still", NOW + 2 * MINUTE)

    with journal.read() as tx:
        found = entries.unsettled(tx, NOW + 3 * MINUTE)
    assert (found.ambiguous, found.ambiguous_oldest) == (2, NOW)
    assert (found.delayed, found.delayed_oldest) == (1, NOW + MINUTE)
    assert stands(journal, third).words == "451 busy still"


def test_what_is_proven_is_sent_and_lets_the_next_one_go(journal: Journal) -> None:
    first, second = queued(journal, 2, exchange="exchange-1")
    tried(journal, first, UNCLEAR, next_try=NOW + timedelta(hours=1))

    with journal.write() as tx:
        proven = entries.proven(tx, first, "proven by the partner's report", NOW)
        again = entries.proven(tx, first, "proven by the partner's report", NOW)

    assert (proven, again) == (True, False)
    assert (stands(journal, first).state, stands(journal, first).ambiguous_since) == (State.SENT, None)
    assert ids(due(journal)) == [second]


def test_nothing_proves_a_letter_that_was_never_in_doubt(journal: Journal) -> None:
    (id,) = queued(journal)

    with journal.write() as tx:
        assert not entries.proven(tx, id, "a report", NOW)
        assert not entries.bounced(tx, id, "550 no", NOW)

    assert stands(journal, id).state is State.QUEUED


def test_letters_put_back_are_due_again_without_an_attempt(journal: Journal) -> None:
    (id,) = queued(journal)
    due(journal, worker="one")

    with journal.write() as tx:
        entries.put_back(tx, "somebody else", [id])
        entries.put_back(tx, "one", [id])

    assert [entry.attempts for entry in due(journal, worker="two")] == [0]


def test_a_lane_is_given_up_letter_by_letter_when_it_is_too_old(journal: Journal) -> None:
    old = queued(journal, 3, partner="north")
    (held,) = queued(journal, partner="north")
    with journal.write() as tx:
        entries.set_held(tx, held, True, who="olga", why="wrong annex", now=NOW)
        given_up = entries.give_up(tx, "north", NOW, "not sent: relay", NOW + MINUTE)
        none = entries.give_up(tx, "north", NOW, "not sent: relay", NOW + MINUTE)

    assert (given_up, none) == (3, 0)
    assert {stands(journal, id).state for id in old} == {State.FAILED}
    assert stands(journal, held).state is State.QUEUED


def test_circuits_stand_until_their_own_node_changes_them(journal: Journal) -> None:
    ours = OpenCircuit("partner north", NOW, NOW + MINUTE, 5, "450 not now")
    theirs = OpenCircuit("relay router", NOW, NOW + MINUTE, 3, "connection refused")
    with journal.write() as tx:
        circuits.write(tx, (), (ours,))
        circuits.write(tx, (), (theirs,))
    with journal.read() as tx:
        assert circuits.stand(tx) == (ours, theirs)

    with journal.write() as tx:
        circuits.write(tx, (ours,), ())

    with journal.read() as tx:
        assert circuits.stand(tx) == (theirs,)
