# SPDX-License-Identifier: GPL-3.0-or-later
"""What adapters without transactions remember: how far each errand came, and what became of it.

An EDMS behind an interface of its own makes a card in several calls, and a crash may fall between any two.  So each
step is noted here, durably, before the next one begins; a repeated errand begins where the last one ended.  The step
that makes the card must carry the exchange id into the EDMS by the very call that makes it: between that call and our
note a crash leaves a card we do not know of, and only the EDMS can be asked for it.

One errand is worked on by one thread of one process at a time.  Notes lie in SQLite, in the adapter's own folder, or in
a PostgreSQL database when several machines share one EDMS.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Column, DateTime, String, Table, Text, bindparam, delete, insert, select, text, update

from gateway.edms_adapter.sql.association import Association, untyped
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection
from gateway.edms_adapter.sql.values import Record, day, moment
from gateway.model import CardRef, EventKey, ExchangeId, Number
from gateway.ports import Addressee, Clock, Registration, Waiting

LOCKS = 256  # lock files: two errands rarely share one, and then one only waits for the other
FILE = "steps.sqlite"


@dataclass(frozen=True, slots=True)
class Tie:
    """An exchange and what it became."""

    exchange: ExchangeId
    card: CardRef
    number: Number
    since: datetime


class StepJournal:
    """The notes of one adapter; threads and processes share them, each with its own object."""

    def __init__(self, folder: Path, clock: Clock, url: str = "") -> None:
        """Keep notes in *folder*, or in the PostgreSQL database at *url*; the tables are made when missing."""
        self._folder, self._clock = folder, clock
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        self._database = Database(url or f"sqlite:///{folder / FILE}", UTC)
        self._ties = Association(ClaimSection(), DatabaseSection(key="text"))
        self._steps = _Steps(self._ties)
        with self._alone_here("tables"), self._database.writing() as work:
            self._ties.create(work)

    def close(self) -> None:
        self._database.close()

    # --- errands ------------------------------------------------------------------------------------------------

    @contextmanager
    def errand(self, name: str) -> Iterator["Errand"]:
        """Be alone with the errand *name*, in every thread, process and machine, until the block ends or dies.

        Errands are not opened inside one another.
        """
        if self._database.engine.dialect.name != "postgresql":
            with self._alone_here(name):
                yield Errand(self, name)
            return
        key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        with self._database.engine.connect() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": key})
            yield Errand(self, name)

    @contextmanager
    def _alone_here(self, name: str) -> Iterator[None]:
        place = int(sha256(name.encode()).hexdigest()[:4], 16) % LOCKS
        descriptor = os.open(self._folder / "locks" / f"{place:03}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # of the open file: threads exclude each other too
            yield
        finally:
            os.close(descriptor)

    def noted(self, errand: str) -> dict[str, str]:
        """Return the steps of *errand* with their values."""
        with self._database.reading() as work:
            return {row.step: row.value for row in work.rows(self._steps.all, {"errand": errand})}

    def note(self, errand: str, step: str, value: str) -> None:
        with self._database.writing() as work:
            self._steps.write(work, errand, step, value, self._clock.now())

    def clear(self, errand: str) -> None:
        with self._database.writing() as work:
            work.run(self._steps.clear, {"errand": errand})

    # --- what became of exchanges -------------------------------------------------------------------------------

    def outcome(self, exchange: ExchangeId) -> Registration | Waiting | None:
        """Return what *exchange* became, as it was settled; None for one that is not, or was forgotten."""
        with self._database.reading() as work:
            found = self._ties.find(work, exchange)
        if found is None or found.card is None:
            return None
        if found.waits is not None:
            return Waiting(CardRef(found.card), found.waits)
        routed = tuple(Addressee(**one) for one in json.loads(found.routed or "[]"))
        return Registration(CardRef(found.card), _number(found), False, moment(found.made_at, UTC), routed)

    def settle(self, exchange: ExchangeId, made: Registration | Waiting) -> None:
        """Keep what *exchange* became; what stood there before is replaced."""
        now = self._clock.now()
        outcome: dict[str, object] = {"card": made.ref, "waits": None, "routed": "[]", "made_at": now}
        outcome |= {"number": None, "number_date": None}
        if isinstance(made, Waiting):
            outcome["waits"] = made.reason
        else:
            routed = json.dumps([asdict(one) for one in made.routed], ensure_ascii=False)
            outcome |= {"made_at": made.at or now, "routed": routed}
            outcome |= {"number": made.number.text, "number_date": made.number.date}
        with self._database.writing() as work:
            self._ties.forget(work, exchange)
            self._ties.claim(work, exchange, now)
            self._ties.settle(work, exchange, outcome)

    def forget(self, exchange: ExchangeId) -> None:
        """Let go of an exchange, with its steps: it will be judged afresh."""
        with self._database.writing() as work:
            self._ties.forget(work, exchange)
            work.run(self._steps.clear, {"errand": exchange})

    def ties(self, exchanges: Sequence[ExchangeId]) -> tuple[Tie, ...]:
        """Return those of *exchanges* that are settled."""
        names = {f"id_{place}": exchange for place, exchange in enumerate(exchanges)}
        if not names:
            return ()
        query = self._ties.ties(None).where(self._ties.exchange_id().in_([bindparam(name) for name in names]))
        with self._database.reading() as work:
            return _ties(work.ask(query, names))

    def ties_after(self, after: ExchangeId | None, limit: int) -> tuple[Tie, ...]:
        """Return at most *limit* settled exchanges beyond *after*, in the order of their ids."""
        query = self._ties.ties(None).where(self._ties.exchange_id() > bindparam("after")).limit(bindparam("limit"))
        with self._database.reading() as work:
            return _ties(work.ask(query, {"after": after or "", "limit": limit}))

    def exchange_of(self, card: CardRef) -> ExchangeId | None:
        """Return the first exchange that became *card*."""
        with self._database.reading() as work:
            found = self._ties.of_card(work, card)
        return None if found is None else ExchangeId(found)

    # --- what was written onto dispatches -----------------------------------------------------------------------

    def told(self, outgoing_ref: str, event: EventKey) -> bool:
        """Say whether *event* was written onto the dispatch already."""
        with self._database.reading() as work:
            return work.first(self._steps.told, {"ref": outgoing_ref, "key": event}) is not None

    def tell(self, outgoing_ref: str, event: EventKey) -> None:
        """Keep that *event* was written onto the dispatch."""
        with self._database.writing() as work:
            self._ties.claim_event(work, outgoing_ref, event, self._clock.now())


class Errand:
    """One errand, begun or gone on with."""

    __slots__ = ("_journal", "_noted", "name")

    def __init__(self, journal: StepJournal, name: str) -> None:
        self._journal, self.name = journal, name
        self._noted = journal.noted(name)

    def done(self, step: str) -> str | None:
        """Return what was noted when *step* was done; None when it was not."""
        return self._noted.get(step)

    def note(self, step: str, value: str = "") -> None:
        """Note that *step* is done, with what later steps must know of it; durable when this returns."""
        self._journal.note(self.name, step, value)
        self._noted[step] = value

    def clear(self) -> None:
        """Forget every step: the errand begins anew."""
        self._journal.clear(self.name)
        self._noted.clear()


class _Steps:
    """The table of steps, beside those of `Association`, and its statements."""

    def __init__(self, ties: Association) -> None:
        whole = Table(
            "edms_gw_step",
            ties.metadata,
            Column("errand", String(300), primary_key=True),
            Column("step", String(100), primary_key=True),
            Column("value", Text, nullable=False),
            Column("noted_at", DateTime(timezone=True), nullable=False),
        )
        table, told = untyped(whole), untyped(ties.told)
        at = table.c
        this = (at.errand == bindparam("errand"), at.step == bindparam("step"))
        columns: dict[str, Any] = {name: bindparam(name) for name in ("errand", "step", "value", "noted_at")}
        self.all = select(at.step, at.value).where(at.errand == bindparam("errand"))
        self._insert = insert(table).values(columns)
        self._update = update(table).where(*this).values({name: columns[name] for name in ("value", "noted_at")})
        self.clear = delete(table).where(at.errand == bindparam("errand"))
        self.told = select(told.c.event_key).where(
            told.c.outgoing_ref == bindparam("ref"), told.c.event_key == bindparam("key")
        )

    def write(self, work: Work, errand: str, step: str, value: str, now: datetime) -> None:
        values: dict[str, Any] = {"errand": errand, "step": step, "value": value, "noted_at": now}
        if not work.run(self._update, values).rowcount:
            work.run(self._insert, values)


def _number(row: Record) -> Number:
    return Number(row.number or "", day(row.number_date))


def _ties(rows: Sequence[Record]) -> tuple[Tie, ...]:
    found = (row for row in rows if row.card is not None)
    return tuple(
        Tie(
            ExchangeId(row.exchange_id),
            CardRef(row.card),
            Number(row.number or "", day(row.date)),
            moment(row.known_at, UTC) or datetime.fromtimestamp(0, UTC),
        )
        for row in found
    )
