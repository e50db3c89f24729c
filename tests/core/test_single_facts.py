# SPDX-License-Identifier: GPL-3.0-or-later
"""Standards that tell one fact a message: each is told once, alone, and silence about the others takes nothing back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.identity import report_digest
from gateway.model import (
    Answer,
    ControlState,
    Document,
    DocumentRef,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    Refusal,
    Remark,
    Report,
    ReportKind,
    ReturnId,
    Subscription,
    Task,
    TaskControl,
    TaskField,
    TaskUid,
)
from gateway.reports import Audience, ReportRule, Rung, answered, news, owed, owed_again, registered, rung
from gateway.reports.ladder import standing_tasks

K = EventKind
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
ABOUT = DocumentRef(DocumentUid("u"), Number("01-17/42", date(2026, 3, 11)))
EVERYBODY = Audience(Subscription(30), ReportRule(frozenset(EventKind), frozenset(TaskField)))
FIRST, SECOND = Number("ВХ-1", date(2026, 3, 11)), Number("ВХ-2", date(2026, 3, 12))
ANNA, BORIS = Party(person=Person("Анна")), Party(person=Person("Борис"))


def task(deadline: date, state: ControlState = ControlState.OPEN) -> Task:
    fact = date(2026, 3, 20) if state is ControlState.ENDED else None
    return Task(TaskUid("t"), text="Ответить", control=TaskControl(state, deadline=deadline, fact_date=fact))


def fact(kind: EventKind, minute: int, **values: object) -> Event:
    return Event(kind, EventKey(f"{kind.value}:{minute}"), NOON + timedelta(minutes=minute), **values)  # type: ignore[arg-type]  # Event's


EARLY, LATER = date(2026, 3, 20), date(2026, 3, 25)
ENDED = task(LATER, ControlState.ENDED)
ANSWER = Document(DocumentUid("a"), number=Number("11/7", date(2026, 3, 21)))
HISTORY = (
    fact(K.RECEIVED, 0),
    fact(K.REGISTERED, 1, number=FIRST, card="7"),
    fact(K.FORWARDED, 2, to=ANNA),
    fact(K.FORWARDED, 3, to=BORIS),
    fact(K.ASSIGNED, 4, task=task(EARLY)),
    fact(K.DUE_CHANGED, 5, task=task(LATER)),
    fact(K.EXECUTED, 6, task=task(LATER, ControlState.ENDED)),
    fact(K.ANSWERED, 7, document=ANSWER),
    fact(K.RENUMBERED, 8, number=SECOND, card="7"),
)


def told() -> list[Report]:
    """What the partner is told, fact by fact, as the history grows."""
    found: list[Report] = []
    for end in range(1, len(HISTORY) + 1):
        found += owed(ABOUT, HISTORY[:end], HISTORY[end - 1 : end], EVERYBODY, one_by_one=True)
    return found


def heard(reports: Sequence[tuple[int, Report]]) -> tuple[Event, ...]:
    """The history of who hears *reports*, each with the minute it was made in."""
    history: tuple[Event, ...] = ()
    newest: datetime | None = None
    for minute, report in reports:
        made = NOON + timedelta(minutes=minute)
        there = Party(Organisation(index="EX"))
        message = Message(MessageId(f"m{minute}"), ReturnId("r"), made, there, (), report, "medo")
        history += news(history, message, newest)
        if report.kind is ReportKind.PROGRESS:
            newest = max(newest or made, made)
    return history


def test_every_fact_is_a_report_of_its_own_that_shows_nothing_else() -> None:
    reports = told()

    assert [report.fact for report in reports] == [None, *(event.kind for event in HISTORY[1:])]
    for report in reports[1:]:
        shown = [report.registered, report.forwardings, report.considerations, report.answers]
        assert sum(bool(part) for part in shown) == 1
    assert [fact.to for report in reports for fact in report.forwardings] == [ANNA, BORIS]
    deadlines = [
        fact.task.control.deadline for report in reports for fact in report.considerations if fact.task.control
    ]
    assert deadlines == [EARLY, LATER, LATER]


def test_what_is_told_one_by_one_is_heard_as_it_happened() -> None:
    history = heard(list(enumerate(told())))

    kinds = [event.kind for event in history]
    assert kinds == [event.kind for event in HISTORY]
    standing = registered(history)
    assert standing is not None
    assert standing.number == SECOND


@given(st.permutations(list(enumerate(told()))))
def test_in_whatever_order_facts_come_none_is_taken_back_and_the_same_rung_is_reached(
    reports: list[tuple[int, Report]],
) -> None:
    history = heard(reports)

    kinds = {event.kind for event in history}
    assert K.NO_LONGER_REPORTED not in kinds
    assert kinds >= {event.kind for event in HISTORY} - {K.RENUMBERED}
    assert [event.task.control for event in standing_tasks(history) if event.task] == [ENDED.control]
    assert rung(history) is Rung.ANSWERED
    standing = registered(history)
    assert standing is not None
    assert standing.number == SECOND


def test_who_asks_anew_hears_every_fact_again() -> None:
    again = owed_again(ABOUT, HISTORY, EVERYBODY, one_by_one=True)

    assert [report.fact for report in again] == [event.kind for event in HISTORY[1:]]


def test_a_fact_the_partner_may_not_hear_is_not_told_by_itself_either() -> None:
    quiet = replace(EVERYBODY, subscription=replace(EVERYBODY.subscription, forwarding=False))

    assert owed(ABOUT, HISTORY[:3], HISTORY[2:3], quiet, one_by_one=True) == ()


def test_a_cancelled_task_is_told_as_it_was() -> None:
    history = (*HISTORY, fact(K.TASK_CANCELLED, 9, task=task(LATER)))

    (report,) = owed(ABOUT, history, history[-1:], EVERYBODY, one_by_one=True)

    assert report.fact is K.TASK_CANCELLED
    assert [fact.task for fact in report.considerations] == [task(LATER)]


def test_who_wants_no_answer_at_all_is_not_even_refused() -> None:
    refused = (fact(K.REFUSED, 0, refusal=Refusal(1006, "нет")),)
    quiet = replace(EVERYBODY, subscription=Subscription(30, *[False] * 7, refusal=False))
    errors = replace(EVERYBODY, subscription=Subscription(30, *[False] * 7))

    assert owed(ABOUT, refused, refused, quiet, one_by_one=True) == ()
    assert [report.kind for report in owed(ABOUT, refused, refused, errors, one_by_one=True)] == [ReportKind.REFUSAL]


def test_a_task_that_is_cancelled_is_told_by_itself_and_heard_so() -> None:
    cancelled = fact(K.TASK_CANCELLED, 9, task=task(LATER))

    reports = owed(ABOUT, (*HISTORY, cancelled), (cancelled,), EVERYBODY, one_by_one=True)

    (report,) = reports
    assert (report.fact, [shown.task.uid for shown in report.considerations]) == (K.TASK_CANCELLED, ["t"])
    history = heard([*enumerate(told()), (9, report)])
    assert history[-1].kind is K.TASK_CANCELLED


def test_a_remark_is_progress_in_words_and_told_twice_it_is_one_fact() -> None:
    report = Report(ReportKind.PROGRESS, ABOUT, K.PROGRESS, remarks=(Remark("Доклад подготовлен", NOON, ANNA),))

    (event,) = heard([(1, report), (2, report)])

    assert (event.kind, event.at, event.who, event.text) == (K.PROGRESS, NOON, ANNA, "Доклад подготовлен")


def test_what_reports_did_not_have_before_does_not_change_their_digests() -> None:
    """Of `Report(RECEIPT, ABOUT)`, as the first release computed it."""
    receipt = Report(ReportKind.RECEIPT, ABOUT, received_at=NOON)

    assert report_digest(receipt) == "fd7b36820a24d2857fa2a00db76419ba3c6a218a67425fe29527b80a5596a41b"
    assert report_digest(replace(receipt, fact=K.PROGRESS)) != report_digest(receipt)


def test_every_dialect_says_of_every_fact_what_becomes_of_it() -> None:
    for dialect in DIALECTS:
        assert dialect.carries.keys() == set(EventKind), dialect.name
        assert all(row.words or row.how == "whole" for row in dialect.carries.values()), dialect.name
        assert dialect.versions


# --- an answer, which may be told twice: by the document itself, and in a report that has its number alone -----------

ANSWERING = Message(MessageId("letter"), ReturnId("letter"), NOON + timedelta(minutes=1), Party(), (), ANSWER, "medo")
BY_NUMBER = Report(ReportKind.PROGRESS, ABOUT, K.ANSWERED, answers=(Answer(Document(number=ANSWER.number), NOON),))


def test_an_answer_and_the_report_of_it_are_one_fact_whichever_comes_first() -> None:
    of_the_report = Message(
        MessageId("report"), ReturnId("r"), NOON + timedelta(minutes=2), Party(), (), BY_NUMBER, "medo"
    )
    document_first = answered((), ANSWER, ANSWERING)
    report_first = news((), of_the_report)

    assert [one.kind for one in document_first] == [one.kind for one in report_first] == [K.ANSWERED]
    assert news(document_first, of_the_report) == answered(report_first, ANSWER, ANSWERING) == ()
    assert answered(document_first, ANSWER, ANSWERING) == ()
    assert rung(document_first) is Rung.ANSWERED


def test_another_answer_with_the_same_number_is_another_fact() -> None:
    another = replace(ANSWER, uid=DocumentUid("another"))

    assert len(answered(answered((), ANSWER, ANSWERING), another, ANSWERING)) == 1
