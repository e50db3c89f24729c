# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule 2: all or nothing, whatever breaks: an exception, a killed process, torn files, an EDMS that is away."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pytest

from gateway.content import Held
from gateway.errors import Refused
from gateway.model import Content, Event, EventKey, EventKind, ExchangeId, Executor, Sha256
from gateway.ports import Contents, Edms, OutgoingState, Registration, Waiting
from tests.edms_adapter.desk import MORNING, PDF, file_of, letter
from tests.edms_adapter.laws import (
    breaking_at,
    needs,
    not_now,
    place_of,
    processes,
    registered,
)
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import CONTENTS, LARGE, NEWS, PLAN, THERE, answer_of, attach, nth, register


@dataclass(frozen=True)
class Torn:
    """A content that cannot be read to its end."""

    whole: Held

    @property
    def size(self) -> int:
        return self.whole.size

    @property
    def sha256(self) -> Sha256:
        return self.whole.sha256

    def blocks(self) -> Iterator[bytes]:
        yield self.whole.data[: self.size // 2]
        raise OSError("the disk cannot be read")


def lying(whole: Held, data: bytes) -> Content:
    """Return *data* under the name of other bytes."""
    made = Held(data)
    object.__setattr__(made, "sha256", whole.sha256)
    return made


SPOILT: dict[str, Callable[[Held], Contents]] = {
    "stop in the middle": lambda whole: {whole.sha256: Torn(whole)},
    "are others": lambda whole: {whole.sha256: lying(whole, whole.data[:-1] + b"!")},
    "are too few": lambda whole: {whole.sha256: lying(whole, whole.data[:-1])},
    "are not there": lambda _: {},
}


def whole_and_alone(system: System, places: int) -> None:
    """Hold each of the letters `nth` to be one whole card with the next number, registering it once more."""
    numbers = []
    for place in range(places):
        made = registered(system, nth(place), f"ex-{place}")
        card = system.card(made.ref)
        numbers.append(place_of(made.number))
        assert [one.sha256 for one in card.files] == [PDF.sha256]
        assert card.number == made.number
        assert system.abilities.routing or card.inboxes == ("Лугов Семён Ильич",)
    assert system.cards() == len(set(numbers)) == places
    if not system.abilities.gapless:
        assert sorted(numbers) == list(range(min(numbers), min(numbers) + places))


class AllOrNothing:
    @pytest.mark.parametrize("bytes_that", SPOILT)
    def test_a_document_whose_files_do_not_come_whole_is_no_card(self, system: System, bytes_that: str) -> None:
        for place, content in enumerate((PDF, LARGE)):
            named = letter(f"doc-{place}", f"14/{place}", files=(file_of(content),))
            before = system.snapshot(), system.stored()
            not_now(partial(register, system.edms, named, f"ex-{place}", SPOILT[bytes_that](content)))

            if not system.abilities.transactions:
                assert (system.snapshot(), system.stored()) == before
            made = registered(system, named, f"ex-{place}")
            assert [one.sha256 for one in system.card(made.ref).files] == [content.sha256]
            assert system.cards() == place + 1

    def test_a_registration_broken_anywhere_leaves_nothing_or_is_completed_by_the_next_call(
        self, system: System
    ) -> None:
        for place, stop in enumerate(system.stops):
            before, cards = system.snapshot(), system.cards()
            not_now(partial(register, system.open(breaking_at(stop)), nth(place), f"ex-{place}"))
            if not system.abilities.transactions:
                assert system.snapshot() == before or system.cards() == cards + 1

        whole_and_alone(system, len(system.stops))

    def test_a_process_killed_anywhere_leaves_nothing_or_what_the_next_call_completes(self, system: System) -> None:
        works = [f"register-until:{place}:{stop}" for place, stop in enumerate(system.stops)]
        with processes(system, *works) as others:
            for one in others:
                before, cards = system.snapshot(), system.cards()
                one.killed_inside()
                if not system.abilities.transactions:
                    assert system.snapshot() == before or system.cards() == cards + 1

        whole_and_alone(system, len(system.stops))

    def test_a_process_killed_while_adding_leaves_nothing_or_what_the_next_call_completes(self, system: System) -> None:
        needs(system.abilities.attaching)
        made = [registered(system, nth(place), f"ex-{place}") for place, _ in enumerate(system.attach_stops)]
        works = [f"attach-until:{place}:{stop}" for place, stop in enumerate(system.attach_stops)]
        with processes(system, *works) as others:
            for one in others:
                one.killed_inside()

        for place, main in enumerate(made):
            again = attach(system.edms, exchange=f"ex-{place}", own=f"follow-{place}")
            assert (again.ref, again.number) == (main.ref, main.number)
            assert len(system.card(main.ref).files) == 2

    def test_news_that_break_in_the_middle_are_written_whole_by_the_next_call(self, system: System) -> None:
        needs(system.abilities.outgoing, system.abilities.news)
        executor = Executor(THERE, text="Опись готова", files=(file_of(PLAN, "Опись.pdf"),))
        reported = Event(EventKind.EXECUTOR_REPORTED, EventKey("reported"), MORNING, executor=executor)
        events = (*NEWS, reported)
        whole, broken = system.send("О деле 1", {}), system.send("О деле 2", {})
        system.edms.record(whole, events, CONTENTS)
        before = system.snapshot()
        try:  # who keeps no files of reports does not read them, and it works
            system.edms.record(broken, events, {PLAN.sha256: Torn(PLAN)})
        except Exception:
            assert system.abilities.transactions or system.snapshot() == before
        system.edms.record(broken, events, CONTENTS)

        assert system.shown(broken).news == system.shown(whole).news

    def test_sweeping_takes_nothing_that_a_card_shows(self, system: System) -> None:
        made = registered(system, letter(files=(file_of(LARGE, "План.tif"), file_of())))
        before = system.card(made.ref)
        system.edms.sweep()

        assert system.card(made.ref) == before


class OutOfReach:
    """Rules 2 and 3: an EDMS that is away is "not now", and nothing is half done when it is back."""

    def test_an_edms_that_is_away_is_not_now_and_works_again_when_it_is_back(self, system: System) -> None:
        made = registered(system)
        ref = system.send("О сверке", {"a.pdf": b"%PDF"}) if not system.abilities.outgoing else "1"
        edms, before, cards = system.edms, system.snapshot(), system.cards()
        with system.away():
            not_now(lambda: register(edms, nth(2), "ex-2"))
            not_now(lambda: register(edms))
            not_now(lambda: attach(edms))
            not_now(lambda: edms.changes(None))
            not_now(lambda: edms.standing([ExchangeId("ex-1")]))
            if not system.abilities.outgoing:
                not_now(edms.outgoing)
                not_now(lambda: edms.mark(ref, OutgoingState.TAKEN))
                not_now(lambda: edms.record(ref, NEWS))

        assert (system.snapshot(), system.cards()) == (before, cards)
        assert register(edms).ref == made.ref
        assert registered(system, nth(2), "ex-2").ref != made.ref

    def test_checking_an_edms_that_is_away_says_so(self, system: System) -> None:
        with system.away():
            health = system.edms.check()

        assert not health.ok
        assert all(one.what and one.detail and one.remedy for one in health.findings if not one.ok)
        assert system.edms.check().ok

    def test_an_edms_that_goes_away_in_the_middle_leaves_nothing_or_what_the_next_call_completes(
        self, system: System
    ) -> None:
        needs(system.abilities.cutting)
        for place, stop in enumerate(system.stops):
            before, cards = system.snapshot(), system.cards()
            self.cut(system, stop, partial(register, document=nth(place), exchange=f"ex-{place}"))
            if not system.abilities.transactions:
                assert system.snapshot() == before or system.cards() == cards + 1

        whole_and_alone(system, len(system.stops))
        needs(system.abilities.attaching)
        for place, stop in enumerate(system.attach_stops):
            self.cut(system, stop, partial(attach, exchange=f"ex-{place}", own=f"follow-{place}"))
            assert len(system.card(registered(system, nth(place), f"ex-{place}").ref).files) == 2

    @staticmethod
    def cut(system: System, stop: str, call: Callable[[Edms], Registration | Waiting]) -> None:
        """Call an adapter, the EDMS going away at *stop*, and again when it is back.

        Whatever was answered stands, and nothing is refused.
        """
        answer = None
        with ExitStack() as stack:

            def away(here: str) -> None:
                if here == stop:
                    stack.enter_context(system.away())

            try:
                answer = call(system.open(away))
            except Refused as refused:
                raise AssertionError("the partner would be told") from refused
            except Exception:
                pass
        again = call(system.edms)
        assert answer is None or answer_of(again)[:3] == answer_of(answer)[:3]
