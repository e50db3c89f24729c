# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways to measure: the real service as a process of its own, on SQLite with the built-in registry."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from gateway.demo.offices import MINSK, MOSCOW, DemoOffice, free_ports
from gateway.edms_adapter import registry
from gateway.edms_adapter.registry import Correspondent, Office

MIB = 1 << 20
READY_SECONDS, STOP_SECONDS = 30.0, 30.0
_TICKS = os.sysconf("SC_CLK_TCK")

_GATEWAY = """\
secret_file = "office.secret"
partners = "partners.toml"
[[office]]
index = "{us.index}"
name = "{us.title}"
address = "{us.address}"
time_zone = "{us.time_zone}"
[journal]
url = "sqlite:///journal.db"
blobs = "blobs"
[edms]
mapping = "registry"
database = "sqlite:///registry.db"
files = "files"
poll = "1 s"
[[listener]]
name = "door"
bind = "127.0.0.1:{us.port}"
max_letter = "400 MiB"
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[workers]
count = {workers}
[limits]
letter = "400 MiB"
"""
_PARTNERS = """\
[[channel]]
id = "{them.name}"
address = "{them.address}"
max_letter = "400 MiB"
[channel.proof]
kind = "network"
peers = ["127.0.0.1"]
[[partner]]
id = "{them.name}"
name = "{them.title}"
channel = "{them.name}"
indices = ["{them.index}"]
mode = "live"
"""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway; `home` holds its journal, its registry and its log."""

    office: DemoOffice
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return self.office.port

    @property
    def journal(self) -> Path:
        return self.office.home / "journal.db"

    def pids(self) -> list[int]:
        """Return the processes of this gateway: the edge and everything it started."""
        found, look = [], [self.process.pid]
        while look:
            pid = look.pop()
            found.append(pid)
            look += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return found

    def peaks(self) -> dict[int, int]:
        """Return the peak resident bytes of every process by pid (VmHWM)."""
        return {pid: peak(pid) for pid in self.pids()}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the gateway stand still, so that others are measured on a machine of their own."""
        os.killpg(self.process.pid, signal.SIGSTOP)  # the group is the gateway's own: it began a session
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def processor_seconds(self) -> float:
        """Return the processor time that all its processes have used so far."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.pids()]
        return sum(int(values[11]) + int(values[12]) for values in fields) / _TICKS


def prepare(
    home: Path, relay: int, *, workers: int = 2, us: DemoOffice = MINSK, them: DemoOffice = MOSCOW
) -> DemoOffice:
    """Write the configuration of *us*, whose only partner is *them*, and an empty registry into *home*."""
    home.mkdir(parents=True)
    office = replace(us, home=home, port=us.port or free_ports(1)[0])
    office.config.write_text(_GATEWAY.format(us=office, relay=relay, workers=workers), encoding="utf-8")
    (home / "partners.toml").write_text(_PARTNERS.format(them=them), encoding="utf-8")
    secret = home / "office.secret"
    secret.touch(mode=0o600)
    secret.write_text(token_hex(32) + "\n")
    registry.create(office.registry)
    registry.seed(
        office.registry,
        Office(office.index, office.title),
        [Correspondent(them.index, them.title)],
        office.people,
        prefixes=office.prefixes,
    )
    return office


@contextmanager
def running(office: DemoOffice) -> Iterator[Gateway]:
    """Run *office*'s gateway; its log stays in its home."""
    with (office.home / "gateway.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "--config", str(office.config), "run"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    gateway = Gateway(office, process)
    try:
        answering(office.port, process)
        yield gateway
    finally:
        stop(process)


def answering(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when a server greets at *port*; raises RuntimeError when it never does."""
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as line:
            if line.recv(4) == b"220 ":
                return
        time.sleep(0.05)
    raise RuntimeError(f"no server answers on port {port}: {process.args!r}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End one process we started, by force when it does not listen."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:"))
