# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers and links: a document names others; where they are known both cards show it, where not it stays text."""

from gateway.demo.files import pdf
from gateway.demo.rules import letters
from gateway.demo.rules.looks import dispatches, news
from gateway.demo.rules.stage import Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

FILES = {"Ответ.pdf": pdf("Answer", ("We agree.",))}


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    asked, question = letters.send(stage, "Просим сообщить мнение")
    ordered, order = letters.send(stage, "О мерах на второе полугодие")
    stage.say(minsk, f"Тихая sends the question {question} and the order {order}")
    both = tuple(f"{number}: {moscow.title}: registered, №" for number in (question, order))
    stage.shows(minsk, "the cards show", dispatches(asked, ordered), *both)

    def answer(work: Work) -> tuple[int, str, str]:
        now = stage.now()
        internal = people.write_card(
            work, "Приказ об организации работы", {}, signer="Берёзкина", drafter="Дубов", now=now
        )
        incoming = people.card_of(work, question).id
        reply = people.answer(
            work, incoming, "Ответ о мерах", FILES, signer="Берёзкина", drafter="Дубов", now=now, store=moscow.files
        )
        people.link(work, reply, people.card_of(work, order).id, "Во исполнение", now=now)
        people.link(work, reply, internal, "В связи с", now=now)
        return reply, str(people.card(work, reply).number), str(people.card(work, internal).number)

    reply, number, internal = stage.act(moscow, answer)
    stage.say(moscow, f"Берёзкина answers {question} with {number}: «Во исполнение» {order}, «В связи с» {internal}")
    stage.say(moscow, f"({internal} is an order inside her own office, which Minsk has never seen)")
    stage.shows(
        minsk,
        f"the card of the answer {number} shows",
        _links(number),
        f"В ответ на: № {question}",
        f"Во исполнение: № {order}",
        f"В связи с: № {internal} от",
    )
    stage.shows(minsk, f"the other way, the card of {question} shows", _back(asked), "Ответ: № ВХ-")
    stage.shows(minsk, f"and the card of {order}", _back(ordered), "Исполнен документом: № ВХ-")
    stage.shows(minsk, f"the news on the card of {question} are", news(asked), f"отправлен ответ № {number}")
    stage.shows(moscow, f"the card of {number} shows", dispatches(reply), f"{number}: {minsk.title}: registered, № ВХ-")


def _links(number: str) -> Look:
    """What the newest incoming card with the sender's *number* is linked to, and what it names in words only."""

    def look(work: Work) -> list[str]:
        found = people.rows(work, "select id from card where partner_number = :number order by id desc", number=number)
        known = [f"{row.link}: № {row.number} «{row.subject}»" for one in found for row in people.linked(work, one.id)]
        return known + [
            f"{row.kind}: {row.text} (in words only: not in this registry)"
            for one in found
            for row in people.mentioned(work, one.id)
        ]

    return look


def _back(card: int) -> Look:
    """What a card of ours is linked to."""
    return lambda work: [
        f"{row.link}: № {row.number} «{row.subject}», their {row.partner_number}" for row in people.linked(work, card)
    ]


SCENE = Scene("Answers and links: both cards show them, and what is not here stays text", play)
