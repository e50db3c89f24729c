# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do with a registered document is told: every committed fact, whole, with a key that never changes."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from gateway.model import ControlState, EventKind, Number, Task, TaskUid
from tests.edms_adapter.conftest import ENGINES, seeded
from tests.edms_adapter.desk import MORNING, TODAY, Desk, letter
from tests.edms_adapter.outboxes import triggers, watched_registry

DEADLINE = date(2026, 12, 1)


WAYS = (*(("poll", engine) for engine in ENGINES), ("outbox", "sqlite"), ("outbox", "postgresql"))


@pytest.fixture(params=WAYS, ids="-".join)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose changes are read by their moments, or through the outbox: every law holds for both."""
    way, engine = request.param
    url = seeded(engine, request)
    if way == "poll":
        with Desk.at(url, tmp_path / "files") as made:
            yield made
        return
    with Desk.at(url, tmp_path / "files", watched_registry(tmp_path)) as made, triggers(made.edms, url):
        yield made


def instructed(desk: Desk, card: int, **rest: object) -> int:
    with desk.at_work() as work:
        return people.instruct(
            work,
            card,
            "Подготовить опись",
            author="Родникова",
            executors=["Лугов", "Полева"],
            now=desk.clock.later(minutes=10),
            deadline=DEADLINE,
            **rest,  # type: ignore[arg-type]
        )


def keys(desk: Desk, limit: int) -> list[tuple[str, str]]:
    """Return every (exchange, key) of a whole sweep in pages of *limit*."""
    found: list[tuple[str, str]] = []
    cursor: str | None = None
    more = True
    while more:
        page = desk.edms.changes(cursor, limit)
        assert len(page.events) <= limit
        found += [(one.exchange, one.event.key) for one in page.events]
        cursor, more = page.cursor, page.more
    return found


def test_forwarding_tells_to_whom_and_who_did_it(desk: Desk) -> None:
    card = desk.card()
    with desk.at_work() as work:
        people.forward(work, card, "Полева", by="Лугов", now=desk.clock.later(minutes=5))

    first, second = desk.events(EventKind.FORWARDED)
    assert (first.to and first.to.name, first.who, first.at) == ("Лугов Семён Ильич", None, MORNING)
    assert (second.to and second.to.name, second.who and second.who.name) == (
        "Полева Нина Олеговна",
        "Лугов Семён Ильич",
    )
    assert second.to is not None
    assert second.to.index == "SVETLY-01"


def test_an_instruction_is_told_whole(desk: Desk) -> None:
    instructed(desk, desk.card(), uid="task-own")

    (event,) = desk.events(EventKind.ASSIGNED)
    task = event.task
    assert task is not None
    assert (task.uid, task.text, task.signed_on) == ("task-own", "Подготовить опись", TODAY)
    assert task.author is not None
    assert task.author.name == "Родникова Алла Юрьевна"
    assert [(one.party.name, one.responsible) for one in task.executors] == [
        ("Лугов Семён Ильич", True),
        ("Полева Нина Олеговна", False),
    ]
    assert task.control is not None
    assert (task.control.state, task.control.deadline) == (ControlState.OPEN, DEADLINE)


def test_a_whole_life_of_an_instruction_is_told_in_its_order(desk: Desk) -> None:
    task = instructed(desk, desk.card())
    step: Callable[[], object] = lambda: desk.clock.later(hours=1)  # noqa: E731
    with desk.at_work() as work:
        now = desk.clock.later(hours=1)
        people.change_deadline(work, task, date(2026, 12, 9), by="Родникова", now=now)
        people.note_progress(work, task, "опись начата", by="Лугов", now=now + timedelta(hours=1))
        people.report(work, task, "Опись готова", by="Лугов", now=now + timedelta(hours=2))
        people.close(work, task, "Принято", by="Родникова", now=now + timedelta(hours=3))
        people.reopen(work, task, "не та опись", by="Родникова", now=now + timedelta(hours=4))
        people.change_executors(work, task, ["Полева"], by="Родникова", now=now + timedelta(hours=5))
        people.cancel(work, task, "не нужно", by="Родникова", now=now + timedelta(hours=6))
    step()

    kinds = [event.kind.value for event in desk.events()]
    assert kinds == [
        *("forwarded", "assigned", "due_changed", "progress", "executor_reported", "executed", "reopened"),
        *("executor_changed", "task_cancelled"),
    ]


def test_an_executors_report_has_his_words_and_whether_he_is_responsible(desk: Desk) -> None:
    task = instructed(desk, desk.card())
    with desk.at_work() as work:
        people.report(work, task, "Опись готова", by="Лугов", now=desk.clock.later(hours=1))

    (event,) = desk.events(EventKind.EXECUTOR_REPORTED)
    assert event.executor is not None
    assert (event.executor.text, event.executor.responsible) == ("Опись готова", True)
    assert event.executor.reported_at == desk.clock.at
    assert event.task is not None
    assert event.task.executors[0].text == "Опись готова"


def test_execution_has_the_fact_date_and_the_ground(desk: Desk) -> None:
    task = instructed(desk, desk.card())
    with desk.at_work() as work:
        people.close(work, task, "Принято", by="Родникова", now=desk.clock.later(hours=1), on=date(2026, 11, 30))

    (event,) = desk.events(EventKind.EXECUTED)
    assert event.task is not None
    control = event.task.control
    assert control is not None
    assert (control.state, control.fact_date, control.resume) == (ControlState.ENDED, date(2026, 11, 30), "Принято")


def test_closing_reopening_and_closing_again_are_three_facts(desk: Desk) -> None:
    task = instructed(desk, desk.card())
    with desk.at_work() as work:
        for words in ("раз", "два"):
            people.close(work, task, words, by="Родникова", now=desk.clock.later(hours=1))
            people.reopen(work, task, words, by="Родникова", now=desk.clock.later(hours=1))

    assert len({event.key for event in desk.events(EventKind.EXECUTED)}) == 2


def test_work_on_a_sent_task_names_that_task(desk: Desk) -> None:
    card = desk.card(letter(tasks=(Task(TaskUid("task-77"), text="Сверить"),)))
    (sent,) = desk.rows("select id from instruction")
    own = instructed(desk, card, under=sent.id)
    with desk.at_work() as work:
        people.report(work, sent.id, "Сверено", by="Лугов", now=desk.clock.later(hours=1))
        people.close(work, own, "Принято", by="Родникова", now=desk.clock.later(hours=1))

    told = {event.kind: event for event in desk.events()}
    assert told[EventKind.ASSIGNED].initial_task == "task-77"
    assert told[EventKind.EXECUTED].initial_task == "task-77"
    reported = told[EventKind.EXECUTOR_REPORTED]
    assert (reported.task and reported.task.uid, reported.initial_task) == ("task-77", None)
    assert len(desk.events(EventKind.ASSIGNED)) == 1  # the sent task itself is no news to its sender


def test_an_answer_is_told_by_its_uid_number_and_group(desk: Desk) -> None:
    card = desk.card()
    with desk.at_work() as work:
        now = desk.clock.later(hours=1)
        people.answer(
            work, card, "О делах", {"a.pdf": b"%PDF"}, signer="Родникова", drafter="Лугов", now=now, uid="ours-9"
        )

    (event,) = desk.events(EventKind.ANSWERED)
    answer = event.document
    assert answer is not None
    assert (answer.uid, answer.number) == ("ours-9", Number("ИСХ-1", TODAY))
    assert answer.kind is not None
    assert answer.kind.text == "Исходящие письма"
    assert event.way is not None


def test_only_documents_we_registered_are_told_and_private_instructions_never(desk: Desk) -> None:
    card = desk.card()
    with desk.at_work() as work:
        own = people.write_card(work, "Наше", {"a": b"1"}, signer="Родникова", drafter="Лугов", now=desk.clock.at)
    instructed(desk, own)
    private = instructed(desk, card)
    with desk.at_work() as work:
        work.run(text("update instruction set private = :yes where id = :key"), {"yes": True, "key": private})

    assert desk.events(EventKind.ASSIGNED) == []


# --- what people correct ------------------------------------------------------------------------------------------


def test_a_corrected_report_is_a_new_fact_with_the_moment_it_was_first_made(desk: Desk) -> None:
    task = instructed(desk, desk.card())
    made = desk.clock.later(hours=1)
    with desk.at_work() as work:
        report = people.report(work, task, "Опись готова", by="Лугов", now=made)
    first = desk.edms.changes(None)
    desk.clock.later(days=3)
    corrected = desk.clock.later(hours=1)
    with desk.at_work() as work:
        people.edit_report(work, report, "Опись начата", by="Лугов", now=corrected)

    (old,) = (one.event for one in first.events if one.event.kind is EventKind.EXECUTOR_REPORTED)
    told = [one.event for one in desk.edms.changes(first.cursor).events]
    (new,) = (event for event in told if event.kind is EventKind.EXECUTOR_REPORTED)
    assert (new.kind, new.at, new.key != old.key) == (EventKind.EXECUTOR_REPORTED, corrected, True)
    assert new.executor is not None
    assert (new.executor.text, new.executor.reported_at) == ("Опись начата", made)
    assert new.task is not None
    assert new.task.executors[0].text == "Опись начата"


def test_only_who_wrote_a_report_corrects_it(sqlite_desk: Desk) -> None:
    task = instructed(sqlite_desk, sqlite_desk.card())
    with sqlite_desk.at_work() as work:
        report = people.report(work, task, "Готово", by="Лугов", now=sqlite_desk.clock.later(hours=1))

    with pytest.raises(ValueError, match="is not Полева's"), sqlite_desk.at_work() as work:
        people.edit_report(work, report, "Нет", by="Полева", now=sqlite_desk.clock.later(hours=1))


def test_a_new_number_and_the_end_of_the_registration_are_told(desk: Desk) -> None:
    card = desk.card()
    with desk.at_work() as work:
        people.renumber(work, card, "ВХ-99", TODAY, by="Лугов", now=desk.clock.later(hours=1))
        people.deregister(work, card, "ошибочно", by="Лугов", now=desk.clock.later(hours=1))

    numbered, off = desk.events()[1:]
    assert (numbered.kind, numbered.number, numbered.card) == (EventKind.RENUMBERED, Number("ВХ-99", TODAY), str(card))
    assert (off.kind, off.number, off.text) == (EventKind.DEREGISTERED, Number("ВХ-99", TODAY), "ошибочно")
    assert off.who is not None
    assert off.who.name == "Лугов Семён Ильич"
    with desk.at_work() as work:
        assert people.card(work, card).state == "deregistered"


@pytest.mark.parametrize(
    ("access", "private"), [("", False), (" Общий ", False), ("ДСП", True), ("что-то новое", True)]
)
def test_instructions_on_a_card_that_is_not_open_are_private_and_sent_tasks_are_their_senders(
    desk: Desk, access: str, private: bool
) -> None:
    card = desk.card(letter(tasks=(Task(TaskUid("task-77"), text="Сверить"),)))
    with desk.at_work() as work:
        people.restrict(work, card, access)
        (sent,) = people.rows(work, "select id from instruction")
    instructed(desk, card)
    with desk.at_work() as work:
        people.report(work, sent.id, "Сверено", by="Лугов", now=desk.clock.later(hours=1))

    told = {event.kind: event.task.private for event in desk.events() if event.task}
    assert told == {EventKind.ASSIGNED: private, EventKind.EXECUTOR_REPORTED: False}


# --- nothing is lost ----------------------------------------------------------------------------------------------


def test_a_fact_that_commits_late_with_an_earlier_moment_is_told(desk: Desk) -> None:
    card = desk.card()
    now = desk.clock.later(days=3)
    desk.card(letter("doc-2", "2"), "ex-2")
    cursor = desk.edms.changes(None).cursor
    with desk.at_work() as work:
        people.forward(work, card, "Полева", by="Лугов", now=now - timedelta(seconds=100))

    told = [one.event.to and one.event.to.name for one in desk.edms.changes(cursor).events if one.exchange == "ex-1"]
    assert told == ["Полева Нина Олеговна"]


def test_what_is_old_is_not_told_again_for_ever(desk: Desk) -> None:
    card = desk.card()
    with desk.at_work() as work:
        people.forward(work, card, "Полева", by="Лугов", now=MORNING + timedelta(days=2))
    desk.clock.later(days=3)
    desk.card(letter("doc-2", "2"), "ex-2")
    with desk.at_work() as work:
        people.forward(work, card, "Родникова", by="Лугов", now=MORNING + timedelta(days=4))
    cursor = desk.edms.changes(None).cursor

    again = desk.edms.changes(cursor)
    told = {one.event.to.name for one in again.events if one.event.to and one.exchange == "ex-1"}
    overlapping = set() if desk.edms.plan.source.outbox else {"Родникова Алла Юрьевна"}
    assert told == overlapping
    assert not again.more


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_length_tell_everything_once_though_all_happened_in_one_moment(desk: Desk, limit: int) -> None:
    for number in range(3):
        card = desk.card(letter(f"doc-{number}", f"n-{number}"), f"ex-{number}")
        with desk.at_work() as work:
            people.forward(work, card, "Полева", by="Лугов", now=MORNING)
            task = people.instruct(work, card, "Сделать", author="Родникова", executors=["Лугов"], now=MORNING)
            people.report(work, task, "Сделано", by="Лугов", now=MORNING)

    told = keys(desk, limit)
    assert len(told) == len(set(told)) == 12


def test_a_cursor_we_did_not_write_is_an_error_not_a_beginning(sqlite_desk: Desk) -> None:
    with pytest.raises(ValueError, match="version"):
        sqlite_desk.edms.changes('{"v": 99}')


def test_a_fact_dated_in_the_future_hides_nothing_that_comes_after(desk: Desk) -> None:
    """A workstation whose clock runs ahead, or a mistyped year, must not silence everybody else."""
    ahead, card = desk.card(exchange="ex-1"), another(desk, 2)
    desk.clock.later(hours=1)
    another(desk, 3)
    with desk.at_work() as work:
        people.forward(work, ahead, "Полева", by="Лугов", now=desk.clock.now() + timedelta(days=3000))
    cursor = swept(desk, None)

    with desk.at_work() as work:
        people.forward(work, card, "Полева", by="Лугов", now=desk.clock.later(minutes=20))

    assert told_forwarded(desk, cursor, "ex-2")


def test_a_clock_that_was_put_back_hides_nothing_that_comes_after(desk: Desk) -> None:
    card = desk.card()
    right = desk.clock.later(hours=1)
    desk.clock.later(days=2)
    another(desk, 2)
    cursor = swept(desk, None)
    desk.clock.at = right

    with desk.at_work() as work:
        people.forward(work, card, "Полева", by="Лугов", now=desk.clock.later(minutes=1))
    desk.clock.later(hours=5)

    assert told_forwarded(desk, cursor, "ex-1")


def another(desk: Desk, number: int) -> int:
    return desk.card(letter(uid=f"doc-{number}", number=f"78-{number}"), exchange=f"ex-{number}")


def swept(desk: Desk, cursor: str | None) -> str:
    """Return the cursor after a whole sweep."""
    page = desk.edms.changes(cursor)
    assert not page.more
    return page.cursor


def told_forwarded(desk: Desk, cursor: str, exchange: str) -> bool:
    """Say whether the next sweep tells that the card of *exchange* went to Полева."""
    told = [one.event for one in desk.edms.changes(cursor).events if one.exchange == exchange]
    return any(event.to is not None and event.to.name.startswith("Полева") for event in told)
