# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that are full or sick: letters are refused for a while, nothing accepted is lost, all goes on by itself."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.journal.entries import State
from tests.edge.test_node import Node, document, eventually, numbers, running
from tests.faults.power import REMEDY, strace_works
from tests.faults.test_isolation import Hostile
from tests.faults.test_power import LONG, large
from tests.prompt import GATEWAY, typed

needs_strace = pytest.mark.skipif(not strace_works(), reason=f"strace cannot inject here; type: {REMEDY}")


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, in memory."""
    place = tmp_path / "volume"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system needs root: run the tests as root to see what happens when a disk is full")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def moved(node: Node, name: str, volume: Path) -> None:
    """Let *name* of the node's home lie on *volume*."""
    text = node.config.read_text()
    if name == "journal":
        node.config.write_text(text.replace("sqlite:///journal.db", f"sqlite:///{volume}/journal.db"))
        node.journal_url = f"sqlite:///{volume}/journal.db"
    elif name == "store":
        node.config.write_text(re.sub(r'(?m)^files = "files"', f'files = "{volume}/files"', text))
        (volume / "files").mkdir(mode=0o700)
        assert f"{volume}/files" in node.config.read_text()


@contextmanager
def full(volume: Path, leaving: int = 0) -> Iterator[None]:
    """Leave *leaving* bytes on *volume*, and give the room back at the end."""
    filler = volume / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(volume).free - leaving)
    yield
    filler.unlink()


def test_letters_are_refused_before_the_disk_of_the_journal_is_full(tmp_path: Path, volume: Path) -> None:
    node = Node(tmp_path / "d")
    moved(node, "journal", volume)
    with running(node):
        assert node.deliver(document(1)) == 250
        with full(volume, leaving=200 << 20):
            assert node.deliver(document(2)) == 452

        eventually(lambda: node.deliver(document(3)) == 250)
        eventually(lambda: node.registered() == numbers(1, 3))


@pytest.mark.thorough
def test_what_was_accepted_waits_while_the_journal_s_disk_is_full_and_no_letter_is_blamed(
    tmp_path: Path, volume: Path
) -> None:
    node = Hostile(tmp_path / "d")
    moved(node, "journal", volume)
    with running(node):
        node.bring(1, "wait")
        for number in range(2, 6):
            node.bring(number)
        with full(volume):
            node.go()
            eventually(lambda: "the journal is away or full" in log_of(node))

        eventually(lambda: node.registered() == numbers(1, 2, 3, 4, 5))
        assert {letter.starts for letter in node.letters()} == {1}
        assert "a worker died" not in log_of(node)


def workers_of(node: Node) -> Iterator[int]:
    assert node.process is not None
    for pid in Path(f"/proc/{node.process.pid}/task/{node.process.pid}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
            yield int(pid)


@pytest.mark.thorough
def test_a_full_store_of_the_edms_delays_large_documents_and_parks_none(tmp_path: Path, volume: Path) -> None:
    node = Node(tmp_path / "d")
    moved(node, "store", volume)
    with running(node):
        with full(volume):
            assert node.deliver(large(1)) == 250
            letter = eventually(lambda: next((one for one in node.letters() if "ENOSPC" in one.detail), None))
            assert letter.state is State.ACCEPTED
            assert letter.starts == 0
            assert letter.reason is None

        eventually(lambda: node.registered() == numbers(1))


def log_of(node: Node) -> str:
    return (node.home / "gateway.log").read_text()


@pytest.mark.thorough
@needs_strace
@pytest.mark.parametrize("sick", ["letters", "journal"])
def test_a_sync_that_fails_is_answered_with_451_marked_for_every_process_and_never_tried_again(
    tmp_path: Path, sick: str
) -> None:
    if sick == "letters" and not LONG:
        pytest.skip("the other one runs with GATEWAY_FAULTS=long")
    node = Node(tmp_path / "d")
    with running(node):
        assert node.deliver(large(1)) == 250
        eventually(lambda: node.registered() == numbers(1))
        with failing(node, "fsync" if sick == "letters" else "fdatasync"):
            assert node.deliver(large(2) if sick == "letters" else document(2)) == 451

        mark = node.blobs / "SICK"
        assert "error" in mark.read_text()
        assert node.deliver(document(3)) == 451
        assert str(mark) in status(node)
        node.stop()
        node.start()
        assert node.deliver(document(4)) == 451
        mark.unlink()
        assert node.deliver(large(5)) == 250
        eventually(lambda: node.registered() == numbers(1, 5))
        assert status(node) == ""


def status(node: Node) -> str:
    """Return what ``status`` says of the disk; with a word of it, it ends with 1."""
    done = typed(GATEWAY, "--config", node.config, "status", "--json")
    told = json.loads(done.stdout)
    assert not told["sick"] or (done.returncode, told["ok"]) == (1, False)
    return str(told["sick"])


@contextmanager
def failing(node: Node, call: str) -> Iterator[None]:
    """Let every *call* of the edge process fail with EIO meanwhile."""
    assert node.process is not None
    command = ["strace", "-f", "-p", str(node.process.pid), "-e", f"trace={call}", "-e", f"inject={call}:error=EIO"]
    tracer = subprocess.Popen([*command, "-o", "/dev/null"], stderr=subprocess.DEVNULL)
    status_of = Path(f"/proc/{node.process.pid}/status")
    eventually(lambda: f"TracerPid:\t{tracer.pid}" in status_of.read_text())
    eventually(lambda: all(f"TracerPid:\t{tracer.pid}" in read(task) for task in threads(node.process.pid)))
    try:
        yield
    finally:
        tracer.terminate()
        tracer.wait(30)


def threads(pid: int) -> list[Path]:
    return [task / "status" for task in Path(f"/proc/{pid}/task").iterdir()]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
