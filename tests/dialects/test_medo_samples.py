# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own version of every example of the format, as ``explain`` shows it and as the dialect reads it."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Reading, Resource
from gateway.envelope import read_package
from gateway.mail.archive import zip_members
from gateway.mail.compose import Attachment
from gateway.model import Document, EventKind, FileRole, Number, Report, ReportKind

SAMPLES = Path(__file__).parent / "samples" / "medo"
UID, MESSAGE = "4d3c2b1a-0f9e-4d8c-b7a6-958473625140", "90807060-5040-4302-8100-f0e0d0c0b0a0"
BARE = MESSAGE.replace("-", "")
SENDER, OTHER = "1f6e5d4c-3b2a-4918-8776-655443322110", "a0b1c2d3-e4f5-4607-8899-aabbccddeeff"


def packed(sample: str) -> list[Resource]:
    """Return the files of a sample; a folder ``x.edc`` stands for the zip of that name."""
    found = []
    for path in sorted((SAMPLES / sample).iterdir()):
        content = zipped(path) if path.is_dir() else Held(path.read_bytes())
        found.append(Resource((f"{path.name}.zip" if path.is_dir() else path.name,), content))
    return found


def zipped(folder: Path) -> Held:
    files = [Attachment(each.name, Held(each.read_bytes())) for each in sorted(folder.iterdir())]
    return Held(b"".join(zip_members(files, MemorySink).blocks()))


def read(sample: str) -> Reading:
    reading = read_package(packed(sample), MemorySink)
    assert reading is not None
    assert reading.dialect == "medo"
    return reading


def report_in(sample: str) -> Report:
    reading = read(sample)
    assert reading.message is not None
    assert isinstance(reading.message.body, Report)
    return reading.message.body


def document_in(sample: str) -> Document:
    reading = read(sample)
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    return reading.message.body


def shown(sample: str, home: Path) -> tuple[int, dict[str, object]]:
    """Return how ``explain`` ended and what it printed."""
    folder = home / sample
    folder.mkdir()
    for resource in packed(sample):
        (folder / resource.names[0]).write_bytes(b"".join(resource.content.blocks()))
    result = CliRunner().invoke(main, ["explain", str(folder), "--json"])
    return result.exit_code, json.loads(result.output)


EXPLAINED = [
    ("document", "2.6", "document", []),
    ("registered", "2.6", "report", ["registered"]),
    ("refused", "2.6", "report", ["refused"]),
    ("assigned", "2.6", "report", ["assigned"]),
    ("prepared", "2.6", "report", ["progress"]),
    ("answered", "2.6", "report", ["answered"]),
    ("course", "2.6", "report", ["due_changed", "progress"]),
    ("published", "2.6", "report", ["progress"]),
    ("receipt", "2.6", "receipt", ["received"]),
    ("not-accepted", "2.6", "report", ["refused"]),
    ("node-error", "2.6", "report", ["refused"]),
    ("receipt-2.7.1", "2.7.1", "receipt", ["received"]),
    ("container-2.7.1", "2.7.1", "document", []),
    ("container-2.7", "2.7", "document", []),
]


@pytest.mark.parametrize(("sample", "version", "kind", "events"), EXPLAINED)
def test_explain_recognises_every_example(
    tmp_path: Path, sample: str, version: str, kind: str, events: Sequence[str]
) -> None:
    code, found = shown(sample, tmp_path)

    assert code == 0
    assert (found["dialect"], found["version"], found["kind"]) == ("medo", version, kind)
    assert [event["kind"] for event in found["events"]] == list(events)  # type: ignore[attr-defined, index]  # of JSON
    severities = [problem["severity"] for problem in found["problems"]]  # type: ignore[attr-defined, index]
    assert "error" not in severities


@pytest.mark.parametrize("name", ["dictionary", "environment"])
def test_a_list_of_participants_is_known_by_name(tmp_path: Path, name: str) -> None:
    code, found = shown(name, tmp_path)

    assert code == 1
    assert found["kind"] is None
    assert f"MEDO list of participants ({name})" in json.dumps(found)


