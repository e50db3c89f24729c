# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in registry: all abilities there are."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url

from gateway.edms_adapter import SqlEdms, open_edms
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.database import Database, Work
from gateway.edms_adapter.sql.values import Record, day, text
from gateway.model import CardRef, Number, Sha256
from gateway.ports import Edms, Failpoint, nothing_fails
from tests.edms_adapter.desk import BEREG, CLERK
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems.tables import contents_of, out_of_reach, tree

ON_A_SERVER = Abilities()
IN_A_FILE = replace(
    ON_A_SERVER, cutting=Lack("SQLite: a file on this machine does not go away in the middle of a call")
)


def opened(url: str, files: str, failpoint: Failpoint = nothing_fails) -> SqlEdms:
    return open_edms("registry", url, Path(files), "Europe/Moscow", failpoint)


class Registry:
    """A `System`: the registry at *url*, filled by `tests.edms_adapter.desk.fill`."""

    stops: tuple[str, ...] = ("edms-register:before-commit", "edms-register:after-commit")
    attach_stops: tuple[str, ...] = ("edms-attach:before-commit",)

    def __init__(self, url: str, files: Path) -> None:
        files.mkdir(exist_ok=True)
        backend = make_url(url).get_backend_name()
        self.name = f"the registry on {backend}"
        self.abilities = IN_A_FILE if backend == "sqlite" else ON_A_SERVER
        self.recipe: tuple[str, ...] = (f"{__name__}:{opened.__name__}", url, str(files))
        self.url, self.files = url, files
        self._adapter = opened(url, str(files))
        self.edms: Edms = self._adapter
        self._office = Database(url, UTC)
        self._open: list[SqlEdms | Database] = [self._office, self._adapter]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def open(self, failpoint: Failpoint = nothing_fails) -> SqlEdms:
        made = opened(self.url, str(self.files), failpoint)
        self._open.append(made)
        return made

    def away(self) -> AbstractContextManager[None]:
        return out_of_reach(self.url, self._let_go)

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        return int(self._rows("select count(*) as n from card where direction = 'in'")[0].n)

    def card(self, ref: CardRef) -> Card:
        with self._at_work() as work:
            row = people.card(work, int(ref))
            files = people.rows(work, "select * from card_file where card_id = :card order by id", card=row.id)
            inboxes = [one.inbox for one in people.inboxes(work, row.id) if one.kind == "document"]
        number = Number(text(row.number), day(row.reg_date))
        return Card(number, row.subject, tuple(map(self._seen, files)), tuple(inboxes))

    def snapshot(self) -> object:
        return contents_of(self._office.engine)

    def stored(self) -> frozenset[str]:
        return tree(self.files)

    def _seen(self, row: Record) -> SeenFile:
        data = bytes(row.content) if row.path is None else (self.files / row.path).read_bytes()
        return SeenFile(row.name, row.size, Sha256(sha256(data).hexdigest()))

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        with self._at_work() as work:
            people.register_waiting(work, int(ref), by="Родникова", to=["Полева"], now=self._now())
        return self.card(ref).number

    def refuse(self, ref: CardRef, words: str) -> None:
        with self._at_work() as work:
            people.refuse_waiting(work, int(ref), words, by="Родникова", now=self._now())

    def forward(self, ref: CardRef, to: str) -> None:
        with self._at_work() as work:
            people.forward(work, int(ref), to, by="Лугов", now=self._now())

    @contextmanager
    def forwarding(self, ref: CardRef, to: str) -> Iterator[None]:
        moment = self._now()
        if self.url.startswith("sqlite"):  # one writer at a time: the others would wait for this one
            yield
            with self._at_work() as work:
                people.forward(work, int(ref), to, by="Лугов", now=moment)
        else:
            with self._at_work() as work:
                people.forward(work, int(ref), to, by="Лугов", now=moment)
                yield

    def execute(self, ref: CardRef, words: str) -> None:
        with self._at_work() as work:
            now = self._now()
            task = people.instruct(work, int(ref), "Сделать", author="Родникова", executors=["Лугов"], now=now)
            people.close(work, task, words, by="Родникова", now=now)

    def delete(self, ref: CardRef) -> None:
        with self._at_work() as work:
            for table in reversed(metadata.sorted_tables):
                if "card_id" in table.c:
                    people.rows(work, f"delete from {table.name} where card_id = :card returning 1", card=int(ref))
            people.rows(work, "delete from card where id = :card returning 1", card=int(ref))

    def send(self, subject: str, files: dict[str, bytes]) -> str:
        with self._at_work() as work:
            now = self._now()
            card = people.write_card(
                work, subject, files, signer="Родникова", drafter="Лугов", now=now, store=self.files
            )
            return str(people.send(work, card, BEREG, clerk=CLERK, now=now))

    def withdraw(self, ref: str, why: str) -> None:
        with self._at_work() as work:
            people.withdraw(work, int(ref), why, now=self._now())

    def send_changes(self, ref: str) -> None:
        with self._at_work() as work:
            people.send_changes(work, int(ref), now=self._now())

    def shown(self, ref: str) -> Shown:
        with self._at_work() as work:
            (row,) = people.rows(work, "select * from dispatch where id = :key", key=int(ref))
            news = [one.text for one in people.news(work, row.card_id)]
            notices = [one.text for one in people.inbox(work, CLERK) if one.card_id == row.card_id]
        state = " ".join(text(one) for one in (row.state, row.changes_state, row.withdrawal, row.trouble))
        return Shown(state, tuple(news), tuple(notices))

    # ----------------------------------------------------------------------------------------------------------------

    def _at_work(self) -> AbstractContextManager[Work]:
        return self._office.writing()

    def _rows(self, sql: str) -> list[Record]:
        with self._at_work() as work:
            return people.rows(work, sql)

    def _now(self) -> datetime:
        return self._office.now()

    def _let_go(self) -> None:
        for one in self._open:
            one.close()
