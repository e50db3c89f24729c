# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a letter on its document: label, description, metadata.  Pure."""

from collections.abc import Sequence

from gateway.edms_adapter.remote import sheet
from gateway.edms_adapter.remote.papers import Paper, main_file
from gateway.model import Document, ExchangeId, Number
from gateway.ports import Addressee, Intake

EMPTY = "Пустые файлы, которых Mayan не хранит: "


def label(document: Document, number: Number | None) -> str:
    title = document.subject or sheet.NO_SUBJECT
    return f"{number.text} {title}" if number else title


def words(
    document: Document,
    intake: Intake,
    number: Number | None,
    routed: Sequence[Addressee],
    waits: str,
    came: Sequence[Paper],
) -> str:
    said = sheet.sheet(document, intake, number, routed, waits)
    return "\n".join(word for word in (said, empty(came)) if word)


def empty(came: Sequence[Paper]) -> str:
    names = [paper.name for paper in came if not paper.content.size]
    return EMPTY + ", ".join(names) if names else ""


def facts(document: Document, intake: Intake, exchange: ExchangeId, number: Number | None) -> dict[str, str]:
    organisation = intake.correspondent.organisation
    house = (organisation.short_name or organisation.full_name or organisation.index) if organisation else ""
    theirs = sheet.dated(document.number) if document.number.text else ""
    found = {"exchange": exchange, "number": "", "date": "", "correspondent": house, "sender_number": theirs}
    return found | (numbers(number) if number else {})


def numbers(number: Number) -> dict[str, str]:
    return {"number": number.text, "date": number.date.isoformat() if number.date else ""}


def main_first(document: Document, came: Sequence[Paper]) -> list[Paper]:
    """Return the files with the letter's text before the others."""
    main = main_file(document)
    return sorted(came, key=lambda paper: main is None or paper.content.sha256 != main.sha256)
