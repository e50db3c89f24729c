# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile messages of GOST R 53898-2010: refused with code and place, or noted; never anything else."""

import pytest

from gateway.errors import Reason
from gateway.model import Document
from tests.dialects.gost2010_packages import codes, read, sample
from tests.dialects.hostile_gost2010 import HOSTILE


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_hostile_is_refused_with_code_and_place_or_noted(what: str) -> None:
    hostile = HOSTILE[what]

    reading = read(hostile.make())

    assert (reading.refusal.reason if reading.refusal else None) is hostile.reason
    assert reading.refusal is None or hostile.place in reading.refusal.place
    assert not hostile.noted or hostile.noted in codes(reading)
    assert reading.refusal is not None or reading.message is not None


@pytest.mark.parametrize("what", [what for what, each in HOSTILE.items() if each.reason and "cut in the h" not in what])
def test_who_is_refused_can_be_told_so(what: str) -> None:
    """Whatever is wrong, the heading says whose message it was, as far as that stands there."""
    reading = read(HOSTILE[what].make())

    assert reading.kind in ("document", "report")
    lacks = what in ("no id of the message", "too large") or "declared" in what or "encoding" in what
    assert bool(reading.heading.message_id) or lacks


def test_files_never_change_places() -> None:
    """Each file is what stood in its own element, whatever stood in the others."""
    broken = sample("document").replace(b'transfertype="0">', b'transfertype="0">*', 1)
    reading = read(broken)

    assert reading.refusal is not None
    assert reading.refusal.reason is Reason.MISSING_FILE
    assert reading.message is not None
    assert isinstance(reading.message.body, Document)
    whole = read(sample("document")).message
    assert whole is not None
    assert isinstance(whole.body, Document)
    assert [file.sha256 for file in reading.message.body.files] == [None, whole.body.files[1].sha256]