def test_a_card_is_read_whole() -> None:
    document = document_in("document")

    assert (document.uid, document.card, document.number) == (UID, "КМ-2026-7", Number("М-7/26", date(2026, 2, 17)))
    assert document.kind
    assert document.kind.text == "Письмо"
    assert document.access
    assert document.access.text == "Общий доступ"
    assert document.pages == "3+4"
    assert [(field.name, field.value) for field in document.fields] == [("Срочность", "Весьма срочно")]
    (author,) = document.authors
    assert author.party
    assert author.party.person
    assert author.party.person.name == "Пролётов Захар Львович"
    assert [party.index for party in document.addressees] == [OTHER]
    assert [(file.name, file.role) for file in document.files] == [
        ("Письмо М-7.pdf", FileRole.TEXT),
        ("Ведомость опор.pdf", FileRole.ANNEX),
    ]
    (signature,) = document.files[0].signatures
    assert (signature.name, signature.certificate) == ("pismo.p7s", "Пролётов Захар Львович")
    assert signature.at == datetime(2026, 2, 17, 7, 58, tzinfo=UTC)
    (link,) = document.links
    assert link.document
    assert (link.kind.text, link.document.number.text) == ("В ответ на", "СП-51")
    (task,) = document.tasks
    assert task.control
    assert (task.uid, task.number, task.control.deadline) == ("К-1", "пункт 1", date(2026, 3, 2))


def test_times_without_an_offset_are_moscows() -> None:
    assert read("document").heading.sent_at == datetime(2026, 2, 17, 8, 20, tzinfo=UTC)
    assert read("container-2.7.1").heading.sent_at == datetime(2026, 2, 17, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize("sample", ["container-2.7.1", "container-2.7"])
def test_a_container_is_read_with_its_signatures_and_its_stamps_are_noted(sample: str) -> None:
    reading = read(sample)
    document = document_in(sample)

    assert (document.uid, document.number.text) == (UID, "М-7/26")
    assert [file.name for file in document.files] == ["pismo.pdf", "Ведомость опор.pdf"]
    main, annex = document.files
    assert [(one.name, one.kind, one.description) for one in main.signatures] == [
        ("pismo.p7s", 3, ""),
        ("containerSign.p7s", None, "Подпись транспортного контейнера"),
    ]
    assert [one.name for one in annex.signatures] == ["vedomost.p7s"]
    assert len(reading.contents) == 5
    assert [problem.text for problem in reading.problems if problem.code == "stamp"] == [
        "regstamp.png on page 1 at 15×60 mm",
        "signstamp.png on page 3 at 80×190 mm",
    ]
    # 2.7 has no GUID of an addressee, and this one no deliveryIndex
    assert [party.index for party in document.addressees] == [OTHER if sample == "container-2.7.1" else ""]


def test_a_notification_names_the_message_and_the_document() -> None:
    reading = read("registered")
    assert reading.message is not None

    assert reading.message.return_id == BARE
    assert report_in("registered").about.uid == UID
    assert report_in("registered").about.number == Number("М-7/26", date(2026, 2, 17))


def test_a_registration_is_told_with_its_number() -> None:
    report = report_in("registered")

    assert report.fact is EventKind.REGISTERED
    assert report.registered
    assert report.registered.number == Number("ВХ-318", date(2026, 2, 18))


def test_a_moved_deadline_is_told_with_its_clause() -> None:
    report = report_in("course")

    assert report.fact is EventKind.DUE_CHANGED
    (told,) = report.considerations
    assert told.task.control
    assert (told.task.uid, told.task.control.deadline) == ("К-1", date(2026, 3, 16))
    assert [remark.text for remark in report.remarks] == ["Осмотр перенесён из-за ледохода"]


def test_who_shall_do_it_is_told_with_the_clause() -> None:
    (told,) = report_in("assigned").considerations

    assert [(one.party.name, one.responsible) for one in told.task.executors] == [("Линева Ада Юрьевна", True)]
    assert told.task.author
    assert told.task.author.name == "Швартова Нина Олеговна"


def test_both_values_of_accepted_are_read_the_right_way_round() -> None:
    assert report_in("receipt").kind is ReportKind.RECEIPT
    refused = report_in("not-accepted")
    assert refused.kind is ReportKind.REFUSAL
    assert refused.refusal
    assert refused.refusal.text == "В посылке нет файла vedomost.pdf"


def test_a_nodes_error_names_no_message() -> None:
    reading = read("node-error")
    assert reading.message is not None

    assert reading.message.return_id == "unknown"
    refused = report_in("node-error").refusal
    assert refused
    assert refused.code == 248
    assert {"node-error", "kept-in-words"} <= {problem.code for problem in reading.problems}


def test_what_is_read_can_be_written_again() -> None:
    for sample in ("document", "container-2.7.1", "registered", "refused", "receipt"):
        message = read(sample).message
        assert message is not None

        assert by_name("medo").write(message).passport
