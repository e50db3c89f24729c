# SPDX-License-Identifier: GPL-3.0-or-later
"""How many documents a second the mapping registers, beside a program that writes the same rows by itself.

The EDMS is the built-in registry, empty at first; a document carries one file of 14 KB, which lies in the database.
`ByHand` is what somebody would write for this one registry in SQLAlchemy Core: it looks up what the mapping looks up
(for people by the very query of the mapping, with who is away and whose deputy is here), takes the number, writes the
same rows with the same values and reads the file back, in one transaction on an engine set up likewise.
It reads no rules from a file, finds an addressee by the one word that is in every letter here, and cannot tell
afterwards what it did.
Both work in turn, round by round, each in a registry of its own, and the ratios are of the same round.
"""

import asyncio
import json
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import (
    Connection,
    Date,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)

from bench.figures import Line, middle, ratios, spread
from bench.world import Broken
from gateway.build import SystemClock
from gateway.content import Held
from gateway.edms_adapter import BUILT_IN, open_edms, registry
from gateway.edms_adapter.sql.engines import WRITES, engine
from gateway.model import (
    Author,
    Document,
    DocumentUid,
    ExchangeId,
    File,
    FileRole,
    Number,
    Organisation,
    PartnerId,
    Party,
    Person,
)
from gateway.ports import Intake, Registration
from tests.servers import postgres

AIM = 0.7  # of what the hand-written program does
OFFICE, PARTNER = "BENCH-OFFICE", "BENCH-PARTNER"
ADDRESSEE, SIGNER = "Полева Н. О.", "Берегова Т. К."
STAFF = (
    registry.Staff("Родникова Алла Юрьевна", "Председатель", "Руководство"),
    registry.Staff("Лугов Семён Ильич", "Начальник отдела", "Отдел учёта"),
    registry.Staff("Полева Нина Олеговна", "Главный специалист", "Отдел учёта"),
    registry.Staff("Ключевой Пётр Савельевич", "Делопроизводитель", "Канцелярия"),
)
PDF = Held(b"%PDF-1.7 " + b"letter " * 2000)
ZONE = "Europe/Moscow"
WRITTEN = ("card", "inbox_row", "addressee", "card_file", "edms_gw_exchange")
OF_EACH = {"made_at", "at", "known_at"}  # columns whose values no two registrations share

Register = Callable[[int], str]  # the document with this number; the register number


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int
    documents: int  # in a round, of each


async def measure(home: Path, size: Size) -> list[Line]:
    """Measure on both kinds of database."""
    return await asyncio.to_thread(_measured, home / "registrations", size)


def _measured(home: Path, size: Size) -> list[Line]:
    home.mkdir()
    lines = _compared("SQLite", size, home, lambda name: f"sqlite:///{home}/{name}.db")
    with postgres.running() as database:
        return lines + _compared("PostgreSQL", size, home, lambda name: database())


def _compared(kind: str, size: Size, home: Path, database: Callable[[str], str]) -> list[Line]:
    urls = {name: database(name) for name in ("mapped", "by-hand")}
    for url in urls.values():
        registry.create(url)
        partner = registry.Correspondent(PARTNER, "Partner")
        registry.seed(url, registry.Office(OFFICE, "Office"), [partner], STAFF)
    taken: dict[str, list[float]] = {name: [] for name in urls}
    with open_edms("registry", urls["by-hand"], home, ZONE) as edms:
        edms.prepare()  # our tables are there, too
    with open_edms("registry", urls["mapped"], home, ZONE, clock=SystemClock()) as edms:
        edms.prepare()

        def mapped(number: int) -> str:
            made = edms.register(document(number), {PDF.sha256: PDF}, exchange(number), intake(number))
            if not isinstance(made, Registration):
                raise Broken(f"a document of the bench waits: {made}")
            return made.number.text

        with by_hand(urls["by-hand"]) as hand:
            ways: dict[str, Register] = {"mapped": mapped, "by-hand": hand.register}
            for turn in range(size.rounds + 1):
                for name, register in ways.items():
                    began = time.perf_counter()
                    for number in range(turn * size.documents, (turn + 1) * size.documents):
                        register(number)
                    if turn:  # the first one is for what is made once
                        taken[name].append(size.documents / (time.perf_counter() - began))
    _same_rows(*(urls[name] for name in ways))
    found = ratios(taken["mapped"], taken["by-hand"])
    return [
        Line(f"registrations/s through the mapping, {kind}", middle(taken["mapped"]), spread=spread(taken["mapped"])),
        Line(f"registrations/s by hand, {kind}", middle(taken["by-hand"]), spread=spread(taken["by-hand"])),
        Line(f"mapping / by hand, {kind}", middle(found, 2), f"≥ {AIM}", median(found) >= AIM, spread(found, 2)),
    ]


