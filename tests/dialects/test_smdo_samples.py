# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of SMDO message, understood to the last field, and shown by `explain`."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.bodies import cut_out
from gateway.cli import main
from gateway.content import Held, MemorySink
from gateway.dialects import by_name, recognise
from gateway.dialects.tree import root_of
from gateway.dialects.wire import Reading, Resource, Root
from gateway.errors import Reason
from gateway.model import (
    ContactKind,
    ContactPoint,
    Department,
    Document,
    DocumentRef,
    DocumentUid,
    EventKind,
    FileRole,
    Number,
    Organisation,
    PostalAddress,
    Refusal,
    Remark,
    Report,
    ReportKind,
    System,
    Term,
)

SMDO = by_name("smdo")
SAMPLES = Path(__file__).parent / "samples" / "smdo"
FILES = ("attach1", "attach2")
SENT = "3f7b1a520c4e4d118a601d2e3f400001"  # the message of ours that they acknowledge
ABOUT = DocumentRef(number=Number("03-5/118", date(2026, 4, 2)))
AT = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
KINDS = {
    "document": "document",
    "answer": "document",
    "supplement": "document",
    "inline": "document",
    "delivery": "receipt",
    "registration": "report",
    "error": "report",
    "refusal": "report",
    "notice": "report",
    "in-transit": "report",
    "not-carried": "report",
    "directory": None,
}


def read_sample(sample: str, *changes: tuple[str, str]) -> Reading:
    """Read a sample as the house does, perhaps with texts replaced."""
    text = (SAMPLES / f"{sample}.xml").read_text()
    for old, new in changes:
        assert old in text, f"{sample} has no {old!r}"
        text = text.replace(old, new)
    return read(text.encode(), files=FILES if KINDS.get(sample) == "document" and sample != "inline" else ())


def read(passport: bytes, files: tuple[str, ...] = FILES) -> Reading:
    assert SMDO.is_body is not None
    small, bodies = cut_out(Held(passport), SMDO.is_body, MemorySink)
    return SMDO.read(small, [Resource((name,), Held((SAMPLES / name).read_bytes())) for name in files], bodies=bodies)


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def document_of(reading: Reading) -> Document:
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    return reading.message.body


def report_of(sample: str, *changes: tuple[str, str]) -> Report:
    reading = read_sample(sample, *changes)
    assert reading.message is not None
    assert reading.message.return_id == SENT
    assert isinstance(reading.message.body, Report)
    return reading.message.body


@pytest.mark.parametrize("sample", KINDS)
def test_every_sample_is_recognised_and_read_as_its_kind(sample: str) -> None:
    root = root_of((SAMPLES / f"{sample}.xml").read_bytes())
    assert root is not None
    dialect = recognise(root)
    assert dialect is not None
    reading = read_sample(sample)

    assert dialect.name == "smdo"
    assert reading.kind == KINDS[sample]
    assert reading.refusal is None
    assert reading.version == ("SDIP-1.0" if sample == "inline" else "SDIP-2.1.1")
    leniencies = {
        "inline": {"empty-pages", "left-out"},
        "directory": {"directory-notice"},
        "document": {"unlisted-file"},
    }
    assert set(codes(reading)) <= leniencies.get(sample, {"unlisted-file"})


@pytest.mark.parametrize("sample", KINDS)
def test_explain_shows_every_sample(sample: str, tmp_path: Path) -> None:
    (tmp_path / "passport.xml").write_bytes((SAMPLES / f"{sample}.xml").read_bytes())
    for name in FILES:
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())

    shown = CliRunner().invoke(main, ["explain", str(tmp_path)])

    assert f"understood as: {KINDS[sample] or 'nothing we exchange'} (smdo SDIP-" in shown.output
    assert shown.exit_code == (1 if sample == "directory" else 0)


def test_an_envelop_that_names_no_message_is_sevs() -> None:
    transport = recognise(Root("", "Envelop", {}))
    assert transport is not None

    assert transport.name == "sev"
    for said in ({"type": "SDIP-2.1.1"}, {"msg_id": "x"}, {"MSG_ID": "x"}):
        ours = recognise(Root("", "Envelop", said))
        assert ours is not None
        assert ours.name == "smdo"


