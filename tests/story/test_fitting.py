# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two abilities meet: what each of them promises still holds when both are used on one document."""

from datetime import date, timedelta
from pathlib import Path
from time import process_time

import pytest

from gateway import reports
from gateway.build import build
from gateway.edms_adapter.registry import people
from gateway.edms_adapter.registry.people.rows import add
from gateway.edms_adapter.registry.people.rows import do as write
from gateway.journal import entries
from gateway.model import (
    Consideration,
    DocumentRef,
    DocumentUid,
    EventKind,
    Executor,
    Message,
    MessageId,
    Organisation,
    Party,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskUid,
)
from gateway.ports import Outcome, Phase, Posted
from gateway.working_days import calendar_of
from tests.story import partner
from tests.story.acts import cards, dispatch, do, send_letter
from tests.story.offices import BEGINNING, Town, TownOffice, settings_of, town
from tests.story.test_confidentiality import restrict
from tests.story.test_drafts import TAKEN, asked_on, send_draft
from tests.story.test_links import passport_of_last, write_linked
from tests.story.test_papers import TASK, round_, told
from tests.story.test_receive_rules import minsk_with
from tests.story.test_repeats import arrive, changed, passports, quiet
from tests.story.test_second_thoughts import add_file, documents, send_changes, withdraw
from tests.story.test_telling import readable

DOWN = Posted(Outcome.TRY_LATER, Phase.CONNECT, None, "connection refused")
DOUBT = Posted(Outcome.AMBIGUOUS, Phase.DOT, None, "the line broke")
OK = Posted(Outcome.SENT, Phase.REPLIED, 250, "2.0.0 Ok")
REFUSES = {"partner": '[[receive]]\nunknown_addressee = "refuse"'}


def new_rules(office: TownOffice, rules: str) -> None:
    """The office changes its rules and starts again."""
    other = "moscow" if office.name == "minsk" else "minsk"
    office.close()
    office.settings = settings_of(office.home, office.name, other, partner=rules)
    office.parts = build(office.settings, office.clock)
    office.assemble()


def sent_again(offices: Town) -> int:
    """A letter was refused, and its clerk sends it again; returns the card."""
    card = send_letter(offices.minsk, to="Неведомский Н. Н.")
    offices.settle()
    assert dispatch(offices.minsk, card).state == "refused"
    do(offices.minsk, people.send_again, dispatch(offices.minsk, card).id)
    return card


# --- taken back ---------------------------------------------------------------------------------------------------


def test_what_is_taken_back_before_it_goes_a_second_time_never_goes(tmp_path: Path) -> None:
    with town(tmp_path, moscow=REFUSES) as offices:
        card = sent_again(offices)
        gone = len(documents(offices.minsk))
        withdraw(offices.minsk, card)

        offices.settle()

        assert len(documents(offices.minsk)) == gone
        assert dispatch(offices.minsk, card).state == "cancelled"


def test_a_second_sending_that_is_still_here_is_cancelled_whatever_became_of_the_first(tmp_path: Path) -> None:
    with town(tmp_path, moscow=REFUSES) as offices:
        card = sent_again(offices)
        offices.post.answer = DOWN
        offices.minsk.work()
        withdraw(offices.minsk, card)
        offices.minsk.work()

        row = dispatch(offices.minsk, card)
        assert (row.state, row.withdrawal) == ("cancelled", "отменено, не отправлялось")


def test_what_changed_in_a_document_that_was_taken_back_does_not_go(tmp_path: Path) -> None:
    with town(tmp_path, moscow=REFUSES, minsk={"partner": 'changes = "repeat"'}) as offices:
        card = sent_again(offices)
        gone = len(documents(offices.minsk))
        offices.post.answer = DOWN
        offices.minsk.work()
        withdraw(offices.minsk, card)
        offices.minsk.work()
        offices.post.answer = OK
        add_file(offices.minsk, card)
        send_changes(offices.minsk, card)

        offices.settle()

        assert len(documents(offices.minsk)) == gone


def test_what_arrived_by_a_sending_in_doubt_stands_with_the_partners_number(offices: Town) -> None:
    card = send_letter(offices.minsk)
    offices.post.answer = DOUBT
    offices.minsk.work()
    (letter,) = offices.minsk.outgoing()
    with offices.minsk.parts.journal.read() as tx:
        data = b"".join(entries.letter(tx, offices.minsk.parts.journal.blobs, letter.id).blocks())
    offices.moscow.receive(data, offices.minsk.address)
    offices.post.answer = OK
    offices.moscow.work()
    offices.moscow.work()
    offices.post.answer = DOUBT
    offices.minsk.work()
    assert dispatch(offices.minsk, card).partner_number == "ВХ-1"
    withdraw(offices.minsk, card)

    offices.minsk.work()

    row = dispatch(offices.minsk, card)
    assert row.state == "registered"
    assert "ВХ-1" in row.withdrawal


