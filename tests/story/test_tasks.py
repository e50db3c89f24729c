# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that were sent come home to themselves: every executor has a row, and who decides is agreed."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.edms_adapter.registry import people
from tests.story.acts import LETTER, cards, do, news, send_letter
from tests.story.offices import Town, TownOffice, town
from tests.story.test_telling import EVERY_FIELD, telling

CONTROLLED = date(2026, 3, 25)


def send_task(offices: Town, *, deadline: date | None = CONTROLLED, of_document: date | None = None) -> tuple[int, int]:
    """Minsk sends a letter with an instruction for two people of Moscow; returns its card and its instruction."""
    minsk = offices.minsk
    with people.at_work(minsk.registry) as work:
        card = people.write_card(
            work,
            "С поручением",
            {"Письмо.pdf": LETTER},
            signer="Озёрный",
            drafter="Тихая",
            now=minsk.clock.now(),
            deadline=of_document,
        )
        task = people.instruct(
            work,
            card,
            "Подготовить ответ",
            author="Озёрный",
            executors=["Кленов П. И.", "Дубов О. Ю."],
            now=minsk.clock.now(),
            deadline=deadline,
            organisation="Исполком, отделение в Москве",
        )
        people.send(work, card, "EX-MOSCOW", clerk="Тихая", now=minsk.clock.now(), to="Берёзкина А. В.")
    offices.settle()
    return card, task


def there(offices: Town) -> int:
    """The instruction in Moscow that came with the document."""
    with people.at_work(offices.moscow.registry) as work:
        (task,) = people.rows(work, "select * from instruction where external")
    return int(task.id)


def reported(office: TownOffice, instruction: int) -> list[Any]:  # Any: rows of the registry
    """The rows of executors' reports on an instruction of ours, as they came."""
    with people.at_work(office.registry) as work:
        return people.rows(work, "select * from execution where instruction_id = :key order by id", key=instruction)


def told_last(office: TownOffice, card: int) -> Any:  # Any: a row of the registry
    """The one instruction the partner tells of, as it was told last."""
    with people.at_work(office.registry) as work:
        (task,) = people.partner_tasks(work, card)
    return task


def test_each_executor_has_a_row_of_his_own_with_text_date_and_status(tmp_path: Path) -> None:
    with telling(tmp_path, EVERY_FIELD) as offices:
        _, task = send_task(offices)
        do(offices.moscow, people.report, there(offices), "Собрал", by="Дубов", status="В работе")
        offices.settle()
        offices.clock.advance(days=1)
        do(offices.moscow, people.report, there(offices), "Написал", by="Кленов", status="Исполнено")
        offices.settle()

        rows = [(row.reporter, row.text, row.status, str(row.at)[:10]) for row in reported(offices.minsk, task)]
        assert rows == [
            ("Дубов О. Ю.", "Собрал", "В работе", "2026-03-11"),
            ("Кленов П. И.", "Написал", "Исполнено", "2026-03-12"),
        ]


@pytest.mark.parametrize(
    ("decides", "after_other", "after_responsible"),
    [("each", 1, 2), ("responsible", 0, 2), ("all", 0, 2)],
)
def test_reports_come_home_when_those_who_decide_have_reported(
    tmp_path: Path, decides: str, after_other: int, after_responsible: int
) -> None:
    with telling(tmp_path, f'decides = "{decides}"') as offices:
        card, task = send_task(offices)
        do(offices.moscow, people.report, there(offices), "Собрал", by="Дубов")
        offices.settle()
        assert len(reported(offices.minsk, task)) == after_other
        do(offices.moscow, people.report, there(offices), "Написал", by="Кленов")
        offices.settle()

        assert len(reported(offices.minsk, task)) == after_responsible
        assert told_last(offices.minsk, card).state == "open"  # it is under control: its controller closes it


@pytest.mark.parametrize(
    ("decides", "after_responsible", "after_other"),
    [
        ("each", (1, "open"), (2, "executed")),
        ("responsible", (1, "executed"), (2, "executed")),
        ("all", (0, "open"), (2, "executed")),
    ],
)
def test_a_task_nobody_controls_is_executed_by_the_report_that_decides(
    tmp_path: Path, decides: str, after_responsible: tuple[int, str], after_other: tuple[int, str]
) -> None:
    with telling(tmp_path, f'decides = "{decides}"') as offices:
        card, task = send_task(offices, deadline=None)
        do(offices.moscow, people.report, there(offices), "Написал", by="Кленов")
        offices.settle()
        with people.at_work(offices.minsk.registry) as work:
            known = [row.state for row in people.partner_tasks(work, card)]
        assert (len(reported(offices.minsk, task)), (known or ["open"])[0]) == after_responsible
        do(offices.moscow, people.report, there(offices), "Собрал", by="Дубов")
        offices.settle()

        last = told_last(offices.minsk, card)
        assert (len(reported(offices.minsk, task)), last.state) == after_other
        assert last.fact_date == "2026-03-11"
        assert news(offices.minsk, card).count("executed") == 1


