# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters that scenes begin with."""

from gateway.demo.files import pdf
from gateway.demo.rules.stage import Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

OFFICIAL = "Берёзкина А. В."  # of Moscow
UNKNOWN = "Неведомский Н. Н."  # nobody of that name works there


def send(stage: Stage, subject: str, to: str = OFFICIAL, *, kind: str = "") -> tuple[int, str]:
    """Minsk registers a document (empty *kind*: a letter) and marks it for Moscow; returns its card and its number."""

    def act(work: Work) -> tuple[int, str]:
        card = write(stage, work, subject, kind)
        people.send(work, card, stage.moscow.index, clerk="Тихая", now=stage.now(), to=to)
        return card, str(people.card(work, card).number)

    return stage.act(stage.minsk, act)


def write(stage: Stage, work: Work, subject: str, kind: str = "") -> int:
    """Minsk registers a document with a file, of a group of its registry (empty: a letter); returns its card."""
    files = {"Письмо.pdf": pdf("On the exchange of documents", ("From: Minsk", "To: Moscow"))}
    card = people.write_card(
        work, subject, files, signer="Озёрный", drafter="Тихая", now=stage.now(), store=stage.minsk.files
    )
    if kind:
        asked = "update card set group_id = (select id from doc_group where name = :kind) where id = :card returning id"
        people.rows(work, asked, kind=kind, card=card)
    return card


def incoming(stage: Stage, number: str) -> int:
    """Return Moscow's card of the letter with that number of Minsk's."""

    def look(work: Work) -> int:
        return int(people.card_of(work, number).id)

    return stage.act(stage.moscow, look)
