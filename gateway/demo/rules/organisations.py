# SPDX-License-Identifier: GPL-3.0-or-later
"""One document for two organisations behind one gateway: each has its own ladder and its own tasks under one card."""

from datetime import timedelta

from gateway.demo.rules import letters
from gateway.demo.rules.looks import ladder, own_task, shares
from gateway.demo.rules.offices import ROADS, ROADS_ADDRESS
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

PARTNER = f"""
[[channel]]
id = "roads"
address = "{ROADS_ADDRESS}"
[channel.proof]
kind = "network"
peers = ["127.0.0.1"]

[[partner]]
id = "roads"
name = "{ROADS.short_name}"
channel = "roads"
indices = ["{ROADS.index}"]
mode = "live"
"""
RULES = f"""
[[receive]]
name = "the roads decide about each"
organisation = ["{ROADS.index}"]
register = "wait"
"""
FOR_MOSCOW, FOR_ROADS = "Представить схему линий связи", "Согласовать прокладку вдоль дорог"
DIRECTOR = "Мостовой И. Л."  # of the roads
REFUSAL = "Вопрос не относится к компетенции организации"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    card, number, given = stage.act(minsk, _send, stage)
    stage.say(minsk, f"Тихая sends {number} to {moscow.title} and to {ROADS.short_name}, with a task for each:")
    stage.say(minsk, f"  Кленов П. И. shall «{FOR_MOSCOW}», {DIRECTOR} «{FOR_ROADS}»")
    registered = (f"{moscow.title}: registered", "зарегистрировано №", "направлено")
    both = (f"{moscow.title}: registered, № ", f"{ROADS.short_name}: waiting: «{FOR_ROADS}»")
    where = "under the one card each organisation has its own row"
    stage.shows(minsk, where, ladder(card), *registered, f"{ROADS.short_name}: received", "получено")
    stage.shows(moscow, f"each of the two has a card of {number} with its own task only", shares(number), *both)
    stage.hides(moscow, "more than its own task", stage.look(moscow, shares(number))[2:], FOR_MOSCOW, FOR_ROADS)

    stage.act(moscow, _execute, stage, number)
    stage.say(moscow, "Кленов reports execution, Берёзкина closes the task")
    stage.act(moscow, _refuse, stage, number)
    stage.say(moscow, f"Перевалова of {ROADS.short_name} refuses: «{REFUSAL}»")
    refused = (f"{ROADS.short_name}: refused", REFUSAL)
    stage.shows(minsk, where, ladder(card), *registered, "исполнено", *refused)
    stage.shows(minsk, "the task for Moscow shows", own_task(given[0]), "Схема готова", "исполнено")
    seen = stage.shows(minsk, "the task for the roads shows", own_task(given[1]), FOR_ROADS)
    stage.hides(minsk, "the task for the roads", seen, "Схема готова", "исполнено")


def _send(work: Work, stage: Stage) -> tuple[int, str, list[int]]:
    """One document with a task for each of the two; returns its card, its number and the tasks."""
    card = letters.write(stage, work, "О прокладке линии")
    deadline = stage.now().date() + timedelta(days=14)
    tasks = []
    for index, to, words, executor in (
        (stage.moscow.index, letters.OFFICIAL, FOR_MOSCOW, "Кленов П. И."),
        (ROADS.index, DIRECTOR, FOR_ROADS, DIRECTOR),
    ):
        task = people.instruct(
            work,
            card,
            words,
            author="Озёрный",
            executors=[executor],
            now=stage.now(),
            deadline=deadline,
            organisation=index,
        )
        tasks.append(task)
        people.send(work, card, index, clerk="Тихая", now=stage.now(), to=to)
    return card, str(people.card(work, card).number), tasks


def _execute(work: Work, stage: Stage, number: str) -> None:
    (task,) = people.rows(
        work,
        "select i.id from instruction i join card c on c.id = i.card_id"
        " where c.partner_number = :number and i.text = :words",
        number=number,
        words=FOR_MOSCOW,
    )
    people.report(work, task.id, "Схема готова", by="Кленов", now=stage.now())
    people.close(work, task.id, "Схема принята", by="Берёзкина", now=stage.now())


def _refuse(work: Work, stage: Stage, number: str) -> None:
    (paper,) = (one for one in people.waiting(work) if one.number == number)
    people.refuse_waiting(work, paper.card, REFUSAL, by="Перевалова", now=stage.now())


SCENE = Scene(
    "One document for two organisations: each its own ladder and tasks", play, {"minsk": PARTNER, "moscow": RULES}
)
