# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own three tables beside the records system's: which exchange became which card, and what was told already.

Every claim is an insert that its unique key may forbid: no vendor's syntax is needed, and a concurrent duplicate
waits on the key until the winner has committed, then finds the winner's result.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Join,
    MetaData,
    Select,
    Table,
    TableClause,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    table,
    update,
)

from gateway.edms_adapter.sql.columns import exact, foreign, moment, transactional, words
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.mapping import ClaimSection, DatabaseSection
from gateway.edms_adapter.sql.values import Record
from gateway.model import ExchangeId


class Association:
    """The three tables under the names a mapping gives them."""

    def __init__(self, claim: ClaimSection, database: DatabaseSection) -> None:
        self.metadata = MetaData(schema=claim.db_schema)
        prefix = claim.prefix
        key = Integer if database.key == "integer" else foreign(200)
        # moments are texts, or have a zone, or have none: `Database.bound` writes them, `values.moment` reads them
        self.exchange = Table(
            f"{prefix}exchange",
            self.metadata,
            Column("exchange_id", exact(100), primary_key=True),
            Column("card", key, index=True),  # NULL only inside the transaction that claims it
            Column("number", words()),
            Column("number_date", Date),
            Column("made_at", moment()),
            Column("waits", words()),  # why a person must decide; NULL when registered
            Column("routed", words()),  # the addressees found, as JSON
            Column("known_at", moment(), nullable=False, index=True),  # tied to this card since
        )
        self.follow_up = Table(
            f"{prefix}follow_up",
            self.metadata,
            Column("follow_up_id", exact(100), primary_key=True),
            Column("exchange_id", exact(100), nullable=False),
            Column("made_at", moment(), nullable=False),
        )
        self.told = Table(
            f"{prefix}told",
            self.metadata,
            Column("outgoing_ref", exact(200), primary_key=True),
            Column("event_key", exact(300), primary_key=True),
            Column("told_at", moment(), nullable=False),
        )
        for made in self.metadata.tables.values():
            transactional(made)
        self._exchange = untyped(self.exchange)
        self._statements = _Statements(self._exchange, untyped(self.follow_up), untyped(self.told))

    def create(self, work: Work) -> None:
        """Make the tables that are not there yet."""
        self.metadata.create_all(work.connection)

    def claim(self, work: Work, exchange: ExchangeId, now: datetime) -> None:
        """Take *exchange*; raises IntegrityError when somebody has it."""
        work.run(self._statements.claim, {"exchange_id": exchange, "known_at": now})

    def claim_follow_up(self, work: Work, follow_up: ExchangeId, exchange: ExchangeId, now: datetime) -> None:
        """Take *follow_up*; raises IntegrityError when somebody has it."""
        work.run(self._statements.follow, {"follow_up_id": follow_up, "exchange_id": exchange, "made_at": now})

    def claim_event(self, work: Work, outgoing_ref: str, key: str, now: datetime) -> bool:
        """Take an event of a dispatch row; False when it was written already."""
        values = {"outgoing_ref": outgoing_ref, "event_key": key, "told_at": now}
        return work.insert_or_catch(self._statements.tell, values)

    def find(self, work: Work, exchange: ExchangeId) -> Record | None:
        return work.first(self._statements.find, {"exchange": exchange})

    def followed(self, work: Work, follow_up: ExchangeId) -> Record | None:
        return work.first(self._statements.followed, {"follow_up": follow_up})

    def of_card(self, work: Work, card: object) -> str | None:
        """Return the first exchange tied to *card*."""
        row = work.first(self._statements.of_card, {"card": card})
        return None if row is None else str(row.exchange_id)

    def settle(self, work: Work, exchange: ExchangeId, outcome: Mapping[str, object]) -> None:
        """Write what became of *exchange*: card, number, number_date, made_at, waits, routed."""
        work.run(self._statements.settle, {"exchange": exchange, **outcome})

    def move(self, work: Work, exchange: ExchangeId, settled: Mapping[str, object]) -> None:
        """Tie a waiting *exchange* to the card a person made of it: card, number, number_date, made_at, known_at."""
        work.run(self._statements.move, {"exchange": exchange, **settled})

    def forget(self, work: Work, exchange: ExchangeId) -> None:
        """Let go of an exchange whose paper was refused."""
        work.run(self._statements.forget, {"exchange": exchange})

    def tied_papers(self, paper: FromClause) -> tuple[Join, ColumnElement[str], ColumnElement[str]]:
        """Return *paper* (rows with a column waiting) tied to our exchanges, and the columns exchange id and waits."""
        at = self._exchange.c
        return paper.join(self._exchange, at.card == paper.c.waiting), at.exchange_id, at.waits

    def joined(self, change: FromClause) -> tuple[Join, ColumnElement[str], ColumnElement[datetime]]:
        """Return *change* (rows with a card) tied to our exchanges, and the columns exchange id and known since."""
        at = self._exchange.c
        return change.join(self._exchange, at.card == change.c.card), at.exchange_id, at.known_at

    def ties(self, cards: FromClause | None) -> Select[Any]:  # Any: see the columns
        """Return the query of our exchanges with the card each is tied to, in the order of their ids.

        Columns exchange_id, card, known_at, and seen, number, date as *cards* (rows with card, number, date) have
        them: seen is NULL where the card is gone.  Without *cards* every card counts as seen, with the number it got.
        """
        at = self._exchange.c
        columns = (at.exchange_id, at.card, at.known_at)
        if cards is None:
            own = (at.card.label("seen"), at.number.label("number"), at.number_date.label("date"))
            return select(*columns, *own).order_by(at.exchange_id)
        theirs = (cards.c.card.label("seen"), cards.c.number.label("number"), cards.c.date.label("date"))
        tied = self._exchange.outerjoin(cards, cards.c.card == at.card)
        return select(*columns, *theirs).select_from(tied).order_by(at.exchange_id)

    def exchange_id(self) -> ColumnElement[str]:
        """The column of ties by which pages are asked for."""
        return self._exchange.c.exchange_id

    def latest(self, work: Work) -> object:
        """Return the moment of the youngest tie as the column has it, or None."""
        row = work.first(self._statements.latest)
        return None if row is None else row.latest

    def young(self, work: Work, since: datetime, limit: int) -> list[str]:
        """Return which exchanges were tied *since* then, at most *limit* of them."""
        return [row.exchange_id for row in work.rows(self._statements.young, {"since": since, "limit": limit})]

    def young_cards(self, since: ColumnElement[datetime]) -> Select[Any]:  # Any: a card's key
        """Return the query of the cards tied *since* then."""
        at = self._exchange.c
        return select(at.card).where(at.known_at >= since)


