# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that a partner names by its place or its number alone is the one that was sent."""

from gateway.dialects import by_name
from gateway.dialects.wire import Reading
from gateway.inbound.news import naming
from gateway.model import Report, Task, TaskUid
from tests.dialects.test_medo_doubtful import notification

SENT = (Task(TaskUid("T1"), number="п. 1"), Task(TaskUid("T2"), number="п. 2"), Task(TaskUid("T3"), number="п. 2"))


def heard(clause: str) -> str:
    event = f"<x:courseChanged>{clause}<x:courseText>x</x:courseText></x:courseChanged>"
    reading: Reading = notification("Исполнение", event)
    assert by_name(reading.dialect).name == "medo"
    assert reading.message is not None
    assert isinstance(reading.message.body, Report)
    return naming(reading.message.body, SENT).considerations[0].task.uid


def clause(attributes: str, designation: str = "") -> str:
    named = f"<x:designation>{designation}</x:designation>" if designation else ""
    return f"<x:clause{attributes}>{named}<x:deadline>2026-05-01</x:deadline></x:clause>"


def test_a_clause_is_found_by_its_id_then_its_place_then_its_designation() -> None:
    assert heard(clause(' x:id="T2" x:localId="0"', "п. 1")) == "T2"
    assert heard(clause(' x:localId="1"', "п. 1")) == "T2"
    assert heard(clause("", "п. 1")) == "T1"


def test_clauses_that_nothing_tells_apart_are_taken_for_none_that_was_sent() -> None:
    assert heard(clause("", "п. 2")) not in {"T1", "T2", "T3"}
    assert heard(clause("", "п. 7")) != heard(clause("", "п. 8"))
    assert heard(clause(' x:id="theirs"', "п. 1")) == "theirs"
