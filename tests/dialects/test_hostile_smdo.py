# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody in good faith sends by SMDO is refused with code and place, or noted; nothing else ever happens."""

import pytest

from gateway.bodies import cut_out
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Reading
from gateway.model import Severity
from tests.dialects.hostile_smdo import HOSTILE, SOUND, Hostile
from tests.dialects.test_smdo_samples import codes

SMDO = by_name("smdo")


def read(hostile: Hostile) -> Reading:
    assert SMDO.is_body is not None
    small, bodies = cut_out(Held(hostile.make()), SMDO.is_body, MemorySink)
    return SMDO.read(small, hostile.files, bodies=bodies)


@pytest.mark.parametrize("name", [name for name, hostile in HOSTILE.items() if hostile.reason])
def test_it_is_refused_with_its_reason_at_its_place(name: str) -> None:
    hostile = HOSTILE[name]
    reading = read(hostile)

    assert reading.refusal is not None
    assert reading.refusal.reason is hostile.reason
    assert reading.refusal.place == hostile.place or not hostile.place
    assert reading.problems[-1].severity is Severity.ERROR


@pytest.mark.parametrize("name", [name for name, hostile in HOSTILE.items() if not hostile.reason])
def test_it_is_a_leniency_that_is_noted(name: str) -> None:
    hostile = HOSTILE[name]
    reading = read(hostile)

    assert reading.refusal is None
    assert reading.message is not None
    assert not hostile.code or hostile.code in codes(reading)


def test_wherever_a_message_breaks_off_nothing_else_happens() -> None:
    assert SMDO.is_body is not None
    for length in range(0, len(SOUND), 97):
        small, bodies = cut_out(Held(SOUND[:length]), SMDO.is_body, MemorySink)
        assert SMDO.read(small, (), bodies=bodies).refusal is not None


def test_of_what_breaks_off_late_the_heading_is_saved() -> None:
    heading = SMDO.read(SOUND[: len(SOUND) // 2], ()).heading

    assert heading.message_id == heading.return_id == "3f7b1a52-0c4e-4d11-8a60-1d2e3f400001"
    assert heading.sender is not None
    assert heading.sender.index == "Hydro07"
    assert heading.about.number.text == "03-5/118"
