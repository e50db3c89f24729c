# SPDX-License-Identifier: GPL-3.0-or-later
"""One gateway as real processes, what surrounds it, and who starts it again when it died.

The gateway is `tests.faults.service` with real sockets; its partner's mail server is a `Sink`.  Whoever waits for
something here also looks after the process, as an init system would: a dead one is started again, nothing else is done.
"""

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gateway.demo.offices import free_ports
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office, Staff
from tests.faults.breaks import Breaks
from tests.faults.ledger import Ledger
from tests.faults.service import Orders, ShiftedClock
from tests.faults.sink import Sink

Found = TypeVar("Found")

PATIENCE_SECONDS = 90.0  # for anything that must come by itself
STEP_SECONDS = 70  # the clock goes on by so much when nothing moves: pauses between attempts are for the real world
OURS = ("edms@minsk.example", "edms@east.example")
PARTNER = "edms@moscow.example"
CONFIG = """
secret = "a-secret-for-tests-only-0123456789abcdef"
partners = "partners.toml"
[[office]]
index = "EX-MINSK"
name = "Исполком, отделение в Минске"
address = "edms@minsk.example"
time_zone = "Europe/Minsk"
[[office]]
index = "EX-EAST"
name = "Исполком, восточное отделение"
address = "edms@east.example"
time_zone = "Asia/Vladivostok"
[journal]
url = "{journal}"
blobs = "blobs"
[edms]
mapping = "registry"
database = "{registry}"
files = "files"
poll = "1 s"
[[listener]]
name = "door"
bind = "127.0.0.1:{port}"
{mailboxes}
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[workers]
count = {workers}
"""
PARTNERS = """
[[channel]]
id = "moscow"
address = "edms@moscow.example"
[channel.proof]
kind = "none"
[[partner]]
id = "moscow"
name = "Исполком, отделение в Москве"
channel = "moscow"
indices = ["EX-MOSCOW"]
mode = "live"
[[receive]]
on_change = "add-files"
same_number = "register"
"""


