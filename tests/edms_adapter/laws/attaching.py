# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule 5: what is added is claimed under an id of its own, and never changes number or date."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from gateway.errors import Reason, Refused
from tests.edms_adapter.desk import file_of, letter
from tests.edms_adapter.laws import breaking_at, needs, not_now, registered
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import EMPTY, PLAN, attach, nth, register


class Added:
    def test_an_addition_comes_once_and_number_and_date_stay(self, system: System) -> None:
        needs(system.abilities.attaching)
        made = registered(system)
        results = [attach(edms) for edms in (system.edms, system.open(), system.edms)]

        assert [(one.ref, one.number) for one in results] == [(made.ref, made.number)] * 3
        assert [one.created for one in results] == [True, False, False]
        card = system.card(made.ref)
        assert (card.number, len(card.files), system.cards()) == (made.number, 2, 1)
        assert PLAN.sha256 in {one.sha256 for one in card.files}

    def test_another_addition_has_an_id_of_its_own_and_the_document_keeps_its_answer(self, system: System) -> None:
        needs(system.abilities.attaching)
        made = registered(system)
        attach(system.edms)
        attach(system.edms, letter(number="", files=(file_of(EMPTY, "Пустой.txt"),)), own="follow-2")

        assert len(system.card(made.ref).files) == (2 if system.abilities.empty_files else 3)
        again = register(system.edms)
        assert again.ref == made.ref
        assert registered(system, nth(2), "ex-2").ref != made.ref

    def test_an_addition_told_many_times_at_once_comes_once(self, system: System) -> None:
        needs(system.abilities.attaching)
        made = registered(system)
        adapters = [system.edms, system.open()]
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda place: attach(adapters[place % 2]), range(16)))

        assert sum(one.created for one in results) == 1
        assert {one.number for one in results} == {made.number}
        assert len(system.card(made.ref).files) == 2

    def test_an_addition_broken_anywhere_leaves_nothing_or_is_completed_by_the_next_call(self, system: System) -> None:
        needs(system.abilities.attaching)
        for place, stop in enumerate(system.attach_stops):
            made = registered(system, nth(place), f"ex-{place}")
            before = system.snapshot()
            add = partial(attach, exchange=f"ex-{place}", own=f"follow-{place}")
            not_now(partial(add, system.open(breaking_at(stop))))
            assert system.abilities.transactions or system.snapshot() == before
            assert add(system.edms).number == made.number
            assert len(system.card(made.ref).files) == 2

    def test_an_addition_to_nothing_is_refused_and_to_what_waits_is_not_now(self, system: System) -> None:
        needs(system.abilities.attaching)
        before = system.snapshot()
        with pytest.raises(Refused) as refused:
            attach(system.edms)
        assert refused.value.reason is Reason.UNKNOWN_EXCHANGE
        assert system.snapshot() == before

        needs(system.abilities.waiting)
        register(system.edms, wait_because="так решено")
        not_now(lambda: attach(system.edms))
