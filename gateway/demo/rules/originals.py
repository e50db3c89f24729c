# SPDX-License-Identifier: GPL-3.0-or-later
"""Paper: the sender says that the original follows; when it comes it is put onto the card, not registered again."""

from datetime import date

from gateway.demo.files import pdf
from gateway.demo.rules import letters
from gateway.demo.rules.looks import dispatches
from gateway.demo.rules.stage import Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

FILES = {"Договор.pdf": pdf("A treaty on the exchange of documents")}
NEVER_SENT = "99-К"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow

    def send(work: Work) -> tuple[int, str, date]:
        card = people.write_card(
            work,
            "О заключении договора",
            FILES,
            signer="Озёрный",
            drafter="Тихая",
            now=stage.now(),
            store=minsk.files,
            original_follows=True,
        )
        people.send(work, card, moscow.index, clerk="Тихая", now=stage.now(), to=letters.OFFICIAL)
        row = people.card(work, card)
        return card, str(row.number), date.fromisoformat(str(row.reg_date))

    card, number, day = stage.act(minsk, send)
    stage.say(minsk, f"Тихая sends {number} of {day} and notes: the signed paper follows by post")
    stage.shows(minsk, "the card shows", dispatches(card), f"{moscow.title}: registered, №")
    stage.shows(moscow, "the card shows", _originals(number), f"1 card of {number}", "бумажный подлинник следует")

    def arrives(work: Work) -> bool:
        known = people.enter_paper(work, minsk.index, number, day, by="Дубов", now=stage.now())
        other = people.enter_paper(
            work, minsk.index, NEVER_SENT, day, by="Дубов", now=stage.now(), subject="О поздравлении", to=["Берёзкина"]
        )
        return known.known and not other.known

    put = "is put onto its card" if stage.act(moscow, arrives) else "is NOT put onto its card"
    stage.say(moscow, f"the post brings {number} and {NEVER_SENT}: Дубов enters both by hand; {number} {put}")
    stage.shows(
        moscow,
        "still one card each: that of the letter has its paper, the other paper has a card of its own",
        _originals(number, NEVER_SENT),
        f"1 card of {number}",
        "бумажный подлинник следует; the original came on",
        "Берёзкина Анна Викторовна: подлинник получен",
        f"1 card of {NEVER_SENT}",
    )


def _originals(*numbers: str) -> Look:
    """The incoming cards with the sender's *numbers*: how many, what they say of the paper, who was told."""
    asked = "select id, number, subject, exchange_mark, original_at from card where partner_number = :number"

    def look(work: Work) -> list[str]:
        lines = []
        for number in numbers:
            found = people.rows(work, asked, number=number)
            lines.append(f"{len(found)} card{'s' * (len(found) != 1)} of {number}")
            for row in found:
                said = [str(row.exchange_mark)] if row.exchange_mark else []
                said += [f"the original came on {str(row.original_at)[:10]}"] if row.original_at else []
                lines.append(f"№ {row.number} «{row.subject}»: {'; '.join(said)}")
                lines += [f"{told.inbox}: {told.text}" for told in people.inboxes(work, row.id) if told.text]
        return lines

    return look


SCENE = Scene("Paper: the original that follows is put onto the card, not registered again", play)
