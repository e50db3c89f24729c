# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the journal what it should be: its database, its letters and their files, its states.  Changes nothing.

Everything is asked in pages, so it may run beside the service; what looks wrong is looked at a second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, exists, select, text

from gateway.journal import exchanges, schema
from gateway.journal.blobs import INLINE, Kept
from gateway.journal.entry import KnownBlobs, letter
from gateway.journal.exchanges import Exchange
from gateway.journal.store import Journal
from gateway.model import CardRef, Content, ExchangeId, Number, Sha256

PAGE = 200  # LIMIT: rows looked at in one transaction
E, F, X, V, M = (table.c for table in (schema.entries, schema.files, schema.exchanges, schema.events, schema.messages))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not as it should be."""

    what: str
    detail: str
    entry: int | None = None
    exchange: ExchangeId | None = None


# --- the database ---------------------------------------------------------------------------------------------------


def database(tx: Connection) -> Iterator[Trouble]:
    """Ask SQLite whether its pages and its foreign keys are whole; PostgreSQL answers for itself."""
    if tx.dialect.name != "sqlite":
        return
    for (said,) in tx.execute(text("PRAGMA integrity_check(20)")):
        if said != "ok":
            yield Trouble("database damaged", str(said))
    for row in tx.execute(text("PRAGMA foreign_key_check")):
        yield Trouble("row refers to nothing", f"{row[0]} row {row[1]} names a row of {row[2]} that is not there")


# --- letters and files ----------------------------------------------------------------------------------------------


def letters(journal: Journal, *, quick: bool) -> Iterator[Trouble]:
    """Yield every letter and file of a report whose bytes are absent or not those of its digest.

    With *quick* nothing is hashed: files are only looked for, by their size.
    """
    after = 0
    while True:
        with journal.read() as tx:
            page = tx.execute(select(E.id).where(E.id > after, E.stored).order_by(E.id).limit(PAGE)).scalars().all()
        if not page:
            break
        after = page[-1]
        for id in page:
            if _letter(journal, id, quick=quick) and (wrong := _letter(journal, id, quick=quick)):
                yield Trouble("letter damaged" if "not those" in wrong else "letter gone", wrong, entry=id)
    yield from _files(journal, quick=quick)


def orphans(journal: Journal, older_than: datetime) -> Iterator[Trouble]:
    """Yield the files that no row names and that were last touched before *older_than*: the hourly sweep takes them."""
    with journal.read() as tx:
        for path in journal.blobs.orphans(older_than, KnownBlobs(tx)):
            yield Trouble("file without a row", str(path.relative_to(journal.blobs.directory)))


def _letter(journal: Journal, id: int, *, quick: bool) -> str:
    """Return what is wrong with the bytes of entry *id*, or empty."""
    with journal.read() as tx:
        row = tx.execute(select(E.sha256, E.size, E.stored).where(E.id == id)).one_or_none()
        if row is None or not row.stored:
            return ""
        try:
            if quick and row.size > INLINE:
                journal.blobs.open(Sha256(row.sha256), row.size)
                return ""
            content = letter(tx, journal.blobs, id)
        except OSError as error:
            return str(error)
    return _differs(content, row.sha256) if row.size > INLINE else ""


def _files(journal: Journal, *, quick: bool) -> Iterator[Trouble]:
    with journal.read() as tx:
        named = tx.execute(select(F.exchange, F.sha256, F.size).order_by(F.exchange, F.sha256)).all()
    for row in named:
        with journal.read() as tx:
            there = select(F.bytes).where(F.exchange == row.exchange, F.sha256 == row.sha256)
            found = tx.execute(there).one_or_none()
        if found is None:
            continue  # told meanwhile
        try:
            content = journal.blobs.content(Kept(row.sha256, row.size, found.bytes))
            wrong = "" if quick else _differs(content, row.sha256)
        except OSError as error:
            wrong = str(error)
        if wrong:
            yield Trouble("file of a report gone", wrong, exchange=row.exchange)


def _differs(content: Content, digest: str) -> str:
    found = sha256()
    for block in content.blocks():
        found.update(block)
    return "" if found.hexdigest() == digest else f"its bytes are not those of {digest}"


# --- states ---------------------------------------------------------------------------------------------------------

_OUT = "('queued', 'sent', 'failed', 'cancelled')"
_UNFINISHED = "('accepted', 'waiting', 'parked')"
_IMPOSSIBLE = {  # of entries
    "its state is not one of its direction": f"(direction = 'out') <> (state IN {_OUT})",
    "it is in a queue, and concluded": "state IN ('accepted', 'queued') AND concluded_at IS NOT NULL",
    "it has ended, and nobody wrote when": "state NOT IN ('accepted', 'queued') AND concluded_at IS NULL",
    "it was sent, and nobody wrote when": "state = 'sent' AND sent_at IS NULL",
    "it names an exchange that is not there": (
        "exchange IS NOT NULL AND NOT EXISTS (SELECT 1 FROM exchanges x WHERE x.id = exchange)"
    ),
}
_IMPOSSIBLE_EXCHANGES = {
    "it is registered and has no card, and no letter makes one": (
        "direction = 'in' AND registered_text IS NOT NULL AND subject_card = '' AND NOT EXISTS "
        f"(SELECT 1 FROM entries e WHERE e.exchange = exchanges.id AND e.state IN {_UNFINISHED})"
    ),
}


def impossible(tx: Connection) -> Iterator[Trouble]:
    """Yield the rows whose state cannot be: our defect, or somebody wrote into the database."""
    for words, condition in _IMPOSSIBLE.items():
        for id in tx.execute(select(E.id).where(text(condition)).order_by(E.id)).scalars():
            yield Trouble("impossible state", words, entry=id)
    for words, condition in _IMPOSSIBLE_EXCHANGES.items():
        for name in tx.execute(select(X.id).where(text(condition)).order_by(X.id)).scalars():
            yield Trouble("impossible state", words, exchange=ExchangeId(name))
    for table, words in ((V, "an event"), (M, "a message")):
        homeless = select(table.exchange).where(table.exchange.is_not(None), ~exists().where(X.id == table.exchange))
        for name in tx.execute(homeless.distinct()).scalars():
            yield Trouble("impossible state", f"{words} names an exchange that is not there", exchange=ExchangeId(name))


# --- what was registered --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Registered:
    """A document of a partner's that the journal holds as registered."""

    exchange: ExchangeId
    card: CardRef  # empty: it is being made again
    number: Number  # empty: a draft
    entry: int | None  # the letter that brought it; None: not known any more
    stored: bool  # whether that letter's bytes are still there


