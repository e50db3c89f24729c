# SPDX-License-Identifier: GPL-3.0-or-later
"""What live senders do wrong is noted and understood all the same; and what nobody may do wrong is refused."""

from datetime import UTC, date, datetime

import pytest

from gateway.dialects import by_name
from gateway.dialects.wire import Reading
from gateway.errors import Reason
from gateway.model import Document, Message, Number, Report, Severity
from tests.dialects.packages import FILES, altered, codes, passport, read_altered, read_sample, resource, resources

SEV = by_name("sev")


def cut(sample: str, start: str, end: str) -> tuple[str, str]:
    """The change that removes everything from *start* to *end*."""
    text = passport(sample).decode()
    first = text.index(start)
    return text[first : text.index(end, first) + len(end)], ""


def body_of(reading: Reading) -> Document | Report:
    assert reading.message is not None
    return reading.message.body


LENIENCIES = {
    "size 0": ('Size="1"', 'Size="0"', "wrong-size"),
    "wrong size": ('ResourceID="4" Size="1"', 'ResourceID="4" Size="999"', "wrong-size"),
    "extension without dot": ("<Extension>.csv<", "<Extension>csv<", "extension-without-dot"),
    "empty composition": ("<Consists>1+2</Consists>", "<Consists/>", "empty-pages"),
    "no composition": ("<Consists>1+2</Consists>", "", "empty-pages"),
    "empty annotation": ("<Annotation>О сроках навигации</Annotation>", "<Annotation></Annotation>", "empty-subject"),
    "no annotation": ("<Annotation>О сроках навигации</Annotation>", "", "empty-subject"),
    "empty full name": ("Управа поселения Луговое (вымышленная)", "", "empty-name"),
    "task without text": ("<Text>Пункт о баржах</Text>", "", "task-without-text"),
    "task without sign date": ("<SignDate>2025-04-07</SignDate>", "", "task-without-sign-date"),
    "no uid": ('UID="c0c1c2c3c4c5c6c7c8c9cacbcccdcecf" DocumentID', "DocumentID", "no-uid"),
    "unreadable date": ("<Deadline>2025-06-30</Deadline>", "<Deadline>soon</Deadline>", "unreadable-value"),
    "unreadable flag": ("<Collective>false</Collective>", "<Collective>нет</Collective>", "unreadable-value"),
    "unknown draft status": ('MainDocument="true"', 'MainDocument="true" Status="Lost"', "unreadable-value"),
    "naive time": ("2025-04-07T09:30:15.1234567+03:00", "2025-04-07T09:30:15", "naive-time"),
    "days out of bounds": ('StopDayCount="45"', 'StopDayCount="0"', "unreadable-value"),
    "parent task elsewhere": ('<Parent TaskID="T100"/>', '<Parent TaskID="T900"/>', "unresolved-reference"),
    "link to nowhere": ('<Link DocumentID="78">', '<Link DocumentID="900">', "unresolved-reference"),
    "accompanied by nothing": (
        '<e16:AccompDoc DocumentID="79"/>',
        '<e16:AccompDoc DocumentID="9"/>',
        "unresolved-reference",
    ),
    "a key twice": ('DocumentID="79" Type', 'DocumentID="78" Type', "repeated-key"),
    "private agreement": ("<Expansion/>", "<Expansion><Own/></Expansion>", "expansion"),
    "order of elements": ("<Note>срочно</Note>", "<Note>срочно</Note><Text>ещё</Text>", "schema"),
    "no recipient": (*cut("document", "<Recipient>", "</Recipient>"), "no-recipient"),
    "two parties": ("</PrivatePerson>", "</PrivatePerson><Contact><Organization UID='x'/></Contact>", "two-parties"),
    "several main": ('"Incoming" MainDocument="false"', '"Incoming" MainDocument="1"', "several-main"),
}


def test_of_two_tasks_of_one_uid_the_second_is_left_out_and_noted() -> None:
    reading = read_altered("document", ('Task UID="e2e2"', 'Task UID="e1e1"'))
    body = body_of(reading)
    assert isinstance(body, Document)

    assert [task.text for task in body.tasks] == ["Сверить сроки и ответить"]
    assert "repeated-key" in codes(reading)


def test_of_two_tasks_without_a_uid_the_second_is_left_out_and_noted() -> None:
    reading = read_altered("document", ('Task UID="e2e2"', "Task"), ('Task UID="e1e1"', "Task"))
    body = body_of(reading)
    assert isinstance(body, Document)

    assert [task.text for task in body.tasks] == ["Сверить сроки и ответить"]
    assert "task-without-id" in codes(reading)


