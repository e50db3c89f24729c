# SPDX-License-Identifier: GPL-3.0-or-later
"""One letter may kill, starve or hang the process that reads it, and no other letter suffers."""

import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Reason
from gateway.journal.entries import State
from tests.edge.test_node import Node, document, eventually, numbers
from tests.faults.test_power import relay

LONG = os.environ.get("GATEWAY_FAULTS") == "long"


class Hostile(Node):
    """A gateway whose workers do what a letter's envelope sender says; short of memory."""

    def __init__(self, home: Path, *, seconds: int = 60, patience: int = 60) -> None:
        super().__init__(home)
        self.readers = home / "readers"
        self.readers.touch()
        limits = f'[workers]\ncount = 1\nseconds = {seconds}\npatience = "{patience} s"\nmemory = "700 MiB"\n'
        self.config.write_text(self.config.read_text() + limits)

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.hostile", str(self.config), str(self.readers)]
        with (self.home / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        eventually(self.greets)

    def bring(self, number: int, sender: str = "exchange") -> None:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.sendmail(f"{sender}@partner.example", ["exchange@office.example"], document(number))

    def go(self) -> None:
        """Let the letters that wait in their worker's hands go on."""
        (self.home / "go").touch()

    def workers(self) -> list[int]:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [pid for pid in map(int, children) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def by_sender(self) -> dict[str, Any]:  # Any: entries
        return {letter.envelope_sender.partition("@")[0]: letter for letter in self.letters()}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Hostile]:
    hostile = Hostile(tmp_path / "d")
    hostile.start()
    yield hostile
    hostile.kill()  # what hangs would be waited for


def test_a_letter_that_kills_its_worker_three_times_is_parked_with_the_cause_and_its_batch_is_not_blamed(
    node: Hostile,
) -> None:
    node.bring(1, "wait")  # so that all the others are one batch
    node.bring(2, "segfault")
    for number in (3, 4, 5):
        node.bring(number)
    node.go()

    eventually(lambda: node.registered() == numbers(1, 3, 4, 5), 120)
    eventually(lambda: node.by_sender()["segfault"].state is State.PARKED)
    killer = node.by_sender()["segfault"]
    assert killer.reason == Reason.DEFECT
    assert "killed the worker three times" in killer.detail
    assert "SIGSEGV" in killer.detail
    assert [letter.starts for letter in node.letters() if letter.id != killer.id] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("deed", "seconds", "patience", "cause"),
    [("spin", 1, 60, "more than 1 s of processor time"), ("hang", 60, 1, "not done after 1 s")],
)
def test_a_letter_that_spins_is_stopped_by_its_processor_time_and_one_that_sleeps_by_the_clock(
    tmp_path: Path, deed: str, seconds: int, patience: int, cause: str
) -> None:
    node = Hostile(tmp_path / "d", seconds=seconds, patience=patience)
    node.start()
    try:
        node.bring(1, deed)

        eventually(lambda: cause in node.by_sender()[deed].detail, 90)
        if LONG:
            eventually(lambda: node.by_sender()[deed].state is State.PARKED, 90)
    finally:
        node.kill()


def test_a_letter_that_eats_memory_fails_by_itself_and_its_worker_lives(node: Hostile) -> None:
    before = eventually(node.workers)
    node.bring(1, "eat")
    node.bring(2)

    eventually(lambda: node.registered() == numbers(2))
    eventually(lambda: "MemoryError" in node.by_sender()["eat"].detail)
    assert node.by_sender()["eat"].starts == 1
    assert node.workers() == before


def test_no_byte_of_a_letter_is_read_in_the_process_that_owns_the_sockets(node: Hostile) -> None:
    for number in range(1, 6):
        node.bring(number)
    eventually(lambda: node.registered() == numbers(1, 2, 3, 4, 5))

    readers = {int(line.split()[0]) for line in node.readers.read_text().splitlines()}
    assert node.process is not None
    assert node.process.pid not in readers
    assert readers == set(node.workers())


def test_letters_are_sent_while_nobody_reads_those_that_came(tmp_path: Path) -> None:
    node = Hostile(tmp_path / "d")
    node.config.write_text(node.config.read_text() + '[retry]\nfirst = "1 s"\nlongest = "1 s"\n')
    port = next(line for line in node.config.read_text().splitlines() if line.startswith("port = ")).split()[2]
    node.start()
    try:
        node.bring(1)
        eventually(lambda: node.registered() == numbers(1))
        node.bring(2, "wait")
        for number in range(3, 23):
            node.bring(number)

        with relay(node, int(port)) as taken:
            eventually(lambda: len(taken.ids) == 2)
            assert node.registered() == numbers(1)
            node.go()
            eventually(lambda: len(taken.ids) == 44, 90)
    finally:
        node.kill()
