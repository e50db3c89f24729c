# SPDX-License-Identifier: GPL-3.0-or-later
"""An office whose files are put away and put back: yesterday's backup under today's world."""

import json
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.build import build
from gateway.cli import main
from gateway.journal import entries
from tests.story.offices import Town, TownOffice

JOURNAL = ("journal.db", "blobs")
EDMS = ("registry.db", "files")
_uids = count(1)


@dataclass(frozen=True, slots=True)
class Backup:
    """What an office had at one moment, the service stopped."""

    at: Path
    letters: int  # how many the post had carried by then


def put_away(office: TownOffice, town: Town, name: str = "backup") -> Backup:
    """Copy everything *office* has: its journal and its EDMS."""
    at = office.home.parent / f"{office.name}-{name}"
    _stop(office)
    at.mkdir()
    for part in (*JOURNAL, *EDMS):
        _copy(office.home / part, at / part)
    _start(office)
    return Backup(at, len(town.post.carried))


def put_back(office: TownOffice, backup: Backup | None, parts: tuple[str, ...]) -> None:
    """Give *office* these *parts* of *backup* in the place of its own; with None nothing in their place."""
    _stop(office)
    for part in parts:
        for old in office.home.glob(f"{part}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        if backup is not None:
            _copy(backup.at / part, office.home / part)
    _start(office)


def letters_to(office: TownOffice, town: Town, since: int = 0) -> list[tuple[str, bytes]]:
    """Return every letter that the post carried to *office*, with its sender."""
    return [(sender, data) for sender, to, data in town.post.carried[since:] if to == office.address]


def replay(office: TownOffice, letters: list[tuple[str, bytes]], *, mailbox: bool) -> None:
    """Let *letters* come once more: found in the mailbox by a rescan, or out of a mail server's archive."""
    for sender, data in letters:
        source = entries.imap_source("box", 9, next(_uids)) if mailbox else ""
        office.receive(data, sender, source=source, anew=not mailbox)


def call(office: TownOffice, *arguments: str) -> Result:
    """Type a command of *office*."""
    return CliRunner().invoke(main, ["--config", str(office.home / "gateway.toml"), *arguments])


def rows(office: TownOffice, *arguments: str) -> list[dict[str, Any]]:  # Any: JSON
    told = call(office, *arguments, "--json")
    assert told.exit_code in (0, 1), told.output
    assert isinstance(told.exception, SystemExit | None), told.exception
    return [json.loads(line) for line in told.output.splitlines() if line.startswith("{")]


def _stop(office: TownOffice) -> None:
    office.close()


def _start(office: TownOffice) -> None:
    office.parts = build(office.settings, office.clock)
    office.assemble()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)
