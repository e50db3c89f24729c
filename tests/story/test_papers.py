# SPDX-License-Identifier: GPL-3.0-or-later
"""Papers before a person: four acts of a clerk in the registry alone, what the sender hears; and originals by post."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from gateway.journal import exchanges
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import cards, dispatch, do, inbox, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_repeats import arrive, changed, passports, quiet, resend, rows

WAIT = {"partner": '[[receive]]\nregister = "wait"'}
RESEND_WAITS = {"partner": '[[receive]]\nresend = "wait"'}
TASK = (
    f'<TaskList><Task UID="{"7d" * 16}" TaskID="1" Type="Resolution" TaskNumber="1"><Text>Сверить</Text>'
    '<Author><Contact><Organization UID="EX-MOSCOW"><ShortName>Partner</ShortName></Organization></Contact></Author>'
    '<Executor Responsible="1"><Contact><Organization UID="EX-MINSK"><ShortName>Us</ShortName></Organization>'
    "<OfficialPerson><FIO>Озёрный Г. Р.</FIO></OfficialPerson></Contact></Executor></Task></TaskList>"
)


def round_(office: TownOffice, times: int = 4) -> None:
    for _ in range(times):
        office.work()


def waiting(office: TownOffice) -> Any:  # Any: a row of the registry
    """Return the newest paper that waits."""
    with people.at_work(office.registry) as work:
        return people.waiting(work)[-1]


def laid(office: TownOffice, data: bytes | None = None) -> tuple[int, Any]:
    """A letter arrives and waits; return its entry and its paper."""
    number = arrive(office, data or partner.letter(partner.passport()))
    assert office.entry(number).state is State.WAITING
    return number, waiting(office)


def told(office: TownOffice, kind: str) -> list[str]:
    """Return the reports of a MessageType that were sent, oldest first."""
    return [passport for passport in passports(office.sent()) if f'MessageType="{kind}"' in passport]


def holder(office: TownOffice, name: str) -> list[tuple[int, str]]:
    """Return the notices in somebody's inbox: card and words."""
    with people.at_work(office.registry) as work:
        return [(row.card_id, row.text) for row in people.inbox(work, name) if row.kind == "notice"]


# --- the folder ---------------------------------------------------------------------------------------------------


