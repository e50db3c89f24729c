# SPDX-License-Identifier: GPL-3.0-or-later
"""What a partner's reports come to: the newest one says what stands, in whatever order they come; nothing is hidden."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import (
    Answer,
    Consideration,
    ControlState,
    Document,
    DocumentRef,
    DocumentUid,
    Event,
    EventKind,
    Executor,
    Forwarding,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Redirection,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
    Task,
    TaskControl,
    TaskUid,
)
from gateway.reports import Rung, news, registered, rung
from gateway.reports.ladder import gone, standing_tasks

K = EventKind
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
MADE = NOON - timedelta(hours=1)
ABOUT = DocumentRef(DocumentUid("u"), Number("01-17/42", date(2026, 3, 11)))
A, B = Number("ВХ-1", date(2026, 3, 11)), Number("ВХ-2", date(2026, 3, 12))


def person(name: str) -> Party:
    return Party(Organisation(index="EX"), person=Person(name))


def message(report: Report, minute: int, name: str = "") -> Message:
    """A message that carries *report*, made at *minute*."""
    return Message(
        MessageId(name or f"m{minute}"),
        ReturnId("r"),
        NOON + timedelta(minutes=minute),
        Party(Organisation(index="EX")),
        (),
        report,
        "sev",
    )


def progress(**parts: object) -> Report:
    return Report(ReportKind.PROGRESS, ABOUT, **parts)  # type: ignore[arg-type]  # fields of a report


def numbered(number: Number | None) -> Report:
    return progress(registered=Registered(number, "7", MADE) if number else None)


REFUSAL = Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(39, "no"))


def heard(*messages: Message) -> tuple[Event, ...]:
    """The history after *messages* came in this order, with what the journal remembers of the newest."""
    history: tuple[Event, ...] = ()
    newest: datetime | None = None
    for one in messages:
        history += news(history, one, newest)
        if isinstance(one.body, Report) and one.body.kind is ReportKind.PROGRESS:
            newest = max(newest or one.sent_at, one.sent_at)
    return history


def kinds(*messages: Message) -> list[str]:
    return [event.kind.value for event in heard(*messages)]


# --- the newest report says what stands ---------------------------------------------------------------------------

forwardings = st.lists(
    st.sampled_from([Forwarding(person(name), NOON) for name in "FGH"]), unique_by=lambda one: one.to.name
)
redirections = st.lists(
    st.sampled_from([Redirection(person(name), NOON) for name in "RS"]), unique_by=lambda one: one.to.name
)
answers = st.lists(
    st.sampled_from([Answer(Document(uid=DocumentUid(uid)), NOON) for uid in "ab"]),
    unique_by=lambda one: one.document.uid,
)


@st.composite
def tasks(draw: st.DrawFn, uid: str) -> Task:
    names = draw(st.sampled_from(("X", "Y", "XY")))
    said = draw(st.sampled_from(("done", "really done")))
    people = tuple(Executor(person(name), text=said, reported_at=NOON) for name in names)
    state = draw(st.sampled_from((ControlState.OPEN, ControlState.ENDED)))
    deadline = draw(st.sampled_from((date(2026, 4, 1), date(2026, 4, 2))))
    return Task(TaskUid(uid), executors=people, control=TaskControl(state, deadline=deadline))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    uids = draw(st.lists(st.sampled_from("tu"), unique=True))
    number = draw(st.sampled_from((A, B, None)))
    return progress(
        registered=Registered(number, "7", MADE) if number else None,
        forwardings=tuple(draw(forwardings)),
        redirections=tuple(draw(redirections)),
        answers=tuple(draw(answers)),
        considerations=tuple(Consideration(draw(tasks(uid))) for uid in uids),
    )


def standing(history: tuple[Event, ...]) -> dict[str, object]:
    """What stands after *history*, in the words of a report."""
    lost = gone(history)
    facts = [event for event in history if event.key not in lost]
    number = registered(history)
    return {
        "number": number.number if number else None,
        "forwarded": {event.to.name for event in facts if event.kind is K.FORWARDED and event.to},
        "redirected": {event.to.name for event in facts if event.kind is K.REDIRECTED and event.to},
        "answered": {event.document.uid for event in facts if event.kind is K.ANSWERED and event.document},
        "tasks": {event.task.uid: event.task for event in standing_tasks(history) if event.task},
    }


@given(
    st.lists(reports(), min_size=1, max_size=5).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(range(len(all_))))
    )
)
def test_the_newest_report_alone_says_what_stands_whatever_came_before_or_after(
    told: tuple[list[Report], list[int]],
) -> None:
    made, order = told
    history = heard(*(message(made[place], place) for place in order))
    newest = made[-1]

    assert standing(history) == {
        "number": newest.registered.number if newest.registered else None,
        "forwarded": {one.to.name for one in newest.forwardings},
        "redirected": {one.to.name for one in newest.redirections},
        "answered": {one.document.uid for one in newest.answers},
        "tasks": {one.task.uid: one.task for one in newest.considerations},
    }
    assert len({event.key for event in history}) == len(history)


@given(st.lists(reports(), min_size=1, max_size=4))
def test_every_fact_that_was_ever_told_is_in_the_history(made: list[Report]) -> None:
    history = heard(*(message(made[place], place) for place in reversed(range(len(made)))))

    told = {one.to.name for report in made for one in report.forwardings}
    assert {event.to.name for event in history if event.kind is K.FORWARDED and event.to} == told


@pytest.mark.parametrize(
    "part",
    [
        {"registered": Registered(A, "7", MADE)},
        {"forwardings": (Forwarding(person("F"), NOON),)},
        {"redirections": (Redirection(person("R"), NOON),)},
        {"answers": (Answer(Document(uid=DocumentUid("a")), NOON),)},
        {"considerations": (Consideration(Task(TaskUid("t"))),)},
        {"sent_tasks": (Task(TaskUid("t")),)},
    ],
    ids=lambda part: next(iter(part)),
)
def test_what_vanishes_is_no_longer_reported_once_and_may_be_told_again(part: dict[str, object]) -> None:
    there, not_there = progress(**part), progress()

    history = heard(message(there, 1), message(not_there, 2), message(not_there, 3), message(there, 4))

    first, vanished, again = history
    assert vanished.kind is K.NO_LONGER_REPORTED
    assert vanished.about == first.key
    assert (again.kind, again.key != first.key) == (first.kind, True)
    assert kinds(message(there, 2), message(not_there, 1)) == [first.kind.value]


def test_only_an_accumulated_report_can_leave_something_out() -> None:
    edited = Report(ReportKind.EDITED, ABOUT, edited=Document(uid=DocumentUid("u")))

    assert kinds(message(numbered(A), 1), message(edited, 2)) == ["registered", "edited"]


def test_a_deregistered_card_has_no_number_until_it_is_told_again() -> None:
    off = heard(message(numbered(A), 1), message(numbered(None), 2))
    again = heard(message(numbered(A), 1), message(numbered(None), 2), message(numbered(B), 3))

    assert (off[-1].kind, off[-1].number) == (K.NO_LONGER_REPORTED, A)
    assert (registered(off), rung(off)) == (None, Rung.REGISTERED)
    standing_now = registered(again)
    assert standing_now is not None
    assert standing_now.number == B


# --- what contradicts ---------------------------------------------------------------------------------------------


def test_a_refusal_after_the_registration_changes_nothing_and_says_what_it_contradicts() -> None:
    history = heard(message(numbered(A), 1), message(REFUSAL, 2))

    assert [(event.kind, event.contradicts) for event in history] == [
        (K.REGISTERED, None),
        (K.REFUSED, history[0].key),
    ]
    assert rung(history) is Rung.REGISTERED


def test_a_refusal_that_overtook_the_registration_before_it_contradicts_it_too() -> None:
    history = heard(message(REFUSAL, 2), message(numbered(A), 1))

    assert [(event.kind, event.contradicts) for event in history] == [
        (K.REFUSED, None),
        (K.REGISTERED, None),
        (K.REFUSED, history[1].key),
    ]
    assert registered(history) == history[1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_registration_after_a_refusal_contradicts_nothing(order: tuple[int, int]) -> None:
    later = progress(registered=Registered(A, "7", NOON + timedelta(minutes=5)))
    told = (message(REFUSAL, 1), message(later, 6))

    history = heard(*(told[place] for place in order))

    assert {event.contradicts for event in history} == {None}
    assert rung(history) is Rung.REGISTERED


def test_a_newer_number_renumbers_and_an_older_one_that_comes_late_changes_nothing() -> None:
    first, then = message(numbered(A), 1), message(numbered(B), 2)

    assert [(event.kind, event.number) for event in heard(first, then)] == [(K.REGISTERED, A), (K.RENUMBERED, B)]
    assert [(event.kind, event.number) for event in heard(then, first)] == [(K.REGISTERED, B)]


@pytest.mark.parametrize(("one", "other"), [(A, B), (B, A)])
def test_two_numbers_of_one_moment_contradict_and_the_first_heard_stands(one: Number, other: Number) -> None:
    history = heard(message(numbered(one), 1), message(numbered(other), 1, "twin"))

    assert [(event.kind, event.number, event.contradicts) for event in history] == [
        (K.REGISTERED, one, None),
        (K.REGISTERED, other, history[0].key),
    ]
    assert registered(history) == history[0]


def test_a_number_that_was_repeated_stands_against_another_of_that_moment() -> None:
    history = heard(message(numbered(A), 1), message(numbered(A), 2), message(numbered(B), 2, "twin"))

    assert history[-1].contradicts == history[0].key
    assert registered(history) == history[0]


def test_a_later_report_ends_the_contradiction() -> None:
    history = heard(message(numbered(A), 1), message(numbered(B), 1, "twin"), message(numbered(B), 2))

    assert (history[-1].kind, history[-1].number) == (K.RENUMBERED, B)
    assert registered(history) == history[-1]


# --- executors ----------------------------------------------------------------------------------------------------


def executed(text: str, **control: object) -> Report:
    who = Executor(person("X"), text=text, reported_at=NOON)
    return progress(
        considerations=(Consideration(Task(TaskUid("t"), executors=(who,), control=TaskControl(**control))),)  # type: ignore[arg-type]
    )


def test_a_corrected_report_is_news_also_when_it_is_corrected_back() -> None:
    words = ["done", "not done", "done"]

    history = heard(*(message(executed(text), minute) for minute, text in enumerate(words, 1)))

    assert [event.executor.text for event in history if event.executor] == words


def test_words_that_are_left_out_were_not_taken_back() -> None:
    assert kinds(message(executed("done"), 1), message(executed(""), 2)) == ["assigned", "executor_reported"]


def test_a_state_that_is_left_out_reopens_nothing() -> None:
    ended, unsaid, open_ = executed("", state=ControlState.ENDED), executed(""), executed("", state=ControlState.OPEN)
    first = ["assigned", "executor_reported", "executed"]

    assert kinds(message(ended, 1), message(unsaid, 2)) == first
    assert kinds(message(ended, 1), message(unsaid, 2), message(open_, 3)) == [*first, "reopened"]


def test_an_execution_of_an_unknown_task_and_one_before_its_assignment_are_fine() -> None:
    late = replace(executed(""), considerations=(Consideration(Task(TaskUid("t"))),))

    assert kinds(message(executed("done"), 2), message(late, 1)) == ["assigned", "executor_reported"]


@pytest.mark.parametrize(
    ("deadline", "told"), [(1, ["assigned", "due_changed"]), (25, ["assigned"]), (None, ["assigned"])]
)
def test_a_sent_task_whose_deadline_is_not_the_one_it_was_sent_with_was_moved(
    deadline: int | None, told: list[str]
) -> None:
    sent = Task(TaskUid("t"), control=TaskControl(ControlState.OPEN, deadline=date(2026, 3, 25)))
    control = TaskControl(ControlState.OPEN, deadline=date(2026, 3, deadline) if deadline else None)
    report = message(progress(sent_tasks=(replace(sent, control=control),)), 1)

    assert [event.kind.value for event in news((), report, None, (sent,))] == told
