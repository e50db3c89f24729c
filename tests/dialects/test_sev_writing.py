# SPDX-License-Identifier: GPL-3.0-or-later
"""What SEV writes: native in every byte, valid, and degraded by the table where the format cannot say more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from lxml import etree

from gateway.content import Held
from gateway.dialects import by_name
from gateway.dialects.sev.failures import compose_failure, parse_failure
from gateway.dialects.sev.validation import deviations
from gateway.model import (
    Answer,
    Author,
    Citizen,
    Consideration,
    Document,
    DocumentRef,
    DocumentType,
    DocumentUid,
    Drafter,
    DraftState,
    File,
    FileRole,
    Link,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Signature,
    Subscription,
    System,
    Task,
    TaskUid,
    Term,
)
from tests.dialects.packages import FILES, passport, read_sample
from tests.dialects.strategies import refusals

SEV = by_name("sev")
SENT = datetime(2025, 4, 7, 6, 30, tzinfo=UTC)
US = Party(organisation=Organisation("Порт «Тихий»", index="HARBOUR-2"), system=System("Gateway", "1", "ab"))
THEM = Party(organisation=Organisation("Управа «Луговая»", index="MEADOW-1"))
ABOUT = DocumentRef(DocumentUid("c0"), Number("12/3", date(2025, 4, 7)), Term("Письма"))
TEXT, ANNEX, SIGNED = Held(b"text"), Held(b"a" * 1025), Held(b"signature")


def message(body: Document | Report, **changes: object) -> Message:
    built = Message(MessageId("m1"), ReturnId("r1"), SENT, US, (THEM,), body, "sev")
    return replace(built, **changes)  # type: ignore[arg-type]


def document(**changes: object) -> Document:
    built = Document(uid=DocumentUid("c0"), number=Number("12/3", date(2025, 4, 7)), kind=Term("Письма"))
    return replace(built, **changes)  # type: ignore[arg-type]


def file(name: str, content: Held, *signatures: Signature) -> File:
    return File(name, "u", content.size, content.sha256, signatures=signatures)


def signature(content: Held = SIGNED) -> Signature:
    return Signature("any", content.size, content.sha256)


def written(body: Document | Report, **changes: object) -> str:
    return SEV.write(message(body, **changes)).passport.decode("utf-8-sig")


def degraded(body: Document | Report, **changes: object) -> Message:
    return SEV.degrade(message(body, **changes))


def degraded_document(**changes: object) -> Document:
    body = degraded(document(**changes)).body
    assert isinstance(body, Document)
    return body


def degraded_report(kind: ReportKind, **changes: object) -> Report:
    body = degraded(replace(Report(kind, ABOUT), **changes)).body  # type: ignore[arg-type]
    assert isinstance(body, Report)
    return body


# --- native -------------------------------------------------------------------------------------------------------


def test_a_passport_is_one_line_of_utf8_with_a_mark_and_a_default_namespace() -> None:
    package = SEV.write(message(document(subject="О сроках")))

    assert package.passport_name == "DocInfo.xml"
    assert package.passport.startswith(
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><DocInfo xmlns="http://www.eos.ru/2010/sev"><Header '
    )
    assert package.passport.endswith(b"<Expansion/></DocInfo>")
    assert b"\n" not in package.passport
    assert b"sev:" not in package.passport
    assert b"Ext20" not in package.passport


def test_an_extension_is_declared_only_when_it_is_used() -> None:
    text = written(document(original_follows=False))

    assert 'xmlns:ext2016="http://www.eos.ru/2010/sev/Ext2016"' in text
    assert "Ext2015" not in text
    assert "<ext2016:EDocument>1</ext2016:EDocument>" in text


def test_files_are_listed_with_their_signatures_behind_them() -> None:
    body = document(files=(file("письмо.pdf", TEXT, signature(), signature()), file("приложение", ANNEX)))
    package = SEV.write(message(body))
    names = ["письмо[1].pdf", "письмо[1].pdf.sig", "письмо[1].pdf.2.sig", "приложение[4]"]

    assert [member.name for member in package.members] == names
    assert [member.sha256 for member in package.members] == [
        TEXT.sha256,
        SIGNED.sha256,
        SIGNED.sha256,
        ANNEX.sha256,
    ]
    text = package.passport.decode("utf-8-sig")
    assert '<Resource UID="0" UniqueName="DocInfo.xml"/><Resource UID="1" UniqueName="письмо[1].pdf"/>' in text
    assert (
        '<File UID="u" ResourceID="4" Size="2"><Description>приложение</Description><Extension></Extension></File>'
        in text.replace("<Extension/>", "<Extension></Extension>")
    )


def test_files_of_tasks_and_executors_travel_too() -> None:
    reading = read_sample("progress")
    assert reading.message is not None

    assert [member.name for member in SEV.write(reading.message).members] == list(FILES["progress"])


def test_times_are_written_in_utc_with_their_offset() -> None:
    moscow = timezone(timedelta(hours=3))
    text = written(document(), sent_at=datetime(2025, 4, 7, 9, 30, 0, 5, tzinfo=moscow))

    assert 'Time="2025-04-07T06:30:00.000005+00:00"' in text


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        (document(), "№ 12/3 от 07.04.2025 Письма"),
        (document(kind=None), "№ 12/3 от 07.04.2025"),
        (document(number=Number("a\r\nb", date(825, 1, 2))), "№ a b от 02.01.0825 Письма"),
        (Report(ReportKind.RECEIPT, ABOUT, received_at=SENT), "Отчет СЭВ"),
    ],
)
def test_subjects_follow_the_custom(body: Document | Report, subject: str) -> None:
    assert SEV.write(message(body)).subject == subject


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (ReportKind.RECEIPT, "Reception"),
        (ReportKind.REFUSAL, "Failure"),
        (ReportKind.PROGRESS, "Report"),
        (ReportKind.EDITED, "Editing"),
    ],
)
def test_every_kind_of_report_has_its_message_type(kind: ReportKind, word: str) -> None:
    refusal = Refusal(1001, "нет файла") if kind is ReportKind.REFUSAL else None

    assert f'MessageType="{word}"' in written(Report(kind, ABOUT, refusal=refusal))


def test_an_addition_has_its_message_type() -> None:
    assert 'MessageType="AddToDoc"' in written(document(supplement=True))


def test_all_eleven_flags_of_a_subscription_are_written() -> None:
    text = written(document(), subscription=Subscription(30, redirection=False))

    assert text.count(" Include=") == 11
    assert '<Redirection Include="false"/>' in text
    assert "ProjectRegistration" not in text


def test_a_registration_repeats_the_uid_of_the_sender() -> None:
    registered = Registered(Number("ВХ-1", date(2025, 4, 8)), "77", SENT)
    text = written(Report(ReportKind.PROGRESS, ABOUT, registered=registered))

    assert '<Registration DocumentID="77" SystemDate="2025-04-07T06:30:00+00:00"/>' in text
    assert '<Document UID="c0" DocumentID="77" Type="Incoming" MainDocument="false">' in text


def test_what_xml_cannot_carry_is_replaced_and_markup_is_only_text() -> None:
    text = written(document(subject="a\x00b\x0b<c>&\ud800\uffff]]>"))

    assert "<Annotation>a\ufffdb\ufffd&lt;c&gt;&amp;\ufffd\ufffd]]&gt;</Annotation>" in text


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_refusal_is_three_lines_and_the_place() -> None:
    refusal = Refusal(39, "Автор не указан.", "/DocInfo/DocumentList/Document", expected="Author", found="ничего")

    assert compose_failure(refusal).splitlines() == [
        "Обнаружено: [Группа 1] Неверный формат сообщения.",
        "(39) Автор не указан. Ожидалось: Author. Получено: ничего.",
        "Решено: Отказать в регистрации.",
        "/DocInfo/DocumentList/Document",
    ]
    assert compose_failure(Refusal(1001, "Нет файла.")).splitlines()[0] == (
        "Обнаружено: Документ не может быть зарегистрирован."
    )


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("(39) Нет автора.", Refusal(39, "Нет автора.")),
        ("Нет автора.", Refusal(39, "Нет автора.")),
        (
            "Обнаружено: [Группа 1] X.\r\n(39) Нет автора.\r\nРешено: Отказать в регистрации.",
            Refusal(39, "Нет автора."),
        ),
        ("(7) Нет автора.", Refusal(39, "(7) Нет автора.")),
        ("Обнаружено: что-то\nещё", Refusal(39, "Обнаружено: что-то\nещё")),
        ("первая\r\nвторая", Refusal(39, "первая\nвторая")),
        ("", Refusal(39, "")),
    ],
)
def test_native_refusals_are_understood_and_others_kept_whole(text: str, refusal: Refusal) -> None:
    assert parse_failure(39, text) == refusal


@given(refusals)
def test_a_refusal_is_read_as_it_was_written(refusal: Refusal) -> None:
    once = parse_failure(refusal.code, compose_failure(refusal).strip())

    assert parse_failure(once.code, compose_failure(once).strip()) == once


# --- the degradation table ----------------------------------------------------------------------------------------


def test_what_sev_has_no_place_for_is_gone() -> None:
    read = degraded(document(), dialect="gost2010", dialect_version="2", in_reply_to=MessageId("m0"))

    assert (read.dialect, read.dialect_version, read.in_reply_to) == ("sev", "1.0", None)


def test_all_recipients_live_in_the_first_system_named() -> None:
    other = System("X", "2", "cd")
    read = degraded(document(), recipients=(THEM, replace(THEM, system=other), US))

    assert [party.system for party in read.recipients] == [other, other, other]


def test_a_citizen_keeps_everything_as_author_and_only_the_name_as_drafter() -> None:
    citizen = Party(citizen=Citizen("Осина А. П.", "other", insurance_id="1" * 15))
    read = degraded_document(authors=(Author(citizen),), drafters=(Drafter(citizen),))

    assert read.authors == (Author(Party(citizen=Citizen("Осина А. П."))),)
    assert read.drafters == (Drafter(Party(person=Person("Осина А. П."))),)


def test_a_missing_number_is_said_in_words_and_a_missing_date_is_the_day_of_sending() -> None:
    assert degraded_document(number=Number()).number == Number("б/н", date(2025, 4, 7))
    assert degraded_document(linked=(Document(),)).linked[0].number == Number("б/н", date(2025, 4, 7))


def test_documents_without_a_key_get_free_ones() -> None:
    read = degraded_document(linked=(Document(card="1"), Document(), Document(card="1", subject="gone")))

    assert [read.card, *(linked.card for linked in read.linked)] == ["2", "1", "3"]


def test_a_link_to_an_original_describes_it() -> None:
    original = DocumentRef(DocumentUid("their-uid"), Number("ПТ-44", date(2025, 3, 20)))
    read = degraded_document(links=(Link(Term("В ответ на"), original),))
    (linked,) = read.linked

    assert (linked.uid, linked.type, linked.number) == ("their-uid", DocumentType.INCOMING, original.number)
    assert read.links[0].document == linked.ref


def test_the_first_file_is_the_text_and_files_without_bytes_are_not_sent() -> None:
    lost = File("lost.pdf", role=FileRole.TEXT)
    unsigned = Signature("lost.sig", 0, None)
    files = (lost, file("a.pdf", TEXT, unsigned, signature()), file("b.pdf", ANNEX))
    read = degraded_document(files=files)

    assert [(each.name, each.role) for each in read.files] == [("a.pdf", FileRole.TEXT), ("b.pdf", FileRole.ANNEX)]
    assert [each.name for each in read.files[0].signatures] == ["a.pdf.sig"]


def test_a_task_keeps_only_a_parent_that_travels_with_it() -> None:
    tasks = (
        Task(TaskUid("t1"), parent=TaskUid("gone"), author=THEM),
        Task(TaskUid("t2"), parent=TaskUid("t1")),
    )
    read = degraded_document(tasks=tasks).tasks

    assert [task.parent for task in read] == [None, "t1"]
    assert [task.signed_on for task in read] == [date(2025, 4, 7), None]


def test_a_receipt_or_refusal_says_only_that() -> None:
    registered = Registered(Number("1", date(2025, 4, 7)))
    refusal = Refusal(1001, "нет", "Header", "a", "b", retryable=False)
    receipt = degraded_report(ReportKind.RECEIPT, registered=registered, refusal=refusal)
    refused = degraded_report(ReportKind.REFUSAL, registered=registered, refusal=refusal, received_at=SENT)

    assert receipt == Report(ReportKind.RECEIPT, ABOUT, received_at=SENT)
    assert refused == Report(
        ReportKind.REFUSAL, ABOUT, refusal=Refusal(1001, "нет. Ожидалось: a. Получено: b.", "Header")
    )


def test_a_report_nobody_can_place_is_about_the_unknown() -> None:
    body = Report(ReportKind.REFUSAL, DocumentRef(), refusal=Refusal(1001, "нет"))
    read = degraded(body, return_id=ReturnId(""))
    assert isinstance(read.body, Report)

    assert read.return_id == "unknown"
    assert read.body.about == DocumentRef(DocumentUid("unknown"), Number("б/н", date(2025, 4, 7)))


def test_documents_of_a_report_are_written_once_and_lead_to_each_other() -> None:
    registered = Registered(Number("ВХ-1", date(2025, 4, 8)), "77")
    answer = Document(
        uid=DocumentUid("a"),
        card="88",
        links=(Link(Term("В ответ на"), DocumentRef(card="77")),),
        tasks=(Task(TaskUid("x")),),
    )
    report = Report(
        ReportKind.PROGRESS, ABOUT, registered=registered, answers=(Answer(answer, SENT), Answer(answer, SENT))
    )
    read = degraded(report).body
    assert isinstance(read, Report)

    assert written(report).count("<Document ") == 2
    assert [linked.card for linked in read.answers[0].document.linked] == ["77"]
    assert read.answers[0].document.tasks == ()


def test_own_tasks_are_tied_to_the_task_that_was_sent() -> None:
    own = Consideration(Task(TaskUid("own"), parent=TaskUid("sent")), TaskUid("sent"))
    report = Report(ReportKind.PROGRESS, ABOUT, considerations=(own,), sent_tasks=(Task(TaskUid("sent")),))
    text = written(report)

    assert '<Consideration TaskID="T1" InitialTaskUID="sent"/><Report TaskID="T2"/>' in text
    assert '<Parent TaskID="T2"/>' in text


# --- what cannot be written ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (document(), {"id": MessageId(" ")}),
        (document(), {"return_id": ReturnId("")}),
        (document(), {"sender": Party(person=Person("Кто-то"))}),
        (document(), {"recipients": ()}),
        (document(uid=DocumentUid("")), {}),
        (document(type=DocumentType.DRAFT), {}),
        (document(type=DocumentType.DRAFT, draft=DraftState("created", 1)), {}),
        (Report(ReportKind.REFUSAL, ABOUT), {}),
        (Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(2**31, "нет")), {}),
    ],
)
def test_what_cannot_be_said_is_our_defect(body: Document | Report, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        SEV.write(message(body, **changes))


def test_the_schema_names_what_is_wrong_and_not_too_much_of_it() -> None:
    root = etree.fromstring(passport("document"))
    for element in root.iter("{http://www.eos.ru/2010/sev}ShortName"):
        element.tag = "{http://www.eos.ru/2010/sev}Nickname"
    found = deviations(root)

    assert 1 < len(found) <= 20
    assert "Nickname" in found[0][1]
    assert "http://" not in found[0][1]
    assert all(line > 0 for line, _ in found)


def test_dialects_are_known_by_name() -> None:
    assert by_name("sev") is SEV
    with pytest.raises(KeyError, match="known: smdo, sev, gost2010, medo"):
        by_name("fax")
