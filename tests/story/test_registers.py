# SPDX-License-Identifier: GPL-3.0-or-later
"""Both offices print the same story, each from its own side; and the documents of one number in all years."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from gateway.edms_adapter.registry import people
from tests.cli.test_commands import call
from tests.story.acts import cards, send_letter
from tests.story.offices import ZONES, Town, TownOffice, town

TWO_HOURS = timedelta(hours=2)


def typed(office: TownOffice, *arguments: str) -> list[dict[str, Any]]:
    """Let the administrator of *office* type a command, and return what it prints."""
    told = call("--config", office.home / "gateway.toml", *arguments, "--json")
    assert told.exit_code == 0, told.output
    return [json.loads(line) for line in told.stdout.splitlines()]


@pytest.fixture
def lately(tmp_path: Path) -> Any:
    """Give two offices of today: registers are made by the machine's clock."""
    with town(tmp_path, moscow={"partner": '[[receive]]\nunknown_addressee = "wait"'}) as offices:
        offices.clock.moment = datetime.now(UTC) - TWO_HOURS
        yield offices


def test_both_sides_print_the_same_story(lately: Town) -> None:
    minsk, moscow = lately.minsk, lately.moscow
    send_letter(minsk)
    lately.settle()
    send_letter(minsk, to="Неведомский Н. Н.")
    lately.settle()
    lately.post.delivers = False
    send_letter(minsk)
    lately.settle()
    day = f"{lately.clock.moment.astimezone(ZoneInfo(ZONES[minsk.name])):%Y-%m-%d}"  # of the office
    period = ("--from", f"{lately.clock.moment - timedelta(days=1):%Y-%m-%d}", "--to", day)

    sent, received = typed(minsk, "register", "sent", *period), typed(moscow, "register", "received", *period)
    (late,), (waits,) = typed(minsk, "register", "overdue"), typed(moscow, "register", "waiting")

    assert [(row["number"], row["registered"], row["state"], row["late"]) for row in sent] == [
        ("ИСХ-1", "ВХ-1", "forwarded", None),
        ("ИСХ-2", None, "received", None),
        ("ИСХ-3", None, "sent", "received"),
    ]
    assert [(row["number"], row["registered"], row["state"]) for row in received] == [
        ("ИСХ-1", "ВХ-1", "forwarded"),
        ("ИСХ-2", None, "waiting"),
    ]
    assert sent[0]["registered_date"] == received[0]["registered_date"]
    assert (late["number"], late["late"], late["rung"]) == ("ИСХ-3", "received", "sent")
    assert (waits["number"], waits["note"]) == ("ИСХ-2", "«Неведомский Н. Н.»: такого адресата нет")


def test_a_paper_leaves_the_register_of_what_waits_when_a_clerk_has_decided(lately: Town) -> None:
    moscow = lately.moscow
    send_letter(lately.minsk, to="Неведомский Н. Н.")
    lately.settle()
    (paper,) = cards(moscow)
    before = typed(moscow, "register", "waiting")

    with people.at_work(moscow.registry) as work:
        people.register_waiting(work, paper.id, by="Дубов", to=["Кленов"], now=lately.clock.now())
    moscow.work()
    lately.settle()

    assert len(before) == 1
    assert typed(moscow, "register", "waiting") == []
    assert typed(lately.minsk, "trace", "ВХ-1")[0]["number"] == "ИСХ-1"


def test_trace_lists_the_documents_of_one_number_in_all_years_the_oldest_first(offices: Town) -> None:
    minsk, moscow = offices.minsk, offices.moscow
    for year in (2024, 2025, 2026):
        offices.clock.moment = datetime(year, 3, 11, 7, tzinfo=UTC)
        with people.at_work(minsk.registry) as work:
            work.run(text("update journal set prefix = '' where name = 'Исходящие'"))
            work.run(text("insert into counter (journal_id, year, last) values (2, :year, 41)"), {"year": year})
        send_letter(minsk)
        offices.settle()
    with people.at_work(moscow.registry) as work:
        work.run(text("update journal set prefix = ''"))
        work.run(text("update counter set last = 41 where year = 2026"))
    send_letter(minsk)
    offices.settle()

    found = [(story["number"], story["date"], story["registered"]) for story in typed(minsk, "trace", "42")]

    assert found == [
        ("42", "2024-03-11", "ВХ-1"),
        ("42", "2025-03-11", "ВХ-1"),
        ("42", "2026-03-11", "ВХ-1"),
        ("43", "2026-03-11", "42"),
    ]
