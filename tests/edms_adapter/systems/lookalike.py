# SPDX-License-Identifier: GPL-3.0-or-later
"""The «ДЕЛО» look-alike: all abilities there are; numbers are reserved before the card is written."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record, day, text
from gateway.model import CardRef, Number, Sha256
from tests.edms_adapter.desk import BEREG, CLERK, TODAY
from tests.edms_adapter.systems import Abilities, Card, SeenFile, Shown
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.tables import Tables, contents_of

ZONE = "Europe/Moscow"  # columns have no zone: people and gateway must mean the same one
ABILITIES = Abilities()
OF_NUMBERS = ("num_free", "num_reserved", "edms_gw_reserved")


class LookAlike(Tables):
    """A `System`: the look-alike at *url*, filled by `lookalike_people.fill`."""

    mapping, can = people.NAME, ABILITIES
    zone = ZoneInfo(ZONE)

    def __init__(self, url: str, files: Path) -> None:
        super().__init__(url, files)
        self.numbers_count = True  # whether a number that is reserved and not used yet is something that is left

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        with self.at_work() as work:
            return int(people.one(work, "select count(*) as n from doc_rc where rc_type = 1").n)

    def card(self, ref: CardRef) -> Card:
        with self.at_work() as work:
            row = people.doc(work, int(ref))
            files = people.rows(
                work, "select * from ref_file where isn_ref_doc = :key order by isn_ref_file", key=row.isn_doc
            )
            sent = people.rows(
                work,
                "select d.classif_name from forward f join department d on d.due = f.due_person"
                " where f.isn_ref_doc = :key order by f.isn_forward",
                key=row.isn_doc,
            )
        number = Number(text(row.free_num), day(row.doc_date))
        return Card(number, row.annotat, tuple(map(self._seen, files)), tuple(one.classif_name for one in sent))

    def snapshot(self) -> object:
        seen = contents_of(self._office.engine)
        return {table: rows for table, rows in seen.items() if self.numbers_count or table not in OF_NUMBERS}

    def _seen(self, row: Record) -> SeenFile:
        data = bytes(row.contents) if row.file_path is None else (self.files / row.file_path).read_bytes()
        return SeenFile(row.descript, row.filesize, Sha256(sha256(data).hexdigest()))

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        with self.at_work() as work:
            people.register_waiting(work, int(ref), by="Родникова", to=["Полева"], now=self.now(), on=TODAY)
        return self.card(ref).number

    def refuse(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            people.decide(work, int(ref), "refused", by="Родникова", now=self.now(), refusal_text=words)

    def _forward(self, work: Work, ref: CardRef, to: str, at: datetime) -> None:
        people.forward(work, int(ref), to, by="Лугов", now=at)

    def execute(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            now = self.now()
            done = people.instruct(work, int(ref), "Сделать", author="Родникова", executors=["Лугов"], now=now)
            people.close(work, done, words, by="Родникова", now=now)

    def delete(self, ref: CardRef) -> None:
        with self.at_work() as work:
            people.delete(work, int(ref))

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG) -> str:
        with self.at_work() as work:
            now = self.now()
            card = people.write_card(
                work, subject, files, signer="Родникова", drafter="Лугов", now=now, store=self.files
            )
            return str(people.send(work, card, to, clerk=CLERK, now=now))

    def withdraw(self, ref: str, why: str) -> None:
        with self.at_work() as work:
            people.do(
                work,
                "update ref_send set withdraw_asked_at = :now, withdraw_why = :why, withdrawal = null"
                " where isn_ref_send = :key",
                now=self.now(),
                why=why,
                key=int(ref),
            )

    def send_changes(self, ref: str) -> None:
        with self.at_work() as work:
            people.do(
                work,
                "update ref_send set changes_asked = changes_asked + 1, changes_state = 'to send',"
                " changes_words = null, asked_at = :now where isn_ref_send = :key",
                now=self.now(),
                key=int(ref),
            )

    def shown(self, ref: str) -> Shown:
        with self.at_work() as work:
            row = people.one(work, "select * from ref_send where isn_ref_send = :key", key=int(ref))
            news = people.rows(
                work, "select words from sev_news where isn_ref_send = :key order by isn_sev_news", key=int(ref)
            )
            notices = people.notices(work, row.isn_ref_doc)
        state = " ".join(text(one) for one in (row.state, row.changes_state, row.withdrawal, row.trouble))
        return Shown(state, tuple(one.words for one in news), tuple(notices))
