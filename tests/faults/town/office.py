# SPDX-License-Identifier: GPL-3.0-or-later
"""The world's handle on an office's process: command, death, rebirth."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from tests.faults.town.inside import Break, live
from tests.faults.town.site import Site

_fork = multiprocessing.get_context("forkserver")  # forks from a process that has everything imported, and no threads
_fork.set_forkserver_preload(["tests.faults.town.warm"])
ANSWER_SECONDS = 120  # LIMIT: a process that says nothing for so long hangs


class Died(Exception):
    """The process was killed before it answered."""


class Failed(Exception):
    """The command raised; the process lives."""


@dataclass(frozen=True, slots=True)
class Answer:
    result: Any  # Any: what the command returned
    struck: bool  # the planned break happened, and was survived
    now: datetime


class OfficeProcess:
    """One office; `asked` answers what it asks of the world outside."""

    def __init__(self, site: Site, asked: Callable[..., Any]) -> None:
        self.site = site
        self._asked = asked
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None
        self._born_at: float | None = None
        self.struck = False  # whether the last command's break happened
        self.recoveries: list[float] = []  # seconds from a rebirth to the first work done

    @property
    def alive(self) -> bool:
        return self._process is not None

    def born(self, *, again: bool) -> None:
        """Fork the process; with *again* the time until its first work counts as a recovery."""
        self._pipe, theirs = _fork.Pipe()
        self._born_at = time.monotonic() if again else None
        self._process = _fork.Process(target=live, args=(self.site, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def command(self, now: datetime, planned: Break | None, name: str, *arguments: object) -> Answer:
        """Have *name* done; raises Died or Failed."""
        assert self._pipe is not None
        self.struck = False
        try:
            self._pipe.send((name, now, planned, arguments))
            while True:
                if not self._pipe.poll(ANSWER_SECONDS):
                    raise AssertionError(f"{self.site.name} hangs in {name}")
                kind, *said = self._pipe.recv()
                if kind != "ask":
                    break
                self._pipe.send(self._asked(self.site.name, *said))
        except (EOFError, ConnectionError, BrokenPipeError):
            self.kill()
            self.struck = planned is not None and planned.action == "kill"
            if not self.struck:
                raise AssertionError(f"{self.site.name} died in {name} of itself") from None
            raise Died(name) from None
        result, self.struck, moment = said
        if kind == "failed":
            raise Failed(result)
        if self._born_at is not None and result:
            self.recoveries.append(time.monotonic() - self._born_at)
            self._born_at = None
        return Answer(result, self.struck, moment)

    def kill(self) -> None:
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process = self._pipe = None
