# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes out: order, fairness, attempts, telling the EDMS, sending again."""

from datetime import timedelta

import pytest

from gateway.journal import entries
from gateway.journal.entries import Direction, Overtaken, State
from gateway.journal.store import Journal
from gateway.model import ExchangeId, MessageId, PartnerId
from tests.journal.givens import (
    LATER,
    LEASE,
    MINUTE,
    NOW,
    REJECTED,
    SENT,
    UNCLEAR,
    due,
    ids,
    outbound,
    queued,
    stands,
    tried,
)

SAME = ExchangeId("exchange-1")


def test_a_queued_letter_is_there_with_everything_it_was_sealed_with(journal: Journal) -> None:
    given = outbound(journal, outgoing_ref="dispatch-9", kind="document", in_reply=False)

    with journal.write() as tx:
        id = entries.queue(tx, given, NOW)

    entry = stands(journal, id)
    assert (entry.direction, entry.state, entry.kind) == (Direction.OUT, State.QUEUED, "document")
    assert (entry.exchange, entry.partner, entry.channel) == (given.exchange, given.partner, given.channel)
    assert (entry.message_id, entry.rfc_message_id) == (given.message_id, given.rfc_message_id)
    assert (entry.envelope_sender, entry.recipient) == (given.envelope_sender, given.recipient)
    assert (entry.office, entry.outgoing_ref, entry.in_reply) == ("SOUTH", "dispatch-9", False)
    with journal.read() as tx:
        assert entries.letter(tx, journal.blobs, id).sha256 == given.letter.sha256


def test_one_dispatch_row_is_queued_once(journal: Journal) -> None:
    (first,) = queued(journal, outgoing_ref="dispatch-9")

    assert queued(journal, outgoing_ref="dispatch-9") == [first]
    assert queued(journal, outgoing_ref="dispatch-9", office="EAST") != [first]


def test_letters_without_a_dispatch_row_are_all_queued(journal: Journal) -> None:
    assert len(set(queued(journal, 3))) == 3


def test_a_letter_is_not_sent_before_its_moment(journal: Journal) -> None:
    (id,) = queued(journal, not_before=NOW + MINUTE)

    assert due(journal) == []
    assert ids(due(journal, now=NOW + MINUTE)) == [id]


def test_what_was_taken_is_nobody_elses_until_the_lease_is_over(journal: Journal) -> None:
    (id,) = queued(journal)
    due(journal, worker="one")

    assert due(journal, worker="two") == []
    assert ids(due(journal, worker="two", now=NOW + LEASE)) == [id]


def test_within_an_exchange_letters_go_in_queue_order(journal: Journal) -> None:
    first, second, third = queued(journal, 3, exchange=SAME)

    assert ids(due(journal)) == [first]
    assert due(journal) == []
    tried(journal, first, SENT)
    assert ids(due(journal)) == [second]
    tried(journal, second, REJECTED)
    assert ids(due(journal)) == [third]


def test_letters_of_no_exchange_wait_for_nobody(journal: Journal) -> None:
    letters = queued(journal, 2, exchange=None)

    assert ids(due(journal)) == letters


def test_a_letter_waits_for_a_deferred_one_before_it_and_goes_right_after(journal: Journal) -> None:
    first, second = queued(journal, 2, exchange=SAME)
    due(journal)
    tried(journal, first, LATER, next_try=NOW + MINUTE)

    assert due(journal) == []
    assert ids(due(journal, now=NOW + MINUTE)) == [first]
    tried(journal, first, SENT, now=NOW + MINUTE)
    assert ids(due(journal, now=NOW + MINUTE)) == [second]


def test_a_letter_goes_right_after_one_that_was_retried_before_its_time(journal: Journal) -> None:
    first, second = queued(journal, 2, exchange=SAME)
    tried(journal, first, LATER, next_try=NOW + timedelta(hours=6))
    with journal.write() as tx:
        entries.retry(tx, first, who="olga", why="their server is back", now=NOW)

    tried(journal, first, SENT)

    assert ids(due(journal)) == [second]


def test_a_letter_behind_one_that_bounced_in_the_queue_goes_at_once(journal: Journal) -> None:
    first, second = queued(journal, 2, exchange=SAME)
    tried(journal, first, LATER, next_try=NOW + timedelta(hours=6))

    with journal.write() as tx:
        entries.bounced(tx, first, "5.1.1 unknown", NOW)

    assert ids(due(journal)) == [second]


