# SPDX-License-Identifier: GPL-3.0-or-later
"""Builders for tests of the registry: an office, its correspondents, documents that come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gateway.content import Held
from gateway.edms_adapter import open_edms
from gateway.edms_adapter.registry import Correspondent, Office, Staff, people, seed
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.edms_adapter.sql.values import Record
from gateway.model import (
    Author,
    Document,
    DocumentUid,
    Event,
    EventKind,
    ExchangeId,
    File,
    FileRole,
    Number,
    Organisation,
    PartnerId,
    Party,
    Person,
    Sha256,
)
from gateway.ports import Intake, Registration, Waiting

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
OURS, BEREG, GOROD = "SVETLY-01", "BEREG-02", "GOROD-03"
STAFF = (
    Staff("Родникова Алла Юрьевна", "Председатель", "Руководство", "R-01"),
    Staff("Лугов Семён Ильич", "Начальник отдела", "Отдел учёта", "R-02"),
    Staff("Полева Нина Олеговна", "Главный специалист", "Отдел учёта", "R-03"),
    Staff("Озёров Илья Петрович", "Советник", "Руководство"),
    Staff("Озёров Иван Павлович", "Советник", "Руководство"),
    Staff("Ключевой Пётр Савельевич", "Делопроизводитель", "Канцелярия", "R-04"),
)
CLERK = "Ключевой"


def fill(url: str) -> None:
    """Put the office and its people into an empty registry."""
    seed(
        url,
        Office(OURS, "Комитет «Светлый»"),
        (Correspondent(BEREG, "Архив «Берег»"), Correspondent(GOROD, "Управа «Город»")),
        STAFF,
    )


@dataclass
class Hands:
    """A clock that stands until somebody moves it."""

    at: datetime = MORNING

    def now(self) -> datetime:
        return self.at

    def later(self, **step: float) -> datetime:
        self.at += timedelta(**step)
        return self.at


@dataclass
class Breaking:
    """A failpoint that raises where a test wants it to."""

    where: str = ""

    def __call__(self, name: str) -> None:
        if name == self.where:
            raise RuntimeError(f"broken at {name}")


PDF = Held(b"%PDF-1.7 " + b"letter " * 2000)


def file_of(content: Held = PDF, name: str = "Письмо.pdf") -> File:
    return File(name, size=content.size, sha256=content.sha256, media_type="application/pdf", role=FileRole.TEXT)


def to(name: str = "", post: str = "", index: str = OURS) -> Party:
    return Party(Organisation(index=index), person=Person(name, post) if name or post else None)


def letter(uid: str = "doc-1", number: str = "14/3", **rest: Any) -> Document:  # Any: the fields of Document
    fields: dict[str, Any] = {
        "uid": DocumentUid(uid),
        "number": Number(number, date(2026, 11, 20)),
        "subject": "О передаче дел",
        "authors": (Author(Party(Organisation("Архив «Берег»"), person=Person("Берегова Т. К.", "директор"))),),
        "addressees": (to("Лугов С. И."),),
        "files": (file_of(),),
    }
    return Document(**{**fields, **rest})


def intake(**rest: Any) -> Intake:  # Any: the fields of Intake
    fields: dict[str, Any] = {
        "office": OURS,
        "partner": PartnerId("bereg"),
        "correspondent": Party(Organisation(index=BEREG)),
        "received_at": MORNING,
        "register_on": TODAY,
        "return_id": "return-1",
        "message_id": "message-1",
    }
    return Intake(**{**fields, **rest})


@dataclass
class Desk:
    """An open adapter and the registry behind it."""

    url: str
    files: Path
    edms: SqlEdms
    clock: Hands
    failpoint: Breaking
    contents: dict[Sha256, Held] = field(default_factory=lambda: {PDF.sha256: PDF})

    @classmethod
    @contextmanager
    def at(cls, url: str, files: Path, mapping: Path | str = "registry") -> Iterator["Desk"]:
        files.mkdir(exist_ok=True)
        clock, failpoint = Hands(), Breaking()
        with open_edms(mapping, url, files, "Europe/Moscow", failpoint, clock) as edms:
            yield cls(url, files, edms, clock, failpoint)

    def register(self, document: Document | None = None, exchange: str = "ex-1", **rest: Any) -> Registration | Waiting:
        """Register *document* (a letter by default); *rest* goes into the intake."""
        return self.edms.register(document or letter(), self.contents, ExchangeId(exchange), intake(**rest))

    def registered(self, document: Document | None = None, exchange: str = "ex-1", **rest: Any) -> Registration:
        made = self.register(document, exchange, **rest)
        assert isinstance(made, Registration)
        return made

    def card(self, document: Document | None = None, exchange: str = "ex-1", **rest: Any) -> int:
        return int(self.registered(document, exchange, **rest).ref)

    @contextmanager
    def at_work(self) -> Iterator[Work]:
        with people.at_work(self.url) as work:
            yield work

    def rows(self, sql: str) -> list[Record]:
        with self.at_work() as work:
            return people.rows(work, sql)

    def do(self, sql: str, **values: object) -> None:
        with self.at_work() as work:
            work.run(text(sql), values)

    def count(self, table: str) -> int:
        return int(self.rows(f"select count(*) as n from {table}")[0].n)

    def events(self, kind: EventKind | None = None) -> list[Event]:
        """Return what `changes` tells from the beginning, of one kind or all."""
        found = [one.event for one in self.edms.changes(None).events]
        return [event for event in found if kind in (None, event.kind)]
