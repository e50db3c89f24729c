# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is believed: senders that are somebody else, and ids that belong to another."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from gateway import identity
from gateway.dialects.tree import parse as parse_xml
from gateway.edms_adapter.registry import people
from gateway.errors import Reason, Refused
from gateway.journal.entries import State
from gateway.mail.address import caseless
from gateway.model import DocumentUid, PartnerId
from tests.core.test_identity import DOCUMENT
from tests.core.test_office import HERE, NETWORK, proven
from tests.dialects.packages import FILES, SAMPLES, passport
from tests.story import partner
from tests.story.acts import cards, dispatch, news, send_letter
from tests.story.offices import Town, town
from tests.story.test_repeats import ANOTHER, passports, return_id_of

MOSCOW, ANOTHERS = "edms@moscow.example", "edms@another.example"


@pytest.fixture
def two_partners(tmp_path: Path) -> Iterator[Town]:
    """Minsk, whose partners are Moscow and another one; both write their letters by hand."""
    with town(tmp_path, minsk={"partner": ANOTHER}) as offices:
        offices.post.delivers = False
        with people.at_work(offices.minsk.registry) as work:
            work.run(
                text(
                    "insert into correspondent (exchange_index, short_name, full_name, tax_id) values "
                    "('EX-ANOTHER', 'Другие', 'Другие', '')"
                )
            )
        yield offices


# --- From and what is behind it -------------------------------------------------------------------------------------

LETTER = partner.letter(partner.passport())
IMPOSTORS = {
    "two fields": b"From: who@nowhere.example\r\nFrom: edms@moscow.example",
    "two fields the other way round": b"From: edms@moscow.example\r\nFrom: who@nowhere.example",
    "two addresses": b"From: edms@moscow.example, who@nowhere.example",
    "a display name": b'From: "edms@moscow.example" <who@nowhere.example>',
    "a bare display name": b"From: edms@moscow.example <who@nowhere.example>",
    "an encoded display name": b"From: =?utf-8?q?edms=40moscow=2Eexample?= <who@nowhere.example>",
    "an encoded name that brings brackets": b"From: =?utf-8?b?PGVkbXNAbW9zY293LmV4YW1wbGU+?= <who@nowhere.example>",
    "a comment": b"From: who@nowhere.example (edms@moscow.example)",
    "a comment in the address": b"From: edms@moscow.example(x)@nowhere.example",
    "two angles": b"From: <edms@moscow.example> <who@nowhere.example>",
    "a route": b"From: <@moscow.example,@x.example:who@nowhere.example>",
    "a NUL": b"From: edms@moscow.example\0@nowhere.example",
    "a blank before the colon": b"From : edms@moscow.example\r\nFrom: who@nowhere.example",
    "a group": b"From: edms@moscow.example:who@nowhere.example;",
    "a quoted local part": b'From: "edms@moscow.example"@nowhere.example',
    "a parenthesis that closes nothing": b"From: edms@moscow.example)who@nowhere.example",
    "a folded second address": b"From: edms@moscow.example,\r\n who@nowhere.example",
    "only the sender": b"Sender: edms@moscow.example\r\nFrom: who@nowhere.example",
    "a domain that ends so": b"From: edms@evil-moscow.example",
    "no address at all": b"From:",
    "letters of another script": "From: еdms@moscow.example".encode(),
}


@pytest.mark.parametrize("envelope", [MOSCOW, "who@nowhere.example"])
def test_a_letter_that_only_looks_like_a_partners_is_parked_in_silence(offices: Town, envelope: str) -> None:
    """USENIX Security 2020, "Composition Kills"; CVE-2023-27043: even from the partner's own network."""
    letters = {how: LETTER.replace(b"From: edms@moscow.example", lines, 1) for how, lines in IMPOSTORS.items()}
    assert LETTER not in letters.values()

    numbers = {how: offices.minsk.receive(data, envelope) for how, data in letters.items()}
    offices.settle()

    assert [how for how, number in numbers.items() if offices.minsk.entry(number).state is not State.PARKED] == []
    assert cards(offices.minsk) == []
    assert offices.post.carried == []


@pytest.mark.parametrize(
    "sender",
    [
        "them\u200b@partner.example",
        "the\u043c@partner.example",  # Cyrillic м
        "th\u0435m@partner.example",  # Cyrillic е
        "\uff54hem@partner.example",  # a wide t
        "them@p\u0430rtner.example",
        "them@partner\uff0eexample",
        "them@partner\u3002example",
        "them@\uff50artner.example",
        "them@xn--prtner-4ve.example",
    ],
)
def test_a_sender_in_another_script_is_another_sender(sender: str) -> None:
    """UTS #39, RFC 6531: addresses are the ones that are written down, and none that look like them."""
    assert not proven(NETWORK, HERE, ("From", sender))


