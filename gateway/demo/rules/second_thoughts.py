# SPDX-License-Identifier: GPL-3.0-or-later
"""The sender changes his mind: in time nothing goes; too late the clerk reads what was possible; a file goes after."""

from gateway.demo.files import pdf
from gateway.demo.rules import letters
from gateway.demo.rules.looks import came, changes, dispatches, files, notices, withdrawal
from gateway.demo.rules.stage import Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work

FORGOTTEN = "Приложение.pdf"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow

    def send_and_regret(work: Work) -> tuple[int, str]:
        card = letters.write(stage, work, "О переносе встречи")
        row = people.send(work, card, moscow.index, clerk="Тихая", now=stage.now(), to=letters.OFFICIAL)
        people.withdraw(work, row, "не тот файл", now=stage.now())
        return card, str(people.card(work, card).number)

    regretted, number = stage.act(minsk, send_and_regret)
    stage.say(minsk, f"Тихая marks {number} for Moscow and takes it back before it has left")
    stage.shows(minsk, "the card shows", withdrawal(regretted), "cancelled, отменено, не отправлялось")

    card, sent = letters.send(stage, "О месте встречи")
    stage.say(minsk, f"Тихая sends {sent}")
    stage.shows(minsk, "the card shows", dispatches(card), "registered, №")
    stage.act(minsk, _withdraw, stage, card)
    stage.say(minsk, "Тихая wants it back")
    ours = str(stage.act(moscow, people.card_of, sent).number)
    told = f"зарегистрировано у получателя № {ours} от"
    stage.shows(minsk, "the card shows what was possible", withdrawal(card), told)
    stage.shows(minsk, "the inbox of Тихая says", notices("Тихая", card), f"Отзыв: {told}")
    stage.shows(moscow, f"nothing was deleted; of {number} nothing ever came", came(sent), f"registered, № {ours}")
    stage.hides(moscow, f"of {number} nothing came", stage.look(moscow, came(number)), number)

    stage.act(minsk, _add, stage, card)
    stage.say(minsk, f"Тихая lets it stand, puts {FORGOTTEN} onto the card and sends what changed")
    stage.shows(minsk, "the card shows", changes(card), "sent, дополнение: файлов 1")
    stage.shows(moscow, "the card has it under the same number", files(sent), "Письмо.pdf", f"№ {ours}: {FORGOTTEN}")


def _withdraw(work: Work, stage: Stage, card: int) -> None:
    (row,) = people.ladder(work, card)
    people.withdraw(work, int(row.id), "направлено ошибочно", now=stage.now())


def _add(work: Work, stage: Stage, card: int) -> None:
    (row,) = people.ladder(work, card)
    people.add_file(work, card, FORGOTTEN, pdf("Annex", ("The place: hall 2",)), store=stage.minsk.files)
    people.send_changes(work, int(row.id), now=stage.now())


SCENE = Scene("The sender changes his mind: taken back in time, too late, and completed", play)
