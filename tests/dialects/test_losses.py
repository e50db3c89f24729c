# SPDX-License-Identifier: GPL-3.0-or-later
"""What a standard cannot say is named, so that nobody is surprised by it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings

from gateway.dialects import DIALECTS, by_name
from gateway.dialects.losses import lost, untold
from gateway.dialects.wire import Dialect
from gateway.model import (
    AdditionalField,
    Document,
    DocumentRef,
    DocumentUid,
    Drafter,
    Event,
    EventKey,
    EventKind,
    Executor,
    FieldType,
    File,
    Link,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    ReturnId,
    Sha256,
    Signature,
    Subscription,
    Task,
    TaskUid,
    Term,
    Visa,
)
from tests.dialects import strategies

SEV = by_name("sev")
AT = datetime(2026, 3, 11, tzinfo=UTC)
US = Party(Organisation("Мы", index="EX"))
SIGNED = File("а.pdf", size=1, sha256=Sha256("1" * 64), signatures=(Signature("а.sig", 1, Sha256("2" * 64)),))

NAMED, OTHER = (replace(US, person=Person(name)) for name in ("Берёзкина", "Дубов"))
VISAS = (Visa(NAMED, text="Согласна"), Visa(OTHER, text="Согласен"))
FIELDS = tuple(AdditionalField(name, FieldType.TEXT, "да") for name in "абв")
DRAFTER = Drafter(OTHER, "по средам")
LINK = Link(Term("Во исполнение"), DocumentRef(DocumentUid("x")), url="https://north.example/7")
WHOLE = {
    "subject": "О графике",
    "note": "Срочно",
    "files": (SIGNED,),
    "addressees": (NAMED, OTHER),
    "visas": VISAS,
    "drafters": (DRAFTER,),
    "fields": FIELDS,
    "links": (LINK,),
}


class Forgetful:
    """A standard that carries all but what it is made to forget."""

    def __init__(self, part: dict[str, Any], **of_message: Any) -> None:  # Any: the fields of a Document, of a Message
        self.part, self.of_message = part, of_message

    def degrade(self, message: Message) -> Message:
        assert isinstance(message.body, Document)
        return replace(message, body=replace(message.body, **self.part), **self.of_message)


def saying(**parts: object) -> Message:
    document = Document(DocumentUid("u"), number=Number("1", AT.date()), **parts)  # type: ignore[arg-type]  # a Document's
    return Message(MessageId("m"), ReturnId("r"), AT, US, (US,), document, "sev")


def test_a_document_that_is_carried_whole_loses_nothing() -> None:
    assert lost(SEV, saying(subject="О графике", pages="3", files=(SIGNED,))) == ()


def test_files_that_did_not_come_with_their_bytes_are_lost_and_counted() -> None:
    absent = replace(SIGNED, sha256=None, signatures=())

    assert lost(SEV, saying(files=(absent,))) == ("files",)
    assert lost(SEV, saying(files=(SIGNED, absent))) == ("1 of 2 files",)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"visas": ()}, ("visas",)),
        ({"visas": VISAS[:1]}, ("1 of 2 visas",)),
        ({"addressees": ()}, ("addressees",)),
        ({"addressees": (replace(NAMED, person=None), OTHER)}, ("1 of 2 addressees.person",)),
        ({"addressees": (replace(NAMED, person=None), replace(OTHER, person=None))}, ("addressees.person",)),
        ({"drafters": ()}, ("drafters",)),
        ({"drafters": (replace(DRAFTER, note=""),)}, ("drafters.note",)),
        ({"fields": FIELDS[1:]}, ("1 of 3 fields",)),
        ({"links": (replace(LINK, url=""),)}, ("links.url",)),
        ({"files": (replace(SIGNED, signatures=()),)}, ("files.signatures",)),
        ({"note": ""}, ("note",)),
        ({"subject": "В двух словах"}, ()),
    ],
)
def test_a_part_that_does_not_arrive_is_named_alone_or_within_what_it_belongs_to(
    part: dict[str, object], named: tuple[str, ...]
) -> None:
    assert lost(cast(Dialect, Forgetful(part)), saying(**WHOLE)) == named


def test_what_is_lost_with_a_larger_part_is_not_named_again() -> None:
    fewer = Forgetful({"tasks": ()})
    tasks = tuple(Task(TaskUid(uid), text="Подготовить", executors=(Executor(NAMED),)) for uid in "ab")

    assert lost(cast(Dialect, fewer), saying(tasks=tasks)) == ("tasks",)


def test_that_others_get_the_document_too_and_what_its_sender_wants_to_hear_may_be_lost() -> None:
    message = replace(saying(), recipients=(US, NAMED, OTHER), subscription=Subscription(30))
    alone, one_more = Forgetful({}, recipients=(US,), subscription=None), Forgetful({}, recipients=(US, NAMED))

    assert lost(cast(Dialect, alone), message) == ("recipients", "subscription")
    assert lost(cast(Dialect, one_more), message) == ("1 of 2 recipients",)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@given(message=strategies.document_messages)
@settings(max_examples=30)
def test_what_came_through_a_standard_once_loses_nothing_more_in_it(dialect: Dialect, message: Message) -> None:
    assert lost(dialect, dialect.degrade(message)) == ()


def test_a_fact_the_standard_has_no_word_for_says_so_and_any_other_says_nothing() -> None:
    said = untold(SEV, Event(EventKind.ACQUAINTED, EventKey("k"), AT))

    assert said.startswith("sev cannot say it: ")
    assert untold(SEV, Event(EventKind.REGISTERED, EventKey("k"), AT)) == ""
