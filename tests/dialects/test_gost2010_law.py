# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of GOST R 53898-2010: what is written is read back as `degrade` promises, whatever the message."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.bodies import put_in
from gateway.content import MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Package, Reading, Resource
from gateway.envelope import read_package
from gateway.errors import Reason, Refused
from gateway.model import Document, DocumentType, File, FileRole, Message, Signature
from tests.dialects.gost2010_packages import a_message
from tests.dialects.single_facts import single_reports
from tests.dialects.strategies import CONTENTS, document_messages, messages, reports

GOST = by_name("gost2010")
HELD = {content.sha256: content for content in CONTENTS}

PATIENT = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
law = settings(max_examples=110, deadline=None, suppress_health_check=PATIENT)
corollary = settings(max_examples=30, deadline=None, suppress_health_check=PATIENT)


def no_draft(message: Message) -> Message:
    """A draft cannot be written at all."""
    assert isinstance(message.body, Document)
    if message.body.type is not DocumentType.DRAFT:
        return message
    return replace(message, body=replace(message.body, type=DocumentType.CREATED))


documents = document_messages.map(no_draft)
notifications = messages(single_reports())
anything = messages(reports())


def unpacked(package: Package) -> Reading:
    """Return what the other side reads: the files stand in the XML, so they are cut out of it."""
    passport = put_in(package, HELD, MemorySink)
    reading = read_package([Resource((package.passport_name,), passport)], MemorySink)
    assert reading is not None
    return reading


def assert_the_law(message: Message) -> None:
    reading = unpacked(GOST.write(message))

    assert reading.refusal is None
    assert reading.message == GOST.degrade(message)


@law
@given(documents)
def test_a_document_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(notifications)
def test_a_notification_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@corollary
@given(anything)
def test_a_report_of_everything_that_stands_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@corollary
@given(documents | notifications)
def test_degrading_twice_changes_nothing_more(message: Message) -> None:
    once = GOST.degrade(message)

    assert GOST.degrade(once) == once


@corollary
@given(documents | notifications)
def test_what_we_write_deviates_from_nothing(message: Message) -> None:
    problems = unpacked(GOST.write(message)).problems

    harmless = {"empty-pages", "empty-subject", "missing-author", "no-files", "task-without-text", "empty-file"}
    assert {problem.code for problem in problems} <= harmless | {"no-recipient"}


@corollary
@given(documents)
def test_every_file_comes_byte_for_byte(message: Message) -> None:
    reading = unpacked(GOST.write(message))

    assert isinstance(reading.message.body, Document)
    named = [file.sha256 for file in reading.message.body.files]
    assert all(digest in reading.contents for digest in named)
    assert all(b"".join(content.blocks()) == HELD[digest].data for digest, content in reading.contents.items())


def test_a_draft_is_never_sent_as_a_document() -> None:
    draft = a_message(type=DocumentType.DRAFT)
    with pytest.raises(Refused) as raised:
        GOST.write(draft)

    assert raised.value.reason is Reason.UNSUPPORTED


def test_a_signature_stays_with_its_file_also_among_files_of_one_name() -> None:
    one, two, three = (content.sha256 for content in CONTENTS[1:4])
    files = (
        File("a.txt", size=300, sha256=one, role=FileRole.TEXT),
        File("a.txt", size=600, sha256=two, signatures=(Signature("x", 900, three), Signature("y", 300, one))),
    )

    message = unpacked(GOST.write(a_message(files=files))).message

    assert message is not None
    assert isinstance(message.body, Document)
    found = [[(each.name, each.sha256) for each in file.signatures] for file in message.body.files]
    assert found == [[], [("a.txt.sig", three), ("a.txt.2.sig", one)]]
