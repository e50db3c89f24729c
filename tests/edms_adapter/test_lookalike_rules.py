# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the exchange through the «ДЕЛО» look-alike: docs/edms-delo-lookalike.md has a row for each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import Office, Staff
from gateway.edms_adapter.sql.values import Record
from gateway.model import (
    Approval,
    ApprovalKind,
    DocumentType,
    DocumentUid,
    DraftState,
    Event,
    EventKey,
    EventKind,
    ExchangeId,
    Number,
    Task,
    TaskControl,
    TaskUid,
    Term,
)
from gateway.model import Executor as TaskExecutor
from gateway.ports import Expected, Original, OutgoingState, Registration, Waiting
from tests.edms_adapter.desk import BEREG, CLERK, GOROD, MORNING, OURS, TODAY, file_of, letter, to
from tests.edms_adapter.laws import swept
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.lookalike import LookAlike
from tests.edms_adapter.systems.lookalike_people import FIRST, Ours
from tests.edms_adapter.systems.process import PLAN, attach, nth, register

EAST = Ours(
    "0.02.",
    Office("VOSTOK-09", "Комитет «Восток»"),
    (
        Staff("Лугов Сергей Иванович", "Директор", "Руководство"),  # the same surname and initials as in the first
        Staff("Заречный Ян Ильич", "Делопроизводитель", "Канцелярия", "E-02"),
    ),
    ("В-", "ИВ-"),
    ", восток",
)


@pytest.fixture
def delo(lookalike_url: str, tmp_path: Path) -> Iterator[LookAlike]:
    with LookAlike(lookalike_url, tmp_path / "files") as made:
        yield made


def registered(delo: LookAlike, place: int = 1, **rest: Any) -> Registration:  # Any: fields of the intake
    made = register(delo.edms, nth(place), f"ex-{place}", **rest)
    assert isinstance(made, Registration), made
    return made


def told(delo: LookAlike, kind: EventKind) -> list[Event]:
    return [one.event for one in swept(delo.edms)[0] if one.event.kind is kind]


def do(delo: LookAlike, act: Any, *arguments: Any, **named: Any) -> Any:  # Any: whatever the act takes and gives
    """Let a person do one of `people`'s acts, now."""
    with delo.at_work() as work:
        return act(work, *arguments, **named, now=delo.now())


def rows(delo: LookAlike, sql: str, **values: object) -> list[Record]:
    with delo.at_work() as work:
        return people.rows(work, sql, **values)


# --- groups, files and numbers ---------------------------------------------------------------------------------------


def test_groups_below_one_with_a_template_share_its_numbers(delo: LookAlike) -> None:
    made = [registered(delo, place, group=name) for place, name in enumerate(("", "Обращения", "Входящие письма"), 1)]

    assert [one.number.text for one in made] == ["ВХ-1", "ВХ-2", "ВХ-3"]
    found = rows(delo, "select due_docgroup, order_num from doc_rc order by isn_doc")
    assert [(row.due_docgroup, row.order_num) for row in found] == [
        ("0.01.1.1.", 1),
        ("0.01.1.2.", 2),
        ("0.01.1.1.", 3),
    ]


def test_a_group_with_a_template_of_its_own_has_its_own_numbers(delo: LookAlike) -> None:
    with delo.at_work() as work:
        people.do(work, "update docgroup_cl set shablon = 'ОБР-' where classif_name = 'Обращения'")
    made = [registered(delo, place, group="Обращения" if place > 1 else "") for place in (1, 2, 3)]

    assert [one.number.text for one in made] == ["ВХ-1", "ОБР-1", "ОБР-2"]


def test_a_file_of_the_nomenclature_that_a_rule_names_is_on_the_card_and_in_the_number(delo: LookAlike) -> None:
    with delo.at_work() as work:
        people.add(work, "nomenkl_cl", nom_number="01-05", classif_name="Переписка", due_card=FIRST.due)
    first, second = registered(delo, 1, journal="переписка"), registered(delo, 2, journal="01-05")

    assert [first.number.text, second.number.text] == ["ВХ-1/01-05", "ВХ-2/01-05"]
    assert registered(delo, 3).number.text == "ВХ-1"


