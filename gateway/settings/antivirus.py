# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of [antivirus]: who looks into files before the EDMS gets them, and what becomes of what they find.

What each key means to an administrator is written once, in config/gateway.toml.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from gateway.settings.problems import wrong
from gateway.settings.values import Duration, MaxBytes, Name, Shape

FILE = "{file}"  # what a command names where it shall find the file
UNIX = "unix:"


def _clamd(value: str) -> str:
    host, _, port = value.rpartition(":")
    socket = value.startswith(UNIX + "/")
    if socket or (host and not value.startswith(UNIX) and port.isdecimal() and 0 < int(port) <= 65535):
        return value
    raise wrong("is not where clamd listens", 'write "unix:/run/clamav/clamd.ctl" or "127.0.0.1:3310"')


class AntivirusSettings(Shape):
    clamd: Annotated[Name, AfterValidator(_clamd)] | None = None  # None: no clamd
    command: tuple[Name, ...] = ()  # a program and its arguments, one of which has {file} in it; empty: none
    time_limit: Duration = timedelta(minutes=2)  # of the clock, for all files of one letter
    max_size: MaxBytes = 25 << 20  # of one file that is scanned
    too_large: Literal["wait", "pass"] = "wait"
    encrypted: Literal["wait", "pass"] = "wait"
    on_virus: Literal["wait", "refuse"] = "wait"
    outgoing: bool = True  # what we send is scanned, too

    @property
    def enabled(self) -> bool:
        return self.clamd is not None or bool(self.command)

    @property
    def socket(self) -> str:
        """The path of clamd's Unix socket, or empty."""
        return (self.clamd or "").removeprefix(UNIX) if (self.clamd or "").startswith(UNIX) else ""

    @property
    def address(self) -> tuple[str, int]:
        """Where clamd listens on TCP; meaningless for a Unix socket."""
        host, _, port = (self.clamd or "").rpartition(":")
        return host.strip("[]"), int(port) if port.isdecimal() else 0

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.clamd and self.command:
            raise wrong("stands beside clamd", "keep one of the two", "command")
        if self.model_fields_set and not self.enabled:
            raise wrong("nobody is named who scans", 'write clamd = "unix:/run/clamav/clamd.ctl", or command', "clamd")
        if self.command and not any(FILE in word for word in self.command[1:]):
            raise wrong(
                "does not say where the file goes", 'write for example ["/usr/bin/scanner", "{file}"]', "command"
            )
        if self.command and not self.command[0].startswith("/"):
            raise wrong(
                f'"{self.command[0]}" is no whole path', "name the program from the root: /usr/bin/…", "command"
            )
        return self
