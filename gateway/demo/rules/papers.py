# SPDX-License-Identifier: GPL-3.0-or-later
"""Papers that wait for a person lie in a folder of the registry; what the clerk decides is told by itself."""

from gateway.demo.rules import letters
from gateway.demo.rules.looks import came, dispatches, folder
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

REFUSAL = "Документ относится к компетенции другой организации"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    sent = [letters.send(stage, subject, letters.UNKNOWN) for subject in ("О ремонте", "О ремонте, копия", "О закупке")]
    cards, numbers = [card for card, _ in sent], [number for _, number in sent]
    stage.say(minsk, f"Тихая sends {', '.join(numbers)} to {letters.UNKNOWN}, whom nobody in Moscow knows")
    waiting = [f"{number} [Письмо.pdf]: «{letters.UNKNOWN}»: такого адресата нет" for number in sorted(numbers)]
    stage.shows(moscow, "the folder of papers that wait shows", _sorted_folder, *waiting)

    def decide(work: Work) -> str:
        first, copy, third = (int(people.card_of(work, number).id) for number in numbers)
        ours = people.register_waiting(work, first, by="Дубов", to=["Берёзкина"], now=stage.now())
        people.join_waiting(work, copy, first, by="Дубов", now=stage.now())
        people.refuse_waiting(work, third, REFUSAL, by="Дубов", now=stage.now())
        return ours

    ours = stage.act(moscow, decide)
    stage.say(moscow, f"Дубов registers the first as {ours}, puts the second onto that card, refuses the third")
    stage.shows(moscow, "the cards show", came(numbers[1]), f"put onto № {ours}")
    stage.shows(
        minsk,
        "the sender's cards show",
        dispatches(*cards),
        f"{numbers[0]}: {moscow.title}: registered, № {ours} от",
        f"{numbers[1]}: {moscow.title}: registered, № {ours} от",
        f"{numbers[2]}: {moscow.title}: refused, {REFUSAL}",
    )


def _sorted_folder(work: Work) -> list[str]:
    """The folder by the sender's number: the three may be registered by two workers."""
    return sorted(folder(work))


SCENE = Scene("Papers that wait for a person: registered, put onto a card, refused", play)