def document(number: int) -> Document:
    """Return a document as the gateway hands it to the EDMS."""
    file = File("Письмо.pdf", size=PDF.size, sha256=PDF.sha256, media_type="application/pdf", role=FileRole.TEXT)
    return Document(
        uid=DocumentUid(f"document-{number}"),
        number=Number(f"{number}/26", date(2026, 1, 1) + timedelta(days=number % 300)),
        subject="О передаче дел",
        authors=(Author(Party(Organisation("Partner", index=PARTNER), person=Person(SIGNER, "директор"))),),
        addressees=(Party(Organisation(index=OFFICE), person=Person(ADDRESSEE, "")),),
        files=(file,),
    )


def exchange(number: int) -> ExchangeId:
    return ExchangeId(f"exchange-{number}")


def intake(number: int) -> Intake:
    return Intake(
        office=OFFICE,
        partner=PartnerId("partner"),
        correspondent=Party(Organisation(index=PARTNER)),
        received_at=datetime(2026, 11, 22, 6, tzinfo=UTC),
        register_on=date(2026, 11, 22),
        return_id=f"return-{number}",
        message_id=f"message-{number}",
    )


def _same_rows(mapped: str, by_hand: str) -> None:
    """Raise Broken unless both ways have written the same."""
    left, right = _rows(mapped), _rows(by_hand)
    if left != right:
        other = [(one, two) for one, two in zip(left, right, strict=False) if one != two][:3]
        raise Broken(f"{len(left)} and {len(right)} rows, and not the same: {other}")


def _rows(url: str) -> list[tuple[str, dict[str, object]]]:
    made, tables = engine(url), MetaData()
    try:
        tables.reflect(made, only=WRITTEN)
        with made.connect() as line:
            return [
                (name, {key: value for key, value in row.items() if key not in OF_EACH})
                for name in WRITTEN
                for row in line.execute(select(tables.tables[name])).mappings()
            ]
    finally:
        made.dispose()


# --- the same by hand ---------------------------------------------------------------------------------------------


@contextmanager
def by_hand(url: str) -> Iterator["ByHand"]:
    """Open the registry at *url* for the hand-written program."""
    made = engine(url)
    try:
        yield ByHand(made)
    finally:
        made.dispose()


def _by_index(table: Table) -> Select[Any]:  # Any: whatever the columns hold
    index = table.c.exchange_index
    return select(table.c.id).where(func.lower(func.trim(index)) == func.lower(func.trim(bindparam("index"))))


def _only(line: Connection, query: Select[Any], **values: object) -> Row[Any]:  # Any: see _by_index
    return line.execute(query, values).one()


