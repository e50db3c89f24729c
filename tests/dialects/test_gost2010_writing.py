# SPDX-License-Identifier: GPL-3.0-or-later
"""What we write: kinds, ids, codes and words as GOST R 53898-2010 wants them, and nothing its schema rejects."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from gateway.dialects import by_name
from gateway.dialects.gost2010.codes import ACCEPTANCE, clause, heard
from gateway.inbound.rules import CODES, OTHER_CODE
from gateway.model import (
    Consideration,
    Document,
    DocumentRef,
    DocumentUid,
    EventKind,
    Executor,
    File,
    Forwarding,
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
    Subscription,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from tests.dialects.gost2010_packages import a_message
from tests.dialects.strategies import CONTENTS

GOST = by_name("gost2010")
AT = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
FILE = File("a.txt", size=CONTENTS[1].size, sha256=CONTENTS[1].sha256)
TASK = Task(TaskUid("t-1"), text="Сверить", executors=(Executor(Party(person=Person("Кленов П. И.")), True),))
ANSWERS = Link(Term("В ответ на"), DocumentRef(DocumentUid("q-1"), Number("3", date(2026, 3, 1))))


def written(message: Message) -> etree._Element:
    return etree.fromstring(GOST.write(message).passport)


def notified(report: Report, return_id: str = "0b" * 16) -> etree._Element:
    message = a_message()
    return written(replace(message, id=MessageId("0c" * 16), return_id=ReturnId(return_id), body=report))


def test_of_two_equal_answering_links_one_is_kept() -> None:
    message = a_message(links=(ANSWERS, ANSWERS))
    degraded = GOST.degrade(message).body

    assert isinstance(degraded, Document)
    assert degraded.links == (ANSWERS,)
    assert len(written(message).findall("Document/Referred")) == 1


KINDS = {
    "1": {},
    "1 with tasks, though it answers": {"links": (ANSWERS,), "tasks": (TASK,)},
    "2": {"supplement": True, "tasks": (TASK,)},
    "3": {"links": (ANSWERS,)},
    "4": {"links": (ANSWERS,), "supplement": True, "files": (FILE,)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_document_is_a_message_of_its_kind_with_the_zones_that_kind_permits(kind: str) -> None:
    """1A.1."""
    root = written(a_message(**KINDS[kind]))
    zones = {str(zone.tag) for zone in root}

    permitted = {
        "1": {"Document", "TaskList", "AddDocuments"},
        "2": {"Document", "TaskList", "AddDocuments"},
        "3": {"Document", "AddDocuments"},
        "4": {"Document", "AddDocuments"},
    }
    assert root.get("msg_type") == kind[0]
    assert zones <= permitted[kind[0]]
    assert kind[0] not in "24" or zones & {"TaskList", "AddDocuments"}


@pytest.mark.parametrize("theirs", ["{6A5D2F10-0C11-4E0A-9D3B-00000000ABCD}", "0d" * 16, "{ABC}-77 ъ"])
def test_an_id_of_ours_is_written_as_a_guid_and_one_of_theirs_as_it_came(theirs: str) -> None:
    root = notified(Report(ReportKind.RECEIPT, DocumentRef()), theirs)

    assert root.get("msg_id") == "0c0c0c0c-0c0c-0c0c-0c0c-0c0c0c0c0c0c"
    assert root.find("Acknowledgement").get("msg_id") == theirs  # type: ignore[union-attr]


def test_a_date_and_a_moment_are_written_as_the_schema_says() -> None:
    root = written(a_message())

    assert root.get("time") == "2026-03-11T07:00:00Z"
    assert root.find("Document/RegNumber").get("regdate") == "2026-03-11"  # type: ignore[union-attr]


ACKNOW = {
    "everything": (None, "2"),
    "a receipt alone": (Subscription(5, True, *[False] * 6), "2"),
    "refusals": (Subscription(5, *[False] * 7), "1"),
    "nothing": (Subscription(5, *[False] * 7, refusal=False), "0"),
}


@pytest.mark.parametrize("wanted", ACKNOW)
def test_what_we_want_to_hear_is_said_in_one_figure(wanted: str) -> None:
    subscription, said = ACKNOW[wanted]

    assert written(replace(a_message(), subscription=subscription)).get("msg_acknow") == said


def test_no_author_is_the_sender() -> None:
    (author,) = written(a_message()).findall("Document/Author/OrganizationWithSign")

    assert author.get("organization_string") == "АО «Ромашка»"


def test_a_task_has_a_deadline_even_where_it_has_none() -> None:
    with_day = replace(TASK, uid=TaskUid("t-2"), control=TaskControl(deadline=date(2026, 4, 1)))
    tasks = written(a_message(tasks=(TASK, with_day))).findall("TaskList/Task")

    assert [task.get("deadline") for task in tasks] == ["9999-12-31", "2026-04-01"]


def test_a_cyrillic_postcode_is_never_written() -> None:
    assert "post\u0441ode" not in GOST.write(a_message()).passport.decode()


def test_an_organisation_of_the_header_is_called_in_a_document_as_there() -> None:
    """Organisations have no id in a document (2A.5), so the name in one line is what they are known by."""
    other = Party(Organisation("Василёк (отделение)", index="org-b"))
    message = a_message(addressees=(other,))
    (addressee,) = written(message).findall("Document/Addressee/Organization")
    degraded = GOST.degrade(message).body

    assert addressee.get("organization_string") == "ФГУ «Василёк»"
    assert addressee.get("shortname") == "Василёк (отделение)"
    assert isinstance(degraded, Document)
    assert [party.index for party in degraded.addressees] == ["ORG-B"]


# --- notifications ------------------------------------------------------------------------------------------------


def refusal_of(code: int, place: str = "", *, retryable: bool = True) -> tuple[str, int]:
    result = clause(Refusal(code, "слова", place, retryable=retryable))
    return result.ack_type, result.code


def test_every_reason_of_ours_has_a_code_of_the_standard_or_a_negative_one() -> None:
    """1A.4: what the standard has no number for is the maker's own, below nought."""
    told = {reason.value: refusal_of(code) for reason, code in CODES.items()}

    assert told == {
        "missing-author": ("1", 32),
        "bad-xml": ("1", -1001),
        "doctype": ("1", -1002),
        "bad-passport": ("1", -1003),
        "missing-field": ("1", 32),
        "missing-file": ("1", -1005),
        "not-for-us": ("1", 11),
        "not-allowed": ("2", -1007),
        "unknown-addressee": ("2", -1008),
        "unknown-correspondent": ("2", -1009),
        "unsupported": ("1", -1011),
        "same-number": ("2", -1013),
        "changed": ("2", -1014),
        "ambiguous": ("1", -1017),
        "too-large": ("1", -1018),
        "bad-file": ("1", -1019),
        "virus": ("1", -1021),
    }
    assert refusal_of(OTHER_CODE) == ("1", -1099)
    assert refusal_of(1020, retryable=False) == ("2", 1)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("/Header/@msg_id", 12),
        ("/Header/Document", 20),
        ("/Header/Document/@idnumber", 35),
        ("/Header/Document/Author", 32),
        ("", 32),
    ],
)
def test_what_is_missing_has_the_code_of_its_place(place: str, code: int) -> None:
    assert refusal_of(1004, place) == ("1", code)


