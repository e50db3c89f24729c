# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of the SMDO dialect: what is written is read back as `degrade` promises, whatever the message."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.bodies import cut_out, put_in
from gateway.content import MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Member, Package, Reading, Resource
from gateway.model import Document, DocumentType, File, FileRole, Message, Organisation, Party
from tests.dialects.single_facts import single_reports
from tests.dialects.strategies import (
    CONTENTS,
    content_of,
    documents,
    main_documents,
    maybe,
    messages,
    parties,
    reports,
    systems,
    uids,
)

SMDO = by_name("smdo")

PATIENT = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
law = settings(max_examples=110, deadline=None, suppress_health_check=PATIENT)
corollary = settings(max_examples=30, deadline=None, suppress_health_check=PATIENT)

OURS = ("0c3f" * 8, "6d0b7e14-7a52-4f0c-9b75-2f41aa000001", "{6D0B7E14-7A52-4F0C-9B75-2F41AA000001}")
LETTER = File("письмо.pdf", size=CONTENTS[1].size, sha256=CONTENTS[1].sha256, role=FileRole.TEXT)
codes = st.sampled_from(("OrgA001", "OrgB002", "орг 3"))
coded = st.builds(
    Organisation, st.sampled_from(("ООО «Ромашка»", "Архив", "")), st.sampled_from(("", "Полное имя")), codes
)


@st.composite
def speaking(draw: st.DrawFn, body: st.SearchStrategy) -> Message:
    """A message that can be sent: with ids, codes of sender and receivers, and a file with every main document."""
    message = draw(messages(body))
    recipients = draw(st.lists(parties, min_size=1, max_size=3))
    sayable = message.body
    if isinstance(sayable, Document):
        kind = DocumentType.CREATED if sayable.type is DocumentType.DRAFT else sayable.type
        sayable = replace(sayable, type=kind, files=(*sayable.files, LETTER))
    return replace(
        message,
        id=draw(st.sampled_from(OURS)),
        return_id=draw(st.sampled_from((*OURS, "unknown", "", "не GUID"))),
        sender=Party(draw(coded), system=draw(maybe(systems))),
        recipients=tuple(replace(party, citizen=None, organisation=draw(coded)) for party in recipients),
        body=sayable,
        dialect_version=draw(st.sampled_from(("SDIP-1.0", "SDIP-2.1.1", ""))),
        in_reply_to=draw(maybe(st.sampled_from(OURS))),
        thread=draw(maybe(st.sampled_from(OURS) | uids)),
    )


document_messages = speaking(main_documents())
report_messages = speaking(single_reports() | reports())
supplements = speaking(st.builds(replace, main_documents(), supplement=st.just(True)))


def unpacked(package: Package) -> Reading:
    """Read *package* as the house does: the signatures put into it, and cut out again."""
    contents = {content.sha256: content for content in CONTENTS}
    assert SMDO.is_body is not None
    small, bodies = cut_out(put_in(package, contents, MemorySink), SMDO.is_body, MemorySink)
    beside = [
        Resource((member.name,), content_of(member.sha256)) for member in package.members if isinstance(member, Member)
    ]
    return SMDO.read(small, beside, bodies=bodies)


def assert_the_law(message: Message) -> None:
    reading = unpacked(SMDO.write(message))

    assert reading.refusal is None
    assert reading.message == SMDO.degrade(message)


@law
@given(document_messages)
def test_a_document_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(supplements)
def test_a_supplement_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(report_messages)
def test_a_report_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@corollary
@given(document_messages | report_messages | supplements | messages(documents))
def test_degrading_twice_changes_nothing_more(message: Message) -> None:
    once = SMDO.degrade(message)

    assert SMDO.degrade(once) == once


@corollary
@given(document_messages | report_messages | supplements)
def test_what_we_write_deviates_from_nothing(message: Message) -> None:
    """Only what the message itself leaves open is noted on reading: never the schema, names or references."""
    problems = unpacked(SMDO.write(message)).problems

    harmless = {"empty-pages", "empty-subject", "no-signature", "task-without-text"}
    assert {problem.code for problem in problems} <= harmless
