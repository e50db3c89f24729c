# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the human text: the recipient's language, and strangers' values exactly as plain words."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from gateway.model import (
    Answer,
    Approval,
    ApprovalKind,
    Consideration,
    ControlState,
    Department,
    Direction,
    DirectoryChange,
    DirectoryOutcome,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentUid,
    Executor,
    File,
    Forwarding,
    Listing,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.templates_home import load_templates
from gateway.wording import NAMES, Wording, one_line

WORDING = Wording(load_templates())
AT = datetime(2031, 5, 7, 9, 30, tzinfo=UTC)
MINSK = ZoneInfo("Europe/Minsk")
SENDER = Party(Organisation("Мэрия Примерска", index="TOWN"))
CLERK = Party(
    Organisation("Мэрия Примерска"), Department("Канцелярия"), Person("Образцова Н. Н.", "заведующая канцелярией")
)
TASK = Task(
    TaskUid("t-1"),
    text="Подготовить ответ",
    author=SENDER,
    executors=(Executor(CLERK, responsible=True, text="Ответ подготовлен", reported_at=AT),),
    control=TaskControl(
        ControlState.ENDED, deadline=date(2031, 6, 1), fact_date=date(2031, 5, 20), resume="исполнено полностью"
    ),
)
DOCUMENT = Document(
    DocumentUid("d-1"),
    number=Number("45-П", date(2031, 5, 6)),
    subject="О ремонте моста",
    kind=Term("Письма"),
    files=(File("Письмо.pdf", size=2048),),
    addressees=(CLERK,),
    tasks=(TASK,),
)
Body = Document | Report | DirectoryUpdate | DirectoryResult
REFUSAL = Refusal(1001, "В письме нет файла", "/a/b", "Письмо.pdf", "ничего")
BODIES: Mapping[str, Body] = {
    "document": DOCUMENT,
    "receipt": Report(ReportKind.RECEIPT, DOCUMENT.ref, received_at=AT),
    "refusal": Report(ReportKind.REFUSAL, DOCUMENT.ref, refusal=REFUSAL),
    "progress": Report(
        ReportKind.PROGRESS,
        DOCUMENT.ref,
        registered=Registered(Number("77-вх", date(2031, 5, 7))),
        forwardings=(Forwarding(CLERK, AT),),
        considerations=(Consideration(TASK),),
        sent_tasks=(TASK,),
        redirections=(Redirection(SENDER, AT, Term("почта")),),
        answers=(Answer(Document(number=Number("12-О", date(2031, 5, 21))), AT, Term("почта")),),
        directions=(Direction(ApprovalKind.VISA, CLERK, AT),),
        approvals=Document(approvals=(Approval("a", ApprovalKind.SIGNATURE, CLERK, AT, result="согласен"),)),
        draft_registered=Document(number=Number("Пр-1")),
    ),
    "edited": Report(ReportKind.EDITED, DOCUMENT.ref, edited=DOCUMENT, edited_text="исправлена опечатка"),
    "directory": DirectoryUpdate((Listing(CLERK),)),
    "directory_result": DirectoryResult((DirectoryOutcome(Listing(CLERK), (DirectoryChange.ADDED,)),)),
}


def message(body: Body, sender: Party = SENDER) -> Message:
    return Message(MessageId("m-1"), ReturnId("r-1"), AT, sender, (CLERK,), body, "sev")


def body(of: Body, language: str = "ru") -> str:
    return WORDING.words(message(of), language, zone=MINSK).body


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_kind_of_message_has_words_in_every_language(name: str, language: str) -> None:
    words = WORDING.words(message(BODIES[name]), language)

    says = "Мэрия Примерска" if name.startswith("directory") else "45-П"
    assert says in words.subject
    assert "\n" not in words.subject
    assert says in words.body
    assert words.body.endswith("\n")
    assert "\n\n\n" not in words.body


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_report_that_says_little_has_words_too(kind: ReportKind, language: str) -> None:
    assert WORDING.words(message(Report(kind, Document().ref), Party()), language).subject