@pytest.mark.parametrize("name", LENIENCIES)
def test_a_leniency_is_noted_and_never_refused(name: str) -> None:
    old, new, code = LENIENCIES[name]
    reading = read_altered("document", (old, new))

    assert reading.refusal is None
    assert reading.message is not None
    assert code in codes(reading)
    assert all(problem.severity is Severity.NOTE for problem in reading.problems)
    assert all(problem.place for problem in reading.problems)


def test_a_document_without_author_is_noted_for_the_rules_to_judge() -> None:
    reading = read_altered("document", cut("document", "<Author>", "</Author>"))

    assert reading.refusal is None
    assert codes(reading) == ["missing-author"]
    assert reading.problems[0].place == "/DocInfo/DocumentList/Document[1]/Author"


def test_a_document_without_files_is_noted() -> None:
    reading = read_altered(
        "draft",
        cut("draft", "<sev:File ", "</sev:File>"),
        cut("draft", '<sev:Resource UID="1"', "/>"),
        came=[],
    )

    assert reading.refusal is None
    assert codes(reading) == ["no-files"]


def test_the_only_document_without_a_mark_is_the_main_one() -> None:
    reading = read_altered("draft", (' MainDocument="true"', ""))

    assert reading.refusal is None
    assert "no-main" in codes(reading)


def test_a_moment_where_a_date_belongs_gives_its_date() -> None:
    body = body_of(
        read_altered("document", ("<Deadline>2025-06-30</Deadline>", "<Deadline>2025-06-30T00:00:00</Deadline>"))
    )
    assert isinstance(body, Document)
    assert body.control is not None

    assert body.control.deadline == date(2025, 6, 30)


def test_a_bare_date_where_a_moment_belongs_is_midnight_of_the_sender() -> None:
    reading = read_altered("progress", ("<Date>2025-05-11T17:40:00</Date>", "<Date>2025-05-11</Date>"))
    body = body_of(reading)
    assert isinstance(body, Report)

    assert body.sent_tasks[0].executors[0].reported_at == datetime(2025, 5, 10, 21, tzinfo=UTC)


def test_a_registration_without_key_means_the_only_document() -> None:
    reading = read_altered("registration", ('<Registration DocumentID="5012" ', "<Registration "))
    body = body_of(reading)
    assert isinstance(body, Report)
    assert body.registered is not None

    assert body.registered.number == Number("ВХ-90/25", date(2025, 4, 7))
    assert "unresolved-reference" in codes(reading)


def test_a_report_without_return_id_is_about_something_unknown() -> None:
    reading = read_altered("registration", (' ReturnID="b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"', ""))
    assert isinstance(reading.message, Message)

    assert reading.message.return_id == "unknown"
    assert reading.refusal is None


@pytest.mark.parametrize(
    ("sample", "start", "end", "code"),
    [
        ("reception", "<Reception>", "</Reception>", "nothing-reported"),
        ("failure", "<Failure", "</Failure>", "nothing-reported"),
        ("progress", "<Notification>", "</Notification>", "nothing-reported"),
    ],
)
def test_a_report_that_says_nothing_is_noted(sample: str, start: str, end: str, code: str) -> None:
    reading = read_altered(sample, cut(sample, start, end))

    assert reading.refusal is None
    assert code in codes(reading)


def test_a_refusal_inside_another_report_is_read_and_noted() -> None:
    reading = read_altered("registration", ("<Registration", '<Failure Code="7">нет</Failure><Registration'))
    body = body_of(reading)
    assert isinstance(body, Report)
    assert body.refusal is not None

    assert "misplaced" in codes(reading)
    assert (body.refusal.code, body.refusal.text) == (7, "нет")


def test_a_moment_of_receipt_inside_another_report_is_read_and_noted() -> None:
    reading = read_altered(
        "registration", ("<Registration", "<Reception>2025-04-07T09:31:00Z</Reception><Registration")
    )
    body = body_of(reading)
    assert isinstance(body, Report)

    assert "misplaced" in codes(reading)
    assert body.received_at == datetime(2025, 4, 7, 9, 31, tzinfo=UTC)


def test_of_two_tasks_with_one_key_the_first_is_the_parent() -> None:
    twin = '<Task UID="twin" TaskID="T100" Type="Point" Privacy="false"><IsProject>false</IsProject></Task>'
    body = body_of(read_altered("document", ("</TaskList>", twin + "</TaskList>")))
    assert isinstance(body, Document)

    assert [(task.uid, task.parent) for task in body.tasks] == [("e1e1", None), ("e2e2", "e1e1"), ("twin", None)]


