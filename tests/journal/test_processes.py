# SPDX-License-Identifier: GPL-3.0-or-later
"""Real processes beside each other, some of which die."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gateway.journal import entries
from gateway.journal.entries import Direction, State
from gateway.journal.store import Journal
from tests.journal.givens import LEASE, NOW, accepted, claimed, ids, stands

Process = subprocess.Popen[str]


@contextmanager
def claimer(journal: Journal, url: str, name: str, limit: int) -> Iterator[Process]:
    """A worker that has opened the journal and waits for a line."""
    command = [sys.executable, "-m", "tests.journal.claimer", url, str(journal.blobs.directory), name, str(limit)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert said(process) == "ready\n"
        yield process
        if process.poll() is None:
            process.kill()


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: Process) -> str:
    """Wait for the next line."""
    assert process.stdout is not None
    return process.stdout.readline()


def claims(line: str) -> list[int]:
    return [int(word) for word in line.split()]


def test_two_processes_never_claim_the_same_letter_and_leave_none(journal: Journal, journal_url: str) -> None:
    letters = [id for lane in ("a", "b", "c") for id in accepted(journal, 40, lane=lane)]

    with ExitStack() as stack:
        workers = [stack.enter_context(claimer(journal, journal_url, f"worker-{n}", 5)) for n in (1, 2)]
        for worker in workers:
            go(worker)
        first = [claims(said(worker)) for worker in workers]
        for worker in workers:
            go(worker)
        rest = [claims(worker.communicate(timeout=60)[0]) for worker in workers]

    assert [len(batch) for batch in first] == [5, 5]
    assert sorted(first[0] + first[1] + rest[0] + rest[1]) == sorted(letters)
    with journal.read() as tx:
        assert entries.counts(tx).by_state == {(Direction.IN, State.DONE): len(letters)}


def test_what_a_killed_process_held_comes_back_after_the_lease_counted_and_alone(
    journal: Journal, journal_url: str
) -> None:
    letters = accepted(journal, 3)
    with claimer(journal, journal_url, "doomed", 3) as doomed:
        go(doomed)
        held = claims(said(doomed))
        doomed.kill()
        doomed.wait()
        died_by = doomed.returncode

    before = claimed(journal)
    after = [ids(claimed(journal, now=NOW + LEASE)) for _ in range(4)]

    assert (held, died_by) == (letters, -signal.SIGKILL)
    assert before == []
    assert after == [[letters[0]], [letters[1]], [letters[2]], []]
    assert [stands(journal, id).starts for id in letters] == [2, 2, 2]


def test_many_processes_may_create_the_same_journal_at_once(empty_url: str, tmp_path: object) -> None:
    command = [sys.executable, "-m", "tests.journal.claimer", empty_url, f"{tmp_path}/blobs", "worker", "1"]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    ends = [(worker.communicate("go\ngo\n", timeout=60), worker.returncode) for worker in workers]

    assert [(output, code) for (output, _), code in ends] == [("ready\n\n", 0)] * 3
