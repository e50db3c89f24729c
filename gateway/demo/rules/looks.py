# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see in their registry, line by line, in the registry's own words."""

from gateway.demo.rules.stage import Look
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.sql.database import Work


def news(card: int) -> Look:
    """The partner's news on a card, in the order they came."""
    return lambda work: [str(row.text) for row in people.news(work, card)]


def dispatches(*cards: int) -> Look:
    """What each of our cards says of its way to the partner: number there, refusal, trouble."""

    def look(work: Work) -> list[str]:
        return [
            f"{people.card(work, card).number}: {row.partner}: {row.state}"
            + (f", № {row.partner_number} от {row.partner_date}" if row.partner_number else "")
            + (f", {row.refusal}" if row.refusal else "")
            + (f", {row.trouble}" if row.trouble else "")
            for card in cards
            for row in people.ladder(work, card)
        ]

    return look


def folder(work: Work) -> list[str]:
    """The folder of papers that wait for a person: the sender's number, the files, the reason."""
    found = people.waiting(work)
    names = "select name from card_file where card_id = :card order by position"
    files = [", ".join(str(row.name) for row in people.rows(work, names, card=paper.card)) for paper in found]
    return [f"{paper.number} [{names}]: {paper.reason}" for paper, names in zip(found, files, strict=True)]


def came(number: str) -> Look:
    """The incoming cards with the sender's *number*: ours, and how they stand."""
    asked = (
        "select c.number, c.reg_date, c.state, c.subject, o.number as joined from card c"
        " left join card o on o.id = c.joined_to where c.partner_number = :number order by c.id"
    )

    def look(work: Work) -> list[str]:
        return [
            f"{number} «{row.subject}»: {row.state}"
            + (f", № {row.number} от {row.reg_date}" if row.number else "")
            + (f", put onto № {row.joined}" if row.joined else "")
            for row in people.rows(work, asked, number=number)
        ]

    return look


def tasks(number: str) -> Look:
    """The instructions on the incoming card with the sender's *number*: what, who, by when."""
    asked = (
        "select i.*, e.name, e.inbox_id from instruction i join card c on c.id = i.card_id"
        " join executor e on e.instruction_id = i.id where c.partner_number = :number order by i.id, e.id"
    )

    def look(work: Work) -> list[str]:
        return [
            f"«{row.text}»: {row.name}, by {row.deadline}, {row.state}, uid {row.uid}"
            for row in people.rows(work, asked, number=number)
        ]

    return look


def own_task(instruction: int) -> Look:
    """An instruction of ours: its uid, what its executors reported, how it stands at the partner's."""
    asked = "select * from instruction where id = :key"
    reported = "select reporter, text, status from execution where instruction_id = :key order by id"

    def look(work: Work) -> list[str]:
        (task,) = people.rows(work, asked, key=instruction)
        reports = people.rows(work, reported, key=instruction)
        return [
            f"«{task.text}», by {task.deadline}, uid {task.uid}",
            *(f"{row.reporter}: {row.text} ({row.status})" for row in reports),
            *([str(task.progress)] if task.progress else []),
        ]

    return look
