# SPDX-License-Identifier: GPL-3.0-or-later
"""What mail servers tell of letters that went: believed of the right letter, and of no other."""

import asyncio
import re
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from gateway import identity
from gateway.errors import Reason
from gateway.journal import entries
from gateway.journal.entries import Entry, State
from gateway.model import MessageId
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import Outcome, Phase, Posted
from gateway.retry import POST
from tests.inbound import notices
from tests.inbound.notices import FAILURES, NOT_NOTICES
from tests.story import partner
from tests.story.acts import dispatch, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_repeats import passports

LOST = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "the connection was lost")


@pytest.fixture
def tagged(tmp_path: Path) -> Iterator[Town]:
    """Two offices; letters of Minsk have envelope senders of their own."""
    with town(tmp_path, minsk={"relay": 'bounce_sender = "tagged"'}) as offices:
        offices.post.delivers = False
        yield offices


@pytest.fixture
def plain(offices: Town) -> Town:
    offices.post.delivers = False
    return offices


def sent_letter(offices: Town) -> Entry:
    send_letter(offices.minsk)
    offices.settle()
    return offices.minsk.outgoing()[-1]


def hear(office: TownOffice, notice: bytes, *recipients: str, sender: str = "", source: str = "") -> Entry:
    """A mail server's notice comes to *office*; return its entry when it is done."""
    number = office.receive(notice, sender, peer="198.51.100.9", recipients=recipients, source=source)
    while office.work():
        pass
    return office.entry(number)


def outcomes(office: TownOffice, letter: Entry) -> list[str]:
    with office.parts.journal.read() as tx:
        return [attempt.outcome for attempt in entries.attempts(tx, letter.id)]


def passport_of(letter: Entry, offices: Town) -> str:
    """What lies inside *letter*, as the post carried it."""
    data = next(data for _, _, data in offices.post.carried if letter.rfc_message_id.encode() in data)
    (passport,) = passports([message_from_bytes(data)])
    return passport


def receipt(letter: Entry, offices: Town) -> bytes:
    """The partner's own receipt for *letter*, by its return id."""
    (return_id,) = re.findall('ReturnID="([0-9a-f]+)"', passport_of(letter, offices))
    told = partner.report(
        message_id="1a" * 16,
        return_id=return_id,
        uid="whatever",
        body="<Reception>2026-03-11T12:00:00+03:00</Reception>",
        kind="Reception",
    )
    return partner.letter(told, {}, name="Report.xml")


# --- whose it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", FAILURES)
def test_a_bounce_in_any_layout_fails_its_letter_and_no_other(plain: Town, layout: str) -> None:
    other, letter = sent_letter(plain), sent_letter(plain)

    heard = hear(plain.minsk, FAILURES[layout](letter.rfc_message_id, letter.recipient))

    assert (heard.state, heard.kind) == (State.DONE, "notice-failed")
    failed = plain.minsk.entry(letter.id)
    assert failed.state is State.FAILED
    assert notices.WORDS in failed.words
    assert plain.minsk.entry(other.id).state is State.SENT


@pytest.mark.parametrize("what", NOT_NOTICES)
def test_what_is_no_notice_changes_no_letter(plain: Town, what: str) -> None:
    letter = sent_letter(plain)

    hear(plain.minsk, NOT_NOTICES[what](letter.rfc_message_id, letter.recipient))

    assert plain.minsk.entry(letter.id) == letter


def test_a_bounce_with_a_sender_is_no_bounce(plain: Town) -> None:
    letter = sent_letter(plain)

    hear(plain.minsk, notices.postfix(letter.rfc_message_id, letter.recipient), sender="clerk@moscow.example")

    assert plain.minsk.entry(letter.id).state is State.SENT


@pytest.mark.parametrize(("path", "believed"), [("<>", True), ("<MAILER-DAEMON>", True), ("<who@x.example>", False)])
def test_in_a_mailbox_the_return_path_tells_the_null_sender(plain: Town, path: str, believed: bool) -> None:
    letter = sent_letter(plain)
    notice = notices.postfix(letter.rfc_message_id, letter.recipient)

    hear(plain.minsk, f"Return-Path: {path}\r\n".encode() + notice, source="imap:1:7:box")

    assert (plain.minsk.entry(letter.id).state is State.FAILED) is believed


def test_a_bounce_about_other_recipients_of_an_alias_is_laid_aside(plain: Town) -> None:
    letter = sent_letter(plain)
    groups = notices.status(notices.failed("a@moscow.example"), notices.failed("b@moscow.example"))

    heard = hear(plain.minsk, notices.report(notices.people("x"), groups, notices.headers(letter.rfc_message_id)))

    assert (heard.state, heard.reason, heard.exchange) == (State.PARKED, Reason.BOUNCE, letter.exchange)
    assert plain.minsk.entry(letter.id).state is State.SENT


