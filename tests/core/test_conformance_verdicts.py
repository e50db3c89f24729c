# SPDX-License-Identifier: GPL-3.0-or-later
"""What the conformance kit calls right and wrong, by letters that a gateway might send: no sockets."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gateway.conformance import book, printing
from gateway.conformance.answers import Heard, hear
from gateway.conformance.case import Case, Told
from gateway.conformance.ground import Ground, Side
from gateway.conformance.judging import Result, card_faults, complaints
from gateway.conformance.making import Maker
from gateway.conformance.ourselves import ground_of
from gateway.content import MemorySink
from gateway.dialects import by_name
from gateway.envelope import Wrapping, seal
from gateway.model import (
    Document,
    Event,
    EventKey,
    EventKind,
    Forwarding,
    Message,
    MessageId,
    Number,
    Party,
    Person,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
)

GROUND = Ground()
CASES = {one.name: one for one in book.cases(GROUND)}
PLAIN, RESEND, REFUSED = (CASES[f"sev/{name}"] for name in ("files/one", "repeats/resend", "refusals/author"))
DOCS = Path(__file__).parents[2] / "docs"
NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)


def answer(
    case: Case, body: Report, *, step: int = 0, automatic: bool = True, spoilt: bytes = b"", named: str = ""
) -> Heard:
    """Return a letter of theirs about the document of *case*, as heard."""
    there = Maker(GROUND, "answer", 1)
    asked = case.steps[step]
    message = Message(
        id=MessageId(there.id(case.name, body)),
        return_id=ReturnId(asked.return_id),
        sent_at=NOW,
        sender=there.organisation(GROUND.theirs),
        recipients=(there.organisation(GROUND.ours),),
        body=replace(body, about=replace(body.about, uid=asked.uid, number=Number(named or asked.number, NOW.date()))),
        dialect="sev",
    )
    package = by_name("sev").write(message)
    if spoilt:
        package = replace(package, passport=package.passport.replace(*spoilt.split(b"|")))
    wrapping = Wrapping(
        GROUND.theirs.address, GROUND.ours.address, NOW, f"{message.id}@peer.example", asked.letter_id, "", automatic
    )
    return hear(GROUND.ours.address, b"".join(seal(package, {}, wrapping, MemorySink)))


ABOUT = Document(number=Number("1", date(2026, 3, 11))).ref
RECEIPT = Report(ReportKind.RECEIPT, ABOUT, received_at=NOW)
NO = Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(39, "Нет автора.", "DocumentList/Document/Author"))


def registered(number: str = "ВХ-1", **more: object) -> Report:
    made = Registered(Number(number, date(2026, 3, 11)), at=NOW)
    return replace(Report(ReportKind.PROGRESS, ABOUT, registered=made), **more)  # type: ignore[arg-type]  # its fields


def wrong(case: Case, heard: Sequence[Heard], *, strict: bool = True) -> list[str]:
    return complaints(case, heard, strict=strict)[0]


def test_a_receipt_and_a_registration_are_what_a_document_is_owed() -> None:
    assert wrong(PLAIN, [answer(PLAIN, RECEIPT), answer(PLAIN, registered())]) == []


def test_news_of_what_stands_registered_are_welcome() -> None:
    lies = Forwarding(Party(person=Person("Берёзкина А. В.")), NOW)
    heard = [answer(PLAIN, RECEIPT), answer(PLAIN, registered()), answer(PLAIN, registered(forwardings=(lies,)))]

    assert wrong(PLAIN, heard) == []


@pytest.mark.parametrize(
    ("heard", "complaint"),
    [
        ((registered(),), "“received” never came"),
        ((RECEIPT,), "“registered” never came"),
        ((), "“received” never came"),
        ((RECEIPT, registered(), RECEIPT), "nobody asked for “received”"),
        ((RECEIPT, registered(), NO), "nobody asked for “refused”"),
        ((RECEIPT, registered(), registered("ВХ-2")), "registered as ВХ-1, and again as ВХ-2"),
        ((registered(), RECEIPT), "nobody asked for “registered”"),
    ],
)
def test_what_is_missing_too_much_or_out_of_order_is_named(heard: Sequence[Report], complaint: str) -> None:
    assert any(complaint in words for words in wrong(PLAIN, [answer(PLAIN, one) for one in heard]))


def test_a_resend_registered_under_another_number_is_registered_twice() -> None:
    first = [answer(RESEND, RECEIPT), answer(RESEND, registered())]
    second = [answer(RESEND, RECEIPT, step=1), answer(RESEND, registered("ВХ-2"), step=1)]

    assert wrong(RESEND, [*first, *second]) == ["registered as ВХ-1, and again as ВХ-2"]


def test_a_resend_answered_under_its_old_return_id_is_not_answered() -> None:
    heard = [answer(RESEND, one) for one in (RECEIPT, registered(), RECEIPT, registered())]

    assert "“received” never came" in wrong(RESEND, heard)


def test_codes_and_places_of_others_are_their_own_unless_ours_are_wanted() -> None:
    other = replace(NO, refusal=Refusal(7, "Нет автора.", "Somewhere"))
    heard = [answer(REFUSED, RECEIPT), answer(REFUSED, other)]

    assert wrong(REFUSED, heard, strict=False) == []
    assert complaints(REFUSED, heard, strict=False)[1] == [
        "refused with code 7, not 39",
        "refused at “Somewhere”, not at “Author”",
    ]
    assert wrong(REFUSED, heard) == ["refused with code 7, not 39", "refused at “Somewhere”, not at “Author”"]


def test_an_answer_that_breaks_the_schema_fails_its_case() -> None:
    broken = answer(PLAIN, RECEIPT, spoilt=b"<Reception>|<Novelty/><Reception>")

    assert any(words.startswith("schema: ") for words in wrong(PLAIN, [broken, answer(PLAIN, registered())]))


def test_a_report_that_a_robot_may_answer_is_noted() -> None:
    heard = [answer(PLAIN, RECEIPT, automatic=False), answer(PLAIN, registered())]

    assert complaints(PLAIN, heard, strict=True) == ([], ["a report without Auto-Submitted: a robot may answer it"])


def test_nothing_at_all_is_what_a_stranger_is_owed() -> None:
    case = CASES["sev/trust/stranger"]

    assert wrong(case, []) == []
    assert wrong(case, [answer(case, RECEIPT)]) == ["nobody asked for “received”"]


def test_junit_counts_what_failed_and_escapes_what_a_peer_wrote() -> None:
    bad = Result(replace(PLAIN, title="<a> & b."), ('"x" <y>\x1b[2J',), seconds=1.5)

    suite = ElementTree.fromstring(printing.junit([Result(RESEND, ()), bad], 2.0).encode())

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find(".//failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ('"x" <y>�[2J', f"<a> & b.\nsee {PLAIN.source}")


def test_junit_counts_a_case_that_was_not_played_as_skipped() -> None:
    suite = ElementTree.fromstring(printing.junit([Result(RESEND, ()), Result(PLAIN, (), played=False)], 2.0).encode())

    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    assert len(suite.findall(".//skipped")) == 1


def test_a_case_that_failed_tells_what_was_wrong_what_went_what_came_and_where_the_rule_stands() -> None:
    told = printing.words(Result(PLAIN, ("“registered” never came",), story=("12:00:00 sent <1@kit.example>",)))

    assert told == ("“registered” never came", "12:00:00 sent <1@kit.example>", f"see {PLAIN.source}")


def test_every_case_says_where_its_rule_stands_and_the_page_has_that_section() -> None:
    pages = {page: (DOCS / page).read_text() for page in ("protocol.md", "standards.md")}
    for ground in (Ground(), *(replace(ground_of(one, "run", NOW)) for one in ("gost2010", "smdo", "medo"))):
        for source in {one.source for one in book.cases(ground)}:
            page, section = re.search(r"docs/(\w+\.md), “(.*?)”", source).groups()  # type: ignore[union-attr]

            assert re.search(rf"^#+ {re.escape(section)}", pages[page], re.MULTILINE), source


def test_a_document_called_by_another_number_and_a_number_given_back_are_named() -> None:
    other = replace(registered(), about=replace(ABOUT, number=Number("77", NOW.date())))
    back = registered(PLAIN.steps[0].number)

    assert wrong(PLAIN, [answer(PLAIN, RECEIPT), answer(PLAIN, other, named="77")]) == ["the document is called 77"]
    assert wrong(PLAIN, [answer(PLAIN, RECEIPT), answer(PLAIN, back)]) == [
        f"registered under the number of its sender, {PLAIN.steps[0].number}"
    ]


FACT = Event(EventKind.RENUMBERED, EventKey("1"), NOW, number=Number("ВХ-2"), told_at=NOW)


@pytest.mark.parametrize(
    ("expected", "faults"),
    [
        (("renumbered",), []),
        (("renumbered ВХ-2",), []),
        (("renumbered ВХ-3",), ["“renumbered ВХ-3” is not on the card"]),
        (("refused",), ["“refused” is not on the card"]),
        (("no refused",), []),
        (("no renumbered",), ["“renumbered” is on the card"]),
    ],
)
def test_a_report_puts_on_the_card_just_what_it_tells(expected: tuple[str, ...], faults: list[str]) -> None:
    step = replace(PLAIN.steps[0], events=expected, sent_at=NOW)

    assert card_faults(step, [FACT]) == faults


def test_what_another_report_told_counts_for_none() -> None:
    step = replace(PLAIN.steps[0], events=("renumbered",), sent_at=NOW.replace(hour=9))

    assert card_faults(step, [FACT]) == ["“renumbered” is not on the card"]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("dialect", ["sev", "gost2010", "smdo", "medo"])
def test_cases_are_made_for_whatever_names_two_sides_have(dialect: str, *, strict: bool) -> None:
    """Changes are made in the text of a passport: none may hang on the names of the sides."""
    indices = (
        [f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)] if dialect == "medo" else ["ZZ", "Ё-7", "Q.1"]
    )
    ours, theirs, second = (
        Side(f"{place}@else.example", index, f"Иное «имя» & <{place}>") for place, index in enumerate(indices)
    )
    ground = Ground(
        dialect, "run", ours=ours, theirs=theirs, addressee="Лугов С. И.", strict=second if strict else None
    )

    assert len(book.cases(ground)) > 350


def test_an_order_of_a_case_is_the_order_of_its_steps() -> None:
    assert [told.tells for step in RESEND.steps for told in step.reports] == ["received", "registered"] * 2
    assert REFUSED.steps[0].reports == (Told("received"), Told("refused", 39, "Author"))
