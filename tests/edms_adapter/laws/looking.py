# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule 9 and its neighbours: what is only looked at, rehearsed or counted changes nothing."""

import pytest

from gateway.errors import Refused
from gateway.model import Document, ExchangeId, Number
from gateway.ports import Expected, NotOffered, Official, Registration, Waiting, Wanted
from tests.edms_adapter.desk import BEREG, OURS, STAFF, file_of, intake, letter, to
from tests.edms_adapter.laws import in_pages, needs, place_of, registered
from tests.edms_adapter.systems import System
from tests.edms_adapter.systems.process import CONTENTS, LARGE, answer_of, nth, register

NOBODY = "NOBODY-99"
THEIRS = (Official("b1", "Берегова Т. К.", "директор"), Official("b2", "Бухтин И. И."))


class Checked:
    def test_checking_finds_nothing_wrong_and_changes_nothing(self, system: System) -> None:
        registered(system)
        before = system.snapshot(), system.stored()
        wrong = [one for one in system.edms.check([Expected(OURS)]).findings if not one.ok]

        assert wrong == []
        assert list(system.edms.lacking()) == []
        assert (system.snapshot(), system.stored()) == before

    def test_checking_names_an_organisation_of_ours_that_is_not_there(self, system: System) -> None:
        needs(system.abilities.offices)
        (wrong,) = [one for one in system.edms.check([Expected(OURS), Expected(NOBODY)]).findings if not one.ok]

        assert NOBODY in wrong.what
        assert wrong.remedy

    def test_checking_names_an_inbox_that_is_not_there(self, system: System) -> None:
        needs(system.abilities.routing)
        before = system.snapshot()
        default = system.edms.check([Expected(OURS, "никого нет")])
        wanted = system.edms.check([Expected(OURS)], [Wanted("inbox", "никого нет", "receive[1]", OURS)])

        for health in (default, wanted):
            (wrong,) = [one for one in health.findings if not one.ok]
            assert "никого нет" in wrong.what + wrong.detail
        assert system.snapshot() == before


class Rehearsed:
    @pytest.mark.parametrize("outcome", ["registered", "waiting", "refused"])
    def test_a_rehearsal_says_what_would_happen_and_leaves_nothing_of_it(self, system: System, outcome: str) -> None:
        document, rest = self.case(system, outcome)
        first = registered(system, nth(1), "ex-1")
        before = system.snapshot(), system.stored()
        rehearsed = system.edms.rehearse(document, CONTENTS, ExchangeId("ex-2"), intake(**rest)).outcome
        assert (system.snapshot(), system.stored()) == before

        if outcome == "refused":
            assert isinstance(rehearsed, Refused)
            return
        made = register(system.edms, document, "ex-2", **rest)
        assert type(rehearsed) is type(made)
        if isinstance(made, Registration) and isinstance(rehearsed, Registration):
            assert rehearsed.number == made.number
            assert system.abilities.gapless or place_of(made.number) == place_of(first.number) + 1
        elif isinstance(made, Waiting) and isinstance(rehearsed, Waiting):
            assert rehearsed.reason == made.reason

    @staticmethod
    def case(system: System, outcome: str) -> tuple[Document, dict[str, str]]:
        files = (file_of(), file_of(LARGE, "План.tif"))
        if outcome == "refused":
            needs(system.abilities.routing)
            return letter("doc-2", "2", addressees=(to("Нездешний Х. Х."),)), {"unknown_addressee": "refuse"}
        if outcome == "waiting":
            needs(system.abilities.waiting)
            return letter("doc-2", "2", files=files), {"wait_because": "так решено"}
        return letter("doc-2", "2", files=files), {}

    def test_a_rehearsal_of_what_is_registered_gives_the_answer_it_has(self, system: System) -> None:
        registered(system)
        rehearsal = system.edms.rehearse(letter(), CONTENTS, ExchangeId("ex-1"), intake())

        assert rehearsal.rows == ()
        assert not isinstance(rehearsal.outcome, Refused)
        assert answer_of(rehearsal.outcome) == answer_of(register(system.edms))