def test_the_document_is_read_to_the_last_field() -> None:
    reading = read_sample("document")
    document, message = document_of(reading), reading.message
    assert message is not None

    assert message.id == message.return_id == "3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"
    assert message.sent_at == datetime(2026, 4, 2, 6, 15, tzinfo=UTC)
    assert message.sender.organisation == Organisation("Гидропост «Затон»", index="Hydro07")
    assert message.sender.system == System("Вымышленная СЭД", "7.4", "9a1b2c3d-0000-4000-8000-00000000c0de")
    assert [(party.index, party.name) for party in message.recipients] == [
        ("Rayon21", "Лозовая И.К."),
        ("Rayon22", "Райисполком Приозёрья"),
    ]
    assert document.addressees[0].department == Department("Отдел воды")
    assert document.uid == "Hydro07_5501"
    assert document.number == Number("03-5/118", date(2026, 4, 2))
    assert (document.kind, document.pages, document.subject) == (Term("Докладная записка"), "3", "Об уровне воды")
    assert (document.note, document.access) == ("Срочно", None)
    assert [(file.name, file.role, len(file.signatures)) for file in document.files] == [
        ("Записка.txt", FileRole.TEXT, 2),
        ("Участки.csv", FileRole.ANNEX, 1),
    ]
    first = document.files[0].signatures[0]
    assert (first.certificate, first.at) == ("Бродов С.Л.", datetime(2026, 4, 2, 6, 10, tzinfo=UTC))
    assert first.sha256 is not None
    assert b"".join(reading.contents[first.sha256].blocks()).startswith(b"not a signature")
    (author,) = document.authors
    assert author.number == Number("03-5/118", date(2026, 4, 2))
    assert author.party is not None
    assert author.party.index == "Hydro07"  # by its name, which is the sender's
    assert author.party.postal == (PostalAddress("210000", None, "Затон", "ул. Речная, 1"),)
    assert author.party.contacts == (ContactPoint(ContactKind.EMAIL, "post@zaton.example"),)
    (visa,) = document.visas
    assert (visa.party.name, visa.signed_on, visa.text) == ("Ивняков П.А.", date(2026, 4, 1), "Согласовано")
    assert document.drafters[0].party.name == "Осокина Т.М."
    assert [(link.kind.text, link.document and link.document.uid, link.description) for link in document.links] == [
        ("Связан с", "Hydro07_5400", ""),
        ("Связан с", None, "Правила наблюдений, редакция 2"),
    ]
    (task,) = document.tasks
    assert (task.uid, task.number, task.text, task.signed_on) == (
        "Hydro07_T9",
        "9",
        "Проверить дамбу",
        date(2026, 4, 2),
    )
    assert task.control is not None
    assert task.control.deadline == date(2026, 4, 9)
    assert [(each.party.index, each.party.name, each.responsible) for each in task.executors] == [
        ("Rayon21", "Лозовая И.К.", True)
    ]


def test_an_answer_has_its_chain() -> None:
    reading = read_sample("answer")
    message = reading.message
    assert message is not None

    assert message.in_reply_to == SENT  # the message of the one who is answered
    assert message.thread == "3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"
    links = document_of(reading).links
    assert links[0].answers
    assert links[0].document == DocumentRef(DocumentUid("Hydro07_5501"), Number("03-5/118", date(2026, 4, 2)))
    assert (links[1].kind.text, links[1].description) == ("Во исполнение", "№ 9 от 2026-04-02")


def test_an_answer_is_known_by_its_parent_whatever_its_kind() -> None:
    reading = read_sample("answer", ('msg_type="3"', 'msg_type="1"'))

    assert document_of(reading).links[0].answers
    assert codes(reading) == ["unlisted-file"]


def test_an_answer_to_paper_names_it_only() -> None:
    ids = ' idnumber="Hydro07_5501" parorg_id="Hydro07" parmsg_id="3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"'
    last = ' lastmsg_id="3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"'
    reading = read_sample("answer", (f'delivery_type="1"{ids}{last}', 'delivery_type="0"'))

    assert reading.message is not None
    assert (reading.message.in_reply_to, reading.message.thread) == (None, None)
    assert document_of(reading).links[0].document == ABOUT


