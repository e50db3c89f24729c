# SPDX-License-Identifier: GPL-3.0-or-later
"""People correct themselves: every correction is told, and the sender's card keeps the history behind the latest."""

from datetime import timedelta

from gateway.demo.rules import letters
from gateway.demo.rules.looks import news
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people

TASK = "Прошу подготовить ответ"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    card, number = letters.send(stage, "О согласовании перечня")
    stage.say(minsk, f"Тихая sends {number} to {letters.OFFICIAL}")
    where = f"the card of {number} shows"
    expected = ["зарегистрировано №", "направлено: Берёзкина Анна Викторовна"]
    seen = stage.shows(minsk, where, news(card), *expected)

    incoming = letters.incoming(stage, number)
    first = stage.now().date() + timedelta(days=14)
    later = first + timedelta(days=7)
    by, now = "Берёзкина", stage.now
    task = stage.act(
        moscow, people.instruct, incoming, TASK, author=by, executors=["Кленов"], now=now(), deadline=first
    )
    stage.say(moscow, f"Берёзкина instructs Кленов, by {first}")
    expected.append(f"дано поручение: {TASK}; срок {first:%d.%m.%Y}")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, people.change_deadline, task, later, by=by, now=now())
    stage.say(moscow, f"Берёзкина moves the deadline to {later}")
    expected.append(f"изменён срок: {TASK}; срок {later:%d.%m.%Y}")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, people.change_executors, task, ["Дубов"], by=by, now=now())
    stage.say(moscow, "Берёзкина gives it to Дубов instead")
    expected.append("сменён исполнитель")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, people.close, task, "Снято с контроля", by=by, now=now())
    stage.say(moscow, "Берёзкина closes it")
    expected.append("исполнено")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, people.reopen, task, "Закрыто по ошибке", by=by, now=now())
    stage.say(moscow, "Берёзкина opens it again: it was closed by mistake")
    expected.append("возобновлено")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, people.cancel, task, "Ответ не нужен", by=by, now=now())
    stage.say(moscow, "Берёзкина cancels it: it vanishes from what Moscow reports")
    expected.append("больше не сообщается")
    stage.shows(minsk, f"{where} the whole history", news(card), *expected)


SCENE = Scene("People correct themselves: the sender's card keeps the history", play)