def test_a_held_letter_and_those_behind_it_wait(journal: Journal) -> None:
    first, _ = queued(journal, 2, exchange=SAME)
    (other,) = queued(journal)
    with journal.write() as tx:
        entries.set_held(tx, first, True, who="olga", why="wrong annex", now=NOW)

    held = due(journal)
    with journal.write() as tx:
        entries.set_held(tx, first, False, who="olga", why="it was right", now=NOW)

    assert ids(held) == [other]
    assert ids(due(journal)) == [first]


def test_a_partner_with_a_flood_takes_only_its_turn(journal: Journal) -> None:
    flood = queued(journal, 20, partner=PartnerId("flood"))
    others = queued(journal, 2, partner=PartnerId("east"))

    assert sorted(ids(due(journal, 4))) == [*flood[:2], *others]


def test_turns_of_one_go_round_the_partners(journal: Journal) -> None:
    for partner in ("flood", "east", "west"):
        queued(journal, 4, partner=PartnerId(partner))

    assert sorted(due(journal, 1)[0].lane for _ in range(3)) == ["east", "flood", "west"]


# --- attempts ---------------------------------------------------------------------------------------------------------


def test_a_sent_letter_says_when_and_what_the_server_said(journal: Journal) -> None:
    (id,) = queued(journal)

    tried(journal, id, SENT)

    entry = stands(journal, id)
    assert (entry.state, entry.sent_at, entry.attempts) == (State.SENT, NOW, 1)
    assert (entry.phase, entry.words, entry.worker) == ("replied", "2.0.0 taken", "")


def test_a_letter_nobody_takes_is_tried_again_at_its_moment_or_given_up(journal: Journal) -> None:
    (id,) = queued(journal)

    tried(journal, id, LATER, next_try=NOW + MINUTE)
    deferred = stands(journal, id)
    tried(journal, id, LATER, next_try=None, now=NOW + MINUTE)
    failed = stands(journal, id)

    assert (deferred.state, deferred.not_before, deferred.attempts) == (State.QUEUED, NOW + MINUTE, 1)
    assert (failed.state, failed.attempts, failed.concluded_at) == (State.FAILED, 2, NOW + MINUTE)


def test_ambiguity_stands_from_its_first_moment_until_the_letter_is_sent(journal: Journal) -> None:
    (id,) = queued(journal)

    tried(journal, id, UNCLEAR, next_try=NOW + MINUTE)
    tried(journal, id, UNCLEAR, next_try=NOW + 2 * MINUTE, now=NOW + MINUTE)
    tried(journal, id, LATER, next_try=NOW + 3 * MINUTE, now=NOW + 2 * MINUTE)
    open_still = stands(journal, id)
    tried(journal, id, SENT, now=NOW + 3 * MINUTE)

    assert (open_still.state, open_still.ambiguous_since) == (State.QUEUED, NOW)
    assert stands(journal, id).ambiguous_since is None


def test_every_attempt_is_remembered(journal: Journal) -> None:
    (id,) = queued(journal)
    tried(journal, id, LATER, next_try=NOW)
    tried(journal, id, SENT, now=NOW + MINUTE)

    with journal.read() as tx:
        first, second = entries.attempts(tx, id)

    assert (first.at, first.outcome, first.phase, first.code) == (NOW, "try-later", "rcpt", 450)
    assert (second.at, second.outcome, second.words) == (NOW + MINUTE, "sent", "2.0.0 taken")


def test_only_a_queued_letter_can_be_tried(journal: Journal) -> None:
    (id,) = queued(journal)
    tried(journal, id, SENT)

    with pytest.raises(ValueError, match="sent"):
        tried(journal, id, SENT)


def test_a_dispatcher_that_lost_its_lease_writes_nothing(journal: Journal) -> None:
    (id,) = queued(journal)
    due(journal, worker="slow")
    due(journal, worker="quick", now=NOW + LEASE)

    with pytest.raises(Overtaken), journal.write() as tx:
        entries.attempted(tx, id, SENT, NOW, None, worker="slow")

    assert stands(journal, id).state is State.QUEUED


