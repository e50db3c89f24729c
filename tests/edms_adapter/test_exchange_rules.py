# SPDX-License-Identifier: GPL-3.0-or-later
"""What the exchange tables carry beside the contract: facts in order, tasks, additions, answers, a partner's news."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from gateway.content import whole
from gateway.edms_adapter.ddl import dialects, script
from gateway.edms_adapter.sql.values import Record
from gateway.model import (
    CardRef,
    ControlState,
    DocumentControl,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Executor,
    Number,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.ports import Original, OutgoingState, Waiting
from tests.edms_adapter.desk import MORNING, PDF, TODAY, file_of, letter, to
from tests.edms_adapter.laws import swept
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.exchange_tables import NAME, ExchangeTables
from tests.edms_adapter.systems.process import CONTENTS, PLAN, REFUSAL, THERE, nth, register

DEADLINE = date(2026, 12, 1)
OF_THE_GATEWAY = {"added", "linked"}


@pytest.fixture
def system(exchange_url: str, tmp_path: Path) -> Iterator[ExchangeTables]:
    with ExchangeTables(exchange_url, tmp_path / "files") as made:
        yield made


def came(system: ExchangeTables) -> int:
    """Register a letter, as the EDMS does; return its row."""
    waiting = register(system.edms)
    assert isinstance(waiting, Waiting)
    system.take_up(waiting.ref)
    return int(waiting.ref)


def told(system: ExchangeTables) -> list[Event]:
    return [one.event for one in swept(system.edms)[0]]


def rows(system: ExchangeTables, sql: str) -> list[Record]:
    with system.at_work() as work:
        return people.rows(work, sql)


def test_what_comes_lies_there_with_all_that_the_edms_needs(system: ExchangeTables) -> None:
    document = letter(control=DocumentControl(ControlState.OPEN, DEADLINE), kind=Term("Письмо"))
    register(system.edms, document, group="Входящие", journal="Общий", wait_because="впервые")

    (row,) = rows(system, "select * from exchange_message")
    assert (row.direction, row.state, row.office, row.partner_index) == ("in", "new", "SVETLY-01", "BEREG-02")
    assert (row.doc_uid, row.doc_number, str(row.doc_date)) == ("doc-1", "14/3", "2026-11-20")
    assert (row.subject, row.doc_kind, str(row.deadline)) == ("О передаче дел", "Письмо", str(DEADLINE))
    assert (row.author_name, row.addressees) == ("Берегова Т. К.", "Лугов С. И.")
    assert (row.group_name, row.journal_name) == ("Входящие", "Общий")
    assert "впервые" in row.waits_because


def test_facts_are_told_in_the_order_in_which_they_happened(system: ExchangeTables) -> None:
    card = came(system)
    later = (system.now() + timedelta(minutes=step) for step in count(1))
    with system.at_work() as work:
        for kind in ("forwarded", "acquainted", "redirected"):
            person = {"person_name": "Полева Нина Олеговна", "person_post": "специалист"}
            system.tell(work, card, kind, happened_at=next(later), **person)
        number = {"doc_number": "ВХ-1/1", "doc_date": TODAY}
        system.tell(work, card, "renumbered", happened_at=next(later), **number)
        system.tell(work, card, "deregistered", happened_at=next(later), words="ошибочно", **number)

    events = told(system)
    assert [one.kind.value for one in events] == [
        "registered",
        "forwarded",
        "acquainted",
        "redirected",
        "renumbered",
        "deregistered",
    ]
    by_kind = {one.kind: one for one in events}
    assert [by_kind[kind].number for kind in (EventKind.REGISTERED, EventKind.RENUMBERED)] == [
        Number("ВХ-1", TODAY),
        Number("ВХ-1/1", TODAY),
    ]
    forwarded = by_kind[EventKind.FORWARDED].to
    assert forwarded is not None
    assert (forwarded.name, forwarded.index) == ("Полева Нина Олеговна", "SVETLY-01")
    assert by_kind[EventKind.DEREGISTERED].text == "ошибочно"
    (stands,) = system.edms.standing([ExchangeId("ex-1")])
    assert stands.number == Number("ВХ-1/1", TODAY)


def test_a_task_is_told_whole_at_every_step_and_a_private_one_never(system: ExchangeTables) -> None:
    card = came(system)
    with system.at_work() as work:
        system.assign(work, card, "t-1", "Сверить", "Лугов", "Полева", deadline=DEADLINE)
        system.assign(work, card, "t-2", "Тайно", "Лугов", private_task=1)
        system.tell(work, card, "progress", task_uid="t-1", words="половина")
        report = system.tell(work, card, "executor_reported", task_uid="t-1", person_name="Лугов", words="опись готова")
        people.add(
            work,
            "exchange_file",
            message_id=card,
            event_id=report,
            place=1,
            file_name="Опись.pdf",
            file_size=PLAN.size,
            sha256=PLAN.sha256,
            body=PLAN.data,
        )
        system.tell(work, card, "executed", task_uid="t-1", words="закрыто")

    page = system.edms.changes(None)
    events = {one.event.kind: one.event for one in page.events if one.event.task}
    assert set(events) == {
        EventKind.ASSIGNED,
        EventKind.PROGRESS,
        EventKind.EXECUTOR_REPORTED,
        EventKind.EXECUTED,
    }
    assert {one.task.uid for one in events.values() if one.task} == {"t-1"}
    task = events[EventKind.EXECUTED].task
    assert task is not None
    assert task.control is not None
    assert (task.text, task.control.state, task.control.deadline) == ("Сверить", ControlState.ENDED, DEADLINE)
    assert (task.control.progress, task.control.resume) == ("половина", "закрыто")
    assert [(one.party.name, one.responsible, one.text) for one in task.executors] == [
        ("Лугов", True, "опись готова"),
        ("Полева", False, ""),
    ]
    reporter = events[EventKind.EXECUTOR_REPORTED].executor
    assert reporter is not None
    assert (reporter.party.name, reporter.responsible, reporter.text) == ("Лугов", True, "опись готова")
    assert [one.name for one in reporter.files] == ["Опись.pdf"]
    assert whole(page.contents[PLAN.sha256], 10_000) == PLAN.data


def test_tasks_that_came_and_additions_are_rows_the_edms_sees(system: ExchangeTables) -> None:
    task = Task(
        TaskUid("theirs"),
        text="Прислать опись",
        control=TaskControl(deadline=DEADLINE),
        executors=(Executor(to("Лугов С. И."), responsible=True), Executor(to("Полева Н. О."))),
    )
    waiting = register(system.edms, letter(tasks=(task,)))
    assert isinstance(waiting, Waiting)
    system.take_up(waiting.ref)
    told(system)
    later = letter(
        number="", files=(file_of(PLAN, "План.tif"),), tasks=(replace(task, text="Прислать план"), Task(TaskUid("new")))
    )
    for _ in range(2):
        system.edms.attach(ExchangeId("ex-1"), later, CONTENTS, ExchangeId("follow-1"))

    found = rows(system, "select * from exchange_task order by id")
    assert [(one.task_uid, one.foreign_task, one.executor_name, one.responsible, one.task_text) for one in found] == [
        ("theirs", 1, "Лугов С. И.", 1, "Прислать план"),
        ("theirs", 1, "Полева Н. О.", 0, "Прислать план"),
        ("new", 1, None, 0, ""),
    ]
    (added,) = rows(system, "select * from exchange_event where kind = 'added'")
    assert added.message_id == int(waiting.ref)
    assert len(system.card(waiting.ref).files) == 2


def test_an_answer_is_told_and_goes_as_the_answer_it_is(system: ExchangeTables) -> None:
    card = came(system)
    system.send("Ответ", {"a.pdf": PDF.data}, answers=CardRef(str(card)))

    (answered,) = [one for one in told(system) if one.kind is EventKind.ANSWERED]
    assert answered.document is not None
    assert (answered.document.subject, answered.document.number.text) == ("Ответ", "ИСХ-1")
    (out,) = system.edms.outgoing()
    assert out.answers == "ex-1"
    assert [(one.kind.text, one.document.uid) for one in out.document.links if one.document] == [
        ("В ответ на", DocumentUid("doc-1"))
    ]
    assert out.document.uid == answered.document.uid


def test_a_partners_news_stand_on_the_row_and_a_contradiction_changes_nothing(system: ExchangeTables) -> None:
    ref = system.send("О сверке", {"a.pdf": PDF.data})
    system.edms.mark(ref, OutgoingState.TAKEN)
    system.edms.mark(ref, OutgoingState.OVERDUE, "молчат", MORNING)
    registered = Event(EventKind.REGISTERED, EventKey("r"), MORNING, number=Number("77", TODAY))
    contradiction = replace(registered, key=EventKey("c"), number=Number("78", TODAY), contradicts=EventKey("r"))
    executor = Executor(THERE, text="готово", files=(file_of(PLAN, "Опись.pdf"),))
    reported = Event(EventKind.EXECUTOR_REPORTED, EventKey("e"), MORNING, executor=executor)
    system.edms.record(ref, (registered, contradiction, reported), CONTENTS)

    (row,) = rows(system, "select * from exchange_message")
    assert (row.state, row.at_partner_number, row.refusal_text, row.trouble) == ("registered", "77", None, None)
    news = rows(system, "select * from exchange_event order by id")
    assert [(one.kind, one.contradicts, one.words) for one in news] == [
        ("registered", 0, None),
        ("registered", 1, None),
        ("executor_reported", 0, "готово"),
    ]
    (file,) = rows(system, "select * from exchange_file where event_id is not null")
    assert (file.event_id, bytes(file.body)) == (news[2].id, PLAN.data)
    (out,) = rows(system, "select count(*) as n from exchange_file where event_id is null")
    assert out.n == 1


def test_a_refusal_of_the_partner_is_on_the_row_in_his_words(system: ExchangeTables) -> None:
    ref = system.send("О сверке", {})
    system.edms.record(ref, [REFUSAL])

    (row,) = rows(system, "select * from exchange_message")
    assert (row.state, row.refusal_text) == ("refused", "нет подписи")


def test_links_are_found_only_with_that_correspondent_and_others_stand_in_words(system: ExchangeTables) -> None:
    came(system)
    register(system.edms, nth(2), "ex-2")
    same = Original(DocumentUid("doc-1"), kind=Term("Во исполнение"))
    nowhere = Original(DocumentUid("nowhere"), Number("5", TODAY), Term("Во исполнение"))

    assert system.edms.link(ExchangeId("ex-2"), same)
    assert not system.edms.link(ExchangeId("ex-2"), nowhere)
    found = rows(system, "select * from exchange_event where kind = 'linked' order by id")
    assert [(one.linked_id is not None, one.words) for one in found] == [
        (True, "Во исполнение"),
        (False, f"Во исполнение; № 5 от {TODAY:%d.%m.%Y}"),
    ]


def test_the_same_outgoing_number_lies_before_the_edms_once_more(system: ExchangeTables) -> None:
    came(system)
    again = register(system.edms, letter("doc-2"), "ex-2", same_number="attach")

    assert isinstance(again, Waiting)
    assert system.cards() == 2


def test_a_row_that_was_deleted_comes_anew_when_it_is_sent_again(system: ExchangeTables) -> None:
    card = came(system)
    system.delete(CardRef(str(card)))
    again = register(system.edms, number=Number("ВХ-1", TODAY))

    assert isinstance(again, Waiting)
    assert (again.ref != str(card), system.cards()) == (True, 1)


@pytest.mark.parametrize("dialect", dialects(NAME))
def test_the_tables_take_every_kind_of_fact_there_is(dialect: str) -> None:
    (kinds,) = re.findall(r"check \(kind in \(\n(.*?)\)\)", script(NAME, dialect), re.S)

    assert set(re.findall(r"'(\w+)'", kinds)) == {one.value for one in EventKind} | OF_THE_GATEWAY