@pytest.mark.parametrize(
    ("rule", "why"), [({"group": "Жалобы"}, "«Жалобы»"), ({"journal": "Переписка"}, "«Переписка»")]
)
def test_a_group_or_file_that_is_not_there_makes_the_document_wait(
    delo: LookAlike, rule: dict[str, str], why: str
) -> None:
    made = register(delo.edms, **rule)

    assert isinstance(made, Waiting)
    assert why in made.reason


def test_the_access_level_a_document_counts_as_is_on_the_card(delo: LookAlike) -> None:
    made = registered(delo, access="ДСП")

    assert rows(delo, "select securlevel from doc_rc where isn_doc = :key", key=int(made.ref))[0].securlevel == "ДСП"


def test_a_group_whose_years_people_open_gives_no_number_before(delo: LookAlike) -> None:
    with delo.at_work() as work:
        people.do(work, "update docgroup_cl set opened_by_hand = 1 where shablon = 'ВХ-'")
        people.do(work, "delete from num_free where due_docgroup = '0.01.1.' and year_num = :year", year=TODAY.year)
    made = register(delo.edms)
    wrong = [one for one in delo.edms.check([Expected(OURS)]).findings if not one.ok]

    assert isinstance(made, Waiting)
    assert "Входящие" in made.reason
    assert any("Входящие" in one.what for one in wrong) or date.today().year != TODAY.year
    with delo.at_work() as work:
        people.open_year(work, "0.01.1.", TODAY.year)
    assert registered(delo, 2).number.text == "ВХ-1"


def test_a_year_that_nobody_has_to_open_begins_at_one(delo: LookAlike) -> None:
    assert registered(delo, 1, register_on=date(2031, 1, 9)).number.text == "ВХ-1"
    assert registered(delo, 2, register_on=date(2031, 1, 9)).number.text == "ВХ-2"


def test_a_number_that_people_gave_by_hand_is_passed_over(delo: LookAlike) -> None:
    first = registered(delo, 1)
    do(delo, people.renumber, int(first.ref), "ВХ-2", TODAY, by=CLERK)

    assert registered(delo, 2).number.text == "ВХ-3"


# --- what a registration writes besides ------------------------------------------------------------------------------


def test_a_registration_is_in_the_journal_and_in_the_protocol(delo: LookAlike) -> None:
    made = registered(delo)

    (handed,) = rows(delo, "select * from journal where isn_ref_doc = :key", key=int(made.ref))
    (sent,) = rows(delo, "select * from forward where isn_ref_doc = :key", key=int(made.ref))
    noted = rows(delo, "select table_id, operation, ref_isn from prot order by isn_prot")
    assert (handed.due_person, handed.original_flag) == (sent.due_person, 0)
    assert [(row.table_id, row.operation, row.ref_isn) for row in noted] == [
        ("D", "I", int(made.ref)),
        ("F", "I", sent.isn_forward),
        ("J", "I", handed.isn_journal),
    ]
    (lies,) = rows(delo, "select f.folder_kind from folder_item i join folder f on f.isn_folder = i.isn_folder")
    assert lies.folder_kind == 1


def test_a_task_that_came_is_a_resolution_with_a_reply_for_each_executor(delo: LookAlike) -> None:
    executors = (TaskExecutor(to("Лугов С. И."), True), TaskExecutor(to("Полева Н. О.")))
    task = Task(
        TaskUid("t-1"), text="Подготовить", executors=executors, control=TaskControl(deadline=date(2026, 12, 1))
    )
    made = register(delo.edms, letter(tasks=(task,)))
    assert isinstance(made, Registration)

    (resolution,) = rows(delo, "select * from resolution")
    replies = rows(
        delo, "select y.*, d.classif_name from reply y join department d on d.due = y.due order by isn_reply"
    )
    assert (resolution.sev_uid, resolution.external, resolution.control_state) == ("t-1", 1, 1)
    assert [(one.classif_name.split()[0], one.main_flag) for one in replies] == [("Лугов", 1), ("Полева", 0)]
    found = rows(delo, "select 1 from folder_item i join folder f on f.isn_folder = i.isn_folder where folder_kind = 2")
    assert len(found) == 2


