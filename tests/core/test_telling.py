# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audience hears: never more than subscription and rule both allow, and nothing that is not so."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count

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
    Number,
    Party,
    Person,
    Report,
    ReportKind,
    Subscription,
    Task,
    TaskControl,
    TaskDetails,
    TaskField,
    TaskUid,
    Term,
)
from gateway.reports import Audience, ReportRule, owed, owed_again, registered, snapshot, wanted

K = EventKind
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
ABOUT = DocumentRef(DocumentUid("u"), Number("01-17/42", date(2026, 3, 11)))
EVERYBODY = Audience(Subscription(30), ReportRule(frozenset(EventKind), frozenset(TaskField)))
KEYS = count()


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def fact(kind: EventKind, minutes: int, **values: object) -> Event:
    return Event(kind, EventKey(f"{kind.value}:{next(KEYS)}"), at(minutes), **values)  # type: ignore[arg-type]  # Event's


def told(**rule: object) -> Audience:
    """Everybody, with another rule."""
    return replace(EVERYBODY, rule=replace(EVERYBODY.rule, **rule))  # type: ignore[arg-type]  # fields of the rule


def asked(**details: object) -> Audience:
    """Everybody who asked only for some fields of tasks."""
    return replace(EVERYBODY, subscription=Subscription(30, task_details=TaskDetails(**details)))  # type: ignore[arg-type]


def executor(name: str, reported: int | None = None, *, responsible: bool = False) -> Executor:
    said = {"text": f"{name} did it", "reported_at": at(reported), "status": Term("done")} if reported else {}
    return Executor(Party(person=Person(name)), responsible, **said)  # type: ignore[arg-type]


def task(*executors: Executor, uid: str = "t", state: ControlState | None = ControlState.OPEN, **rest: object) -> Task:
    control = TaskControl(state, Party(person=Person("C")), date(2026, 3, 25), "half way", None, "")
    made = Task(TaskUid(uid), text="Reply", note="soon", category=Term("urgent"), executors=executors, control=control)
    return replace(made, **rest)  # type: ignore[arg-type]  # fields of a task


def shown(task_now: Task, audience: Audience, *before: Event) -> Task:
    """The task as the audience sees it, after it was assigned."""
    (fact_now,) = snapshot(ABOUT, (*before, fact(K.ASSIGNED, 1, task=task_now)), audience).considerations
    return fact_now.task


# --- fields -------------------------------------------------------------------------------------------------------

WHOLE = task(executor("A", 5, responsible=True), executor("B", 7))
FIELDS = {
    TaskField.TEXT: lambda one: one.text,
    TaskField.NOTE: lambda one: one.note,
    TaskField.CATEGORY: lambda one: one.category,
    TaskField.CONTROLLER: lambda one: one.control.controller,
    TaskField.PROGRESS: lambda one: one.control.progress,
    TaskField.EXECUTOR_TEXT: lambda one: one.executors[0].text,
    TaskField.STATUS: lambda one: one.executors[0].status,
}


@given(st.sets(st.sampled_from(list(TaskField))))
def test_a_field_is_told_only_when_the_rule_names_it(fields: set[TaskField]) -> None:
    seen = shown(WHOLE, told(fields=frozenset(fields)))

    assert {field for field, look in FIELDS.items() if look(seen)} == fields & FIELDS.keys()
    assert [one.party.name for one in seen.executors] == ["A", "B"]
    assert [one.reported_at for one in seen.executors] == [at(5), at(7)]
    assert seen.control is not None
    assert seen.control.deadline == date(2026, 3, 25)


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        ("text", TaskField.TEXT),
        ("note", TaskField.NOTE),
        ("category", TaskField.CATEGORY),
        ("controller", TaskField.CONTROLLER),
        ("progress", TaskField.PROGRESS),
        ("status", TaskField.STATUS),
        ("executor_report", TaskField.EXECUTOR_TEXT),
    ],
)
def test_a_field_the_sender_did_not_ask_for_is_not_told(detail: str, field: TaskField) -> None:
    seen = shown(WHOLE, asked(**{detail: False}))

    assert {one for one, look in FIELDS.items() if not look(seen)} == {field}


def test_deadline_state_and_executors_are_left_out_when_the_sender_does_not_want_them() -> None:
    seen = shown(WHOLE, asked(deadline=False, control_state=False, executor=False))

    assert seen.executors == ()
    assert seen.control is not None
    assert (seen.control.deadline, seen.control.state) == (None, None)


def test_the_responsible_executor_alone_is_told_when_either_side_wants_so() -> None:
    two = task(executor("B"), executor("A", responsible=True))

    for audience in (told(executors="responsible"), asked(executor_all=False)):
        assert [one.party.name for one in shown(two, audience).executors] == ["A"]
    assert [
        one.party.name for one in shown(task(executor("B"), executor("C")), asked(executor_all=False)).executors
    ] == ["B"]