def test_what_waits_lies_in_a_folder_of_the_database_with_sender_number_reason_and_files(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        laid(offices.minsk)

        (paper,) = rows(offices.minsk, "select * from waiting_paper")
        (card,) = cards(offices.minsk)
        assert (paper.card, paper.sender_index, paper.number, str(paper.date)) == (
            card.id,
            "EX-MOSCOW",
            "77-1",
            "2026-03-10",
        )
        assert (paper.sender, paper.subject, paper.files) == ("Исполком, отделение в Москве", "About it", 1)
        assert paper.reason == "документы этого отправителя регистрирует человек"
        assert str(paper.since).startswith("2026-03-11")


def test_a_paper_of_a_sender_the_directory_does_not_know_still_names_him(offices: Town) -> None:
    quiet(offices)
    rows(offices.minsk, "delete from correspondent where exchange_index = 'EX-MOSCOW' returning id")

    _, paper = laid(offices.minsk)

    assert (paper.sender, paper.sender_index) == ("Partner", "EX-MOSCOW")


# --- the four acts ------------------------------------------------------------------------------------------------


def test_a_paper_registered_by_a_clerk_is_told_to_its_sender_under_any_number_and_forwarded(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        number, paper = laid(offices.minsk)

        do(
            offices.minsk,
            people.register_waiting,
            paper.card,
            by="Тихая",
            to=["Озёрный"],
            number="ОСОБ-12/к",
            on=date(2026, 3, 10),
        )
        round_(offices.minsk)

        assert offices.minsk.entry(number).state is State.DONE
        (report,) = told(offices.minsk, "Report")
        assert "<Number>ОСОБ-12/к</Number><Date>2026-03-10</Date>" in report
        assert "<Registration " in report
        assert "Озёрный Глеб Романович" in report.partition("<Forwarding")[2]


def test_a_clerk_may_take_the_next_number_of_the_counter(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk)

        do(offices.minsk, people.register_waiting, paper.card, by="Тихая", to=["Озёрный"])
        round_(offices.minsk)

        assert "<Number>ВХ-1</Number>" in told(offices.minsk, "Report")[-1]


def test_what_people_do_between_the_decision_and_its_report_is_told_with_it(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        laid(offices.minsk)
        laid(offices.minsk, partner.letter(partner.passport(uid="8c" * 16, message_id="8a" * 16, number="78-2")))
        for card in cards(offices.minsk):  # no worker has time for five hours
            do(offices.minsk, people.register_waiting, card.id, by="Тихая", to=["Озёрный"])
            instructed(offices.minsk, card.id)
            offices.minsk.collector.round()
            offices.minsk.collector.round()
            offices.clock.advance(hours=5)

        round_(offices.minsk)

        about = [report for report in told(offices.minsk, "Report") if f'InitialDoc UID="{"0c" * 16}"' in report]
        assert "<Registration " in about[-1]
        assert "<Consideration" in about[-1]


def instructed(office: TownOffice, card: int) -> None:
    do(office, people.instruct, card, "Подготовить", author="Озёрный", executors=["Тихая"])


def test_a_paper_put_onto_a_card_is_told_as_registered_under_that_cards_number(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport()))
    number, paper = laid(offices.minsk, twin())
    (card, _) = cards(offices.minsk)
    before = len(told(offices.minsk, "Report"))

    do(offices.minsk, people.join_waiting, paper.card, card.id, by="Тихая")
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    (report,) = told(offices.minsk, "Report")[before:]  # and nothing is told again about the first document
    assert f'ReturnID="{"6b" * 16}"' in report
    assert "<Number>ВХ-1</Number>" in report
    assert (card.id, "добавлено поступившее: About it") in holder(offices.minsk, "Тихая")


def twin() -> bytes:
    """Another document with the same outgoing number and date."""
    return partner.letter(partner.passport(message_id="6a" * 16, return_id="6b" * 16, uid="6c" * 16))


def test_a_paper_refused_by_a_clerk_is_refused_with_the_code_and_the_words_of_the_list(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        number, paper = laid(offices.minsk)

        do(offices.minsk, people.refuse_waiting, paper.card, "нет приложения № 2", reason=1034, by="Тихая")
        round_(offices.minsk)

        assert offices.minsk.entry(number).state is State.DONE
        (failure,) = told(offices.minsk, "Failure")
        assert 'Code="1034"' in failure
        assert "Приложения представлены не полностью: нет приложения № 2" in failure


def test_a_paper_taken_note_of_is_told_truthfully_as_not_registered(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        number, paper = laid(offices.minsk)

        do(offices.minsk, people.note_waiting, paper.card, by="Тихая")
        round_(offices.minsk)

        assert offices.minsk.entry(number).state is State.DONE
        assert [card.state for card in cards(offices.minsk)] == ["noted"]
        (failure,) = told(offices.minsk, "Failure")
        assert 'Code="1020"' in failure
        assert "Принят к сведению без регистрации" in failure
        assert "Отказать" not in failure


def test_the_sender_of_a_paper_taken_note_of_reads_that_on_his_card(tmp_path: Path) -> None:
    with town(tmp_path, moscow=WAIT) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        do(offices.moscow, people.note_waiting, waiting(offices.moscow).card, by="Дубов")
        offices.settle()

        assert dispatch(offices.minsk, card).refusal == "Принят к сведению без регистрации"
        with people.at_work(offices.minsk.registry) as work:
            words = people.news(work, card)[-1].text
        assert words == "Исполком, отделение в Москве: принято к сведению: Принят к сведению без регистрации"


def test_a_document_taken_note_of_is_judged_afresh_when_it_is_sent_again(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk)
        do(offices.minsk, people.note_waiting, paper.card, by="Тихая")
        round_(offices.minsk)

        laid(offices.minsk, resend())

        assert [card.state for card in cards(offices.minsk)] == ["noted", "waiting"]


@pytest.mark.parametrize("act", [people.note_waiting, people.refuse_waiting])
def test_a_paper_is_decided_once(tmp_path: Path, act: Callable[..., None]) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk)
        do(offices.minsk, act, paper.card, by="Тихая")

        with pytest.raises(ValueError, match="does not wait"):
            do(offices.minsk, people.register_waiting, paper.card, by="Тихая", to=[])
        with pytest.raises(ValueError, match="does not wait"):
            do(offices.minsk, act, paper.card, by="Тихая")


def test_tasks_that_came_with_a_paper_registered_by_hand_reach_their_executors(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk, partner.letter(partner.passport(tail=TASK)))
        assert holder(offices.minsk, "Озёрный") == []

        do(offices.minsk, people.register_waiting, paper.card, by="Тихая", to=["Тихая"])

        assert holder(offices.minsk, "Озёрный") == [(paper.card, "Поручение: Сверить")]


# --- a change of a document that stands registered ----------------------------------------------------------------


def stands(office: TownOffice) -> tuple[int, Any]:
    """A document is registered, then comes changed and waits; return the second letter and its paper."""
    arrive(office, partner.letter(partner.passport()))
    return laid(office, changed())


def test_a_change_put_onto_its_own_card_is_told_as_edited_and_once(offices: Town) -> None:
    quiet(offices)
    number, paper = stands(offices.minsk)
    before = len(told(offices.minsk, "Report"))

    do(offices.minsk, people.join_waiting, paper.card, cards(offices.minsk)[0].id, by="Тихая")
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    assert len(told(offices.minsk, "Editing")) == 1
    assert len(told(offices.minsk, "Report")) == before


@pytest.mark.parametrize("act", [people.note_waiting, people.refuse_waiting])
def test_a_change_that_is_not_taken_over_is_never_told_as_a_refusal_of_what_stands(
    offices: Town, act: Callable[..., None]
) -> None:
    quiet(offices)
    number, paper = stands(offices.minsk)
    before = len(offices.post.carried)

    do(offices.minsk, act, paper.card, by="Тихая")
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    assert len(offices.post.carried) == before


def test_a_change_registered_on_a_card_of_its_own_leaves_the_first_number_and_tells_the_other(offices: Town) -> None:
    quiet(offices)
    number, paper = stands(offices.minsk)

    do(offices.minsk, people.register_waiting, paper.card, by="Тихая", to=["Озёрный"])
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    (edited,) = told(offices.minsk, "Editing")
    assert "<Number>ВХ-2</Number>" in edited
    assert "зарегистрирован отдельно" in edited
    assert all("<Number>ВХ-2</Number>" not in report for report in told(offices.minsk, "Report"))


def test_a_change_refused_once_may_come_again_and_is_then_taken_over(offices: Town) -> None:
    quiet(offices)
    _, paper = stands(offices.minsk)
    do(offices.minsk, people.refuse_waiting, paper.card, by="Тихая")
    round_(offices.minsk)

    number, paper = laid(offices.minsk, other_message())
    do(offices.minsk, people.join_waiting, paper.card, cards(offices.minsk)[0].id, by="Тихая")
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    assert len(told(offices.minsk, "Editing")) == 1


def other_message() -> bytes:
    """The changed document once more, in a new message."""
    passport = partner.passport(message_id="4a" * 16, return_id="4b" * 16).replace("About it", "About something else")
    return partner.letter(passport, {"letter[1].pdf": partner.PDF + b" mended"})


@pytest.mark.parametrize("act", [people.note_waiting, people.refuse_waiting])
def test_the_same_document_again_that_nobody_needs_is_answered_by_what_stands(
    tmp_path: Path, act: Callable[..., None]
) -> None:
    with town(tmp_path, minsk=RESEND_WAITS) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        number, paper = laid(offices.minsk, resend())

        do(offices.minsk, act, paper.card, by="Тихая")
        round_(offices.minsk)

        assert offices.minsk.entry(number).state is State.DONE
        assert told(offices.minsk, "Failure") == []
        report = told(offices.minsk, "Report")[-1]
        assert f'ReturnID="{"2b" * 16}"' in report
        assert "<Number>ВХ-1</Number>" in report


# --- a change of a document that still waits ----------------------------------------------------------------------


def both_wait(office: TownOffice) -> tuple[Any, Any]:
    """A document waits, then comes changed and waits too; return both papers."""
    _, first = laid(office)
    _, second = laid(office, changed())
    return first, second


def settled(office: TownOffice) -> set[State]:
    return {entry.state for entry in office.incoming()}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_refusal_is_not_told_while_another_version_is_registered(
    tmp_path: Path, order: tuple[int, int], together: bool
) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        first, second = both_wait(offices.minsk)
        acts: list[Callable[[], object]] = [
            lambda: do(offices.minsk, people.refuse_waiting, first.card, by="Тихая"),
            lambda: do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"]),
        ]
        for place in order:
            acts[place]()
            if not together:
                round_(offices.minsk)

        round_(offices.minsk)

        assert settled(offices.minsk) == {State.DONE}
        assert told(offices.minsk, "Failure") == []
        (report,) = told(offices.minsk, "Report")  # the first inbox comes with the registration
        assert "<Number>ВХ-1</Number>" in report
        assert "<Forwarding" in report


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_when_every_version_is_refused_the_refusal_is_told_once(tmp_path: Path, order: tuple[int, int]) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        papers = both_wait(offices.minsk)

        do(offices.minsk, people.refuse_waiting, papers[order[0]].card, "раз", by="Тихая")
        round_(offices.minsk)
        assert told(offices.minsk, "Failure") == []
        do(offices.minsk, people.refuse_waiting, papers[order[1]].card, "два", by="Тихая")
        round_(offices.minsk)

        assert settled(offices.minsk) == {State.DONE}
        (failure,) = told(offices.minsk, "Failure")
        assert "два" in failure


def test_the_first_version_put_onto_the_card_of_the_second_says_nothing_new(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        first, second = both_wait(offices.minsk)
        do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"])
        round_(offices.minsk)
        before = len(offices.post.carried)

        do(offices.minsk, people.join_waiting, first.card, second.card, by="Тихая")
        round_(offices.minsk)

        assert settled(offices.minsk) == {State.DONE}
        assert len(offices.post.carried) == before


def test_a_second_version_registered_too_leaves_the_first_number_and_tells_the_other(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        first, second = both_wait(offices.minsk)
        do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"])
        round_(offices.minsk)
        do(offices.minsk, people.register_waiting, first.card, by="Тихая", to=["Озёрный"])
        round_(offices.minsk)

        assert settled(offices.minsk) == {State.DONE}
        (edited,) = told(offices.minsk, "Editing")
        assert "<Number>ВХ-2</Number>" in edited
        assert all("<Number>ВХ-2</Number>" not in report for report in told(offices.minsk, "Report"))


def test_what_is_done_with_the_version_that_is_registered_is_told_about_the_document(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        first, second = both_wait(offices.minsk)
        do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"])
        do(offices.minsk, people.note_waiting, first.card, by="Тихая")
        round_(offices.minsk)

        instructed(offices.minsk, second.card)
        round_(offices.minsk)

        assert "<Consideration" in told(offices.minsk, "Report")[-1]


def test_the_registration_of_a_document_is_the_card_of_the_version_a_person_registered(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, second = both_wait(offices.minsk)
        do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"])
        round_(offices.minsk)

        with offices.minsk.parts.journal.read() as tx:
            (id,) = exchanges.find(tx, "0c" * 16)
            document = exchanges.get(tx, id)
        assert document is not None
        assert document.registered is not None
        assert (document.registered.text, document.subject_card) == ("ВХ-1", str(second.card))


# --- paper --------------------------------------------------------------------------------------------------------

NUMBER, DATED = "77-1", date(2026, 3, 10)


def enter(office: TownOffice, **how: Any) -> Any:  # Any: of enter_paper
    return do(office, people.enter_paper, "EX-MOSCOW", NUMBER, DATED, by="Тихая", **how)


def test_that_paper_follows_travels_and_is_shown(offices: Town) -> None:
    with people.at_work(offices.minsk.registry) as work:
        now = offices.clock.now()
        card = people.write_card(
            work,
            "О делах",
            {"a.pdf": b"%PDF"},
            signer="Озёрный",
            drafter="Тихая",
            now=now,
            original_follows=True,
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=now)
    offices.settle()

    (received,) = cards(offices.moscow)
    assert received.exchange_mark == "бумажный подлинник следует"
    assert received.original_follows


@pytest.mark.parametrize("said", [None, False])
def test_nothing_follows_unless_it_is_said(offices: Town, said: bool | None) -> None:
    card = send_letter(offices.minsk)
    if said is not None:
        rows(offices.minsk, f"update card set original_follows = false where id = {card} returning id")
    offices.settle()

    (received,) = cards(offices.moscow)
    assert (received.exchange_mark, received.original_follows) == (None, said)


def test_an_original_that_comes_later_is_noted_on_the_electronic_card_and_not_registered_again(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport(addressee="Озёрный Г. Р.")))

    entered = enter(offices.minsk)

    (card,) = cards(offices.minsk)
    assert (entered.card, entered.known) == (card.id, True)
    assert str(card.original_at).startswith("2026-03-11")
    assert holder(offices.minsk, "Озёрный") == [(card.id, "подлинник получен 11.03.2026")]


def test_an_original_is_noted_once_and_tells_the_sender_nothing(offices: Town) -> None:
    quiet(offices)
    arrive(offices.minsk, partner.letter(partner.passport(addressee="Озёрный Г. Р.")))
    before = len(offices.post.carried)

    enter(offices.minsk)
    enter(offices.minsk)
    round_(offices.minsk)

    assert len(holder(offices.minsk, "Озёрный")) == 1
    assert len(offices.post.carried) == before


def test_an_original_whose_electronic_document_waits_makes_no_second_card(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk)

        assert enter(offices.minsk).card == paper.card
        assert len(cards(offices.minsk)) == 1


def test_paper_that_came_first_has_a_card_and_the_electronic_document_waits_for_a_clerk_who_joins_it(
    offices: Town,
) -> None:
    quiet(offices)
    entered = enter(offices.minsk, subject="О делах", to=["Озёрный"])
    assert not entered.known
    number, paper = laid(offices.minsk)

    do(offices.minsk, people.join_waiting, paper.card, entered.card, by="Тихая")
    round_(offices.minsk)

    assert offices.minsk.entry(number).state is State.DONE
    assert "<Number>ВХ-1</Number>" in told(offices.minsk, "Report")[-1]
    assert inbox(offices.minsk, "Озёрный")[0] == entered.card
    (file,) = rows(offices.minsk, "select * from card_file")
    assert file.card_id == entered.card


def test_same_number_attach_puts_the_electronic_document_onto_the_paper_card_and_answers_with_its_number(
    tmp_path: Path,
) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nsame_number = "attach"'}) as offices:
        quiet(offices)
        entered = enter(offices.minsk, subject="О делах", to=["Озёрный"])

        arrive(offices.minsk, partner.letter(partner.passport()))
        instructed(offices.minsk, entered.card)
        round_(offices.minsk)

        (card,) = cards(offices.minsk)
        assert (card.id, card.partner_uid, card.number) == (entered.card, "0c" * 16, "ВХ-1")
        first, second = told(offices.minsk, "Report")
        assert "<Number>ВХ-1</Number>" in first
        assert "<Consideration" in second
        (file,) = rows(offices.minsk, "select * from card_file")
        assert file.card_id == entered.card


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_same_document_waiting_twice_is_registered_by_the_paper_a_person_registered(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nregister = "wait"\nresend = "wait"'}) as offices:
        quiet(offices)
        _, first = laid(offices.minsk)
        number, second = laid(offices.minsk, resend())
        acts: list[Callable[[], object]] = [
            lambda: do(offices.minsk, people.note_waiting, first.card, by="Тихая"),
            lambda: do(offices.minsk, people.register_waiting, second.card, by="Тихая", to=["Озёрный"]),
        ]
        for place in order:
            acts[place]()
            round_(offices.minsk)

        assert offices.minsk.entry(number).state is State.DONE
        assert settled(offices.minsk) == {State.DONE}
        assert [card.state for card in cards(offices.minsk)] == ["noted", "registered"]
        assert told(offices.minsk, "Failure") == []
        assert "<Number>ВХ-1</Number>" in told(offices.minsk, "Report")[-1]


def test_the_same_document_again_is_no_change_and_waits_though_changes_are_applied(tmp_path: Path) -> None:
    rule = '[[receive]]\nresend = "wait"\non_change = "add-files"'
    with town(tmp_path, minsk={"partner": rule}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))

        laid(offices.minsk, resend())

        assert told(offices.minsk, "Editing") == []
