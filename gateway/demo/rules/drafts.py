# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts: sent for a visa and a signature, directed, signed with a remark, registered there; the sender sees each."""

from gateway.demo.files import pdf
from gateway.demo.rules.looks import news
from gateway.demo.rules.stage import Look, Scene, Stage
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people import Ask
from gateway.edms_adapter.sql.database import Work

RULES = """
[[receive]]
name = "drafts"
type = ["draft"]
"""
SUBJECT = "Соглашение об обмене документами"
FILES = {"Проект соглашения.pdf": pdf("A draft agreement on the exchange of documents")}
VISA, SIGNATURE, REMARK = "Кленов П. И.", "Берёзкина А. В.", "Исправить дату в пункте 2"


def play(stage: Stage) -> None:
    minsk, moscow = stage.minsk, stage.moscow

    def write(work: Work) -> int:
        asked = [Ask("visa", moscow.index, VISA), Ask("signature", moscow.index, SIGNATURE)]
        card = people.write_draft(
            work,
            SUBJECT,
            FILES,
            signer="Озёрный",
            drafter="Тихая",
            now=stage.now(),
            asked=asked,
            store=minsk.files,
        )
        people.send(work, card, moscow.index, clerk="Тихая", now=stage.now())
        return card

    card = stage.act(minsk, write)
    where = "the draft's card shows"
    stage.say(minsk, f"Тихая sends the draft «{SUBJECT}»: visa of {VISA}, signature of {SIGNATURE}")
    expected = ["получено", "зарегистрировано как проект"]
    expected += ["направлено на визу: Кленов", "направлено на подпись: Берёзкина"]
    seen = stage.shows(minsk, where, news(card), *expected)
    stage.shows(moscow, "the draft has no number, and lies where it is asked for", _draft, "Кленов", "Берёзкина")

    stage.act(moscow, _sign, "visa", "Согласен", "Кленов", stage, REMARK)
    stage.say(moscow, f"Кленов gives his visa, with a remark: «{REMARK}»")
    expected.append(f"виза: Кленов Пётр Ильич: Согласен; замечание: {REMARK}")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    stage.act(moscow, _sign, "signature", "Подписано", "Берёзкина", stage)
    stage.say(moscow, "Берёзкина signs")
    expected.append("подпись: Берёзкина Анна Викторовна: Подписано")
    seen = stage.shows(minsk, where, news(card), *expected, before=seen)

    def register(work: Work) -> str:
        made = people.register_draft(work, _card(work), signer="Берёзкина", drafter="Дубов", now=stage.now())
        return str(people.card(work, made).number)

    number = stage.act(moscow, register)
    stage.say(moscow, f"Дубов registers it as a document of Moscow, {number}")
    expected.append(f"проект зарегистрирован № {number} от")
    stage.shows(minsk, where, news(card), *expected, before=seen)
    stage.shows(minsk, "the visa and the signature that were asked show", _asked(card), REMARK, "Подписано")
    stage.shows(minsk, "and the draft itself", _way(card), f"registered, № {number} от")


def _card(work: Work) -> int:
    """Return Moscow's card of the newest draft."""
    (draft,) = people.rows(work, "select id from card where state = 'draft' order by id desc limit 1")
    return int(draft.id)


def _sign(work: Work, kind: str, result: str, by: str, stage: Stage, remark: str = "") -> None:
    """Somebody of Moscow decides what was asked of him."""
    (asked,) = [one for one in people.approvals(work, _card(work)) if one.kind == kind]
    people.sign(work, asked.id, result, remark, by=by, now=stage.now())


def _draft(work: Work) -> list[str]:
    """The newest draft in Moscow: its number, and the inboxes it lies in."""
    draft = people.card(work, _card(work))
    rows = people.inboxes(work, draft.id)
    return [f"«{draft.subject}»: {draft.state}, {draft.number or 'no number'}", *(str(row.inbox) for row in rows)]


def _way(card: int) -> Look:
    """What a draft of ours says of its way to the partner."""
    return lambda work: [
        f"{row.partner}: {row.state}, № {row.partner_number} от {row.partner_date}" for row in people.ladder(work, card)
    ]


def _asked(card: int) -> Look:
    """What was asked of the partner on a draft of ours, and what became of it."""
    return lambda work: [
        f"{one.kind} of {one.name}: {one.signer}: {one.result}" + (f" ({one.remark})" if one.remark else "")
        for one in people.approvals(work, card)
    ]


SCENE = Scene(
    "Drafts: sent for a visa and a signature, signed with a remark, registered there", play, {"moscow": RULES}
)
