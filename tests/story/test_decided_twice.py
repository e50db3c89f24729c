# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator and a person of the EDMS decide about one paper: what the person decided is never undone behind them."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.edms_adapter.registry import people
from gateway.errors import Reason
from gateway.inbound.desk import Desk
from gateway.journal import entries
from gateway.journal.entries import State
from gateway.office import Office
from tests.story import partner
from tests.story.acts import cards, dispatch, do, send_letter
from tests.story.offices import TownOffice, settings_of, town
from tests.story.test_papers import WAIT, laid, told
from tests.story.test_repeats import arrive, quiet


def reprocess(office: TownOffice, number: int) -> None:
    with office.parts.journal.write() as tx:
        entries.reprocess(tx, number, who="olga", why="looked again", now=office.clock.now())


def accept(office: TownOffice, number: int, reason: Reason) -> None:
    with office.parts.journal.write() as tx:
        entries.fix(tx, number, who="olga", why="this once", now=office.clock.now(), accepts=reason)


def now_registers(office: TownOffice) -> None:
    """Let the rules change: what waited before would be registered by itself now."""
    settings = settings_of(office.home, "minsk", "moscow")
    desk: Desk = replace(office.worker.desk, office=Office(settings))
    office.worker = replace(office.worker, desk=desk)


@pytest.mark.parametrize("heard_first", [False, True])
def test_a_letter_that_is_processed_again_after_a_person_refused_its_paper_is_not_registered_behind_them(
    tmp_path: Path, heard_first: bool
) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        number, paper = laid(offices.minsk)
        now_registers(offices.minsk)
        do(offices.minsk, people.refuse_waiting, paper.card, "не наш вопрос", by="Тихая")

        reprocess(offices.minsk, number)
        if heard_first:
            offices.minsk.collector.round()
        for _ in range(4):
            offices.minsk.work()

        assert [card.state for card in cards(offices.minsk)] == ["refused"]
        assert len(told(offices.minsk, "Failure")) == 1
        assert offices.minsk.entry(number).state is State.DONE


