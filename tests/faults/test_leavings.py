# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left behind: files of a crash are removed, and a service that runs on holds no more than it did."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.content import Held
from gateway.journal.blobs import Blobs
from tests.edge.test_node import Node, document, eventually, numbers, running
from tests.faults.test_disks import workers_of
from tests.faults.test_power import LONG, large, relay

POOLS = 60  # descriptors: two SQLite databases, up to ten connections each, up to three files a connection
TWO_DAYS = 2 * 86_400  # seconds; older than what the sweep leaves alone


class Tidying(Node):
    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.tidying", str(self.config)]
        with (self.home / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        eventually(self.greets)


@pytest.mark.thorough
def test_what_a_crash_leaves_in_the_spool_is_removed_and_what_a_row_names_stays(tmp_path: Path) -> None:
    node = Tidying(tmp_path / "d")
    node.start()
    assert node.deliver(large(1)) == 250
    eventually(lambda: node.registered() == numbers(1))
    half_a_letter(node)
    eventually(lambda: spool(node))
    node.kill()
    kept = files(node)
    orphan = Blobs(node.blobs).keep(Held(os.urandom(200_000)))
    left = spool(node)  # of the letter at least; a report may have been on its way
    for path in left:
        made_older(path)
    for path in files(node):
        made_older(path)

    with running(node):
        eventually(lambda: not any(path.exists() for path in left) and files(node) == kept)
        assert all(orphan.sha256 != path.name for path in files(node))
        assert node.deliver(document(2)) == 250
        eventually(lambda: node.registered() == numbers(1, 2))


def half_a_letter(node: Node) -> None:
    """Begin a letter that is never ended; the connection stays open until we do."""
    line = socket.create_connection(("127.0.0.1", node.port), 20)
    words = ("EHLO a.example", "MAIL FROM:<exchange@partner.example>", "RCPT TO:<exchange@office.example>", "DATA")
    for word in words:
        line.recv(1 << 16)
        line.sendall(f"{word}\r\n".encode())
    assert line.recv(1 << 16).startswith(b"354")
    line.sendall(b"a" * 500_000)
    line.detach()


def spool(node: Node) -> list[Path]:
    return list((node.blobs / "spool").iterdir())


def files(node: Node) -> list[Path]:
    return sorted(path for path in (node.blobs / "sha256").glob("??/*"))


def made_older(path: Path) -> None:
    then = time.time() - TWO_DAYS
    os.utime(path, (then, then))


@pytest.mark.thorough
def test_descriptors_and_threads_do_not_grow_with_letters(tmp_path: Path) -> None:
    many = 600 if LONG else 120
    node = Node(tmp_path / "d")
    with relay(node) as taken, running(node):
        for number in range(1, 41):
            assert node.deliver(document(number)) == 250
        eventually(lambda: len(taken.ids) == 80, 90)
        before = eventually(lambda: held(node))
        for number in range(41, 41 + many):
            assert node.deliver(document(number)) == 250
        eventually(lambda: len(taken.ids) == 2 * (40 + many), 180)

        eventually(lambda: not_more(held(node), before))


def held(node: Node) -> dict[int, tuple[int, int]]:
    """Return the descriptors and threads of every process of *node*."""
    assert node.process is not None
    pids = [node.process.pid, *workers_of(node)]
    return {pid: (len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))) for pid in pids}


def not_more(now: dict[int, tuple[int, int]], before: dict[int, tuple[int, int]]) -> bool:
    """Say whether the same processes hold what they held, but for pools that fill up: connections and threads."""
    threads = min(32, (os.cpu_count() or 1) + 4) + 4
    return now.keys() == before.keys() and all(
        now[pid][0] <= before[pid][0] + POOLS and now[pid][1] <= max(before[pid][1], threads) for pid in now
    )