def test_a_bounce_that_names_two_letters_of_ours_is_laid_aside(plain: Town) -> None:
    first, second = sent_letter(plain), sent_letter(plain)
    both = notices.headers(first.rfc_message_id), notices.headers(second.rfc_message_id)

    heard = hear(plain.minsk, notices.report(notices.status(notices.failed(first.recipient)), *both))

    assert (heard.state, heard.reason) == (State.PARKED, Reason.BOUNCE)
    assert [one.state for one in plain.minsk.outgoing()] == [State.SENT, State.SENT]


def test_a_bounce_of_a_letter_that_never_went_is_invented(plain: Town) -> None:
    send_letter(plain.minsk)
    plain.minsk.collector.round()
    (letter,) = plain.minsk.outgoing()
    number = plain.minsk.receive(notices.postfix(letter.rfc_message_id, letter.recipient), "")

    plain.minsk.worker.work()

    assert plain.minsk.entry(number).state is State.PARKED
    assert plain.minsk.entry(letter.id).state is State.QUEUED


# --- tagged (attack catalogue, row 13) ------------------------------------------------------------------------------


def test_a_bounce_to_a_letters_own_address_needs_no_headers(tagged: Town) -> None:
    letter = sent_letter(tagged)
    assert re.fullmatch(r"edms\+[a-z2-7]{43}@minsk\.example", letter.envelope_sender)

    hear(tagged.minsk, notices.postfix("something-else@minsk.example", letter.recipient), letter.envelope_sender)

    assert tagged.minsk.entry(letter.id).state is State.FAILED


def test_a_mailbox_tells_the_letters_own_address_in_its_headers(tagged: Town) -> None:
    letter = sent_letter(tagged)
    notice = notices.exim_warning("", letter.recipient)

    hear(tagged.minsk, f"Delivered-To: {letter.envelope_sender}\r\n".encode() + notice, source="imap:1:7:box")

    assert outcomes(tagged.minsk, letter) == ["sent", "delayed"]


def test_a_bounce_that_knows_the_message_id_but_not_the_address_is_not_believed(tagged: Town) -> None:
    letter = sent_letter(tagged)

    heard = hear(tagged.minsk, notices.postfix(letter.rfc_message_id, letter.recipient))

    assert (heard.state, heard.reason) == (State.PARKED, Reason.BOUNCE)
    assert tagged.minsk.entry(letter.id).state is State.SENT


def test_a_forged_tag_is_nobodys_address(tagged: Town) -> None:
    letter = sent_letter(tagged)
    sealer, now = tagged.minsk.parts.outbox.sealer, tagged.clock.now()
    forged = letter.envelope_sender.replace("@", "a@")[:5] + letter.envelope_sender[6:]

    assert sealer.bounce_for((letter.envelope_sender,), now) is not None
    assert sealer.bounce_for((forged,), now) is None
    assert sealer.bounce_for((f"edms+{'a' * 43}@minsk.example",), now) is None


def test_a_tag_lives_twenty_days_and_none_more(tagged: Town) -> None:
    letter = sent_letter(tagged)
    sealer = tagged.minsk.parts.outbox.sealer

    tagged.clock.advance(days=20)
    assert sealer.bounce_for((letter.envelope_sender,), tagged.clock.now()) is not None
    tagged.clock.advance(days=1)
    assert sealer.bounce_for((letter.envelope_sender,), tagged.clock.now()) is None
    tagged.clock.advance(days=-24)
    assert sealer.bounce_for((letter.envelope_sender,), tagged.clock.now()) is None


def test_an_expired_tag_changes_nothing(tagged: Town) -> None:
    letter = sent_letter(tagged)
    tagged.clock.advance(days=21)

    heard = hear(tagged.minsk, notices.postfix("", letter.recipient), letter.envelope_sender)

    assert heard.state is State.PARKED
    assert tagged.minsk.entry(letter.id).state is State.SENT


def test_a_tag_made_for_another_recipient_names_no_letter(tagged: Town) -> None:
    letter = sent_letter(tagged)
    sealer = tagged.minsk.parts.outbox.sealer
    other = identity.bounce_address(
        sealer.secret, "edms@minsk.example", MessageId(letter.message_id), "else@x.example", tagged.clock.now().date()
    )

    heard = hear(tagged.minsk, notices.postfix("", letter.recipient), other)

    assert heard.state is State.PARKED
    assert tagged.minsk.entry(letter.id).state is State.SENT