def test_a_supplement_names_the_document_it_adds_to() -> None:
    document = document_of(read_sample("supplement"))

    assert document.supplement
    assert (document.uid, document.number) == ("Hydro07_5501", ABOUT.number)
    assert [file.name for file in document.files] == ["Участки.csv"]
    assert document.note == "Уточнённые участки\nВместо прежнего списка"


def test_a_supplement_names_it_anywhere() -> None:
    text = (SAMPLES / "supplement.xml").read_text()
    inside = text[text.rindex("<Referred") : text.rindex("</Folder>")]
    whole = text[text.index("<Receiver") : text.index("</Receiver>")]
    by_receiver = read_sample("supplement", (inside, ""))
    by_folder = read_sample("supplement", (whole, '<Receiver id="Rayon21" name="Райисполком Заречья">'))

    assert document_of(by_receiver).uid == "Hydro07_5501"
    assert document_of(by_folder).uid == "Hydro07_5501"


def test_a_file_inside_the_message_and_an_author_without_an_organisation_are_read() -> None:
    reading = read_sample("inline")
    document = document_of(reading)

    (file,) = document.files
    assert file.sha256 is not None
    assert b"".join(reading.contents[file.sha256].blocks()) == "файл внутри сообщения".encode()
    assert document.access == Term("ДСП")
    assert document.authors[0].party is not None
    assert document.authors[0].party.name == "Тальникова Вера Юрьевна"


def test_acknowledgements_are_read_by_kind_and_code() -> None:
    progress, K = ReportKind.PROGRESS, EventKind

    assert report_of("delivery") == Report(ReportKind.RECEIPT, ABOUT, received_at=AT)
    registered = report_of("registration").registered
    assert registered is not None
    assert registered.number == Number("77-вх", date(2026, 4, 3))
    assert report_of("error").refusal == Refusal(35, "Нет атрибута pages; Участки.csv не подписан")
    assert report_of("refusal").refusal == Refusal(202, "Прислано не нам")
    assert report_of("notice") == Report(
        progress, ABOUT, K.PROGRESS, remarks=(Remark("Документ у начальника отдела", AT),)
    )


def test_the_number_of_an_acknowledgement_is_the_senders_and_the_incoming_one_the_receivers() -> None:
    """In GOST R 53898-2010 RegNumber is the receiver's: here it is what names our document."""
    report = report_of("registration")

    assert report.about.number == Number("03-5/118", date(2026, 4, 2))
    assert report.registered is not None
    assert report.registered.number == Number("77-вх", date(2026, 4, 3))


@pytest.mark.parametrize("number", ["", '<IncNumber regdate="2026-04-03"/>'])
def test_a_registration_without_a_number_is_told_in_words_only(number: str) -> None:
    report = report_of("registration", ('<IncNumber regdate="2026-04-03">77-вх</IncNumber>', number))

    assert (report.fact, report.registered, report.refusal) == (EventKind.PROGRESS, None, None)
    assert [remark.text for remark in report.remarks] == ["Уведомление о регистрации без номера. Зарегистрировано"]


BY_NETWORK = ('Sender id="Rayon21"', 'Sender id="SMDO_DISPATCHER"')
IN_WORDS = (EventKind.PROGRESS, None, None, None)


@pytest.mark.parametrize("sample", ["delivery", "registration", "refusal", "error"])
def test_the_network_says_nothing_in_the_name_of_the_addressee(sample: str) -> None:
    report = report_of(sample, BY_NETWORK)

    assert (report.fact, report.registered, report.refusal, report.received_at) == IN_WORDS
    assert report.remarks[0].text.startswith("Сеть СМДО, не адресат: уведомление вида ")


@pytest.mark.parametrize("kind", ["100", "101", "103", "104", "105"])
def test_a_partner_says_nothing_in_the_name_of_the_network(kind: str) -> None:
    report = report_of("registration", ('ack_type="2"', f'ack_type="{kind}"'))

    assert (report.fact, report.registered, report.refusal, report.received_at) == IN_WORDS
    assert report.remarks[0].text == f"Адресат, не сеть СМДО: уведомление вида {kind}. Зарегистрировано"


def test_the_network_sends_no_documents() -> None:
    reading = read_sample("document", ('Sender id="Hydro07"', 'Sender id="ROUTER"'))

    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.UNSUPPORTED


