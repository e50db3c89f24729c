# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates: a calendar date is the office's own, and a year begins when its journal is opened."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.edms_adapter.registry import people
from gateway.journal.entries import State
from gateway.outbound.lacking import Lacking
from tests.story import partner
from tests.story.acts import cards, inbox, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_receive_rules import arrive, passport

NEW_YEARS_EVE = datetime(2026, 12, 31, 9, 0, tzinfo=UTC)
HALF_PAST_MIDNIGHT = {  # 00:30 on 1 January, where the office is
    "Europe/Minsk": datetime(2026, 12, 31, 21, 30, tzinfo=UTC),
    "Asia/Vladivostok": datetime(2026, 12, 31, 14, 30, tzinfo=UTC),
    "America/New_York": datetime(2027, 1, 1, 5, 30, tzinfo=UTC),
}


def numbered(place: int) -> dict[str, str]:
    """Return what tells the passport of one document from that of another."""
    return {
        "message_id": f"{place}a" * 16,
        "return_id": f"{place}b" * 16,
        "uid": f"{place}c" * 16,
        "number": f"77-{place}",
    }


def counted(office: TownOffice) -> list[tuple[str, date]]:
    return [(card.number, date.fromisoformat(str(card.reg_date))) for card in cards(office)]


def at(offices: Town, moment: datetime) -> None:
    offices.clock.moment = moment


# --- the date of the office ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", HALF_PAST_MIDNIGHT)
def test_at_half_past_midnight_of_1_january_the_card_gets_that_date_and_the_new_years_counter(
    tmp_path: Path, zone: str
) -> None:
    with town(tmp_path, minsk={"zone": zone}) as offices:
        at(offices, HALF_PAST_MIDNIGHT[zone].replace(hour=HALF_PAST_MIDNIGHT[zone].hour - 1))
        arrive(offices.minsk, passport(**numbered(1)))
        arrive(offices.minsk, passport(**numbered(2)))
        at(offices, HALF_PAST_MIDNIGHT[zone])
        arrive(offices.minsk, passport(**numbered(3)))

        assert counted(offices.minsk) == [
            ("ВХ-1", date(2026, 12, 31)),
            ("ВХ-2", date(2026, 12, 31)),
            ("ВХ-1", date(2027, 1, 1)),
        ]


def test_what_came_before_midnight_keeps_its_date_when_it_is_worked_on_after_it(offices: Town) -> None:
    at(offices, datetime(2026, 12, 31, 20, 59, tzinfo=UTC))
    offices.minsk.receive(partner.letter(passport()), "edms@moscow.example")
    at(offices, datetime(2026, 12, 31, 21, 10, tzinfo=UTC))
    offices.minsk.work()

    assert counted(offices.minsk) == [("ВХ-1", date(2026, 12, 31))]


# --- hours and days off -------------------------------------------------------------------------------------------

HOURS = 'hours = "08:30-17:30"\nafter_hours = "next-working-day"\nholidays = "holidays.txt"'


@pytest.mark.parametrize(
    ("office", "on"),
    [
        ("", date(2026, 12, 31)),
        ('hours = "08:30-17:30"', date(2026, 12, 31)),
        (HOURS, date(2027, 1, 4)),  # a Monday: the Friday is a holiday
    ],
)
def test_what_comes_after_hours_is_registered_as_the_office_wants_and_keeps_its_true_moment(
    tmp_path: Path, office: str, on: date
) -> None:
    evening = datetime(2026, 12, 31, 15, 0, tzinfo=UTC)  # 18:00 in the office
    with town(tmp_path, minsk={"office": office}) as offices:
        at(offices, evening)
        number = arrive(offices.minsk, passport())
        offices.settle()

        assert counted(offices.minsk) == [("ВХ-1", on)]
        with people.at_work(offices.minsk.registry) as work:
            counters = [row.year for row in people.rows(work, "select year from counter")]
        assert counters == [on.year]
        assert (offices.minsk.entry(number).created_at - evening).total_seconds() < 1


def test_a_saturday_that_is_worked_is_a_working_day(tmp_path: Path) -> None:
    with town(tmp_path, minsk={"office": HOURS}) as offices:
        at(offices, datetime(2026, 12, 26, 9, 0, tzinfo=UTC))
        arrive(offices.minsk, passport())

        assert counted(offices.minsk) == [("ВХ-1", date(2026, 12, 26))]


# --- years that people open ---------------------------------------------------------------------------------------


def by_hand(office: TownOffice, *years: int) -> None:
    with people.at_work(office.registry) as work:
        people.open_by_hand(work, "Входящие")
        for year in years:
            people.open_year(work, "Входящие", year)


def test_without_the_new_years_counter_documents_wait_and_never_fail(offices: Town) -> None:
    by_hand(offices.moscow, 2026)
    at(offices, NEW_YEARS_EVE)
    send_letter(offices.minsk)
    offices.settle()
    at(offices, HALF_PAST_MIDNIGHT["Europe/Minsk"])
    card = send_letter(offices.minsk)
    offices.settle()

    old, new = cards(offices.moscow)
    assert (old.state, old.number) == ("registered", "ВХ-1")
    assert (new.state, new.number) == ("waiting", None)
    assert new.waits_because == "нет счётчика журнала «Входящие» за 2027 год"
    assert offices.moscow.incoming()[-1].state is State.WAITING
    assert inbox(offices.moscow, "Берёзкина") == [old.id]
    assert news(offices.minsk, card) == ["received"]


def test_when_a_person_has_opened_the_year_what_waits_is_registered_and_told(offices: Town) -> None:
    by_hand(offices.moscow)
    at(offices, HALF_PAST_MIDNIGHT["Europe/Minsk"])
    card = send_letter(offices.minsk)
    offices.settle()
    by_hand(offices.moscow, 2027)
    (waiting,) = cards(offices.moscow)
    with people.at_work(offices.moscow.registry) as work:
        people.register_waiting(
            work, waiting.id, by="Дубов", to=["Берёзкина"], now=offices.clock.now(), on=date(2027, 1, 1)
        )
    second = send_letter(offices.minsk)
    offices.settle()

    assert counted(offices.moscow) == [("ВХ-1", date(2027, 1, 1)), ("ВХ-2", date(2027, 1, 1))]
    for one in (card, second):
        assert news(offices.minsk, one)[:2] == ["received", "registered"]


def announced(lacking: Lacking) -> list[str]:
    """Return what is said in the log when the service looks for what is lacking."""
    with capture_logs() as logs:
        lacking.say()
    return [line["what"] for line in logs if line["event"] == "the EDMS lacks something"]


def test_a_missing_counter_of_the_next_year_is_announced_once_a_day_from_1_december(offices: Town) -> None:
    by_hand(offices.moscow, 2026)
    moscow, told = offices.moscow, []
    lacking = Lacking(moscow.parts.edms, moscow.parts.office, offices.clock.now)
    for moment in (
        datetime(2026, 11, 30, 20, 0, tzinfo=UTC),
        datetime(2026, 11, 30, 21, 5, tzinfo=UTC),  # 1 December in Moscow
        datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        datetime(2026, 12, 2, 9, 0, tzinfo=UTC),
    ):
        at(offices, moment)
        told.append(announced(lacking))
    by_hand(offices.moscow, 2027)
    at(offices, datetime(2026, 12, 3, 9, 0, tzinfo=UTC))
    told.append(announced(lacking))

    counter = ["counter of Входящие for 2027"]
    assert told == [[], counter, [], counter, []]
