# SPDX-License-Identifier: GPL-3.0-or-later
"""What people of the story do and see, each in the database of their own office only."""

from datetime import date
from typing import Any

from gateway.demo.files import pdf
from gateway.edms_adapter.registry import people
from tests.story.offices import TownOffice

LETTER = pdf("On the exchange of documents")
ANNEX = "Перечень документов\n".encode()


def send_letter(
    office: TownOffice,
    to: str = "Берёзкина А. В.",
    *,
    index: str = "EX-MOSCOW",
    files: dict[str, bytes] | None = None,
    signer: str = "Озёрный",
    clerk: str = "Тихая",
) -> int:
    """A clerk of Minsk registers a letter and marks it for Moscow; returns its card."""
    with people.at_work(office.registry) as work:
        card = people.write_card(
            work,
            "Об обмене документами",
            {"Письмо.pdf": LETTER, "Приложение № 1.txt": ANNEX} if files is None else files,
            signer=signer,
            drafter=clerk,
            now=office.clock.now(),
            store=office.home / "files",
        )
        people.send(work, card, index, clerk=clerk, now=office.clock.now(), to=to)
        return card


def instruct(
    office: TownOffice,
    card: int,
    deadline: date = date(2026, 3, 25),
    *,
    author: str = "Берёзкина",
    executor: str = "Кленов",
) -> int:
    """The official of Moscow instructs a specialist; returns the instruction."""
    with people.at_work(office.registry) as work:
        return people.instruct(
            work,
            card,
            "Прошу подготовить ответ",
            author=author,
            executors=[executor],
            now=office.clock.now(),
            deadline=deadline,
        )


def answer(office: TownOffice, incoming: int, *, signer: str = "Берёзкина", drafter: str = "Дубов") -> int:
    with people.at_work(office.registry) as work:
        return people.answer(
            work,
            incoming,
            "Ответ",
            {"Ответ.pdf": LETTER},
            signer=signer,
            drafter=drafter,
            now=office.clock.now(),
            store=office.home / "files",
        )


def do(office: TownOffice, act: Any, *arguments: Any, **named: Any) -> Any:  # Any: whatever the act takes
    """Let a person do one of `people`'s acts, now."""
    with people.at_work(office.registry) as work:
        return act(work, *arguments, **named, now=office.clock.now())


def dispatch(office: TownOffice, card: int) -> Any:  # Any: a row of the registry
    """Return the dispatch row of *card*: what its sender sees of the ladder."""
    with people.at_work(office.registry) as work:
        return people.ladder(work, card)[0]


def news(office: TownOffice, card: int) -> list[str]:
    """Return the kinds of the partner's news on *card*, in the order they came."""
    with people.at_work(office.registry) as work:
        return [row.event for row in people.news(work, card)]


def cards(office: TownOffice, where: str = "direction = 'in'") -> list[Any]:
    """Return the cards of the registry, oldest first."""
    with people.at_work(office.registry) as work:
        return people.rows(work, f"select * from card where {where} order by id")


def inbox(office: TownOffice, name: str) -> list[int]:
    """Return the cards in somebody's inbox."""
    with people.at_work(office.registry) as work:
        return [row.card_id for row in people.inbox(work, name)]