@pytest.mark.parametrize(("sender", "partners"), [("u\u017fer@partner.example", "user"), ("\u212aim@x.example", "kim")])
def test_letters_that_only_unicode_folds_are_not_the_same(sender: str, partners: str) -> None:
    """UTS #39: ``ſ`` and the Kelvin sign become s and k when case is folded, and so a stranger a partner."""
    domain = sender.rpartition("@")[2]

    assert sender.casefold() == f"{partners}@{domain}"
    assert caseless(sender) != caseless(f"{partners}@{domain}")


def test_the_case_of_latin_letters_and_the_form_of_a_domain_make_no_other_sender() -> None:
    """RFC 5321 §2.4, RFC 5890: what people write differently and mean alike."""
    assert proven(NETWORK, HERE, ("From", "THEM@Partner.Example"))
    assert caseless("A@почта.example") == caseless("a@xn--80a1acny.example")


# --- reports about documents of ours ------------------------------------------------------------------------------

KINDS = ("reception", "registration", "failure", "editing", "progress", "draft-progress")
TOLD = {
    "reception": {"received"},
    "registration": {"registered"},
    "failure": {"refused"},
    "editing": {"registered", "edited"},
    "progress": {"registered", "forwarded", "assigned", "executed", "redirected", "answered"},
    "draft-progress": {"directed", "signed"},
}


def report(kind: str, sender: str, return_id: str, uid: str) -> bytes:
    """The sample report of that *kind*, as if *sender* told it of the document *uid*."""
    written = passport(kind).decode().replace("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf", return_id)
    written = written.replace("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", uid)
    written = written.replace("HARBOUR-2", sender).replace("MEADOW-1", "EX-MINSK")
    files = {name: (SAMPLES / name).read_bytes() for name in FILES.get(kind, ())}
    address = MOSCOW if sender == "EX-MOSCOW" else ANOTHERS
    return partner.letter(written.encode(), files, sender=address, name="Report.xml")