def test_a_paper_that_was_refused_and_told_is_judged_afresh_when_it_comes_again(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        _, paper = laid(offices.minsk)
        do(offices.minsk, people.refuse_waiting, paper.card, "не наш вопрос", by="Тихая")
        for _ in range(3):
            offices.minsk.work()
        now_registers(offices.minsk)

        arrive(offices.minsk, partner.letter(partner.passport(message_id="1a" * 16, return_id="1b" * 16)))

        assert "registered" in [card.state for card in cards(offices.minsk)]


def test_a_paper_that_a_person_registered_stays_so_when_its_letter_is_processed_again(tmp_path: Path) -> None:
    with town(tmp_path, minsk=WAIT) as offices:
        quiet(offices)
        number, paper = laid(offices.minsk)
        do(offices.minsk, people.register_waiting, paper.card, number="01-12/7", by="Тихая", to=["Тихая"])

        reprocess(offices.minsk, number)
        for _ in range(4):
            offices.minsk.work()

        assert [card.state for card in cards(offices.minsk)] == ["registered"]
        assert all("01-12/7" in report for report in told(offices.minsk, "Report"))


# --- the day it came ----------------------------------------------------------------------------------------------


def test_what_is_accepted_days_later_is_registered_on_the_day_it_came(tmp_path: Path) -> None:
    refuses = {"partner": '[[receive]]\nregister = "refuse"'}
    with town(tmp_path, minsk=refuses) as offices:
        quiet(offices)
        number = arrive(offices.minsk, partner.letter(partner.passport()))
        assert len(told(offices.minsk, "Failure")) == 1
        offices.clock.advance(days=3)

        accept(offices.minsk, number, Reason.NOT_ALLOWED)
        for _ in range(3):
            offices.minsk.work()

        (card,) = cards(offices.minsk)
        assert str(card.reg_date) == "2026-03-11"
        assert len(told(offices.minsk, "Failure")) == 1
        assert "<Number>ВХ-1</Number>" in told(offices.minsk, "Report")[0]


def test_a_refusal_that_is_overtaken_by_a_new_message_registers_nothing_twice(tmp_path: Path) -> None:
    refuses = {"partner": '[[receive]]\nregister = "refuse"'}
    with town(tmp_path, minsk=refuses) as offices:
        quiet(offices)
        number = arrive(offices.minsk, partner.letter(partner.passport()))
        now_registers(offices.minsk)
        arrive(offices.minsk, partner.letter(partner.passport(message_id="1a" * 16, return_id="1b" * 16)))

        accept(offices.minsk, number, Reason.NOT_ALLOWED)
        for _ in range(3):
            offices.minsk.work()

        assert len(cards(offices.minsk)) == 1
        assert offices.minsk.entry(number).state is State.DONE


def test_a_conflict_that_was_accepted_is_registered_by_the_person_it_was_laid_before(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        number = arrive(offices.minsk, partner.letter(partner.passport(number="77-2", uid="1c" * 16)))
        assert offices.minsk.entry(number).reason is Reason.CONFLICT

        accept(offices.minsk, number, Reason.CONFLICT)
        offices.minsk.work()
        assert offices.minsk.entry(number).state is State.WAITING
        with people.at_work(offices.minsk.registry) as work:
            (paper,) = people.waiting(work)
        do(offices.minsk, people.register_waiting, paper.card, number="01-12/8", by="Тихая", to=["Тихая"])
        for _ in range(4):
            offices.minsk.work()

        assert offices.minsk.entry(number).state is State.DONE
        assert [card.state for card in cards(offices.minsk)] == ["registered", "registered"]


def test_a_change_that_was_refused_is_laid_before_a_person_once_it_is_accepted(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\non_change = "refuse"'}) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        change = partner.passport(message_id="1a" * 16, return_id="1b" * 16, number="77-2")
        number = arrive(offices.minsk, partner.letter(change))
        assert (offices.minsk.entry(number).state, offices.minsk.entry(number).reason) == (State.PARKED, Reason.CHANGED)

        accept(offices.minsk, number, Reason.CHANGED)
        offices.minsk.work()

        assert offices.minsk.entry(number).state is State.WAITING
        assert [card.state for card in cards(offices.minsk)] == ["registered", "waiting"]


def test_a_document_without_files_is_accepted_once_but_a_file_that_did_not_come_is_not(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": "[[receive]]\nrequire_files = true"}) as offices:
        quiet(offices)
        bare = arrive(offices.minsk, partner.letter(partner.passport(files={}), {}))
        named = partner.passport(uid="1c" * 16, message_id="1a" * 16, return_id="1b" * 16, number="77-9")
        lost = arrive(offices.minsk, partner.letter(named, {}))

        for number in (bare, lost):
            accept(offices.minsk, number, Reason.MISSING_FILE)
        for _ in range(3):
            offices.minsk.work()

        assert [card.partner_number for card in cards(offices.minsk)] == ["77-1"]
        assert offices.minsk.entry(lost).reason is Reason.MISSING_FILE


def test_a_report_of_a_partner_that_may_not_report_is_heard_once_it_is_accepted(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": 'may_send = ["document"]'}) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        parked = [one for one in offices.minsk.incoming() if one.state is State.PARKED]
        assert {one.reason for one in parked} == {Reason.NOT_ALLOWED}
        assert dispatch(offices.minsk, card).state == "sent"

        for one in parked:
            accept(offices.minsk, one.id, Reason.NOT_ALLOWED)
        offices.settle()

        assert dispatch(offices.minsk, card).state == "registered"


# --- what was proven last -----------------------------------------------------------------------------------------


def test_the_card_says_which_rung_was_proven_last_and_when(tmp_path: Path) -> None:
    with town(tmp_path, moscow=WAIT) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        offices.clock.advance(hours=25)
        offices.settle()

        row = dispatch(offices.minsk, card)
        assert row.state == "overdue"
        assert "нет регистрации к 12.03.2026 10:00; последнее доказанное: получен 11.03.2026 10:00" in row.trouble


def test_a_refusal_that_comes_late_takes_the_negative_evidence_away_and_is_shown_as_late(tmp_path: Path) -> None:
    with town(tmp_path, moscow=WAIT) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        offices.clock.advance(hours=25)
        offices.settle()
        with people.at_work(offices.moscow.registry) as work:
            (paper,) = people.waiting(work)

        do(offices.moscow, people.refuse_waiting, paper.card, "не наш вопрос", by="Дубов")
        offices.settle()

        row = dispatch(offices.minsk, card)
        assert (row.state, row.trouble) == ("refused", None)
        with people.at_work(offices.minsk.registry) as work:
            assert people.news(work, card)[-1].text.startswith("После срока")