def test_a_tag_and_a_returned_letter_that_differ_are_laid_aside(tagged: Town) -> None:
    first, second = sent_letter(tagged), sent_letter(tagged)

    heard = hear(tagged.minsk, notices.postfix(second.rfc_message_id, first.recipient), first.envelope_sender)

    assert (heard.state, heard.reason) == (State.PARKED, Reason.BOUNCE)
    assert [one.state for one in tagged.minsk.outgoing()] == [State.SENT, State.SENT]


def test_a_tagged_notice_in_an_unknown_layout_is_laid_aside_beside_its_letter(tagged: Town) -> None:
    letter = sent_letter(tagged)

    heard = hear(tagged.minsk, b"From: x@relay.example\r\n\r\nEs ist etwas passiert.\r\n", letter.envelope_sender)

    assert (heard.state, heard.reason, heard.exchange) == (State.PARKED, Reason.BOUNCE, letter.exchange)
    assert tagged.minsk.entry(letter.id).state is State.SENT


def test_a_letter_that_waited_goes_under_a_tag_of_the_day_it_goes(tagged: Town) -> None:
    minsk, sealer = tagged.minsk, tagged.minsk.parts.outbox.sealer
    send_letter(minsk)
    minsk.collector.round()
    tagged.clock.advance(days=30)
    (letter,) = minsk.outgoing()
    dispatcher = Dispatcher(
        minsk.parts.journal,
        lambda entry: tagged.post,
        tagged.clock.now,
        POST,
        name="minsk",
        failpoint=minsk.parts.failpoint,
        told=lambda: None,
        sender_of=lambda entry, now: sealer.sender_today(entry.envelope_sender, entry.recipient, now),
    )

    asyncio.run(dispatcher.once())

    ((sender, _, _),) = tagged.post.carried
    assert sealer.bounce_for((letter.envelope_sender,), tagged.clock.now()) is None
    fresh = sealer.bounce_for((sender,), tagged.clock.now())
    assert fresh is not None
    assert fresh.message_id == letter.message_id
    assert sealer.is_for(fresh, letter.recipient)


# --- what is believed -----------------------------------------------------------------------------------------------


def test_a_bounce_is_heard_once_however_often_it_comes(plain: Town) -> None:
    letter = sent_letter(plain)
    notice = notices.postfix(letter.rfc_message_id, letter.recipient)
    hear(plain.minsk, notice)
    with plain.minsk.parts.journal.write() as tx:
        entries.retry(tx, letter.id, now=plain.clock.now(), who="olga", why="their server is back")
    plain.settle()
    assert plain.minsk.entry(letter.id).state is State.SENT

    again = hear(plain.minsk, notice)

    assert plain.minsk.entry(letter.id).state is State.SENT
    assert again.state is State.DONE
    assert again.detail.startswith("came before as letter")


def test_a_bounce_after_the_partners_own_receipt_is_shown_as_a_contradiction(plain: Town) -> None:
    letter = sent_letter(plain)
    plain.minsk.receive(receipt(letter, plain), "edms@moscow.example")
    plain.settle()

    heard = hear(plain.minsk, notices.postfix(letter.rfc_message_id, letter.recipient))

    assert plain.minsk.entry(letter.id).state is State.SENT
    assert heard.detail.startswith("contradicts the partner's own receipt: ")
    assert heard.exchange == letter.exchange
    assert outcomes(plain.minsk, letter) == ["sent", "contradiction"]


def test_a_delay_is_shown_and_final_in_no_way(plain: Town) -> None:
    card = send_letter(plain.minsk)
    plain.settle()
    (letter,) = plain.minsk.outgoing()

    hear(plain.minsk, notices.delay(letter.rfc_message_id, letter.recipient))

    now = plain.minsk.entry(letter.id)
    assert (now.state, now.delayed_since is not None, now.words) == (State.SENT, True, "smtp; 451 busy")
    assert dispatch(plain.minsk, card).state == "sent"
    assert outcomes(plain.minsk, letter) == ["sent", "delayed"]
    with plain.minsk.parts.journal.read() as tx:
        assert entries.unsettled(tx, plain.clock.now()).delayed == 1


def test_a_delay_is_over_when_the_partner_reports(plain: Town) -> None:
    letter = sent_letter(plain)
    hear(plain.minsk, notices.delay(letter.rfc_message_id, letter.recipient))

    plain.minsk.receive(receipt(letter, plain), "edms@moscow.example")
    plain.settle()

    assert plain.minsk.entry(letter.id).delayed_since is None


@pytest.mark.parametrize(("action", "at"), [("delivered", True), ("relayed", False), ("expanded", False)])
def test_a_notice_of_success_is_evidence_and_no_receipt(plain: Town, action: str, at: bool) -> None:
    card = send_letter(plain.minsk)
    plain.settle()
    (letter,) = plain.minsk.outgoing()

    hear(plain.minsk, notices.success(letter.rfc_message_id, letter.recipient, action))

    now = plain.minsk.entry(letter.id)
    assert (now.state, now.delivered_at is not None) == (State.SENT, at)
    assert dispatch(plain.minsk, card).state == "sent"
    assert outcomes(plain.minsk, letter)[1:] == ["delivered" if at else "relayed"]