# --- organisations of ours, people -----------------------------------------------------------------------------------


def test_each_organisation_has_its_own_numbers_people_and_card_index(delo: LookAlike) -> None:
    with delo.at_work() as work:
        people.add_office(work, EAST)
    first = registered(delo, 1)
    document = letter("doc-2", "2", addressees=(to("Лугов С. И.", index=EAST.office.index),))
    second = register(delo.edms, document, "ex-2", office=EAST.office.index)
    unnamed = register(delo.edms, letter("doc-3", "3", addressees=()), "ex-3", office=EAST.office.index)

    assert isinstance(second, Registration)
    assert isinstance(unnamed, Registration)
    assert [first.number.text, second.number.text, unnamed.number.text] == ["ВХ-1", "В-1", "В-2"]
    assert [one.routed[0].name.split()[1] for one in (first, second, unnamed)] == ["Семён", "Сергей", "Ян"]
    cards = rows(delo, "select due_card from doc_rc order by isn_doc")
    assert [row.due_card for row in cards] == ["0.01.", "0.02.", "0.02."]


def test_an_organisation_that_is_not_in_the_tree_makes_its_documents_wait(delo: LookAlike) -> None:
    made = register(delo.edms, office="VOSTOK-09")

    assert isinstance(made, Waiting)
    assert "VOSTOK-09" in made.reason


def test_while_somebody_is_away_the_deputy_has_his_documents(delo: LookAlike) -> None:
    with delo.at_work() as work:
        people.do(
            work,
            "update department set away_from = :day, away_until = :day, deputy_due = :deputy where due = :due",
            day=TODAY,
            deputy=people.due_of(work, "Полева"),
            due=people.due_of(work, "Лугов"),
        )

    assert registered(delo).routed[0].name == "Полева Нина Олеговна"


# --- papers that wait, the same number -------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["wait", "attach", "register"])
def test_the_same_outgoing_number_of_the_same_sender_is_as_the_rule_says(delo: LookAlike, decision: str) -> None:
    first = registered(delo, 1)
    again = letter("another", nth(1).number.text, files=(file_of(PLAN, "План.tif"),))
    made = register(delo.edms, again, "ex-2", same_number=decision)

    if decision == "wait":
        assert isinstance(made, Waiting)
        assert first.number.text in made.reason
    elif decision == "attach":
        assert isinstance(made, Registration)
        assert (made.ref, made.number, len(delo.card(first.ref).files)) == (first.ref, first.number, 2)
    else:
        assert isinstance(made, Registration)
        assert made.number.text == "ВХ-2"


def test_a_paper_that_is_put_onto_a_card_answers_with_that_cards_number(delo: LookAlike) -> None:
    first = registered(delo, 1)
    waiting = register(delo.edms, nth(2), "ex-2", wait_because="так решено")
    assert isinstance(waiting, Waiting)
    do(delo, people.decide, int(waiting.ref), "joined", by=CLERK, joined_to=int(first.ref))

    assert {(one.number, one.card) for one in told(delo, EventKind.REGISTERED)} == {(first.number, first.ref)}
    made = register(delo.edms, nth(2), "ex-2")
    assert isinstance(made, Registration)
    assert made.number == first.number


# --- what people do --------------------------------------------------------------------------------------------------


