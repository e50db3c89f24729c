# SPDX-License-Identifier: GPL-3.0-or-later
"""Two versions of one document side by side: the one that stands and the one that was laid aside."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from operator import attrgetter

from sqlalchemy import Connection

from gateway.cli.output import plain, printable
from gateway.cli.quarantine.opening import Inside
from gateway.errors import Reason
from gateway.journal import entries, exchanges, messages
from gateway.journal.entries import Direction, Entry, State
from gateway.journal.exchanges import Exchange
from gateway.model import Document, ExchangeId, File, MessageId

SIDE_BY_SIDE = (Reason.CONFLICT, Reason.CHANGED, Reason.SAME_NUMBER)
LATER = (State.WAITING, State.PARKED, State.DROPPED)
SHORT = 16  # characters of a SHA-256 that people are shown
OWN_KEYS = ("uid", "card", "files", "raw")  # of a document: compared apart, or of its sender's software alone


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of both versions; empty: it is not there."""

    field: str
    standing: str
    this: str

    @property
    def differs(self) -> bool:
        return self.standing != self.this


def counterpart(tx: Connection, entry: Entry) -> Entry | None:
    """Return the letter with the version that stands, for a letter that is another one; None when there is none."""
    if entry.kind != "document" or entry.exchange is None or entry.partner is None:
        return None
    if entry.reason not in SIDE_BY_SIDE and entry.state is not State.WAITING:
        return None
    noted = messages.find(tx, entry.partner, entry.office, MessageId(entry.message_id))
    if noted is not None and noted.entry not in (None, entry.id):
        return entries.get(tx, noted.entry or 0)
    exchange = exchanges.get(tx, entry.exchange)
    if exchange is None:
        return None
    return next((found for id in _others(tx, exchange) for found in _letters(tx, id, entry)), None)


def _others(tx: Connection, exchange: Exchange) -> Iterator[ExchangeId]:
    """Yield the exchanges that may have the version that stands: the document's own, then one of the same number."""
    yield exchange.follows or exchange.id
    for id in exchanges.find(tx, exchange.number.text) if exchange.number.text else ():
        other = exchanges.get(tx, id)
        if other is not None and other.id != exchange.id and other.follows is None and _same(other, exchange):
            yield other.id


def _same(one: Exchange, other: Exchange) -> bool:
    """Say whether both came with one number and date from one partner to one organisation of ours."""
    key = attrgetter("direction", "partner", "office", "number")
    return bool(key(one) == key(other))


def _letters(tx: Connection, id: ExchangeId, entry: Entry) -> Iterator[Entry]:
    """Yield the letters that brought a document, those that were processed first."""
    found = entries.select(tx, direction=Direction.IN, exchange=id, limit=50)
    brought = [one for one in found if one.kind == "document" and one.id != entry.id]
    yield from sorted(brought, key=lambda one: (one.state in LATER, one.reason is not None, one.id))


def compared(standing: Inside, this: Inside) -> tuple[Compared, ...]:
    """Return every field that at least one version has, what differs first; files by name, with size and SHA-256."""
    one, other = standing.document or Document(), this.document or Document()
    rows = [*_outside(standing, this), *_inside(one, other), *_files(one.files, other.files)]
    return tuple(sorted((row for row in rows if row.standing or row.this), key=lambda row: not row.differs))


def _outside(standing: Inside, this: Inside) -> Iterator[Compared]:
    one, other = standing.message, this.message
    for name in ("id", "return_id", "sent_at", "sender", "recipients"):
        values = [words(plain_of(getattr(message, name))) if message else "" for message in (one, other)]
        yield Compared("message id" if name == "id" else name, *values)


def _inside(one: Document, other: Document) -> Iterator[Compared]:
    left, right = asdict(one), asdict(other)
    yield Compared("document uid", one.uid, other.uid)
    for field in fields(Document):
        if field.name not in OWN_KEYS:
            yield Compared(field.name, words(plain(left[field.name])), words(plain(right[field.name])))


def _files(one: tuple[File, ...], other: tuple[File, ...]) -> Iterator[Compared]:
    """Pair files by name, those of one name in their order."""
    left, right = _by_name(one), _by_name(other)
    for key in dict.fromkeys((*left, *right)):
        yield Compared(f"file {key[0]}", _file(left.get(key)), _file(right.get(key)))


def _by_name(files: tuple[File, ...]) -> dict[tuple[str, int], File]:
    found: dict[tuple[str, int], File] = {}
    for file in files:
        found[file.name, sum(name == file.name for name, _ in found)] = file
    return found


def _file(file: File | None) -> str:
    if file is None:
        return ""
    return f"{file.size} bytes, sha256 {file.sha256}" if file.sha256 else "named, did not come"


def plain_of(value: object) -> object:
    """Return a value of the vocabulary as JSON has it."""
    if isinstance(value, tuple):
        return [plain_of(one) for one in value]
    return plain(asdict(value)) if hasattr(value, "__dataclass_fields__") else plain(value)  # type: ignore[call-overload]


def words(value: object) -> str:
    """Return a plain value in words, empty things left out."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {told}" for key, item in value.items() if (told := words(item)))
    if isinstance(value, list):
        return "; ".join(told for item in value if (told := words(item)))
    if value is True:
        return "yes"
    return "" if value in (None, False, "") else printable(str(value))