_BROUGHT = (
    select(M.entry)
    .where(M.exchange == X.id, M.digest == X.digest, M.entry.is_not(None))
    .order_by(M.entry)
    .limit(1)
    .scalar_subquery()
)
_REGISTERED = (
    select(X.id, X.subject_card, X.registered_text, X.registered_date, _BROUGHT.label("entry"))
    .where(X.direction == "in", X.registered_text.is_not(None), X.subject_card != "")
    .order_by(X.id)
)


def registered(tx: Connection, after: ExchangeId | None, limit: int) -> Sequence[Registered]:
    """Return what the journal holds as registered, in the order of exchange ids, at most *limit* beyond *after*."""
    found = tx.execute(_REGISTERED.where(X.id > (after or "")).limit(limit)).all()
    letters = [row.entry for row in found if row.entry is not None]
    kept = set(tx.execute(select(E.id).where(E.id.in_(letters), E.stored)).scalars())
    return [
        Registered(
            row.id, row.subject_card, Number(row.registered_text, row.registered_date), row.entry, row.entry in kept
        )
        for row in found
    ]


def known(tx: Connection, ids: Sequence[ExchangeId]) -> frozenset[ExchangeId]:
    """Return those of *ids* (a page of them) that the journal has."""
    return frozenset(tx.execute(select(X.id).where(X.id.in_(ids))).scalars())


def dispatched(tx: Connection, refs: Sequence[str]) -> frozenset[str]:
    """Return those dispatch rows of *refs* (a page of them) that any letter or exchange of the journal went for."""
    letters = tx.execute(select(E.outgoing_ref).where(E.outgoing_ref.in_(refs))).scalars()
    return frozenset(letters) | frozenset(tx.execute(select(X.outgoing_ref).where(X.outgoing_ref.in_(refs))).scalars())


def without_report(tx: Connection) -> tuple[Exchange, ...]:
    """Return the registered documents about which no report was sent or is queued, owed or not."""
    told = exists().where(E.exchange == X.id, E.direction == "out", E.kind == "report", E.state.in_(("queued", "sent")))
    silent = select(X.id).where(X.direction == "in", X.registered_text.is_not(None), X.follows.is_(None), ~told)
    ids = tx.execute(silent.order_by(X.id)).scalars().all()
    found = (exchanges.get(tx, id) for id in ids)
    return tuple(exchange for exchange in found if exchange is not None)
