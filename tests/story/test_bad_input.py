# SPDX-License-Identifier: GPL-3.0-or-later
"""What must happen to letters that are not as they should be."""

import io
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import process_time

import pytest

from gateway.errors import Reason
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import cards, dispatch, inbox, send_letter
from tests.story.offices import Town, TownOffice, town


def arrive(office: TownOffice, data: bytes, *, peer: str = "192.0.2.1", sender: str = "edms@moscow.example") -> int:
    number = office.receive(data, sender, peer=peer)
    office.work()
    return number


# --- letters that cannot be taken apart ---------------------------------------------------------------------------

NESTED = b"".join(
    b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth) for depth in range(2000)
)
BAD_LETTERS = {
    "not mime": b"\x00\x01\x02" * 1000,
    "truncated": partner.letter(partner.passport())[:-200],
    "8-bit junk": bytes(range(256)) * 200,
    "2 000 nested parts": b"From: a@b.example\r\nMIME-Version: 1.0\r\n" + NESTED + b"\r\n",
    "a header of 64 KiB": b"From: a@b.example\r\nX-Long: " + b"x" * 65536 + b"\r\n\r\nbody\r\n",
    "duplicate headers": partner.letter(partner.passport()).replace(
        b"MIME-Version: 1.0", b"Content-Type: text/plain\r\nMIME-Version: 1.0", 1
    ),
}


@pytest.mark.parametrize("what", BAD_LETTERS)
def test_a_letter_that_cannot_be_taken_apart_is_parked_in_silence(offices: Town, what: str) -> None:
    began = process_time()
    number = arrive(offices.minsk, BAD_LETTERS[what])
    took = process_time() - began  # of the processor: a busy machine is not the letter's fault

    entry = offices.minsk.entry(number)
    assert entry.state is State.PARKED
    assert entry.reason is not None
    assert entry.detail
    assert offices.minsk.outgoing() == []
    assert took < 1


@pytest.mark.parametrize("what", BAD_LETTERS)
def test_the_letter_after_a_bad_one_is_processed(offices: Town, what: str) -> None:
    offices.minsk.receive(BAD_LETTERS[what], "edms@moscow.example")
    offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")

    offices.minsk.work()

    assert [card.partner_number for card in cards(offices.minsk)] == ["77-1"]


def test_an_unknown_charset_is_no_reason_to_lose_a_document(offices: Town) -> None:
    data = partner.letter(partner.passport()).replace(b'charset="utf-8"', b'charset="x-klingon"')

    arrive(offices.minsk, data)

    assert len(cards(offices.minsk)) == 1


# --- who sent it --------------------------------------------------------------------------------------------------


def test_a_stranger_hears_nothing(offices: Town) -> None:
    """RFC 3834: no backscatter."""
    data = partner.letter(partner.passport(sender="EX-NOBODY"), sender="who@nowhere.example")

    number = arrive(offices.minsk, data, sender="who@nowhere.example")
    offices.settle()

    assert offices.minsk.entry(number).reason is Reason.STRANGER
    assert offices.minsk.outgoing() == []
    assert cards(offices.minsk) == []


def test_a_partner_without_its_proof_hears_nothing(offices: Town) -> None:
    number = arrive(offices.minsk, partner.letter(partner.passport()), peer="203.0.113.9")
    offices.settle()

    assert offices.minsk.entry(number).reason is Reason.NO_PROOF
    assert offices.minsk.outgoing() == []


def test_a_channel_does_not_speak_for_organisations_that_are_not_its_own(offices: Town) -> None:
    number = arrive(offices.minsk, partner.letter(partner.passport(sender="EX-ELSEWHERE")))
    offices.settle()

    assert offices.minsk.entry(number).reason is Reason.UNKNOWN_PARTNER
    assert offices.minsk.outgoing() == []


# --- broken passports of a proven partner -------------------------------------------------------------------------

