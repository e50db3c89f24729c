# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a sender of MEDO packages can think of is refused with its reason and place, or noted; nothing is raised."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Reading, Resource
from gateway.mail.archive import ZipLimits, unzip
from gateway.model import Severity
from tests.dialects.hostile_medo import CASES, CONTAINER, INSIDE, Case, card, zipped

MEDO = by_name("medo")
LIMITS = ZipLimits(max_entries=1000, max_bytes=64 << 20)


def unpacked(resource: Resource) -> Sequence[Resource]:
    return [Resource((name,), content) for name, content in unzip(resource.content, MemorySink, LIMITS)]


def read(case: Case) -> Reading:
    files = [*case.files.items(), *case.more]
    return MEDO.read(case.passport, [Resource((name,), Held(data)) for name, data in files], unpack=unpacked)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_package_is_refused_with_its_reason_or_noted(name: str) -> None:
    case = CASES[name]

    reading = read(case)

    if reading.refusal is not None:
        assert reading.refusal.reason.value == case.outcome
        assert case.place in reading.refusal.place
        assert [problem.severity for problem in reading.problems].count(Severity.ERROR) == 1
    elif reading.kind is None:
        assert case.outcome == "unsupported"
        assert reading.title
    else:
        assert reading.message is not None
        assert not case.outcome or case.outcome in {problem.code for problem in reading.problems}


@pytest.mark.parametrize("name", ["truncated", "DOCTYPE", "too deep", "a missing file", "no uid"])
def test_who_sent_a_refused_message_is_still_known(name: str) -> None:
    heading = read(CASES[name]).heading

    assert heading.message_id == "90807060-5040-4302-8100-f0e0d0c0b0a0"
    assert heading.sender is not None
    assert heading.sender.index == "1f6e5d4c-3b2a-4918-8776-655443322110"


@pytest.mark.parametrize("name", ["a missing file", "no enclosure inside"])
def test_a_document_whose_file_did_not_come_is_shown_all_the_same(name: str) -> None:
    message = read(CASES[name]).message

    assert message is not None
    files = message.body.files  # type: ignore[union-attr]  # a document
    assert [file.sha256 is None for file in files] == [False, True]


def test_a_file_that_is_not_for_everybody_may_be_missing() -> None:
    passport = card(
        ("<xdms:files>0 1</xdms:files>\n    </xdms:destination>", "<xdms:files>0</xdms:files>\n    </xdms:destination>")
    )
    case = Case(passport, "withheld", {"pismo.pdf": b"1", "pismo.p7s": b"2"})

    reading = read(case)

    assert reading.refusal is None
    assert "withheld" in {problem.code for problem in reading.problems}


def test_files_are_found_by_their_place_in_the_envelope_when_no_name_fits() -> None:
    envelope = "[ПИСЬМО КП ПС СЗИ]\n[ФАЙЛЫ]\n 0 = document.xml\n3=one.pdf\n7=C:\\x\\two.pdf\n".encode()
    files = {"one.pdf": b"1", "two.pdf": b"2", "pismo.p7s": b"3", "e.ini": envelope}

    reading = read(Case(card(), "", files))

    assert reading.refusal is None
    assert [problem.code for problem in reading.problems].count("name-differs") == 2


def test_a_signature_beside_an_old_card_is_its_files_own() -> None:
    plain = card(('xdms:version="2.6"', 'xdms:version="2.2"'))
    begin, end = plain.index(b"<xdms:signedData"), plain.index(b"</xdms:signedData>") + len(b"</xdms:signedData>")
    files = {"pismo.pdf": b"1", "pismo.pdf.sig": b"2", "vedomost.pdf": b"3", "vedomost.p7s": b"4"}

    reading = read(Case(plain[:begin] + plain[end:], "", files))

    assert reading.message is not None
    named = [[one.name for one in file.signatures] for file in reading.message.body.files]  # type: ignore[union-attr]
    assert named == [["pismo.pdf.sig"], ["vedomost.p7s"]]


def test_one_container_uses_up_the_room_of_the_letter() -> None:
    small = replace(LIMITS, max_bytes=100)

    def cramped(resource: Resource) -> Sequence[Resource]:
        return [Resource((name,), content) for name, content in unzip(resource.content, MemorySink, small)]

    reading = MEDO.read(CONTAINER, [Resource(("document.edc.zip",), Held(zipped(INSIDE)))], unpack=cramped)

    assert reading.refusal is not None
    assert reading.refusal.reason.value == "too-large"
