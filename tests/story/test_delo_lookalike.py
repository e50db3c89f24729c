# SPDX-License-Identifier: GPL-3.0-or-later
"""Moscow keeps its cards in the «ДЕЛО» look-alike, Minsk in the registry: letters and news go both ways."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.edms_adapter import open_edms
from gateway.edms_adapter.registry import Correspondent
from gateway.edms_adapter.registry import Office as RegistryOffice
from gateway.edms_adapter.registry import people as registry_people
from gateway.edms_adapter.sql.database import Database
from gateway.edms_adapter.sql.values import Record
from gateway.settings import Settings, parse
from tests.edms_adapter.systems import lookalike_people as people
from tests.story import acts
from tests.story.offices import (
    HOLIDAYS,
    INDICES,
    MOSCOW_PEOPLE,
    TITLES,
    ZONES,
    HandClock,
    HandPost,
    Town,
    TownOffice,
    open_office,
    settings_of,
)

OURS = people.Ours("0.01.", RegistryOffice(INDICES["moscow"], TITLES["moscow"]), MOSCOW_PEOPLE)


@dataclass
class MoscowPeople:
    """The people of Moscow at their look-alike."""

    office: TownOffice
    database: Database

    def do(self, act: Any, *arguments: Any, **named: Any) -> Any:  # Any: whatever the act takes and gives
        with self.database.writing() as work:
            return act(work, *arguments, **named, now=self.office.clock.now())

    def rows(self, sql: str) -> list[Record]:
        with self.database.writing() as work:
            return people.rows(work, sql)


def over_the_lookalike(home: Path) -> Settings:
    """Return Moscow's configuration, its EDMS another one."""
    settings_of(home, "moscow", "minsk")
    gateway = (home / "gateway.toml").read_text().replace('mapping = "registry"', f'mapping = "{people.NAME}"')
    (home / "gateway.toml").write_text(gateway)
    return parse({"gateway.toml": gateway, "partners.toml": (home / "partners.toml").read_text()}, holidays=HOLIDAYS)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Town, MoscowPeople]]:
    clock, post = HandClock(), HandPost()
    minsk = open_office(tmp_path / "minsk", "minsk", "moscow", clock, post)
    home = tmp_path / "moscow"
    home.mkdir()
    settings = over_the_lookalike(home)
    url = settings.edms.database
    people.create(url)
    with open_edms(people.NAME, url, home / "files", ZONES["moscow"]) as edms:
        edms.prepare()
    database = Database(url, ZoneInfo(ZONES["moscow"]))
    with database.writing() as work:
        people.fill(work, OURS, (Correspondent(INDICES["minsk"], TITLES["minsk"]),))
    moscow = TownOffice(home, "moscow", settings, clock, post)
    post.doors[moscow.address] = moscow
    yield Town(minsk, moscow, clock, post), MoscowPeople(moscow, database)
    database.close()
    minsk.close()
    moscow.close()


def test_a_letter_is_registered_by_itself_and_every_rung_comes_home(both: tuple[Town, MoscowPeople]) -> None:
    town, moscow = both
    sent = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from doc_rc where rc_type = 1")
    moscow.do(people.read, card.isn_doc, "Берёзкина")
    resolution = moscow.do(
        people.instruct,
        card.isn_doc,
        "Прошу подготовить ответ",
        author="Берёзкина",
        executors=["Кленов"],
        deadline=date(2026, 3, 25),
    )
    town.settle()
    moscow.do(people.report, resolution, "Подготовлено", by="Кленов")
    town.settle()
    moscow.do(people.close, resolution, "Снято с контроля", by="Берёзкина")
    town.settle()

    row = acts.dispatch(town.minsk, sent)
    assert (row.state, row.partner_number) == ("registered", card.free_num)
    told = acts.news(town.minsk, sent)
    assert [kind for kind in told if kind in {"registered", "forwarded", "assigned", "executed"}] == [
        "registered",
        "forwarded",
        "assigned",
        "executed",
    ]
    assert {"received", "executor_reported"} <= set(told)
    files = moscow.rows("select descript from ref_file order by isn_ref_file")
    assert [one.descript for one in files] == ["Письмо.pdf", "Приложение № 1.txt"]


def test_an_answer_goes_back_and_the_dispatch_shows_the_number_it_got(both: tuple[Town, MoscowPeople]) -> None:
    town, moscow = both
    question = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from doc_rc where rc_type = 1")
    answer = moscow.do(
        people.write_card,
        "Ответ",
        {"Ответ.pdf": acts.LETTER},
        signer="Берёзкина",
        drafter="Дубов",
        store=town.moscow.home / "files",
    )
    moscow.do(people.link, answer, card.isn_doc, "В ответ на")
    moscow.do(people.send, answer, INDICES["minsk"], clerk="Дубов", to="Озёрный Г. Р.")
    town.settle()

    (arrived,) = acts.cards(town.minsk)
    (sent,) = moscow.rows("select * from ref_send")
    assert (sent.state, sent.reg_num) == ("registered", arrived.number)
    assert "answered" in acts.news(town.minsk, question)
    with registry_people.at_work(town.minsk.registry) as work:
        (link,) = registry_people.rows(work, "select kind from card_link where other_id = :card", card=question)
    assert link.kind == "В ответ на"


def test_a_document_taken_back_before_anybody_looked_is_never_sent(both: tuple[Town, MoscowPeople]) -> None:
    town, moscow = both
    card = moscow.do(
        people.write_card,
        "Ошибка",
        {"a.pdf": acts.LETTER},
        signer="Берёзкина",
        drafter="Дубов",
        store=town.moscow.home / "files",
    )
    key = moscow.do(people.send, card, INDICES["minsk"], clerk="Дубов")
    with moscow.database.writing() as work:
        wish = "update ref_send set withdraw_asked_at = :now, withdraw_why = 'не то' where isn_ref_send = :key"
        people.do(work, wish, now=town.clock.now(), key=key)
    town.settle()

    (sent,) = moscow.rows("select * from ref_send")
    assert sent.state == "cancelled"
    assert town.post.carried == []
    assert acts.cards(town.minsk) == []


def test_a_number_that_people_correct_is_shown_by_the_sender(both: tuple[Town, MoscowPeople]) -> None:
    town, moscow = both
    sent = acts.send_letter(town.minsk)
    town.settle()
    (card,) = moscow.rows("select * from doc_rc where rc_type = 1")
    moscow.do(people.renumber, card.isn_doc, "ВХ-1/2", date(2026, 3, 12), by="Дубов")
    town.settle()

    assert acts.dispatch(town.minsk, sent).partner_number == "ВХ-1/2"
