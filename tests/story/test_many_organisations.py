# SPDX-License-Identifier: GPL-3.0-or-later
"""One document for many organisations: each has its own row, return id, ladder and tasks; none touches the others."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import Correspondent, people
from gateway.edms_adapter.registry.seed import add_correspondent
from gateway.edms_adapter.sql.engines import engine
from tests.story import partner
from tests.story.acts import LETTER, dispatch, do, inbox
from tests.story.offices import Town, TownOffice, town
from tests.story.test_repeats import passports, rows
from tests.story.test_sending import notices, recipients

OTHER = """
[[channel]]
id = "{id}"
address = "edms@{id}.example"
[channel.proof]
kind = "network"
peers = ["192.0.2.0/24"]
[[partner]]
id = "{id}"
name = "{name}"
channel = "{id}"
indices = ["{index}"]
mode = "live"
{terms}
"""
EVERYBODY = ("EX-MOSCOW", "EX-TVER", "EX-OREL")


@contextmanager
def four(home: Path, terms: str = "") -> Iterator[Town]:
    """Minsk and three organisations it writes to: Moscow has a gateway, Tver and Oryol write by hand or keep silent."""
    others = "".join(
        OTHER.format(id=index[3:].lower(), name=name, index=index, terms=terms)
        for index, name in (("EX-TVER", "Управа Твери"), ("EX-OREL", "Управа Орла"))
    )
    with town(home, minsk={"partner": terms + "\n" + others}) as offices:
        made = engine(offices.minsk.registry)
        with made.begin() as connection:
            add_correspondent(connection, Correspondent("EX-TVER", "Управа Твери"))
            add_correspondent(connection, Correspondent("EX-OREL", "Управа Орла"))
        made.dispose()
        yield offices


def write(office: TownOffice) -> int:
    with people.at_work(office.registry) as work:
        now = office.clock.now()
        return people.write_card(
            work, "Всем", {"Письмо.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=now, deadline=date(2026, 4, 1)
        )


def send(office: TownOffice, card: int, *indices: str) -> None:
    for index in indices:
        do(office, people.send, card, index, clerk="Тихая")


def task(office: TownOffice, card: int, words: str, organisation: str, who: str, **more: Any) -> int:
    """Instruct *who* of an organisation; empty: of our own."""
    key: int = do(
        office,
        people.instruct,
        card,
        words,
        author="Озёрный",
        executors=[who],
        organisation=organisation,
        **more,
    )
    return key


def ladders(office: TownOffice, card: int) -> dict[str, Any]:  # Any: rows of the registry
    with people.at_work(office.registry) as work:
        return {row.exchange_index: row for row in people.ladder(work, card)}


def letters(office: TownOffice) -> dict[str, str]:
    """The newest passport that *office* sent to each organisation."""
    return {recipients(passport)[0]: passport for passport in passports(office.sent()) if "<DocInfo" in passport}


def tasks_in(passport: str) -> list[str]:
    return re.findall("<Text>([^<]+)</Text>", passport)


def reply(office: TownOffice, sender: str, kind: str, body: str) -> None:
    """Let a partner that writes by hand say something about the document it was sent."""
    told = partner.report(
        message_id=f"{abs(hash((sender, kind))):032x}"[:32],
        return_id=re.findall('ReturnID="([0-9a-f]+)"', letters(office)[sender])[0],
        uid="whatever",
        body=body,
        kind=kind,
        sender=sender,
    )
    address = f"edms@{sender[3:].lower()}.example"
    office.receive(partner.letter(told, {}, name="Report.xml", sender=address), address)


def test_each_organisation_has_its_own_row_return_id_and_ladder_under_one_card(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        send(offices.minsk, card, *EVERYBODY)

        offices.settle()

        assert sorted(letters(offices.minsk)) == sorted(EVERYBODY)
        ids = {re.findall('ReturnID="([0-9a-f]+)"', passport)[0] for passport in letters(offices.minsk).values()}
        uids = {re.findall('Document UID="([^"]+)"', passport)[0] for passport in letters(offices.minsk).values()}
        assert (len(ids), len(uids)) == (3, 1)
        assert {index: row.state for index, row in ladders(offices.minsk, card).items()} == {
            "EX-MOSCOW": "registered",
            "EX-TVER": "sent",
            "EX-OREL": "sent",
        }


def test_one_refuses_one_is_silent_one_registers_and_none_touches_the_others(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        send(offices.minsk, card, *EVERYBODY)
        offices.settle()
        reply(offices.minsk, "EX-TVER", "Failure", '<Failure Code="39">нет автора</Failure>')
        offices.settle()
        offices.clock.advance(hours=2)

        offices.settle()

        row = ladders(offices.minsk, card)
        assert {index: one.state for index, one in row.items()} == {
            "EX-MOSCOW": "registered",
            "EX-TVER": "refused",
            "EX-OREL": "overdue",
        }
        assert (row["EX-MOSCOW"].partner_number, row["EX-MOSCOW"].trouble, row["EX-MOSCOW"].refusal) == (
            "ВХ-1",
            None,
            None,
        )
        assert (row["EX-TVER"].refusal, row["EX-TVER"].trouble, row["EX-TVER"].partner_number) == (
            "нет автора",
            None,
            None,
        )
        assert (row["EX-OREL"].refusal, row["EX-OREL"].partner_number) == (None, None)
        assert row["EX-OREL"].trouble.startswith("Просрочено: нет подтверждения получения")
        assert len(notices(offices.minsk, "Тихая")) == 2


def test_taking_it_back_from_one_leaves_it_with_the_others(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        send(offices.minsk, card, *EVERYBODY)
        do(offices.minsk, people.withdraw, int(ladders(offices.minsk, card)["EX-TVER"].id), "не им")

        offices.settle()

        assert sorted(letters(offices.minsk)) == ["EX-MOSCOW", "EX-OREL"]
        assert {index: row.state for index, row in ladders(offices.minsk, card).items()} == {
            "EX-MOSCOW": "registered",
            "EX-TVER": "cancelled",
            "EX-OREL": "sent",
        }


# --- each gets only its own tasks ---------------------------------------------------------------------------------


def test_each_organisation_gets_only_its_own_tasks_and_ours_never_leave(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        task(offices.minsk, card, "Москве: ответить", "EX-MOSCOW", "Кленов П. И.")
        task(offices.minsk, card, "Твери: согласовать", "Управа Твери", "Тверцов А. А.")
        task(offices.minsk, card, "Своим: проследить", "", "Тихая")
        task(offices.minsk, card, "Никому не известным: ждать", "Управа Пскова", "Псков О. О.")
        send(offices.minsk, card, *EVERYBODY)

        offices.settle()

        assert {index: tasks_in(passport) for index, passport in letters(offices.minsk).items()} == {
            "EX-MOSCOW": ["Москве: ответить"],
            "EX-TVER": ["Твери: согласовать"],
            "EX-OREL": [],
        }
        (there,) = rows(offices.moscow, "select text from instruction")
        assert there.text == "Москве: ответить"


def test_a_task_of_two_organisations_goes_to_both(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        key = task(offices.minsk, card, "Вместе", "EX-MOSCOW", "Кленов П. И.")
        with people.at_work(offices.minsk.registry) as work:
            people.rows(
                work,
                "insert into executor (instruction_id, name, organisation, correspondent_id)"
                " select :key, 'Тверцов А. А.', short_name, id from correspondent where exchange_index = 'EX-TVER'"
                " returning id",
                key=key,
            )
        send(offices.minsk, card, *EVERYBODY)

        offices.settle()

        told = {index: tasks_in(passport) for index, passport in letters(offices.minsk).items()}
        assert told == {"EX-MOSCOW": ["Вместе"], "EX-TVER": ["Вместе"], "EX-OREL": []}
        names = [
            row.name
            for row in rows(
                offices.moscow,
                "select i.name from inbox_row r join inbox i on i.id = r.inbox_id where r.kind = 'instruction'",
            )
        ]
        assert names == ["Кленов Пётр Ильич"]


@pytest.mark.parametrize(
    ("agreed", "moscow", "orel"),
    [
        ("own", ["Москве"], []),
        ("own-with-parents", ["Всем управам", "Москве"], []),
        ("all", ["Всем управам", "Москве", "Своим"], ["Всем управам", "Москве", "Своим"]),
    ],
)
def test_which_tasks_go_is_agreed_with_the_partner(
    tmp_path: Path, agreed: str, moscow: list[str], orel: list[str]
) -> None:
    with four(tmp_path, f'tasks = "{agreed}"') as offices:
        card = write(offices.minsk)
        above = task(offices.minsk, card, "Всем управам", "", "Тихая")
        task(offices.minsk, card, "Москве", "EX-MOSCOW", "Кленов П. И.", under=above)
        task(offices.minsk, card, "Своим", "", "Тихая")
        send(offices.minsk, card, *EVERYBODY)

        offices.settle()

        told = {index: tasks_in(passport) for index, passport in letters(offices.minsk).items()}
        assert (told["EX-MOSCOW"], told["EX-OREL"]) == (moscow, orel)


def test_a_parent_that_is_somebody_elses_work_lies_in_nobodys_inbox_here(tmp_path: Path) -> None:
    with four(tmp_path, 'tasks = "own-with-parents"') as offices:
        card = write(offices.minsk)
        namesake = task(offices.minsk, card, "Твери", "EX-TVER", "Дубов О. Ю.")  # as somebody of Moscow is called
        task(offices.minsk, card, "Москве", "EX-MOSCOW", "Кленов П. И.", under=namesake)
        send(offices.minsk, card, "EX-MOSCOW")

        offices.settle()

        lie = rows(
            offices.moscow,
            "select i.name from inbox_row r join inbox i on i.id = r.inbox_id where r.kind = 'instruction'",
        )
        assert [row.name for row in lie] == ["Кленов Пётр Ильич"]


def test_a_private_instruction_never_leaves_whatever_was_agreed(tmp_path: Path) -> None:
    with four(tmp_path, 'tasks = "all"') as offices:
        card = write(offices.minsk)
        secret = task(offices.minsk, card, "Между нами", "EX-MOSCOW", "Кленов П. И.")
        with people.at_work(offices.minsk.registry) as work:
            people.rows(work, "update instruction set private = true where id = :key returning id", key=secret)
        send(offices.minsk, card, "EX-MOSCOW")

        offices.settle()

        assert tasks_in(letters(offices.minsk)["EX-MOSCOW"]) == []


def test_what_one_organisation_reported_about_a_task_is_not_told_to_the_next(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        key = task(offices.minsk, card, "Вместе", "EX-TVER", "Тверцов А. А.", deadline=date(2026, 3, 30))
        with people.at_work(offices.minsk.registry) as work:
            people.rows(
                work, "update instruction set progress = 'Москва: готово' where id = :key returning id", key=key
            )
        send(offices.minsk, card, "EX-TVER")

        offices.settle()

        passport = letters(offices.minsk)["EX-TVER"]
        assert tasks_in(passport) == ["Вместе"]
        assert "2026-03-30" in passport
        assert "готово" not in passport


def test_a_changed_task_is_news_only_for_those_whose_task_it_is(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        moscow = task(offices.minsk, card, "Москве", "EX-MOSCOW", "Кленов П. И.", deadline=date(2026, 3, 20))
        task(offices.minsk, card, "Твери", "EX-TVER", "Тверцов А. А.")
        send(offices.minsk, card, "EX-MOSCOW", "EX-TVER")
        offices.settle()
        do(offices.minsk, people.change_deadline, moscow, date(2026, 4, 10), by="Озёрный")
        for row in ladders(offices.minsk, card).values():
            do(offices.minsk, people.send_changes, int(row.id))

        offices.settle()

        states = {index: row.changes_state for index, row in ladders(offices.minsk, card).items()}
        assert states == {"EX-MOSCOW": "sent", "EX-TVER": "nothing"}
        assert tasks_in(letters(offices.minsk)["EX-MOSCOW"]) == ["Москве"]


def test_an_instruction_that_came_with_a_document_lies_in_its_executors_inbox(tmp_path: Path) -> None:
    with four(tmp_path) as offices:
        card = write(offices.minsk)
        task(offices.minsk, card, "Москве", "EX-MOSCOW", "Кленов П. И.")
        send(offices.minsk, card, "EX-MOSCOW")

        offices.settle()

        assert dispatch(offices.minsk, card).state == "registered"
        assert len(inbox(offices.moscow, "Кленов")) == 1
