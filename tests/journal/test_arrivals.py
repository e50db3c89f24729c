# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepting and claiming."""

from datetime import timedelta

import pytest

from gateway.journal import entries, mailboxes
from gateway.journal.entries import Direction, Entry, Overtaken, State
from gateway.journal.store import Journal
from tests.journal.givens import (
    LEASE,
    MINUTE,
    NOW,
    accepted,
    arrival,
    claimed,
    concluded,
    ids,
    stands,
)


def test_an_accepted_letter_is_there_with_everything_the_door_knew(journal: Journal) -> None:
    given = arrival(journal, source="smtp:1", lane="stranger", arrived_anew=False)

    with journal.write() as tx:
        (id,) = entries.accept(tx, [given], NOW)

    entry = stands(journal, id)
    assert entry.direction is Direction.IN
    assert entry.state is State.ACCEPTED
    assert entry.created_at == NOW
    assert (entry.source, entry.channel, entry.lane) == ("smtp:1", "listener", "stranger")
    assert (entry.envelope_sender, entry.peer) == ("chancery@north.example", "192.0.2.7")
    assert entry.envelope_recipients == ("registry@south.example",)
    assert entry.arrived_anew is False
    assert (entry.size, entry.sha256) == (given.letter.size, given.letter.sha256)
    assert (entry.starts, entry.attempts, entry.partner, entry.exchange, entry.reason) == (0, 0, None, None, None)


def test_a_known_source_keeps_its_id_and_its_first_letter(journal: Journal) -> None:
    (first,) = accepted(journal, source="imap:7:1:in", body=b"first")

    with journal.write() as tx:
        again = entries.accept(tx, [arrival(journal, source="imap:7:1:in", body=b"second")], NOW + MINUTE)

    assert again == [first]
    with journal.read() as tx:
        assert b"".join(entries.letter(tx, journal.blobs, first).blocks()) == b"first"


def test_ids_come_in_the_order_of_the_arrivals_known_and_repeated_ones_among_them(journal: Journal) -> None:
    (known,) = accepted(journal, source="smtp:known")
    sources = ["smtp:a", "smtp:known", "smtp:b", "smtp:a"]

    with journal.write() as tx:
        a, k, b, again = entries.accept(tx, [arrival(journal, source=source) for source in sources], NOW)

    assert k == known
    assert again == a
    assert [stands(journal, id).source for id in (a, b)] == ["smtp:a", "smtp:b"]


def test_accepting_nothing_is_nothing(journal: Journal) -> None:
    with journal.write() as tx:
        assert entries.accept(tx, [], NOW) == []


def test_a_failing_commit_accepts_none_of_its_group(journal: Journal) -> None:
    def power_failure() -> None:
        with journal.write() as tx:
            entries.accept(tx, [arrival(journal), arrival(journal)], NOW)
            raise RuntimeError("the power fails here")

    with pytest.raises(RuntimeError):
        power_failure()

    with journal.read() as tx:
        assert entries.select(tx) == []


def test_an_odd_envelope_does_not_fail_the_letters_beside_it(journal: Journal) -> None:
    odd = arrival(journal, envelope_sender="a\0b\udcff@x.example", envelope_recipients=("\udc80@south.example",))

    with journal.write() as tx:
        first, second = entries.accept(tx, [odd, arrival(journal)], NOW)

    assert stands(journal, first).envelope_sender == "a\ufffdb\ufffd@x.example"
    assert stands(journal, second).state is State.ACCEPTED


def test_large_letters_stay_out_of_the_rows(journal: Journal) -> None:
    body = b"x" * 300_000
    (id,) = accepted(journal, body=body)

    with journal.read() as tx:
        letter = entries.letter(tx, journal.blobs, id)

    assert b"".join(letter.blocks()) == body
    assert (journal.blobs.directory / "sha256" / letter.sha256[:2] / letter.sha256).stat().st_size == 300_000


def test_a_damaged_letter_is_never_handed_out(journal: Journal) -> None:
    (id,) = accepted(journal)
    with journal.write() as tx:
        tx.exec_driver_sql(f"UPDATE entries SET sha256 = '{'0' * 64}' WHERE id = {id}")

    with journal.read() as tx, pytest.raises(OSError, match="damaged"):
        entries.letter(tx, journal.blobs, id)


# --- claiming ---------------------------------------------------------------------------------------------------------


def test_a_claim_is_counted_and_nobody_else_gets_it(journal: Journal) -> None:
    (id,) = accepted(journal)

    (mine,) = claimed(journal, worker="worker-1")

    assert (mine.id, mine.starts, mine.worker) == (id, 1, "worker-1")
    assert claimed(journal, worker="worker-2") == []


