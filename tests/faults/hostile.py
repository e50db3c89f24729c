# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway with letters that do to their worker what no reader should.

``python -m tests.faults.hostile GATEWAY.TOML LOG``: what a letter does stands before the @ of its envelope sender.
Every reading of a letter's bytes is written into LOG by process, so a test can say who read and who did not.
A worker that died is replaced at once, to save the test's time.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway import crew
from gateway.dialects import tree
from gateway.inbound import worker
from gateway.journal.entries import Entry
from gateway.logs import configure_logs
from gateway.mail import split
from gateway.run import run_service
from gateway.settings_files import load

crew.REST_SECONDS = 0.05
_process, _splitter, _xml = worker.process, split._Splitter.__init__, tree._parser


def segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def spin() -> None:
    while True:
        pass


def hang() -> None:
    time.sleep(3600)


def eat() -> None:
    eaten = [bytes(64 << 20)]
    while True:
        eaten.append(bytes(64 << 20))


def wait() -> None:
    while not Path(sys.argv[2]).with_name("go").exists():
        time.sleep(0.02)


ACTS: dict[str, Callable[[], None]] = {"wait": wait, "segfault": segfault, "spin": spin, "hang": hang, "eat": eat}


def process(entry: Entry, *rest: Any) -> None:
    ACTS.get(entry.envelope_sender.partition("@")[0], lambda: None)()
    _process(entry, *rest)


def read_a_letter(self: Any, *rest: Any) -> None:
    note("letter")
    _splitter(self, *rest)


def read_xml(*rest: Any, **more: Any) -> Any:
    note("xml")
    return _xml(*rest, **more)


def note(what: str) -> None:
    with Path(sys.argv[2]).open("a") as log:
        log.write(f"{os.getpid()} {what}\n")


worker.process = process
split._Splitter.__init__ = read_a_letter  # type: ignore[method-assign]
tree._parser = read_xml


if __name__ == "__main__":
    configure_logs()
    run_service(lambda: load(Path(sys.argv[1])))
