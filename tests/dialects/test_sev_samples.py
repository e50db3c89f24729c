# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of SEV message, understood to the last field."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gateway.dialects import by_name, recognise
from gateway.dialects.tree import root_of
from gateway.dialects.wire import Resource
from gateway.model import (
    ApprovalKind,
    Citizen,
    ContactKind,
    ContactPoint,
    Content,
    ControlState,
    Document,
    DocumentRef,
    DocumentType,
    DraftState,
    FileRole,
    Message,
    Number,
    PostalAddress,
    Refusal,
    Report,
    ReportKind,
    System,
    TaskKind,
    Term,
)
from tests.dialects.packages import FILES, codes, passport, read_altered, read_sample

SEV = by_name("sev")
KINDS = {
    "document": "document",
    "draft": "document",
    "reception": "receipt",
    "registration": "report",
    "failure": "report",
    "progress": "report",
    "draft-progress": "report",
    "editing": "report",
}


def message_of(sample: str) -> Message:
    message = read_sample(sample).message
    assert message is not None
    return message


def document_of(sample: str) -> Document:
    body = message_of(sample).body
    assert isinstance(body, Document)
    return body


def report_of(sample: str) -> Report:
    body = message_of(sample).body
    assert isinstance(body, Report)
    return body


@pytest.mark.parametrize("sample", KINDS)
def test_every_sample_is_recognised_and_read_without_refusal(sample: str) -> None:
    root = root_of(passport(sample))
    assert root is not None
    dialect = recognise(root)
    assert dialect is not None
    reading = read_sample(sample)

    assert dialect.name == "sev"
    assert reading.kind == KINDS[sample]
    assert reading.refusal is None
    assert set(codes(reading)) <= {"task-without-text"}
    assert reading.version == "1.0"


@pytest.mark.parametrize("sample", KINDS)
def test_every_sample_survives_being_written_again(sample: str) -> None:
    reading = read_sample(sample)
    assert reading.message is not None
    package = SEV.write(reading.message)
    again = SEV.read(
        package.passport, [Resource((member.name,), reading.contents[member.sha256]) for member in package.members]
    )

    assert again.message == SEV.degrade(reading.message)
    assert again.message is not None
    assert [member.name for member in package.members] == list(FILES.get(sample, ()))


def test_a_header_gives_ids_time_and_parties() -> None:
    message = message_of("document")

    assert message.id == "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    assert message.return_id == "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    assert message.sent_at == datetime(2025, 4, 7, 6, 30, 15, 123456, tzinfo=UTC)
    assert message.sender.index == "MEADOW-1"
    assert message.sender.organisation is not None
    assert message.sender.organisation.full_name == "Управа поселения Луговое (вымышленная)"
    assert message.sender.contacts == (ContactPoint(ContactKind.EMAIL, "office@meadow.example"),)
    assert message.sender.system == System("Дело", "21.1", "00112233445566778899aabbccddeeff")
    assert [party.name for party in message.recipients] == ["Архив"]


def test_a_document_gives_its_card() -> None:
    document = document_of("document")

    assert document.uid == "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
    assert document.number == Number("12-05/318", date(2025, 4, 7))
    assert (document.card, document.type) == ("77", DocumentType.CREATED)
    assert (document.kind, document.access) == (Term("Письма исходящие", "G-OUT"), Term("общий", "A-1"))
    assert (document.pages, document.subject) == ("1+2", "О сроках навигации")
    assert (document.collective, document.original_follows, document.supplement) == (False, False, False)
    assert document.control is not None
    assert (document.control.state, document.control.deadline) == (ControlState.OPEN, date(2025, 6, 30))
    assert document.rubrics == (Term("Навигация", "R-9"),)
    assert [(field.name, field.value) for field in document.fields] == [("Том", "2")]


def test_a_document_gives_its_people() -> None:
    document = document_of("document")
    citizen = document.addressees[1]

    assert document.authors[0].number == Number("12-05/318", date(2025, 4, 4))
    assert document.authors[0].party is not None
    assert document.authors[0].party.name == "Рябинина О. О."
    assert (document.visas[0].party.name, document.visas[0].signed_on) == ("юрист", date(2025, 4, 3))
    assert document.addressees[0].name == "Вереск В. В."
    assert citizen.citizen == Citizen(
        name="Осина Аглая Петровна",
        sex="female",
        insurance_id="000-000-000 00",
        passport_series="00 00",
        passport_number="000000",
        passport_issuer="никем",
    )
    assert citizen.postal == (PostalAddress("000000", Term("Залесье", "REG-1"), "Луговое", "ул. Тихая, 1"),)
    assert (document.drafters[0].party.name, document.drafters[0].note) == ("Липа Л. Л.", "звонить до обеда")


