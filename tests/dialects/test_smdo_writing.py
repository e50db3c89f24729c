# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written obeys the schema and the mail profile of SMDO, and what cannot be said raises."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from gateway.bodies import put_in
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.smdo.validation import deviations
from gateway.dialects.wire import Member, Package
from gateway.errors import Reason, Refused
from gateway.model import (
    Document,
    DocumentRef,
    DocumentType,
    DocumentUid,
    EventKind,
    File,
    FileRole,
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
    Signature,
    Task,
    TaskUid,
    Term,
)
from tests.dialects.test_smdo_samples import read_sample

SMDO = by_name("smdo")
AT = datetime(2026, 4, 2, 6, 15, tzinfo=UTC)
US = Party(Organisation("Мы", index="OrgA001"))
THEM = Party(Organisation("Они", index="OrgB002"))
ID = MessageId("3f7b1a520c4e4d118a601d2e3f400001")
GUID = "3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"
TEXT, CMS = Held(b"%PDF"), Held(b"CMS of nobody")
SIGNED = Signature("x.sig", CMS.size, CMS.sha256)
FILE = File("Письмо.pdf", size=TEXT.size, sha256=TEXT.sha256, role=FileRole.TEXT, signatures=(SIGNED,))
LETTER = Document(DocumentUid("u1"), number=Number("7", date(2026, 4, 2)), kind=Term("Письмо"), files=(FILE,))
ABOUT = DocumentRef(DocumentUid("u9"), Number("ИСХ-1", date(2026, 4, 1)))


def saying(body: Document | Report, **parts: object) -> Message:
    message = Message(ID, ReturnId(ID), AT, US, (THEM,), body, "smdo", "SDIP-2.1.1")
    return replace(message, **parts)  # type: ignore[arg-type]  # a Message's


def xml(message: Message) -> etree._Element:
    return etree.fromstring(SMDO.write(message).passport)


def acknowledged(report: Report) -> list[tuple[str, str | None, dict[str, str]]]:
    acked = xml(saying(report, return_id=ReturnId(GUID))).find("Body/Acknowledgement")
    assert acked is not None
    return [(str(each.tag), each.text, {str(k): str(v) for k, v in each.attrib.items()}) for each in acked.iter()]


def test_the_package_is_as_the_mail_profile_has_it() -> None:
    package = SMDO.write(saying(LETTER))

    assert package.passport_name == f"{GUID}_data.xml"
    assert package.members == (Member("attach1", FILE.sha256),)  # type: ignore[arg-type]  # it has one
    assert package.subject == "исх. № 7 от 02.04.2026"
    assert package.headers == (("Organization", "OrgA001"),)
    assert package.passport_last


def test_signatures_stand_inside_where_the_package_says() -> None:
    package = SMDO.write(saying(LETTER))

    whole = b"".join(put_in(package, {CMS.sha256: CMS}, MemorySink).blocks())
    assert etree.fromstring(whole).findtext("Body/Document/DocTransfer/Signature") == "Q01TIG9mIG5vYm9keQ=="


def test_a_mark_of_our_own_in_the_text_does_not_move_a_signature() -> None:
    package = SMDO.write(saying(replace(LETTER, subject="~~ и ~", note="~~~~")))

    whole = b"".join(put_in(package, {CMS.sha256: CMS}, MemorySink).blocks())
    assert etree.fromstring(whole).findtext("Body/Document/DocTransfer/Signature") == "Q01TIG9mIG5vYm9keQ=="


def test_an_acknowledgement_has_the_senders_number_as_reg_number_and_ours_as_inc_number() -> None:
    registered = Registered(Number("ВХ-5", date(2026, 4, 2)))
    report = Report(ReportKind.PROGRESS, ABOUT, EventKind.REGISTERED, registered=registered)

    assert acknowledged(report) == [
        ("Acknowledgement", None, {"msg_id": GUID, "ack_type": "2"}),
        ("RegNumber", "ИСХ-1", {"regdate": "2026-04-01"}),
        ("IncNumber", "ВХ-5", {"regdate": "2026-04-02"}),
        ("AckResult", "Документ зарегистрирован", {"errorcode": "0"}),
    ]


@pytest.mark.parametrize(
    ("code", "place", "kind", "errorcode"),
    [
        (39, "", "1", "32"),
        (1001, "", "1", "-1"),
        (1002, "", "1", "-1"),
        (1003, "", "1", "-1"),
        (1004, "/Envelop/@dtstamp", "1", "12"),
        (1004, "/Envelop/Body/Document/@idnumber", "1", "35"),
        (1005, "", "1", "-21"),
        (1006, "", "1", "11"),
        (1007, "", "2", "2"),
        (1011, "", "1", "3"),
        (1016, "", "2", "2"),
        (1019, "", "2", "2"),
        (1020, "", "2", "1"),
        (1099, "", "2", "2"),
        (-22, "", "1", "-22"),
        (203, "", "2", "3"),
    ],
)
def test_a_refusal_is_told_with_a_code_of_the_standard(code: int, place: str, kind: str, errorcode: str) -> None:
    told = acknowledged(Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(code, "Нет.", place)))

    assert told[0][2]["ack_type"] == kind
    assert told[-1][2]["errorcode"] == errorcode
    assert "Нет." in (told[-1][1] or "")
    assert [name for name, _, _ in told].count("IncNumber") == (1 if kind == "2" else 0)


