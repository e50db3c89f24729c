# SPDX-License-Identifier: GPL-3.0-or-later
"""Moscow's EDMS reads and writes exchange tables, Minsk has the registry: letters and news go both ways."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.values import Record
from gateway.settings import Settings, parse
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.exchange_tables import NAME
from tests.story import acts
from tests.story.offices import (
    HOLIDAYS,
    INDICES,
    ZONES,
    HandClock,
    HandPost,
    Town,
    TownOffice,
    open_office,
    settings_of,
)


@dataclass
class MoscowEdms:
    """What Moscow's EDMS does in the tables."""

    office: TownOffice
    database: Database

    def tell(self, message: int, kind: str, **values: object) -> None:
        with self.database.writing() as work:
            now = self.office.clock.now()
            people.add(work, "exchange_event", message_id=message, kind=kind, happened_at=now, **values)

    def add(self, table: str, **values: object) -> int:
        with self.database.writing() as work:
            return people.add(work, table, "id", **values)

    def rows(self, sql: str) -> list[Record]:
        with self.database.writing() as work:
            return people.rows(work, sql)


def over_the_tables(home: Path) -> Settings:
    """Return Moscow's configuration, its EDMS another one."""
    settings_of(home, "moscow", "minsk")
    gateway = (home / "gateway.toml").read_text().replace('mapping = "registry"', f'mapping = "{NAME}"')
    (home / "gateway.toml").write_text(gateway)
    return parse({"gateway.toml": gateway, "partners.toml": (home / "partners.toml").read_text()}, holidays=HOLIDAYS)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Town, MoscowEdms]]:
    clock, post = HandClock(), HandPost()
    minsk = open_office(tmp_path / "minsk", "minsk", "moscow", clock, post)
    home = tmp_path / "moscow"
    home.mkdir()
    settings = over_the_tables(home)
    url = settings.edms.database
    people.create(url, NAME)
    with open_edms(NAME, url, home / "files", ZONES["moscow"]) as edms:
        edms.prepare()
    database = Database(url, ZoneInfo(ZONES["moscow"]))
    moscow = TownOffice(home, "moscow", settings, clock, post)
    post.doors[moscow.address] = moscow
    yield Town(minsk, moscow, clock, post), MoscowEdms(moscow, database)
    database.close()
    minsk.close()
    moscow.close()


def test_a_letter_waits_for_the_edms_and_every_rung_comes_home(both: tuple[Town, MoscowEdms]) -> None:
    town, moscow = both
    sent = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from exchange_message")
    assert acts.dispatch(town.minsk, sent).state == "received"
    moscow.tell(card.id, "registered", doc_number="ВХ-7", doc_date=town.clock.now().date())
    moscow.tell(card.id, "forwarded", person_name="Берёзкина А. А.", person_post="Председатель")
    task = {"message_id": card.id, "task_uid": "t-1", "task_text": "Подготовить ответ", "executor_name": "Кленов"}
    moscow.add("exchange_task", responsible=1, author_name="Берёзкина А. А.", **task)
    moscow.tell(card.id, "assigned", task_uid="t-1")
    town.settle()
    moscow.tell(card.id, "executor_reported", task_uid="t-1", person_name="Кленов", words="Подготовлено")
    town.settle()
    moscow.tell(card.id, "executed", task_uid="t-1", words="Снято с контроля")
    town.settle()

    row = acts.dispatch(town.minsk, sent)
    assert (row.state, row.partner_number) == ("registered", "ВХ-7")
    told = acts.news(town.minsk, sent)
    assert {"received", "registered", "forwarded", "assigned", "executor_reported", "executed"} <= set(told)
    files = moscow.rows("select file_name from exchange_file order by id")
    assert [one.file_name for one in files] == ["Письмо.pdf", "Приложение № 1.txt"]


def test_a_refusal_of_the_edms_comes_home_in_its_words(both: tuple[Town, MoscowEdms]) -> None:
    town, moscow = both
    sent = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from exchange_message")
    moscow.tell(card.id, "refused", words="не к нам")
    town.settle()

    row = acts.dispatch(town.minsk, sent)
    assert row.state == "refused"
    assert "не к нам" in row.refusal


def test_an_answer_goes_back_and_its_row_shows_the_number_it_got(both: tuple[Town, MoscowEdms]) -> None:
    town, moscow = both
    question = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from exchange_message")
    today = town.clock.now().date()
    moscow.tell(card.id, "registered", doc_number="ВХ-7", doc_date=today)
    with moscow.database.writing() as work:
        whose = {"direction": "out", "state": "to send", "office": INDICES["moscow"], "partner_index": INDICES["minsk"]}
        words = {"doc_uid": "answer-1", "doc_number": "ИСХ-1", "doc_date": today, "subject": "Ответ"}
        author = {"author_name": "Берёзкина А. А.", "author_post": "Председатель"}
        now = town.clock.now()
        sent = people.add(work, "exchange_message", "id", answers=card.id, written_at=now, **whose, **words, **author)
        size, digest = len(acts.LETTER), sha256(acts.LETTER).hexdigest()
        file = {"file_name": "Ответ.pdf", "file_size": size, "sha256": digest, "body": acts.LETTER}
        people.add(work, "exchange_file", message_id=sent, place=1, file_role="text", **file)
    town.settle()

    (arrived,) = acts.cards(town.minsk)
    (row,) = moscow.rows("select * from exchange_message where direction = 'out'")
    assert (row.state, row.at_partner_number, row.trouble) == ("registered", arrived.number, None)
    assert "answered" in acts.news(town.minsk, question)