def test_files_and_signatures_are_those_that_came() -> None:
    reading = read_sample("document")
    letter, listing = document_of("document").files

    assert (letter.name, letter.role, letter.size, letter.tag) == ("Письмо о сроках.txt", FileRole.TEXT, 26, "W/42")
    assert (listing.name, listing.role) == ("Перечень.csv", FileRole.ANNEX)
    assert [signature.name for signature in letter.signatures] == [
        "Письмо о сроках.txt.sig",
        "Письмо о сроках.txt.2.sig",
    ]
    assert [signature.kind for signature in letter.signatures] == [1, 3]
    assert letter.sha256 is not None
    assert b"".join(reading.contents[letter.sha256].blocks()) == b"A short letter, as bytes.\n"
    assert len(reading.contents) == 5


def test_a_moment_without_offset_is_in_the_zone_of_the_sender() -> None:
    letter = document_of("document").files[0]

    assert letter.signatures[0].at == datetime(2025, 4, 7, 6, 12, tzinfo=UTC)


def test_links_lead_to_the_documents_of_the_same_passport() -> None:
    document = document_of("document")

    assert [linked.card for linked in document.linked] == ["78", "79"]
    assert document.links[0].document == DocumentRef("c8", Number("ПТ-44", date(2025, 3, 20)), card="78")
    assert document.links[1].description == "Разговор по телефону"
    assert document.links[2].url == "https://meadow.example/navigation"
    assert document.accompanying == ("79",)


def test_tasks_know_their_parents_by_uid() -> None:
    first, second = document_of("document").tasks

    assert (first.uid, first.kind, first.parent, first.private) == ("e1e1", TaskKind.RESOLUTION, None, False)
    assert (second.uid, second.kind, second.parent, second.private) == ("e2e2", TaskKind.POINT, "e1e1", True)
    assert first.category == Term("На исполнение", "CAT-2")
    assert [file.name for file in first.files] == ["поручение.txt"]
    assert first.executors[0].uid == "X-1"
    assert first.control is not None
    assert first.control.controller is not None
    assert first.control.controller.name == "Управа «Луговая»"


def test_a_task_of_a_linked_document_belongs_to_it() -> None:
    reading = read_altered("document", ('<Parent DocumentID="77"/>', '<Parent DocumentID="78"/>'))
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)

    assert reading.message.body.tasks == ()
    assert [task.uid for task in reading.message.body.linked[0].tasks] == ["e1e1", "e2e2"]


def test_a_subscription_says_what_and_how_long() -> None:
    subscription = message_of("document").subscription
    assert subscription is not None

    assert subscription.days == 45
    assert (subscription.forwarding_all, subscription.consideration_all) == (False, True)
    assert not subscription.redirection
    assert not subscription.visa_direction


def test_an_addition_is_a_supplement() -> None:
    reading = read_altered("document", ('"MainDoc"', '"AddToDoc"'))
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)

    assert reading.message.body.supplement


def test_a_draft_gives_its_version_and_wants_to_hear_of_its_registration() -> None:
    message = message_of("draft")
    document = document_of("draft")

    assert document.type is DocumentType.DRAFT
    assert document.draft == DraftState("at_sight", 2, "v2v2")
    assert message.subscription is not None
    assert message.subscription.draft_registration
    assert message.subscription.sign_information


def test_a_receipt_says_when() -> None:
    report = report_of("reception")

    assert report.kind is ReportKind.RECEIPT
    assert report.received_at == datetime(2025, 4, 7, 6, 31, tzinfo=UTC)
    assert report.about == DocumentRef(
        "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", Number("12-05/318", date(2025, 4, 7)), Term("Письма исходящие")
    )


def test_a_refusal_says_why_and_where() -> None:
    report = report_of("failure")

    assert report.kind is ReportKind.REFUSAL
    assert report.refusal == Refusal(39, "Автор документа не указан.", "/DocInfo/DocumentList/Document/Author")


def test_a_registration_gives_number_card_and_moment() -> None:
    registered = report_of("registration").registered
    assert registered is not None
    assert registered.document is not None

    assert registered.number == Number("ВХ-90/25", date(2025, 4, 7))
    assert (registered.card, registered.document.type) == ("5012", DocumentType.INCOMING)
    assert registered.at == datetime(2025, 4, 7, 7, 1, 30, tzinfo=UTC)


