# SPDX-License-Identifier: GPL-3.0-or-later
"""A live Tryton with document_incoming: its people work as their own accounts, over RPC as the desktop client does."""

import json
import re
import sqlite3
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from gateway.edms_adapter.opening import Surroundings
from gateway.edms_adapter.step_journal import FILE
from gateway.edms_adapter.tryton import TrytonEdms
from gateway.edms_adapter.tryton.options import Options
from gateway.edms_adapter.tryton.wire import Server
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Failpoint, nothing_fails
from tests.edms_adapter.desk import OURS
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems.line import Line
from tests.servers.tryton import ADMIN, CLERK_LOGIN, COMPANY, HAPPENINGS, SEQUENCE, TrytonOffice

NO_OUTGOING = Lack("document_incoming keeps no outgoing documents")
ABILITIES = Abilities(
    transactions=Lack("every call is a transaction of its own: the next call completes what one left"),
    drafts=Lack("document_incoming knows no drafts of others: a draft waits for a person"),
    forwarding=Lack("document_incoming has nobody in charge of a document whom one could change"),
    outgoing=NO_OUTGOING,
    news=NO_OUTGOING,
    dispatches=NO_OUTGOING,
    withdrawals=NO_OUTGOING,
    amendments=NO_OUTGOING,
    linking=Lack("document_incoming has no links between documents: they are kept as words"),
    import_people=Lack("Tryton's parties are the office's own"),
)
WORKER = "lugov"
NUMBER = re.compile(r"^Зарегистрирован: № (.+) от (\d\d)\.(\d\d)\.(\d{4})$", re.MULTILINE)
SUBJECT = re.compile(r"^О чём: (.*)$", re.MULTILINE)


class Now:
    """The clock that Tryton goes by, too."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def opened(url: str, database: str, folder: str, failpoint: Failpoint = nothing_fails, **rest: Any) -> TrytonEdms:
    """Open an adapter as the gateway's account; *rest* are options."""
    office = TrytonOffice(url, database, Path())
    more = {"sequence": SEQUENCE, "companies": (f"{OURS}: {COMPANY}",), "default_user": CLERK_LOGIN}
    options: Options = office.options(**{**more, **rest})
    return TrytonEdms(options, Surroundings(Path(folder), ZoneInfo("Europe/Moscow"), Now(), failpoint))


class Tryton:
    """A `System`: the office on a server, reached by the gateway through a line that can be cut."""

    stops: tuple[str, ...] = (
        "tryton:number-noted",
        "tryton:number-taken",
        "tryton:making-card",
        "tryton:card-made",
        "tryton:card-noted",
        "tryton:sheet-written",
        "tryton:addressee-told",
        "tryton:settled",
    )
    attach_stops: tuple[str, ...] = ("tryton:addition-attached", "tryton:addition-noted")
    file_stops: tuple[str, ...] = ("tryton:file-attached",)  # of a letter with more than one file

    def __init__(self, office: TrytonOffice, folder: Path) -> None:
        self.name, self.abilities = "Tryton 8.2 on SQLite", ABILITIES
        self.office, self.folder = office, folder
        self.line = Line(office.url)
        self.recipe = (f"{__name__}:{opened.__name__}", self.line.url, office.database, str(folder))
        self.edms = opened(self.line.url, office.database, str(folder))
        self._open = [self.edms]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.close()
        self.line.close()

    def open(self, failpoint: Failpoint = nothing_fails) -> TrytonEdms:
        self._open.append(opened(self.line.url, self.office.database, str(self.folder), failpoint))
        return self._open[-1]

    def away(self) -> AbstractContextManager[None]:
        return self.line.cut()

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        return len(self._rows("select id from document_incoming where parent is null and state <> 'cancelled'"))

    def card(self, ref: CardRef) -> Card:
        key, worker = int(ref), self.office.person(WORKER)
        (card,) = worker.call("model.document.incoming.read", [key], ["name", "data"])
        found = _of_card(worker, "ir.attachment", key, ["name"])
        files = [_seen(card["name"], b"".join(worker.data("document.incoming", key)))]
        files += [_seen(one["name"], b"".join(worker.data("ir.attachment", one["id"]))) for one in found]
        words = "\n".join(one["message"] for one in _of_card(worker, "ir.note", key, ["message"]))
        subject = SUBJECT.search(words)
        return Card(_number(words), subject[1] if subject else "", tuple(files), self._inboxes(key))

    def _inboxes(self, card: int) -> tuple[str, ...]:
        wanted = [["model", "=", "document.incoming"], ["records", "=", json.dumps([card])]]
        rows = self.office.person(ADMIN).call(
            "model.res.notification.search_read", wanted, 0, None, None, ["user.name"]
        )
        return tuple(one["user."]["name"] for one in rows)

    def snapshot(self) -> object:
        ours = self.folder / FILE
        return {table: self._rows(f"select * from {table}") for table in (*HAPPENINGS, "ir_sequence_strict")} | {
            table: _rows(ours, f"select * from {table}")
            for (table,) in _rows(ours, "select name from sqlite_master where type = 'table'")
        }

    def stored(self) -> frozenset[str]:
        return frozenset()

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        self.process(ref)
        self.edms.changes(None)  # by which the gateway hears of it, and gives the number
        return self.card(ref).number

    def refuse(self, ref: CardRef, words: str) -> None:
        worker = self.office.person(WORKER)
        _say(worker, int(ref), words)
        worker.call("model.document.incoming.cancel", [int(ref)])

    def forward(self, ref: CardRef, to: str) -> None:
        raise AssertionError(self.abilities.forwarding)

    def forwarding(self, ref: CardRef, to: str) -> AbstractContextManager[None]:
        raise AssertionError(self.abilities.forwarding)

    def execute(self, ref: CardRef, words: str) -> None:
        _say(self.office.person(WORKER), int(ref), words)
        self.process(ref)

    def delete(self, ref: CardRef) -> None:
        self.office.person(WORKER).call("model.document.incoming.delete", [int(ref)])

    def send(self, subject: str, files: dict[str, bytes], to: str = "") -> str:
        raise AssertionError(self.abilities.outgoing)

    def withdraw(self, ref: str, why: str) -> None:
        raise AssertionError(self.abilities.withdrawals)

    def send_changes(self, ref: str) -> None:
        raise AssertionError(self.abilities.amendments)

    def shown(self, ref: str) -> Shown:
        raise AssertionError(self.abilities.outgoing)

    # ----------------------------------------------------------------------------------------------------------------

    def process(self, ref: CardRef) -> None:
        """Say what kind of document it is, and click "Process"."""
        card, worker = int(ref), self.office.person(WORKER)
        worker.call("model.document.incoming.write", [card], {"type": "document_incoming"})
        worker.call("model.document.incoming.process", [card])

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return _rows(self.office.file, sql)


def _say(person: Server, card: int, words: str) -> None:
    person.create("ir.note", {"message": f"Отправителю: {words}", "resource": f"document.incoming,{card}"})


def _of_card(person: Server, model: str, card: int, fields: list[str]) -> list[Any]:  # Any: rows of any model
    domain = [["resource", "=", f"document.incoming,{card}"]]
    return list(person.call(f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields))


def _seen(name: str, data: bytes) -> SeenFile:
    return SeenFile(name, len(data), Sha256(sha256(data).hexdigest()))


def _number(words: str) -> Number:
    found = NUMBER.search(words)
    return Number(found[1], date(int(found[4]), int(found[3]), int(found[2]))) if found else Number()


def _rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file, timeout=60)) as there:
        return there.execute(sql).fetchall()
