# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching real mailboxes of a real Dovecot."""

import asyncio
import hashlib
import tempfile
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest

from gateway.content import MemorySink
from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.login import enter
from gateway.inbound.imap.session import Session, Vanished
from gateway.inbound.imap.watch import Watching
from gateway.journal.entries import imap_source
from gateway.model import Content
from gateway.tls import Trust
from tests.inbound.imap_kit import Remembering, Watch
from tests.servers.dovecot import Dovecot
from tests.servers.dovecot import running as dovecot_server


def letter(subject: str) -> bytes:
    lines = ("From: office@sender.example", "To: registry@receiver.example", f"Subject: {subject}", "", "To file.", "")
    return "\r\n".join(lines).encode()


def watched(dovecot: Dovecot, user: str, **more: Any) -> Watching:
    settings: dict[str, Any] = {"name": "exchange", "start": "all", "tls": "none", "port": dovecot.imap_port} | more
    return Watching(host=dovecot.host, user=user, password=dovecot.password, **settings)


async def test_the_first_start_leaves_old_letters_alone_when_told_so(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.deliver(user, letter("old"))
    watch = Watch()

    async with watch.running(watched(dovecot, user, start="now")):
        await watch.memory.rounds_done(1)
        dovecot.deliver(user, letter("new"))
        await watch.accepting.count(1)

    assert watch.accepting.letters() == [letter("new")]
    assert watch.accepting.deliveries[0].arrived_anew


async def test_the_first_start_takes_old_letters_when_told_so_and_knows_they_are_old(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.deliver(user, letter("old"))
    watch = Watch()

    async with watch.running(watched(dovecot, user)):
        await watch.accepting.count(1)

    delivery = watch.accepting.deliveries[0]
    assert watch.accepting.letters() == [letter("old")]
    assert delivery.source == imap_source("exchange", dovecot.uidvalidity(user), 1)
    assert (delivery.channel, delivery.envelope_sender, delivery.recipients) == ("exchange", "", ())
    assert not delivery.arrived_anew


async def test_a_new_letter_is_announced_by_idle_and_taken_at_once(dovecot: Dovecot) -> None:
    user = dovecot.user()
    watch = Watch()

    async with watch.running(watched(dovecot, user)):
        await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
        dovecot.deliver(user, letter("new"))
        await watch.accepting.count(1)

    assert watch.memory.failures == []  # the poll never ends here, so only the server can have told of it


async def test_polling_finds_what_idle_does_not_announce(dovecot: Dovecot) -> None:
    user = dovecot.user()
    watch = Watch()

    async with watch.running(watched(dovecot, user)):
        await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
        watch.sleeping.over()
        await watch.memory.rounds_done(2)

    assert watch.memory.failures == []


async def test_the_password_goes_over_tls_to_the_right_server_only(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.deliver(user, letter("sealed"))
    watch, stranger = Watch(), Watch(lasts=lambda pause: True)

    async with watch.running(
        watched(dovecot, user, tls="implicit", port=dovecot.imaps_port, trust=Trust(str(dovecot.ca_file)))
    ):
        await watch.accepting.count(1)
    async with stranger.running(watched(dovecot, user, tls="implicit", port=dovecot.imaps_port)):
        failures = await stranger.memory.failures_told(1)

    assert watch.accepting.letters() == [letter("sealed")]
    assert "CERTIFICATE_VERIFY_FAILED" in failures[0][0]


async def test_a_wrong_password_is_told_in_the_server_s_words_and_not_hammered(dovecot: Dovecot) -> None:
    user = dovecot.user()
    watch = Watch(lasts=lambda pause: pause == timedelta(minutes=30))
    wrong = Watching(
        name="exchange", host=dovecot.host, port=dovecot.imap_port, tls="none", user=user, password="not this one"
    )

    async with watch.running(wrong):
        await watch.sleeping.until(lambda: timedelta(minutes=30) in watch.sleeping.pauses)

    assert [refused for _, refused in watch.memory.failures] == [True, True, True]
    assert "AUTHENTICATIONFAILED" in watch.memory.failures[0][0]
    assert "not this one" not in str(watch.memory.failures)


class Hashing:
    """A sink that keeps nothing but a digest and a length."""

    def __init__(self) -> None:
        self.digest, self.size = hashlib.sha256(), 0

    def write(self, block: bytes) -> None:
        self.digest.update(block)
        self.size += len(block)

    def close(self) -> Content:
        return MemorySink().close()

    def discard(self) -> None:
        pass


async def test_a_large_letter_comes_through_byte_by_byte_in_bounded_memory(dovecot: Dovecot) -> None:
    user = dovecot.user()
    body = (b"0123456789abcdef" * 4 + b"\r\n") * (25 * (1 << 20) // 66)
    sent = letter("large") + body
    dovecot.deliver(user, sent)
    expected, size = hashlib.sha256(sent).hexdigest(), len(sent)
    del body, sent
    sinks: list[Hashing] = []
    watch = Watch()
    watch.accepting.new_sink = lambda: sinks.append(Hashing()) or sinks[-1]  # type: ignore[func-returns-value]
    tracemalloc.start()
    try:
        async with watch.running(watched(dovecot, user)):
            await watch.accepting.count(1)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (sinks[0].digest.hexdigest(), sinks[0].size) == (expected, size)
    assert peak_bytes < 8 << 20


async def test_only_the_letters_the_memory_names_are_flagged_and_people_s_mail_stays_as_it_is(dovecot: Dovecot) -> None:
    user = dovecot.user()
    for subject in ("exchange", "people"):
        dovecot.deliver(user, letter(subject))
    watch = Watch()

    async with watch.running(watched(dovecot, user)):
        await watch.accepting.count(2)
        await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
        before = dovecot.flags(user)
        concluded = watch.accepting.letters().index(letter("exchange")) + 1  # they were taken in the order of UIDs
        watch.memory.wanted_flags = {concluded}
        watch.wake.set()
        await watch.memory.until(lambda: bool(watch.memory.was_flagged))

    assert before == {1: frozenset(), 2: frozenset()}
    assert dovecot.flags(user) == {concluded: frozenset({"$EdmsExchange"}), 3 - concluded: frozenset()}


@pytest.mark.parametrize("more", [{}, {"after": "leave"}, {"after": "move", "done_folder": "Done"}])
async def test_letters_of_self_tests_are_taken_out_when_told_and_what_others_marked_as_deleted_stays(
    dovecot: Dovecot, more: dict[str, Any]
) -> None:
    user, watch = with_a_test(dovecot)

    async with watch.running(watched(dovecot, user, removes_tests=True, **more)):
        await done_with(watch)
        await watch.memory.until(lambda: 1 in watch.memory.was_flagged)

    assert dovecot.flags(user) == {2: frozenset({"\\Deleted"})}


async def test_letters_of_self_tests_stay_when_nobody_told_otherwise(dovecot: Dovecot) -> None:
    user, watch = with_a_test(dovecot)

    async with watch.running(watched(dovecot, user)):
        await done_with(watch)
        await watch.memory.until(lambda: 1 in watch.memory.was_flagged)

    assert dovecot.flags(user) == {1: frozenset({"$EdmsExchange"}), 2: frozenset({"\\Deleted"})}


async def test_without_uidplus_letters_of_self_tests_are_flagged_like_any_other() -> None:
    with dovecot_server("imap_capability = IMAP4rev1 IDLE\n") as plain:
        user, watch = with_a_test(plain)
        async with watch.running(watched(plain, user, removes_tests=True)):
            await done_with(watch)
            await watch.memory.until(lambda: 1 in watch.memory.was_flagged)

        assert plain.flags(user) == {1: frozenset({"$EdmsExchange"}), 2: frozenset({"\\Deleted"})}


def with_a_test(dovecot: Dovecot) -> tuple[str, Watch]:
    """Deliver a letter of a test, and one that a person marked as deleted."""
    user = dovecot.user()
    dovecot.deliver(user, letter("test"))
    dovecot.deliver(user, letter("people"))
    dovecot.doveadm("flags", "add", "-u", user, "\\Deleted", "mailbox", "INBOX", "uid", "2")
    return user, Watch()


async def done_with(watch: Watch) -> None:
    """Let the first letter come to its end."""
    await watch.accepting.count(2)
    await watch.sleeping.until(lambda: watch.poll in watch.sleeping.pauses)
    watch.memory.wanted_flags = watch.memory.tests = {1}
    watch.wake.set()


async def test_concluded_letters_are_moved_to_a_folder_that_is_made_when_missing(dovecot: Dovecot) -> None:
    user = dovecot.user()
    for subject in ("first", "second"):
        dovecot.deliver(user, letter(subject))
    watch = Watch()

    async with watch.running(watched(dovecot, user, after="move", done_folder="Erledigt & geprüft")):
        await watch.accepting.count(2)
        watch.memory.wanted_flags = {2}
        watch.wake.set()
        await watch.memory.until(lambda: bool(watch.memory.was_flagged))

    assert dovecot.flags(user) == {1: frozenset()}
    assert dovecot.flags(user, "Erledigt & geprüft") == {1: frozenset()}


async def test_without_move_only_what_is_proven_to_be_copied_is_taken_out(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.folder(user, "Done")
    for subject in ("first", "second"):
        dovecot.deliver(user, letter(subject))
    client = await enter(watched(dovecot, user).account())
    session = Session(client, "INBOX")
    try:
        await session.select()
        await client.uid("STORE", "1", "+FLAGS.SILENT (\\Deleted)")  # a person's own, not yet expunged
        client.protocol.capabilities.discard("MOVE")

        gone = await session.move([2, 7], "Done")
    finally:
        await session.close()

    assert gone == {2, 7}
    assert dovecot.flags(user) == {1: frozenset({"\\Deleted"})}
    assert len(dovecot.flags(user, "Done")) == 1


async def test_a_new_uidvalidity_shows_every_letter_again_and_none_as_new(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.folder(user, "Exchange")
    for subject in ("first", "second"):
        dovecot.deliver(user, letter(subject), "Exchange")
    watch = Watch()

    async with watch.running(watched(dovecot, user, folder="Exchange")):
        await watch.accepting.count(2)
        dovecot.recreate(user, "Exchange")
        watch.wake.set()
        deliveries = await watch.accepting.count(4)
        await watch.memory.until(lambda: len(watch.memory.epochs) == 2)
        dovecot.deliver(user, letter("third"), "Exchange")
        await watch.accepting.count(5)

    assert sorted(watch.accepting.letters()[2:4]) == sorted(watch.accepting.letters()[:2])
    assert [delivery.arrived_anew for delivery in deliveries[2:]] == [False, False, True]
    assert len({delivery.source for delivery in deliveries}) == 5


async def test_a_server_that_restarts_is_found_again_and_nothing_is_taken_twice(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.deliver(user, letter("before"))
    watch = Watch(lasts=lambda pause: pause > timedelta(seconds=30))

    async with watch.running(watched(dovecot, user)):
        await watch.accepting.count(1)
        await asyncio.to_thread(dovecot.restart)
        dovecot.deliver(user, letter("after"))
        await watch.accepting.count(2)

    assert watch.accepting.letters() == [letter("before"), letter("after")]


async def test_a_letter_expunged_between_search_and_fetch_is_recorded_as_vanished_never_as_empty(
    dovecot: Dovecot,
) -> None:
    user = dovecot.user()
    for subject in ("goes", "stays"):
        dovecot.deliver(user, letter(subject))
    watch = Watch()
    forgetful = ExpungeWhenAsked(watch, lambda: dovecot.expunge(user, 1))
    watch.memory = forgetful

    async with watch.running(watched(dovecot, user)):
        await watch.accepting.count(1)

    assert forgetful.gone == {("exchange", dovecot.uidvalidity(user), 1)}
    assert [delivery.source for delivery in watch.accepting.deliveries] == [
        imap_source("exchange", dovecot.uidvalidity(user), 2)
    ]


class ExpungeWhenAsked(Remembering):
    """Has a letter removed by somebody else after SEARCH has found it."""

    def __init__(self, watch: Watch, expunge: Any) -> None:
        super().__init__(watch.accepting)
        self._expunge = expunge

    async def known(self, mailbox: str, uidvalidity: int, uids: Any) -> frozenset[int]:
        known = await super().known(mailbox, uidvalidity, uids)
        if not self.rounds and self._expunge:
            await asyncio.to_thread(self._expunge)
            self._expunge = None
        return known


async def test_a_letter_expunged_between_two_blocks_is_vanished(dovecot: Dovecot) -> None:
    user = dovecot.user()
    dovecot.deliver(user, letter("large") + (b"x" * 70 + b"\r\n") * 40_000)
    client = await enter(watched(dovecot, user).account())
    session = Session(client, "INBOX")

    class Expunging(MemorySink):
        def write(self, block: bytes) -> None:
            super().write(block)
            dovecot.expunge(user, 1)

    try:
        await session.select()
        size = (await session.described([1]))[1].size or 0
        assert size > 2 << 20

        with pytest.raises(Vanished):
            await session.read(1, size, Expunging(), 1 << 30)
    finally:
        await session.close()


async def test_two_mailboxes_are_watched_side_by_side(dovecot: Dovecot) -> None:
    users = dovecot.user(), dovecot.user()
    for user in users:
        dovecot.deliver(user, letter(user))
    first, second = Watch(), Watch()

    async with (
        first.running(watched(dovecot, users[0], name="a")),
        second.running(watched(dovecot, users[1], name="b")),
    ):
        await first.accepting.count(1)
        await second.accepting.count(1)

    assert [first.accepting.letters(), second.accepting.letters()] == [[letter(users[0])], [letter(users[1])]]


async def test_a_stop_finishes_the_letter_in_hand_and_takes_no_other(dovecot: Dovecot) -> None:
    user = dovecot.user()
    for subject in ("in hand", "left"):
        dovecot.deliver(user, letter(subject))
    watch = Watch()
    watch.accepting.gate = asyncio.Event()

    async with watch.running(watched(dovecot, user)):
        await watch.accepting.entered.wait()
        watch.stop.set()
        watch.accepting.gate.set()

    assert len(watch.accepting.deliveries) == 1


async def test_a_folder_with_thousands_of_letters_is_searched_in_windows(dovecot: Dovecot) -> None:
    user = dovecot.user()
    for number in range(450):
        dovecot.deliver(user, letter(str(number)))
    watch = Watch()

    async with watch.running(watched(dovecot, user, per_cycle=50)):
        await watch.accepting.count(450)

    assert len({delivery.source for delivery in watch.accepting.deliveries}) == 450


async def test_a_folder_that_is_not_there_is_said_in_the_server_s_words(dovecot: Dovecot) -> None:
    user = dovecot.user()
    watch = Watch(lasts=lambda pause: True)

    async with watch.running(watched(dovecot, user, folder="Nirgends")):
        failures = await watch.memory.failures_told(1)

    assert "Nirgends" in failures[0][0]
    assert not failures[0][1]


async def test_a_subject_keeps_its_stars_and_an_unanswered_command_ends_the_session(dovecot: Dovecot) -> None:
    user = dovecot.user()
    client = GuardedClient(dovecot.host, dovecot.imap_port, tls=None)
    await client.wait_hello_from_server()
    try:
        await client.login(user, dovecot.password)
        await client.protocol.capability()
        await client.create('"a* b* ok"')
        answer = await client.list('""', '"*"')
    finally:
        await client.hang_up()

    assert any(b'"a* b* ok"' in line or b"a* b* ok" in line for line in answer.lines)
    with pytest.raises(ConnectionBroken):
        await client.noop()


def test_the_test_server_keeps_its_files_to_itself(dovecot: Dovecot) -> None:
    assert str(dovecot.home).startswith(tempfile.gettempdir())