@pytest.mark.parametrize("decides", ["each", "responsible", "all"])
def test_a_task_under_control_is_executed_when_its_controller_closes_it(tmp_path: Path, decides: str) -> None:
    with telling(tmp_path, f'decides = "{decides}"') as offices:
        card, _ = send_task(offices)
        for who in ("Кленов", "Дубов"):
            do(offices.moscow, people.report, there(offices), "Готово", by=who)
        offices.settle()
        assert "executed" not in news(offices.minsk, card)

        do(offices.moscow, people.close, there(offices), "Принято", by="Берёзкина", on=date(2026, 3, 20))
        offices.settle()

        last = told_last(offices.minsk, card)
        assert (last.state, last.fact_date) == ("executed", "2026-03-20")


def test_the_responsible_executors_report_alone_comes_home_when_the_rule_says_so(tmp_path: Path) -> None:
    with telling(tmp_path, 'executors = "responsible"') as offices:
        _, task = send_task(offices)
        for who in ("Дубов", "Кленов"):
            do(offices.moscow, people.report, there(offices), "Готово", by=who)
            offices.settle()

        assert [row.reporter for row in reported(offices.minsk, task)] == ["Кленов П. И."]


def test_an_executor_who_was_removed_is_waited_for_no_longer(tmp_path: Path) -> None:
    with telling(tmp_path, 'decides = "all"') as offices:
        _, task = send_task(offices)
        do(offices.moscow, people.report, there(offices), "Готово", by="Кленов")
        offices.settle()
        assert reported(offices.minsk, task) == []
        with people.at_work(offices.moscow.registry) as work:
            people.rows(work, "update executor set removed = :yes where name like 'Дубов%' returning id", yes=True)
        do(offices.moscow, people.note_progress, there(offices), "без Дубова", by="Берёзкина")
        offices.settle()

        assert [row.reporter for row in reported(offices.minsk, task)] == ["Кленов П. И."]


def test_work_below_a_sent_task_names_it_and_does_not_execute_it(offices: Town) -> None:
    card, task = send_task(offices)
    above = there(offices)
    with people.at_work(offices.moscow.registry) as work:
        (incoming,) = people.rows(work, "select id from card")
        below = people.instruct(
            work,
            incoming.id,
            "Сделать",
            author="Берёзкина",
            executors=["Кленов"],
            now=offices.clock.now(),
            deadline=CONTROLLED,
            under=above,
        )
    offices.settle()
    do(offices.moscow, people.close, below, "Сделано", by="Берёзкина")
    offices.settle()

    with people.at_work(offices.minsk.registry) as work:
        told = [
            (row.event, row.instruction_id) for row in people.news(work, card) if row.event in ("assigned", "executed")
        ]
        (ours,) = people.rows(work, "select * from instruction")
        states = [(row.instruction_id, row.state) for row in people.partner_tasks(work, card)]
    assert told == [("assigned", task), ("executed", task)]
    assert ours.progress is None
    assert states == [(None, "executed")]


def test_the_documents_deadline_is_none_of_its_tasks_deadlines(offices: Town) -> None:
    card, _ = send_task(offices, of_document=date(2026, 5, 5))
    (incoming,) = cards(offices.moscow)
    with people.at_work(offices.moscow.registry) as work:
        (theirs,) = people.rows(work, "select deadline from instruction")
    assert (incoming.deadline, theirs.deadline) == ("2026-05-05", "2026-03-25")

    do(offices.moscow, people.change_deadline, there(offices), date(2026, 4, 4), by="Берёзкина")
    offices.settle()

    assert [str(row.deadline) for row in cards(offices.moscow)] == ["2026-05-05"]
    assert [str(row.deadline) for row in cards(offices.minsk, "direction = 'out'")] == ["2026-05-05"]
    assert told_last(offices.minsk, card).deadline == "2026-04-04"


def test_the_documents_deadline_is_none_of_our_own_instructions_deadlines(tmp_path: Path) -> None:
    with town(tmp_path) as offices:
        card = send_letter(offices.minsk)
        offices.settle()
        (incoming,) = cards(offices.moscow)
        with people.at_work(offices.moscow.registry) as work:
            made = people.instruct(
                work,
                incoming.id,
                "x",
                author="Берёзкина",
                executors=["Кленов"],
                now=offices.clock.now(),
                deadline=CONTROLLED,
            )
        offices.settle()
        do(offices.moscow, people.change_deadline, made, date(2026, 4, 4), by="Берёзкина")
        offices.settle()

        (sent,) = cards(offices.minsk, "direction = 'out'")
        assert (incoming.deadline, sent.deadline) == (None, None)
        assert told_last(offices.minsk, card).deadline == "2026-04-04"