def test_a_kind_of_message_nobody_knows_has_its_own_code() -> None:
    assert refusal_of(1003, "/Header/@msg_type") == ("1", 3)


@pytest.mark.parametrize("code", [*ACCEPTANCE, -1, -1005, -1016, -(2**31 - 1), 0, 5, 2**40])
def test_a_code_that_went_once_comes_back_the_same(code: int) -> None:
    once = heard(Refusal(code, "слова", "/Header"))

    assert heard(once) == once


def test_a_refusal_says_what_and_where() -> None:
    refusal = Refusal(1004, "Отсутствует поле.", "/Header/@time", expected="дата", found="вчера")
    (result,) = notified(Report(ReportKind.REFUSAL, DocumentRef(), refusal=refusal)).iter("AckResult")

    assert result.text == "Отсутствует поле. Ожидалось: дата. Получено: вчера.\n/Header/@time"


def test_a_registration_has_the_receivers_number() -> None:
    registered = Registered(Number("ВХ-9", date(2026, 3, 12)))
    fact = EventKind.REGISTERED
    report = Report(ReportKind.PROGRESS, DocumentRef(), fact, registered=registered)
    zone = notified(report).find("Acknowledgement")

    assert zone is not None
    assert (zone.get("ack_type"), zone.findtext("RegNumber")) == ("2", "ВХ-9")
    assert [result.get("errorcode") for result in zone.iter("AckResult")] == ["0"]


def test_a_fact_without_a_message_is_told_in_words_and_never_as_a_registration() -> None:
    to = Party(Organisation("Управление"), person=Person("Луговая В. П.", "Начальник отдела"))
    report = Report(ReportKind.PROGRESS, DocumentRef(), EventKind.FORWARDED, forwardings=(Forwarding(to, AT),))
    root = notified(report)
    zone = root.find("Acknowledgement")

    assert zone is not None
    assert (zone.get("ack_type"), zone.find("RegNumber")) == ("1", None)
    assert zone.findtext("AckResult") == "Документ направлен: Луговая В. П., Начальник отдела."
    assert [fact.get("at") for fact in root.iter("Fact")] == ["2026-03-12T09:30:00Z"]


@pytest.mark.parametrize(
    ("fact", "begins"),
    [
        (EventKind.ASSIGNED, "Дано поручение: "),
        (EventKind.EXECUTED, "Исполнено поручение: "),
        (EventKind.TASK_CANCELLED, "Отменено поручение: "),
    ],
)
def test_words_about_a_task_say_what_became_of_it(fact: EventKind, begins: str) -> None:
    report = Report(ReportKind.PROGRESS, DocumentRef(), fact, considerations=(Consideration(TASK),))

    assert notified(report).findtext("Acknowledgement/AckResult") == begins + "Сверить; Кленов П. И. (ответственный)."


# --- what cannot be written ---------------------------------------------------------------------------------------

IMPOSSIBLE = {
    "a message without an id": replace(a_message(), id=MessageId("")),
    "a sender without an organisation": replace(a_message(), sender=Party(person=Person("Кленов"))),
    "a document without a uid": a_message(uid=DocumentUid("")),
    "a refusal without a reason": replace(a_message(), body=Report(ReportKind.REFUSAL, DocumentRef())),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_said_is_not_written(what: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which words it has is no promise
        GOST.write(IMPOSSIBLE[what])


def test_texts_cannot_pretend_to_be_a_place_for_a_file() -> None:
    trick = 'transfertype="0">@</DocTransfer>'
    package = GOST.write(a_message(subject=trick, note=trick, files=(replace(FILE, name=trick),)))

    assert len(package.inline) == 1
    at = package.inline[0].at
    assert package.passport[:at].endswith(b'transfertype="0">')
    assert package.passport[at:].startswith(b"</DocTransfer>")
    read = etree.fromstring(package.passport)
    assert read.find("Document").get("title") == trick  # type: ignore[union-attr]


def test_the_subject_of_a_letter_is_that_of_its_document() -> None:
    message = a_message(kind=Term("Письмо"))

    assert isinstance(message.body, Document)
    assert GOST.write(message).subject == "№ 7 от 11.03.2026 Письмо"