def test_documents_that_lead_to_each_other_and_to_themselves_end_somewhere() -> None:
    link = '<Link DocumentID="5012"><LinkType>В ответ на</LinkType></Link>'
    back = '<Link DocumentID="5100"><LinkType/></Link><Link DocumentID="5012"><LinkType/></Link>'
    card = '</Author>\n    </Document>\n    <Document UID="a7a7"'
    reading = read_altered("progress", (link, link + back), (card, card.replace("</Author>", "</Author>" + back)))
    body = body_of(reading)
    assert isinstance(body, Report)
    assert body.registered is not None
    assert body.registered.document is not None

    assert [linked.card for linked in body.registered.document.linked] == ["5100"]
    assert [linked.card for linked in body.answers[0].document.linked] == ["5012"]


def test_problems_are_never_more_than_can_be_read() -> None:
    task = '<Task UID="u" TaskID="k" Type="Point" Privacy="false"><Author/></Task>'
    reading = read_altered("document", ("</TaskList>", task * 2000 + "</TaskList>"))

    assert reading.refusal is None
    assert len(reading.problems) <= 221


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<Resource UID="0" UniqueName="DocInfo.xml"/>', ""),
        ('<Resource UID="0" UniqueName="DocInfo.xml"/>', '<Resource UID="17" UniqueName="docinfo.XML"/>'),
        ('ResourceID="0"', 'ResourceID="1"'),
    ],
)
def test_the_passport_is_never_looked_for_among_the_files(old: str, new: str) -> None:
    reading = read_altered("document", (old, new))

    assert reading.refusal is None
    assert reading.problems == ()


# --- refusals -----------------------------------------------------------------------------------------------------

