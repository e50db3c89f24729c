# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladder: what is told of a history is heard as the same history."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import (
    ControlState,
    Document,
    DocumentRef,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    Executor,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Report,
    ReportKind,
    ReturnId,
    Subscription,
    Task,
    TaskControl,
    TaskField,
    TaskUid,
)
from gateway.reports import Audience, ReportRule, Rung, news, owed, rung, snapshot, wanted

K = EventKind
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
ABOUT = DocumentRef(DocumentUid("u"), Number("01-17/42", date(2026, 3, 11)))
EVERYTHING = ReportRule(frozenset(EventKind), frozenset(TaskField))
ALL = Subscription(30)
OPENLY = Audience(ALL, EVERYTHING)


def person(name: str) -> Party:
    return Party(Organisation(index="EX"), person=Person(name))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def told(report: Report, minutes: int = 60, number: int = 1) -> Message:
    """A message that carries *report*."""
    return Message(
        id=MessageId(f"m{number}"),
        return_id=ReturnId("r"),
        sent_at=at(minutes),
        sender=Party(Organisation(index="EX")),
        recipients=(),
        body=report,
        dialect="sev",
    )


def task(uid: str = "t", **changes: object) -> Task:
    made = Task(
        TaskUid(uid),
        text="Reply",
        executors=(Executor(person("K"), responsible=True),),
        control=TaskControl(ControlState.OPEN, deadline=date(2026, 3, 25)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of a task


def fact(kind: EventKind, minutes: int, **values: object) -> Event:
    return Event(kind, EventKey(f"{kind.value}:{minutes}"), at(minutes), **values)  # type: ignore[arg-type]


REGISTERED = fact(K.REGISTERED, 1, number=Number("ВХ-1", date(2026, 3, 11)), card="7")
FORWARDED = fact(K.FORWARDED, 2, to=person("B"))
ASSIGNED = fact(K.ASSIGNED, 3, task=task())
MOVED = fact(K.DUE_CHANGED, 4, task=task(control=TaskControl(ControlState.OPEN, deadline=date(2026, 4, 1))))
DONE = task(
    executors=(Executor(person("K"), True, text="Done", reported_at=at(5)),),
    control=TaskControl(ControlState.OPEN, deadline=date(2026, 4, 1)),
)
REPORTED = fact(K.EXECUTOR_REPORTED, 5, task=DONE)
CLOSED = replace(DONE, control=TaskControl(ControlState.ENDED, deadline=date(2026, 4, 1), fact_date=date(2026, 3, 20)))
EXECUTED = fact(K.EXECUTED, 6, task=CLOSED)
ANSWERED = fact(K.ANSWERED, 7, document=Document(uid=DocumentUid("a"), number=Number("M-1", date(2026, 3, 20))))
STORY = (REGISTERED, FORWARDED, ASSIGNED, MOVED, REPORTED, EXECUTED, ANSWERED)


def heard(history: tuple[Event, ...], events: tuple[Event, ...], number: int, newest: int = 0) -> tuple[Event, ...]:
    """What is new in the *number*-th report, when the *newest*-th was the newest heard before (0: none)."""
    report = snapshot(ABOUT, events, OPENLY)
    return news(history, told(report, 60 + number, number), at(60 + newest) if newest else None)


def test_each_step_told_as_it_happens_is_heard_as_that_step() -> None:
    history: tuple[Event, ...] = ()
    for number in range(1, len(STORY) + 1):
        history += heard(history, STORY[:number], number)

    assert [event.kind for event in history] == [event.kind for event in STORY]


def test_a_report_that_tells_nothing_new_is_no_news() -> None:
    history = heard((), STORY, 1)

    assert heard(history, STORY, 2) == ()


def test_one_report_of_everything_says_what_stands() -> None:
    kinds = {event.kind for event in heard((), STORY, 1)}

    assert kinds == {K.REGISTERED, K.FORWARDED, K.ASSIGNED, K.EXECUTOR_REPORTED, K.EXECUTED, K.ANSWERED}


def test_an_older_report_never_turns_back_a_newer_one() -> None:
    newer = heard((), STORY, 5)
    older = snapshot(ABOUT, STORY[:3], OPENLY)

    late = news(newer, told(older, 30, 2), at(65))

    assert late == ()
    assert rung([*newer, *late]) is Rung.ANSWERED


def test_an_older_report_still_adds_what_the_newer_one_did_not_know() -> None:
    newer = heard((), (REGISTERED,), 5)
    older = replace(snapshot(ABOUT, (REGISTERED,), OPENLY), received_at=at(0))

    assert [event.kind for event in news(newer, told(older, 30, 2), at(65))] == [K.RECEIVED]


def test_what_an_accumulated_report_no_longer_mentions_is_said_once() -> None:
    history = heard((), STORY[:3], 1)
    gone = heard(history, STORY[:2], 2)

    assert [event.kind for event in gone] == [K.NO_LONGER_REPORTED]
    assert heard(history + gone, STORY[:2], 3) == ()


CANCELLED = fact(K.TASK_CANCELLED, 8, task=CLOSED)


def test_a_late_report_does_not_revive_a_cancelled_task() -> None:
    newest = heard((), (*STORY[:2], ASSIGNED, CANCELLED), 4)
    late = heard(newest, STORY[:3], 3, newest=4)

    assert [event.kind for event in late] == [K.ASSIGNED, K.NO_LONGER_REPORTED]


@given(st.permutations(range(1, 5)))
def test_the_newest_report_decides_which_tasks_stand_whatever_comes_when(order: list[int]) -> None:
    steps = ((REGISTERED,), STORY[:2], STORY[:3], (*STORY[:3], CANCELLED))
    history: tuple[Event, ...] = ()
    newest = 0
    for number in order:
        history += heard(history, steps[number - 1], number, newest)
        newest = max(newest, number)

    last = {event.task.uid: event.kind for event in history if event.task}
    assert last in ({}, {TaskUid("t"): K.NO_LONGER_REPORTED})


def test_a_new_number_is_a_renumbering() -> None:
    history = heard((), (REGISTERED,), 1)
    again = replace(REGISTERED, number=Number("ВХ-2", date(2026, 3, 12)), key=EventKey("x"))

    (event,) = heard(history, (again,), 2)

    assert event.kind is K.RENUMBERED
    assert event.number == Number("ВХ-2", date(2026, 3, 12))


def test_a_refusal_after_the_registration_is_kept_as_what_contradicts_it() -> None:
    history = heard((), (REGISTERED,), 1)
    refusal = Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(39, "no"))

    (event,) = news(history, told(refusal, 90, 2))

    assert (event.kind, event.contradicts) == (K.REFUSED, history[0].key)
    assert rung([*history, event]) is Rung.REGISTERED


def test_a_registration_after_a_refusal_is() -> None:
    history = news((), told(Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(39, "no"))))

    (event,) = heard(history, (replace(REGISTERED, at=at(61)),), 2)

    assert rung([*history, event]) is Rung.REGISTERED