def test_who_opened_a_card_is_told_from_the_protocol_of_readings(delo: LookAlike) -> None:
    made = registered(delo)
    do(delo, people.read, int(made.ref), "Полева")

    (read,) = told(delo, EventKind.ACQUAINTED)
    assert read.who is not None
    assert (read.who.name, read.who.index) == ("Полева Нина Олеговна", OURS)


def test_an_executors_report_is_told_and_told_again_when_its_words_are_corrected(delo: LookAlike) -> None:
    made = registered(delo)
    resolution = do(delo, people.instruct, int(made.ref), "Сделать", author="Родникова", executors=["Лугов", "Полева"])
    do(delo, people.report, resolution, "Сделано", by="Лугов")
    first = told(delo, EventKind.EXECUTOR_REPORTED)
    do(delo, people.report, resolution, "Сделано полностью", by="Лугов", again=True)
    (again,) = told(delo, EventKind.EXECUTOR_REPORTED)

    assert [(one.executor.text, one.executor.responsible) for one in first if one.executor] == [("Сделано", True)]
    assert again.executor is not None
    assert again.executor.text == "Сделано полностью"
    assert again.key != first[0].key
    assert again.task is not None
    assert [one.text for one in again.task.executors] == ["Сделано полностью", ""]


@pytest.mark.parametrize(
    ("kind", "what", "columns"),
    [
        (EventKind.DUE_CHANGED, "due", {"plan_date": date(2026, 12, 24), "control_state": 1}),
        (EventKind.PROGRESS, "progress", {"progress": "половина"}),
        (EventKind.EXECUTOR_CHANGED, "executors", {}),
        (EventKind.EXECUTED, "closed", {"control_state": 2}),
        (EventKind.REOPENED, "reopened", {"control_state": 1}),
        (EventKind.TASK_CANCELLED, "cancelled", {"control_state": 3}),
    ],
)
def test_what_the_protocol_says_of_a_resolution_is_told_with_the_whole_task(
    delo: LookAlike, kind: EventKind, what: str, columns: dict[str, Any]
) -> None:
    made = registered(delo)
    open_one = do(delo, people.instruct, int(made.ref), "Сделать", author="Родникова", executors=["Лугов"])
    secret = do(delo, people.instruct, int(made.ref), "Тайно", author="Родникова", executors=["Лугов"])
    with delo.at_work() as work:
        people.do(work, "update resolution set confidential = 1 where isn_resolution = :key", key=secret)
    for resolution in (open_one, secret):
        do(delo, people.change_resolution, resolution, what, "слова", by="Родникова", **columns)

    (event,) = told(delo, kind)
    assert event.task is not None
    assert (event.task.text, event.text) == ("Сделать", "слова")
    assert [one.task.text for one in told(delo, EventKind.ASSIGNED) if one.task] == ["Сделать"]


def test_a_resolution_on_a_restricted_card_is_private(delo: LookAlike) -> None:
    made = registered(delo, access="ДСП")
    do(delo, people.instruct, int(made.ref), "Сделать", author="Родникова", executors=["Лугов"])

    (event,) = told(delo, EventKind.ASSIGNED)
    assert event.task is not None
    assert event.task.private


def test_what_people_correct_about_the_registration_is_told(delo: LookAlike) -> None:
    made = registered(delo)
    do(delo, people.renumber, int(made.ref), "ВХ-1а", TODAY - timedelta(1), by=CLERK)
    (standing,) = delo.edms.standing([ExchangeId("ex-1")])
    do(delo, people.deregister, int(made.ref), "ошибочно", by=CLERK)

    (renumbered,), (gone,) = told(delo, EventKind.RENUMBERED), told(delo, EventKind.DEREGISTERED)
    assert renumbered.number == standing.number == gone.number == Number("ВХ-1а", TODAY - timedelta(1))
    assert gone.text == "ошибочно"


# --- drafts ----------------------------------------------------------------------------------------------------------