def test_a_bounce_after_a_notice_of_delivery_is_shown_as_a_contradiction(plain: Town) -> None:
    letter = sent_letter(plain)
    hear(plain.minsk, notices.success(letter.rfc_message_id, letter.recipient))

    hear(plain.minsk, notices.postfix(letter.rfc_message_id, letter.recipient))

    assert plain.minsk.entry(letter.id).state is State.SENT
    assert outcomes(plain.minsk, letter) == ["sent", "delivered", "contradiction"]


# --- perhaps delivered ----------------------------------------------------------------------------------------------


def lost_letter(offices: Town) -> Entry:
    """Minsk sends a letter; the next server takes it, and its answer is lost."""
    send_letter(offices.minsk)
    offices.minsk.collector.round()
    (letter,) = offices.minsk.outgoing()
    with offices.minsk.parts.journal.write() as tx:
        data = b"".join(entries.letter(tx, offices.minsk.parts.journal.blobs, letter.id).blocks())
    offices.post.carried.append((letter.envelope_sender, letter.recipient, data))
    carries, offices.post.answer = offices.post.answer, LOST
    asyncio.run(offices.minsk.dispatcher.once())
    offices.post.answer = carries
    return offices.minsk.entry(letter.id)


def test_a_letter_that_is_perhaps_delivered_is_counted_with_the_oldest(plain: Town) -> None:
    letter = lost_letter(plain)

    with plain.minsk.parts.journal.read() as tx:
        found = entries.unsettled(tx, plain.clock.now())
    assert (found.ambiguous, found.ambiguous_oldest) == (1, letter.created_at)


def test_a_letter_that_is_perhaps_delivered_goes_no_more_once_the_partner_reports(plain: Town) -> None:
    letter = lost_letter(plain)
    plain.minsk.receive(receipt(letter, plain), "edms@moscow.example")

    plain.settle()
    plain.clock.advance(days=1)
    plain.settle()

    now = plain.minsk.entry(letter.id)
    assert (now.state, now.words, now.ambiguous_since) == (State.SENT, "proven by the partner's report", None)
    assert len(plain.post.carried) == 1


@pytest.mark.parametrize("notice", [notices.delay, notices.success])
def test_a_letter_that_is_perhaps_delivered_goes_no_more_once_a_server_says_it_has_it(plain: Town, notice) -> None:
    letter = lost_letter(plain)

    hear(plain.minsk, notice(letter.rfc_message_id, letter.recipient))

    now = plain.minsk.entry(letter.id)
    assert (now.state, now.ambiguous_since) == (State.SENT, None)


def test_a_report_without_a_return_id_proves_no_letter(plain: Town) -> None:
    letter = lost_letter(plain)
    (uid,) = re.findall(r'<Document [^>]*\bUID="([^"]+)"', passport_of(letter, plain))
    told = partner.report(
        message_id="2a" * 16,
        return_id="unknown",
        uid=uid,
        body="<Reception>2026-03-11T12:00:00+03:00</Reception>",
        kind="Reception",
    )
    number = plain.minsk.receive(partner.letter(told, {}, name="Report.xml"), "edms@moscow.example")

    plain.minsk.worker.work()

    assert plain.minsk.entry(number).exchange == letter.exchange
    assert plain.minsk.entry(letter.id).state is State.QUEUED


def test_a_letter_given_up_while_perhaps_delivered_is_settled_when_the_partner_reports(plain: Town) -> None:
    letter = lost_letter(plain)
    plain.clock.advance(days=6)
    carries, plain.post.answer = plain.post.answer, LOST
    asyncio.run(plain.minsk.dispatcher.once())
    plain.post.answer = carries
    assert plain.minsk.entry(letter.id).state is State.FAILED

    plain.minsk.receive(receipt(letter, plain), "edms@moscow.example")
    plain.settle()

    now = plain.minsk.entry(letter.id)
    assert (now.state, now.ambiguous_since) == (State.SENT, None)


def test_a_report_from_the_null_sender_to_a_letters_own_address_is_a_report(tagged: Town) -> None:
    """RFC 3834 §3.3 lets a machine answer so; it is the partner's word and no mail server's."""
    letter = sent_letter(tagged)

    number = tagged.minsk.receive(receipt(letter, tagged), "", recipients=(letter.envelope_sender,))
    tagged.settle()

    told = tagged.minsk.entry(number)
    assert (told.state, told.kind, told.reason) == (State.DONE, "receipt", None)
