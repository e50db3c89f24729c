# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of the SEV dialect: what is written is read back as `degrade` promises, whatever the message."""

from hypothesis import HealthCheck, given, settings

from gateway.dialects import by_name
from gateway.dialects.wire import Package, Reading, Resource
from gateway.model import Message
from tests.dialects.strategies import content_of, directory_messages, document_messages, report_messages

SEV = by_name("sev")

PATIENT = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
law = settings(max_examples=110, deadline=None, suppress_health_check=PATIENT)
corollary = settings(max_examples=30, deadline=None, suppress_health_check=PATIENT)


def unpacked(package: Package) -> Reading:
    resources = [Resource((member.name,), content_of(member.sha256)) for member in package.members]
    return SEV.read(package.passport, resources)


def assert_the_law(message: Message) -> None:
    reading = unpacked(SEV.write(message))

    assert reading.refusal is None
    assert reading.message == SEV.degrade(message)


@law
@given(document_messages)
def test_a_document_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(report_messages)
def test_a_report_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(directory_messages)
def test_a_directory_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@corollary
@given(document_messages | report_messages | directory_messages)
def test_degrading_twice_changes_nothing_more(message: Message) -> None:
    once = SEV.degrade(message)

    assert SEV.degrade(once) == once


@corollary
@given(document_messages | report_messages | directory_messages)
def test_what_we_write_deviates_from_nothing(message: Message) -> None:
    """Only what the message itself leaves open is noted on reading: never the schema, names, sizes or references."""
    problems = unpacked(SEV.write(message)).problems

    harmless = {"empty-pages", "empty-subject", "missing-author", "no-files", "no-exchange-index", "task-without-text"}
    assert {problem.code for problem in problems} <= harmless
