# SPDX-License-Identifier: GPL-3.0-or-later
"""Report rules: of the very same work one document's sender hears every word, the other's only what must be known."""

from datetime import date, timedelta

from gateway.demo.rules import letters
from gateway.demo.rules.looks import news
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

RULES = """
[[report]]
name = "shared plans in full"
kind = ["Совместные планы"]
fields = ["text", "executor_text", "status", "resume"]

[[report]]
name = "complaints without a word"
kind = ["Жалобы"]
"""
TASK, REPORT, RESUME = "Сверить объёмы работ", "Объёмы сверены, расхождений нет", "Согласовано"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    plan, number = letters.send(stage, "План работ на год", kind="Совместные планы")
    complaint, other = letters.send(stage, "О качестве связи", kind="Жалобы")
    stage.say(minsk, f"Тихая sends {number} (Совместные планы) and {other} (Жалобы)")
    for card in (plan, complaint):
        stage.wait(minsk, "the card shows", news(card), "направлено")

    deadline = stage.now().date() + timedelta(days=14)
    stage.say(moscow, f"on both Берёзкина instructs Кленов: «{TASK}», by {deadline}")
    cards = [letters.incoming(stage, one) for one in (number, other)]
    tasks = [stage.act(moscow, _instruct, stage, card, deadline) for card in cards]
    for card in (plan, complaint):
        stage.wait(minsk, "the card shows", news(card), "дано поручение")
    stage.say(moscow, f"on both Кленов reports «{REPORT}», Берёзкина closes it: «{RESUME}»")
    for task in tasks:
        stage.act(moscow, _execute, stage, task)

    due = f"срок {deadline:%d.%m.%Y}"
    stage.shows(
        minsk, f"the card of {number} shows all of it", news(plan), f"{TASK}; {due}", REPORT, f"исполнено: {TASK}"
    )
    where = f"the card of {other} shows numbers, dates and the fact"
    seen = stage.shows(minsk, where, news(complaint), "зарегистрировано №", due, "исполнено")
    stage.hides(minsk, where, seen, TASK, REPORT, RESUME, "Ильич:")


def _instruct(work: Work, stage: Stage, card: int, deadline: date) -> int:
    return people.instruct(
        work, card, TASK, author="Берёзкина", executors=["Кленов"], now=stage.now(), deadline=deadline
    )


def _execute(work: Work, stage: Stage, task: int) -> None:
    people.report(work, task, REPORT, by="Кленов", now=stage.now())
    people.close(work, task, RESUME, by="Берёзкина", now=stage.now())


SCENE = Scene("Report rules: the same work told in full, and without a word", play, {"moscow": RULES})
