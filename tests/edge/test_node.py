# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway as a process of its own, when the world around it breaks: killed, without its journal, without room."""

import fcntl
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from gateway import node as nodes
from gateway.crew import drained, nudge
from gateway.demo.offices import free_ports
from gateway.edms_adapter import BUILT_IN
from gateway.edms_adapter.registry import people
from gateway.inbound.worker import MAX_STARTS
from gateway.journal import entries
from gateway.journal.entries import Direction, State
from gateway.journal.store import Journal
from gateway.starter import write_starter
from tests.story import partner

Found = TypeVar("Found")


class Node:
    """A configuration from `init`, and the gateway that runs with it."""

    def __init__(self, home: Path, *, journal: str = "", blobs: str = "", typed: tuple[str, ...] = ()) -> None:
        self.home, self.typed = home, typed
        write_starter(home)
        self.port, self.relay_port = free_ports(2)
        self.config = home / "gateway.toml"
        text = self.config.read_text().replace("127.0.0.1:2525", f"127.0.0.1:{self.port}")
        text = text.replace("port = 25  ", f"port = {self.relay_port}  ")
        if journal:
            text = text.replace('url = "sqlite:///journal.db"', f'url = "{journal}"')
        if blobs:
            text = text.replace('blobs = "blobs"', f'blobs = "{blobs}"')
        self.config.write_text(text)
        self.journal_url = journal or f"sqlite:///{home}/journal.db"
        self.blobs = Path(blobs) if blobs else home / "blobs"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / "gateway.log").open("ab") as log:
            command = [sys.executable, "-m", "gateway", "--config", str(self.config), "run", *self.typed]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            eventually(self.greets)
        except AssertionError:
            self.kill()
            told = (self.home / "gateway.log").read_text(errors="replace").splitlines()[-5:]
            raise AssertionError("\n".join(["the gateway never greeted; its last words:", *told])) from None

    def greets(self) -> bool:
        assert self.process is None or self.process.poll() is None, "the gateway ended"
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def kill(self) -> None:
        """Kill every process of the gateway, as a power cut would end them."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def started(self) -> int:
        """Return how often all its doors were opened."""
        return (self.home / "gateway.log").read_bytes().count(b'"event": "started"')

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def deliver(self, data: bytes) -> int:
        """Bring a letter as a mail server would; return the final reply code."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
                client.sendmail("exchange@partner.example", ["exchange@office.example"], data)
        except smtplib.SMTPResponseException as refusal:
            return refusal.smtp_code
        except smtplib.SMTPRecipientsRefused as refusal:
            return next(iter(refusal.recipients.values()))[0]
        return 250

    def registered(self) -> list[str]:
        with people.at_work(f"sqlite:///{self.home}/registry.db") as work:
            rows = people.rows(work, "select partner_number from card where number is not null order by partner_number")
            return [row.partner_number for row in rows]

    def letters(self) -> list[Any]:  # Any: entries
        journal = Journal.open(self.journal_url, self.blobs)
        try:
            with journal.read() as tx:
                return entries.select(tx, direction=Direction.IN, limit=1000)
        finally:
            journal.close()


