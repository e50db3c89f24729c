# SPDX-License-Identifier: GPL-3.0-or-later
"""Epochs, known copies, flags, and how mailboxes fare."""

from typing import Literal

import pytest

from gateway.errors import Reason
from gateway.journal import mailboxes
from gateway.journal.entries import State, imap_source
from gateway.journal.mailboxes import Epoch
from gateway.journal.store import Journal
from tests.journal.givens import MINUTE, NOW, accepted, concluded

BOX = "registry/INBOX"
Start = Literal["now", "all"]


def entered(journal: Journal, uidvalidity: int, uidnext: int, start: Start = "now", minutes: int = 0) -> Epoch:
    with journal.write() as tx:
        return mailboxes.enter(tx, BOX, uidvalidity, uidnext, start, NOW + minutes * MINUTE)


def copies(journal: Journal, *uids: int, uidvalidity: int = 7) -> list[int]:
    """Accept a letter from each of *uids*."""
    return [
        accepted(journal, source=imap_source(BOX, uidvalidity, uid), channel=BOX, arrived_anew=False)[0] for uid in uids
    ]


def unflagged(journal: Journal, limit: int = 10, uidvalidity: int = 7) -> tuple[int, ...]:
    with journal.read() as tx:
        return mailboxes.to_flag(tx, BOX, uidvalidity, limit)


@pytest.mark.parametrize(("start", "starts_at"), [("now", 120), ("all", 1)])
def test_the_first_epoch_begins_where_it_was_asked_to(journal: Journal, start: Start, starts_at: int) -> None:
    assert entered(journal, 7, 120, start) == Epoch(BOX, 7, starts_at, 120, None, changed=False)


def test_a_known_epoch_stays_as_it_was_opened(journal: Journal) -> None:
    first = entered(journal, 7, 120)

    assert entered(journal, 7, 300, "all", minutes=5) == first


@pytest.mark.parametrize(("start", "not_before"), [("now", NOW), ("all", None)])
def test_a_later_epoch_begins_with_everything_but_not_with_what_we_never_wanted(
    journal: Journal, start: Start, not_before: object
) -> None:
    entered(journal, 7, 120, start)

    assert entered(journal, 8, 90, start, minutes=5) == Epoch(BOX, 8, 1, 90, not_before, changed=True)
    assert entered(journal, 8, 95, start, minutes=6) == Epoch(BOX, 8, 1, 90, not_before, changed=False)


def test_going_back_to_an_earlier_epoch_is_a_change_that_is_known(journal: Journal) -> None:
    entered(journal, 7, 120)
    entered(journal, 8, 90)

    assert entered(journal, 7, 130) == Epoch(BOX, 7, 120, 120, None, changed=True)


def test_accepted_and_vanished_copies_are_known_in_their_epoch_only(journal: Journal) -> None:
    copies(journal, 1, 3)
    with journal.write() as tx:
        mailboxes.vanished(tx, BOX, 7, 4, NOW)
        mailboxes.vanished(tx, BOX, 7, 4, NOW)

        assert mailboxes.known(tx, BOX, 7, range(1, 1200)) == {1, 3, 4}
        assert mailboxes.known(tx, BOX, 8, [1, 3, 4]) == frozenset()
        assert mailboxes.known(tx, "other", 7, [1, 3, 4]) == frozenset()
        assert mailboxes.known(tx, BOX, 7, []) == frozenset()


def test_letters_are_flagged_once_they_came_to_an_end(journal: Journal) -> None:
    done, parked, _, waiting = copies(journal, 1, 2, 3, 4)
    concluded(journal, waiting, State.WAITING)
    concluded(journal, parked, State.PARKED, reason=Reason.STRANGER)
    concluded(journal, done, State.DONE)

    assert unflagged(journal) == (1, 2, 4)
    assert unflagged(journal, 2) == (1, 2)
    assert unflagged(journal, uidvalidity=8) == ()


def test_peoples_mail_is_never_flagged(journal: Journal) -> None:
    (mail,) = copies(journal, 1)
    concluded(journal, mail, State.DONE, reason=Reason.NO_PASSPORT)

    assert unflagged(journal) == ()


def test_a_letter_that_came_by_smtp_is_nobodys_to_flag(journal: Journal) -> None:
    (id,) = accepted(journal, channel=BOX)
    concluded(journal, id, State.DONE)

    assert unflagged(journal) == ()


def test_only_letters_of_one_kind_that_came_to_a_good_end_are_to_be_removed(journal: Journal) -> None:
    passed, failed, other, _, gone = copies(journal, 1, 2, 3, 4, 5)
    concluded(journal, passed, State.DONE, kind="self-test")
    concluded(journal, failed, State.DONE, kind="self-test", reason=Reason.SELF_TEST)
    concluded(journal, other, State.DONE, kind="document")
    concluded(journal, gone, State.DONE, kind="self-test")
    with journal.write() as tx:
        mailboxes.flagged(tx, BOX, 7, [5], NOW)

        assert mailboxes.to_remove(tx, BOX, 7, "self-test", 10) == (1,)
        assert mailboxes.to_remove(tx, BOX, 8, "self-test", 10) == ()
        assert mailboxes.to_remove(tx, "other", 7, "self-test", 10) == ()


def test_what_was_flagged_or_is_gone_is_not_asked_for_again(journal: Journal) -> None:
    first, second, third = copies(journal, 1, 2, 3)
    for id in (first, second, third):
        concluded(journal, id, State.PARKED)

    with journal.write() as tx:
        mailboxes.flagged(tx, BOX, 7, [1], NOW)
        mailboxes.vanished(tx, BOX, 7, 2, NOW)
    concluded(journal, first, State.DROPPED)

    assert unflagged(journal) == (3,)


def test_a_mailbox_tells_what_is_wrong_until_it_is_heard_again(journal: Journal) -> None:
    with journal.write() as tx:
        mailboxes.failed(tx, BOX, "no such password", NOW, login_refused=True)
        mailboxes.failed(tx, BOX, "no such password", NOW + MINUTE, login_refused=True)
        (ill,) = mailboxes.states(tx)
        mailboxes.heard(tx, BOX, NOW + 2 * MINUTE)
        (well,) = mailboxes.states(tx)

    assert (ill.mailbox, ill.uidvalidity, ill.heard_at, ill.failed_at) == (BOX, None, None, NOW)
    assert (ill.failures, ill.words, ill.login_refused) == (2, "no such password", True)
    assert (well.heard_at, well.failures, well.words, well.login_refused) == (NOW + 2 * MINUTE, 0, "", False)


def test_a_mailbox_that_failed_before_it_was_ever_entered_begins_like_any_other(journal: Journal) -> None:
    with journal.write() as tx:
        mailboxes.failed(tx, BOX, "refused", NOW, login_refused=False)

    assert entered(journal, 7, 120) == Epoch(BOX, 7, 120, 120, None, changed=False)
