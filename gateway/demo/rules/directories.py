# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories: the sender chooses the partner's people in his own registry, and what changes there loses nothing."""

from zoneinfo import ZoneInfo

from gateway.demo.rules import letters
from gateway.demo.rules.looks import dispatches, news
from gateway.demo.rules.stage import Command, Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

INDEX, NAME, MARRIED, DEPUTY = "W-04", "Рябинина Вера Львовна", "Ольховская Вера Львовна", "Кленов Пётр Ильич"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    _exchange(stage, NAME, f"added      {INDEX}  {NAME}")

    stage.act(moscow, people.rename, NAME, MARRIED)
    stage.say(moscow, f"{NAME} marries and is {MARRIED} from now on; in Minsk nobody knows yet")
    card, number = _choose(stage, "О приёмке работ")
    stage.say(minsk, f"Тихая chooses {INDEX}, {NAME}, from Moscow's directory and sends {number}")
    stage.shows(moscow, "it lies where it should", _place(number), f"{MARRIED}:")
    stage.shows(minsk, "the card shows", news(card), f"направлено: {MARRIED}")
    _exchange(stage, MARRIED, f"{INDEX}  {MARRIED}")

    today = stage.now().astimezone(ZoneInfo(moscow.time_zone)).date()
    stage.act(moscow, people.dismiss, MARRIED, today, deputy=DEPUTY)
    stage.say(moscow, f"{MARRIED} leaves meanwhile; {DEPUTY} is her deputy")
    card, number = _choose(stage, "О сроках приёмки")
    stage.say(minsk, f"Тихая chooses {INDEX} once more and sends {number}")
    left = f"{MARRIED} не работает с {today}, замещает {DEPUTY}"
    stage.shows(moscow, "the deputy has it", _place(number), left)
    stage.shows(minsk, "the cards show", dispatches(card), f"{moscow.title}: registered, №")
    stage.shows(minsk, f"the card of {number} shows", news(card), f"направлено: {DEPUTY}")


def _exchange(stage: Stage, exported: str, imported: str) -> None:
    """The administrators: Moscow's exports a file, Minsk's imports it."""
    file = str(stage.moscow.home / "people.csv")
    index = stage.moscow.index
    stage.type(Command(stage.moscow, ("directory", "export", "--office", index, file), ()))
    lines = stage.moscow.home.joinpath("people.csv").read_text(encoding="utf-8-sig").splitlines()
    stage.shows(stage.moscow, "the file has", lambda work: lines, exported)
    whose = ("--partner", stage.moscow.name, "--organisation", index)
    stage.type(Command(stage.minsk, ("directory", "import", *whose, file), (imported,)))


def _choose(stage: Stage, subject: str) -> tuple[int, str]:
    """Minsk sends a letter to the official with that index; returns its card and its number."""
    return letters.send(stage, subject, INDEX)


def _place(number: str) -> Look:
    """Whose inbox the incoming card with the sender's *number* lies in, and why."""

    def look(work: Work) -> list[str]:
        found = people.rows(work, "select id from card where partner_number = :number", number=number)
        return [f"{row.inbox}: {row.why}" for one in found for row in people.inboxes(work, one.id)]

    return look


SCENE = Scene("Directories: the sender chooses the partner's people, whatever they are called by then", play)
