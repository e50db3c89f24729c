# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates: a journal whose years people open lets documents wait until they have; a number is that of its year."""

from datetime import date
from zoneinfo import ZoneInfo

from gateway.demo.rules import letters
from gateway.demo.rules.looks import came, dispatches, folder
from gateway.demo.rules.stage import Command, Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add, do, one
from gateway.edms_adapter.sql.database import Work

JOURNAL = "Запросы организаций"  # and the kind of document that is numbered in it
PREFIX = "З-М-"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    today = stage.now().astimezone(ZoneInfo(moscow.time_zone)).date()
    stage.act(moscow, _add_journal, moscow.index)
    stage.say(moscow, f"the technologist makes a journal «{JOURNAL}», whose years a person opens; {today.year} is not")
    card, number = _send(stage, "О предоставлении сведений", today)
    stage.say(minsk, f"Тихая sends {number}, a document of the kind «{JOURNAL}»")
    because = f"нет счётчика журнала «{JOURNAL}» за {today.year} год"
    stage.shows(moscow, "it waits, and the folder says why", _only(number, folder), because)

    def open_and_register(work: Work) -> str:
        people.open_year(work, JOURNAL, today.year)
        paper = people.card_of(work, number)
        return people.register_waiting(work, paper.id, by="Дубов", to=["Берёзкина"], now=stage.now(), on=today)

    ours = stage.act(moscow, open_and_register)
    stage.say(moscow, f"the technologist opens {today.year}, Дубов registers {number} as {ours}")
    stage.shows(minsk, "the card shows", dispatches(card), f"registered, № {PREFIX}1 от {today}")

    last = date(today.year - 1, 12, 30)
    place = int(number.rpartition("/")[2])
    stage.act(minsk, people.open_year, "Исходящие", last.year, first=place)
    late, same = _send(stage, "О предоставлении сведений за год", last)
    stage.say(minsk, f"Тихая sends what was forgotten there since {last}: that year has a {same} too")
    stage.shows(minsk, "the card shows", dispatches(late), f"{same}: {moscow.title}: registered, № {PREFIX}2 от")
    stage.shows(moscow, f"two documents are called {number}", came(number), "за год»: registered")
    years = (f"{number} of {today}", f"{number} of {last}")
    stage.type(Command(moscow, ("trace", number), years))


def _send(stage: Stage, subject: str, on: date) -> tuple[int, str]:
    """Minsk sends a document of that kind, registered on that day; returns its card and its number."""

    def act(work: Work) -> tuple[int, str]:
        card = people.write_card(
            work, subject, {"Запрос.txt": b"..."}, signer="Озёрный", drafter="Тихая", now=stage.now(), on=on
        )
        do(work, "update card set group_id = :group where id = :card", group=_outgoing(work), card=card)
        people.send(work, card, stage.moscow.index, clerk="Тихая", now=stage.now(), to=letters.OFFICIAL)
        return card, str(people.card(work, card).number)

    return stage.act(stage.minsk, act)


def _outgoing(work: Work) -> int:
    """Return Minsk's group of outgoing documents of that kind, which the first of them makes."""
    found = people.rows(work, "select id from doc_group where name = :name", name=JOURNAL)
    if found:
        return int(found[0].id)
    journal = one(work, "select id from journal where name = 'Исходящие'")
    return add(work, "doc_group", name=JOURNAL, direction="out", journal_id=journal.id, is_default=False)


def _add_journal(work: Work, index: str) -> None:
    """Moscow makes the journal and the group of incoming documents that is numbered in it."""
    office = one(work, "select id from office where exchange_index = :index", index=index)
    journal = add(work, "journal", office_id=office.id, name=JOURNAL, prefix=PREFIX)
    add(work, "doc_group", name=JOURNAL, direction="in", journal_id=journal, is_default=False)
    people.open_by_hand(work, JOURNAL)


def _only(number: str, look: Look) -> Look:
    """The lines of *look* that begin with that number."""
    return lambda work: [line for line in look(work) if line.startswith(f"{number} ")]


SCENE = Scene("Dates: without the year's counter a document waits; a number is that of its year", play)
