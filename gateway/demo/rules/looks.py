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


def withdrawal(card: int) -> Look:
    """What became of the wish to have a document of ours back."""
    return lambda work: [
        f"{people.card(work, card).number}: {row.partner}: {row.state}, {row.withdrawal}"
        for row in people.ladder(work, card)
    ]


def changes(card: int) -> Look:
    """What became of what changed on a card of ours after it was sent."""
    return lambda work: [
        f"{people.card(work, card).number}: {row.partner}: {row.changes_state}, {row.changes_words}"
        for row in people.ladder(work, card)
    ]


def ladder(card: int) -> Look:
    """The ladder of each organisation that a card of ours went to: what it told, in the order it came."""

    def look(work: Work) -> list[str]:
        news = people.news(work, card)
        seen: list[str] = []
        for row in people.ladder(work, card):
            told = [str(one.text).removeprefix(f"{row.partner}: ") for one in news if one.dispatch_id == row.id]
            seen += [f"{row.partner}: {row.state}", *(f"  {words}" for words in told)]
        return seen

    return look


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


def registered(number: str) -> Look:
    """Where the document with the sender's *number* was registered: group, journal, and in whose inboxes it lies."""
    asked = (
        "select c.id, c.number, c.subject, g.name as kind, j.name as journal from card c"
        " join doc_group g on g.id = c.group_id join journal j on j.id = coalesce(c.journal_id, g.journal_id)"
        " where c.partner_number = :number and c.number is not null order by c.id"
    )

    def look(work: Work) -> list[str]:
        return [
            f"{number} «{row.subject}»: № {row.number}, group «{row.kind}», journal «{row.journal}», inbox of "
            + ", ".join(str(one.inbox) for one in people.inboxes(work, row.id) if one.kind == "document")
            for row in people.rows(work, asked, number=number)
        ]

    return look


def files(number: str) -> Look:
    """The files on the incoming card with the sender's *number*."""

    def look(work: Work) -> list[str]:
        card = people.card_of(work, number)
        return [f"№ {card.number}: {row.name}, {row.size} bytes" for row in people.files(work, card.id)]

    return look


def notices(name: str, card: int) -> Look:
    """What somebody's inbox says about a card."""
    return lambda work: [str(row.text) for row in people.inbox(work, name) if row.card_id == card and row.text]


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


def shares(number: str) -> Look:
    """Which of the organisations there got which instructions with the document of the sender's *number*."""
    asked = (
        "select o.short_name, c.state, c.number, i.text, e.name from card c join office o on o.id = c.office_id"
        " join instruction i on i.card_id = c.id join executor e on e.instruction_id = i.id"
        " where c.partner_number = :number order by o.id, i.id, e.id"
    )

    def look(work: Work) -> list[str]:
        return [
            f"{row.short_name}: {row.state}{f', № {row.number}' if row.number else ''}: «{row.text}», {row.name}"
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
