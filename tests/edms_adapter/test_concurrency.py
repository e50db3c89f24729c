# SPDX-License-Identifier: GPL-3.0-or-later
"""Once for ever: many processes with one exchange id, and a process killed inside the transaction."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.edms_adapter.desk import Desk, letter

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS = 4, 8


def spawn(desk: Desk, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.edms_adapter.registering", desk.url, str(desk.files), *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_32_calls_with_one_exchange_id_make_one_card_and_one_number(desk: Desk) -> None:
    workers = [spawn(desk, "same", str(THREADS)) for _ in range(PROCESSES)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    answers = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        answers += json.loads(out)

    assert Counter(created for _, _, created in answers) == {True: 1, False: PROCESSES * THREADS - 1}
    assert len({(ref, number) for ref, number, _ in answers}) == 1
    assert (desk.count("card"), desk.count("edms_gw_exchange"), desk.count("inbox_row")) == (1, 1, 1)
    assert [row.last for row in desk.rows("select last from counter")] == [1]


def test_numbers_of_parallel_registrations_have_no_gap(desk: Desk) -> None:
    def register(number: int) -> str:
        return desk.registered(letter(f"doc-{number}", f"n-{number}"), f"ex-{number}").number.text

    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(register, range(40)))

    assert numbers == {f"ВХ-{number}" for number in range(1, 41)}


def test_a_process_killed_inside_the_transaction_leaves_no_trace_and_no_gap(desk: Desk) -> None:
    worker = spawn(desk, "stop")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()
    assert worker.stdout.readline() == "inside\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()

    assert desk.count("card") == 0
    assert desk.count("edms_gw_exchange") == 0
    made = desk.registered()
    assert (made.number.text, made.created) == ("ВХ-1", True)
