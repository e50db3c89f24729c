# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in registry: all abilities there are."""

from datetime import datetime
from hashlib import sha256

from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.schema import metadata
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record, day, text
from gateway.model import CardRef, Number, Sha256
from tests.edms_adapter.desk import BEREG, CLERK
from tests.edms_adapter.systems import Abilities, Card, SeenFile, Shown
from tests.edms_adapter.systems.tables import Tables

ABILITIES = Abilities()


class Registry(Tables):
    """A `System`: the registry at *url*, filled by `tests.edms_adapter.desk.fill`."""

    mapping, can = "registry", ABILITIES

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        return int(self._rows("select count(*) as n from card where direction = 'in'")[0].n)

    def card(self, ref: CardRef) -> Card:
        with self.at_work() as work:
            row = people.card(work, int(ref))
            files = people.rows(work, "select * from card_file where card_id = :card order by id", card=row.id)
            inboxes = [one.inbox for one in people.inboxes(work, row.id) if one.kind == "document"]
        number = Number(text(row.number), day(row.reg_date))
        return Card(number, row.subject, tuple(map(self._seen, files)), tuple(inboxes))

    def _seen(self, row: Record) -> SeenFile:
        data = bytes(row.content) if row.path is None else (self.files / row.path).read_bytes()
        return SeenFile(row.name, row.size, Sha256(sha256(data).hexdigest()))

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        with self.at_work() as work:
            people.register_waiting(work, int(ref), by="Родникова", to=["Полева"], now=self.now())
        return self.card(ref).number

    def refuse(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            people.refuse_waiting(work, int(ref), words, by="Родникова", now=self.now())

    def _forward(self, work: Work, ref: CardRef, to: str, at: datetime) -> None:
        people.forward(work, int(ref), to, by="Лугов", now=at)

    def execute(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            now = self.now()
            task = people.instruct(work, int(ref), "Сделать", author="Родникова", executors=["Лугов"], now=now)
            people.close(work, task, words, by="Родникова", now=now)

    def delete(self, ref: CardRef) -> None:
        with self.at_work() as work:
            for table in reversed(metadata.sorted_tables):
                if "card_id" in table.c:
                    people.rows(work, f"delete from {table.name} where card_id = :card returning 1", card=int(ref))
            people.rows(work, "delete from card where id = :card returning 1", card=int(ref))

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG) -> str:
        with self.at_work() as work:
            now = self.now()
            card = people.write_card(
                work, subject, files, signer="Родникова", drafter="Лугов", now=now, store=self.files
            )
            return str(people.send(work, card, to, clerk=CLERK, now=now))

    def withdraw(self, ref: str, why: str) -> None:
        with self.at_work() as work:
            people.withdraw(work, int(ref), why, now=self.now())

    def send_changes(self, ref: str) -> None:
        with self.at_work() as work:
            people.send_changes(work, int(ref), now=self.now())

    def shown(self, ref: str) -> Shown:
        with self.at_work() as work:
            (row,) = people.rows(work, "select * from dispatch where id = :key", key=int(ref))
            news = [one.text for one in people.news(work, row.card_id)]
            notices = [one.text for one in people.inbox(work, CLERK) if one.card_id == row.card_id]
        state = " ".join(text(one) for one in (row.state, row.changes_state, row.withdrawal, row.trouble))
        return Shown(state, tuple(news), tuple(notices))

    # ----------------------------------------------------------------------------------------------------------------

    def _rows(self, sql: str) -> list[Record]:
        with self.at_work() as work:
            return people.rows(work, sql)