def test_progress_lists_all_that_stands() -> None:
    lines = [line.strip() for line in body(BODIES["progress"]).splitlines()]

    for expected in (
        "Зарегистрирован: № 77-вх от 7 мая 2031 г.",
        "Передан: Образцова Н. Н. (заведующая канцелярией), Канцелярия, Мэрия Примерска, 7 мая 2031 г., 12:30 (+03:00)",
        "- Поручение: Подготовить ответ",
        "Срок: 1 июня 2031 г.",
        "Отчёт исполнителя 7 мая 2031 г., 12:30 (+03:00): Ответ подготовлен",
        "Исполнено 20 мая 2031 г.: исполнено полностью",
        "Ответ: № 12-О от 21 мая 2031 г.",
    ):
        assert expected in lines


def test_a_refusal_says_why_and_what_to_do() -> None:
    text = body(BODIES["refusal"])

    assert "Причина: В письме нет файла (код 1001)" in text
    assert "Ожидалось: Письмо.pdf" in text
    assert "направьте документ снова" in text


def test_a_refusal_that_no_repetition_can_help_says_so() -> None:
    text = body(Report(ReportKind.REFUSAL, DOCUMENT.ref, refusal=Refusal(1, "x", retryable=False)), "en")

    assert "will not help" in text


def test_dates_are_written_in_the_language_of_the_recipient_and_moments_with_their_offset() -> None:
    assert "7 мая 2031 г., 12:30 (+03:00)" in body(BODIES["receipt"], "ru")
    assert "May 7, 2031, 12:30 (+03:00)" in body(BODIES["receipt"], "en")


HOSTILE = "{{ 7*7 }}{% raw %}\r\nBcc: all@office.example\r\n\r\n.\u2028\x1b[2J\u202e{{ message.__class__ }}"


@pytest.mark.parametrize("name", NAMES)
def test_a_strangers_value_appears_literally_and_on_one_line(name: str) -> None:
    sender = Party(Organisation(HOSTILE))
    number = Number(HOSTILE, date(2031, 5, 6))
    about = Document(DocumentUid("d"), number=number, subject=HOSTILE, files=(File(HOSTILE),), tasks=(TASK,)).ref
    of = BODIES[name]
    hostile: Body = Report(of.kind, about, edited_text=HOSTILE) if isinstance(of, Report) else Document(number=number)
    if isinstance(of, DirectoryUpdate | DirectoryResult):
        line = Listing(Party(person=Person(HOSTILE)))
        outcome = DirectoryOutcome(line, ())
        hostile = DirectoryUpdate((line,)) if isinstance(of, DirectoryUpdate) else DirectoryResult((outcome,))

    words = WORDING.words(message(hostile, sender), "ru")

    assert "{{ 7*7 }}{% raw %} Bcc: all@office.example . [2J{{ message.__class__ }}" in words.subject
    assert not any(line.startswith(("Bcc", ".")) for line in words.body.splitlines())
    assert not set("\r\x1b\u2028\u202e") & set(words.subject + words.body)


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_becomes_one_printable_line(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    line.encode()


def test_a_very_long_value_is_cut() -> None:
    assert len(one_line("а" * 100_000)) < 1100


def test_a_language_without_all_templates_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"language ru lack .*receipt"):
        Wording({"ru": {"document": "x"}})


def test_a_template_that_names_what_does_not_exist_fails_instead_of_staying_silent() -> None:
    wording = Wording({"en": dict.fromkeys(NAMES, "{{ body.nothing }}")})

    with pytest.raises(UndefinedError, match="nothing"):
        wording.words(message(DOCUMENT), "en")


def test_both_languages_have_the_same_templates() -> None:
    templates = load_templates()

    assert set(templates) == {"ru", "en"}
    assert set(templates["ru"]) == set(templates["en"])