def test_reopening_and_closing_again_are_both_news() -> None:
    history = heard((), STORY[:6], 1)
    reopened = fact(K.REOPENED, 8, task=DONE)
    history += heard(history, (*STORY[:6], reopened), 2)
    closed_again = fact(K.EXECUTED, 9, task=CLOSED)

    again = heard(history, (*STORY[:6], reopened, closed_again), 3)

    assert history[-1].kind is K.REOPENED
    assert [event.kind for event in again] == [K.EXECUTED]


@given(st.permutations(range(1, len(STORY) + 1)), st.integers(0, 3))
def test_reports_in_any_order_and_twice_lead_to_the_same_rung(order: list[int], repeats: int) -> None:
    history: tuple[Event, ...] = ()
    newest = 0
    for number in [*order, *order[:repeats]]:
        history += heard(history, STORY[:number], number, newest)
        newest = max(newest, number)

    assert rung(history) is Rung.ANSWERED
    assert len({event.key for event in history}) == len(history)
    assert sum(event.kind is K.REGISTERED for event in history) == 1


# --- what is told -------------------------------------------------------------------------------------------------


def test_without_texts_the_fact_of_execution_leaves_and_the_words_stay() -> None:
    report = snapshot(ABOUT, STORY, replace(OPENLY, rule=ReportRule(frozenset(EventKind))))

    (consideration,) = report.considerations
    assert consideration.task.text == ""
    assert consideration.task.executors[0].text == ""
    assert consideration.task.control == CLOSED.control
    assert consideration.task.executors[0].reported_at == at(5)


def test_private_tasks_never_leave() -> None:
    private = replace(ASSIGNED, task=task(private=True))

    assert not wanted(private, OPENLY)


def test_a_refusal_is_told_whatever_was_subscribed() -> None:
    nothing = Subscription(30, receipt=False, registration=False, forwarding=False)

    assert wanted(fact(K.REFUSED, 1), Audience(nothing, ReportRule(frozenset())))


@pytest.mark.parametrize(
    ("event", "flag"),
    [
        (REGISTERED, "registration"),
        (FORWARDED, "forwarding"),
        (ASSIGNED, "consideration"),
        (EXECUTED, "consideration"),
        (ANSWERED, "answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind.value,
)
def test_what_was_not_subscribed_is_not_told(event: Event, flag: str) -> None:
    assert wanted(event, OPENLY)
    assert not wanted(event, Audience(replace(ALL, **{flag: False}), EVERYTHING))


def test_a_task_that_was_sent_is_reported_as_such() -> None:
    sent = frozenset({TaskUid("t")})
    without = replace(ALL, execution=False)

    report = snapshot(ABOUT, STORY, replace(OPENLY, sent_tasks=sent))

    assert [one.uid for one in report.sent_tasks] == ["t"]
    assert report.considerations == ()
    assert not wanted(EXECUTED, Audience(without, EVERYTHING, sent))


def test_receipt_and_progress_are_messages_of_their_own() -> None:
    received = fact(K.RECEIVED, 0)

    reports = owed(ABOUT, (received, REGISTERED), (received, REGISTERED), OPENLY)

    assert [report.kind for report in reports] == [ReportKind.RECEIPT, ReportKind.PROGRESS]


def test_no_news_owe_nothing() -> None:
    assert owed(ABOUT, STORY, (), OPENLY) == ()
