# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange tables with an EDMS at their other side: what its vendor's program writes there, by hand."""

from datetime import datetime
from hashlib import sha256
from uuid import uuid4
from zoneinfo import ZoneInfo

from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.values import Record, day, text
from gateway.model import CardRef, Number, Sha256
from tests.edms_adapter.desk import BEREG, OURS, STAFF, TODAY
from tests.edms_adapter.systems import Abilities, Card, Lack, SeenFile, Shown
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.tables import Tables

NAME = "exchange-tables"
ZONE = "Europe/Moscow"  # columns have no zone: the EDMS and the gateway must mean the same one
ABILITIES = Abilities(
    numbers=Lack("the EDMS registers, and gives the number: the tables only hand the document over"),
    gapless=Lack("the numbers are the EDMS's"),
    told_numbers=Lack("the numbers are the EDMS's, and it may give a number again or not"),
    drafts=Lack("there are no tables for visas and signatures: a draft lies before the EDMS as any other document"),
    routing=Lack("to whom a document goes is decided by the EDMS, which tells it by an event"),
    offices=Lack("no table says which organisations the EDMS keeps"),
    people=Lack("there is no table of people"),
    import_people=Lack("there is no table of people"),
)
THEIR_NUMBER = "ВХ-%d"


class ExchangeTables(Tables):
    """A `System`: the tables at *url*, made and empty."""

    mapping, can = NAME, ABILITIES
    zone = ZoneInfo(ZONE)

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        with self.at_work() as work:
            return int(people.one(work, "select count(*) as n from exchange_message where direction = 'in'").n)

    def card(self, ref: CardRef) -> Card:
        with self.at_work() as work:
            row = people.one(work, "select * from exchange_message where id = :key", key=int(ref))
            files = people.rows(work, "select * from exchange_file where message_id = :key order by id", key=int(ref))
            given = people.rows(
                work,
                "select doc_number, doc_date from exchange_event where message_id = :key and kind = 'registered'",
                key=int(ref),
            )
        number = Number(text(given[-1].doc_number), day(given[-1].doc_date)) if given else Number()
        return Card(number, text(row.subject), tuple(map(self._seen, files)))

    def _seen(self, row: Record) -> SeenFile:
        data = bytes(row.body) if row.file_path is None else (self.files / row.file_path).read_bytes()
        return SeenFile(row.file_name, row.file_size, Sha256(sha256(data).hexdigest()))

    # --- what the EDMS does -------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        with self.at_work() as work:
            given = people.one(work, "select count(*) as n from exchange_event where kind = 'registered'").n
            number = Number(THEIR_NUMBER % (given + 1), TODAY)
            self._decide(work, int(ref), "registered")
            self.tell(work, int(ref), "registered", doc_number=number.text, doc_date=number.date)
        return number

    def refuse(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            self._decide(work, int(ref), "refused")
            self.tell(work, int(ref), "refused", words=words)

    def execute(self, ref: CardRef, words: str) -> None:
        with self.at_work() as work:
            task = str(uuid4())
            self.assign(work, int(ref), task, "Сделать", "Лугов")
            self.tell(work, int(ref), "executor_reported", task_uid=task, person_name="Лугов", words=words)
            self.tell(work, int(ref), "executed", task_uid=task, words=words)

    def delete(self, ref: CardRef) -> None:
        with self.at_work() as work:
            for table in ("exchange_file", "exchange_task", "exchange_event"):
                if people.rows(work, f"select id from {table} where message_id = :key", key=int(ref)):
                    people.do(work, f"delete from {table} where message_id = :key", key=int(ref))
            people.do(work, "delete from exchange_message where id = :key", key=int(ref))

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG, *, answers: CardRef | None = None) -> str:
        with self.at_work() as work:
            values = {"direction": "out", "state": "to send", "office": OURS, "partner_index": to}
            words = {"doc_uid": str(uuid4()), "subject": subject, "author_name": "Родникова Алла Юрьевна"}
            count = people.one(work, "select count(*) as n from exchange_message where direction = 'out'").n
            number = {"doc_number": f"ИСХ-{count + 1}", "doc_date": TODAY}
            question = {"answers": int(answers)} if answers else {}
            sent = people.add(
                work, "exchange_message", "id", **values, **words, **number, **question, written_at=self.now()
            )
            for place, (name, data) in enumerate(files.items(), 1):
                facts = {"file_name": name, "file_size": len(data), "sha256": sha256(data).hexdigest()}
                people.add(
                    work,
                    "exchange_file",
                    message_id=sent,
                    place=place,
                    media_type="application/pdf",
                    file_role="text",
                    body=data,
                    **facts,
                )
            return str(sent)

    def withdraw(self, ref: str, why: str) -> None:
        with self.at_work() as work:
            people.do(
                work,
                "update exchange_message set withdraw_asked = 1, withdraw_why = :why, withdrawal = null"
                " where id = :key",
                why=why,
                key=int(ref),
            )

    def send_changes(self, ref: str) -> None:
        with self.at_work() as work:
            people.do(
                work,
                "update exchange_message set changes_asked = changes_asked + 1, changes_state = 'to send',"
                " changes_words = null where id = :key",
                key=int(ref),
            )

    def shown(self, ref: str) -> Shown:
        with self.at_work() as work:
            row = people.one(work, "select * from exchange_message where id = :key", key=int(ref))
            news = people.rows(work, "select * from exchange_event where message_id = :key order by id", key=int(ref))
        state = " ".join(text(one) for one in (row.state, row.changes_state, row.withdrawal, row.trouble))
        lines = (
            " ".join(filter(None, (one.kind, one.doc_number, one.person_name, one.task_uid, one.words))) for one in news
        )
        return Shown(state, tuple(lines))

    # ----------------------------------------------------------------------------------------------------------------

    def tell(self, work: Work, message: int, kind: str, **values: object) -> int:
        """Write a fact."""
        return people.add(
            work, "exchange_event", "id", message_id=message, kind=kind, **{"happened_at": self.now(), **values}
        )

    def assign(self, work: Work, message: int, task: str, words: str, *executors: str, **values: object) -> None:
        """Give a task of ours, the first of the executors being responsible."""
        for place, name in enumerate(executors):
            people.add(
                work,
                "exchange_task",
                message_id=message,
                task_uid=task,
                author_name="Родникова",
                task_text=words,
                signed_on=TODAY,
                executor_name=name,
                responsible=int(not place),
                **values,
            )
        self.tell(work, message, "assigned", task_uid=task)

    def _forward(self, work: Work, ref: CardRef, to: str, at: datetime) -> None:
        (found,) = (one for one in STAFF if one.name.startswith(to))
        self.tell(work, int(ref), "forwarded", person_name=found.name, person_post=found.post, happened_at=at)

    def _decide(self, work: Work, message: int, state: str) -> None:
        people.do(
            work,
            "update exchange_message set state = :state where id = :key and state = 'new'",
            state=state,
            key=message,
        )
