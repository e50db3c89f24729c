# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that answer machines: nothing goes round twice, and nobody who did not ask hears from us."""

from email import message_from_bytes
from pathlib import Path

import pytest

from gateway.errors import Reason
from gateway.journal.entries import State
from tests.mail.letters import crlf
from tests.story import partner
from tests.story.acts import cards, send_letter
from tests.story.offices import Town, town

LUNCH = crlf("From: who@nowhere.example", "To: edms@minsk.example", "Subject: Lunch?", "Message-ID: <l@x>", "", "Noon?")


def arrive(offices: Town, data: bytes, sender: str = "edms@moscow.example") -> int:
    number = offices.minsk.receive(data, sender)
    offices.settle()
    return number


def test_two_gateways_that_take_each_other_for_their_people_stop_after_one_round(tmp_path: Path) -> None:
    """RFC 5321 §6.3, RFC 3834: each forwards people's mail to the other."""
    to = {name: {"top": f'human_address = "edms@{name}.example"'} for name in ("minsk", "moscow")}
    with town(tmp_path, minsk=to["moscow"], moscow=to["minsk"]) as offices:
        arrive(offices, LUNCH, sender="who@nowhere.example")

        assert [recipient for _, recipient, _ in offices.post.carried] == ["edms@moscow.example", "edms@minsk.example"]
        assert [entry.state for entry in offices.minsk.incoming()] == [State.DONE, State.PARKED]


def test_two_gateways_that_refuse_each_other_stop_after_one_round(tmp_path: Path) -> None:
    """RFC 3834 §2: a refusal is a report, and a report is owed nothing, whatever becomes of it."""
    nobody = {"channel": "senders = ['edms@minsk.example']", "indices": '"EX-SOMEBODY-ELSE"'}
    with town(tmp_path, moscow=nobody) as offices:
        send_letter(offices.minsk)
        offices.settle()
        arrive(offices, partner.letter(partner.passport(author=False)))

        assert [entry.kind for entry in offices.minsk.outgoing()] == ["document", "receipt", "report"]
        assert offices.moscow.outgoing() == []


def test_our_own_reports_coming_back_are_answered_by_nobody(offices: Town) -> None:
    """RFC 3834 §2: a partner's server sends every letter of ours straight back."""
    arrive(offices, partner.letter(partner.passport()))
    before = len(offices.post.carried)

    for _, _, ours in list(offices.post.carried):
        arrive(offices, ours)

    assert len(offices.post.carried) == before
    assert {entry.reason for entry in offices.minsk.incoming()[1:]} == {Reason.OUR_OWN}


def out_of_office(answered: bytes, *headers: str) -> bytes:
    about = message_from_bytes(answered)
    return crlf(
        "From: edms@moscow.example",
        "To: edms@minsk.example",
        f"Subject: Out of office: {about['Message-ID']}",
        f"In-Reply-To: {about['Message-ID']}",
        *headers,
        "",
        "I am away until Monday.",
    )


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "Precedence: bulk", "List-Id: <x.example>", ""],
)
def test_an_out_of_office_reply_to_a_report_is_left_alone(tmp_path: Path, header: str) -> None:
    """RFC 3834 §2: also one that does not say what it is; it is nobody's document and nobody's report."""
    with town(tmp_path) as offices:
        arrive(offices, partner.letter(partner.passport()))
        answers = list(offices.post.carried)

        for _, _, report in answers:
            arrive(offices, out_of_office(report, *([header] if header else [])))

        assert offices.post.carried == answers
        assert {entry.reason for entry in offices.minsk.incoming()[1:]} == {Reason.NO_PASSPORT}


def test_what_a_machine_wrote_is_not_forwarded_to_people(tmp_path: Path) -> None:
    """RFC 3834 §2: whoever reads the people's mail may be away too."""
    with town(tmp_path, minsk={"top": 'human_address = "people@minsk.example"'}) as offices:
        arrive(offices, LUNCH.replace(b"Subject:", b"Auto-Submitted: auto-generated\r\nSubject:"))

        assert offices.post.carried == []