# --- decided by a person ------------------------------------------------------------------------------------------


def test_what_a_person_registered_is_not_refused_by_a_rule_that_came_later(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('[[receive]]\nregister = "wait"')) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        (paper,) = cards(offices.minsk)
        new_rules(offices.minsk, '[[receive]]\nregister = "refuse"')

        do(offices.minsk, people.register_waiting, paper.id, number="77", to=["Тихая"], by="Тихая")
        round_(offices.minsk)

        assert told(offices.minsk, "Failure") == []
        assert "<Number>77</Number>" in passports(offices.minsk.sent())[-1]


def test_a_change_a_person_registered_apart_is_not_added_by_a_rule_that_came_later(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with("[[receive]]")) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        arrive(offices.minsk, changed())
        first, paper = cards(offices.minsk)
        new_rules(offices.minsk, '[[receive]]\non_change = "add-files"')

        do(offices.minsk, people.register_waiting, paper.id, number="78", to=["Тихая"], by="Тихая")
        round_(offices.minsk)

        with people.at_work(offices.minsk.registry) as work:
            (files,) = people.rows(work, f"select count(*) as n from card_file where card_id = {first.id}")
        assert files.n == 1


# --- what is said of other documents --------------------------------------------------------------------------------


def test_a_document_that_was_taken_back_is_not_named_to_whom_it_never_reached(offices: Town) -> None:
    first = send_letter(offices.minsk)
    withdraw(offices.minsk, first)
    offices.settle()
    assert dispatch(offices.minsk, first).state == "cancelled"
    number = cards(offices.minsk, f"id = {first}")[0].number

    write_linked(offices.minsk, first, "В дополнение к")
    offices.settle()

    assert number == "ИСХ-1"
    assert "<Number>ИСХ-1</Number>" not in passport_of_last(offices.minsk)
    assert cards(offices.minsk, f"id = {first}")[0].uid not in passport_of_last(offices.minsk)


def test_a_restricted_document_that_is_stopped_is_not_named_by_the_one_beside_it(offices: Town) -> None:
    first = send_letter(offices.minsk)
    restrict(offices.minsk, first, "ДСП")
    write_linked(offices.minsk, first, "В дополнение к")

    offices.settle()

    assert dispatch(offices.minsk, first).state == "failed"
    letters = "".join(map(readable, offices.minsk.sent()))
    assert cards(offices.minsk, f"id = {first}")[0].uid not in letters
    assert "ИСХ-1<" not in letters


def test_the_document_a_draft_became_is_described_only_as_far_as_agreed(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN}) as offices:
        send_draft(offices.minsk)
        offices.settle()
        (draft,) = cards(offices.moscow)
        made = do(offices.moscow, people.register_draft, draft.id, signer="Берёзкина", drafter="Дубов")
        with people.at_work(offices.moscow.registry) as work:
            write(work, "update card set subject = 'Тайный предмет' where id = :key", key=made)
        offices.settle()

        assert "Тайный предмет" not in "".join(map(readable, offices.moscow.sent()))


def test_a_paper_is_never_put_onto_the_card_of_another_sender_who_would_hear_of_it(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('[[receive]]\nregister = "wait"')) as offices:
        quiet(offices)
        with people.at_work(offices.minsk.registry) as work:
            add(work, "correspondent", short_name="Третьи", full_name="Третьи лица", exchange_index="EX-THIRD")
        entered = do(offices.minsk, people.enter_paper, "EX-THIRD", "5", date(2026, 3, 2), by="Тихая")
        arrive(offices.minsk, partner.letter(partner.passport()))
        (paper,) = cards(offices.minsk, "state = 'waiting'")

        with pytest.raises(ValueError, match="another sender"):
            do(offices.minsk, people.join_waiting, paper.id, entered.card, by="Тихая")


# --- drafts and documents ---------------------------------------------------------------------------------------------


def test_a_document_under_the_uid_of_a_draft_is_never_merely_added_to_the_draft(tmp_path: Path) -> None:
    rules = TAKEN + '[[receive]]\non_change = "add-files"'
    with town(tmp_path, minsk=minsk_with(rules)) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport(document_type="Project")))
        assert [card.state for card in cards(offices.minsk)] == ["draft"]

        arrive(offices.minsk, changed())

        assert [card.state for card in cards(offices.minsk)] == ["draft", "waiting"]


