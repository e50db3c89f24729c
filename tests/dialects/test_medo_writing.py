# SPDX-License-Identifier: GPL-3.0-or-later
"""What MEDO messages of ours look like, version by version, and what cannot be written."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.dialects import by_name
from gateway.dialects.medo.vocabulary import NEAREST, VERSIONS
from gateway.dialects.wire import Nameless
from gateway.model import (
    Document,
    DocumentRef,
    DocumentUid,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Refusal,
    Registered,
    Report,
    ReportKind,
    ReturnId,
)
from gateway.model import EventKind as K

MEDO = by_name("medo")
US = Party(Organisation("Архив", index="7b1f0c9a-3d2e-4f58-8a61-2c9e5d4b7f10"))
THEM = Party(Organisation("Музей", index="e2d41c77-90ab-4d15-8f3e-6b0c1a2d3e4f"))
ABOUT = DocumentRef(DocumentUid("3c9f8b1a-52d7-4e06-b1c4-9a7d6e5f4302"), Number("7"))
THEIRS = ReturnId("0d5c2f5e-6a53-4c3e-9d0f-1f3b7a2e0a01")
REGISTERED = Report(ReportKind.PROGRESS, ABOUT, K.REGISTERED, registered=Registered(Number("ВХ-1")))


def saying(body: Document | Report, version: str = "2.6") -> Message:
    at = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
    return Message(MessageId("0a" * 16), THEIRS, at, US, (THEM,), body, "medo", version)


def written(body: Document | Report, version: str = "2.6") -> str:
    passport = MEDO.write(saying(body, version)).passport
    return passport.decode("windows-1251" if b"windows-1251" in passport[:60] else "utf-8")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", [*sorted(NEAREST.keys() - {1005}), 1007, 1016])  # 1005 is told by a receipt
def test_a_refusal_says_the_nearest_reason_that_its_version_has(version: str, code: int) -> None:
    short, long = NEAREST.get(code, ("Не подлежит регистрации",) * 2)

    told = written(Report(ReportKind.REFUSAL, ABOUT, refusal=Refusal(code, "Так решено")), version)

    assert f"reason>{short if version == '2.2' else long}</" in told
    assert f"comment>({code}) Так решено</" in told


@pytest.mark.parametrize("version", VERSIONS)
def test_the_id_of_the_message_is_named_from_2_6_on(version: str) -> None:
    assert (f'mid="{THEIRS}"' in written(REGISTERED, version)) is (version in ("2.7.1", "2.7", "2.6"))


def test_our_ids_are_written_with_dashes_and_times_by_version() -> None:
    assert 'uid="0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a" ' in written(REGISTERED)
    assert 'created="2026-03-11T12:30:00"' in written(REGISTERED, "2.7")
    assert 'created="2026-03-11T12:30:00+03:00"' in written(REGISTERED, "2.7.1")


def test_encoding_and_name_follow_the_version() -> None:
    old, new = MEDO.write(saying(REGISTERED, "2.6")), MEDO.write(saying(REGISTERED, "2.7.1"))

    assert (old.passport_name, new.passport_name) == ("notification.xml", "message.xml")
    assert b"encoding='windows-1251'" in old.passport
    assert b"encoding='UTF-8'" in new.passport
    assert b'"urn:IEDMS:MESSAGE"' in new.passport


def test_somebody_without_a_guid_cannot_be_named_and_it_is_said_who() -> None:
    message = replace(saying(REGISTERED), sender=Party(Organisation("Архив", index="no guid")))

    with pytest.raises(Nameless, match="Архив has no GUID"):
        MEDO.write(message)


@pytest.mark.parametrize(
    "message",
    [
        replace(saying(REGISTERED), id=MessageId("")),
        saying(Document(number=Number("1"))),
        saying(Report(ReportKind.PROGRESS, ABOUT, registered=Registered(Number("1")))),
    ],
    ids=["no id", "a document without a uid", "everything that stands"],
)
def test_what_cannot_be_said_raises(message: Message) -> None:
    with pytest.raises(ValueError, match=r"."):
        MEDO.write(message)
