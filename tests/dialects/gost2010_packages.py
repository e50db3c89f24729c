# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample messages of GOST R 53898-2010, whole or altered for a test, and messages made by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gateway.content import Held, MemorySink
from gateway.dialects.wire import Reading, Resource
from gateway.envelope import read_package
from gateway.model import Document, DocumentUid, Message, MessageId, Number, Organisation, Party, ReturnId

SAMPLES = Path(__file__).parent / "samples" / "gost2010"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


def read(passport: bytes | str, beside: Sequence[Resource] = ()) -> Reading:
    """Return what is read of a package, through the front door: the files inside are cut out first."""
    data = passport.encode() if isinstance(passport, str) else passport
    reading = read_package([Resource(("document.xml",), Held(data)), *beside], MemorySink)
    assert reading is not None, "nobody recognises it"
    return reading


def altered(name: str, *changes: tuple[str, str]) -> bytes:
    """The sample *name* with texts replaced; a text that is not there is a mistake of the test."""
    text = sample(name).decode()
    for old, new in changes:
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    return text.encode()


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def a_message(**differences: Any) -> Message:  # Any: whatever a document has
    """Return a plain document message; *differences* are fields of the document."""
    document: dict[str, Any] = {
        "uid": DocumentUid("doc-1"),
        "number": Number("7", date(2026, 3, 11)),
        "subject": "О сверке",
        **differences,
    }
    return Message(
        id=MessageId("0a" * 16),
        return_id=ReturnId("0a" * 16),
        sent_at=datetime(2026, 3, 11, 7, tzinfo=UTC),
        sender=Party(Organisation("АО «Ромашка»", index="ORG-A")),
        recipients=(Party(Organisation("ФГУ «Василёк»", index="ORG-B")),),
        body=Document(**document),
        dialect="gost2010",
    )