@dataclass
class House:
    """A gateway, its registry, its journal, its partner."""

    home: Path
    sink: Sink
    journal: str = ""  # a database's URL; empty: SQLite
    registry: str = ""
    mailboxes: str = ""
    workers: int = 1
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    recoveries: list[float] = field(default_factory=list)  # seconds from process start to first greeting
    rests: list[float] = field(default_factory=list)  # … and until nothing was left to do
    shifted: float = 0.0

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.journal = self.journal or f"sqlite:///{self.home}/journal.db"
        self.registry = self.registry or f"sqlite:///{self.home}/registry.db"
        (self.port,) = free_ports(1)
        self._configure()
        self._furnish()
        hits, armed, clock = self.home / "hits", self.home / "armed", self.home / "clock"
        hits.mkdir()
        armed.touch()
        clock.write_text("0")
        self.breaks = Breaks(hits, armed=armed)
        self.clock = ShiftedClock(clock)
        self.orders = self.home / "orders.json"
        Orders(self.breaks, self.clock).write(self.orders)
        self.ledger = Ledger(self.home, self.journal, self.registry, self.sink)
        self._started = 0.0

    def _configure(self) -> None:
        told = {name: getattr(self, name) for name in ("journal", "registry", "port", "mailboxes", "workers")}
        (self.home / "gateway.toml").write_text(CONFIG.format(**told, relay=self.sink.port), encoding="utf-8")
        (self.home / "gateway.toml").chmod(0o600)
        (self.home / "partners.toml").write_text(PARTNERS, encoding="utf-8")

    def _furnish(self) -> None:
        (self.home / "files").mkdir()
        registry.create(self.registry)
        minsk, east = ("EX-MINSK", "Исполком, отделение в Минске"), ("EX-EAST", "Исполком, восточное отделение")
        people = (
            Staff("Озёрный Глеб Романович", "Заместитель председателя", "Руководство", "M-01"),
            Staff("Тихая Дарья Марковна", "Делопроизводитель", "Канцелярия", "M-02"),
        )
        far = (Staff("Маячная Ольга Львовна", "Директор", "Руководство", "E-01"),)
        registry.seed(self.registry, Office(*minsk), [Correspondent("EX-MOSCOW", "Москва")], people)
        registry.add_office(self.registry, Office(*east), far, prefixes=("В-", "ИВ-"))

    # --- the process

    def start(self) -> None:
        """Start the gateway and return when it greets."""
        with (self.home / "gateway.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.faults.service", str(self.home / "gateway.toml"), str(self.orders)]
            self._started = time.monotonic()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        end = self._started + PATIENCE_SECONDS
        while not self.greets():
            assert time.monotonic() < end, "it never greets"
            if self.dead():
                return  # a break hit it before it could greet; whoever waits starts it again
            time.sleep(0.02)
        if self.deaths:
            self.recoveries.append(time.monotonic() - self._started)

    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def keep(self) -> None:
        """Start the gateway again when it died."""
        if self.dead():
            self.deaths += 1
            self.start()

    def kill(self) -> None:
        """Kill every process of the gateway at once."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask the gateway to end; return its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(60)
        finally:
            self.kill()

    def greets(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def said(self, words: str) -> bool:
        """Say whether the gateway's log has *words*."""
        return words.encode() in (self.home / "gateway.log").read_bytes()

    # --- waiting

    def eventually(self, look: Callable[[], Found], what: str = "it", seconds: float = PATIENCE_SECONDS) -> Found:
        """Return what *look* finds as soon as it is true; a clock goes on that nothing else moves."""
        end, still = time.monotonic() + seconds, time.monotonic() + 2
        while not (found := look()):
            now = time.monotonic()
            assert now < end, f"{what} never came; {self.ledger.unfinished()}"
            self.keep()
            if now > still:
                self.pass_time(STEP_SECONDS)
                still = now + 1
            time.sleep(0.02)
        return found

    def pass_time(self, seconds: float) -> None:
        """Move the gateway's clock on."""
        self.shifted += seconds
        self.clock.shift(self.shifted)

    def rest(self) -> None:
        """Wait until the gateway lives and has nothing left to do (I3)."""
        self.eventually(lambda: not self.dead() and not self.ledger.unfinished(), "rest")
        if self.deaths > len(self.rests):
            self.rests.append(time.monotonic() - self._started)

    # --- the partner's mail server

    def deliver(self, letter: bytes, recipients: tuple[str, ...] = OURS[:1], tries: int = 200) -> None:
        """Bring *letter* as a mail server does: the same bytes again until somebody answers for them."""
        for _ in range(tries):
            answer = self.attempt(letter, recipients)
            if answer.startswith("250"):
                return
            assert not answer.startswith("5"), f"refused for ever: {answer}"
            self.keep()
            time.sleep(0.05)
        raise AssertionError("nobody ever took the letter")

    def attempt(self, letter: bytes, recipients: tuple[str, ...] = OURS[:1]) -> str:
        """Try once; return the last answer, empty when the line broke, and have it written down."""
        answer = ""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
                client.ehlo_or_helo_if_needed()
                client.mail(PARTNER)
                answers = [client.rcpt(recipient) for recipient in recipients]
                refused = next((one for one in answers if one[0] != 250), None)
                code, words = refused or client.data(letter)
                answer = f"{code} {words.decode()}"
        except smtplib.SMTPDataError as error:
            answer = f"{error.smtp_code} {error.smtp_error!r}"
        except (OSError, smtplib.SMTPException):
            pass
        self.ledger.answered(letter, answer)
        return answer


@contextmanager
def house(home: Path, **differences: object) -> Iterator[House]:
    """Run a gateway; at the end nothing of it is left."""
    with Sink() as sink:
        made = House(home, sink, **differences)  # type: ignore[arg-type]  # passed on as given
        made.start()
        try:
            yield made
        finally:
            made.kill()
            made.ledger.close()
