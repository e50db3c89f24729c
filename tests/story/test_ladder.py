# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: a document travels, is registered by itself, and everything done with it comes home."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.edms_adapter.registry import people
from gateway.inbound.worker import Worker
from tests.story import partner
from tests.story.acts import ANNEX, LETTER, answer, cards, dispatch, do, inbox, instruct, news, send_letter
from tests.story.offices import Town
from tests.story.test_repeats import passports


def test_a_document_is_registered_by_itself_and_lies_in_the_chosen_inbox(offices: Town) -> None:
    send_letter(offices.minsk)

    offices.settle()

    (card,) = cards(offices.moscow)
    assert card.number == "ВХ-1"
    assert card.partner_number == "ИСХ-1"
    assert inbox(offices.moscow, "Берёзкина") == [card.id]


def test_the_files_arrive_byte_for_byte_under_their_names(offices: Town) -> None:
    send_letter(offices.minsk)

    offices.settle()

    with people.at_work(offices.moscow.registry) as work:
        files = people.rows(work, "select name, content from card_file order by position")
    assert [(file.name, file.content) for file in files] == [("Письмо.pdf", LETTER), ("Приложение № 1.txt", ANNEX)]


def test_the_senders_own_card_shows_the_partners_number(offices: Town) -> None:
    card = send_letter(offices.minsk)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.partner_number, row.partner_date) == ("registered", "ВХ-1", "2026-03-11")
    assert row.queued_at is not None
    assert row.relay_words == "2.0.0 Ok: queued as HAND"
    assert row.received_at is not None


def test_the_receipt_leaves_before_the_registration(offices: Town) -> None:
    send_letter(offices.minsk)

    offices.settle()

    kinds = [entry.kind for entry in offices.moscow.outgoing()]
    assert kinds == ["receipt", "report"]


def test_the_registration_report_tells_the_first_forwarding_too(offices: Town) -> None:
    card = send_letter(offices.minsk)

    offices.settle()

    assert news(offices.minsk, card) == ["received", "registered", "forwarded"]
    assert len(offices.moscow.outgoing()) == 2


def test_every_rung_of_an_instruction_comes_home(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    instruction = instruct(offices.moscow, incoming.id)
    offices.settle()
    do(offices.moscow, people.change_deadline, instruction, date(2026, 4, 1), by="Берёзкина")
    offices.settle()
    do(offices.moscow, people.report, instruction, "Ответ подготовлен", by="Кленов")
    offices.settle()
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина")
    offices.settle()

    assert news(offices.minsk, card)[3:] == ["assigned", "due_changed", "executor_reported", "executed"]


def test_everything_done_between_two_looks_comes_home_in_one_report(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    instruction = instruct(offices.moscow, incoming.id)
    do(offices.moscow, people.report, instruction, "Готово", by="Кленов")
    do(offices.moscow, people.close, instruction, "Исполнено", by="Берёзкина")

    offices.settle()

    assert news(offices.minsk, card)[3:] == ["assigned", "executor_reported", "executed"]
    assert len(offices.moscow.outgoing()) == 3


def test_an_answer_is_registered_by_itself_and_both_cards_are_linked(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    answer(offices.moscow, incoming.id)
    offices.settle()

    (reply,) = cards(offices.minsk)
    with people.at_work(offices.minsk.registry) as work:
        links = people.rows(work, "select card_id, other_id from card_link order by card_id")
    assert [(link.card_id, link.other_id) for link in links] == [(card, reply.id), (reply.id, card)]
    assert "answered" in news(offices.minsk, card)
    assert dispatch(offices.moscow, incoming.id + 1).partner_number == reply.number


def test_the_subscriptions_last_day_ends_the_reports(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    offices.clock.advance(days=31)

    instruct(offices.moscow, incoming.id)
    offices.settle()

    assert "assigned" not in news(offices.minsk, card)


def test_texts_of_people_leave_only_by_agreement(offices: Town) -> None:
    send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)

    instruct(offices.moscow, incoming.id)
    offices.settle()

    report = offices.moscow.sent()[-1]
    passport = [part for part in report.walk() if part.get_content_type() == "application/xml"]
    assert "Прошу подготовить ответ" not in passport[0].get_payload(decode=True).decode("utf-8-sig")


def test_a_deadline_that_moves_there_and_back_comes_home_both_times(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (incoming,) = cards(offices.moscow)
    instruction = instruct(offices.moscow, incoming.id)
    offices.settle()
    for day in (28, 25, 28):
        do(offices.moscow, people.change_deadline, instruction, date(2026, 3, day), by="Берёзкина")
        offices.settle()

    assert news(offices.minsk, card)[4:] == ["due_changed", "due_changed", "due_changed"]


def test_a_task_that_was_sent_keeps_its_uid_and_its_execution_comes_home_to_that_task(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    with people.at_work(minsk.registry) as work:
        card = people.write_card(
            work, "С поручением", {"Письмо.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=minsk.clock.now()
        )
        sent = people.instruct(
            work,
            card,
            "Подготовить ответ",
            author="Озёрный",
            executors=["Кленов П. И."],
            now=minsk.clock.now(),
            deadline=date(2026, 3, 25),
            organisation="Исполком, отделение в Москве",
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=minsk.clock.now(), to="Берёзкина А. В.")
    offices.settle()
    with people.at_work(moscow.registry) as work:
        (theirs,) = people.rows(work, "select * from instruction")
    with people.at_work(minsk.registry) as work:
        (ours,) = people.rows(work, "select * from instruction")
    assert theirs.uid == ours.uid

    do(moscow, people.report, theirs.id, "Ответ готов", by="Кленов")
    do(moscow, people.close, theirs.id, "Исполнено", by="Берёзкина")
    offices.settle()

    with people.at_work(minsk.registry) as work:
        told = [(row.event, row.instruction_id) for row in people.news(work, card) if row.instruction_id]
    assert ("executor_reported", sent) in told
    assert ("executed", sent) in told


def test_what_people_see_before_the_registration_is_written_down_is_told_with_it(offices: Town) -> None:
    offices.post.delivers = False
    offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")

    def die(name: str) -> None:
        if name == "process:acted":
            raise KeyboardInterrupt

    dying = Worker("dying", replace(offices.minsk.parts.desk(), failpoint=die), offices.clock.now, max_seconds=60)
    with pytest.raises(KeyboardInterrupt):
        dying.work()
    offices.minsk.collector.round()  # the card and its inbox are in the registry, the journal knows nothing of them
    offices.clock.advance(minutes=11)  # the dead worker's lease runs out
    offices.settle()

    told = [passport for passport in passports(offices.minsk.sent()) if 'MessageType="Report"' in passport]
    assert len(told) == 1
    assert told[0].index("<Registration ") < told[0].index("<Forwarding>")
