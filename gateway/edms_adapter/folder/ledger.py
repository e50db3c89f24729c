# SPDX-License-Identifier: GPL-3.0-or-later
"""What we handed over and what we heard, in SQLite in the adapter's own folder.

Heard is numbered in the order in which it was written down here, inside a transaction of which there is one at a time:
so whoever has read up to a number has read everything before it, whatever the files' names and times say.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)

from gateway.edms_adapter.sql.association import untyped
from gateway.edms_adapter.sql.database import Database
from gateway.journal.values import from_json, to_json
from gateway.model import Event, ExchangeId

FILE = "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that we put into the incoming folder."""

    name: str
    exchange: ExchangeId  # of the document; of an addition: of the document it adds to
    addition: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One file of the system's that we read."""

    place: int  # from 1, in the order of hearing
    exchange: ExchangeId
    event: Event


class Ledger:
    """Threads and processes share it, each with its own object."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(f"sqlite:///{folder / FILE}", UTC)
        metadata = MetaData()
        packages = Table(
            "package",
            metadata,
            Column("name", String(100), primary_key=True),
            Column("exchange", String(100), nullable=False, index=True),
            Column("addition", Boolean, nullable=False),
        )
        heard = Table(
            "heard",
            metadata,
            Column("place", Integer, primary_key=True, autoincrement=True),
            Column("package", String(100), nullable=False),
            Column("file", String(255), nullable=False),
            Column("event", Text, nullable=False),  # as JSON; empty: nothing to tell
        )
        with self.alone("tables"), self._database.writing() as work:
            metadata.create_all(work.connection)
        packed, told = untyped(packages), untyped(heard)
        one, fact = packed.c, told.c
        this = (fact.package == bindparam("package"), fact.file == bindparam("file"))
        self._add = insert(packed).values({name: bindparam(name) for name in ("name", "exchange", "addition")})
        self._of_exchange = select(one.name).where(
            one.exchange == bindparam("exchange"), one.addition == bindparam("addition")
        )
        self._package = select(one.name, one.exchange, one.addition).where(one.name == bindparam("name"))
        self._hear = insert(told).values({name: bindparam(name) for name in ("package", "file", "event")})
        self._was_heard = select(fact.place).where(*this)
        self._files = select(fact.place, fact.package, fact.file).where(fact.place > bindparam("after"))
        self._last = select(func.max(fact.place).label("place"))
        self._page = (
            select(fact.place, one.exchange, fact.event)
            .select_from(told.join(packed, one.name == fact.package))
            .where(fact.place > bindparam("after"), fact.event != literal_column("''"))
            .order_by(fact.place)
            .limit(bindparam("limit"))
        )

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def alone(self, errand: str) -> Iterator[None]:
        """Be alone with *errand*, in every thread and process; not opened inside itself."""
        descriptor = os.open(self._folder / f"{errand}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # of the open file: threads exclude each other too
            yield
        finally:
            os.close(descriptor)

    # --- handed over ----------------------------------------------------------------------------------------------

    def begin(self, exchange: ExchangeId) -> str:
        """Note the next package of *exchange* and return its name: each refusal is followed by another one."""
        with self._database.writing() as work:
            before = len(work.rows(self._of_exchange, {"exchange": exchange, "addition": False}))
            name = f"{_short(exchange)}-{before + 1}"
            work.run(self._add, {"name": name, "exchange": exchange, "addition": False})
        return name

    def begin_addition(self, exchange: ExchangeId, follow_up: ExchangeId) -> str:
        """Note the package of an addition to *exchange* and return its name."""
        name = f"{_short(follow_up)}-add"
        with self._database.writing() as work:
            if work.first(self._package, {"name": name}) is None:
                work.run(self._add, {"name": name, "exchange": exchange, "addition": True})
        return name

    def package(self, name: str) -> Package | None:
        """Return a package of ours."""
        with self._database.reading() as work:
            row = work.first(self._package, {"name": name})
        return None if row is None else Package(row.name, ExchangeId(row.exchange), bool(row.addition))

    # --- heard ----------------------------------------------------------------------------------------------------

    def hear(self, package: str, file: str, event: Event | None) -> None:
        """Note that *file* was read, and what it told; once."""
        with self._database.writing() as work:
            if work.first(self._was_heard, {"package": package, "file": file}) is None:
                told = "" if event is None else to_json(event)
                work.run(self._hear, {"package": package, "file": file, "event": told})

    def heard(self, package: str, file: str) -> bool:
        with self._database.reading() as work:
            return work.first(self._was_heard, {"package": package, "file": file}) is not None

    def files_after(self, place: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the last place, and package and file of everything heard beyond *place*."""
        with self._database.reading() as work:
            rows = work.rows(self._files, {"after": place})
        return max((row.place for row in rows), default=place), [(row.package, row.file) for row in rows]

    def last(self) -> int:
        """Return the place of what was heard last, 0 for nothing."""
        with self._database.reading() as work:
            row = work.first(self._last)
        return int(row.place or 0) if row is not None else 0

    def page(self, after: int, limit: int) -> list[Heard]:
        """Return at most *limit* events beyond *after*, in the order of hearing."""
        with self._database.reading() as work:
            rows = work.ask(self._page, {"after": after, "limit": limit})
        return [Heard(row.place, ExchangeId(row.exchange), from_json(Event, row.event)) for row in rows]


def _short(exchange: ExchangeId) -> str:
    return sha256(exchange.encode()).hexdigest()[:24]