def acknowledgement(id: str, kind: str, code: int) -> str:
    result = f'<AckResult errorcode="{code}">{code}</AckResult>'
    return f'<Acknowledgement msg_id="{id}" ack_type="{kind}">{result}</Acknowledgement>'


def test_a_document_is_never_put_behind_an_acknowledgement() -> None:
    reading = read_sample("document", ("</Body>", acknowledgement(SENT, "1", 0) + "</Body>"))

    assert document_of(reading) == document_of(read_sample("document"))
    assert reading.kind == "document"
    assert "misplaced" in codes(reading)


@pytest.mark.parametrize("kind", ["1", "2"])
def test_of_several_acknowledgements_the_refusal_counts(kind: str) -> None:
    report = report_of("registration", ("</Body>", acknowledgement(SENT, kind, 2) + "</Body>"))

    assert report.refusal is not None
    assert report.refusal.text == "2"
    assert "left-out" in codes(read_sample("registration", ("</Body>", acknowledgement(SENT, kind, 2) + "</Body>")))


def test_acknowledgements_of_several_messages_are_too_many_for_one() -> None:
    reading = read_sample("registration", ("</Body>", acknowledgement("another", "1", 0) + "</Body>"))

    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.BAD_PASSPORT


RESTRICTED_TASK = (
    '2026-04-02">9</TaskNumber>\n        <Confident flag="0">Общий',
    '2026-04-02">9</TaskNumber><Confident flag="1">ДСП',
)


def test_a_restricted_task_is_private() -> None:
    (task,) = document_of(read_sample("document", RESTRICTED_TASK)).tasks

    assert task.private


REFUSED = 'ack_type="2"', 'errorcode="2">Прислано не нам'


@pytest.mark.parametrize(
    ("kind", "code", "known", "words", "retryable"),
    [
        ("2", "1", 1020, "Регистрации не подлежит", False),
        ("2", "3", 203, "Нет доверия ЭЦП", True),
        ("2", "7", 202, "Отказ в регистрации (код 7)", True),
        ("1", "-21", -21, "Подпись неверна или отсутствует файл", True),
        ("1", "23", -23, "Нет доверия сертификату", True),
        ("1", "999", 999, "Ошибка", True),
        ("1", "77", 77, "Код 77", True),
        ("103", "0", 103, "Сеть СМДО, не адресат: пакет доставлен в ядро СМДО с ошибками.", True),
        ("105", "1", 105, "Сеть СМДО, не адресат: пакет в устаревшем формате.", True),
    ],
)
def test_every_code_means_one_thing(kind: str, code: str, known: int, words: str, retryable: bool) -> None:
    changes = [(REFUSED[0], f'ack_type="{kind}"'), (REFUSED[1], f'errorcode="{code}">')]
    changes += [BY_NETWORK] if len(kind) == 3 else []

    assert report_of("refusal", *changes).refusal == Refusal(known, words, retryable=retryable)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("100", "Сеть СМДО: пакет доставлен в ядро СМДО. Прислано не нам"),
        ("101", "Сеть СМДО: пакет передан адресату. Прислано не нам"),
        ("3", "Прислано не нам"),
        ("102", "Прислано не нам"),
        ("", "Прислано не нам"),
    ],
)
def test_what_says_nothing_of_the_addressee_is_told_in_words_and_is_no_receipt(kind: str, words: str) -> None:
    by_network = [BY_NETWORK] if kind in ("100", "101") else []
    report = report_of("refusal", (REFUSED[0], f'ack_type="{kind}"'), *by_network)

    assert (report.kind, report.received_at, report.refusal, report.registered) == (
        ReportKind.PROGRESS,
        None,
        None,
        None,
    )
    assert [remark.text for remark in report.remarks] == [words]


@pytest.mark.parametrize(("wish", "receipt", "refusal"), [("0", False, False), ("1", False, True)])
def test_who_wants_no_acknowledgements_gets_none(wish: str, receipt: bool, refusal: bool) -> None:
    message = read_sample("document", ('msg_acknow="2"', f'msg_acknow="{wish}"')).message
    assert message is not None
    assert message.subscription is not None

    assert (message.subscription.receipt, message.subscription.refusal) == (receipt, refusal)


def test_who_says_nothing_wants_them_all() -> None:
    message = read_sample("document", (' msg_acknow="2"', "")).message
    assert message is not None

    assert message.subscription is None
