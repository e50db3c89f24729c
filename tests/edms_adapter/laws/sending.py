# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules 8 and 10: what goes out, what becomes of it, and a partner's news, each once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from gateway.content import whole
from gateway.model import DocumentUid, EventKind, ExchangeId, Number, Term
from gateway.ports import Original, OutgoingState, Withdrawal
from tests.edms_adapter.desk import BEREG, GOROD, MORNING, TODAY
from tests.edms_adapter.laws import in_pages, needs, not_now, processes, registered
from tests.edms_adapter.systems import Shown, System
from tests.edms_adapter.systems.process import NEWS, REFUSAL, THERE, record

WITHDRAWAL_ANSWERS = (OutgoingState.CANCELLED, OutgoingState.STANDS)
CHANGE_ANSWERS = (OutgoingState.CHANGES_TAKEN, OutgoingState.CHANGES_NONE)
AFTER_CHANGES = (OutgoingState.CHANGES_SENT, OutgoingState.CHANGES_FAILED)
LEAVING = (OutgoingState.TAKEN, OutgoingState.SENT, OutgoingState.FAILED, OutgoingState.REFUSED)
PDF = b"%PDF-1.7 ours"
NUMBERED = (EventKind.REGISTERED, EventKind.RENUMBERED, EventKind.DEREGISTERED, EventKind.DRAFT_REGISTERED)
TO_SOMEBODY = (EventKind.FORWARDED, EventKind.REDIRECTED, EventKind.DIRECTED)
OF_KIND: dict[EventKind, dict[str, Any]] = {  # what a kind of news always has; Any: fields of Event
    **{kind: {"number": Number("77", TODAY), "card": "77", "refusal": None} for kind in NUMBERED},
    **{kind: {"to": THERE, "refusal": None} for kind in TO_SOMEBODY},
}


def sent(system: System, subject: str = "О сверке", to: str = BEREG) -> str:
    needs(system.abilities.outgoing)
    return system.send(subject, {"Письмо.pdf": PDF}, to)


def prepared(system: System, state: OutgoingState) -> str:
    """Return a dispatch for which *state* can be an answer."""
    ref = sent(system)
    if state in WITHDRAWAL_ANSWERS:
        needs(system.abilities.withdrawals)
        system.withdraw(ref, "ошибка")
    if state in (*CHANGE_ANSWERS, *AFTER_CHANGES):
        needs(system.abilities.amendments)
        system.edms.mark(ref, OutgoingState.TAKEN, "", MORNING)
        system.send_changes(ref)
    if state in AFTER_CHANGES:
        system.edms.mark(ref, OutgoingState.CHANGES_TAKEN, "", MORNING)
    return ref


class UntilMarked:
    """Rule 8."""

    def test_a_document_is_handed_out_whole_until_it_is_marked(self, system: System) -> None:
        ref = sent(system)
        for edms in (system.edms, system.open()):
            (one,) = edms.outgoing()
            (file,) = one.document.files
            assert file.sha256 is not None
            assert (one.ref, one.to, one.document.subject) == (ref, BEREG, "О сверке")
            assert one.document.uid
            assert whole(one.contents[file.sha256], 1000) == PDF
        system.edms.mark(ref, OutgoingState.TAKEN)

        assert list(system.edms.outgoing()) == []

    def test_documents_are_handed_out_in_pages_and_none_is_left_behind(self, system: System) -> None:
        refs = {sent(system, f"О деле {place}") for place in range(5)}

        def taken(_before: object) -> list[str]:
            page = [one.ref for one in system.edms.outgoing(2)]
            for ref in page:
                system.edms.mark(ref, OutgoingState.TAKEN)
            return page

        assert sorted(in_pages(taken)) == sorted(refs)

    def test_what_goes_to_organisations_that_are_left_out_keeps_nothing_else_back(self, system: System) -> None:
        left = [sent(system, f"О деле {place}") for place in range(6)]
        wanted = [sent(system, to=GOROD), sent(system, "О другом", to=GOROD)]
        for one in wanted:
            assert [found.ref for found in system.edms.outgoing(1, [f" {BEREG.lower()} "])] == [one]
            system.edms.mark(one, OutgoingState.TAKEN)

        assert list(system.edms.outgoing(2, [BEREG])) == []
        assert sorted(one.ref for one in system.edms.outgoing(10, [GOROD])) == sorted(left)

    @pytest.mark.parametrize("state", OutgoingState)
    def test_a_mark_may_come_again(self, system: System, state: OutgoingState) -> None:
        ref = prepared(system, state)
        shown: list[Shown] = []
        for edms in (system.edms, system.edms, system.open()):
            edms.mark(ref, state, "слова", MORNING)
            shown.append(system.shown(ref))

        assert shown == [shown[0]] * 3

    @pytest.mark.parametrize("state", LEAVING)
    def test_what_is_marked_as_gone_or_not_going_is_not_handed_out(self, system: System, state: OutgoingState) -> None:
        ref = sent(system)
        system.edms.mark(ref, state, "слова", MORNING)

        assert list(system.edms.outgoing()) == []

    def test_a_mark_that_comes_late_leaves_the_dispatch_as_it_stands(self, system: System) -> None:
        in_order, late = sent(system), sent(system)
        for ref, states in ((in_order, LEAVING[:2]), (late, (*LEAVING[:2], LEAVING[0]))):
            for state in states:
                system.edms.mark(ref, state, "250 ok", MORNING)

        assert system.shown(late).state == system.shown(in_order).state
        assert list(system.edms.outgoing()) == []

    def test_what_a_system_cannot_send_it_does_not_hand_out(self, system: System) -> None:
        registered(system)

        assert list(system.edms.outgoing()) == []
        assert list(system.edms.withdrawals()) == []
        assert list(system.edms.dispatches(None)) == []