def failed(message_id: str, *, to: str = "edms@minsk.example", action: str = "failed") -> bytes:
    """A delivery report about the letter of that Message-ID."""
    return crlf(
        "From: MAILER-DAEMON@relay.example",
        f"To: {to}",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        *("--b", "Content-Type: text/plain", "", "Sorry."),
        *("--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; relay.example", ""),
        *("Final-Recipient: rfc822; edms@moscow.example", f"Action: {action}", "Status: 5.1.1"),
        *("Diagnostic-Code: smtp; 550 5.1.1 no such mailbox", ""),
        *("--b", "Content-Type: text/rfc822-headers", "", f"Message-ID: <{message_id}>", "", "--b--"),
    )


def test_a_bounce_of_a_report_is_answered_by_nobody(offices: Town) -> None:
    """RFC 3464, RFC 3834 §2: the report has failed, and that is all."""
    arrive(offices, partner.letter(partner.passport()))
    before = len(offices.post.carried)

    for entry in offices.minsk.outgoing():
        arrive(offices, failed(entry.rfc_message_id), sender="")

    assert len(offices.post.carried) == before


@pytest.mark.parametrize(
    ("message_id", "to"),
    [
        ("0" * 32 + "@minsk.example", "edms@minsk.example"),
        ("%s@minsk.example", "edms@minsk.example"),
        ("x@nowhere.example", "edms+" + "0" * 32 + "-000000000000@minsk.example"),
        ("x@nowhere.example", "edms+{known}-000000000000@minsk.example"),
        ("x@nowhere.example", "edms+{known}-@minsk.example"),
        ("x@nowhere.example", "edms+-{known}@minsk.example"),
    ],
)
def test_a_bounce_that_cannot_know_our_letter_fails_nothing(tmp_path: Path, message_id: str, to: str) -> None:
    """RFC 3464, BATV: ids are HMACs, so a forger has none; a tag holds only with its own proof."""
    with town(tmp_path, minsk={"relay": 'bounce_sender = "tagged"'}) as offices:
        offices.post.delivers = False
        send_letter(offices.minsk)
        offices.settle()
        (ours,) = offices.minsk.outgoing()

        offices.minsk.receive(failed(message_id, to=to), "", recipients=(to.format(known=ours.message_id),))
        offices.settle()

        assert offices.minsk.outgoing()[0].state is State.SENT
        assert offices.minsk.incoming()[0].reason is Reason.BOUNCE


STRANGERS = {
    "a document": partner.letter(partner.passport(sender="EX-NOBODY"), sender="who@nowhere.example"),
    "a document in a partner's name": partner.letter(partner.passport(), sender="who@nowhere.example"),
    "a broken document": partner.letter(partner.passport()[:-40], sender="who@nowhere.example"),
    "a document type": partner.letter(
        partner.passport().replace("?>", "?><!DOCTYPE a>", 1), sender="who@nowhere.example"
    ),
    "a report": partner.letter(
        partner.report(message_id="1a" * 16, return_id="1b" * 16, uid="x", body="<Reception/>", kind="Reception"),
        {},
        sender="who@nowhere.example",
        name="Report.xml",
    ),
    "people's mail": LUNCH,
    "junk": b"\xff\x00junk" * 50,
    "a delivery report": failed("x@minsk.example"),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_whatever_a_stranger_sends_causes_no_letter_at_all(tmp_path: Path, what: str) -> None:
    """RFC 3834 §2, RFC 5321 §7: an address in ``From:`` is no address to write to."""
    with town(tmp_path) as offices:
        for peer in ("192.0.2.1", "203.0.113.9"):
            offices.minsk.receive(STRANGERS[what], "victim@elsewhere.example", peer=peer)
        offices.settle()

        assert offices.minsk.outgoing() == []
        assert offices.post.carried == []
        assert cards(offices.minsk) == []
