# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of docs/edms-exchange-tables.md, as it stands there, does what the page says, on three engines."""

import re
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.content import whole
from gateway.edms_adapter import BUILT_IN
from gateway.edms_adapter.ddl import script
from gateway.edms_adapter.sql.mapping import load
from gateway.edms_adapter.sql.values import Record
from gateway.model import EventKind, Number, Sha256, Task, TaskUid
from gateway.ports import Registration, Waiting
from tests.edms_adapter.desk import BEREG, OURS, TODAY, letter
from tests.edms_adapter.laws import swept
from tests.edms_adapter.systems import lookalike_people as people
from tests.edms_adapter.systems.exchange_tables import NAME, ExchangeTables
from tests.edms_adapter.systems.process import register

PAGE = Path(__file__).parents[2] / "docs" / "edms-exchange-tables.md"
EXAMPLE = re.compile(r"^### (.+?)\n(?:(?!^###).)*?^```sql\n(.*?)^```", re.M | re.S)
EXAMPLES = dict(EXAMPLE.findall(PAGE.read_text("utf-8")))
TAKE, REGISTER, REFUSE, REPORT, SEND = EXAMPLES
BODY = b"%PDF-1.7 theirs"


@pytest.fixture
def system(exchange_url: str, tmp_path: Path) -> Iterator[ExchangeTables]:
    with ExchangeTables(exchange_url, tmp_path / "files") as made:
        yield made


def run(system: ExchangeTables, example: str, **values: object) -> list[list[Record]]:
    """Run an example of the page in one transaction; return the rows of its queries."""
    given = {"now": system.now(), "who": "Ключевой П. С.", "day": TODAY, **values}
    found = []
    with system.at_work() as work:
        for statement in EXAMPLES[example].split(";\n"):
            bound = {name: given[name] for name in re.findall(r":(\w+)", statement)}
            if statement.startswith("select"):
                found.append(people.rows(work, statement, **bound))
            elif statement.strip():
                people.do(work, statement, **bound)
    return found


def came(system: ExchangeTables) -> int:
    document = letter(tasks=(Task(TaskUid("theirs"), text="Прислать опись"),))
    waiting = register(system.edms, document)
    assert isinstance(waiting, Waiting)
    return int(waiting.ref)


def told(system: ExchangeTables) -> list[EventKind]:
    return [one.event.kind for one in swept(system.edms)[0]]


def test_there_are_five_examples() -> None:
    assert len(EXAMPLES) == 5


def test_the_next_document_is_taken_with_its_files_and_tasks_and_by_one_alone(system: ExchangeTables) -> None:
    card = came(system)
    waiting, files, tasks = run(system, TAKE, id=card)

    assert [(one.id, one.partner_index, one.subject) for one in waiting] == [(card, BEREG, "О передаче дел")]
    assert [one.file_name for one in files] == ["Письмо.pdf"]
    assert [(one.task_uid, one.task_text) for one in tasks] == [("theirs", "Прислать опись")]
    with pytest.raises(AssertionError, match="update exchange_message"):
        run(system, TAKE, id=card)


def test_what_is_registered_is_told_and_answers_the_exchange(system: ExchangeTables) -> None:
    card = came(system)
    run(system, TAKE, id=card)
    run(system, REGISTER, id=card, number="ВХ-7", person="Полева Н. О.", post="специалист")

    assert told(system) == [EventKind.REGISTERED, EventKind.FORWARDED]
    made = register(system.edms)
    assert isinstance(made, Registration)
    assert (made.ref, made.number, made.created) == (str(card), Number("ВХ-7", TODAY), False)


def test_what_is_refused_is_told_in_its_words(system: ExchangeTables) -> None:
    card = came(system)
    run(system, REFUSE, id=card, why="не к нам")

    (refused,) = [one.event for one in swept(system.edms)[0]]
    assert refused.refusal is not None
    assert refused.refusal.text == "не к нам"


def test_a_tasks_execution_is_told(system: ExchangeTables) -> None:
    card = came(system)
    run(system, REGISTER, id=card, number="ВХ-7", person="Полева Н. О.", post="специалист")
    words = {"text": "Сверить", "report": "опись готова", "resume": "исполнено"}
    run(system, REPORT, id=card, task="t-1", person="Лугов С. И.", deadline=date(2026, 12, 1), **words)

    tasks = {one.event.kind: one.event for one in swept(system.edms)[0] if one.event.task}
    assert set(tasks) == {EventKind.ASSIGNED, EventKind.EXECUTOR_REPORTED, EventKind.EXECUTED}
    reported = tasks[EventKind.EXECUTOR_REPORTED].executor
    assert reported is not None
    assert (reported.party.name, reported.text) == ("Лугов С. И.", "опись готова")


def test_a_document_is_sent_as_the_answer_it_is(system: ExchangeTables) -> None:
    card = came(system)
    run(system, REGISTER, id=card, number="ВХ-7", person="Полева Н. О.", post="специалист")
    digest = Sha256(sha256(BODY).hexdigest())
    file = {"file_name": "Ответ.pdf", "file_size": len(BODY), "sha256": digest, "body": BODY}
    written = {"uid": "ours-1", "number": "ИСХ-1", "subject": "Ответ", "post": "Председатель"}
    run(system, SEND, id=card, office=OURS, partner=BEREG, **written, **file)

    (out,) = system.edms.outgoing()
    assert (out.to, out.answers, out.document.subject, out.document.number.text) == (BEREG, "ex-1", "Ответ", "ИСХ-1")
    assert whole(out.contents[digest], 1000) == BODY
    assert EventKind.ANSWERED in told(system)


def test_the_page_names_every_table_and_every_state() -> None:
    written, page = script(NAME, "oracle"), PAGE.read_text("utf-8")
    states = re.findall(r"^-- STATE of what (?:comes|goes):(.*?)(?=^-- STATE|^--$|^$)", written, re.M | re.S)

    assert re.findall(r"^\| `(exchange_\w+)` \|", page, re.M) == [
        "exchange_message",
        "exchange_file",
        "exchange_event",
        "exchange_task",
    ]
    assert set(re.findall(r"^create table (\w+)", written, re.M)) == set(re.findall(r"`(exchange_\w+)` \|", page))
    tables = re.findall(r"^\| state of what .*?\n\n", page, re.M | re.S)
    for table, words in zip(tables, states, strict=True):
        named = {name for first in re.findall(r"^\| (`.*?`) \|", table, re.M) for name in re.findall(r"`(.*?)`", first)}
        assert [name for name in named if name not in words] == []


def test_every_state_that_the_gateway_writes_is_on_the_page() -> None:
    standing = load(BUILT_IN / f"{NAME}.toml", "sqlite").standing
    assert standing is not None
    counted = re.findall(r"'([a-z]+)'", (standing.dispatches or "").partition("state in")[2])
    table = PAGE.read_text("utf-8").partition("| state of what goes |")[2].partition("\n\n")[0]

    assert set(re.findall(r"^\| `(.*?)` \|", table, re.M)) == {"to send", "failed", "cancelled", *counted}