class SecondThoughts:
    @pytest.mark.parametrize("answer", WITHDRAWAL_ANSWERS)
    def test_a_wish_to_take_back_stays_until_it_is_answered(self, system: System, answer: OutgoingState) -> None:
        ref = sent(system)
        assert list(system.edms.withdrawals()) == []
        needs(system.abilities.withdrawals)
        system.withdraw(ref, "ошибка")
        wishes = [list(system.edms.withdrawals()) for _ in range(2)]
        handed_out = list(system.edms.outgoing())
        system.edms.mark(ref, answer, "слова", MORNING)

        assert wishes == [[Withdrawal(ref, "ошибка")]] * 2
        assert handed_out == []
        assert (list(system.edms.withdrawals()), list(system.edms.outgoing())) == ([], [])

    @pytest.mark.parametrize("answer", CHANGE_ANSWERS)
    def test_a_wish_to_send_what_changed_stays_until_it_is_answered_and_the_next_has_another_name(
        self, system: System, answer: OutgoingState
    ) -> None:
        ref = sent(system)
        assert [one.change for one in system.edms.outgoing()] == [""]
        needs(system.abilities.amendments)
        system.edms.mark(ref, OutgoingState.TAKEN)
        names = []
        for _ in range(2):
            system.send_changes(ref)
            (wish,) = system.edms.outgoing()
            assert list(system.edms.outgoing()) == [wish]
            assert (wish.ref, wish.document.subject) == (ref, "О сверке")
            names.append(wish.change)
            system.edms.mark(ref, answer, "слова", MORNING)
            assert list(system.edms.outgoing()) == []

        assert len({"", *names}) == 3

    def test_dispatches_count_from_the_moment_they_were_taken_and_come_in_pages(self, system: System) -> None:
        refs = [sent(system) for _ in range(5)]
        for ref in refs[:4]:
            system.edms.mark(ref, OutgoingState.TAKEN)
        if system.abilities.dispatches:
            assert list(system.edms.dispatches(None)) == []
        needs(system.abilities.dispatches)
        system.edms.mark(refs[1], OutgoingState.SENT)
        system.edms.mark(refs[3], OutgoingState.REFUSED, "слишком велик")

        found = in_pages(lambda before: system.edms.dispatches(before[-1] if before else None, 2))
        assert sorted(found) == sorted(refs[:3])


class OnceByKey:
    """Rule 10."""

    def test_news_are_written_once_however_often_they_are_told(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        ref = sent(system)
        system.edms.record(ref, NEWS)
        shown = system.shown(ref)
        assert len(shown.news) >= 1
        for edms in (system.edms, system.open()):
            edms.record(ref, (*NEWS, *NEWS))
            for one in NEWS:
                edms.record(ref, [one])

        assert system.shown(ref) == shown

    def test_news_told_by_many_processes_at_once_in_any_order_are_written_once(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        once, often = sent(system, "О деле 1"), sent(system, "О деле 2")
        system.edms.record(once, NEWS)
        with processes(system, f"record:{often}", f"record:{often}") as others, ThreadPoolExecutor(4) as pool:
            for one in others:
                one.go()
            list(pool.map(lambda place: record(system.edms, often, place), range(8)))
            assert [len(one.answers()) for one in others] == [4, 4]

        alone, together = system.shown(once), system.shown(often)
        assert sorted(together.news) == sorted(alone.news)
        assert len(together.notices) == len(alone.notices)

    def test_the_same_key_on_another_dispatch_is_news_there(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        refs = [sent(system, f"О деле {place}") for place in range(2)]
        for ref in refs:
            system.edms.record(ref, NEWS)

        assert system.shown(refs[0]).news == system.shown(refs[1]).news

    def test_every_kind_of_news_can_be_written_and_is_written_once(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        for kind in EventKind:
            ref = sent(system, f"О деле {kind.value}")
            event = replace(REFUSAL, kind=kind, **OF_KIND.get(kind, {}))
            system.edms.record(ref, [event])
            shown = system.shown(ref)
            system.edms.record(ref, [event])

            assert system.shown(ref) == shown, kind

    def test_news_of_a_dispatch_that_is_not_there_are_not_now(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        before = system.snapshot()
        not_now(lambda: system.edms.record("424242", NEWS))

        assert system.snapshot() == before


class Tied:
    def test_a_document_is_tied_to_what_it_answers_once(self, system: System) -> None:
        ref = sent(system)
        (ours,) = system.edms.outgoing()
        system.edms.mark(ref, OutgoingState.TAKEN)
        registered(system)
        original = Original(ours.document.uid, kind=Term("В ответ на"))
        assert system.edms.link(ExchangeId("ex-1"), original) is not bool(system.abilities.linking)
        needs(system.abilities.linking)
        seen = system.snapshot()

        assert system.edms.link(ExchangeId("ex-1"), original)
        assert system.snapshot() == seen

    def test_what_is_not_there_is_tied_to_nothing(self, system: System) -> None:
        registered(system)
        original = Original(DocumentUid("nowhere"), kind=Term("В ответ на"), description="письмо")
        assert not system.edms.link(ExchangeId("ex-1"), original)
        seen = system.snapshot()

        assert not system.edms.link(ExchangeId("ex-1"), original)
        assert system.snapshot() == seen
