# SPDX-License-Identifier: GPL-3.0-or-later
"""A live Mayan: its people work as their own accounts, over its REST interface."""

import re
import sqlite3
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from gateway.edms_adapter.mayan import MayanEdms
from gateway.edms_adapter.mayan.wire import Json, Server
from gateway.edms_adapter.opening import Surroundings
from gateway.edms_adapter.step_journal import FILE
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Failpoint, nothing_fails
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems.line import Line
from tests.servers.mayan import CLERK, HAPPENINGS, SEQUENCE, MayanOffice

NO_OUTGOING = Lack("Mayan keeps no dispatches")
ABILITIES = Abilities(
    transactions=Lack("every call is a transaction of its own: the next call completes what one left"),
    drafts=Lack("Mayan knows no drafts of others: a draft waits for a person"),
    forwarding=Lack("who put a document into another cabinet stands in the audit log alone, late and with a late time"),
    empty_files=Lack("Mayan takes no empty files: they are named in the description"),
    outgoing=NO_OUTGOING,
    news=NO_OUTGOING,
    dispatches=NO_OUTGOING,
    withdrawals=NO_OUTGOING,
    amendments=NO_OUTGOING,
    linking=Lack("links in Mayan are rules, not made by hand: they are kept as words"),
    import_people=Lack("Mayan keeps no people of other organisations"),
)
WORKER = "lugov"
SUBJECT = re.compile(r"^О чём: (.*)$", re.MULTILINE)


class Now:
    """The clock that Mayan goes by, too."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def opened(url: str, folder: str, failpoint: Failpoint = nothing_fails, **rest: Any) -> MayanEdms:
    """Open an adapter as the gateway's account; *rest* are options."""
    more = {"sequence": SEQUENCE, "default_inbox": CLERK}
    options = MayanOffice(url, Path()).options(**{**more, **rest})
    return MayanEdms(options, Surroundings(Path(folder), ZoneInfo("Europe/Moscow"), Now(), failpoint))


class Mayan:
    """A `System`: the office on a server, reached by the gateway through a line that can be cut."""

    stops: tuple[str, ...] = (
        "mayan:number-noted",
        "mayan:number-taken",
        "mayan:making-document",
        "mayan:document-made",
        "mayan:document-noted",
        "mayan:file-brought",
        "mayan:files-stored",
        "mayan:metadata-written",
        "mayan:addressees-told",
        "mayan:moved",
        "mayan:settled",
    )
    attach_stops: tuple[str, ...] = ("mayan:addition-brought", "mayan:addition-noted")

    def __init__(self, office: MayanOffice, folder: Path) -> None:
        self.name, self.abilities = "Mayan EDMS 4.12 on SQLite", ABILITIES
        self.office, self.folder = office, folder
        self.line = Line(office.url)
        self.recipe = (f"{__name__}:{opened.__name__}", self.line.url, str(folder))
        self.edms = opened(self.line.url, str(folder))
        self._open = [self.edms]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.close()
        self.line.close()

    def open(self, failpoint: Failpoint = nothing_fails) -> MayanEdms:
        self._open.append(opened(self.line.url, str(self.folder), failpoint))
        return self._open[-1]

    def away(self) -> AbstractContextManager[None]:
        return self.line.cut()

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        """Count documents whose workflow does not say that they were refused."""
        refused = (
            "select document_id from document_states_workflowinstance i "
            "join document_states_workflowstate s on s.id = i.state_active_id where s.label = 'Отклонён'"
        )
        wanted = f"select id from documents_document where not in_trash and id not in ({refused})"
        return len(self.rows(wanted))

    def card(self, ref: CardRef) -> Card:
        worker = self.office.person(WORKER)
        document = worker.get(f"/documents/{ref}/")
        facts = {row["metadata_type"]["name"]: row["value"] for row in _all(worker, f"/documents/{ref}/metadata/")}
        day = facts.get("register_date")
        number = Number(facts.get("register_number", ""), date.fromisoformat(day) if day else None)
        subject = SUBJECT.search(document["description"])
        files = tuple(self._seen(row["id"]) for row in _all(worker, f"/documents/{ref}/files/"))
        cabinets = tuple(row["label"].partition(",")[0] for row in _all(worker, f"/documents/{ref}/cabinets/"))
        return Card(number, subject[1] if subject else "", files, cabinets)

    def _seen(self, key: int) -> SeenFile:
        """Read a file where Mayan keeps it: its REST interface shows pages."""
        ((name, place),) = self.rows(f"select filename, file from documents_documentfile where id = {key}")
        (stored,) = self.office.media.glob(f"document_*/{place}")
        data = stored.read_bytes()
        return SeenFile(name, len(data), Sha256(sha256(data).hexdigest()))

    def snapshot(self) -> object:
        ours = self.folder / FILE
        return {table: self.rows(f"select * from {table}") for table in (*HAPPENINGS, "sequences_sequence")} | {
            table: _rows(ours, f"select * from {table}")
            for (table,) in _rows(ours, "select name from sqlite_master where type = 'table'")
        }

    def stored(self) -> frozenset[str]:
        return frozenset()

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        self.act(ref, "Зарегистрировать")
        self.edms.changes(None)  # by which the gateway hears of it, and gives the number
        return self.card(ref).number

    def refuse(self, ref: CardRef, words: str) -> None:
        self.act(ref, "Отклонить", f"Отправителю: {words}")

    def execute(self, ref: CardRef, words: str) -> None:
        self.act(ref, "Исполнить", f"Отправителю: {words}")

    def delete(self, ref: CardRef) -> None:
        self.office.person(WORKER).delete(f"/documents/{ref}/")

    def forward(self, ref: CardRef, to: str) -> None:
        raise AssertionError(self.abilities.forwarding)

    def forwarding(self, ref: CardRef, to: str) -> AbstractContextManager[None]:
        raise AssertionError(self.abilities.forwarding)

    def send(self, subject: str, files: dict[str, bytes], to: str = "") -> str:
        raise AssertionError(self.abilities.outgoing)

    def withdraw(self, ref: str, why: str) -> None:
        raise AssertionError(self.abilities.withdrawals)

    def send_changes(self, ref: str) -> None:
        raise AssertionError(self.abilities.amendments)

    def shown(self, ref: str) -> Shown:
        raise AssertionError(self.abilities.outgoing)

    # ----------------------------------------------------------------------------------------------------------------

    def act(self, ref: CardRef, transition: str, comment: str = "") -> None:
        """Click on a transition of a document's workflow, with a comment."""
        worker = self.office.person(WORKER)
        (course,) = _all(worker, f"/documents/{ref}/workflow_instances/")
        ways = _all(worker, f"/workflow_templates/{course['workflow_template']['id']}/transitions/")
        (way,) = [row["id"] for row in ways if row["label"] == transition]
        where = f"/documents/{ref}/workflow_instances/{course['id']}/log_entries/"
        worker.post(where, transition_id=way, comment=comment)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return _rows(self.office.database, sql)


def _all(person: Server, path: str) -> list[Json]:
    return list(person.every(path))


def _rows(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file, timeout=60)) as there:
        return there.execute(sql).fetchall()