class Counted:
    def test_what_is_held_for_us_stands_with_its_card_and_number(self, system: System) -> None:
        made = registered(system)

        (one,) = system.edms.standing([ExchangeId("ex-1"), ExchangeId("never heard of")])
        assert (one.exchange, one.card, one.number) == ("ex-1", made.ref, made.number)
        assert list(system.edms.standing(())) == []

    def test_a_paper_that_waits_stands_without_a_number(self, system: System) -> None:
        needs(system.abilities.waiting)
        made = register(system.edms, wait_because="так решено")

        (one,) = system.edms.standing([ExchangeId("ex-1")])
        assert (one.card, one.number) == (made.ref, Number())

    def test_a_card_that_people_deleted_is_seen_to_be_gone(self, system: System) -> None:
        made = registered(system)
        system.delete(made.ref)

        (one,) = system.edms.standing([ExchangeId("ex-1")])
        assert (one.card, one.number) == (made.ref, made.number if system.abilities.standing else None)
        needs(system.abilities.standing)

    def test_everything_held_for_us_comes_in_pages_in_the_order_of_exchanges(self, system: System) -> None:
        made = [registered(system, nth(place), f"ex-{place}") for place in (4, 2, 0, 3, 1)]

        found = in_pages(lambda before: system.edms.holdings(before[-1].exchange if before else None, 2))
        assert [one.exchange for one in found] == [f"ex-{place}" for place in range(5)]
        assert {one.card for one in found} == {one.ref for one in made}


class Directory:
    def test_our_people_are_named_or_the_ability_is_not_offered(self, system: System) -> None:
        if system.abilities.people:
            with pytest.raises(NotOffered):
                system.edms.people(OURS)
        needs(system.abilities.people)
        found = {one.name for one in system.edms.people(OURS)}
        assert found
        assert found <= {one.name for one in STAFF}

    def test_a_partners_people_come_in_whole_or_the_ability_is_not_offered(self, system: System) -> None:
        if system.abilities.import_people:
            with pytest.raises(NotOffered):
                system.edms.import_people(BEREG, THEIRS)
        needs(system.abilities.import_people)
        before = system.snapshot()
        tried = system.edms.import_people(BEREG, THEIRS, dry_run=True)
        assert system.snapshot() == before
        assert system.edms.import_people(BEREG, THEIRS) == tried
        assert [one.index for one in tried.added] == ["b1", "b2"]
        assert system.edms.import_people(BEREG, THEIRS).unchanged == 2
        done = system.edms.import_people(BEREG, THEIRS[:1])
        assert ([one.index for one in done.dismissed], done.unchanged) == (["b2"], 1)

    def test_what_changed_among_a_partners_people_leaves_the_others_as_they_are(self, system: System) -> None:
        if system.abilities.import_people:
            with pytest.raises(NotOffered):
                system.edms.import_people(BEREG, THEIRS[:1], gone=())
        needs(system.abilities.import_people)
        system.edms.import_people(BEREG, THEIRS)
        before = system.snapshot()
        assert system.edms.import_people(BEREG, THEIRS[:1], gone=("nobody",)).unchanged == 1
        assert system.snapshot() == before
        tried = system.edms.import_people(BEREG, (), gone=(" B2 ",), dry_run=True)
        assert system.snapshot() == before
        assert system.edms.import_people(BEREG, (), gone=(" B2 ",)) == tried

        assert [one.index for one in tried.dismissed] == ["b2"]
        back = system.edms.import_people(BEREG, THEIRS[1:], gone=())
        assert [(one.now.index, one.returned) for one in back.renewed] == [("b2", True)]

    def test_people_of_nobody_or_two_of_one_index_are_not_brought_in(self, system: System) -> None:
        needs(system.abilities.import_people)
        before = system.snapshot()
        with pytest.raises(LookupError):
            system.edms.import_people(NOBODY, THEIRS)
        with pytest.raises(ValueError, match="index"):
            system.edms.import_people(BEREG, (*THEIRS, Official("B1", "Другая")))
        with pytest.raises(ValueError, match="index"):
            system.edms.import_people(BEREG, THEIRS, gone=("B1",))

        assert system.snapshot() == before
