# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told of a service of Type=notify: one datagram each time (sd_notify(3)); nothing without systemd."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

PINGS = 3  # in the time after which systemd gives us up

log = structlog.get_logger(__name__)


class Systemd:
    """The socket that systemd named in *environment*, if it did."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        microseconds = environment.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(microseconds) / 1e6 if ours and microseconds.isdecimal() else 0.0  # 0: none

    def ready(self, status: str) -> None:
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=reading the configuration")

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=finishing the work in hand")

    async def watchdog(self, hung: Callable[[], tuple[str, ...]]) -> None:
        """Vouch for the service until cancelled, while nothing is *hung*; return at once when nobody asks for it."""
        if not (self._address and self.watchdog_seconds):
            return
        told: tuple[str, ...] = ()
        while True:
            if not (names := hung()):
                self._tell("WATCHDOG=1")
            if names != told:
                if names:
                    log.error("the service hangs", where=names)
                self._tell(f"STATUS={'hangs: ' + ', '.join(names) if names else 'goes on'}")
                told = names
            await asyncio.sleep(self.watchdog_seconds / PINGS)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)  # systemd's business, if it does not read
                line.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd does not listen", error=str(error))
