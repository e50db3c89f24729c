# SPDX-License-Identifier: GPL-3.0-or-later
"""Two letters about one document at the same time: each is told what became of it, and of nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.edms_adapter.registry import people
from gateway.errors import Reason
from gateway.journal.entries import State
from tests.story import partner
from tests.story.acts import cards, do
from tests.story.offices import TownOffice, town
from tests.story.test_decided_twice import accept
from tests.story.test_papers import told
from tests.story.test_repeats import arrive, passports, quiet

FIRST, SECOND = "0b" * 16, "1b" * 16  # return ids
CORRECTED = {"message_id": "1a" * 16, "return_id": SECOND, "number": "77-2"}


@dataclass
class Away:
    """An EDMS that registers nothing, for as long as it lasts."""

    edms: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.edms, name)

    def register(self, *arguments: object) -> None:
        raise ConnectionError("away")


@contextmanager
def outage(office: TownOffice) -> Iterator[None]:
    works = office.worker
    office.worker = replace(works, desk=replace(works.desk, edms=Away(works.desk.edms)))
    yield
    office.worker = works


def patiently(office: TownOffice) -> None:
    for _ in range(8):
        office.clock.advance(minutes=3)
        office.work()


def about(office: TownOffice, return_id: str, kind: str) -> list[str]:
    """Return what was told of *kind* under *return_id*."""
    return [one for one in passports(office.sent()) if f'ReturnID="{return_id}"' in one and f"<{kind}" in one]


def test_a_correction_that_comes_while_the_edms_is_away_takes_no_ones_place(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        quiet(offices)
        with outage(offices.minsk):
            one = arrive(offices.minsk, partner.letter(partner.passport(number="77-1")))
            two = arrive(offices.minsk, partner.letter(partner.passport(**CORRECTED)))
            assert [len(about(offices.minsk, id, "Reception")) for id in (FIRST, SECOND)] == [1, 1]
        patiently(offices.minsk)

        assert offices.minsk.entry(one).state is State.DONE
        assert offices.minsk.entry(two).state is State.WAITING
        assert [card.partner_number for card in cards(offices.minsk) if card.number] == ["77-1"]
        assert len(about(offices.minsk, FIRST, "Registration")) == 1
        assert about(offices.minsk, SECOND, "Registration") == []
        assert [len(about(offices.minsk, id, "Reception")) for id in (FIRST, SECOND)] == [1, 1]


def test_the_same_document_sent_again_while_the_edms_is_away_is_registered_once_and_told_twice(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        quiet(offices)
        with outage(offices.minsk):
            arrive(offices.minsk, partner.letter(partner.passport()))
            arrive(offices.minsk, partner.letter(partner.passport(**{**CORRECTED, "number": "77-1"})))
        patiently(offices.minsk)

        assert len(cards(offices.minsk)) == 1
        assert [len(about(offices.minsk, id, "Registration")) for id in (FIRST, SECOND)] == [1, 1]


def test_an_older_letter_that_is_accepted_after_a_newer_was_refused_is_told_under_its_own_name(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nregister = "refuse"'}) as offices:
        quiet(offices)
        first = arrive(offices.minsk, partner.letter(partner.passport(number="77-1")))
        arrive(offices.minsk, partner.letter(partner.passport(**CORRECTED)))

        accept(offices.minsk, first, Reason.NOT_ALLOWED)
        patiently(offices.minsk)

        assert [card.partner_number for card in cards(offices.minsk)] == ["77-1"]
        assert len(about(offices.minsk, FIRST, "Registration")) == 1
        assert about(offices.minsk, SECOND, "Registration") == []
        again = {**CORRECTED, "message_id": "2a" * 16, "return_id": "2b" * 16}
        third = arrive(offices.minsk, partner.letter(partner.passport(**again)))
        assert offices.minsk.entry(third).reason in (Reason.NOT_ALLOWED, Reason.CHANGED)


def test_a_conflict_that_was_accepted_and_registered_by_a_person_is_told(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        quiet(offices)
        arrive(offices.minsk, partner.letter(partner.passport()))
        number = arrive(offices.minsk, partner.letter(partner.passport(number="77-2", uid="1c" * 16)))
        accept(offices.minsk, number, Reason.CONFLICT)
        offices.minsk.work()
        with people.at_work(offices.minsk.registry) as work:
            (paper,) = people.waiting(work)

        do(offices.minsk, people.register_waiting, paper.card, number="01-12/8", by="Тихая", to=["Тихая"])
        patiently(offices.minsk)

        assert any("01-12/8" in one for one in told(offices.minsk, "Report"))


def test_another_refusal_after_the_first_was_accepted_is_told_too(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"partner": '[[receive]]\nregister = "refuse"\nrequire_files = true'}) as offices:
        quiet(offices)
        first = arrive(offices.minsk, partner.letter(partner.passport(files={}), {}))
        assert len(told(offices.minsk, "Failure")) == 1

        accept(offices.minsk, first, Reason.NOT_ALLOWED)
        patiently(offices.minsk)

        assert len(told(offices.minsk, "Failure")) == 2
