# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every dialect in `DIALECTS`, a new one included: held with the messages of the conformance kit."""

import re
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from gateway.bodies import cut_out
from gateway.conformance.ground import EXAMPLE
from gateway.conformance.making import Maker, Parcel
from gateway.conformance.ourselves import ground_of
from gateway.conformance.situations.sender import LADDER, Stands, message
from gateway.content import Held, MemorySink
from gateway.dialects import DIALECTS, by_name, recognise
from gateway.dialects.tree import root_of
from gateway.dialects.wire import Dialect, Reading, Resource
from gateway.envelope import read_package
from gateway.errors import Reason, Refused
from gateway.model import DirectoryUpdate, Document, EventKind, Listing, Message, ReportKind

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "samples"
EVERY = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)


def maker(dialect: Dialect) -> Maker:
    return Maker(ground_of(dialect.name, "every", EXAMPLE), "every", 1)


def resources(parcel: Parcel) -> list[Resource]:
    files = ((parcel.passport_name, parcel.passport), *parcel.beside)
    return [Resource((name,), Held(data)) for name, data in files]


def read(parcel: Parcel) -> Reading:
    reading = read_package(resources(parcel), MemorySink)
    assert reading is not None
    return reading


def reports(make: Maker) -> Iterator[tuple[EventKind, Message]]:
    """Yield a report of every fact of the ladder that the dialect does not keep to itself."""
    for minute, (name, (_, _, fact, report)) in enumerate(LADDER.items()):
        if make.dialect.carries[fact].how != "no":
            body = report(Stands(make))
            if body.kind is ReportKind.PROGRESS and not make.dialect.accumulates:
                body = replace(body, fact=fact)
            yield fact, message(make, body, name, minute)


@EVERY
def test_it_says_everything_of_itself(dialect: Dialect) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*", dialect.name)
    assert by_name(dialect.name) is dialect
    assert dialect.versions
    assert dialect.carries.keys() == set(EventKind)
    for version in dialect.versions:
        assert all(astuple(dialect.places(version)))
    assert [fact for fact, row in dialect.carries.items() if (row.how == "whole") is bool(row.words)] == []
    assert "no" not in (dialect.carries[EventKind.REGISTERED].how, dialect.carries[EventKind.REFUSED].how)
    assert [code for code in dialect.network if code != code.strip().casefold()] == []


@EVERY
def test_a_document_is_read_as_degraded_by_the_dialect_that_wrote_it(dialect: Dialect) -> None:
    make = maker(dialect)
    asked = make.message()

    reading = read(make.parcel(asked))

    assert (reading.dialect, reading.kind, reading.refusal) == (dialect.name, "document", None)
    assert reading.message == dialect.degrade(asked)
    assert dialect.degrade(dialect.degrade(asked)) == dialect.degrade(asked)
    assert isinstance(reading.message.body, Document)
    assert {file.sha256 for file in reading.message.body.files} <= reading.contents.keys()


@EVERY
def test_every_fact_that_it_carries_is_read_as_degraded(dialect: Dialect) -> None:
    make = maker(dialect)

    told = dict(reports(make))

    assert {EventKind.REGISTERED, EventKind.REFUSED} <= told.keys()
    for asked in told.values():
        reading = read(make.parcel(asked))
        assert reading.kind == ("receipt" if asked.body.kind is ReportKind.RECEIPT else "report")  # type: ignore[union-attr]  # a report
        assert reading.message == dialect.degrade(asked)
        assert dialect.degrade(dialect.degrade(asked)) == dialect.degrade(asked)


@EVERY
def test_a_directory_of_people_is_read_as_degraded_in_sev_and_elsewhere_refused_in_words(dialect: Dialect) -> None:
    make = maker(dialect)
    asked = replace(make.message(), body=DirectoryUpdate((Listing(make.message().sender),)))
    assert dialect.degrade(dialect.degrade(asked)) == dialect.degrade(asked)
    if dialect.name == "sev":
        assert dialect.read(dialect.write(asked).passport, ()).message == dialect.degrade(asked)
        return
    with pytest.raises(Refused, match="directory of people") as caught:
        dialect.write(asked)
    assert caught.value.reason is Reason.UNSUPPORTED


@EVERY
def test_an_answer_finds_its_question(dialect: Dialect) -> None:
    make = maker(dialect)
    question = read(make.parcel(make.message())).message
    assert question is not None

    for _, asked in reports(make):
        answer = read(make.parcel(replace(asked, return_id=question.return_id))).message
        assert answer is not None
        assert answer.return_id.replace("-", "") == question.return_id.replace("-", "")


@EVERY
def test_a_passport_cut_short_is_refused_and_its_sender_still_known(dialect: Dialect) -> None:
    make = maker(dialect)
    parcel = make.parcel(make.message())
    whole = parcel.passport
    headed = read(replace(parcel, passport=whole[:-3])).heading

    for end in range(0, len(whole) - 3, max(1, len(whole) // 40)):
        beside = [Resource((name,), Held(data)) for name, data in parcel.beside]
        small, bodies = (
            cut_out(Held(whole[:end]), dialect.is_body, MemorySink) if dialect.is_body else (whole[:end], ())
        )
        reading = dialect.read(small, beside, bodies=bodies)
        assert reading.refusal is not None
        assert reading.message is None
    assert headed.sender is not None
    assert headed.sender.index


@EVERY
def test_samples_of_it_lie_where_the_fuzzer_takes_them(dialect: Dialect) -> None:
    roots = (root_of(path.read_bytes()) for path in sorted(SAMPLES.rglob("*.xml")))

    assert dialect in [recognise(root) for root in roots if root]


@EVERY
def test_the_annotated_configuration_names_it(dialect: Dialect) -> None:
    lines = (ROOT / "config" / "partners.toml").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("# dialect = ")]

    assert f'"{dialect.name}"' in line.partition("#")[2].partition("#")[2]


@EVERY
def test_what_is_written_in_utf8_is_read_as_that_whatever_alphabet_it_declares(dialect: Dialect) -> None:
    make = maker(dialect)
    parcel = make.parcel(make.message())
    text = parcel.passport.decode(declared(parcel.passport))
    body = text.partition("?>")[2]
    for alphabet in ("windows-1251", "KOI8-R"):
        said = f"<?xml version='1.0' encoding='{alphabet}' standalone='yes'?>{body}"
        true, false = (
            replace(parcel, passport=said.encode(encoding, "xmlcharrefreplace")) for encoding in (alphabet, "utf-8")
        )

        assert read(false).message == read(true).message == dialect.degrade(make.message())
        assert "wrong-encoding" in [problem.code for problem in read(false).problems]
        assert "wrong-encoding" not in [problem.code for problem in read(true).problems]


def declared(passport: bytes) -> str:
    found = re.match(rb"""<\?xml[^>]*encoding=["']([^"']+)""", passport)
    return found[1].decode() if found else "utf-8"