def test_an_accumulated_report_gives_all_that_stands() -> None:
    report = report_of("progress")
    (executed,) = report.sent_tasks
    (own,) = report.considerations
    (answer,) = report.answers
    (redirection,) = report.redirections

    assert report.forwardings[0].to.name == "Вереск В. В."
    assert (executed.uid, executed.executors[0].text) == ("e1e1", "Сроки сверены")
    assert executed.executors[0].reported_at == datetime(2025, 5, 11, 14, 40, tzinfo=UTC)
    assert executed.executors[0].status == Term("Исполнено", "ST-3")
    assert [file.name for file in executed.executors[0].files] == ["отчёт.txt"]
    assert (own.initial_task, own.task.parent) == ("e1e1", "e1e1")
    assert own.task.control is not None
    assert (own.task.control.state, own.task.control.resume) == (ControlState.ENDED, "Снято с контроля")
    assert (redirection.to.name, redirection.way) == ("Осина Аглая Петровна", Term("Почта", "W-1"))
    assert answer.document.number == Number("ИСХ-17", date(2025, 5, 12))
    assert [linked.number.text for linked in answer.document.linked] == ["ВХ-90/25"]


def test_an_editing_report_gives_text_and_card() -> None:
    report = report_of("editing")
    assert report.edited is not None

    assert (report.kind, report.edited_text) == (ReportKind.EDITED, "Обновлены файлы")
    assert report.edited.card == "5012"


def test_a_report_on_a_draft_gives_directions_approvals_and_registration() -> None:
    report = report_of("draft-progress")
    assert report.approvals is not None
    assert report.draft_registered is not None
    (approval,) = report.approvals.approvals

    assert report.directions[0].kind is ApprovalKind.VISA
    assert (approval.result, approval.remark) == ("Согласен с замечанием", "см. файл")
    assert approval.signed_at == datetime(2025, 4, 10, 8, tzinfo=UTC)
    assert approval.term == datetime(2025, 4, 11, 15, tzinfo=UTC)
    assert approval.added_by is not None
    assert [file.name for file in approval.files] == ["Замечание.txt"]
    assert report.draft_registered.number.text == "ПРК-1"


@pytest.mark.parametrize(
    ("xml", "title"),
    [
        (passport("envelope"), "SEV transport envelope"),
        (b'<Novelty xmlns="http://www.eos.ru/2010/sev"/>', "unknown SEV message Novelty"),
    ],
)
def test_what_is_not_read_is_named(xml: bytes, title: str) -> None:
    root = root_of(xml)
    assert root is not None
    dialect = recognise(root)
    assert dialect is not None
    reading = dialect.read(xml, [])

    assert (reading.kind, reading.title, reading.message, reading.refusal) == (None, title, None, None)


def test_native_style_and_prefixed_style_are_the_same_message() -> None:
    """One line, byte order mark and unused declarations, or a prefix and indentation: only names count."""
    text = passport("draft").decode()
    lines = [line.strip() for line in text.replace("sev:", "").replace("xmlns:sev", "xmlns").splitlines()]
    unused = '<DocInfo xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="urn:unused" xmlns'
    native = b"\xef\xbb\xbf" + " ".join(lines).replace("<DocInfo xmlns", unused, 1).encode()
    reading = SEV.read(native, [Resource((name,), content) for name, content in _draft_files()])

    assert b"\n" not in native
    assert reading.problems == ()
    assert reading.message == message_of("draft")


def _draft_files() -> list[tuple[str, Content]]:
    reading = read_sample("draft")
    file = document_of("draft").files[0]
    assert file.sha256 is not None
    return [(FILES["draft"][0], reading.contents[file.sha256])]


def test_unknown_extensions_are_dropped_before_validation() -> None:
    reading = read_altered(
        "registration",
        ("<Notification>", '<Notification xmlns:e="http://www.eos.ru/2010/sev/Ext2031"><e:News at="x">n</e:News>'),
        ("<Registration DocumentID", '<Registration xmlns:e="urn:e" e:mood="good" DocumentID'),
    )

    assert codes(reading) == ["unknown-extension", "unknown-extension"]
    assert {problem.place for problem in reading.problems} == {
        "/Report/Notification/Registration/@mood",
        "/Report/Notification/News",
    }
    assert reading.message == message_of("registration")


def test_a_heading_says_to_whom_and_about_what() -> None:
    heading = read_sample("document").heading

    assert heading.return_id == "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    assert heading.sender is not None
    assert heading.sender.index == "MEADOW-1"
    assert heading.about == document_of("document").ref
    assert read_sample("progress").heading.about == report_of("progress").about


def test_texts_keep_their_lines_and_lose_the_blanks_around() -> None:
    reading = read_altered("document", ("О сроках навигации", "\n  первая\n  вторая \t"))
    assert reading.message is not None

    assert reading.message.body == replace(document_of("document"), subject="первая\n  вторая")
