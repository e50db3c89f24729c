# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules 1 to 3: one exchange id is one card with one answer; what is refused, what waits, and what is not now."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gateway.errors import Reason, Refused
from gateway.model import Approval, ApprovalKind, DocumentType, DraftState, EventKind, Number
from gateway.ports import Registration, Waiting
from tests.edms_adapter.desk import TODAY, letter, to
from tests.edms_adapter.laws import needs, place_of, processes, registered, swept
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import answer_of, nth, register

PROCESSES, THREADS = 4, 8


class OnceForEver:
    """Rule 1."""

    def test_an_exchange_gets_the_very_same_answer_however_often_it_is_registered(self, system: System) -> None:
        first = register(system.edms)
        seen = system.snapshot()
        again = [register(edms) for edms in (system.edms, system.open(), system.edms)]

        assert again == [replace(first, created=False) if isinstance(first, Registration) else first] * 3
        assert (system.cards(), system.snapshot()) == (1, seen)

    def test_32_calls_in_4_processes_make_one_card_and_one_number(self, system: System) -> None:
        with processes(system, *[f"register:{THREADS}"] * PROCESSES) as others:
            for one in others:
                one.go()
            answered = [answer for one in others for answer in one.answers()]

        assert len(answered) == PROCESSES * THREADS
        assert len({(ref, number, date) for ref, number, date, _ in answered}) == 1
        assert system.cards() == 1
        if not system.abilities.numbers:
            assert Counter(created for *_, created in answered) == {"True": 1, "False": PROCESSES * THREADS - 1}
            assert registered(system).ref == answered[0][0]

    def test_numbers_of_parallel_registrations_are_all_different_and_have_no_gap(self, system: System) -> None:
        needs(system.abilities.numbers)
        adapters = [system.edms, system.open()]

        def number(place: int) -> int:
            made = register(adapters[place % 2], nth(place), f"ex-{place}")
            assert isinstance(made, Registration)
            return place_of(made.number)

        with ThreadPoolExecutor(8) as pool:
            taken = sorted(pool.map(number, range(24)))
        assert len(set(taken)) == system.cards() == 24
        needs(system.abilities.gapless)
        assert taken == list(range(taken[0], taken[0] + 24))

    def test_number_and_date_are_those_that_people_see_on_the_card(self, system: System) -> None:
        waits = isinstance(register(system.edms), Waiting)
        made = registered(system)

        assert waits is bool(system.abilities.numbers)
        assert made.number.text
        assert system.card(made.ref).number == made.number

    def test_a_document_lies_in_the_inbox_of_whom_it_names(self, system: System) -> None:
        made = registered(system)
        if system.abilities.routing:
            assert (system.edms.resolve(to("лугов с.и.")), made.routed) == (None, ())
        needs(system.abilities.routing)

        assert system.card(made.ref).inboxes == ("Лугов Семён Ильич",)
        assert [one.name for one in made.routed] == ["Лугов Семён Ильич"]
        found = system.edms.resolve(to("лугов с.и."))
        assert found is not None
        assert found.name == "Лугов Семён Ильич"
        assert system.edms.resolve(to("Нездешний Х. Х.")) is None


class TwoFamilies:
    """Rule 3."""

    def test_what_is_refused_is_told_with_its_reason_and_leaves_nothing(self, system: System) -> None:
        needs(system.abilities.routing)
        before = system.snapshot(), system.stored()
        with pytest.raises(Refused) as refused:
            register(system.edms, letter(addressees=(to("Нездешний Х. Х."),)), unknown_addressee="refuse")

        assert refused.value.reason is Reason.UNKNOWN_ADDRESSEE
        assert (system.snapshot(), system.stored()) == before

    def test_what_a_person_must_decide_waits_and_takes_no_number(self, system: System) -> None:
        needs(system.abilities.waiting, system.abilities.numbers)
        before = registered(system, nth(1), "ex-1")
        waiting = register(system.edms, nth(2), "ex-2", wait_because="так решено")
        after = registered(system, nth(3), "ex-3")

        assert isinstance(waiting, Waiting)
        assert "так решено" in waiting.reason
        assert register(system.edms, nth(2), "ex-2", wait_because="так решено") == waiting
        assert (system.cards(), system.card(waiting.ref).number) == (3, Number())
        needs(system.abilities.gapless)
        assert place_of(after.number) == place_of(before.number) + 1

    def test_what_a_person_registers_is_told_and_answers_the_exchange_from_then_on(self, system: System) -> None:
        needs(system.abilities.waiting)
        waiting = register(system.edms, wait_because="так решено")
        _, cursor = swept(system.edms)
        number = system.take_up(waiting.ref)

        told, _ = swept(system.edms, cursor)
        facts = [one.event for one in told if one.event.kind is EventKind.REGISTERED]
        assert [(one.number, one.card) for one in facts] == [(number, waiting.ref)]
        made = register(system.edms)
        assert answer_of(made) == [waiting.ref, number.text, str(number.date), "False"]

    def test_what_a_person_refuses_is_told_with_his_words_and_sent_again_is_judged_afresh(self, system: System) -> None:
        needs(system.abilities.waiting, system.abilities.refusing)
        waiting = register(system.edms, wait_because="так решено")
        system.refuse(waiting.ref, "не к нам")

        told, _ = swept(system.edms)
        (event,) = [one.event for one in told if one.event.kind is EventKind.REFUSED]
        assert event.refusal is not None
        assert "не к нам" in event.refusal.text
        again = register(system.edms, wait_because="так решено")
        assert isinstance(again, Waiting)
        assert again.ref != waiting.ref
        if not system.abilities.numbers:
            assert registered(system, nth(2), "ex-2").created

    def test_a_draft_is_never_registered_and_takes_no_number(self, system: System) -> None:
        asked = Approval("visa-1", ApprovalKind.VISA, to("Лугов С. И."))
        draft = letter(
            "draft-1", "", type=DocumentType.DRAFT, draft=DraftState("created", 1, "v-1"), approvals=(asked,)
        )
        made = register(system.edms, draft, "ex-draft")

        assert isinstance(made, Waiting) or made.is_draft
        assert isinstance(made, Waiting) is bool(system.abilities.drafts)
        assert system.card(made.ref).number == Number()
        again = register(system.edms, draft, "ex-draft")
        assert (again.ref, system.cards()) == (made.ref, 1)

    def test_a_card_that_vanished_is_made_again_under_the_number_that_was_told(self, system: System) -> None:
        first = registered(system)
        if system.abilities.told_numbers and not system.abilities.numbers:
            anew = registered(system, nth(2), "ex-2", number=Number("424242", TODAY)).number
            assert (anew != first.number, place_of(anew) != 424242) == (True, True)
        needs(system.abilities.told_numbers, system.abilities.standing)
        system.delete(first.ref)
        again = registered(system, number=first.number)

        assert (again.number, again.created, system.cards()) == (first.number, True, 1)
        assert registered(system, nth(2), "ex-2").number not in (first.number, Number())
        assert registered(system, number=Number("77", TODAY)).number == first.number
