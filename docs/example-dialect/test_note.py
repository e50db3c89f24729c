# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up dialect «note»: its samples, its law, what it refuses, and two offices that speak it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.cli import main
from gateway.content import Held
from gateway.dialects import by_name
from gateway.dialects.wire import Member, Reading, Resource
from gateway.errors import Reason, Refused
from gateway.model import Document, DocumentType, EventKind, Message, Number, ReportKind
from tests.dialects.single_facts import single_reports
from tests.dialects.strategies import content_of, main_documents, messages
from tests.story.acts import cards, dispatch, news, send_letter
from tests.story.offices import town

NOTE = by_name("note")
SAMPLES = Path(__file__).parent / "samples" / "note"
FILE = Resource(("file1",), Held((SAMPLES / "file1").read_bytes()))

law = settings(max_examples=60, deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))


def sample(name: str, *changes: tuple[str, str], came: tuple[Resource, ...] = (FILE,)) -> Reading:
    text = (SAMPLES / f"{name}.xml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return NOTE.read(text.encode(), came)


def again(message: Message) -> Reading:
    package = NOTE.write(message)
    members = [member for member in package.members if isinstance(member, Member)]
    return NOTE.read(package.passport, [Resource((each.name,), content_of(each.sha256)) for each in members])


# --- samples ------------------------------------------------------------------------------------------------------


def test_a_document_is_understood() -> None:
    message = sample("document").message

    assert message is not None
    assert isinstance(message.body, Document)
    assert (message.id, message.return_id, message.sent_at) == ("n-1", "n-1", datetime(2026, 3, 11, 7, tzinfo=UTC))
    assert (message.sender.index, [to.index for to in message.recipients]) == ("EX-ARCHIVE", ["EX-MUSEUM"])
    assert (message.body.uid, message.body.number) == ("d-1", Number("01-17/42", date(2026, 3, 11)))
    assert [(file.name, file.sha256) for file in message.body.files] == [("Письмо.txt", FILE.content.sha256)]


def test_reports_are_understood() -> None:
    registered, refused = sample("registered").message, sample("refused").message

    assert registered is not None
    assert refused is not None
    assert (registered.return_id, registered.body.kind) == ("n-1", ReportKind.PROGRESS)  # type: ignore[union-attr]  # a report
    assert registered.body.registered.number == Number("ВХ-1", date(2026, 3, 11))  # type: ignore[union-attr]
    assert (refused.body.refusal.code, refused.body.refusal.text) == (39, "Нет автора.")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["document", "registered", "refused"])
def test_explain_shows_what_was_understood(name: str) -> None:
    shown = CliRunner().invoke(main, ["explain", str(SAMPLES / f"{name}.xml")])

    kind = "document" if name == "document" else "report"
    assert f"understood as: {kind} (note 1)" in shown.output
    assert shown.exit_code == (1 if name == "document" else 0)  # its file lies elsewhere


# --- leniencies and refusals --------------------------------------------------------------------------------------


def test_what_is_not_known_is_noted_and_left_out() -> None:
    reading = sample("document", ("<subject>", '<x:seal xmlns:x="urn:x">A</x:seal><subject>'))

    assert [problem.code for problem in reading.problems] == ["unknown-extension"]
    assert reading.message == sample("document").message


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('id="n-1"', "", Reason.MISSING_FIELD),
        ("2026-03-11T10", "2026-13-11T10", Reason.MISSING_FIELD),
        ('<from index="EX-ARCHIVE">Архив</from>', "", Reason.MISSING_FIELD),
        ('uid="d-1"', "", Reason.MISSING_FIELD),
        ('"file1"', '"file2"', Reason.MISSING_FILE),
        ("document", "letter", Reason.BAD_PASSPORT),
        ("</note>", "", Reason.BAD_XML),
        ("<note", "<!DOCTYPE note><note", Reason.DOCTYPE),
    ],
)
def test_what_nobody_could_act_upon_is_refused(old: str, new: str, reason: Reason) -> None:
    reading = sample("document", (old, new))

    assert reading.refusal is not None
    assert reading.refusal.reason is reason
    assert reading.heading.recipients[0].index == "EX-MUSEUM"


# --- the law ------------------------------------------------------------------------------------------------------

carried = single_reports(EventKind.REGISTERED).filter(lambda it: it.registered or it.kind is ReportKind.REFUSAL)
sayable = main_documents().map(lambda it: replace(it, type=DocumentType.CREATED, supplement=False))


@law
@given(messages(sayable | carried))
def test_what_is_written_is_read_as_degraded(message: Message) -> None:
    reading = again(message)

    assert (reading.refusal, reading.problems) == (None, ())
    assert reading.message == NOTE.degrade(message)


@law
@given(messages(main_documents() | single_reports()))
def test_degrading_twice_changes_nothing_more(message: Message) -> None:
    assert NOTE.degrade(NOTE.degrade(message)) == NOTE.degrade(message)


@law
@given(messages(main_documents().filter(lambda it: it.type is DocumentType.DRAFT or it.supplement)))
def test_drafts_and_supplements_are_refused_to_their_sender(message: Message) -> None:
    with pytest.raises(Refused, match="no place for drafts and supplements"):
        NOTE.write(message)


@law
@given(messages(single_reports(EventKind.FORWARDED)), st.sampled_from((ReportKind.RECEIPT, ReportKind.EDITED)))
def test_a_fact_it_does_not_carry_is_never_written(message: Message, kind: ReportKind) -> None:
    with pytest.raises(ValueError, match="does not carry"):
        NOTE.write(replace(message, body=replace(message.body, kind=kind)))  # type: ignore[type-var]  # a report


# --- two offices --------------------------------------------------------------------------------------------------


def test_two_offices_exchange_a_letter(tmp_path: Path) -> None:
    speaks = {"channel": 'dialect = "note"'}
    with town(tmp_path, minsk=speaks, moscow=speaks) as offices:
        card = send_letter(offices.minsk)
        offices.settle()

        (there,) = cards(offices.moscow)
        assert (there.number, there.partner_number) == ("ВХ-1", "ИСХ-1")
        row = dispatch(offices.minsk, card)
        assert (row.state, row.partner_number, row.partner_date) == ("registered", "ВХ-1", "2026-03-11")
        assert news(offices.minsk, card) == ["registered"]
