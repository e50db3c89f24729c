# SPDX-License-Identifier: GPL-3.0-or-later
"""What a standard cannot say is named, so that nobody is surprised by it."""

from dataclasses import replace
from datetime import UTC, datetime

from gateway.dialects import by_name
from gateway.dialects.losses import lost, untold
from gateway.model import (
    Document,
    DocumentUid,
    Event,
    EventKey,
    EventKind,
    File,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    ReturnId,
    Sha256,
    Signature,
)

SEV = by_name("sev")
AT = datetime(2026, 3, 11, tzinfo=UTC)
US = Party(Organisation("Мы", index="EX"))
SIGNED = File("а.pdf", size=1, sha256=Sha256("1" * 64), signatures=(Signature("а.sig", 1, Sha256("2" * 64)),))


def saying(**parts: object) -> Message:
    document = Document(DocumentUid("u"), number=Number("1", AT.date()), **parts)  # type: ignore[arg-type]  # a Document's
    return Message(MessageId("m"), ReturnId("r"), AT, US, (US,), document, "sev")


def test_a_document_that_is_carried_whole_loses_nothing() -> None:
    assert lost(SEV, saying(subject="О графике", pages="3", files=(SIGNED,))) == ()


def test_files_that_did_not_come_with_their_bytes_are_lost_and_counted() -> None:
    absent = replace(SIGNED, sha256=None, signatures=())

    assert lost(SEV, saying(files=(absent,))) == ("files",)
    assert lost(SEV, saying(files=(SIGNED, absent))) == ("1 files",)


def test_a_fact_the_standard_has_no_word_for_says_so_and_any_other_says_nothing() -> None:
    said = untold(SEV, Event(EventKind.ACQUAINTED, EventKey("k"), AT))

    assert said.startswith("sev cannot say it: ")
    assert untold(SEV, Event(EventKind.REGISTERED, EventKey("k"), AT)) == ""
