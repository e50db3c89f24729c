# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages in directories, made by hand as a vendor's server or a mail product leaves them."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.inbound.delivery import Delivery
from gateway.inbound.folder import JournalFolders, Watching
from gateway.inbound.folder.watch import Vigil
from gateway.journal import entries
from gateway.journal.entries import Arrival, Direction, Entry
from gateway.journal.mailboxes import MailboxState, states
from gateway.journal.store import Journal
from gateway.model import Sink
from gateway.ports import Failpoint, nothing_fails
from tests.story.offices import HandClock

PASSPORT = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?><DocInfo xmlns="http://www.eos.ru/2010/sev">'
    '<Header MessageID="{id}" Version="1.0" ResourceID="0"><ResourceList>'
    '<Resource UID="0" UniqueName="DocInfo.xml" />{resources}</ResourceList></Header></DocInfo>'
)


class Door:
    """An `Accept` over a real journal; what it took is there when it returns."""

    def __init__(self, journal: Journal, failpoint: Failpoint = nothing_fails) -> None:
        self.journal = journal
        self.failpoint = failpoint
        self.is_open: bool | str = True
        self.deliveries: list[Delivery] = []
        self.meanwhile: Callable[[], object] = lambda: None  # what others do between the look and the reading

    def sink(self) -> Sink:
        return self.journal.blobs.sink()

    def open(self) -> bool | str:
        self.meanwhile()
        return self.is_open

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        arrival = Arrival(
            delivery.source,
            delivery.channel,
            "lane",
            "",
            (),
            "",
            delivery.arrived_anew,
            self.journal.blobs.keep(delivery.letter),
        )
        with self.journal.write() as tx:
            entries.accept(tx, [arrival], datetime.now(UTC))


class Watched:
    """A folder, a journal, and a watch that looks when it is told to."""

    def __init__(self, home: Path, failpoint: Failpoint = nothing_fails, **differences: object) -> None:
        self.path = home / "in"
        self.archive = home / "archive"
        self.path.mkdir(exist_ok=True)
        self.journal = Journal.open(f"sqlite:///{home}/journal.db", home / "blobs")
        self.clock = HandClock()
        self.settings = {"layout": "sev", "archive": self.archive, **differences}
        self.begin(failpoint)

    def begin(self, failpoint: Failpoint = nothing_fails) -> None:
        """Start anew, with nothing but the journal and the folder."""
        watching = Watching(name="box", path=self.path, **self.settings)  # type: ignore[arg-type]  # of each test
        self.door = Door(self.journal)
        self.vigil = Vigil(watching, self.door, JournalFolders(self.journal), self.clock, failpoint)

    def look(self, times: int = 2) -> None:
        """Look *times* times, a quarter of a minute apart."""
        for _ in range(times):
            asyncio.run(self.vigil.guarded_round(asyncio.Event()))
            self.clock.advance(seconds=15)

    def taken(self) -> list[Entry]:
        with self.journal.read() as tx:
            return sorted(entries.select(tx, direction=Direction.IN), key=lambda entry: entry.id)

    def letters(self) -> list[bytes]:
        with self.journal.read() as tx:
            return [b"".join(entries.letter(tx, self.journal.blobs, entry.id).blocks()) for entry in self.taken()]

    def state(self) -> MailboxState:
        with self.journal.read() as tx:
            return next(state for state in states(tx) if state.mailbox == "box")

    def archived(self) -> list[str]:
        """Return what lies in the archive, without its days."""
        paths = sorted(path for path in self.archive.glob("*/**/*") if path.is_file())
        return ["/".join(path.relative_to(self.archive).parts[1:]) for path in paths]

    def lying(self) -> list[str]:
        return sorted(os.listdir(self.path))

    def close(self) -> None:
        self.journal.close()


def passport(files: tuple[str, ...] = (), message_id: str = "0" * 32) -> bytes:
    """Return a SEV passport that lists *files*: enough for a package, not for a message."""
    listed = "".join(f'<Resource UID="{place}" UniqueName="{name}" />' for place, name in enumerate(files, 1))
    return PASSPORT.format(id=message_id, resources=listed).encode()


def sev_package(
    folder: Path, name: str, files: dict[str, bytes] | None = None, *, sidecar: bool = True, listed: bool = True
) -> Path:
    """Put a SEV package into *folder*, its sidecar last."""
    files = {"Письмо[1].txt": b"text of a letter"} if files is None else files
    package = folder / name
    package.mkdir()
    for called, data in files.items():
        (package / called).write_bytes(data)
    (package / "DocInfo.xml").write_bytes(passport(tuple(files) if listed else ()))
    if sidecar:
        (folder / f"{name}.env").write_text(f"<Envelop><MessageDir>{name}</MessageDir><Subject>№ 1</Subject></Envelop>")
    return package


def medo_envelope(files: tuple[str, ...], subject: str = "ЭСД МЭДО (1)") -> bytes:
    lines = ["[ПИСЬМО КП ПС СЗИ]", f"  ТЕМА={subject}", "", "[АДРЕСАТЫ]", "0=DEPT~NODE", "[ФАЙЛЫ]"]
    lines += [f"{number}=C:\\out\\{name}" for number, name in enumerate(files)]
    return "\r\n".join(lines).encode("cp1251")
