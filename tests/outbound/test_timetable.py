# SPDX-License-Identifier: GPL-3.0-or-later
"""When the EDMS is asked: every poll for a tenth of the time at most, and at its call."""

import pytest

from gateway.outbound.timetable import Timetable


@pytest.fixture
def table() -> Timetable:
    """A table that polls every 10 s and was answered at once at second 100."""
    made = Timetable(poll=10, longest=300, ask_at=100)
    assert made.asks(100)
    made.answered(100, 100, asked=True, busy=False)
    return made


def test_it_asks_a_poll_after_the_last_answer_however_often_there_was_news_for_it(table: Timetable) -> None:
    told = []
    for moment in (101.0, 104.0, 109.9):
        told.append(table.asks(moment))
        table.answered(moment, moment, asked=False, busy=False)

    assert told == [False, False, False]
    assert table.pause(104) == 6
    assert table.asks(110)


def test_a_call_is_followed_at_once_and_once(table: Timetable) -> None:
    table.called = True

    assert table.pause(101) == 0
    assert table.asks(101)
    assert not table.asks(101)


def test_a_call_does_not_make_the_poll_come_later(table: Timetable) -> None:
    table.called = True
    assert table.asks(105)
    table.answered(105, 105, asked=True, busy=False)

    assert table.pause(105) == 10


def test_a_slow_edms_rests_nine_times_as_long_as_it_worked(table: Timetable) -> None:
    assert table.asks(110)
    table.answered(110, 112, asked=True, busy=True)

    assert not table.asks(129)
    assert table.pause(113) == 17
    assert table.asks(130)


def test_a_slow_edms_that_calls_rests_as_long_as_it_worked(table: Timetable) -> None:
    assert table.asks(110)
    table.answered(110, 112, asked=True, busy=False)
    table.called = True

    assert not table.asks(113)
    assert table.pause(113) == 1
    assert table.asks(114)


def test_who_had_much_to_say_is_asked_again_without_a_poll_between(table: Timetable) -> None:
    assert table.asks(110)
    table.answered(110, 110, asked=True, busy=True)

    assert table.asks(110)


def test_an_edms_that_is_away_is_asked_less_and_less_often(table: Timetable) -> None:
    pauses = []
    for _ in range(7):
        table.failed()
        pauses.append(table.pause(110))
    table.answered(400, 400, asked=True, busy=False)

    assert pauses == [20, 40, 80, 160, 300, 300, 300]
    assert table.pause(400) == 10
