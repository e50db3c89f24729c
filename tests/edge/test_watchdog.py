# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd hears of a gateway: that it is ready, that it stops, and that all its loops turn, as long as they do."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.edge.test_node import Node, cmdline, document, eventually, numbers

INTERVAL = 0.3  # seconds after which systemd would give us up


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, place: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(place))
        self.place = place

    def heard(self, seconds: float = 40) -> str:
        """Return what is said next; empty when nothing is for so long."""
        self.line.settimeout(seconds)
        try:
            return self.line.recv(4096).decode()
        except TimeoutError:
            return ""

    def until(self, words: str) -> str:
        """Return what is said with *words* in it, passing over everything before."""
        for _ in range(1500):  # ten pings a second: the EDMS may be silent for an hour, which is a minute in this hurry
            if words in (said := self.heard()):
                return said
            assert said, f"nothing is said any more, and never: {words}"
        raise AssertionError(f"never said: {words}")


class Hurried(Node):
    """A gateway under systemd, whose watchdog has seconds instead of minutes."""

    def start(self) -> None:
        self.hangs = self.home / "hangs"
        with (self.home / "gateway.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.edge.hurried_service", str(self.config), str(self.hangs)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        eventually(self.greets)


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    systemd = Systemd(tmp_path_factory.mktemp("systemd") / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.place))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(INTERVAL * 1e6)))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield systemd
    systemd.line.close()


@pytest.fixture
def node(tmp_path: Path, systemd: Systemd) -> Iterator[Hurried]:
    node = Hurried(tmp_path / "d")
    node.start()
    yield node
    if node.process is not None and node.process.poll() is None:
        node.kill()  # a thread that hangs ends with its process only


def test_systemd_hears_ready_reloading_ready_and_stopping(node: Hurried, systemd: Systemd) -> None:
    assert node.process is not None
    assert systemd.until("READY=1") == "READY=1\nSTATUS=1 listeners, 0 mailboxes, 0 folders"
    node.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in systemd.until("RELOADING=1")
    systemd.until("READY=1")
    node.process.terminate()
    systemd.until("STOPPING=1")

    assert node.process.wait(60) == 0


@pytest.mark.thorough
def test_a_quiet_night_is_no_reason_to_be_given_up(node: Hurried, systemd: Systemd) -> None:
    """A hundred pings, ten seconds: twice as long as a loop may be silent in this hurry."""
    systemd.until("READY=1")

    assert [systemd.heard(seconds=20) for _ in range(100)] == ["WATCHDOG=1"] * 100


def bring(node: Hurried) -> None:
    """Bring a letter and let nobody wait for the answer."""

    def deliver() -> None:
        with suppress(smtplib.SMTPException, OSError):
            node.deliver(document(1))

    threading.Thread(target=deliver, daemon=True).start()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("failpoint", "loop"),
    [("accept:before-commit", "accepting"), ("dispatch:noted", "sending"), ("collect:told-partners", "the EDMS")],
)
def test_a_loop_that_hangs_ends_the_pings_and_is_named(
    node: Hurried, systemd: Systemd, failpoint: str, loop: str
) -> None:
    systemd.until("WATCHDOG=1")
    node.hangs.write_text(failpoint)
    bring(node)

    systemd.until(f"STATUS=hangs: {loop}")
    assert systemd.heard(seconds=5 * INTERVAL) == ""


@pytest.mark.thorough
def test_a_process_that_hangs_altogether_says_nothing(node: Hurried, systemd: Systemd) -> None:
    """Sending is begun on the loop itself, so everything stands still."""
    systemd.until("WATCHDOG=1")
    node.hangs.write_text("dispatch:before-send")
    bring(node)

    assert eventually(lambda: systemd.heard(seconds=5 * INTERVAL) == "")


@pytest.mark.thorough
def test_a_worker_that_hangs_ends_the_pings_and_one_that_goes_on_begins_them_again(
    node: Hurried, systemd: Systemd
) -> None:
    assert node.process is not None
    children = Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children")
    workers = [pid for pid in map(int, children.read_text().split()) if b"spawn_main" in cmdline(pid)]
    systemd.until("READY=1")
    assert node.deliver(document(1)) == 250
    eventually(lambda: node.registered() == numbers(1))  # one of them is at work

    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    assert "STATUS=hangs: " in systemd.until("worker ")
    assert "WATCHDOG=1" not in [systemd.heard(seconds=5 * INTERVAL) for _ in range(3)]  # others may wait for its lock
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    systemd.until("STATUS=goes on")
    systemd.until("WATCHDOG=1")

    assert node.deliver(document(2)) == 250
    eventually(lambda: node.registered() == numbers(1, 2))


def test_without_systemd_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    node = Hurried(tmp_path / "d")
    node.start()
    try:
        assert node.deliver(document(1)) == 250
        assert b"systemd" not in (node.home / "gateway.log").read_bytes()
    finally:
        node.stop()