def draft(version: str = "v-1", **rest: Any) -> Any:  # Any: fields of the document
    asked = Approval("visa-1", ApprovalKind.VISA, to("Лугов С. И."))
    fields = {"type": DocumentType.DRAFT, "draft": DraftState("created", 1, version), "approvals": (asked,), **rest}
    return letter("draft-1", "", **fields)


def test_a_visa_is_directed_decided_and_told(delo: LookAlike) -> None:
    made = register(delo.edms, draft(), "ex-1")
    assert isinstance(made, Registration)
    (visa,) = rows(delo, "select * from visa")
    do(delo, people.sign, visa.isn_visa, "Согласовано", by="Лугов")

    (directed,), (signed,) = told(delo, EventKind.DIRECTED), told(delo, EventKind.SIGNED)
    assert directed.to is not None
    assert directed.to.name == "Лугов Семён Ильич"
    assert signed.document is not None
    assert [(one.uid, one.result) for one in signed.document.approvals] == [("visa-1", "Согласовано")]
    assert told(delo, EventKind.FORWARDED) == []


def test_another_version_of_a_draft_brings_what_it_asks_for_and_a_notice(delo: LookAlike) -> None:
    made = register(delo.edms, draft(), "ex-1")
    more = Approval("sign-1", ApprovalKind.SIGNATURE, to("Полева Н. О."))
    first = draft().approvals
    attach(delo.edms, draft("v-2", approvals=(*first, more), files=(file_of(PLAN, "Проект.pdf"),)))

    visas = rows(delo, "select sev_uid, due_person from visa order by isn_visa")
    assert [row.sev_uid for row in visas] == ["visa-1", "sign-1"]
    assert len(delo.card(made.ref).files) == 2
    with delo.at_work() as work:
        assert len(people.notices(work, int(made.ref))) == 1  # whoever was asked before


def test_a_draft_that_was_registered_as_a_document_of_its_own_is_told(delo: LookAlike) -> None:
    made = register(delo.edms, draft(), "ex-1")
    became = card_of(delo, delo.send("О сверке", {"Письмо.pdf": b"%PDF"}))
    with delo.at_work() as work:
        words = {"link_name": "Зарегистрирован как", "ins_date": delo.now()}
        people.add(work, "ref_link", isn_ref_doc=int(made.ref), isn_linked_doc=became, **words)

    (event,) = told(delo, EventKind.DRAFT_REGISTERED)
    assert event.number is not None
    assert event.number.text == "ИСХ-1"
    assert delo.card(made.ref).number == Number()


# --- additions -------------------------------------------------------------------------------------------------------


def test_an_addition_brings_new_tasks_and_changes_those_that_are_there(delo: LookAlike) -> None:
    first = Task(TaskUid("t-1"), text="Подготовить", executors=(TaskExecutor(to("Лугов С. И."), True),))
    register(delo.edms, letter(tasks=(first,)))
    later = replace(first, text="Подготовить опись", control=TaskControl(deadline=date(2026, 12, 24)))
    second = Task(TaskUid("t-2"), text="Проверить", executors=(TaskExecutor(to("Полева Н. О."), True),))
    attach(delo.edms, letter(number="", files=(), tasks=(later, second)))

    found = rows(delo, "select resolution_text, plan_date from resolution order by isn_resolution")
    assert [row.resolution_text for row in found] == ["Подготовить опись", "Проверить"]
    assert "2026-12-24" in str(found[0].plan_date)
    assert len(rows(delo, "select 1 from reply")) == 2


# --- sending, and partners' news -------------------------------------------------------------------------------------


def card_of(delo: LookAlike, ref: str) -> int:
    return int(rows(delo, "select isn_ref_doc from ref_send where isn_ref_send = :key", key=int(ref))[0].isn_ref_doc)


