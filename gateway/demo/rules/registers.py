# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers on paper: what was sent, came, waits and is late, as a clerk prints it."""

from gateway.demo.rules import letters
from gateway.demo.rules.looks import dispatches
from gateway.demo.rules.offices import REGISTERED_SECONDS
from gateway.demo.rules.stage import Command, Scene, Stage


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    known, first = letters.send(stage, "О графике встреч")
    waits, second = letters.send(stage, "О порядке встреч", letters.UNKNOWN)
    stage.say(minsk, f"Тихая sends {first}, and {second} to somebody nobody knows; in Moscow no one decides about it")
    stage.shows(
        minsk,
        f"after {REGISTERED_SECONDS} s without a registration the cards show",
        dispatches(known, waits),
        f"{first}: {moscow.title}: registered, №",
        f"{second}: {moscow.title}: overdue, Просрочено: нет регистрации к",
    )
    sent = ("РЕЕСТР ОТПРАВЛЕННЫХ ДОКУМЕНТОВ", minsk.title, first, second)
    received = ("РЕЕСТР ПОЛУЧЕННЫХ ДОКУМЕНТОВ", moscow.title, first, second)
    waiting = ("РЕЕСТР ДОКУМЕНТОВ, ОЖИДАЮЩИХ РЕШЕНИЯ", second, letters.UNKNOWN, "Итого документов: 1")
    overdue = ("ПРОСРОЧЕН ОТВЕТ ПОЛУЧАТЕЛЯ", second, "нет регистрации", "Итого документов: 1")
    stage.type(
        Command(minsk, ("register", "sent"), sent),
        Command(moscow, ("register", "received"), received),
        Command(moscow, ("register", "waiting"), waiting),
        Command(minsk, ("register", "overdue"), overdue),
    )


SCENE = Scene("Registers on paper: sent, received, waiting, overdue", play)
