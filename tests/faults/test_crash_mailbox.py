# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway is killed between every two steps with a real mailbox: nothing is lost, doubled or touched."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.driver import break_one, whole_loop
from tests.faults.errands import Errand, a_file, document, ids
from tests.faults.house import House, house
from tests.faults.points import KILL, POINTS, RAISE
from tests.servers.dovecot import Dovecot

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
MAILBOX = """
[[mailbox]]
name = "{after}"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "mailbox.secret"
start = "all"
poll = "1 s"
after = "{after}"
{more}
"""
BLOCKS = 1_000_000  # bytes of a file whose letter is fetched in two blocks
PEOPLE = b"From: clerk@moscow.example\r\nTo: edms@minsk.example\r\nSubject: lunch\r\n\r\nAt noon?\r\n"
KEYWORD = "$EdmsExchange"


class Mailboxes:
    """Two mailboxes of one gateway: what is done is flagged in one and moved out of the other."""

    def __init__(self, dovecot: Dovecot, home: Path) -> None:
        self.dovecot = dovecot
        self.flags, self.moves = dovecot.user(), dovecot.user()
        self.brought = {self.flags: 0, self.moves: 0}
        for user in self.brought:
            dovecot.deliver(user, PEOPLE)
            assert dovecot.flags(user) == {1: frozenset()}  # looked at: what comes later has a later UID
        home.mkdir(parents=True)
        secret = home / "mailbox.secret"
        secret.touch(mode=0o600)
        secret.write_text(dovecot.password)

    @property
    def configuration(self) -> str:
        port = self.dovecot.imap_port
        flags = MAILBOX.format(after="flag", port=port, user=self.flags, more="")
        return flags + MAILBOX.format(after="move", port=port, user=self.moves, more='done_folder = "Done"')

    def flagged(self, office: House, number: int) -> None:
        """A letter lies in the mailbox, is registered and flagged."""
        self._comes(office, number, self.flags)
        office.eventually(lambda: self._marked() == self.brought[self.flags], "the flag")
        office.rest()

    def moved(self, office: House, number: int) -> None:
        """A letter lies in the mailbox, is registered and moved."""
        self._comes(office, number, self.moves)
        office.eventually(lambda: len(self._done()) == self.brought[self.moves], "the move")
        office.rest()

    def untouched(self) -> None:
        """I9: people's mail lies where it lay, without a mark; nothing else is in the folder of moved letters."""
        assert self.dovecot.flags(self.flags)[1] == frozenset()
        assert self.dovecot.flags(self.moves) == {1: frozenset()}
        assert len(self._done()) == self.brought[self.moves]

    def _comes(self, office: House, number: int, user: str) -> None:
        named, content = ids(number), a_file(number, BLOCKS)
        office.ledger.expects(named["uid"], named["return_id"], [content])
        self.dovecot.deliver(user, document(number, content))
        self.brought[user] += 1
        office.eventually(lambda: office.ledger.reports(named["return_id"]), "its registration")

    def _marked(self) -> int:
        return sum(KEYWORD in flags for flags in self.dovecot.flags(self.flags).values())

    def _done(self) -> dict[int, frozenset[str]]:
        try:
            return self.dovecot.flags(self.moves, "Done")
        except RuntimeError:  # nothing was moved yet: the folder is not there
            return {}


@pytest.fixture
def mailboxes(dovecot: Dovecot, tmp_path: Path) -> Mailboxes:
    return Mailboxes(dovecot, tmp_path / "office")


def breaks(mailboxes: Mailboxes) -> Iterator[tuple[Errand, tuple[str, int, str]]]:
    for point in POINTS:
        if point.errand is None:
            errand = mailboxes.moved if point.name in ("imap:tidied", "imap:taken") else mailboxes.flagged
            yield errand, (point.name, point.hit, KILL)
    yield mailboxes.moved, ("imap:tidied", 1, RAISE)  # the answer to MOVE is lost, the gateway lives


@pytest.mark.thorough
def test_a_kill_between_any_two_steps_with_a_mailbox_loses_nothing_and_doubles_nothing(
    mailboxes: Mailboxes, tmp_path: Path
) -> None:
    with house(tmp_path / "office", mailboxes=mailboxes.configuration) as office:
        for number, (errand, broken) in enumerate(breaks(mailboxes), 1):
            break_one(office, errand, number, broken)

        rows = office.ledger.journal("select source from entries where kind = 'document' and source like 'imap:%'")
        assert len(rows) == sum(mailboxes.brought.values())  # no copy was taken twice
        mailboxes.untouched()


@pytest.mark.skipif(not LONG, reason="every hit in every way takes long: make faults")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_hit_of_every_failpoint_of_a_mailbox_broken_in_every_way(
    mailboxes: Mailboxes, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    databases = {}
    if engine == "postgresql":
        postgres = request.getfixturevalue("postgres")
        databases = {"journal": postgres(), "registry": postgres()}
    with house(tmp_path / "office", mailboxes=mailboxes.configuration, **databases) as office:
        broke = whole_loop(office, (mailboxes.flagged, mailboxes.moved))

        mailboxes.untouched()
        assert [point.name for point in POINTS if point.errand is None and not broke[point.name]] == []
