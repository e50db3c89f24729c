# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of one fact each: what they leave out stands, and a task that was cancelled is told by itself."""

from datetime import UTC, date, datetime, timedelta

from gateway import reports
from gateway.model import (
    Consideration,
    DocumentRef,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    Executor,
    Message,
    MessageId,
    Organisation,
    Party,
    Person,
    Report,
    ReportKind,
    ReturnId,
    Subscription,
    Task,
    TaskControl,
    TaskUid,
)
from gateway.model import EventKind as K

AT = datetime(2026, 3, 11, 9, tzinfo=UTC)
ABOUT = DocumentRef(DocumentUid("d"))
WHO = Executor(Party(person=Person("Кленов П. И.")), responsible=True)
TASK = Task(TaskUid("t"), text="Ответить", executors=(WHO,), control=TaskControl(deadline=date(2026, 3, 25)))
MOVED = date(2026, 4, 1)
AUDIENCE = reports.Audience(Subscription(days=30), reports.ReportRule(kinds=frozenset(EventKind)))


def heard(report: Report, history: tuple[Event, ...] = (), sent: tuple[Task, ...] = ()) -> tuple[Event, ...]:
    message = Message(
        MessageId("m"), ReturnId("r"), AT + timedelta(days=1), Party(Organisation("x")), (), report, dialect="medo"
    )
    return reports.news(history, message, None, sent)


def moved(task: Task) -> Report:
    return Report(ReportKind.PROGRESS, ABOUT, K.DUE_CHANGED, considerations=(Consideration(task),))


BARE = Task(TaskUid("t"), control=TaskControl(deadline=MOVED))


def test_a_moved_deadline_takes_no_executor_and_no_word_away() -> None:
    history = (Event(K.ASSIGNED, EventKey("a"), AT, task=TASK),)

    (event,) = heard(moved(BARE), history)

    assert event.kind is K.DUE_CHANGED
    assert event.task is not None
    assert (event.task.text, event.task.executors) == ("Ответить", (WHO,))
    assert event.task.control == TaskControl(deadline=MOVED)


def test_the_deadline_of_a_task_that_was_sent_moves_without_an_assignment() -> None:
    (event,) = heard(moved(BARE), sent=(TASK,))

    assert (event.kind, event.task and event.task.executors) == (K.DUE_CHANGED, (WHO,))


def test_the_deadline_of_a_task_nobody_told_of_is_heard_all_the_same() -> None:
    (event,) = heard(moved(BARE))

    assert (event.kind, event.task) == (K.DUE_CHANGED, BARE)


def test_the_same_deadline_told_again_is_no_news() -> None:
    history = (Event(K.ASSIGNED, EventKey("a"), AT, task=TASK),)

    assert heard(moved(Task(TaskUid("t"), control=TaskControl(deadline=date(2026, 3, 25)))), history) == ()


def test_who_shall_do_a_sent_task_is_told_with_what_was_sent() -> None:
    report = Report(ReportKind.PROGRESS, ABOUT, K.ASSIGNED, considerations=(Consideration(Task(TaskUid("t"))),))

    (event,) = heard(report, sent=(TASK,))

    assert (event.kind, event.task) == (K.ASSIGNED, TASK)


def test_a_report_of_one_fact_takes_nothing_else_back() -> None:
    history = (Event(K.ASSIGNED, EventKey("a"), AT, task=TASK),)
    other = Report(ReportKind.PROGRESS, ABOUT, K.ANSWERED, answers=())

    assert heard(other, history) == ()


def test_a_cancelled_task_is_told_by_itself_as_it_stood() -> None:
    assigned = Event(K.ASSIGNED, EventKey("a"), AT, task=TASK)
    cancelled = Event(K.TASK_CANCELLED, EventKey("c"), AT, task=TASK)

    (report,) = reports.owed(ABOUT, (assigned, cancelled), (cancelled,), AUDIENCE, one_by_one=True)

    assert report.fact is K.TASK_CANCELLED
    assert [fact.task.uid for fact in report.considerations] == ["t"]