def test_next_due_does_not_count_what_waits_for_another(journal: Journal) -> None:
    first, _ = queued(journal, 2, exchange=SAME)
    due(journal)

    with journal.read() as tx:
        under_way = entries.next_due(tx, Direction.OUT)
    tried(journal, first, LATER, next_try=NOW + MINUTE)
    with journal.read() as tx:
        deferred = entries.next_due(tx, Direction.OUT)

    assert under_way == NOW + LEASE
    assert deferred == NOW + MINUTE


# --- telling the EDMS -------------------------------------------------------------------------------------------------


def test_the_edms_is_told_of_its_own_letters_until_it_knows(journal: Journal) -> None:
    sent, failed, waiting = (queued(journal, outgoing_ref=ref)[0] for ref in ("d-1", "d-2", "d-3"))
    (ours,) = queued(journal)
    tried(journal, sent, SENT)
    tried(journal, failed, REJECTED)
    tried(journal, waiting, LATER, next_try=NOW + MINUTE)
    tried(journal, ours, SENT)

    with journal.write() as tx:
        before = entries.untold(tx, 10)
        entries.told(tx, [sent], NOW)
        after = entries.untold(tx, 10)

    assert ids(before) == [sent, failed]
    assert ids(after) == [failed]


def test_a_bounce_is_news_for_the_edms_again(journal: Journal) -> None:
    (id,) = queued(journal, outgoing_ref="d-1")
    tried(journal, id, SENT)
    with journal.write() as tx:
        entries.told(tx, [id], NOW)

        entries.bounced(tx, id, "5.2.1 disabled", NOW)

        assert ids(entries.untold(tx, 10)) == [id]


def test_what_changed_while_the_edms_was_told_stays_untold(journal: Journal) -> None:
    (id,) = queued(journal, outgoing_ref="d-1")
    tried(journal, id, SENT)
    with journal.write() as tx:
        entries.bounced(tx, id, "5.2.1 disabled", NOW)

        entries.told(tx, [id], NOW, seen=State.SENT)

        assert ids(entries.untold(tx, 10)) == [id]


# --- again ------------------------------------------------------------------------------------------------------------


def test_a_resent_letter_goes_out_with_the_same_bytes(journal: Journal) -> None:
    (id,) = queued(journal)
    sealed = stands(journal, id).sha256
    tried(journal, id, SENT)

    with journal.write() as tx:
        entries.resend(tx, id, NOW)

    (again,) = due(journal)
    assert (again.id, again.sha256, again.message_id) == (id, sealed, stands(journal, id).message_id)
    tried(journal, id, SENT)
    assert stands(journal, id).attempts == 2


def test_only_a_sent_letter_is_sent_again(journal: Journal) -> None:
    (id,) = queued(journal)

    with pytest.raises(ValueError, match="queued"), journal.write() as tx:
        entries.resend(tx, id, NOW)


def test_the_answers_of_an_exchange_are_its_replies_in_order(journal: Journal) -> None:
    receipt, report = queued(journal, 2, exchange=SAME)
    queued(journal, exchange=SAME, in_reply=False, kind="document")
    queued(journal)

    with journal.read() as tx:
        assert ids(entries.answers_to(tx, SAME)) == [receipt, report]


def test_a_letter_of_ours_is_found_by_the_message_id_a_bounce_returns(journal: Journal) -> None:
    (id,) = queued(journal, rfc_message_id="m-1@south.example")

    with journal.read() as tx:
        found = entries.by_rfc_message_id(tx, " <m-1@south.example>")
        nothing = entries.by_rfc_message_id(tx, "<>")

    assert found is not None
    assert found.id == id
    assert nothing is None


def test_repeats_are_counted_by_partner_organisation_and_message_since_a_moment(journal: Journal) -> None:
    north, message = PartnerId("north"), MessageId("m-1")
    with journal.write() as tx:
        for at in (NOW, NOW + MINUTE):
            entries.note_repeat(tx, north, "SOUTH", message, at)

        assert entries.repeats(tx, north, "SOUTH", message, NOW) == 2
        assert entries.repeats(tx, north, "SOUTH", message, NOW + MINUTE) == 1
        assert entries.repeats(tx, north, "WEST", message, NOW) == 0
        assert entries.repeats(tx, PartnerId("east"), "SOUTH", message, NOW) == 0
