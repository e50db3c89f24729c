# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration with a mailbox and a relay, and `doctor` over it as an administrator types it."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gateway.cli import main
from gateway.demo.offices import free_ports
from gateway.journal.store import Journal
from gateway.starter import write_starter

PATIENCE = "60"  # LIMIT: seconds for one answer, on a machine that has much else to do
BRIEF = ("--patience", "2")  # with those who never answer
LETTER = b"From: a@partner.example\r\nTo: b@office.example\r\nSubject: people write\r\n\r\nGood morning.\r\n"


@dataclass(frozen=True)
class Examined:
    """What `doctor --json` printed."""

    exit_code: int
    rows: list[dict[str, Any]]  # Any: as JSON has it

    def told(self, level: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["level"] == level]

    def about(self, tried: str) -> dict[str, Any]:
        """Return the only row whose trial begins so."""
        found = [row for row in self.rows if row["tried"].startswith(tried)]
        assert len(found) == 1, self.rows
        return found[0]


class Site:
    """A gateway that could start: its journal exists, its listener's port is free."""

    def __init__(self, home: Path) -> None:
        self.home = home
        write_starter(home)
        self.config = home / "gateway.toml"
        (self.port,) = free_ports(1)
        self.change("127.0.0.1:2525", f"127.0.0.1:{self.port}")
        Journal.open(f"sqlite:///{home}/journal.db", home / "blobs").close()

    def change(self, before: str, after: str, file: str = "gateway.toml") -> None:
        text = (self.home / file).read_text()
        assert before in text
        (self.home / file).write_text(text.replace(before, after, 1))

    def relay(self, port: int, **keys: Any) -> None:
        """Name the relay; keys as in gateway.toml."""
        written = {"host": "127.0.0.1", "port": port, "tls": "none"} | keys
        head, _, rest = self.config.read_text().partition("\n[relay]")
        _, _, rest = rest.partition("\n# [[other_relay]]")
        self.config.write_text(f"{head}\n[relay]\n{table(written)}\n# [[other_relay]]{rest}")

    def mailbox(self, port: int, **keys: Any) -> None:
        """Add a mailbox; keys as in gateway.toml."""
        usual = {"name": "box", "host": "localhost", "port": port, "tls": "none", "user": "u", "start": "now"}
        (self.home / "imap.secret").touch(0o600)
        (self.home / "imap.secret").write_text(keys.pop("password", "sesame"))
        written = usual | {"password_file": "imap.secret"} | keys
        self.config.write_text(f"{self.config.read_text()}\n[[mailbox]]\n{table(written)}")

    def examined(self, *options: str) -> Examined:
        words = ["--config", str(self.config), "doctor", "--json", "--patience", PATIENCE, *options]
        done = CliRunner().invoke(main, words)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Examined(done.exit_code, [json.loads(line) for line in done.stdout.splitlines()])

    async def examined_apart(self, *options: str) -> Examined:
        """Examine while servers of this very test answer."""
        return await asyncio.to_thread(self.examined, *options)


def table(keys: dict[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())