REFUSALS = {
    "no message id": (
        ('MessageID="a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"', 'MessageID=" "'),
        Reason.MISSING_FIELD,
        "/DocInfo/Header/@MessageID",
    ),
    "no return id": (
        (' ReturnID="b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"', ""),
        Reason.MISSING_FIELD,
        "/DocInfo/Header/@ReturnID",
    ),
    "no time": (("2025-04-07T09:30:15.1234567+03:00", "вчера"), Reason.MISSING_FIELD, "/DocInfo/Header/@Time"),
    "no sender": (
        cut("document", "<Sender>", "</Sender>"),
        Reason.MISSING_FIELD,
        "/DocInfo/Header/Sender/Contact/Organization",
    ),
    "no header": (cut("document", "<Header", "</Header>"), Reason.MISSING_FIELD, "/DocInfo/Header"),
    "no main document": (
        ('MainDocument="true"', 'MainDocument="false"'),
        Reason.BAD_PASSPORT,
        "/DocInfo/DocumentList",
    ),
    "no documents": (
        cut("document", "<DocumentList>", "</DocumentList>"),
        Reason.BAD_PASSPORT,
        "/DocInfo/DocumentList",
    ),
    "kind of message": (('"MainDoc"', '"Greeting"'), Reason.BAD_PASSPORT, "/DocInfo/Header/@MessageType"),
    "kind of a report": (('"MainDoc"', '"Reception"'), Reason.BAD_PASSPORT, "/DocInfo/Header/@MessageType"),
    "type of document": (
        ('DocumentID="77" Type="Created"', 'DocumentID="77" Type="Own"'),
        Reason.BAD_PASSPORT,
        "/DocInfo/DocumentList/Document[1]/@Type",
    ),
    "control state": (
        ('<Control State="UnderControl"><Deadline>', '<Control State="1"><Deadline>'),
        Reason.BAD_PASSPORT,
        "/DocInfo/DocumentList/Document[1]/Control/@State",
    ),
    "file not listed": (
        ('<File UID="d4" ResourceID="4"', '<File UID="d4" ResourceID="44"'),
        Reason.MISSING_FILE,
        "/DocInfo/DocumentList/Document[1]/File[2]",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_why_and_where(name: str) -> None:
    change, reason, place = REFUSALS[name]
    came = resources("document")
    if name == "file not listed":
        came = [file for file in came if "Перечень" not in file.names[0]]
        change, extra = change, cut("document", '<Resource UID="4"', "/>")
        reading = read_altered("document", change, extra, came=came)
    else:
        reading = read_altered("document", change, came=came)
    assert reading.refusal is not None

    assert (reading.refusal.reason, reading.refusal.place) == (reason, place)
    assert reading.problems[-1].severity is Severity.ERROR
    assert reading.kind == "document"
    assert reading.heading.about.uid in ("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "")


def test_a_document_with_neither_uid_nor_number_is_refused() -> None:
    reading = read_altered(
        "draft", ('UID="p1p1" ', ""), cut("draft", "<sev:RegistrationInfo>", "</sev:RegistrationInfo>")
    )
    assert reading.refusal is not None

    assert (reading.refusal.reason, reading.refusal.place) == (
        Reason.MISSING_FIELD,
        "/DocInfo/DocumentList/Document/@UID",
    )


@pytest.mark.parametrize("absent", FILES["document"])
def test_a_listed_file_that_did_not_come_is_refused_and_still_shown(absent: str) -> None:
    came = [file for file in resources("document") if file.names != (absent,)]
    reading = SEV.read(passport("document"), came)
    body = body_of(reading)
    assert isinstance(body, Document)
    assert reading.refusal is not None
    everything = [*body.files, *body.tasks[0].files]
    named = [*everything, *(signature for file in everything for signature in file.signatures)]

    assert (reading.refusal.reason, reading.refusal.found) == (Reason.MISSING_FILE, absent)
    position = FILES["document"].index(absent) + 2
    assert reading.refusal.place == f"/DocInfo/Header/ResourceList/Resource[{position}]"
    assert len([each for each in named if each.sha256 is None]) == 1


def test_a_listed_file_nothing_refers_to_must_come_too() -> None:
    reading = read_altered("draft", ('[1].txt"/>', '[1].txt"/><sev:Resource UID="2" UniqueName="ghost[2].txt"/>'))
    assert reading.refusal is not None

    assert (reading.refusal.reason, reading.refusal.found) == (Reason.MISSING_FILE, "ghost[2].txt")


def test_files_nobody_can_tell_apart_are_refused() -> None:
    name = FILES["draft"][0]
    came = [resource(name, data=b"one"), resource(name, data=b"two")]
    reading = SEV.read(passport("draft"), came)
    assert reading.refusal is not None

    assert reading.refusal.reason is Reason.AMBIGUOUS


def test_an_unlisted_file_is_noted_and_left_out() -> None:
    extra = resource("virus.exe", data=b"MZ")
    reading = SEV.read(passport("document"), [*resources("document"), extra])

    assert reading.refusal is None
    assert codes(reading) == ["unlisted-file"]
    assert extra.content.sha256 not in reading.contents


def test_a_file_missing_from_the_list_is_found_by_its_name() -> None:
    name = FILES["draft"][0]
    reading = read_altered("draft", cut("draft", '<sev:Resource UID="1"', "/>"), came=[resource(name)])

    assert reading.refusal is None
    assert "not-listed" in codes(reading)


# --- headings of what cannot be read -------------------------------------------------------------------------------

BROKEN = {
    "cut off in the middle": lambda whole: whole[: len(whole) * 2 // 3],
    "an unclosed element": lambda whole: whole.replace(b"</Annotation>", b"", 1),
    "a bare ampersand": lambda whole: whole.replace("О сроках".encode(), b"A & B", 1),
    "a control character": lambda whole: whole.replace("О сроках".encode(), b"\x01", 1),
    "bytes of another encoding": lambda whole: whole.replace("О сроках".encode(), "О сроках".encode("cp1251"), 1),
    "a document type": lambda whole: whole.replace(
        b"<DocInfo", b'<!DOCTYPE DocInfo [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<DocInfo', 1
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_even_a_broken_passport_says_whom_to_tell(name: str) -> None:
    reading = SEV.read(BROKEN[name](passport("document")), [])
    heading = reading.heading
    assert reading.refusal is not None
    assert heading.sender is not None

    assert reading.refusal.reason is (Reason.DOCTYPE if name == "a document type" else Reason.BAD_XML)
    assert (reading.kind, reading.message) == ("document", None)
    assert heading.message_id == "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    assert heading.return_id == "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
    assert heading.sender.index == "MEADOW-1"
    assert heading.about.uid == "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
    assert heading.about.number == Number("12-05/318", date(2025, 4, 7))


def test_a_broken_receipt_is_still_a_receipt() -> None:
    """Nothing is ever answered to a receipt, not even to a broken one."""
    reading = SEV.read(passport("reception").replace(b"</Notification>", b""), [])

    assert (reading.kind, reading.message) == ("receipt", None)


def test_a_utf16_passport_with_a_document_type_says_whom_to_tell() -> None:
    text = passport("document").decode().replace('encoding="utf-8"', 'encoding="utf-16"')
    data = text.replace("<DocInfo", "<!DOCTYPE DocInfo>\n<DocInfo", 1).encode("utf-16")
    reading = SEV.read(data, [])
    assert reading.refusal is not None

    assert reading.refusal.reason is Reason.DOCTYPE
    assert reading.heading.return_id == "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"


def test_other_encodings_are_read_like_utf8() -> None:
    for encoding in ("utf-16", "windows-1251", "koi8-r"):
        text = passport("failure").decode().replace("utf-8", encoding).replace("«", '"').replace("»", '"')
        reading = SEV.read(text.encode(encoding), [])

        assert reading.refusal is None
        assert reading.heading.about.number.text == "12-05/318"


def test_the_reading_of_a_sample_is_not_changed_by_these_tests() -> None:
    assert altered("document") == passport("document")
    assert read_sample("document").problems == ()
