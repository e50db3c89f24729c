# SPDX-License-Identifier: GPL-3.0-or-later
"""The sender changes his mind: a document taken back, completed or changed after it was sent."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from gateway.journal import entries, exchanges
from gateway.journal.entries import State
from gateway.outbound.collect import Collector
from gateway.ports import Outcome, Phase, Posted
from tests.story import partner
from tests.story.acts import LETTER, answer, cards, dispatch, do, inbox, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_repeats import passports, rows
from tests.story.test_sending import notices

DOWN = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")
OK = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")
EXTRA = b"%PDF-1.4 forgotten"


def withdraw(office: TownOffice, card: int) -> None:
    do(office, people.withdraw, int(dispatch(office, card).id), "ошибочно")


def send_changes(office: TownOffice, card: int) -> None:
    do(office, people.send_changes, int(dispatch(office, card).id))


def add_file(office: TownOffice, card: int, name: str = "Забытое.pdf", content: bytes = EXTRA) -> None:
    with people.at_work(office.registry) as work:
        people.add_file(work, card, name, content)


def task_for_moscow(office: TownOffice, card: int, words: str = "Подготовить ответ", deadline: int = 25) -> int:
    key: int = do(
        office,
        people.instruct,
        card,
        words,
        author="Озёрный",
        executors=["Кленов П. И."],
        deadline=date(2026, 3, deadline),
        organisation="EX-MOSCOW",
    )
    return key


def documents(office: TownOffice) -> list[str]:
    """The passports of documents and additions that *office* sent, oldest first."""
    return [passport for passport in passports(office.sent()) if "<DocInfo" in passport]


def files_of(passport: str) -> list[str]:
    return re.findall("<Description>([^<]+)</Description>", passport)


def attribute(passport: str, name: str) -> str:
    return re.findall(f' {name}="([^"]*)"', passport)[0]


class Crash(Exception):
    """The machine stopped here."""


@contextmanager
def crashing(office: TownOffice, where: str) -> Iterator[Collector]:
    """Give a collector that stops at the failpoint *where*."""

    def fail(name: str) -> None:
        if name == where:
            raise Crash(name)

    yield replace(office.collector, failpoint=fail)


# --- taken back in time -------------------------------------------------------------------------------------------


def test_a_document_taken_back_before_anybody_looked_is_never_sent(offices: Town) -> None:
    card = send_letter(offices.minsk)
    withdraw(offices.minsk, card)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.withdrawal) == ("cancelled", "отменено, не отправлялось")
    assert offices.minsk.outgoing() == []
    assert offices.post.carried == []


def test_a_queued_document_that_is_taken_back_is_never_sent_and_nothing_is_overdue(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    with offices.minsk.parts.journal.read() as tx:
        exchange = exchanges.by_outgoing_ref(tx, str(dispatch(offices.minsk, card).id))
    assert exchange is not None
    assert (exchange.open, exchange.due_at) == (False, None)
    offices.post.answer = OK
    offices.clock.advance(days=3)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.withdrawal, row.trouble) == ("cancelled", "отменено, не отправлялось", None)
    assert [letter.state for letter in offices.minsk.outgoing()] == [State.CANCELLED]
    assert offices.post.carried == []
    assert notices(offices.minsk, "Тихая") == ["Отзыв: отменено, не отправлялось"]


def test_a_letter_that_was_taken_back_cannot_be_sent_by_an_operator_either(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    (letter,) = offices.minsk.outgoing()

    with pytest.raises(ValueError, match="cancelled"), offices.minsk.parts.journal.write() as tx:
        entries.retry(tx, letter.id, who="operator", why="a mistake", now=offices.clock.now())


def test_a_letter_in_somebodys_hands_is_not_called_back_but_awaited(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.minsk.collector.round()
    (letter,) = offices.minsk.outgoing()
    with offices.minsk.parts.journal.write() as tx:
        entries.take_due(tx, "elsewhere", 1, offices.clock.now(), timedelta(minutes=30))
    withdraw(offices.minsk, card)
    offices.minsk.collector.round()
    assert (offices.minsk.entry(letter.id).state, dispatch(offices.minsk, card).withdrawal) == (State.QUEUED, None)

    with offices.minsk.parts.journal.write() as tx:
        entries.attempted(tx, letter.id, OK, offices.clock.now(), None, worker="elsewhere")
    offices.minsk.collector.round()

    assert offices.minsk.entry(letter.id).state is State.SENT
    assert dispatch(offices.minsk, card).withdrawal.startswith("отправлено 11.03.2026")


def test_a_letter_that_came_back_undelivered_is_not_said_to_be_with_the_recipient(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    (letter,) = offices.minsk.outgoing()
    with offices.minsk.parts.journal.write() as tx:
        entries.bounced(tx, letter.id, "550 no such user", offices.clock.now())
    offices.settle()

    withdraw(offices.minsk, card)
    offices.settle()

    assert dispatch(offices.minsk, card).withdrawal == "отменено, доставить не удалось, больше не отправляется"


def test_what_may_have_been_delivered_is_sent_no_more_and_the_doubt_is_said(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.post.answer = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "no answer after the dot")
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    offices.post.answer = OK
    offices.clock.advance(days=1)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert row.state == "cancelled"
    assert "письмо могло дойти: сообщите получателю" in row.withdrawal
    assert offices.post.carried == []


def test_a_receipt_for_what_was_taken_back_is_shown_and_nothing_more_is_expected(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.post.answer = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "no answer after the dot")
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    with offices.minsk.parts.journal.read() as tx:
        exchange = exchanges.by_outgoing_ref(tx, str(dispatch(offices.minsk, card).id))
    assert exchange is not None
    told = partner.report(
        message_id="1a" * 16,
        return_id=exchange.return_id,
        uid=exchange.document_uid,
        body="<Reception>2026-03-11T12:00:00+03:00</Reception>",
        kind="Reception",
    )
    offices.minsk.receive(partner.letter(told, {}, name="Report.xml"), "edms@moscow.example")
    offices.settle()
    offices.clock.advance(days=3)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.trouble) == ("received", None)


def test_a_document_that_was_taken_back_may_be_sent_after_all(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    offices.post.answer = OK

    do(offices.minsk, people.send_again, int(dispatch(offices.minsk, card).id))
    offices.settle()

    assert dispatch(offices.minsk, card).state == "registered"
    assert len(cards(offices.moscow)) == 1


def test_a_crash_before_the_clerk_was_answered_changes_nothing_about_the_answer(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    withdraw(offices.minsk, card)
    with crashing(offices.minsk, "withdraw:decided") as collector:
        collector.round()
    assert dispatch(offices.minsk, card).withdrawal is None

    offices.minsk.collector.round()

    assert dispatch(offices.minsk, card).withdrawal == "отменено, не отправлялось"
    assert len(notices(offices.minsk, "Тихая")) == 1


# --- too late -----------------------------------------------------------------------------------------------------


def test_what_waits_there_cannot_be_withdrawn_and_the_clerk_is_told_what_was_possible(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nregister = "wait"'}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        withdraw(offices.minsk, card)

        offices.settle()

        row = dispatch(offices.minsk, card)
        assert row.state == "received"
        assert re.fullmatch(
            r"отправлено 11\.03\.2026 10:00, получено 11\.03\.2026 10:00; СЭВ не умеет отзывать: сообщите получателю",
            row.withdrawal,
        )
        assert notices(offices.minsk, "Тихая") == [f"Отзыв: {row.withdrawal}"]
        assert len(cards(offices.moscow, "state = 'waiting'")) == 1


def test_without_a_receipt_the_clerk_is_told_so(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    withdraw(offices.minsk, card)

    offices.settle()

    assert "получение не подтверждено; СЭВ не умеет отзывать" in dispatch(offices.minsk, card).withdrawal


def test_what_is_registered_there_is_never_deleted_and_the_clerk_reads_its_number(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    withdraw(offices.minsk, card)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert row.state == "registered"
    assert row.withdrawal.startswith("зарегистрировано у получателя № ВХ-1 от 11.03.2026")
    assert [one.state for one in cards(offices.moscow)] == ["registered"]


def test_what_was_refused_there_needs_no_withdrawal(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": '[[receive]]\nunknown_addressee = "refuse"'}) as offices:
        card = send_letter(offices.minsk, to="Неведомский Н. Н.")
        offices.settle()
        withdraw(offices.minsk, card)

        offices.settle()

        row = dispatch(offices.minsk, card)
        assert (row.state, row.withdrawal) == ("refused", "получатель отказал в регистрации, отзывать нечего")


# --- what changed goes as an addition -----------------------------------------------------------------------------


def test_a_forgotten_file_goes_as_an_addition_and_the_ladder_stays_on_its_row(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)

    offices.settle()

    first, added = documents(offices.minsk)
    assert 'MessageType="AddToDoc"' in added
    assert files_of(added) == ["Забытое.pdf"]
    assert attribute(added, "UID")
    assert re.findall('Document UID="([^"]+)"', added) == re.findall('Document UID="([^"]+)"', first)
    assert attribute(first, "ReturnID") != attribute(added, "ReturnID")
    names = [row.name for row in rows(offices.moscow, "select name from card_file order by id")]
    assert names == ["Письмо.pdf", "Приложение № 1.txt", "Забытое.pdf"]
    row = dispatch(offices.minsk, card)
    assert (row.state, row.changes_state) == ("registered", "sent")
    assert row.changes_words == "дополнение: файлов 1, поручений 0"
    assert news(offices.minsk, card)[-1] == "edited"


def test_news_told_to_either_return_id_reaches_the_same_row(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.settle()

    answer(offices.moscow, cards(offices.moscow)[0].id)
    offices.settle()

    assert "answered" in news(offices.minsk, card)
    with people.at_work(offices.minsk.registry) as work:
        assert len(people.ladder(work, card)) == 1


def test_only_new_and_changed_tasks_go_with_an_addition(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    with people.at_work(minsk.registry) as work:
        now = minsk.clock.now()
        card = people.write_card(work, "О", {"Письмо.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=now)
    moved = task_for_moscow(minsk, card, "Подготовить ответ")
    task_for_moscow(minsk, card, "Представить отчёт")
    do(minsk, people.send, card, "EX-MOSCOW", clerk="Тихая")
    offices.settle()

    do(minsk, people.change_deadline, moved, date(2026, 4, 1), by="Озёрный")
    task_for_moscow(minsk, card, "Прибыть на совещание")
    send_changes(minsk, card)
    offices.settle()

    added = documents(minsk)[-1]
    assert re.findall("<Text>([^<]+)</Text>", added) == ["Подготовить ответ", "Прибыть на совещание"]
    assert files_of(added) == []
    there = rows(moscow, "select text, deadline from instruction order by id")
    assert [(row.text, str(row.deadline)) for row in there] == [
        ("Подготовить ответ", "2026-04-01"),
        ("Представить отчёт", "2026-03-25"),
        ("Прибыть на совещание", "2026-03-25"),
    ]


def test_a_task_that_comes_later_lies_in_its_executors_inbox_as_one_that_came_with_the_document(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    (arrived,) = cards(offices.moscow)
    task_for_moscow(offices.minsk, card)
    send_changes(offices.minsk, card)

    offices.settle()

    assert inbox(offices.moscow, "Кленов") == [arrived.id]
    (executor,) = rows(offices.moscow, "select i.name from executor e join inbox i on i.id = e.inbox_id")
    assert executor.name == "Кленов Пётр Ильич"


def test_a_task_sent_before_an_addition_still_comes_home_as_a_sent_one(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    with people.at_work(minsk.registry) as work:
        now = minsk.clock.now()
        card = people.write_card(work, "О", {"Письмо.pdf": LETTER}, signer="Озёрный", drafter="Тихая", now=now)
    task_for_moscow(minsk, card)
    do(minsk, people.send, card, "EX-MOSCOW", clerk="Тихая")
    offices.settle()
    add_file(minsk, card)
    send_changes(minsk, card)
    offices.settle()

    (there,) = rows(moscow, "select id from instruction")
    do(moscow, people.report, there.id, "Готово", by="Кленов")
    offices.settle()

    told = passports(moscow.sent())[-1]
    assert "<Consideration" not in told
    assert "executor_reported" in news(minsk, card)


def test_the_next_change_is_found_by_comparing_with_the_last_one(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    for name in ("Забытое.pdf", "Ещё.pdf"):
        add_file(offices.minsk, card, name, name.encode())
        send_changes(offices.minsk, card)
        offices.settle()

    assert [files_of(passport) for passport in documents(offices.minsk)[1:]] == [["Забытое.pdf"], ["Ещё.pdf"]]
    assert len({attribute(passport, "MessageID") for passport in documents(offices.minsk)}) == 3


def test_when_nothing_changed_nothing_goes_and_the_clerk_is_told(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    send_changes(offices.minsk, card)

    offices.settle()

    assert len(documents(offices.minsk)) == 1
    row = dispatch(offices.minsk, card)
    assert (row.changes_state, row.changes_words) == ("nothing", "изменений нет, ничего не отправлено")
    assert notices(offices.minsk, "Тихая") == ["Изменения: изменений нет, ничего не отправлено"]


def test_that_the_document_also_goes_to_others_is_no_change(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    with people.at_work(offices.minsk.registry) as work:
        work.run(text("insert into correspondent (exchange_index, short_name) values ('EX-NOBODY', 'Nobody')"))
        people.send(work, card, "EX-NOBODY", clerk="Тихая", now=offices.clock.now())
    send_changes(offices.minsk, card)

    offices.settle()

    assert dispatch(offices.minsk, card).changes_state == "nothing"


def test_that_a_file_was_removed_cannot_be_told_and_is_said(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    with people.at_work(offices.minsk.registry) as work:
        people.remove_file(work, card, "Приложение № 1.txt")
    send_changes(offices.minsk, card)
    offices.settle()
    alone = dispatch(offices.minsk, card).changes_words
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.settle()
    beside = dispatch(offices.minsk, card).changes_words

    cannot = "удаление файлов сообщить нельзя: Приложение № 1.txt"
    assert alone == f"изменений нет, ничего не отправлено; {cannot}"
    assert beside == f"дополнение: файлов 1, поручений 0; {cannot}"
    assert len(documents(offices.minsk)) == 2


def test_there_is_nothing_to_add_to_a_document_that_did_not_go(offices: Town) -> None:
    offices.post.answer = Posted(Outcome.REJECTED, Phase.RCPT, 550, "5.1.1 no such user")
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.state, row.changes_state) == ("failed", "nothing")
    assert row.changes_words.startswith("дополнять нечего")
    assert len(offices.minsk.outgoing()) == 1


def test_an_addition_waits_behind_the_document_it_adds_to(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.minsk.work()
    offices.post.answer = OK
    offices.clock.advance(hours=1)

    offices.settle()

    assert [attribute(passport, "MessageType") for passport in documents(offices.minsk)] == ["MainDoc", "AddToDoc"]
    assert len(cards(offices.moscow)) == 1
    assert len(rows(offices.moscow, "select id from card_file")) == 3


def test_a_change_does_not_put_off_what_is_overdue_about_the_document(offices: Town) -> None:
    offices.post.delivers = False
    card = send_letter(offices.minsk)
    offices.settle()
    offices.clock.advance(minutes=50)
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.settle()
    offices.clock.advance(minutes=11)

    offices.settle()

    assert dispatch(offices.minsk, card).state == "overdue"


def test_a_crash_between_queueing_and_marking_sends_a_change_once(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    with crashing(offices.minsk, "amend:queued") as collector:
        collector.round()
    assert dispatch(offices.minsk, card).changes_state == "to send"

    offices.settle()

    row = dispatch(offices.minsk, card)
    assert (row.changes_state, row.changes_words) == ("sent", "дополнение: файлов 1, поручений 0")
    assert len(documents(offices.minsk)) == 2


def test_a_change_that_went_before_its_queueing_was_marked_is_shown_as_sent(offices: Town) -> None:
    """The EDMS failed for a moment: mail was faster than the next round."""
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    with crashing(offices.minsk, "amend:queued") as collector:
        collector.round()
    asyncio.run(offices.minsk.dispatcher.once())
    offices.minsk.collector.tell_edms()

    offices.settle()

    assert dispatch(offices.minsk, card).changes_state == "sent"
    assert len(documents(offices.minsk)) == 2


def test_a_document_taken_back_takes_its_changes_with_it(offices: Town) -> None:
    offices.post.answer = DOWN
    card = send_letter(offices.minsk)
    offices.minsk.work()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.minsk.work()
    withdraw(offices.minsk, card)
    offices.minsk.work()
    offices.post.answer = OK
    offices.clock.advance(days=1)

    offices.settle()

    assert [letter.state for letter in offices.minsk.outgoing()] == [State.CANCELLED, State.CANCELLED]
    assert dispatch(offices.minsk, card).changes_state == "nothing"
    assert offices.post.carried == []


# --- … or the whole document once more ----------------------------------------------------------------------------


def test_a_deadline_of_the_whole_document_is_told_by_repeating_the_document(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    with people.at_work(offices.minsk.registry) as work:
        people.change_card_deadline(work, card, date(2026, 4, 30))
    send_changes(offices.minsk, card)

    offices.settle()

    first, again = documents(offices.minsk)
    assert (attribute(again, "MessageType"), files_of(again)) == ("MainDoc", files_of(first))
    assert "2026-04-30" in again
    assert attribute(again, "MessageID") != attribute(first, "MessageID")
    assert dispatch(offices.minsk, card).changes_words == "документ отправлен повторно целиком"
    assert len(cards(offices.moscow, "state = 'waiting'")) == 1  # the partner's rule for changed documents


def test_a_partner_may_get_changes_as_the_whole_document_and_applies_its_own_rule(tmp_path: Path) -> None:
    receive = '[[receive]]\non_change = "add-files"'
    with town(tmp_path, minsk={"partner": 'changes = "repeat"'}, moscow={"partner": receive}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        add_file(offices.minsk, card)
        send_changes(offices.minsk, card)

        offices.settle()

        assert [attribute(passport, "MessageType") for passport in documents(offices.minsk)] == ["MainDoc", "MainDoc"]
        assert len(cards(offices.moscow)) == 1
        assert len(rows(offices.moscow, "select id from card_file")) == 3
        row = dispatch(offices.minsk, card)
        assert (row.state, row.partner_number, row.changes_state) == ("registered", "ВХ-1", "sent")
        assert news(offices.minsk, card)[-1] == "edited"


def test_after_a_change_that_was_not_delivered_the_next_one_repeats_everything(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.settle()
    add_file(offices.minsk, card)
    offices.post.answer = Posted(Outcome.REJECTED, Phase.DATA, 552, "5.3.4 too big")
    send_changes(offices.minsk, card)
    offices.settle()
    failed = dispatch(offices.minsk, card)
    offices.post.answer = OK
    send_changes(offices.minsk, card)

    offices.settle()

    assert (failed.state, failed.changes_state) == ("registered", "failed")
    assert failed.trouble == "Изменения не доставлены: 5.3.4 too big"
    again = documents(offices.minsk)[-1]
    assert (attribute(again, "MessageType"), "Забытое.pdf" in files_of(again)) == ("MainDoc", True)
    assert dispatch(offices.minsk, card).changes_state == "sent"


# --- the receiving side -------------------------------------------------------------------------------------------


def test_an_addition_never_stands_for_a_document_that_only_had_to_wait_for_the_edms(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.minsk.work()
    with people.at_work(offices.moscow.registry) as work:
        work.run(text("alter table counter rename to counter_away"))
    offices.moscow.work()
    add_file(offices.minsk, card)
    send_changes(offices.minsk, card)
    offices.minsk.work()
    offices.moscow.work()
    with people.at_work(offices.moscow.registry) as work:
        work.run(text("alter table counter_away rename to counter"))
    offices.clock.advance(hours=2)

    offices.settle()
    offices.clock.advance(hours=2)
    offices.settle()

    names = [row.name for row in rows(offices.moscow, "select name from card_file order by id")]
    assert names == ["Письмо.pdf", "Приложение № 1.txt", "Забытое.pdf"]
    assert dispatch(offices.minsk, card).state == "registered"