def eventually(look: Callable[[], Found], seconds: float = 90) -> Found:
    """Return what *look* finds as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def workers_of(node: Node) -> list[int]:
    """Return the pids of the worker processes."""
    assert node.process is not None
    children = Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split()
    return [pid for pid in map(int, children) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@contextmanager
def running(node: Node) -> Iterator[Node]:
    node.start()
    try:
        yield node
    finally:
        node.stop()


def document(number: int) -> bytes:
    inside = partner.passport(
        message_id=f"{number:032x}",
        return_id=f"{number + 1000:032x}",
        uid=f"{number + 2000:032x}",
        number=f"77-{number:03}",
        sender="EXAMPLE-PARTNER",
        recipient="EXAMPLE-OFFICE",
    )
    return partner.letter(inside, sender="exchange@partner.example")


def numbers(*wanted: int) -> list[str]:
    return [f"77-{number:03}" for number in wanted]


def test_what_was_acknowledged_survives_a_kill_at_any_moment_and_is_registered_once(tmp_path: Path) -> None:
    node = Node(tmp_path / "d")
    accepted: list[int] = []
    number = 0
    for _ in range(MAX_STARTS - 1):  # one that was in hand each time is begun once more, and not parked for it
        node.start()
        for _ in range(12):
            number += 1
            if node.deliver(document(number)) == 250:
                accepted.append(number)
        node.kill()

    with running(node):
        eventually(lambda: node.registered() == numbers(*accepted))
        for again in accepted[:4]:
            assert node.deliver(document(again)) == 250
        eventually(lambda: all(letter.state is State.DONE for letter in node.letters()))

    assert len(accepted) == 24
    assert node.registered() == numbers(*accepted)


def test_a_dead_worker_is_replaced_and_its_letters_go_on(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        assert node.process is not None
        children = Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children")
        workers = [pid for pid in map(int, children.read_text().split()) if b"spawn_main" in cmdline(pid)]
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        assert node.deliver(document(1)) == 250

        eventually(lambda: node.registered() == numbers(1))


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_second_gateway_with_the_same_journal_does_not_start(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node:
        second = subprocess.run(
            [sys.executable, "-m", "gateway", "--config", str(node.config), "run"],
            capture_output=True,
            timeout=60,
            check=False,
        )

    assert second.returncode == 75
    assert b"another gateway runs with this journal" in second.stderr


def test_who_looks_whether_it_runs_does_not_keep_it_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "node.lock").open("wb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # as `status` does, for a moment
        monkeypatch.setattr("gateway.node.sleep", lambda seconds: looking.close())
        with nodes.only_one(tmp_path), pytest.raises(BlockingIOError, match="another gateway runs with this journal"):
            nodes.only_one(tmp_path)


def test_without_its_journal_it_says_try_later_and_goes_on_by_itself(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    url = postgres()
    with running(Node(tmp_path / "d", journal=url)) as node:
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))
        with outage(url):
            assert node.deliver(document(2)) == 451

        eventually(lambda: node.deliver(document(3)) == 250)
        eventually(lambda: node.registered() == numbers(1, 3))
        assert node.process is not None
        assert node.process.poll() is None


@contextmanager
def outage(url: str) -> Iterator[None]:
    """Take a database away from everybody, and give it back."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres".replace("+psycopg", ""), autocommit=True) as control:
        control.execute(f'alter database "{name}" allow_connections false')
        control.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        yield
        control.execute(f'alter database "{name}" allow_connections true')


def test_without_room_it_says_try_later_and_goes_on_by_itself(tmp_path: Path, volume: Path) -> None:
    with running(Node(tmp_path / "d", blobs=str(volume / "blobs"))) as node:
        filler = volume / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(volume).free - (8 << 20))
        assert node.deliver(document(1)) == 452

        filler.unlink()
        assert node.deliver(document(2)) == 250
        eventually(lambda: node.registered() == numbers(2))


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, in memory."""
    place = tmp_path / "volume"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system needs root: run the tests as root to see what happens when a disk is full")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.thorough
def test_a_new_configuration_that_cannot_start_gives_way_to_the_one_that_did(tmp_path: Path) -> None:
    with running(Node(tmp_path / "d")) as node, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        works = node.config.read_text()
        node.config.write_text(works.replace(f"127.0.0.1:{node.port}", f"127.0.0.1:{taken.getsockname()[1]}"))
        assert node.process is not None
        node.process.send_signal(signal.SIGHUP)

        eventually(lambda: b"the old one serves on" in (node.home / "gateway.log").read_bytes())
        eventually(node.greets)
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("document.subject", "document.subjct"),
        pytest.param("[files]", "[files", marks=pytest.mark.thorough),
        pytest.param("document.subject", "document.subject|klip(9)", marks=pytest.mark.thorough),
    ],
)
def test_a_mapping_that_is_wrong_is_not_used_and_the_service_goes_on_without_a_pause(
    tmp_path: Path, right: str, wrong: str
) -> None:
    node = Node(tmp_path / "d")
    works = (BUILT_IN / "registry.toml").read_text("utf-8")
    mapping = node.home / "own.toml"
    mapping.write_text(works, "utf-8")
    node.config.write_text(node.config.read_text().replace('mapping = "registry"', f'mapping = "{mapping}"'))
    with running(node):
        assert node.process is not None
        assert node.deliver(document(1)) == 250
        eventually(lambda: node.registered() == numbers(1))  # the workers have read it
        before = node.started()
        mapping.write_text(works.replace(right, wrong, 1), "utf-8")
        node.process.send_signal(signal.SIGHUP)

        eventually(lambda: b"the new configuration is not used" in (node.home / "gateway.log").read_bytes())
        assert node.deliver(document(2)) == 250
        eventually(lambda: node.registered() == numbers(1, 2))
        assert node.started() == before

        mapping.write_text(works, "utf-8")
        node.process.send_signal(signal.SIGHUP)
        eventually(lambda: node.started() == before + 1)


def test_waking_a_worker_that_never_looks_blocks_nobody() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        for _ in range(100_000):
            nudge(ours)

        assert drained(theirs)
        ours.close()
        assert not drained(theirs)