UNKNOWN = "7f" * 16
FORGERIES = {
    "another partner with the right return id": ("EX-ANOTHER", True, True, "192.0.2.1", Reason.FORGED),
    "another partner with the right document": ("EX-ANOTHER", False, True, "192.0.2.1", Reason.UNKNOWN_EXCHANGE),
    "another partner with the id of its own exchange": ("EX-ANOTHER", None, True, "192.0.2.1", Reason.UNKNOWN_EXCHANGE),
    "the right partner, of nothing we know": ("EX-MOSCOW", False, False, "192.0.2.1", Reason.UNKNOWN_EXCHANGE),
    "the right name without its proof": ("EX-MOSCOW", True, True, "203.0.113.9", Reason.NO_PROOF),
    "nobody's index by a partner's channel": ("EX-NOBODY", True, True, "192.0.2.1", Reason.UNKNOWN_PARTNER),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_report_of_any_kind_changes_nothing_and_is_answered_by_nobody(two_partners: Town, how: str) -> None:
    """RFC 5321 §7.1, "Registered under No. 17": who tells it must be whom we wrote to, and prove it."""
    sender, knows_return, knows_document, peer, reason = FORGERIES[how]
    minsk = two_partners.minsk
    card = send_letter(minsk)
    two_partners.settle()
    minsk.receive(partner.letter(partner.passport(sender="EX-ANOTHER"), sender=ANOTHERS), ANOTHERS)
    two_partners.settle()
    before, sent, known = vars(dispatch(minsk, card)), len(minsk.outgoing()), news(minsk, card)
    return_id = {True: return_id_of(minsk), False: UNKNOWN, None: "0b" * 16}[knows_return]
    uid = document_of(two_partners) if knows_document else UNKNOWN

    numbers = [minsk.receive(report(kind, sender, return_id, uid), MOSCOW, peer=peer) for kind in KINDS]
    two_partners.settle()

    assert {(minsk.entry(number).state, minsk.entry(number).reason) for number in numbers} == {(State.PARKED, reason)}
    assert news(minsk, card) == known
    assert before["state"] == "sent"
    assert vars(dispatch(minsk, card)) == before
    assert len(minsk.outgoing()) == sent


@pytest.mark.parametrize("by", ["return id", "document"])
def test_the_same_reports_by_whom_we_wrote_to_are_believed(two_partners: Town, by: str) -> None:
    """Else the law above could not fail: with its return id, or without it by the document."""
    minsk = two_partners.minsk
    card = send_letter(minsk)
    two_partners.settle()
    return_id = return_id_of(minsk) if by == "return id" else "unknown"

    uid = document_of(two_partners)
    numbers = [minsk.receive(report(kind, "EX-MOSCOW", return_id, uid), MOSCOW) for kind in KINDS]
    two_partners.settle()

    assert {minsk.entry(number).state for number in numbers} == {State.DONE}
    assert {event for told in TOLD.values() for event in told} <= {*news(minsk, card)}


def test_a_year_later_the_ids_of_an_exchange_still_belong_to_its_partner_alone(two_partners: Town) -> None:
    """RFC 5321 §7.1: an old return id that leaked opens nothing either."""
    minsk = two_partners.minsk
    card = send_letter(minsk)
    two_partners.settle()
    told = report("registration", "EX-ANOTHER", return_id_of(minsk), document_of(two_partners))
    two_partners.clock.advance(days=366)

    number = minsk.receive(told, ANOTHERS)
    two_partners.settle()

    assert minsk.entry(number).reason is Reason.FORGED
    assert "registered" not in news(minsk, card)


def document_of(offices: Town) -> str:
    (uid,) = re.findall('<Document [^>]*UID="([^"]+)"', passports(offices.minsk.sent())[0])[:1]
    return str(uid)


# --- old letters, and ids of others -------------------------------------------------------------------------------


def test_a_letter_replayed_after_a_year_is_registered_no_second_time_and_answered_five_times_at_most(
    two_partners: Town,
) -> None:
    """Replay of a valid message: same bytes, same number, no new row; who replays it for ever hears five answers."""
    minsk = two_partners.minsk
    minsk.receive(LETTER, MOSCOW)
    two_partners.settle()
    (card,) = cards(minsk)
    answers = len(two_partners.post.carried)
    two_partners.clock.advance(days=366)

    for _ in range(8):
        minsk.receive(LETTER, MOSCOW)
        two_partners.settle()
        two_partners.clock.advance(minutes=20)

    assert [(each.id, each.number) for each in cards(minsk)] == [(card.id, card.number)]
    assert len(two_partners.post.carried) == 6 * answers
    first = [data for _, _, data in two_partners.post.carried[:answers]]
    assert [data for _, _, data in two_partners.post.carried] == first * 6


@pytest.mark.parametrize("poisoned_first", [True, False])
def test_a_partner_who_takes_anothers_ids_first_takes_nothing_away(two_partners: Town, poisoned_first: bool) -> None:
    """Idempotency keys begin with the proven partner: the same message id, document uid and return id do not meet."""
    minsk = two_partners.minsk
    theirs = partner.letter(partner.passport(sender="EX-ANOTHER", number="666"), sender=ANOTHERS)
    order = [(theirs, ANOTHERS), (LETTER, MOSCOW)]

    for data, sender in order if poisoned_first else reversed(order):
        minsk.receive(data, sender)
        two_partners.settle()

    assert {card.partner_number for card in cards(minsk)} == {"666", "77-1"}
    assert [entry.state for entry in minsk.incoming()] == [State.DONE, State.DONE]


def test_the_same_message_id_header_makes_no_two_letters_one(two_partners: Town) -> None:
    """RFC 5322 §3.6.4 cannot be enforced: a Message-ID is nobody's key, by itself or with a partner."""
    minsk = two_partners.minsk
    fixed = re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <same@moscow.example>", LETTER)
    other = partner.letter(partner.passport(message_id="3a" * 16, uid="3c" * 16, return_id="3b" * 16, number="77-2"))
    other = re.sub(rb"Message-ID: <[^>]*>", b"Message-ID: <same@moscow.example>", other)

    for data in (fixed, other):
        minsk.receive(data, MOSCOW)
        two_partners.settle()

    assert [card.partner_number for card in cards(minsk)] == ["77-1", "77-2"]


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(st.tuples(words, words, words), st.tuples(words, words, words))
def test_no_two_documents_share_an_exchange_by_where_their_words_are_cut(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """CWE-706: words are told apart by a NUL, which no word can hold, and purposes by their first word."""

    def exchange(office: str, sender: str, uid: str) -> str:
        return identity.incoming_exchange(office, PartnerId(sender), DocumentUid(uid))

    alike = (one[0].strip().casefold(), *one[1:]) == (other[0].strip().casefold(), *other[1:])
    assert (exchange(*one) == exchange(*other)) is alike
    assert exchange(*one) != identity.outgoing_exchange(one[0], PartnerId(one[1]), "", DocumentUid(one[2]))


def test_no_word_of_a_passport_can_hold_what_tells_words_apart() -> None:
    """XML 1.0 §2.2: a NUL, raw or as a reference, is refused before any digest is made."""
    for nul in ("\0", "&#0;", "&#x00;"):
        with pytest.raises(Refused):
            parse_xml(partner.passport(uid=f"a{nul}b").encode())


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_no_two_documents_share_a_digest_by_where_their_fields_are_cut(a: str, b: str, c: str, d: str) -> None:
    """CWE-706: a digest is made of JSON with the names of the fields, so a text never runs into the next."""
    one, other = (replace(DOCUMENT, subject=subject, note=note) for subject, note in ((a, b), (c, d)))

    assert (identity.document_digest(one) == identity.document_digest(other)) is ((a, b) == (c, d))
