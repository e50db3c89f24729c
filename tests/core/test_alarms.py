# SPDX-License-Identifier: GPL-3.0-or-later
"""When somebody is called: what lasts, once an hour at most, and once more when it is over."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alarms.deciding import Call, as_remembered, calls, failing, noted, told
from gateway.alarms.memory import NAME, Memory, load, save
from gateway.causes import Cause
from gateway.settings import AlarmSettings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = AlarmSettings(command=("call",))
BOX = Cause("mailbox:box", "mailbox box cannot be read", NOON, "no", "mend it")
RELAY = Cause("alone:relay", "relay is left alone", None, "no", "mend it")


def minutes(
    timeline: Sequence[Sequence[Cause]], *, heard: bool = True, deaf_from: int = 10**6
) -> list[tuple[int, Call]]:
    """Live through *timeline*, minute by minute; return who was called when.  From *deaf_from* on nobody hears."""
    memory, called = Memory(), []
    for minute, wrong in enumerate(timeline):
        now = NOON + minute * MINUTE
        memory = noted(memory, wrong, now)
        for call in calls(memory, wrong, now, RULES):
            called.append((minute, call))
            memory = told(memory, call, now, RULES, heard=heard and minute < deaf_from)
    return called


def short(called: list[tuple[int, Call]]) -> list[tuple[int, str, str]]:
    return [(minute, call.alarm, call.key) for minute, call in called]


def test_what_mends_itself_within_ten_minutes_calls_nobody() -> None:
    assert minutes([[RELAY]] * 10 + [[]] * 60) == []


def test_what_lasts_is_told_each_hour_and_once_more_when_it_is_over() -> None:
    called = short(minutes([[BOX]] * 100 + [[]] * 100))

    assert called == [(10, "wrong", BOX.key), (70, "wrong", BOX.key), (100, "over", BOX.key)]


def test_what_is_not_serious_calls_nobody() -> None:
    waiting = Cause("waiting", "3 letters before a person", NOON, "", "", serious=False)

    assert minutes([[waiting]] * 100) == []


def test_nothing_is_over_because_nobody_could_look() -> None:
    memory = noted(Memory(), [BOX], NOON)
    memory = told(memory, Call("wrong", BOX.key, BOX.what), NOON, RULES, heard=True)

    blind = noted(memory, [Cause("journal", "the journal does not answer", None, "", "")], NOON, complete=False)

    assert calls(blind, [], NOON + MINUTE, RULES) == ()


def test_a_cause_calls_whatever_else_is_wrong_already() -> None:
    called = short(minutes([[BOX]] * 30 + [[BOX, RELAY]] * 20))

    assert called == [(10, "wrong", BOX.key), (40, "wrong", RELAY.key)]


def test_when_nobody_hears_it_is_tried_again_soon_and_its_end_is_no_news() -> None:
    called = short(minutes([[BOX]] * 20 + [[]] * 20, heard=False))

    assert called == [(10, "wrong", BOX.key), (15, "wrong", BOX.key)]


def test_an_end_that_nobody_hears_is_told_once_an_hour_and_at_once_when_it_ends_anew() -> None:
    called = short(minutes([[BOX]] * 20 + [[]] * 130 + [[BOX]] * 5 + [[]] * 5, deaf_from=15))

    assert called == [
        (10, "wrong", BOX.key),
        *((minute, "over", BOX.key) for minute in (20, 80, 140)),
        (150, "wrong", BOX.key),
        (155, "over", BOX.key),
    ]


def test_an_end_that_nobody_heard_is_not_told_again_at_once_after_a_restart(tmp_path: Path) -> None:
    memory = told(noted(Memory(), [BOX], NOON), Call("wrong", BOX.key, BOX.what), NOON, RULES, heard=True)
    (over,) = calls(noted(memory, [], NOON), [], NOON, RULES)
    save(tmp_path, told(noted(memory, [], NOON), over, NOON, RULES, heard=False))

    assert calls(load(tmp_path), [], NOON + 59 * MINUTE, RULES) == ()
    assert calls(load(tmp_path), [], NOON + 60 * MINUTE, RULES) == (over,)


@given(st.lists(st.booleans(), max_size=300))
def test_however_it_comes_and_goes_there_is_one_call_an_hour_at_most_and_each_end_was_told_as_wrong(
    timeline: list[bool],
) -> None:
    called = minutes([[BOX] if wrong else [] for wrong in timeline])

    wrong = [minute for minute, call in called if call.alarm == "wrong"]
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(wrong))
    said = [call.alarm for _, call in called]
    assert all(pair != ("over", "over") for pair in itertools.pairwise(said))
    assert said[:1] != ["over"]


def test_what_was_told_is_remembered_over_a_restart(tmp_path: Path) -> None:
    memory = noted(Memory(), [BOX, RELAY], NOON)
    memory = told(memory, calls(memory, [BOX], NOON + 10 * MINUTE, RULES)[0], NOON + 10 * MINUTE, RULES, heard=True)

    save(tmp_path, memory)

    assert load(tmp_path) == memory
    assert calls(load(tmp_path), [BOX], NOON + 60 * MINUTE, RULES) == ()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"standing": {"a": 1}}', "\x00"])
def test_a_memory_that_is_damaged_is_begun_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / NAME).write_text(damage)

    assert load(tmp_path) == Memory()


def test_since_when_is_told_of_what_does_not_know_it_itself() -> None:
    memory = noted(Memory(), [RELAY], NOON)
    off = Cause("service", "the service does not run", None, "", "")

    relay, service = as_remembered([RELAY, off], memory)

    assert (relay.since, service.since) == (NOON, NOON)


def test_a_way_that_called_nobody_is_a_cause_itself() -> None:
    (cause,) = failing(Memory(failed={"webhook": "HTTP 500"}))

    assert (cause.key, cause.words, cause.serious) == ("alarm:webhook", "HTTP 500", True)
