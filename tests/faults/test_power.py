# SPDX-License-Identifier: GPL-3.0-or-later
"""After a power cut everything we answered for is there: the order of system calls, seen from outside."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler

from gateway.demo.offices import free_ports
from gateway.edms_adapter.sql.engines import engine as edms_engine
from gateway.journal.store import engine_of
from tests.edge.test_node import Node, document, eventually, numbers
from tests.faults import power
from tests.faults.sabotaged_service import SABOTAGES
from tests.servers.dovecot import Dovecot
from tests.story import partner

LONG = os.environ.get("GATEWAY_FAULTS") == "long"
LARGE = 400_000  # bytes of a file: its letter is a file in our store, and it is one in the EDMS's

needs_strace = pytest.mark.skipif(not power.strace_works(), reason=f"strace cannot trace here; type: {power.REMEDY}")


class Traced(Node):
    """A gateway under strace; its blobs are not made yet."""

    def __init__(self, home: Path, sabotage: str = "") -> None:
        super().__init__(home)
        self.sabotage = sabotage
        self.trace = home.parent / f"{home.name}.trace"
        for folder in sorted(self.blobs.rglob("*"), reverse=True):
            folder.rmdir()
        self.blobs.rmdir()
        self.before = [*home.iterdir(), *home.parents, home]

    def start(self) -> None:
        import subprocess

        command = [sys.executable, "-m", "tests.faults.sabotaged_service", str(self.config)]
        environment = os.environ | {"SABOTAGE": self.sabotage}
        with (self.home / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(
                power.watched(self.trace, command), stdout=log, stderr=log, start_new_session=True, env=environment
            )
        eventually(self.greets)

    def stop(self) -> None:
        """Stop the gateway; strace, which ends with it, has then written everything down."""
        if self.process is None or self.process.poll() is not None:
            return
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        try:
            self.process.wait(60)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def verdict(self, mailbox: str = "") -> power.Verdict:
        with self.trace.open(errors="replace") as lines:
            return power.judged(lines, self.home / "journal.db", self.before, mailbox=mailbox)


def large(number: int) -> bytes:
    inside = partner.passport(
        message_id=f"{number:032x}",
        return_id=f"{number + 1000:032x}",
        uid=f"{number + 2000:032x}",
        number=f"77-{number:03}",
        sender="EXAMPLE-PARTNER",
        recipient="EXAMPLE-OFFICE",
        size=str(LARGE),
    )
    return partner.letter(
        inside, {"letter[1].pdf": bytes(range(250)) * (LARGE // 250)}, sender="exchange@partner.example"
    )


class Taking(Handler):
    """A relay that takes everything."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def handle_message(self, message: object) -> None:
        self.ids.append(str(message["Message-ID"]).strip("<>"))  # type: ignore[index]


@contextmanager
def relay(node: Node, port: int = 0) -> Iterator[Taking]:
    """Take what *node* sends, to *port* if it has one already."""
    handler = Taking()
    if not port:
        (port,) = free_ports(1)
        text = node.config.read_text()
        node.config.write_text(re.sub(r"(?m)^port = \d+  ", f"port = {port}  ", text, count=1))
    server = Controller(handler, hostname="127.0.0.1", port=port, ready_timeout=60)
    server.start()
    try:
        yield handler
    finally:
        server.stop()


@contextmanager
def serving(node: Traced) -> Iterator[Traced]:
    try:
        node.start()
        yield node
    finally:
        node.stop()


@needs_strace
def test_every_250_and_every_letter_sent_stands_on_the_disk_before_it_is_said(tmp_path: Path) -> None:
    node = Traced(tmp_path / "d")
    letters = [large(1), *(document(number) for number in range(2, 5)), large(5)]
    with relay(node) as taken, serving(node):
        for letter in letters:
            assert node.deliver(letter) == 250
        eventually(lambda: node.registered() == numbers(1, 2, 3, 4, 5))
        eventually(lambda: len(taken.ids) == 2 * len(letters))

    verdict = node.verdict()
    assert verdict.complaints == []
    assert len(verdict.accepted) == len(letters)
    assert sorted(verdict.sent) == sorted(taken.ids)
    assert len([path for path in verdict.stored if "/blobs/" in path]) == 2
    assert len([path for path in verdict.stored if "/files/" in path]) == 2


COMPLAINTS = {
    "no file fsync": "is written and not synced",
    "no directory fsync": "is not synced in its folder",
    "no directory fsync in the EDMS's store": "is not synced in its folder",
    "no sync of the journal's log": "is told before its row is committed and synced",
    "250 before the commit": "is told before its row is committed and synced",
}
IN_SHORT = ("no sync of the journal's log",)


def test_every_sabotage_is_looked_for() -> None:
    assert COMPLAINTS.keys() == SABOTAGES.keys()


@pytest.mark.thorough
@needs_strace
@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_gateway_without_one_of_its_syncs_is_found_out(tmp_path: Path, sabotage: str) -> None:
    if not (LONG or sabotage in IN_SHORT):
        pytest.skip("the others run with GATEWAY_FAULTS=long")
    node = Traced(tmp_path / "d", sabotage)
    with serving(node):
        assert node.deliver(large(1)) == 250
        eventually(lambda: node.registered() == numbers(1))

    complaints = node.verdict().complaints
    assert [one for one in complaints if COMPLAINTS[sabotage] in one]


@needs_strace
def test_every_flag_in_a_mailbox_stands_on_the_disk_before_it_is_set(tmp_path: Path, dovecot: Dovecot) -> None:
    user = dovecot.user()
    node = Traced(tmp_path / "d")
    secret = tmp_path / "imap.secret"
    secret.write_text(dovecot.password)
    secret.chmod(0o600)
    node.config.write_text(
        node.config.read_text()
        + f'\n[[mailbox]]\nname = "box"\nhost = "127.0.0.1"\nport = {dovecot.imap_port}\ntls = "none"\n'
        f'user = "{user}"\npassword_file = "{secret}"\nstart = "all"\n'
    )
    for letter in (document(1), large(2), document(3)):
        dovecot.deliver(user, letter)
    with serving(node):
        eventually(lambda: len(dovecot.flags(user)) == 3 and all(dovecot.flags(user).values()))

    verdict = node.verdict(mailbox=f"imap:{dovecot.uidvalidity(user)}:%d:box")
    assert verdict.complaints == []
    assert sorted(verdict.flagged) == [1, 2, 3]
    assert len([path for path in verdict.stored if "/blobs/" in path]) == 1


def test_a_commit_in_postgresql_is_waited_for_though_the_server_would_not(postgres: Callable[[], str]) -> None:
    url = postgres()
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres".replace("+psycopg", ""), autocommit=True) as control:
        control.execute(f'alter database "{name}" set synchronous_commit = off')
    with psycopg.connect(url.replace("+psycopg", "")) as others:
        assert others.execute("show synchronous_commit").fetchone() == ("off",)

    for engine in (engine_of(url), edms_engine(url)):
        with engine.begin() as tx:
            assert tx.exec_driver_sql("show synchronous_commit").scalar() == "on"
        engine.dispose()