def test_the_first_forwarding_and_the_first_instruction_alone_are_told_when_either_side_wants_so() -> None:
    people = [Party(person=Person(name)) for name in "AB"]
    history = [fact(K.FORWARDED, place, to=one) for place, one in enumerate(people)]
    history += [fact(K.ASSIGNED, 3, task=task(uid="x")), fact(K.ASSIGNED, 4, task=task(uid="y"))]
    narrow = replace(EVERYBODY, subscription=Subscription(30, forwarding_all=False, consideration_all=False))

    for audience in (told(forwarded="first", assigned="first"), narrow):
        seen = snapshot(ABOUT, history, audience)
        assert [one.to for one in seen.forwardings] == people[:1]
        assert [one.task.uid for one in seen.considerations] == ["x"]
    assert len(snapshot(ABOUT, history, EVERYBODY).considerations) == 2


def test_an_instruction_of_ours_on_a_restricted_document_never_leaves_and_the_sent_task_does() -> None:
    history = [fact(K.ASSIGNED, 1, task=task(uid="own")), fact(K.EXECUTED, 2, task=task(uid="sent"))]
    closed = replace(told(restricted=True), sent_tasks=frozenset({TaskUid("sent")}))

    seen = snapshot(ABOUT, history, closed)

    assert seen.considerations == ()
    assert [one.uid for one in seen.sent_tasks] == ["sent"]
    assert not wanted(history[0], closed)


def test_a_task_that_became_private_is_not_told_any_more() -> None:
    history = (fact(K.ASSIGNED, 1, task=task()), fact(K.DUE_CHANGED, 2, task=task(private=True)))

    assert snapshot(ABOUT, history, EVERYBODY).considerations == ()


def test_an_answers_subject_is_words_too() -> None:
    answer = Document(uid=DocumentUid("a"), number=Number("7", date(2026, 3, 20)), card="9", subject="Secret")
    history = (fact(K.ANSWERED, 1, document=answer),)

    (seen,) = snapshot(ABOUT, history, told(fields=frozenset())).answers

    assert seen.document == replace(answer, subject="")


# --- who decides --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decides", "responsible", "other", "known"),
    [
        ("each", None, 7, ["B"]),
        ("each", 5, 7, ["A", "B"]),
        ("responsible", None, 7, []),
        ("responsible", 5, None, ["A"]),
        ("responsible", 5, 7, ["A", "B"]),
        ("all", None, 7, []),
        ("all", 5, None, []),
        ("all", 5, 7, ["A", "B"]),
    ],
)
def test_reports_are_known_once_those_who_decide_have_reported(
    decides: str, responsible: int | None, other: int | None, known: list[str]
) -> None:
    one = task(executor("A", responsible, responsible=True), executor("B", other))

    seen = shown(one, told(decides=decides))

    assert [who.party.name for who in seen.executors if who.reported_at or who.text or who.status] == known


@pytest.mark.parametrize("state", [ControlState.NONE, None])
@pytest.mark.parametrize(
    ("decides", "responsible", "other", "on"),
    [
        ("each", 5, None, None),
        ("each", 5, 7, 7),
        ("responsible", None, 7, None),
        ("responsible", 5, None, 5),
        ("responsible", 5, 7, 5),
        ("all", 5, None, None),
        ("all", 5, 7, 7),
    ],
)
def test_a_task_nobody_controls_is_executed_by_the_report_that_decides(
    state: ControlState | None, decides: str, responsible: int | None, other: int | None, on: int | None
) -> None:
    one = task(executor("A", responsible, responsible=True), executor("B", other), state=state)

    control = shown(one, told(decides=decides)).control

    assert control is not None
    assert (control.state is ControlState.ENDED) == (on is not None)
    assert control.fact_date == (at(on).date() if on else None)


@pytest.mark.parametrize("decides", ["each", "responsible", "all"])
def test_a_controlled_task_is_executed_only_by_its_controller(decides: str) -> None:
    open_ = shown(task(executor("A", 5, responsible=True)), told(decides=decides))

    assert open_.control is not None
    assert open_.control.state is ControlState.OPEN


def test_the_date_of_execution_is_the_offices() -> None:
    east = replace(EVERYBODY, zone=timezone(timedelta(hours=13)))

    control = shown(task(executor("A", 1), state=ControlState.NONE), east).control

    assert control is not None
    assert control.fact_date == date(2026, 3, 12)


def test_a_report_from_before_the_reopening_executes_nothing() -> None:
    done = task(executor("A", 5), state=ControlState.NONE)
    again = task(executor("A", 9), state=ControlState.NONE)
    reopened = fact(K.REOPENED, 6, task=done)

    assert shown(done, EVERYBODY, reopened).control == replace(done.control, state=ControlState.NONE)  # type: ignore[type-var]
    renewed = shown(again, EVERYBODY, reopened).control
    assert renewed is not None
    assert renewed.state is ControlState.ENDED


