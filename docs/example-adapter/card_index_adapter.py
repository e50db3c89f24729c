# SPDX-License-Identifier: GPL-3.0-or-later
"""An adapter for a made-up EDMS: a card index that is one JSON file, a folder of files, and a lock.

``index.json`` is replaced whole, by a rename, by whoever holds the lock: that is its transaction.  It has
- ``cards`` by their keys; ``made``, how many there ever were, and ``last``, the last number that was given;
- ``log``: what people did, only ever added to;
- ``exchanges`` and ``follow_ups``: what the gateway must know again after a crash, committed with the card itself.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from gateway import model, ports
from gateway.edms_adapter.opening import Adapter, Surroundings
from gateway.errors import Deferred, Reason, Refused
from gateway.mail.names import clean_name
from gateway.model import CardRef, Contents, Document, DocumentType, ExchangeId, Number
from gateway.ports import Finding, Health, Imported, Intake, Official, Registration, Rehearsal, Waiting
from gateway.settings.values import Location, Shape

Row = dict[str, Any]  # Any: JSON
Made = Registration | Waiting
ORPHAN_SECONDS = 3600  # LIMIT: a file that no card names is left alone so long: its card may be on its way


class Options(Shape):
    folder: Location  # of index.json, as [edms.options] names it: relative to the configuration


class CardIndex:
    """Opened once in each process; its methods are called from several threads at once."""

    def __init__(self, options: Options, around: Surroundings) -> None:
        self.folder, self.clock, self.failpoint = options.folder, around.clock, around.failpoint

    def register(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Made:
        if (known := self._known(self._read(), exchange, intake.number)) is not None:
            return known
        with self._lying(document, contents) as rows, self._changing() as index:
            if (known := self._known(index, exchange, intake.number)) is not None:
                return known  # another process was faster
            made = self._made(index, document, exchange, intake, rows)
            self.failpoint("card-index:before-commit")
        self.failpoint("card-index:after-commit")
        return made

    def rehearse(self, document: Document, contents: Contents, exchange: ExchangeId, intake: Intake) -> Rehearsal:
        index = self._read()
        if (known := self._known(index, exchange, intake.number)) is not None:
            return Rehearsal(known)
        return Rehearsal(self._made(index, document, exchange, intake, []))  # of a copy that nobody writes

    def attach(
        self, exchange: ExchangeId, follow_up: Document, contents: Contents, follow_up_id: ExchangeId
    ) -> Registration:
        with self._lying(follow_up, contents) as rows, self._changing() as index:
            main = self._main(index, exchange)
            if follow_up_id in index["follow_ups"]:
                return main
            index["follow_ups"][follow_up_id] = exchange
            index["cards"][main.ref]["files"] += rows
            self.failpoint("card-index:adding")
            return Registration(main.ref, main.number, True, main.at)

    def changes(self, cursor: str | None, limit: int = 500) -> ports.ChangePage:
        log, after = self._read()["log"], int(cursor or 0)
        if not 0 <= after <= len(log):
            raise ValueError(f"{cursor!r} is no place in the log")
        page = log[after : after + limit]
        events = tuple(ports.EdmsEvent(row["exchange"], _event(place, row)) for place, row in enumerate(page, after))
        return ports.ChangePage(events, str(after + len(page)), len(log) > after + limit)

    def standing(self, exchanges: Sequence[ExchangeId]) -> Sequence[ports.Standing]:
        index, found = self._read(), []
        for exchange in (one for one in exchanges if one in index["exchanges"]):
            tie = index["exchanges"][exchange]
            card = index["cards"].get(tie["card"])
            number, since = None if card is None else _number(card), datetime.fromisoformat(tie["since"])
            found.append(ports.Standing(exchange, CardRef(tie["card"]), number, since))
        return found

    def holdings(self, after: ExchangeId | None, limit: int = 500) -> Sequence[ports.Standing]:
        return self.standing(sorted(one for one in self._read()["exchanges"] if one > (after or ""))[:limit])

    def resolve(self, hint: model.Party) -> ports.Addressee | None:
        return None

    def link(self, exchange: ExchangeId, original: ports.Original) -> bool:
        return False

    def outgoing(self, limit: int = 50, exclude: Collection[str] = ()) -> Sequence[ports.Outgoing]:
        return ()

    def withdrawals(self, limit: int = 50) -> Sequence[ports.Withdrawal]:
        return ()

    def dispatches(self, after: str | None, limit: int = 500) -> Sequence[str]:
        return ()

    def mark(self, outgoing_ref: str, state: ports.OutgoingState, detail: str = "", at: datetime | None = None) -> None:
        raise ports.NotOffered("a card index sends nothing")

    def record(self, outgoing_ref: str, events: Sequence[model.Event], contents: Contents = ports.NO_FILES) -> None:
        raise ports.NotOffered("a card index sends nothing")

    def people(self, office: str) -> Sequence[Official]:
        raise ports.NotOffered("a card index knows no people")

    def import_people(self, correspondent: str, officials: Sequence[Official], **_: object) -> Imported:
        raise ports.NotOffered("a card index knows no people")

    def check(self, expected: Sequence[ports.Expected] = (), wanted: Sequence[ports.Wanted] = ()) -> Health:
        what, remedy = f"the card index in {self.folder}", "set edms.options.folder to where index.json is"
        try:
            self._read()
        except (OSError, ValueError) as error:
            return Health((Finding(False, what, str(error), remedy),))
        return Health((Finding(os.access(self.folder, os.W_OK), what, "", "let the gateway write there"),))

    def prepare(self) -> None:
        """Nothing: what we keep is part of the index."""

    def lacking(self) -> Sequence[Finding]:
        return ()

    def sweep(self) -> None:
        """Remove the files that killed processes left; those that are being filled are young."""
        youngest = self.clock.now().timestamp() - ORPHAN_SECONDS
        self._remove(one for one in (self.folder / "files").iterdir() if one.stat().st_mtime < youngest)

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self) -> Row:
        return cast(Row, json.loads((self.folder / "index.json").read_text(encoding="utf-8")))

    @contextmanager
    def _changing(self) -> Iterator[Row]:
        """Give the index, alone; what became of it is on the disk at the end of the block, or nothing is."""
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            index = self._read()
            yield index
            with (temporary := self.folder / "index.part").open("w", encoding="utf-8") as stream:
                json.dump(index, stream, ensure_ascii=False)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.folder / "index.json")
            _flush(self.folder)

    @contextmanager
    def _lying(self, document: Document, contents: Contents) -> Iterator[list[Row]]:
        """Put the files of *document* into the store, read back; those that no card names at the end are removed."""
        paths: list[Path] = []
        rows: list[Row] = []
        try:
            for name, digest in _named(document):
                paths.append(self.folder / "files" / uuid4().hex)
                rows.append(_put(paths[-1], name, contents[digest]))
            _flush(self.folder / "files")
            yield rows
        finally:
            with suppress(OSError):  # it went away: `sweep` will do it
                self._remove(paths)

    def _remove(self, paths: Iterable[Path]) -> None:
        named = {row["path"] for card in self._read()["cards"].values() for row in card["files"]}
        for path in paths:
            if path.name not in named:
                path.unlink(missing_ok=True)

    def _made(self, index: Row, document: Document, exchange: ExchangeId, intake: Intake, files: list[Row]) -> Made:
        reason = intake.wait_because or ("a draft" if document.type is DocumentType.DRAFT else "")
        index["made"] += 1
        key, now = str(index["made"]), self.clock.now()
        number = Number() if reason else intake.number or Number()
        if not reason and number.text in ("", *(card["number"] for card in index["cards"].values())):
            index["last"] += 1
            number = Number(str(index["last"]), intake.register_on)
        day = number.date.isoformat() if number.date else ""
        card = {"exchange": exchange, "number": number.text, "date": day, "subject": document.subject}
        index["cards"][key] = {**card, "waits": reason, "files": list(files)}
        index["exchanges"][exchange] = {"card": key, "number": number.text, "date": day, "since": now.isoformat()}
        return Waiting(CardRef(key), reason) if reason else Registration(CardRef(key), number, True, now)

    def _known(self, index: Row, exchange: ExchangeId, told: Number | None) -> Made | None:
        """Return what became of *exchange*; None when it is new, or its card vanished and its number was *told*."""
        tie = index["exchanges"].get(exchange)
        card = index["cards"].get(tie["card"]) if tie else None
        if tie is None or (card is None and told is not None):
            return None
        if card is not None and card["waits"]:
            return Waiting(CardRef(tie["card"]), card["waits"])
        return Registration(CardRef(tie["card"]), _number(card or tie), False, datetime.fromisoformat(tie["since"]))

    def _main(self, index: Row, exchange: ExchangeId) -> Registration:
        found = self._known(index, exchange, None)
        if found is None:
            raise Refused(Reason.UNKNOWN_EXCHANGE, "the document this adds to is not in the card index")
        if isinstance(found, Waiting):
            raise Deferred("the document this adds to waits for a person")
        return found


def _named(document: Document) -> list[tuple[str, model.Sha256]]:
    files = [(file.name, file.sha256) for file in document.files]
    signatures = [(sign.name, sign.sha256) for file in document.files for sign in file.signatures]
    return [(name, digest) for name, digest in files + signatures if digest is not None]


def _number(row: Row) -> Number:
    return Number(row["number"], date.fromisoformat(row["date"]) if row["date"] else None)


def _event(place: int, row: Row) -> model.Event:
    key, at = model.EventKey(f"log-{place}"), datetime.fromisoformat(row["at"]).astimezone(UTC)
    if row["what"] == "registered":
        return model.Event(model.EventKind.REGISTERED, key, at, number=_number(row), card=row["card"])
    return model.Event(model.EventKind.FORWARDED, key, at, to=model.Party(person=model.Person(row["name"])))


def _put(place: Path, name: str, content: model.Content) -> Row:
    with place.open("wb") as stream:
        for block in content.blocks():
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    with place.open("rb") as stream:
        found = file_digest(stream, "sha256").hexdigest()
    if found != content.sha256:
        raise ValueError(f"the bytes of {name!r} are others")
    return {"name": clean_name(name), "size": place.stat().st_size, "sha256": found, "path": place.name}


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


ADAPTER = Adapter(Options, CardIndex)
