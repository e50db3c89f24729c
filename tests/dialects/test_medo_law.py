# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of the MEDO dialect: what is written is read back as `degrade` promises, whatever message and version."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.content import MemorySink
from gateway.dialects import by_name
from gateway.dialects.medo import containers
from gateway.dialects.wire import Package, Reading, Resource
from gateway.envelope import files_of
from gateway.errors import Reason, Refused
from gateway.mail.archive import unzip
from gateway.model import (
    Document,
    DocumentType,
    Message,
    Organisation,
    Party,
    Remark,
)
from gateway.model import EventKind as K
from tests.dialects.single_facts import single_reports
from tests.dialects.strategies import (
    CONTENTS,
    documents,
    files,
    maybe,
    messages,
    moments,
    parties,
    signatures,
    some,
    texts,
    uids,
)

MEDO = by_name("medo")
BYTES = {content.sha256: content for content in CONTENTS}

PATIENT = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
    HealthCheck.filter_too_much,
)
law = settings(max_examples=110, deadline=None, suppress_health_check=PATIENT)
corollary = settings(max_examples=30, deadline=None, suppress_health_check=PATIENT)

GUIDS = ("7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10", "E2D41C77-90AB-4D15-8F3E-6B0C1A2D3E4F")
participants = st.builds(
    lambda name, guid: Party(Organisation(name, index=guid)),
    st.sampled_from(("Архив «Ёж»", "Управление & Ко", "")),
    st.sampled_from(GUIDS),
)
versions = st.sampled_from((*MEDO.versions, "", "1.0"))
own_ids = st.sampled_from(("0c3f" * 8, "3c9f8b1a-52d7-4e06-b1c4-9a7d6e5f4302", "m&m"))
some_uids = uids | st.just("3C9F8B1A52D74E06B1C49A7D6E5F4302") | st.just("11d1e0a2-0001-4a00-8b00-000000000001")


@st.composite
def signed_pdfs(draw: st.DrawFn) -> Document:
    """A document that a container can carry."""
    document = draw(documents)
    content = draw(st.sampled_from(CONTENTS))
    signed = tuple(
        replace(draw(signatures()), sha256=content.sha256, size=content.size)
        for _ in range(max(1, len(document.authors)) + draw(st.integers(0, 1)))
    )
    main = replace(
        draw(files()),
        name=draw(st.sampled_from(("a.pdf", "Письмо.PDF"))),
        sha256=content.sha256,
        size=content.size,
        signatures=signed,
    )
    return replace(document, files=(main, *document.files), tasks=(), supplement=False)


def spoken(body: st.SearchStrategy[object]) -> st.SearchStrategy[Message]:
    """Messages between participants of MEDO."""
    return st.builds(
        lambda message, sender, recipients, version, id, return_id: replace(
            message, sender=sender, recipients=recipients, dialect_version=version, id=id, return_id=return_id
        ),
        messages(body),
        participants,
        st.lists(participants | st.just(Party()), min_size=1, max_size=2).map(tuple),
        versions,
        own_ids,
        own_ids | st.just("unknown"),
    )


def final(document: Document, uid: str) -> Document:
    kind = DocumentType.CREATED if document.type is DocumentType.DRAFT else document.type
    return replace(document, uid=uid, type=kind)


document_messages = spoken(st.builds(final, documents | signed_pdfs(), some_uids))
remarks = st.builds(Remark, texts, moments, maybe(parties))
with_words = st.builds(
    lambda report, remarks: replace(report, remarks=remarks),
    single_reports(K.REGISTERED, K.ANSWERED, K.ASSIGNED, K.DUE_CHANGED),
    some(remarks),
)
report_messages = spoken(single_reports() | with_words)


def open_zip(resource: Resource) -> Sequence[Resource]:
    return [Resource((name,), content) for name, content in unzip(resource.content, MemorySink)]


def read_back(package: Package) -> Reading:
    attached = files_of(package, BYTES, MemorySink)[1:]
    return MEDO.read(package.passport, [Resource((each.name,), each.content) for each in attached], unpack=open_zip)


def assert_the_law(message: Message) -> None:
    reading = read_back(MEDO.write(message))

    assert reading.refusal is None
    assert reading.message == MEDO.degrade(message)


@law
@given(document_messages)
def test_a_document_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@law
@given(report_messages)
def test_a_report_is_read_as_degraded(message: Message) -> None:
    assert_the_law(message)


@corollary
@given(document_messages | report_messages)
def test_degrading_twice_changes_nothing_more(message: Message) -> None:
    once = MEDO.degrade(message)

    assert MEDO.degrade(once) == once


@corollary
@given(document_messages | report_messages)
def test_what_we_write_deviates_from_nothing(message: Message) -> None:
    problems = read_back(MEDO.write(message)).problems

    harmless = {"empty-subject", "no-files", "appeal", "empty-name"}
    assert {problem.code for problem in problems} <= harmless


@corollary
@given(spoken(st.builds(final, signed_pdfs(), some_uids)))
def test_a_signed_pdf_travels_in_a_container_when_the_partner_speaks_one(message: Message) -> None:
    told = MEDO.degrade(replace(message, dialect_version="2.7.1"))

    assert told.dialect_version == "2.7.1"
    assert [member.name for member in MEDO.write(told).members] == [containers.ARCHIVE]


@corollary
@given(document_messages)
def test_a_draft_is_refused(message: Message) -> None:
    assert isinstance(message.body, Document)

    with pytest.raises(Refused) as refused:
        MEDO.write(replace(message, body=replace(message.body, type=DocumentType.DRAFT)))

    assert refused.value.reason is Reason.UNSUPPORTED
