# SPDX-License-Identifier: GPL-3.0-or-later
"""An entry of the journal as a value, and how a row becomes one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, bindparam, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.content import Held
from gateway.errors import Reason
from gateway.journal import schema
from gateway.journal.blobs import INLINE, Blobs, Kept
from gateway.journal.states import Direction, State
from gateway.model import Content, ExchangeId, PartnerId, Sha256

SERVERS = ("notice", "bounce")  # how kinds of letters begin that mail servers wrote; "bounce" in older journals


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: a letter that came in or goes out, with its state.  The letter itself: `letter`."""

    id: int
    direction: Direction
    state: State
    channel: str  # in: the listener or mailbox it came by; out: the channel it goes by
    lane: str  # for fair turns only, never for trust
    partner: PartnerId | None  # None: not proven (yet)
    exchange: ExchangeId | None  # None: none found (yet)
    message_id: str
    rfc_message_id: str  # the letter's own Message-ID, without angle brackets
    kind: str  # "document", "addition", "report", "receipt", "directory", "notice-delayed" …; empty: not known (yet)
    created_at: datetime
    concluded_at: datetime | None  # when it last came to a state in which nobody works on it; None: it is in a queue
    not_before: datetime | None  # None: at once
    deferred_at: datetime | None  # in: when it was last put off; None: never
    starts: int  # in: how often a worker began and did not end
    attempts: int  # in: how often it was put off; out: how often we tried to send it
    reason: Reason | None
    detail: str
    place: str
    source: str  # in: unique transport identity; empty: it goes out
    envelope_sender: str
    envelope_recipients: tuple[str, ...]
    peer: str  # in: the address that delivered it
    arrived_anew: bool  # False: found by a rescan, so nothing is repeated for it
    size: int  # bytes of the letter
    sha256: Sha256
    held: bool  # out: an operator stopped it
    ambiguous_since: datetime | None  # None: no attempt left it open whether it was delivered
    delayed_since: datetime | None  # out: a server on the way said that it could not pass it on yet; None: none does
    delivered_at: datetime | None  # out: when we heard from a server that it lies in the mailbox; None: not heard
    recipient: str
    sent_at: datetime | None
    phase: str  # out: how far the last attempt came, a `ports.Phase`
    words: str  # out: what the server last said
    outgoing_ref: str | None  # the EDMS's dispatch row; None: ours alone
    change: str  # the wish to send what changed since that it answers; empty: none
    told_at: datetime | None  # when the EDMS was told its state; None: not yet
    in_reply: bool  # a receipt or another report, answering a letter
    office: str  # our organisation's exchange index; in: empty until the letter was understood, or when it is for none
    letter_of: int | None = None  # in: the entry that has its letter, which names several of ours; None: its own
    worker: str = ""  # who has claimed it; empty: nobody

    @property
    def wrote_a_server(self) -> bool:
        """Whether a mail server wrote it about a letter of ours: its partner is that letter's, and said nothing."""
        return self.kind.startswith(SERVERS)


_NAMES = tuple(Entry.__dataclass_fields__)
COLUMNS = tuple(schema.entries.c[name] for name in _NAMES)
_DIRECTIONS = {direction.value: direction for direction in Direction}
_STATES = {state.value: state for state in State}
_REASONS: dict[str | None, Reason | None] = {None: None, **{reason.value: reason for reason in Reason}}
_REASON, _SOURCE, _RECIPIENTS = (_NAMES.index(name) for name in ("reason", "source", "envelope_recipients"))


def entry_of(row: Row[Any]) -> Entry:  # Any: a row of `COLUMNS`
    """Return the entry in a row of `COLUMNS`."""
    values = list(row)
    values[1] = _DIRECTIONS[values[1]]
    values[2] = _STATES[values[2]]
    values[_REASON] = _REASONS[values[_REASON]]
    values[_SOURCE] = values[_SOURCE] or ""
    values[_RECIPIENTS] = tuple(json.loads(values[_RECIPIENTS]))
    return Entry(*values)


def insert_or_ignore(table: Table) -> dict[str, Any]:  # Any: the two engines' statements share no type
    """Return, by engine, the insert that leaves a standing row alone."""
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing(),
        "postgresql": postgresql.insert(table).on_conflict_do_nothing(),
    }


_LETTER = select(schema.entries.c.sha256, schema.entries.c.size, schema.entries.c.stored, schema.letters.c.bytes)
_HAS_IT = func.coalesce(schema.entries.c.letter_of, schema.entries.c.id)
_LETTER = _LETTER.select_from(schema.entries.outerjoin(schema.letters, schema.letters.c.entry == _HAS_IT))
_LETTER = _LETTER.where(schema.entries.c.id == bindparam("id"))
_STORE = insert(schema.letters)
_FORGET = delete(schema.letters).where(schema.letters.c.entry == bindparam("id"))
_BLOB = select(schema.entries.c.id).where(
    schema.entries.c.sha256 == bindparam("sha256"), schema.entries.c.size > INLINE, schema.entries.c.stored
)

_FILE_BLOB = select(schema.files.c.exchange).where(
    schema.files.c.sha256 == bindparam("sha256"), schema.files.c.bytes.is_(None)
)


def letter(tx: Connection, blobs: Blobs, id: int) -> Content:
    """Return the bytes of entry *id*.

    Raises LookupError when they were given up, OSError when they are damaged or their file is absent.
    """
    row = tx.execute(_LETTER, {"id": id}).one()
    if not row.stored:
        raise LookupError(f"the letter of entry {id} was not kept")
    if row.bytes is None:
        return blobs.open(Sha256(row.sha256), row.size)
    held = Held(bytes(row.bytes))
    if held.sha256 != row.sha256:
        raise OSError(f"the letter of entry {id} is damaged: its bytes are not those of {row.sha256}")
    return held


def store_letters(tx: Connection, letters: Iterable[tuple[int, Kept]]) -> None:
    """Write the bytes of small letters beside their entries."""
    rows = [{"entry": id, "bytes": kept.inline} for id, kept in letters if kept.inline is not None]
    if rows:
        tx.execute(_STORE, rows)


def forget_letter(tx: Connection, id: int) -> None:
    """Give up the bytes in entry *id*'s row."""
    tx.execute(_FORGET, {"id": id})


class KnownBlobs:
    """The digests of large letters and files that rows name: what `Blobs.sweep` must leave alone."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx

    def __contains__(self, digest: object) -> bool:
        asked = {"sha256": cast(str, digest)}
        return any(self._tx.scalar(statement.limit(1), asked) is not None for statement in (_BLOB, _FILE_BLOB))