class ByHand:
    """Registers in this one registry; every statement is built once."""

    def __init__(self, engine: Engine) -> None:
        self._reading, self._writing = engine, engine.execution_options(**{WRITES: True})
        tables = MetaData()
        tables.reflect(engine)
        of = tables.tables
        card, group = of["card"].c, of["doc_group"].c
        journal, counter, told = of["journal"].c, of["counter"].c, of["edms_gw_exchange"].c
        self._zone = None if engine.dialect.name == "sqlite" else UTC  # how moments are stored
        self._known = select(told.card, told.number).where(told.exchange_id == bindparam("exchange"))
        self._claim = insert(of["edms_gw_exchange"])
        self._correspondent = _by_index(of["correspondent"])
        self._office = _by_index(of["office"])
        self._group = select(group.id, group.journal_id).where(group.direction == "in", group.is_default)
        self._journal = select(journal.id, journal.prefix).where(journal.id == bindparam("journal"))
        self._double = select(card.id).where(
            card.direction == "in",
            card.state == "registered",
            card.correspondent_id == bindparam("correspondent"),
            card.partner_date == bindparam("date"),
            func.lower(func.trim(card.partner_number)) == func.lower(func.trim(bindparam("number"))),
        )
        asked = tomllib.loads((BUILT_IN / "registry.toml").read_text("utf-8"))["routing"]["inboxes"]
        self._inboxes = text(asked).bindparams(bindparam("today", type_=Date()))  # who is away, whose deputy
        here = (counter.journal_id == bindparam("journal"), counter.year == bindparam("in_year"))
        self._count = update(of["counter"]).where(*here).values(last=counter.last + 1)
        self._new_year = insert(of["counter"])
        self._counted = select(counter.last).where(*here)
        self._card = insert(of["card"]).returning(card.id)
        self._inbox_row, self._addressee, self._file = (
            insert(of[name]) for name in ("inbox_row", "addressee", "card_file")
        )
        self._kept = select(of["card_file"].c.sha256, of["card_file"].c.content).where(
            of["card_file"].c.card_id == bindparam("card")
        )
        self._tied = (
            update(of["edms_gw_exchange"])
            .where(told.exchange_id == bindparam("exchange"))
            .values({name: bindparam(f"new_{name}") for name in ("card", "number", "number_date", "made_at", "routed")})
        )

    def register(self, number: int) -> str:
        """Register the document with this *number* of its sender; return the register number."""
        paper, decided, key = document(number), intake(number), exchange(number)
        with self._reading.connect() as line:
            if line.execute(self._known, {"exchange": key}).first() is not None:
                raise Broken("it was registered before")
        with self._writing.begin() as line:
            now = datetime.now(UTC).replace(tzinfo=self._zone)
            line.execute(self._claim, {"exchange_id": key, "known_at": now})
            correspondent = _only(line, self._correspondent, index=PARTNER)
            office = _only(line, self._office, index=decided.office)
            group = _only(line, self._group)
            journal = _only(line, self._journal, journal=group.journal_id)
            their = {"correspondent": correspondent.id, "date": paper.number.date, "number": paper.number.text}
            if line.execute(self._double, their).first() is not None:
                raise Broken("it was sent before")
            surname = ADDRESSEE.split()[0]
            people = line.execute(self._inboxes, {"office": decided.office, "today": decided.register_on})
            inbox = next(row for row in people.all() if (row.name or "").startswith(surname))
            here = {"journal": journal.id, "in_year": decided.register_on.year}
            if line.execute(self._count, here).rowcount == 0:
                line.execute(self._new_year, {"journal_id": journal.id, "year": decided.register_on.year, "last": 1})
            given = f"{journal.prefix}{_only(line, self._counted, **here).last}"
            why = f"«{ADDRESSEE}»: по фамилии и инициалам"
            (card,) = line.execute(
                self._card,
                {
                    "direction": "in",
                    "state": "registered",
                    "office_id": office.id,
                    "group_id": group.id,
                    "journal_id": journal.id,
                    "number": given,
                    "reg_date": decided.register_on,
                    "subject": paper.subject,
                    "made_at": now,
                    "correspondent_id": correspondent.id,
                    "sender": "",
                    "sender_index": PARTNER,
                    "partner_uid": paper.uid,
                    "partner_number": paper.number.text,
                    "partner_date": paper.number.date,
                    "partner_signer": SIGNER,
                    "route": why,
                    "message_id": decided.message_id,
                    "return_id": decided.return_id,
                },
            ).one()
            at = {"card_id": card, "inbox_id": inbox.key, "kind": "document", "at": now, "why": why}
            line.execute(self._inbox_row, at)
            line.execute(self._addressee, {"card_id": card, "organisation": "", "name": ADDRESSEE, "post": ""})
            (file,) = paper.files
            line.execute(
                self._file,
                {
                    "card_id": card,
                    "position": 1,
                    "name": file.name,
                    "size": file.size,
                    "sha256": file.sha256,
                    "media_type": file.media_type,
                    "role": file.role.value,
                    "content": PDF.data,
                },
            )
            kept = _only(line, self._kept, card=card)
            if sha256(kept.content).hexdigest() != kept.sha256:
                raise Broken("the database keeps other bytes")
            route = {"inbox": str(inbox.key), "name": inbox.name, "route": "initials", "why": why, "found": True}
            line.execute(
                self._tied,
                {
                    "exchange": key,
                    "new_card": card,
                    "new_number": given,
                    "new_number_date": decided.register_on,
                    "new_made_at": now,
                    "new_routed": json.dumps([route], ensure_ascii=False),
                },
            )
        return given
