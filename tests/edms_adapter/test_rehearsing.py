# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal says what a registration would write, and leaves nothing of it behind."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.content import Held
from gateway.edms_adapter.sql.edms import SqlEdms
from gateway.errors import Reason, Refused
from gateway.model import Document, ExchangeId, Organisation, Party, Task, TaskUid
from gateway.ports import Registration, Rehearsal, Waiting
from tests.edms_adapter import test_foreign
from tests.edms_adapter.desk import Desk, file_of, intake, letter, to
from tests.edms_adapter.systems.tables import contents_of
from tests.edms_adapter.test_foreign import edms as foreign

__all__ = ["foreign"]  # a fixture

LARGE = Held(b"0123456789abcdef" * 20_000)


def tree(folder: Path) -> dict[str, str]:
    """Return every file and folder below *folder*, files by digest."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
        if not path.name.endswith(("-wal", "-shm"))
    }


def rehearsed(desk: Desk, document: Document | None = None, **rest: Any) -> Rehearsal:
    desk.contents[LARGE.sha256] = LARGE
    return desk.edms.rehearse(document or letter(), desk.contents, ExchangeId("ex-1"), intake(**rest))


CASES: dict[str, tuple[Document, dict[str, Any]]] = {
    "registered": (letter(files=(file_of(), file_of(LARGE, "План.tif")), tasks=(Task(TaskUid("t-1"), text="x"),)), {}),
    "waiting": (letter(files=(file_of(LARGE, "План.tif"),)), {"wait_because": "так решено"}),
    "refused": (letter(addressees=(to("Нездешний Х. Х."),)), {"unknown_addressee": "refuse"}),
    "on the card that is there": (letter("doc-9", "7"), {"same_number": "attach"}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_database_and_the_file_store_are_the_same_before_and_after(desk: Desk, case: str) -> None:
    desk.contents[LARGE.sha256] = LARGE
    desk.registered(letter("doc-0", "7", files=(file_of(LARGE, "План.tif"),)), "ex-0")
    document, rest = CASES[case]
    rows, files = contents_of(desk.edms.database.engine), tree(desk.files)
    of_file = Path(desk.url.removeprefix("sqlite:///")).read_bytes() if desk.url.startswith("sqlite") else b""

    rehearsal = rehearsed(desk, document, **rest)

    assert rehearsal.rows or case == "refused"
    assert contents_of(desk.edms.database.engine) == rows
    assert tree(desk.files) == files
    if of_file:
        assert Path(desk.url.removeprefix("sqlite:///")).read_bytes() == of_file
    assert desk.registered(letter("doc-1", "8"), "ex-1").number.text == "ВХ-2"  # no number was taken


def test_the_rows_are_those_of_the_mapping_and_the_outcome_that_of_the_registration(desk: Desk) -> None:
    rehearsal = rehearsed(desk, CASES["registered"][0])
    tables = [(row.verb, row.table) for row in rehearsal.rows]
    card = dict(rehearsal.rows[[row.table for row in rehearsal.rows].index("card")].values)

    assert isinstance(rehearsal.outcome, Registration)
    assert rehearsal.outcome.number.text == "ВХ-1"
    assert (card["number"], card["subject"]) == ("ВХ-1", "О передаче дел")
    assert tables.count(("insert", "card_file")) == 2
    assert ("insert", "instruction") in tables
    assert ("update", "counter") in tables
    assert not [table for _, table in tables if table.startswith("edms_gw_")]
    made = desk.registered(CASES["registered"][0])
    assert (made.number, [one.name for one in made.routed]) == (
        rehearsal.outcome.number,
        [one.name for one in rehearsal.outcome.routed],
    )


def test_a_rehearsal_says_why_a_document_would_wait_or_be_refused(desk: Desk) -> None:
    waits = rehearsed(desk, *CASES["waiting"][:1], **CASES["waiting"][1]).outcome
    refused = rehearsed(desk, *CASES["refused"][:1], **CASES["refused"][1]).outcome

    assert isinstance(waits, Waiting)
    assert waits.reason == "так решено"
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNKNOWN_ADDRESSEE


def test_another_mapping_is_rehearsed_likewise(foreign: SqlEdms, tmp_path: Path) -> None:
    test_foreign.register(foreign, "ex-0")
    rows, files = contents_of(foreign.database.engine), tree(tmp_path)
    given = intake(correspondent=Party(Organisation(index="BEREG-02")))

    rehearsal = foreign.rehearse(
        letter("ex-1", "ex-1"), {test_foreign.PDF.sha256: test_foreign.PDF}, ExchangeId("ex-1"), given
    )

    assert [(row.verb, row.table) for row in rehearsal.rows] == [
        ("update", "register"),
        ("insert", "letter"),
        ("insert", "attachment"),
    ]
    assert contents_of(foreign.database.engine) == rows
    assert tree(tmp_path) == files
