# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sending clerk sees: from the first second, and when it goes wrong."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from gateway.inbound.worker import Worker
from gateway.journal import entries
from gateway.journal.entries import State
from gateway.model import Content
from gateway.outbound.dispatch import Dispatcher
from gateway.ports import Outcome, Phase, Posted
from gateway.retry import POST
from tests.story import partner
from tests.story.acts import ANNEX, LETTER, answer, cards, dispatch, do, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_repeats import passports


def notices(office: TownOffice, name: str) -> list[str]:
    """What lies in somebody's inbox beside documents."""
    with people.at_work(office.registry) as work:
        return [row.text for row in people.inbox(work, name) if row.kind == "notice"]


def test_a_queued_letter_shows_before_mail_has_it(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")
    card = send_letter(offices.minsk)

    offices.minsk.collector.round()

    assert dispatch(offices.minsk, card).state == "queued"


def test_a_relay_that_is_down_is_tried_again_after_one_minute_then_two(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")
    send_letter(offices.minsk)
    waits = []
    for _ in range(3):
        offices.minsk.work()
        (letter,) = offices.minsk.outgoing()
        assert letter.not_before is not None
        waits.append(round((letter.not_before - offices.clock.moment).total_seconds() / 60))
        offices.clock.moment = letter.not_before + timedelta(seconds=1)

    assert waits == [1, 2, 4]


def test_after_five_days_a_letter_has_failed_and_the_clerk_reads_why(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")
    card = send_letter(offices.minsk)
    for _ in range(40):
        offices.minsk.work()
        offices.clock.advance(hours=6)

    assert offices.minsk.outgoing()[0].state is State.FAILED
    assert dispatch(offices.minsk, card).state == "failed"
    assert "connection refused" in notices(offices.minsk, "Тихая")[0]


def test_a_rejection_fails_at_once_in_the_servers_words(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 no such user")
    card = send_letter(offices.minsk)

    offices.settle()

    assert dispatch(offices.minsk, card).state == "failed"
    assert "5.1.1 no such user" in notices(offices.minsk, "Тихая")[0]


def test_what_may_have_been_delivered_is_repeated_with_the_same_bytes_after_a_pause(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.post.answer = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "no answer after the dot")
    offices.minsk.work()
    (letter,) = offices.minsk.outgoing()

    assert letter.not_before is not None
    assert letter.not_before - offices.clock.moment > timedelta(minutes=14)
    assert letter.ambiguous_since is not None


def test_a_document_too_large_for_the_partner_is_said_on_the_card(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"channel": 'max_letter = "2 KiB"'}) as offices:
        card = send_letter(offices.minsk)

        offices.settle()

        assert offices.minsk.outgoing() == []
        assert "Письмо больше" in dispatch(offices.minsk, card).trouble
        assert notices(offices.minsk, "Тихая")


def test_an_organisation_without_an_agreement_is_said_on_the_card(offices: Town) -> None:
    card = send_letter_to_stranger(offices.minsk)

    offices.settle()

    assert offices.minsk.outgoing() == []
    assert "EX-NOBODY" in dispatch(offices.minsk, card).trouble


def send_letter_to_stranger(office: TownOffice) -> int:
    with people.at_work(office.registry) as work:
        work.run(text("insert into correspondent (exchange_index, short_name) values ('EX-NOBODY', 'Nobody')"))
    return send_letter(office, index="EX-NOBODY")


def test_a_refusal_lands_in_the_sending_clerks_inbox(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nunknown_addressee = "refuse"'}) as offices:
        card = send_letter(offices.minsk, to="Неведомский Н. Н.")

        offices.settle()

        row = dispatch(offices.minsk, card)
        assert row.state == "refused"
        assert "Адресат документа не найден" in row.refusal
        assert notices(offices.minsk, "Тихая")


def test_a_letter_that_failed_may_be_sent_again_by_the_clerk(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 no such user")
    card = send_letter(offices.minsk)
    offices.settle()
    offices.post.answer = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")

    do(offices.minsk, people.send_again, int(dispatch(offices.minsk, card).id))

    offices.settle()

    assert dispatch(offices.minsk, card).state == "registered"
    assert len(cards(offices.moscow)) == 1


# --- the answer ---------------------------------------------------------------------------------------------------


def links(office: TownOffice) -> list[Any]:  # Any: rows of the registry
    with people.at_work(office.registry) as work:
        return people.rows(work, "select card_id, other_id from card_link order by card_id")


def test_cards_are_linked_when_the_answer_overtakes_the_report_about_it(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    offices.post.delivers = False
    answer(offices.moscow, incoming.id)
    before = len(offices.post.carried)
    for _ in range(6):
        offices.moscow.work()
    late = [letter for letter in offices.post.carried[before:] if letter[0] == offices.moscow.address]
    offices.post.delivers = True
    document_first = sorted(late, key=lambda letter: b"Report.xml" in letter[2])
    assert len(document_first) == 2

    for sender, _, data in document_first:
        offices.minsk.receive(data, sender)
        offices.settle()

    (reply,) = cards(offices.minsk)
    assert [(link.card_id, link.other_id) for link in links(offices.minsk)] == [(card, reply.id), (reply.id, card)]
    assert "answered" in news(offices.minsk, card)


def test_an_answer_to_nothing_we_know_is_registered_and_marked_so(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    with people.at_work(offices.minsk.registry) as work:
        work.run(text("update card set uid = 'lost', number = 'lost'"))
    answer(offices.moscow, incoming.id)

    offices.settle()

    (reply,) = cards(offices.minsk)
    assert reply.number == "ВХ-1"
    with people.at_work(offices.minsk.registry) as work:
        assert [row.kind for row in people.mentioned(work, reply.id)] == ["В ответ на"]
    assert links(offices.minsk) == []


# --- workers ------------------------------------------------------------------------------------------------------


def test_a_worker_whose_claim_ran_out_leaves_its_letters_to_whoever_has_them(offices: Town) -> None:
    minsk = offices.minsk
    numbers = []
    for which in "12":
        inside = partner.passport(message_id=which * 32, return_id=which * 31 + "a", uid=which * 31 + "b", number=which)
        numbers.append(minsk.receive(partner.letter(inside), "edms@moscow.example"))
    slept: list[str] = []

    def sleep_over_it(name: str) -> None:
        """The slow worker stops for eleven minutes after the EDMS answered; the other one finds the claims void."""
        if name == "process:acted" and not slept:
            slept.append(name)
            offices.clock.advance(minutes=11)
            for _ in range(3):
                minsk.worker.work()

    slow = Worker("slow", replace(minsk.parts.desk(), failpoint=sleep_over_it), offices.clock.now, max_seconds=60)
    slow.work()

    assert [minsk.entry(number).state for number in numbers] == [State.DONE, State.DONE]
    assert [card.partner_number for card in cards(minsk)] == ["1", "2"]
    assert [entry.kind for entry in minsk.outgoing()].count("receipt") == 2


def test_a_letter_that_kills_its_worker_three_times_is_parked_and_its_neighbour_is_not(offices: Town) -> None:
    killer = offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")
    for _ in range(3):
        with offices.minsk.parts.journal.write() as tx:
            entries.claim(tx, "dead", 1, offices.clock.now(), timedelta(minutes=1))
        with offices.minsk.parts.journal.write() as tx:
            entries.release(tx, "dead", offices.clock.now())
    good = partner.passport(message_id="9a" * 16, return_id="9b" * 16, uid="9c" * 16, number="77-9")
    neighbour = offices.minsk.receive(partner.letter(good), "edms@moscow.example")

    for _ in range(3):
        offices.minsk.work()

    assert offices.minsk.entry(killer).state is State.PARKED
    assert offices.minsk.entry(neighbour).state is State.DONE


# --- time limits --------------------------------------------------------------------------------------------------


def test_an_overdue_receipt_is_said_on_the_card_once_with_what_was_proven_last(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    offices.clock.advance(minutes=61)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert row.state == "overdue"
    assert "нет подтверждения получения" in row.trouble
    assert "последнее доказанное: передан почте" in row.trouble
    assert len(notices(offices.minsk, "Тихая")) == 1


def test_a_late_receipt_is_accepted_and_shown_as_late(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    offices.clock.advance(minutes=61)
    offices.settle()
    offices.post.delivers = True
    sender, _, data = offices.post.carried[0]

    offices.moscow.receive(data, sender)
    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.partner_number) == ("registered", "ВХ-1")
    with people.at_work(offices.minsk.registry) as work:
        assert people.news(work, card)[0].text.startswith("После срока")


def test_nothing_is_overdue_once_the_document_is_registered(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    offices.clock.advance(days=3)

    offices.settle()

    assert dispatch(offices.minsk, card).state == "registered"


# --- one trouble is not everybody's -------------------------------------------------------------------------------


def test_a_bounce_that_overtakes_the_note_that_it_was_sent_stops_nobody(offices: Town) -> None:
    offices.post.delivers = False
    send_letter(offices.minsk)
    offices.minsk.collector.round()
    (letter,) = offices.minsk.outgoing()
    with offices.minsk.parts.journal.write() as tx:
        entries.take_due(tx, "minsk", 1, offices.clock.now(), timedelta(minutes=1))
        entries.bounced(tx, letter.id, "550 no", offices.clock.now())
    send_letter(offices.minsk)

    offices.settle()

    states = [one.state for one in offices.minsk.outgoing()]
    assert states == [State.FAILED, State.SENT]


def test_one_dispatch_row_that_is_gone_keeps_no_other_news_from_its_card(offices: Town) -> None:
    first, second = send_letter(offices.minsk), send_letter(offices.minsk)
    offices.minsk.collector.round()
    with people.at_work(offices.minsk.registry) as work:
        work.run(text(f"delete from dispatch where card_id = {first}"))

    offices.settle()

    assert dispatch(offices.minsk, second).state == "registered"


def test_one_document_to_two_organisations_of_one_partner_has_two_ladders(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"indices": '"EX-MOSCOW", "EX-TVER"'}) as offices:
        offices.post.delivers = False
        with people.at_work(offices.minsk.registry) as work:
            work.run(text("insert into correspondent (exchange_index, short_name) values ('EX-TVER', 'Тверь')"))
        card = send_letter(offices.minsk)
        with people.at_work(offices.minsk.registry) as work:
            people.send(work, card, "EX-TVER", clerk="Тихая", now=offices.clock.now())
        offices.settle()
        by_recipient = {recipients(passport): passport for passport in passports(offices.minsk.sent())}
        assert set(by_recipient) == {("EX-MOSCOW",), ("EX-TVER",)}
        tver = by_recipient["EX-TVER",]

        told = partner.report(
            message_id="1a" * 16,
            return_id=re.findall('ReturnID="([0-9a-f]+)"', tver)[0],
            uid="whatever",
            body="<Reception>2026-03-11T12:00:00+03:00</Reception>",
            kind="Reception",
            sender="EX-TVER",
        )
        offices.minsk.receive(partner.letter(told, {}, name="Report.xml"), "edms@moscow.example")
        offices.settle()

        with people.at_work(offices.minsk.registry) as work:
            states = {row.exchange_index: row.state for row in people.ladder(work, card)}
        assert states == {"EX-MOSCOW": "sent", "EX-TVER": "received"}


def recipients(passport: str) -> tuple[str, ...]:
    """The indices in the Recipient of a passport's header."""
    return tuple(re.findall('Organization UID="([^"]+)"', passport.partition("<Recipient>")[2].partition("</Recip")[0]))


def test_people_get_their_mail(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"top": 'human_address = "people@minsk.example"'}) as offices:
        data = b"From: edms@moscow.example\r\nSubject: Lunch?\r\n\r\nAt noon?\r\n"
        offices.minsk.receive(data, "edms@moscow.example")

        offices.settle()

        assert [(to, letter) for _, to, letter in offices.post.carried] == [("people@minsk.example", data)]


# --- as agreed with the partner -----------------------------------------------------------------------------------


def test_a_package_in_one_zip_arrives_as_well_as_its_files_do(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"channel": 'package = "zip"\nfile_names = "rfc2231"\nlanguage = "en"'}) as offices:
        card = send_letter(offices.minsk)

        offices.settle()

        (letter,) = [mail for mail in offices.minsk.sent() if mail["To"] == "edms@moscow.example"]
        parts = [part.get_content_type() for part in letter.walk() if not part.is_multipart()]
        assert parts == ["text/plain", "application/zip"]
        with people.at_work(offices.moscow.registry) as work:
            files = people.rows(work, "select name, content from card_file order by position")
        assert [(file.name, file.content) for file in files] == [("Письмо.pdf", LETTER), ("Приложение № 1.txt", ANNEX)]
        assert dispatch(offices.minsk, card).state == "registered"


def test_people_read_the_letter_in_the_partners_language(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"channel": 'language = "en"'}) as offices:
        send_letter(offices.minsk)

        offices.settle()

        letter, answer_in_russian = offices.minsk.sent()[0], offices.moscow.sent()[0]
        assert text_of(letter).startswith("Исполком, отделение в Минске sends a document.")
        assert text_of(answer_in_russian).startswith("Ваш документ № ИСХ-1 от 11 марта 2026 г. получен")


def text_of(mail: Any) -> str:  # Any: a message of the standard library
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return str(part.get_payload(decode=True).decode())


async def test_a_letter_claimed_by_a_commit_whose_answer_was_lost_is_sent_at_once(offices: Town) -> None:
    minsk, post = offices.minsk, offices.post
    post.delivers = False
    send_letter(minsk)
    minsk.collector.round()

    class Busy:
        """While the first letter is under way a second one is queued."""

        async def send(self, letter: Content, sender: str, recipient: str) -> Posted:
            if not post.carried:
                send_letter(minsk)
                minsk.collector.round()
            return await post.send(letter, sender, recipient)

        async def close(self) -> None:
            return

    noted: list[str] = []

    def lost(name: str) -> None:
        if name == "dispatch:noted" and not noted:
            noted.append(name)
            raise ConnectionError("the commit was made, its answer lost")

    dispatcher = Dispatcher(
        minsk.parts.journal,
        lambda entry: Busy(),
        offices.clock.now,
        POST,
        name="minsk.post",
        failpoint=lost,
        told=lambda: None,
    )
    with pytest.raises(ConnectionError):
        await dispatcher.run()
    again = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(20):
        while len(post.carried) < 2:
            await asyncio.sleep(0)
    again.cancel()

    assert len(post.carried) == 2