def test_the_oldest_of_a_lane_comes_first(journal: Journal) -> None:
    letters = accepted(journal, 5)

    assert ids(claimed(journal, 3)) == letters[:3]


def test_no_lane_takes_more_than_its_turn_while_others_wait(journal: Journal) -> None:
    flood = accepted(journal, 50, lane="flood")
    east, west = accepted(journal, 3, lane="east"), accepted(journal, 3, lane="west")

    batch = claimed(journal, 9)

    assert sorted(ids(batch)) == sorted(flood[:3] + east + west)


def test_room_that_small_lanes_leave_is_filled(journal: Journal) -> None:
    flood, (single,) = accepted(journal, 20, lane="flood"), accepted(journal, lane="east")

    assert sorted(ids(claimed(journal, 10))) == [*flood[:9], single]


def test_claims_of_one_go_round_the_lanes(journal: Journal) -> None:
    for lane in ("flood", "east", "west"):
        accepted(journal, 10, lane=lane)

    turns = [claimed(journal, 1)[0].lane for _ in range(6)]

    assert sorted(turns[:3]) == sorted(turns[3:]) == ["east", "flood", "west"]


def test_a_lane_whose_letters_are_all_deferred_takes_nobodys_turn(journal: Journal) -> None:
    for _ in range(3):
        (id,) = accepted(journal, lane="asleep")
        with journal.write() as tx:
            entries.defer(tx, id, NOW + MINUTE, "the EDMS is down")
    awake = accepted(journal, 4, lane="awake")

    assert ids(claimed(journal, 4)) == awake


def test_what_a_dead_worker_left_comes_back_after_the_lease_alone_and_counted(journal: Journal) -> None:
    left = accepted(journal, 2)
    claimed(journal, worker="dead")
    fresh = accepted(journal, 3)

    assert claimed(journal, now=NOW + LEASE - MINUTE, limit=1)[0].id in fresh
    batches = [claimed(journal, now=NOW + LEASE) for _ in range(3)]

    alone = [batch for batch in batches if batch[0].id in left]
    assert [len(batch) for batch in alone] == [1, 1]
    assert [batch[0].starts for batch in alone] == [2, 2]


def test_suspects_and_fresh_letters_take_turns(journal: Journal) -> None:
    suspects = accepted(journal, 3, lane="poison")
    claimed(journal, worker="dead")
    fresh = accepted(journal, 4, lane="north")

    firsts = [claimed(journal, 2, now=NOW + LEASE)[0].id for _ in range(4)]

    assert [id in suspects for id in firsts] == [True, False, True, False]
    assert firsts[1] == fresh[0]


def test_a_renewed_claim_outlives_its_first_lease(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal, worker="slow")

    with journal.write() as tx:
        held = entries.renew(tx, "slow", [id], NOW + LEASE - MINUTE, LEASE)

    assert held == {id}
    assert claimed(journal, now=NOW + LEASE) == []


def test_renewing_tells_what_has_passed_to_somebody_else(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal, worker="slow")
    claimed(journal, worker="quick", now=NOW + LEASE)

    with journal.write() as tx:
        assert entries.renew(tx, "slow", [id], NOW + LEASE, LEASE) == frozenset()


def test_release_gives_back_at_once_what_a_worker_held_and_keeps_its_start(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal, worker="node-1")

    with journal.write() as tx:
        given_back = entries.release(tx, "node-1", NOW)

    assert given_back == 1
    (again,) = claimed(journal)
    assert (again.id, again.starts) == (id, 2)


@pytest.mark.parametrize(
    ("prefix", "released"),
    [("node-1", {"node-1", "node-1.3"}), ("node-", {"node-"}), (None, {"node-1", "node-1.3", "node-10", "node-"})],
)
def test_a_released_name_is_whole(journal: Journal, prefix: str | None, released: set[str]) -> None:
    workers = ("node-1", "node-1.3", "node-10", "node-")
    for worker in workers:
        accepted(journal)
        claimed(journal, worker=worker)

    with journal.write() as tx:
        entries.release(tx, prefix, NOW)

    with journal.read() as tx:
        still = {entry.worker for entry in entries.select(tx)} - {""}
    assert still == set(workers) - released


def test_a_worker_that_lost_its_lease_concludes_nothing(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal, worker="slow")
    claimed(journal, worker="quick", now=NOW + LEASE)

    with pytest.raises(Overtaken), journal.write() as tx:
        entries.conclude(tx, id, State.DONE, now=NOW, worker="slow")

    concluded(journal, id, State.DONE, worker="quick")
    assert stands(journal, id).state is State.DONE


def test_a_letter_does_not_wait_for_a_clock_that_was_set_back(journal: Journal) -> None:
    (id,) = accepted(journal)

    assert ids(claimed(journal, now=NOW - timedelta(days=1))) == [id]


