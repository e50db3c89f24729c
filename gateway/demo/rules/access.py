# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidentiality: what is restricted, or of a level nobody knows, neither leaves nor enters by itself."""

from gateway.demo.rules import letters
from gateway.demo.rules.looks import dispatches
from gateway.demo.rules.stage import Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

RESTRICTED = "ДСП"
UNKNOWN = "Для членов комиссии"  # open in Minsk (rules/offices.py); in Moscow nobody has heard of it
MISSING = "общий"  # what an office takes a document for that names no level


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    secret, stopped = _send(stage, "О списке допущенных лиц", RESTRICTED)
    stage.say(minsk, f"Тихая sends {stopped} with the access level «{RESTRICTED}»; the channel is not encrypted")
    because = "Не отправлено: Документ ограниченного доступа, а канал связи с этой организацией не защищён"
    stage.shows(
        minsk, "its card shows", dispatches(secret), f"{stopped}: {moscow.title}: failed, {because}: {RESTRICTED}"
    )
    stage.shows(minsk, "the inbox of Тихая shows", _notices("Тихая", stopped), f"{stopped}: {because}")

    card, strange = _send(stage, "О заседании комиссии", UNKNOWN)
    other, plain = _send(stage, "О графике заседаний", "")
    stage.say(minsk, f"Тихая sends {strange} with the level «{UNKNOWN}», which is open here, and {plain} with none")
    stage.shows(
        moscow,
        "a level nobody here knows waits, a missing one is written down, and what was stopped never came",
        _levels(stopped, strange, plain),
        f"{stopped}: no card",
        f"{strange}: waiting, «{UNKNOWN}»: документы с уровнем доступа «{UNKNOWN}» регистрирует человек",
        f"{plain}: registered, «{MISSING}»",
    )

    incoming = letters.incoming(stage, strange)
    ours = stage.act(moscow, people.register_waiting, incoming, by="Дубов", to=["Берёзкина"], now=stage.now())
    stage.say(moscow, f"Дубов registers {strange} by hand as {ours}")
    expected = (f"{strange}: {moscow.title}: registered, № {ours} от", f"{plain}: {moscow.title}: registered, №")
    stage.shows(minsk, "the cards show", dispatches(card, other), *expected)


def _send(stage: Stage, subject: str, level: str) -> tuple[int, str]:
    """Minsk sends a letter with that access level; returns its card and its number."""

    def act(work: Work) -> tuple[int, str]:
        card = letters.write(stage, work, subject)
        if level:
            people.restrict(work, card, level)
        people.send(work, card, stage.moscow.index, clerk="Тихая", now=stage.now(), to=letters.OFFICIAL)
        return card, str(people.card(work, card).number)

    return stage.act(stage.minsk, act)


def _notices(name: str, number: str) -> Look:
    """The notices in somebody's inbox about our card with that *number*."""

    def look(work: Work) -> list[str]:
        found = [row for row in people.inbox(work, name) if row.kind == "notice" and row.number == number]
        return [f"{number}: {row.text}" for row in found]

    return look


def _levels(*numbers: str) -> Look:
    """How the incoming cards with the sender's *numbers* stand, with their levels."""

    asked = "select state, access, waits_because from card where partner_number = :number"

    def look(work: Work) -> list[str]:
        lines = []
        for number in numbers:
            found = people.rows(work, asked, number=number)
            lines += [
                f"{number}: {row.state}, «{row.access}»" + (f": {row.waits_because}" if row.waits_because else "")
                for row in found
            ] or [f"{number}: no card"]
        return lines

    return look


SCENE = Scene("Confidentiality: what is restricted is stopped, an unknown level waits", play)