DOCTYPE = '<!DOCTYPE DocInfo [<!ENTITY a "aaaa">]>'
BROKEN: dict[str, tuple[str, int, str]] = {
    "cut off": (partner.passport()[:-40], 1001, ""),
    "a DOCTYPE": (partner.passport().replace("?>", f"?>{DOCTYPE}", 1), 1002, ""),
    "no MessageID": (partner.passport().replace(f'MessageID="{"0a" * 16}" ', ""), 1004, "MessageID"),
    "a listed file that did not come": (
        partner.passport(files={"letter[1].pdf": "letter.pdf", "annex[2].pdf": "annex.pdf"}),
        1005,
        "Resource",
    ),
    "no author": (partner.passport(author=False), 39, "Author"),
    "for somebody else": (partner.passport(recipient="EX-ELSEWHERE"), 1006, ""),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_partner_always_hears_why(offices: Town, what: str) -> None:
    broken, code, place = BROKEN[what]

    arrive(offices.minsk, partner.letter(broken))
    offices.settle()

    refusal = offices.minsk.sent()[-1]
    passport = next(part for part in refusal.walk() if part.get_content_type() == "application/xml")
    told = passport.get_payload(decode=True).decode("utf-8-sig")
    assert 'MessageType="Failure"' in told
    assert f'<Failure Code="{code}">' in told
    assert place in told
    assert cards(offices.minsk) == []


def test_what_cannot_be_identified_is_refused_as_unknown(offices: Town) -> None:
    arrive(offices.minsk, partner.letter(f'<DocInfo xmlns="{partner.SEV}"><Header '))
    offices.settle()

    refusal = offices.minsk.sent()[-1]
    passport = next(part for part in refusal.walk() if part.get_content_type() == "application/xml")
    told = passport.get_payload(decode=True).decode("utf-8-sig")
    assert 'ReturnID="unknown"' in told
    assert '<InitialDoc UID="unknown"><Number>б/н</Number>' in told
    assert refusal["To"] == "edms@moscow.example"


# --- leniencies ---------------------------------------------------------------------------------------------------


def in_a_folder_of_a_zip() -> bytes:
    """The package as one zip, in which everything lies in a folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("package/DocInfo.xml", partner.passport())
        archive.writestr("package/letter[1].pdf", partner.PDF)
    return partner.letter(made.getvalue(), {}, name="DocInfo.zip")


LENIENT: dict[str, bytes] = {
    "files in a folder of a zip": in_a_folder_of_a_zip(),
    "Size 0": partner.letter(partner.passport(size="0")),
    "Size wrong": partner.letter(partner.passport(size="99")),
    "no [N]": partner.letter(partner.passport(files={"letter.pdf": "letter.pdf"}), {"letter.pdf": partner.PDF}),
    "empty optional fields": partner.letter(
        partner.passport().replace(
            "<Consists>1</Consists><Annotation>About it</Annotation>", "<Consists/><Annotation/>"
        )
    ),
    "no files": partner.letter(partner.passport(files={}), {}),
}


@pytest.mark.parametrize("what", LENIENT)
def test_what_live_traffic_gets_wrong_is_registered_all_the_same(offices: Town, what: str) -> None:
    arrive(offices.minsk, LENIENT[what])

    assert [card.number for card in cards(offices.minsk)] == ["ВХ-1"]


# --- addressees ---------------------------------------------------------------------------------------------------

NOWHERE = "Неведомский Н. Н."


def minsk_with(receive: str) -> dict[str, str]:
    return {"partner": f"[[receive]]\n{receive}"}


def test_an_unknown_addressee_goes_to_the_default_inbox(offices: Town) -> None:
    arrive(offices.minsk, partner.letter(partner.passport(addressee=NOWHERE)))

    (card,) = cards(offices.minsk)
    assert card.state == "registered"
    assert "такого адресата нет" in card.route
    assert inbox(offices.minsk, "Тихая") == [card.id]


def test_an_unknown_addressee_may_wait_for_a_person(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('unknown_addressee = "wait"')) as offices:
        number = arrive(offices.minsk, partner.letter(partner.passport(addressee=NOWHERE)))

        assert offices.minsk.entry(number).state is State.WAITING
        assert [card.state for card in cards(offices.minsk)] == ["waiting"]


def test_an_unknown_addressee_may_be_refused(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('unknown_addressee = "refuse"')) as offices:
        number = arrive(offices.minsk, partner.letter(partner.passport(addressee=NOWHERE)))

        assert offices.minsk.entry(number).reason is Reason.UNKNOWN_ADDRESSEE
        assert cards(offices.minsk) == []


# --- mail that is none of our business ----------------------------------------------------------------------------

AUTOMATIC: dict[str, Callable[[], bytes]] = {
    "an auto-reply": lambda: (
        b"From: edms@moscow.example\r\nTo: edms@minsk.example\r\nAuto-Submitted: auto-replied\r\n"
        b"Subject: Out of office\r\n\r\nI am away.\r\n"
    ),
    "people's mail": lambda: b"From: edms@moscow.example\r\nSubject: Lunch?\r\n\r\nAt noon?\r\n",
    "our own mail coming back": lambda: partner.letter(
        partner.passport(sender="EX-MINSK"), sender="edms@minsk.example"
    ),
    "a report on nothing we sent": lambda: partner.letter(
        partner.report(
            message_id="1a" * 16,
            return_id="1b" * 16,
            uid="1c" * 16,
            body="<Reception>2026-03-11T12:00:00+03:00</Reception>",
            kind="Reception",
        ),
        {},
        name="Report.xml",
    ),
}


@pytest.mark.parametrize("what", AUTOMATIC)
def test_what_is_owed_nothing_gets_nothing(offices: Town, what: str) -> None:
    arrive(offices.minsk, AUTOMATIC[what]())
    offices.settle()

    assert offices.minsk.outgoing() == []
    assert offices.minsk.incoming()[0].state in (State.PARKED, State.DONE)


def bounce_of(message_id: str) -> bytes:
    return (
        b"From: MAILER-DAEMON@relay.example\r\nTo: edms@minsk.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        b"Final-Recipient: rfc822; edms@moscow.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 no such mailbox\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + message_id.encode() + b">\r\n\r\n--b--\r\n"
    )


def test_a_bounce_marks_its_letter_failed_and_tells_the_clerk(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    (sent,) = offices.minsk.outgoing()

    arrive(offices.minsk, bounce_of(sent.rfc_message_id), peer="192.0.2.200", sender="")
    offices.settle()

    assert offices.minsk.entry(sent.id).state is State.FAILED
    row = dispatch(offices.minsk, card)
    assert row.state == "failed"
    assert "550 5.1.1 no such mailbox" in row.trouble
    assert len(offices.minsk.outgoing()) == 1


# --- our own troubles ---------------------------------------------------------------------------------------------


@pytest.fixture
def broken_registry(offices: Town) -> Iterator[Callable[[bool], None]]:
    """Take Minsk's registry away, and give it back."""
    path = Path(offices.minsk.registry.removeprefix("sqlite:///"))
    away = path.with_suffix(".away")

    def away_is(gone: bool) -> None:
        offices.minsk.parts.edms.close()
        if gone:
            os.rename(path, away)
            path.mkdir()
        else:
            path.rmdir()
            os.rename(away, path)

    yield away_is
    if away.exists():
        away_is(False)


def test_with_the_edms_down_for_six_hours_the_receipt_goes_out_and_the_rest_waits(
    offices: Town, broken_registry: Callable[[bool], None]
) -> None:
    broken_registry(True)
    number = offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")
    for _ in range(6 * 12):
        offices.minsk.worker.work()
        offices.clock.advance(minutes=5)

    assert [entry.kind for entry in offices.minsk.outgoing()] == ["receipt"]
    assert offices.minsk.entry(number).state is State.ACCEPTED

    broken_registry(False)
    offices.clock.advance(minutes=5)
    offices.minsk.work()

    assert offices.minsk.entry(number).state is State.DONE
    assert [entry.kind for entry in offices.minsk.outgoing()] == ["receipt", "report"]


@pytest.fixture
def spoilt(offices: Town) -> None:
    """Let Minsk's registry fail at the document 77-1, and at no other."""
    with closing(sqlite3.connect(offices.minsk.registry.removeprefix("sqlite:///"))) as registry:
        registry.execute(
            "create trigger spoilt before insert on card when new.partner_number = '77-1' "
            "begin select raise(fail, 'no room for a deferred key'); end"
        )


def receive(office: TownOffice, place: int) -> int:
    letter = partner.passport(message_id=f"{place:032x}", uid=f"{place:032x}", number=f"77-{place}")
    return office.receive(partner.letter(letter), "edms@moscow.example")


@pytest.mark.usefixtures("spoilt")
def test_what_only_waited_for_the_edms_goes_before_the_document_it_fails_at(offices: Town) -> None:
    first, *others = [receive(offices.minsk, place) for place in range(1, 5)]
    for _ in range(3):
        offices.minsk.worker.work()
        offices.clock.advance(minutes=5)

    assert [offices.minsk.entry(number).state for number in others] == [State.DONE] * 3
    assert offices.minsk.entry(first).state is State.ACCEPTED


@pytest.mark.usefixtures("spoilt")
def test_a_document_the_edms_always_fails_at_is_parked_when_others_keep_going_through(offices: Town) -> None:
    numbers = []
    for place in range(1, 13):
        numbers.append(receive(offices.minsk, place))
        offices.minsk.worker.work()
        offices.clock.advance(minutes=5)
    offices.minsk.worker.work()

    first, *others = map(offices.minsk.entry, numbers)
    assert [entry.state for entry in others] == [State.DONE] * 11
    assert (first.state, first.reason) == (State.PARKED, Reason.DEFECT)