def test_a_visa_that_was_given_is_no_change_of_the_draft(tmp_path: Path) -> None:
    with town(tmp_path, moscow={"partner": TAKEN}) as offices:
        card = send_draft(offices.minsk)
        offices.settle()
        (visa,) = asked_on(offices.moscow, cards(offices.moscow)[0].id)
        do(offices.moscow, people.sign, visa.id, "Согласен", by="Берёзкина")
        offices.settle()
        gone = len(documents(offices.minsk))

        send_changes(offices.minsk, card)
        offices.settle()

        assert len(documents(offices.minsk)) == gone
        assert dispatch(offices.minsk, card).changes_state == "nothing"


# --- what a later message says ----------------------------------------------------------------------------------------


def test_an_addition_without_a_level_opens_no_restricted_document(tmp_path: Path) -> None:
    rules = '[[receive]]\naccess_levels = ["без ограничений", "общий"]'
    top = '[access]\nopen = ["общий"]\nmissing = "общий"'
    with town(tmp_path, minsk=minsk_with(rules, top=top)) as offices:
        quiet(offices)
        inside = partner.passport().replace("<Consists>", "<Access>без ограничений</Access><Consists>")
        arrive(offices.minsk, partner.letter(inside))
        (card,) = cards(offices.minsk)
        more = partner.passport(message_id="3a" * 16, return_id="3b" * 16, kind="AddToDoc", files={"b[1].pdf": "b.pdf"})
        arrive(offices.minsk, partner.letter(more, {"b[1].pdf": b"%PDF more"}))

        do(
            offices.minsk,
            people.instruct,
            card.id,
            "Подготовить",
            author="Озёрный",
            executors=["Тихая"],
            deadline=date(2026, 3, 25),
        )
        round_(offices.minsk)

        assert "<Consideration" not in "".join(passports(offices.minsk.sent()))


def test_a_task_that_was_sent_stays_a_sent_one_while_a_version_without_it_waits(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with("[[receive]]")) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport(tail=TASK)))
        arrive(offices.minsk, changed())
        with people.at_work(offices.minsk.registry) as work:
            (executor,) = people.rows(work, "select * from executor")
            (task,) = people.rows(work, "select * from instruction where card_id = 1")

        do(offices.minsk, people.report, task.id, "Сделано", by="Озёрный")
        round_(offices.minsk)

        assert executor.name
        assert "<Consideration" not in passports(offices.minsk.sent())[-1]
        assert "7d" * 16 in passports(offices.minsk.sent())[-1]


def test_a_change_of_a_document_off_the_register_waits_for_a_person(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('[[receive]]\non_change = "add-files"')) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        do(offices.minsk, people.deregister, 1, "Ошибочно", by="Тихая")
        round_(offices.minsk)

        arrive(offices.minsk, changed())

        assert [card.state for card in cards(offices.minsk)] == ["deregistered", "waiting"]


def test_a_change_sent_once_more_hears_what_stands_under_its_new_return_id(tmp_path: Path) -> None:
    with town(tmp_path, minsk=minsk_with('[[receive]]\non_change = "add-files"')) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        arrive(offices.minsk, changed())
        inside = partner.passport(message_id="4a" * 16, return_id="4b" * 16).replace("About it", "About something else")

        arrive(offices.minsk, partner.letter(inside, {"letter[1].pdf": partner.PDF + b" mended"}))

        last = passports(offices.minsk.sent())[-1]
        assert f'ReturnID="{"4b" * 16}"' in last
        assert "<Number>ВХ-1</Number>" in last


# --- long lists -------------------------------------------------------------------------------------------------------


def test_a_thousand_executors_who_report_again_are_compared_in_linear_time() -> None:
    def report(words: str, later: int) -> Message:
        people_ = (Party(Organisation(f"Office {place}", index=f"E{place}")) for place in range(2000))
        task = Task(TaskUid("1"), executors=tuple(Executor(party, text=words) for party in people_))
        body = Report(ReportKind.PROGRESS, DocumentRef(DocumentUid("2")), considerations=(Consideration(task),))
        at = BEGINNING + timedelta(hours=later)
        return Message(MessageId(words), ReturnId("3"), at, Party(), (), body, "sev", "1.0")

    first = reports.news((), report("done", 1))
    before = process_time()
    second = reports.news(first, report("done better", 2), BEGINNING + timedelta(hours=1))

    assert [fact.kind for fact in second] == [EventKind.EXECUTOR_REPORTED] * 2000
    assert process_time() - before < 2.0  # linear takes a tenth of a second, quadratic a quarter of a minute


def test_a_holidays_file_is_read_in_linear_time() -> None:
    days = "\n".join(str(date(1900, 1, 1) + timedelta(days=place)) for place in range(20_000))
    before = process_time()

    calendar, wrong = calendar_of(days)

    assert (len(calendar.days_off), wrong) == (20_000, ())
    assert process_time() - before < 2.0  # linear takes a twentieth of a second, quadratic seven seconds