class _Statements:
    """The statements of `Association`, built once so that the driver compiles each once."""

    def __init__(self, exchange: TableClause, follow_up: TableClause, told: TableClause) -> None:
        at = exchange.c
        names = ("card", "number", "number_date", "made_at", "waits", "routed")
        self.claim = insert(exchange).values(_binds("exchange_id", "known_at"))
        self.follow = insert(follow_up).values(_binds("follow_up_id", "exchange_id", "made_at"))
        self.tell = insert(told).values(_binds("outgoing_ref", "event_key", "told_at"))
        self.find = select(exchange).where(at.exchange_id == bindparam("exchange"))
        self.followed = select(follow_up).where(follow_up.c.follow_up_id == bindparam("follow_up"))
        self.of_card = select(at.exchange_id).where(at.card == bindparam("card")).order_by(at.known_at, at.exchange_id)
        self.settle = (
            update(exchange)
            .where(at.exchange_id == bindparam("exchange"))
            .values({name: bindparam(name) for name in names})
        )
        settled = ("card", "number", "number_date", "made_at", "known_at")
        self.move = (
            update(exchange)
            .where(at.exchange_id == bindparam("exchange"))
            .values({**{name: bindparam(name) for name in settled}, "waits": null()})
        )
        young = select(at.exchange_id).where(at.known_at >= bindparam("since")).order_by(at.exchange_id)
        self.young = young.limit(bindparam("limit")).offset(literal_column("0"))  # SQLite binds one that nobody gave
        self.latest = select(func.max(at.known_at).label("latest"))
        self.forget = delete(exchange).where(at.exchange_id == bindparam("exchange"))


def _binds(*names: str) -> dict[str, BindParameter[object]]:
    return {name: bindparam(name) for name in names}


def untyped(whole: Table) -> TableClause:
    """Return *whole* without column types: values pass to the driver as `Database.bound` made them."""
    return table(whole.name, *(column(part.name) for part in whole.columns), schema=whole.schema)
