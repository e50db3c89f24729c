# SPDX-License-Identifier: GPL-3.0-or-later
"""The words we put onto a card of an EDMS that has no fields for most of what a letter says."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import PurePath

from gateway.model import Author, Document, File, Link, Number, Party, Task
from gateway.ports import Addressee, Intake

NO_SUBJECT = "Без темы"
DAY = "%d.%m.%Y"
REGISTERED = re.compile(r"^Зарегистрирован: № (.+) от (\d\d\.\d\d\.\d{4})$", re.MULTILINE)


def name_of(document: Document, main: File | None, number: Number | None) -> str:
    """Return what a card is called: number, subject, and the ending of its main file, which tells programs its kind."""
    title = document.subject or (PurePath(main.name).stem if main else "") or NO_SUBJECT
    ending = PurePath(main.name).suffix if main else ".txt"
    return f"{number.text} {title}{ending}" if number else f"{title}{ending}"


def sheet(
    document: Document, intake: Intake, number: Number | None, routed: Sequence[Addressee], waits: str = ""
) -> str:
    """Return the registration sheet of a letter, a line for everything that was said."""
    return "\n".join(line for line in _lines(document, intake, number, routed, waits) if line)


def addition(document: Document) -> str:
    """Return the sheet of what is added to a card later."""
    title = document.subject or (document.number.text and _number("№", document.number)) or ""
    said = [f"Дополнение: {title}".rstrip(": "), *_said(document)]
    return "\n".join(line for line in said if line)


def registered(number: Number) -> str:
    return _number("Зарегистрирован: №", number)


def number_in(words: str) -> Number | None:
    """Return the number that a sheet begins with; None when it begins otherwise, whatever the sender wrote below."""
    found = REGISTERED.match(words)
    return Number(found[1], datetime.strptime(found[2], DAY).date()) if found else None


def link_words(kind: str, number: Number, description: str, url: str) -> str:
    words = ", ".join(word for word in (_number("№", number) if number.text else "", description, url) if word)
    return f"{kind or 'Связан с'}: {words}" if words else ""


def _lines(
    document: Document, intake: Intake, number: Number | None, routed: Sequence[Addressee], waits: str
) -> Iterator[str]:
    if number is not None:
        yield registered(number)
    if waits:
        yield f"Ждёт решения: {waits}"
    yield _line("Корреспондент", _party(intake.correspondent))
    yield from (_line("Автор", _author(author)) for author in document.authors)
    if document.number.text:
        yield _number("Исходящий: №", document.number)
    yield _line("О чём", document.subject)
    yield from (_line("Кому", f"{one.name} ({one.why})") for one in routed)
    yield _line("Вид", document.kind.text if document.kind else "")
    yield _line("Группа", intake.group)
    yield _line("Доступ", intake.access)
    yield _line("Правило", intake.rule)
    yield from _said(document)


def _said(document: Document) -> Iterator[str]:
    yield _line("Примечание", document.note)
    yield from (_line("Поручение", _task(task)) for task in document.tasks)
    yield from (_link(link) for link in document.links)
    absent = [file.name for file in document.files if file.sha256 is None]
    yield _line("Файлы не пришли", ", ".join(absent))


def _line(title: str, words: str) -> str:
    return f"{title}: {words}" if words else ""


def dated(number: Number) -> str:
    """Return a number with its date, for people."""
    return number.text + (f" от {_day(number.date)}" if number.date else "")


def _number(title: str, number: Number) -> str:
    return f"{title} {dated(number)}"


def _day(day: date) -> str:
    return day.strftime(DAY)


def _party(party: Party | None) -> str:
    if party is None:
        return ""
    organisation = party.organisation
    house = (organisation.short_name or organisation.full_name or organisation.index) if organisation else ""
    who = (party.person.name, party.person.post) if party.person else (party.citizen.name if party.citizen else "", "")
    return ", ".join(word for word in (house, *who) if word)


def _author(author: Author) -> str:
    number = f" (№ {author.number.text})" if author.number and author.number.text else ""
    return f"{_party(author.party)}{number}" if _party(author.party) else ""


def _task(task: Task) -> str:
    who = ", ".join(name for one in task.executors if (name := _party(one.party)))
    due = task.control.deadline if task.control else None
    words = (task.text, who, f"срок {_day(due)}" if due else "")
    return "; ".join(word for word in words if word)


def _link(link: Link) -> str:
    number = link.document.number if link.document else Number()
    return link_words(link.kind.text, number, link.description, link.url)