@pytest.mark.parametrize("id", ["3F7B1A52-0C4E-4D11-8A60-1D2E3F400001", f"{{{GUID}}}", GUID.replace("-", ""), "ABC-1"])
def test_an_acknowledgement_repeats_the_id_of_the_message_as_it_was_written(id: str) -> None:
    came = read_sample("document", ("3f7b1a52-0c4e-4d11-8a60-1d2e3f400001", id))
    assert came.message is not None
    assert came.heading.return_id == came.message.return_id
    receipt = saying(Report(ReportKind.RECEIPT, DocumentRef()), return_id=came.message.return_id)

    assert [made.get("msg_id") for made in xml(receipt).iter("Acknowledgement")] == [id]


def test_a_private_task_is_restricted_and_a_draft_stays_behind() -> None:
    tasks = (Task(TaskUid("1"), text="a", private=True), Task(TaskUid("2"), text="b", draft=True))
    (made,) = xml(saying(replace(LETTER, tasks=tasks))).iter("Task")

    assert made.get("idnumber") == "1"
    assert [(each.get("flag"), each.text) for each in made.iter("Confident")] == [("1", "Для служебного пользования")]


def test_a_receipt_says_accepted() -> None:
    told = acknowledged(Report(ReportKind.RECEIPT, ABOUT, received_at=AT))

    assert (told[0][2]["ack_type"], told[-1][2]["errorcode"]) == ("1", "0")


def test_a_fact_without_an_acknowledgement_of_its_own_is_told_in_words() -> None:
    to = Party(person=Person("Берёзкина А. В."))
    report = Report(ReportKind.PROGRESS, ABOUT, EventKind.FORWARDED, forwardings=(Forwarding(to, AT),))

    told = acknowledged(report)
    assert told[0][2]["ack_type"] == "4"
    assert told[-1] == ("AckResult", "Документ направлен: Берёзкина А. В., 02.04.2026 06:15 UTC", {"errorcode": "0"})


def test_several_receivers_have_one_receiver_each_and_officials_share_one() -> None:
    clerk, head = (replace(THEM, person=Person(name)) for name in ("Первый", "Второй"))
    other = Party(Organisation("Третьи", index="OrgC003"))

    receivers = xml(saying(LETTER, recipients=(clerk, other, head))).findall("Header/Receiver")
    assert [each.get("id") for each in receivers] == ["OrgB002", "OrgC003"]
    assert len(receivers[0].findall("Organization/OfficialPerson")) == 2


def test_a_message_has_at_most_a_hundred_receivers() -> None:
    many = tuple(Party(Organisation(f"Орг {n}", index=f"Org{n}")) for n in range(101))

    assert len(xml(saying(LETTER, recipients=many[:100])).findall("Header/Receiver")) == 100
    with pytest.raises(ValueError, match="1 to 100 receivers"):
        SMDO.write(saying(LETTER, recipients=many))


def test_a_task_without_a_deadline_has_none_rather_than_an_invented_one() -> None:
    root = xml(saying(replace(LETTER, tasks=(Task(TaskUid("t"), text="Сделать"),))))

    task = root.find("Body/TaskList/Task")
    assert task is not None
    assert task.get("deadline") == ""


@pytest.mark.parametrize(("version", "kind"), [("SDIP-2.1.1", "3"), ("SDIP-1.0", "3")])
def test_an_answer_is_a_message_of_kind_three_in_both_versions(version: str, kind: str) -> None:
    answers = replace(LETTER, links=(Link(Term("В ответ на"), ABOUT),))
    root = xml(saying(answers, dialect_version=version, in_reply_to=MessageId(GUID)))

    header = root.find("Header")
    assert header is not None
    assert header.get("msg_type") == kind
    assert (root.find("Body/Document/DocParent") is None) == (version == "SDIP-1.0")
    assert (root.find("Body/Document/Referred") is None) == (version == "SDIP-2.1.1")


def test_kinds_of_supplements() -> None:
    extra = replace(LETTER, supplement=True)
    answers = replace(extra, links=(Link(Term("В ответ на"), ABOUT),))

    kinds = [xml(saying(body)).find("Header") for body in (extra, answers)]
    assert [each.get("msg_type") for each in kinds if each is not None] == ["2", "4"]
    assert xml(saying(extra)).find("Body/Document") is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (replace(LETTER, type=DocumentType.DRAFT), Reason.UNSUPPORTED),
        (replace(LETTER, files=()), Reason.MISSING_FILE),
    ],
)
def test_what_the_standard_has_no_way_to_say_is_refused_to_its_sender(body: Document, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        SMDO.write(saying(body))

    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "parts",
    [
        {"id": MessageId("no-guid")},
        {"sender": Party(Organisation("Мы"))},
        {"recipients": (Party(Organisation("Они")),)},
        {"recipients": ()},
        {"body": replace(LETTER, uid=DocumentUid(""))},
    ],
)
def test_what_nobody_could_deliver_is_our_defect(parts: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of several kinds
        SMDO.write(replace(saying(LETTER), **parts))  # type: ignore[arg-type]  # a Message's


def test_the_older_version_demands_less() -> None:
    root = etree.fromstring(SMDO.write(saying(LETTER, dialect_version="SDIP-1.0")).passport)
    del root.find("Body/Document").attrib["kind"]  # type: ignore[union-attr]  # it is there

    assert deviations(root, "SDIP-1.0") == ()
    assert deviations(root, "SDIP-2.1.1")


def test_packages_of_reports_have_the_name_of_acknowledgements() -> None:
    package: Package = SMDO.write(saying(Report(ReportKind.RECEIPT, ABOUT, received_at=AT)))

    assert package.passport_name == f"{GUID}_ack.xml"
    assert package.subject == "Уведомление о доставке документа №ИСХ-1 от 01.04.2026"
