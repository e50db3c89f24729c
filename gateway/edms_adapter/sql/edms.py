# SPDX-License-Identifier: GPL-3.0-or-later
"""The `Edms` port over a mapping: puts the parts together and delegates."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from gateway.edms_adapter.sql import addressees
from gateway.edms_adapter.sql.changes import Watcher
from gateway.edms_adapter.sql.check import counters, findings, grants, look_at, not_there, unfit
from gateway.edms_adapter.sql.chunks import Rows
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.directory import Directory
from gateway.edms_adapter.sql.files import Store
from gateway.edms_adapter.sql.listening import Line
from gateway.edms_adapter.sql.mapping import load
from gateway.edms_adapter.sql.outbox_ddl import ddl, outbox_findings
from gateway.edms_adapter.sql.outgoing import Sender
from gateway.edms_adapter.sql.places import Places
from gateway.edms_adapter.sql.plan import Plan, compile_mapping
from gateway.edms_adapter.sql.readback import chunk
from gateway.edms_adapter.sql.register import Registrar
from gateway.edms_adapter.sql.standing import dispatches, holdings, standing
from gateway.edms_adapter.sql.vendors import vendor_of
from gateway.model import Document, Event, ExchangeId, Party
from gateway.ports import (
    NO_FILES,
    Addressee,
    ChangePage,
    Clock,
    Contents,
    Expected,
    Failpoint,
    Finding,
    Health,
    Imported,
    Intake,
    Official,
    Original,
    Outgoing,
    OutgoingState,
    Registration,
    Rehearsal,
    Standing,
    Waiting,
    Withdrawal,
    nothing_fails,
)
from gateway.ports import Wanted as WantedThere


class DatabaseClock:
    """The records system's own clock: for whoever hands in none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        return self._database.now()