# --- put off ----------------------------------------------------------------------------------------------------------


def test_a_deferred_letter_comes_back_when_due_as_if_never_started(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal)

    with journal.write() as tx:
        entries.defer(tx, id, NOW + MINUTE, "the EDMS is down", now=NOW)

    entry = stands(journal, id)
    assert (entry.state, entry.starts, entry.not_before) == (State.ACCEPTED, 0, NOW + MINUTE)
    assert (entry.attempts, entry.deferred_at, entry.detail) == (1, NOW, "the EDMS is down")
    assert claimed(journal) == []
    assert ids(claimed(journal, now=NOW + MINUTE)) == [id]


def test_a_defect_keeps_its_start(journal: Journal) -> None:
    (id,) = accepted(journal)
    claimed(journal)

    with journal.write() as tx:
        entries.defer(tx, id, NOW, "KeyError while processing", defect=True)

    assert claimed(journal)[0].starts == 2


def test_a_concluded_letter_cannot_be_put_off(journal: Journal) -> None:
    (id,) = accepted(journal)
    concluded(journal, id, State.DONE)

    with pytest.raises(ValueError, match="done"), journal.write() as tx:
        entries.defer(tx, id, NOW, "")


def test_next_due_is_past_for_what_can_be_taken_and_tells_the_rest(journal: Journal) -> None:
    with journal.read() as tx:
        nothing = entries.next_due(tx, Direction.IN)
    (id,) = accepted(journal)
    with journal.write() as tx:
        at_once = entries.next_due(tx, Direction.IN)
        entries.defer(tx, id, NOW + MINUTE, "")
        deferred = entries.next_due(tx, Direction.IN)
    claimed(journal, now=NOW + MINUTE)
    with journal.read() as tx:
        leased = entries.next_due(tx, Direction.IN)

    assert nothing is None
    assert at_once is not None
    assert at_once <= NOW
    assert deferred == NOW + MINUTE
    assert leased == NOW + MINUTE + LEASE


# --- one letter, several organisations of ours ------------------------------------------------------------------------


def shared(journal: Journal, id: int, *offices: str) -> list[Entry]:
    """Share entry *id* out and return everything that came in, in order."""
    with journal.write() as tx:
        entry = entries.get(tx, id)
        assert entry is not None
        entries.share(tx, entry, offices)
        return sorted(entries.select(tx, direction=Direction.IN), key=lambda one: one.id)


@pytest.mark.parametrize("body", [b"a short letter", b"x" * 300_000])
def test_a_letter_for_several_organisations_is_one_entry_for_each_with_the_same_bytes(
    journal: Journal, body: bytes
) -> None:
    (id,) = accepted(journal, lane="north", body=body, arrived_anew=False)

    first, second, third = shared(journal, id, "SOUTH", "WEST", "EAST")

    assert (first.id, first.letter_of) == (id, None)
    assert [one.office for one in (first, second, third)] == ["SOUTH", "WEST", "EAST"]
    assert second.letter_of == third.letter_of == id
    for name in ("lane", "channel", "peer", "envelope_sender", "envelope_recipients", "arrived_anew", "created_at"):
        assert getattr(second, name) == getattr(first, name)
    with journal.read() as tx:
        assert b"".join(entries.letter(tx, journal.blobs, second.id).blocks()) == body
        assert tx.exec_driver_sql("SELECT count(*) FROM letters").scalar() == (1 if len(body) < 100_000 else 0)


def test_sharing_a_letter_out_once_more_adds_nothing(journal: Journal) -> None:
    (id,) = accepted(journal)
    before = shared(journal, id, "SOUTH", "WEST")

    assert shared(journal, id, "SOUTH", "WEST") == before


def test_a_letter_that_was_shared_out_is_flagged_in_its_mailbox_by_the_entry_that_was_fetched(
    journal: Journal,
) -> None:
    (id,) = accepted(journal, source="imap:7:1:in", channel="in")
    _, second = shared(journal, id, "SOUTH", "WEST")

    concluded(journal, second.id, State.DONE)
    with journal.read() as tx:
        nothing = mailboxes.to_flag(tx, "in", 7, 10)
    concluded(journal, id, State.DONE)

    assert nothing == ()
    with journal.read() as tx:
        assert mailboxes.to_flag(tx, "in", 7, 10) == (1,)


def test_every_organisations_entry_is_claimed_and_concluded_by_itself(journal: Journal) -> None:
    (id,) = accepted(journal)
    _, second = shared(journal, id, "SOUTH", "WEST")

    assert ids(claimed(journal)) == [id, second.id]
    concluded(journal, id, State.DONE, office="SOUTH")

    assert stands(journal, id).state is State.DONE
    assert (stands(journal, second.id).state, stands(journal, second.id).office) == (State.ACCEPTED, "WEST")