def test_execution_by_a_report_is_told_also_to_whom_reports_are_not() -> None:
    quiet = told(kinds=frozenset({K.ASSIGNED, K.EXECUTED}))
    issued = fact(K.ASSIGNED, 1, task=task(executor("A"), state=ControlState.NONE))
    done = fact(K.EXECUTOR_REPORTED, 5, task=task(executor("A", 5), state=ControlState.NONE))

    (report,) = owed(ABOUT, (issued, done), (done,), quiet)

    seen = report.considerations[0].task
    assert seen.control is not None
    assert (seen.control.state, seen.executors[0].reported_at) == (ControlState.ENDED, None)


def test_execution_that_may_not_be_told_leaves_the_state_unsaid() -> None:
    ended = task(state=ControlState.ENDED)

    seen = shown(ended, told(kinds=frozenset(EventKind) - {K.EXECUTED}))

    assert seen.control is not None
    assert (seen.control.state, seen.control.fact_date) == (None, None)


def test_what_is_shown_is_what_stands_also_when_its_news_may_not_be_told() -> None:
    moved = task(control=TaskControl(ControlState.OPEN, deadline=date(2026, 4, 1)))
    quiet = told(kinds=frozenset({K.ASSIGNED}))
    history = (fact(K.ASSIGNED, 1, task=task()), fact(K.DUE_CHANGED, 2, task=moved))

    (seen,) = snapshot(ABOUT, history, quiet).considerations

    assert seen.task.control == moved.control
    assert owed(ABOUT, history, history[1:], quiet) == ()


# --- when it is told ----------------------------------------------------------------------------------------------


def test_news_that_change_nothing_of_what_is_shown_owe_nothing() -> None:
    assigned = fact(K.ASSIGNED, 1, task=task(executor("A", responsible=True), executor("B")))
    withheld = fact(K.EXECUTOR_REPORTED, 2, task=task(executor("A", responsible=True), executor("B", 2)))
    deciding = fact(K.EXECUTOR_REPORTED, 3, task=task(executor("A", 3, responsible=True), executor("B", 2)))
    patient = told(decides="responsible")

    assert owed(ABOUT, (assigned, withheld), (withheld,), patient) == ()
    (report,) = owed(ABOUT, (assigned, withheld, deciding), (deciding,), patient)
    assert [one.reported_at for one in report.considerations[0].task.executors] == [at(3), at(2)]


REGISTERED = fact(K.REGISTERED, 1, number=Number("ВХ-1", date(2026, 3, 11)), card="7")
RENUMBERED = fact(K.RENUMBERED, 2, number=Number("ВХ-9", date(2026, 3, 12)), card="7")
OFF = fact(K.DEREGISTERED, 3, number=Number("ВХ-9", date(2026, 3, 12)), card="7", text="by mistake")


def test_a_card_off_the_register_is_told_by_words_and_by_a_report_without_registration() -> None:
    history = (REGISTERED, RENUMBERED, OFF)

    edited, now = owed(ABOUT, history, (OFF,), EVERYBODY)

    assert registered(history) is None
    assert (edited.kind, edited.edited_text) == (ReportKind.EDITED, "Документ снят с регистрации. by mistake")
    assert edited.edited is not None
    assert edited.edited.number == RENUMBERED.number
    assert now == Report(ReportKind.PROGRESS, ABOUT)


def test_why_it_was_taken_off_is_told_only_by_agreement() -> None:
    edited, _ = owed(ABOUT, (REGISTERED, OFF), (OFF,), told(fields=frozenset()))

    assert edited.edited_text == "Документ снят с регистрации."


def test_a_number_after_the_deregistration_stands_again() -> None:
    again = fact(K.RENUMBERED, 4, number=Number("ВХ-10", date(2026, 3, 13)), card="7")

    assert registered((REGISTERED, OFF, again)) == again


def test_a_sender_who_asks_anew_hears_what_stands_and_no_number_that_does_not() -> None:
    forwarded = fact(K.FORWARDED, 4, to=Party(person=Person("A")))
    whole = owed_again(ABOUT, (REGISTERED, forwarded), EVERYBODY)
    off = owed_again(ABOUT, (REGISTERED, OFF, forwarded), EVERYBODY)

    assert whole == (snapshot(ABOUT, (REGISTERED, forwarded), EVERYBODY),)
    assert [report.kind for report in off] == [ReportKind.EDITED, ReportKind.PROGRESS]
    assert [report.registered for report in off] == [None, None]
    assert owed_again(ABOUT, (fact(K.RECEIVED, 0),), EVERYBODY) == ()