class SqlEdms:
    """A records system behind a mapping; made by `gateway.edms_adapter.open_edms`.

    Threads may share one; a forked process opens its own.  `close` lets the connections go.
    """

    def __init__(
        self, mapping: Path, url: str, files: Path, zone: ZoneInfo, failpoint: Failpoint, clock: Clock | None
    ) -> None:
        self.plan = compiled(mapping, vendor_of(url), zone)
        source = self.plan.source
        self.mapping, self.files = mapping, files
        self.database = Database(url, self.plan.zone, source.database.search_path)
        self.clock = clock = clock or DatabaseClock(self.database)
        self.store = self._store()
        self._registrar = Registrar(self.plan, self.database, self.store, clock, failpoint)
        self._sender = Sender(self.plan, self.database, self.store, clock)
        self._directory = Directory(self.plan, self.database, self.store, clock)
        self._watcher = Watcher(self.plan, self.database, self.store, clock)

    def check(
        self, expected: Sequence[Expected] = (), wanted: Sequence[WantedThere] = (), *, reader: bool = False
    ) -> Health:
        look = look_at(self.plan, self.database, self.mapping)
        found = findings(look, self.files, lambda: self._today().date(), expected, reader=reader)
        return Health((*found, *not_there(look, wanted)))

    def lacking(self) -> tuple[Finding, ...]:
        look = look_at(self.plan, self.database, self.mapping)
        found = (*counters(look, self._today().date()), *outbox_findings(self.plan, self.database))
        return (*(finding for finding in found if not finding.ok), *unfit(look))

    def grants(self, writer: str, reader: str) -> tuple[str, ...]:
        """Return what the owner of the tables types for the accounts *writer* and *reader*."""
        return tuple(grants(look_at(self.plan, self.database, self.mapping), writer, reader))

    def resolve(self, hint: Party) -> Addressee | None:
        with self.database.reading() as work:
            return addressees.resolver(self.plan, work, hint.index, self._today().date())(hint)

    def register(
        self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake
    ) -> Registration | Waiting:
        return self.database.insisting(lambda: self._registrar.register(document, contents, exchange, intake))

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        with TemporaryDirectory() as scratch:
            store = self._store(Path(scratch))
            rehearsing = Registrar(self.plan, self.database, store, self.clock, nothing_fails)
            return self.database.insisting(lambda: rehearsing.rehearse(document, contents, exchange, intake))

    def standing(self, exchanges: Sequence[ExchangeId]) -> tuple[Standing, ...]:
        with self.database.reading() as work:
            return standing(self.plan, work, exchanges)

    def holdings(self, after: ExchangeId | None, limit: int = 500) -> tuple[Standing, ...]:
        with self.database.reading() as work:
            return holdings(self.plan, work, after, limit)

    def dispatches(self, after: str | None, limit: int = 500) -> tuple[str, ...]:
        with self.database.reading() as work:
            return dispatches(self.plan, work, after, limit)

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        return self.database.insisting(lambda: self._registrar.attach(exchange, follow_up, contents, follow_up_id))

    def record(self, outgoing_ref: str, events: Sequence[Event], contents: Contents = NO_FILES) -> None:
        self.database.insisting(lambda: self._sender.record(outgoing_ref, events, contents))

    def changes(self, cursor: str | None, limit: int = 500) -> ChangePage:
        return self._watcher.page(cursor, limit)

    def watched(self, cursor: str | None, limit: int = 500) -> ChangePage:
        """Return a page of what `changes` tells, for somebody who only looks: nothing is written, not even our ties."""
        return self._watcher.seen(cursor, limit)

    def outgoing(self, limit: int = 50, exclude: Collection[str] = ()) -> tuple[Outgoing, ...]:
        return self._sender.outgoing(limit, exclude)

    def withdrawals(self, limit: int = 50) -> tuple[Withdrawal, ...]:
        return self._sender.withdrawals(limit)

    def mark(self, outgoing_ref: str, state: OutgoingState, detail: str = "", at: datetime | None = None) -> None:
        self.database.insisting(lambda: self._sender.mark(outgoing_ref, state, detail, at))

    def link(self, exchange: ExchangeId, original: Original) -> bool:
        return self.database.insisting(lambda: self._sender.link(exchange, original))

    def people(self, office: str) -> tuple[Official, ...]:
        return self._directory.people(office, self._today().date())

    def import_people(
        self,
        correspondent: str,
        officials: Sequence[Official],
        *,
        gone: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> Imported:
        return self.database.insisting(
            lambda: self._directory.import_people(correspondent, officials, gone=gone, dry_run=dry_run)
        )

    def prepare(self) -> None:
        """See `gateway.ports.Edms.prepare`: our three tables beside the EDMS's, where they are missing."""
        with self.database.writing() as work:
            self.plan.association.create(work)

    def signal(self) -> Line | None:
        """See `gateway.ports.Signals`; only PostgreSQL calls, and only when the mapping says so."""
        outbox = self._watcher.outbox
        if outbox is None or not outbox.section.signal or outbox.engine != "postgresql":
            return None
        return Line(self.database, outbox.name)

    def outbox_ddl(self) -> str:
        """Return the statements that make the outbox and its triggers; raises MappingError without an [outbox]."""
        return ddl(self.plan, self.database)

    def sweep(self, older_than: timedelta = timedelta(days=1)) -> list[str]:
        """Remove files no card refers to, left behind by crashes, and old rows of the outbox.

        Returns the paths of the files in the store.  Numbers that were reserved that long ago and never used are given
        back too.
        """
        if self._registrar.reserver is not None:
            self._registrar.reserver.give_back_older(self.clock.now() - older_than)
        swept: list[str] = []
        if self.plan.referenced is not None:
            with self.database.reading() as work:
                paths = {str(path) for (path,) in work.run(self.plan.referenced)}
            swept = self.store.sweep(paths, self.clock.now() - older_than)
        if self._watcher.outbox is not None:
            with self.database.writing() as work:
                self._watcher.outbox.prune(work, self.clock.now())
        return swept

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _store(self, scratch: Path | None = None) -> Store:
        given = self.plan.source.files
        rows = Rows(given.chunk_bytes, self._chunk) if given.chunk_bytes else None
        return Store(self.files, given.inline_max_bytes, scratch, rows)

    def _chunk(self, file: object, number: int) -> bytes | None:
        with self.database.reading() as work:
            return chunk(self.plan, work, file, number)

    def _today(self) -> datetime:
        return self.clock.now().astimezone(self.plan.office_zone)


def compiled(path: Path, vendor: str, zone: ZoneInfo) -> Plan:
    """Return the mapping at *path* compiled for *vendor*; a file that did not change is compiled once per process."""
    try:
        version = path.stat().st_mtime_ns
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error.strerror}") from error
    return _compiled_version(path, version, vendor, zone)


@lru_cache(8)
def _compiled_version(path: Path, _version: int, vendor: str, zone: ZoneInfo) -> Plan:
    try:
        return compile_mapping(load(path, vendor), zone, vendor)
    except MappingError as error:
        if str(error).startswith(str(path)):
            raise
        raise MappingError(Places.read(path).said(str(error))) from error
