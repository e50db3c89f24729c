# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules 6 and 7: no committed change is lost, however it is read; and what is told is of the closed list."""

from gateway.model import EventKind
from tests.edms_adapter.laws import MANY_PAGES, is_told, keys, needs, not_now, registered, swept, work_on
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import nth


class NothingLost:
    """Rule 6."""

    def test_where_nothing_was_registered_nothing_is_told(self, system: System) -> None:
        page = system.edms.changes(None)

        assert (page.events, page.more) == ((), False)
        assert swept(system.edms, page.cursor)[0] == []

    def test_what_people_do_is_told_from_the_beginning_under_keys_that_never_change(self, system: System) -> None:
        made = registered(system)
        before = keys(swept(system.edms)[0])
        work_on(system, made.ref)
        first, _ = swept(system.edms)
        again, cursor = swept(system.open())
        later, _ = swept(system.edms, cursor)

        assert is_told([one for one in first if (one.exchange, one.event.key) not in before], "ex-1")
        assert again == first
        assert len(keys(first)) == len(first)
        assert keys(later) <= keys(first)

    def test_what_a_registration_tells_is_told_again_with_the_same_keys(self, system: System) -> None:
        made = registered(system)

        assert {("ex-1", one.key) for one in made.events} <= keys(swept(system.edms)[0])

    def test_pages_of_any_length_tell_the_same(self, system: System) -> None:
        for place in range(3):
            work_on(system, registered(system, nth(place), f"ex-{place}").ref)
        whole, _ = swept(system.edms)

        assert all(is_told(whole, f"ex-{place}") for place in range(3))
        for limit in (1, 2, 3, 7):
            assert keys(swept(system.edms, None, limit)[0]) == keys(whole)

    def test_nothing_is_lost_when_people_act_between_two_pages(self, system: System) -> None:
        made = [registered(system, nth(place), f"ex-{place}") for place in range(5)]
        work_on(system, made[0].ref)
        events, cursor, idle = [], None, iter(made[1:])
        for _ in range(MANY_PAGES):
            page = system.edms.changes(cursor, 1)
            events += page.events
            cursor = page.cursor
            one = next(idle, None)
            if one is not None:
                work_on(system, one.ref)
            elif not page.more:
                break
        events += swept(system.edms, cursor, 1)[0]

        assert [place for place in range(5) if not is_told(events, f"ex-{place}")] == []

    def test_what_is_committed_late_is_told_though_later_acts_were_told_before_it(self, system: System) -> None:
        needs(system.abilities.forwarding)
        slow, quick = (registered(system, nth(place), f"ex-{place}") for place in (1, 2))
        _, cursor = swept(system.edms)
        with system.forwarding(slow.ref, "Полева"):
            system.forward(quick.ref, "Полева")
            told, cursor = swept(system.edms, cursor)
            assert is_told(told, "ex-2")
            _, cursor = swept(system.edms, cursor)

        assert is_told(swept(system.edms, cursor)[0], "ex-1")

    def test_a_cursor_tells_what_comes_after_it_whoever_read_on_meanwhile(self, system: System) -> None:
        made = registered(system)
        _, before = swept(system.edms)
        work_on(system, made.ref)
        told, after = swept(system.edms, before)
        again, _ = swept(system.open(), before)

        assert is_told(told, "ex-1")
        assert is_told(again, "ex-1")
        for _ in range(3):
            more, after = swept(system.edms, after)
            assert keys(more) <= keys(swept(system.edms)[0])

    def test_a_cursor_that_nobody_gave_is_an_error_not_a_beginning(self, system: System) -> None:
        work_on(system, registered(system).ref)

        not_now(lambda: system.edms.changes("nobody gave this"))


class ClosedList:
    """Rule 7."""

    def test_the_end_of_the_work_is_told_with_its_words(self, system: System) -> None:
        needs(system.abilities.execution)
        made = registered(system)
        system.execute(made.ref, "опись готова")

        (event,) = [one.event for one in swept(system.edms)[0] if one.event.kind is EventKind.EXECUTED]
        assert "опись готова" in repr(event)

    def test_only_documents_that_we_registered_are_told(self, system: System) -> None:
        needs(system.abilities.outgoing)
        work_on(system, registered(system).ref)
        before = keys(swept(system.edms)[0])
        system.send("О сверке", {"a.pdf": b"%PDF"})
        (ours,) = system.edms.outgoing()
        work_on(system, ours.card)

        told = swept(system.edms)[0]
        assert keys(told) == before
        assert {one.exchange for one in told} == {"ex-1"}
        assert {type(one.event.kind) for one in told} == {EventKind}
