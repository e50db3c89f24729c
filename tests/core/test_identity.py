# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids survive a restore and cannot be guessed; digests tell a resend from a change."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.identity import (
    bounce_address,
    bounce_mark,
    bounce_tag,
    document_digest,
    incoming_exchange,
    outgoing_exchange,
    outgoing_ids,
    report_id,
)
from gateway.model import (
    Document,
    DocumentRef,
    DocumentUid,
    EventKey,
    File,
    Link,
    MessageId,
    Number,
    PartnerId,
    Report,
    ReportKind,
    ReturnId,
    Sha256,
    Term,
)

SECRET = b"0123456789abcdef"
ID = MessageId("0a" * 16)
DAY = date(2026, 3, 11)
PARTNER = PartnerId("moscow")
UID = DocumentUid("u")
LINKED = Document(uid=DocumentUid("o"), number=Number("1", date(2026, 1, 1)), card="5")
DOCUMENT = Document(
    uid=UID,
    number=Number("01-17/42", date(2026, 3, 11)),
    card="9",
    files=(File("a.pdf", size=3, sha256=Sha256("0" * 64)),),
    links=(Link(Term("answers"), replace(LINKED.ref)),),
    linked=(LINKED,),
    accompanying=("5",),
)


EXCHANGE = outgoing_exchange("EX", PARTNER, "EX-MOSCOW", UID)


def test_the_same_sending_has_the_same_ids_after_a_restore() -> None:
    assert outgoing_ids(SECRET, EXCHANGE, 1) == outgoing_ids(SECRET, EXCHANGE, 1)


@pytest.mark.parametrize(
    "other",
    [
        outgoing_ids(b"another secret!!", EXCHANGE, 1),
        outgoing_ids(SECRET, outgoing_exchange("EX", PartnerId("minsk"), "EX-MOSCOW", UID), 1),
        outgoing_ids(SECRET, outgoing_exchange("EX", PARTNER, "EX-TVER", UID), 1),
        outgoing_ids(SECRET, outgoing_exchange("EX", PARTNER, "EX-MOSCOW", DocumentUid("v")), 1),
        outgoing_ids(SECRET, EXCHANGE, 2),
    ],
    ids=["secret", "partner", "organisation", "document", "attempt"],
)
def test_another_sending_has_other_ids(other: tuple[str, str]) -> None:
    assert not set(outgoing_ids(SECRET, EXCHANGE, 1)) & set(other)


def test_return_id_and_message_id_do_not_give_each_other_away() -> None:
    return_id, message_id = outgoing_ids(SECRET, EXCHANGE, 1)

    assert return_id != message_id
    assert len(return_id) == len(message_id) == 32


def test_what_stands_again_is_told_under_another_id() -> None:
    report = Report(ReportKind.PROGRESS, DOCUMENT.ref)
    one, other = (report_id(SECRET, EXCHANGE, ReturnId("r"), EventKey(after), report) for after in ("a", "b"))

    assert one != other


def test_what_comes_and_what_goes_are_different_exchanges() -> None:
    assert incoming_exchange("EX", PARTNER, UID) != EXCHANGE


def test_an_index_is_the_same_in_any_case_and_with_trailing_blanks() -> None:
    assert incoming_exchange("ex-minsk ", PARTNER, UID) == incoming_exchange("EX-MINSK", PARTNER, UID)


def test_keys_that_are_local_to_a_passport_do_not_change_a_document() -> None:
    renumbered = replace(
        DOCUMENT,
        card="1",
        links=(Link(Term("answers"), DocumentRef(LINKED.uid, LINKED.number, card="2")),),
        linked=(replace(LINKED, card="2"),),
        accompanying=("2",),
    )

    assert document_digest(renumbered) == document_digest(DOCUMENT)


@pytest.mark.parametrize(
    "changed",
    [
        replace(DOCUMENT, subject="another"),
        replace(DOCUMENT, files=(File("a.pdf", size=3, sha256=Sha256("1" * 64)),)),
        replace(DOCUMENT, number=Number("01-17/43", date(2026, 3, 11))),
        replace(DOCUMENT, links=()),
    ],
    ids=["subject", "file", "number", "link"],
)
def test_what_people_would_call_a_change_is_one(changed: Document) -> None:
    assert document_digest(changed) != document_digest(DOCUMENT)


def test_a_bounce_address_names_its_letter_its_day_and_its_recipient() -> None:
    address = bounce_address(SECRET, "edms@office.example", ID, "clerk@partner.example", DAY)

    tag = bounce_tag(SECRET, address)
    assert tag is not None
    assert (tag.message_id, tag.day) == (ID, DAY)
    assert tag.mark == bounce_mark(SECRET, "CLERK@partner.example")
    assert tag.mark != bounce_mark(SECRET, "other@partner.example")


def test_a_bounce_address_survives_servers_that_change_case() -> None:
    address = bounce_address(SECRET, "edms@office.example", ID, "clerk@partner.example", DAY)

    assert bounce_tag(SECRET, address.upper()) == bounce_tag(SECRET, address)


def test_no_letter_of_a_bounce_address_can_be_changed() -> None:
    address = bounce_address(SECRET, "edms@office.example", ID, "clerk@partner.example", DAY)
    start, end = address.index("+") + 1, address.index("@")
    forged = [
        address[:place] + ("a" if address[place] != "a" else "b") + address[place + 1 :] for place in range(start, end)
    ]

    assert [bounce_tag(SECRET, one) for one in forged] == [None] * len(forged)
    assert bounce_tag(b"another secret", address) is None


def test_a_bounce_address_is_a_mailbox_of_at_most_64_octets_or_the_plain_one() -> None:
    fits, too_long = "a" * 20 + "@office.example", "a" * 21 + "@office.example"

    assert len(bounce_address(SECRET, fits, ID, "c@partner.example", DAY).partition("@")[0]) == 64
    assert bounce_address(SECRET, too_long, ID, "c@partner.example", DAY) == too_long


@pytest.mark.parametrize("address", ["edms@office.example", "edms+x@office.example", "edms+0a-0b@office.example", ""])
def test_any_other_address_names_none(address: str) -> None:
    assert bounce_tag(SECRET, address) is None
