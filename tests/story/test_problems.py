# SPDX-License-Identifier: GPL-3.0-or-later
"""What a partner writes not quite as the standard wants it: read all the same, and counted once for each letter."""

from datetime import timedelta
from pathlib import Path

from gateway.journal import problems
from gateway.journal.entries import State
from gateway.model import PartnerId
from tests.story import partner
from tests.story.acts import cards
from tests.story.offices import Town, TownOffice, town
from tests.story.test_modes import OBSERVE, change, typed
from tests.web.conftest import served
from tests.web.test_pages import words

SLIP = "wrong-size"


def receive(office: TownOffice, number: int, size: int = 999) -> None:
    """A letter comes from a partner with another product, whose passport says a file has *size* KiB; it has 1."""
    uid, id = f"{number:032x}", f"{number:016x}{size:016x}"
    said = partner.passport(message_id=id, return_id=id[::-1], uid=uid, number=f"77-{number}", size=str(size))
    office.receive(partner.letter(said, {"letter[1].pdf": partner.PDF}), "edms@moscow.example")
    while office.work():
        pass


def told(office: TownOffice, *, days: int = 90) -> dict[str, int]:
    with office.parts.journal.read() as tx:
        return dict(problems.since(tx, PartnerId("moscow"), office.clock.now() - timedelta(days=days)))


def test_letters_that_were_used_are_counted_by_what_was_wrong_with_them(offices: Town) -> None:
    receive(offices.minsk, 1, size=1)
    before = told(offices.minsk)
    for number in (2, 3):
        receive(offices.minsk, number)

    assert SLIP not in before
    assert told(offices.minsk)[SLIP] == 2
    assert len(cards(offices.minsk)) == 3


def test_a_letter_that_is_processed_again_counts_once(tmp_path: Path) -> None:
    with town(tmp_path, minsk=OBSERVE) as offices:
        receive(offices.minsk, 1)
        before = told(offices.minsk)[SLIP]
        change(offices.minsk, "live")
        typed(offices.minsk, "quarantine", "reprocess", "--reason", "observed", "--why", "live", "--yes")
        while offices.minsk.work():
            pass

        assert [entry.state for entry in offices.minsk.incoming()] == [State.DONE]
        assert (before, told(offices.minsk)[SLIP]) == (1, 1)


def test_what_was_wrong_more_than_a_year_ago_is_forgotten(offices: Town) -> None:
    receive(offices.minsk, 1)
    offices.clock.advance(days=400)
    recently = told(offices.minsk)
    receive(offices.minsk, 2)

    assert recently == {}
    assert told(offices.minsk, days=1000)[SLIP] == 1


def test_the_partners_page_names_them(offices: Town) -> None:
    receive(offices.minsk, 1)
    with served(offices.minsk) as site:
        english, russian = (words(site.get(f"/partners/moscow?lang={language}")) for language in ("en", "ru"))

    assert "Letters that are not quite as the standard wants them" in english
    assert f"{SLIP} 1" in english
    assert "Письма, не вполне соответствующие стандарту" in russian
    assert f"{SLIP} 1" in russian