def test_a_resolution_for_the_partners_people_goes_with_the_document_and_their_report_comes_to_it(
    delo: LookAlike,
) -> None:
    ref = delo.send("О сверке", {"Письмо.pdf": b"%PDF"})
    card = card_of(delo, ref)
    resolution = do(delo, people.instruct, card, "Прошу сверить", author="Родникова", executors=[])
    with delo.at_work() as work:
        organiz = people.organiz_of(work, BEREG)
        people.add(work, "reply", isn_resolution=resolution, due_organiz=organiz, executor_name="Берегова Т. К.")
    (one,) = delo.edms.outgoing()
    (task,) = one.document.tasks
    reported = replace(task.executors[0], text="Сверено", reported_at=MORNING)
    event = Event(EventKind.EXECUTOR_REPORTED, EventKey("r"), MORNING, task=task, executor=reported)
    delo.edms.mark(ref, OutgoingState.TAKEN)
    delo.edms.record(ref, [event])

    assert [one.party.index for one in task.executors] == [BEREG]
    (reply,) = rows(delo, "select * from reply where sev_reporter is not null")
    assert (reply.isn_resolution, reply.sev_reporter, reply.reply_text) == (resolution, "Берегова Т. К.", "Сверено")


def test_an_answer_is_linked_both_ways_told_and_sent_as_an_answer(delo: LookAlike) -> None:
    made = registered(delo)
    ref = delo.send("Ответ", {"Ответ.pdf": b"%PDF"})
    do(delo, people.link, card_of(delo, ref), int(made.ref), "В ответ на")

    (one,) = delo.edms.outgoing()
    assert one.answers == "ex-1"
    assert [(link.kind.text, link.document.uid) for link in one.document.links if link.document] == [
        ("В ответ на", nth(1).uid)
    ]
    (answered,) = told(delo, EventKind.ANSWERED)
    assert answered.document is not None
    assert answered.document.subject == "Ответ"


def test_what_a_document_names_and_is_not_here_is_kept_in_words(delo: LookAlike) -> None:
    made = registered(delo)
    named = Original(DocumentUid("elsewhere"), Number("7", TODAY), Term("Во исполнение"))

    assert not delo.edms.link(ExchangeId("ex-1"), named)
    (kept,) = rows(delo, "select * from ref_mention where isn_ref_doc = :key", key=int(made.ref))
    assert (kept.link_name, "№ 7" in kept.words) == ("Во исполнение", True)


def test_news_that_contradict_are_shown_and_change_nothing(delo: LookAlike) -> None:
    ref = delo.send("О сверке", {"Письмо.pdf": b"%PDF"})
    delo.edms.mark(ref, OutgoingState.TAKEN)
    number = Number("77", TODAY)
    delo.edms.record(ref, [Event(EventKind.REGISTERED, EventKey("a"), MORNING, number=number)])
    again = Event(EventKind.REGISTERED, EventKey("b"), MORNING, number=Number("88", TODAY), contradicts=EventKey("a"))
    delo.edms.record(ref, [again])

    shown = delo.shown(ref)
    assert "registered" in shown.state
    assert any("Противоречие" in line for line in shown.notices)
    (row,) = rows(delo, "select reg_num from ref_send")
    assert row.reg_num == "77"


def test_each_organisation_a_document_goes_to_has_a_row_of_its_own(delo: LookAlike) -> None:
    first = delo.send("О сверке", {"Письмо.pdf": b"%PDF"})
    second = str(do(delo, people.send, card_of(delo, first), GOROD, clerk=CLERK))
    handed_out = list(delo.edms.outgoing())
    delo.edms.mark(first, OutgoingState.TAKEN)
    delo.edms.record(first, [Event(EventKind.REGISTERED, EventKey("a"), MORNING, number=Number("77", TODAY))])

    assert [(one.ref, one.to) for one in handed_out] == [(first, BEREG), (second, GOROD)]
    assert len({one.document.uid for one in handed_out}) == 1
    assert "registered" in delo.shown(first).state
    assert delo.shown(second).state.split("  ")[0] == "to send"
    assert [one.ref for one in delo.edms.outgoing()] == [second]
