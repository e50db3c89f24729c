# SPDX-License-Identifier: GPL-3.0-or-later
"""A task sent with a document: it becomes an instruction there, and its execution comes home to that very task."""

from datetime import timedelta

from gateway.demo.rules import letters
from gateway.demo.rules.looks import own_task, tasks
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

TASK = "Подготовить справку об обмене"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    deadline = stage.now().date() + timedelta(days=14)

    def write(work: Work) -> tuple[str, int, str]:
        card = letters.write(stage, work, "О подготовке справки")
        task = people.instruct(
            work,
            card,
            TASK,
            author="Озёрный",
            executors=["Кленов П. И."],
            now=stage.now(),
            deadline=deadline,
            organisation=moscow.title,
        )
        people.send(work, card, moscow.index, clerk="Тихая", now=stage.now(), to=letters.OFFICIAL)
        (row,) = people.rows(work, "select uid from instruction where id = :key", key=task)
        return str(people.card(work, card).number), task, str(row.uid)

    number, task, uid = stage.act(minsk, write)
    stage.say(minsk, f"Озёрный sends {number} with a task for Кленов П. И.: «{TASK}», by {deadline}")
    stage.shows(
        moscow,
        f"the card of {number} has the instruction",
        tasks(number),
        f"«{TASK}»: Кленов П. И., by {deadline}, open, uid {uid}",
    )

    def execute(work: Work) -> None:
        (theirs,) = people.rows(work, "select id from instruction where uid = :uid", uid=uid)
        people.report(work, theirs.id, "Справка готова", by="Кленов", now=stage.now())
        people.close(work, theirs.id, "Исполнено в срок", by="Берёзкина", now=stage.now())

    stage.act(moscow, execute)
    stage.say(moscow, "Кленов reports execution, Берёзкина closes the instruction")
    stage.shows(
        minsk,
        f"the task on the card of {number} itself shows",
        own_task(task),
        f"uid {uid}",
        "Кленов П. И.: Справка готова (Исполнено)",
        "исполнено; Исполнено в срок",
    )


SCENE = Scene("Tasks sent with a document: their execution comes home to that task", play)
