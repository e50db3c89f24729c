# SPDX-License-Identifier: GPL-3.0-or-later
"""A container larger than anybody should hold in memory."""

import sys
import tracemalloc
from pathlib import Path
from random import Random
from types import FrameType

from gateway.cli.explaining import explained
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.mail.archive import zip_members
from gateway.mail.compose import Attachment
from tests.dialects.hostile_medo import card
from tests.dialects.test_medo_samples import SAMPLES

SAMPLE = SAMPLES / "container-2.7.1"
MIB = 1 << 20


def test_a_large_container_is_read_without_being_held_in_memory(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "package", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    _lay(folder, Random(1).randbytes(24 * MIB))

    tracemalloc.start()
    found = explained(folder, scratch)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found["kind"] == "document"
    assert 24 * MIB in [file["size"] for file in found["files"]]  # type: ignore[attr-defined]  # an object of JSON
    assert peak < 12 * MIB


def test_a_card_of_many_signatories_is_read_in_time_that_grows_as_it_does() -> None:
    _calls(10)  # what is prepared once

    assert _calls(800) < 3 * _calls(400)


def _calls(signatories: int) -> int:
    """Return how many functions are called to read a card that so many people of different organisations signed."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    more = "".join(
        f"<xdms:signatory><xdms:organization>Отдел {one}</xdms:organization><xdms:person>Лицо {one}</xdms:person>"
        "</xdms:signatory>"
        for one in range(signatories)
    )
    passport = card(("</xdms:signatories>", more + "</xdms:signatories>"))
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        by_name("medo").read(passport, [])
    finally:
        sys.setprofile(before)
    return calls


def _lay(folder: Path, document: bytes) -> None:
    """Lay the package of the sample into *folder*, with *document* as its PDF."""
    inside = [
        Attachment(each.name, Held(document if each.suffix == ".pdf" else each.read_bytes()))
        for each in sorted((SAMPLE / "document.edc").iterdir())
    ]
    (folder / "document.edc.zip").write_bytes(b"".join(zip_members(inside, MemorySink).blocks()))
    (folder / "message.xml").write_bytes((SAMPLE / "message.xml").read_bytes())
