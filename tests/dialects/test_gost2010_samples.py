# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of every kind of message, understood as its sender meant it, and shown by `explain`."""

from datetime import date

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.content import Held
from gateway.dialects.wire import Resource
from gateway.errors import Reason, Refused
from gateway.model import (
    Document,
    DocumentType,
    EventKind,
    File,
    FileRole,
    Number,
    Refusal,
    Report,
    ReportKind,
    Signature,
    Term,
)
from tests.dialects.gost2010_packages import SAMPLES, codes, read, sample

ASKED = "6a5d2f100c114e0a9d3b000000000001"  # what the notifications answer, as we know an id of ours


def document(name: str) -> Document:
    message = read(sample(name)).message
    assert message is not None
    assert isinstance(message.body, Document)
    return message.body


def report(name: str) -> Report:
    message = read(sample(name)).message
    assert message is not None
    assert isinstance(message.body, Report)
    assert message.return_id == ASKED
    return message.body


def test_a_main_document_says_what_it_is() -> None:
    found = document("document")

    assert (found.uid, found.type, found.supplement) == ("R-2026-77", DocumentType.CREATED, False)
    assert found.number == Number("12-34/56", date(2026, 2, 3))
    assert (found.kind, found.access, found.pages) == (Term("Письмо"), Term("Общий"), "3")
    assert (found.subject, found.note, found.collective) == ("О поставке семян", "Согласование сроков", False)


def test_its_people_are_known_by_the_ends_of_the_message() -> None:
    """Organisations have no id in a document: one called like an end of the header is that end (2A.1, 2A.5)."""
    found = document("document")
    (author,), (addressee,), (visa,) = found.authors, found.addressees, found.visas

    assert author.party is not None
    assert author.party.index == "ROMASHKA"
    assert author.party.organisation is not None
    assert author.party.organisation.tax_id == "0012345678"
    assert [address.text for address in author.party.postal] == ["Садовая, 4"]
    assert author.number == Number("12-34/56", date(2026, 2, 3))
    assert addressee.index == "VASILEK"
    assert addressee.person is not None
    assert (addressee.person.name, addressee.person.post) == ("Луговая Вера Павловна", "Начальник отдела")
    assert addressee.department is not None
    assert addressee.department.name == "Отдел закупок"
    assert (visa.text, visa.signed_on, visa.party.name) == (
        "Согласовано с замечаниями",
        date(2026, 2, 2),
        "Корнева О. О.",
    )


def test_its_files_lie_inside_with_their_signatures() -> None:
    reading = read(sample("document"))
    letter, annex = document("document").files

    assert (letter.name, letter.role, letter.media_type) == ("Письмо о поставке.txt", FileRole.TEXT, "text/plain")
    assert [signature.name for signature in letter.signatures] == ["Письмо о поставке.txt.sig"]
    assert isinstance(letter.signatures[0], Signature)
    assert isinstance(annex, File)
    assert (annex.name, annex.role) == ("Перечень.csv", FileRole.ANNEX)
    assert annex.sha256 is not None
    assert b"".join(reading.contents[annex.sha256].blocks()) == "мак;1\n".encode()


def test_its_task_links_and_notes_are_read() -> None:
    found = document("document")
    (task,), (link,) = found.tasks, found.links

    assert (task.uid, task.number, task.text, task.signed_on) == ("R-T-1", "5", "Согласовать сроки", date(2026, 2, 3))
    assert task.control is not None
    assert task.control.deadline == date(2026, 2, 20)
    assert task.note == "Управление «Василёк»: срок 18.02.2026"
    assert [(executor.party.index, executor.responsible) for executor in task.executors] == [("VASILEK", True)]
    assert (link.kind.text, link.description) == ("Во изменение", "Прежнее письмо о поставке")
    assert link.document is not None
    assert (link.document.uid, link.document.number.text) == ("R-2025-12", "11-99")
    assert [(field.name, field.value) for field in found.fields] == [
        ("Дата подписания Стеблев Иван Кузьмич", "2026-02-03"),
        ("Перечень семян", "По состоянию на 1 февраля"),
    ]


def test_an_answer_refers_to_the_document_once_and_to_the_task_in_words() -> None:
    links = document("answer").links

    assert [(link.kind.text, link.document.uid if link.document else None) for link in links] == [
        ("В ответ на", "R-2026-77"),
        ("В ответ на", None),
    ]
    assert links[1].description == "Поручение № 5 от 2026-02-03 (R-T-1)"


@pytest.mark.parametrize("name", ["supplement", "answer-supplement"])
def test_a_supplement_adds_to_its_document(name: str) -> None:
    found = document(name)

    assert found.supplement
    assert (bool(found.tasks), bool(found.files)) == (name == "supplement", name == "answer-supplement")


def test_notifications_tell_one_fact_each() -> None:
    assert report("delivered").kind is ReportKind.RECEIPT
    registered = report("registered")
    assert registered.fact is EventKind.REGISTERED
    assert registered.registered is not None
    assert registered.registered.number == Number("ВХ-208", date(2026, 2, 3))
    assert report("not-registered").refusal == Refusal(1020, "Рекламные письма не регистрируются", retryable=False)


def test_several_errors_are_one_refusal_in_which_all_are_told() -> None:
    refusal = report("error").refusal

    assert refusal is not None
    assert refusal.code == 35
    assert refusal.text.split("\n") == [
        "(35) Не указан срок (deadline) в элементе Task",
        "(33) Дата регистрации записана неверно",
    ]


@pytest.mark.parametrize("name", ["relative-delo", "relative-ukraine"])
def test_relatives_are_known_by_name_and_refused_in_words_that_help(name: str) -> None:
    reading = read(sample(name))

    assert (reading.kind, reading.message) == (None, None)
    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.UNSUPPORTED
    assert "ask the sender" in reading.refusal.detail


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.stem)
def test_explain_recognises_every_sample(path: object) -> None:
    shown = CliRunner().invoke(main, ["explain", str(path)])

    relative = "relative" in str(path)
    assert (shown.exit_code, "gost2010" in shown.output) == (1 if relative else 0, True)
    assert ("ask the sender" in shown.output) is relative


@pytest.mark.parametrize("name", ["document", "supplement", "answer-supplement", "delivered", "registered"])
def test_a_sound_sample_is_noted_for_nothing(name: str) -> None:
    assert codes(read(sample(name))) == []


@pytest.mark.parametrize("name", ["relative-delo", "relative-ukraine"])
def test_a_relative_among_the_files_of_a_package_is_a_file(name: str) -> None:
    reading = read(sample("document"), [Resource(("квитанция.xml",), Held(sample(name)))])

    assert reading.refusal is None
    assert reading.kind == "document"
    assert codes(reading) == ["unlisted-file"]


def test_two_messages_in_one_letter_are_not_told_apart() -> None:
    with pytest.raises(Refused) as raised:
        read(sample("document"), [Resource(("b.xml",), Held(sample("answer")))])

    assert raised.value.reason is Reason.AMBIGUOUS
