# SPDX-License-Identifier: GPL-3.0-or-later
"""Papers that wait for a person lie in a folder of the registry; what the clerk decides is told by itself."""

from gateway.demo.rules import letters
from gateway.demo.rules.looks import came, dispatches, folder
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

SUBJECTS = ("О ремонте", "О ремонте, копия", "О закупке", "Поздравление с праздником")
OURS = "ВХ-М-100/А"  # a number given by hand
REASON = 1032  # of the list


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow
    sent = [letters.send(stage, subject, letters.UNKNOWN) for subject in SUBJECTS]
    cards, numbers = [card for card, _ in sent], [number for _, number in sent]
    stage.say(minsk, f"Тихая sends {', '.join(numbers)} to {letters.UNKNOWN}, whom nobody in Moscow knows")
    waiting = [f"{number} [Письмо.pdf]: «{letters.UNKNOWN}»: такого адресата нет" for number in sorted(numbers)]
    stage.shows(moscow, "the folder of papers that wait shows", _sorted_folder, *waiting)

    def decide(work: Work) -> str:
        first, copy, third, fourth = (int(people.card_of(work, number).id) for number in numbers)
        people.register_waiting(work, first, by="Дубов", to=["Берёзкина"], now=stage.now(), number=OURS)
        people.join_waiting(work, copy, first, by="Дубов", now=stage.now())
        people.refuse_waiting(work, third, by="Дубов", now=stage.now(), reason=REASON)
        people.note_waiting(work, fourth, by="Дубов", now=stage.now())
        return next(str(row.text) for row in people.refusal_reasons(work) if row.code == REASON)

    reason = stage.act(moscow, decide)
    stage.say(moscow, f"Дубов registers the first under a number he gives by hand, {OURS}")
    stage.say(moscow, "Дубов puts the second onto that card")
    stage.say(moscow, f"Дубов refuses the third, for a reason of the list: «{reason}»")
    stage.say(moscow, "Дубов takes note of the fourth without registering it")
    stage.shows(moscow, "the card of the second shows", came(numbers[1]), f"put onto № {OURS}")
    there = f"{moscow.title}: "
    stage.shows(
        minsk,
        "the sender's cards show",
        dispatches(*cards),
        f"{numbers[0]}: {there}registered, № {OURS} от",
        f"{numbers[1]}: {there}registered, № {OURS} от",
        f"{numbers[2]}: {there}refused, {reason}",
        f"{numbers[3]}: {there}refused, Принят к сведению без регистрации",
    )


def _sorted_folder(work: Work) -> list[str]:
    """The folder by the sender's number: they may be registered by two workers."""
    return sorted(folder(work))


SCENE = Scene("Papers that wait for a person: registered, put onto a card, refused, taken note of", play)
