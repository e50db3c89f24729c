# SPDX-License-Identifier: GPL-3.0-or-later
"""The same again, a resend, a change, an addition: docs/protocol.md, "Resends and changes"."""

from dataclasses import replace

from gateway.conformance.case import Step, Told
from gateway.conformance.letters import letter
from gateway.conformance.making import RECEIVED, TAKEN, Maker, Situation, situations
from gateway.errors import Reason
from gateway.model import Document, DocumentType, DocumentUid, DraftState, EventKind, Message


def duplicate(make: Maker) -> list[Step]:
    first = make.step(make.message())
    return [first, replace(first, outcome="duplicate")]


def rewrapped(make: Maker) -> list[Step]:
    """The same message in another letter."""
    message = make.message()
    sheaf = make.sheaf(message, make.parcel(message))
    head = tuple(line.replace(b"Message-ID: <", b"Message-ID: <again.") for line in sheaf.head)
    again = make.step(message, letter(replace(sheaf, head=head, boundary="again")), outcome="duplicate")
    return [make.step(message), replace(again, letter_id=f"again.{again.letter_id}")]


def conflict(make: Maker) -> list[Step]:
    other = make.message(make.document(subject="О чём-то другом"))
    return [make.step(make.message()), make.step(other, outcome="parked", reports=(), reason=Reason.CONFLICT)]


def resend(make: Maker) -> list[Step]:
    return [make.step(make.message()), make.step(make.message(sending=2), outcome="resend")]


def resend_twice(make: Maker) -> list[Step]:
    return [*resend(make), make.step(make.message(sending=3), outcome="resend")]


def resend_of_a_refused(make: Maker) -> list[Step]:
    return [
        make.refused(make.anonymous(), None, Reason.MISSING_AUTHOR, "Author", received=True),
        make.step(make.message(sending=2)),
    ]


def refused_again(make: Maker) -> list[Step]:
    """A duplicate of a refused document hears the same refusal."""
    first = make.refused(make.anonymous(), None, Reason.MISSING_AUTHOR, "Author", received=True)
    return [first, replace(first, outcome="duplicate", reason="")]


def resend_of_a_draft(make: Maker) -> list[Step]:
    draft = make.document(type=DocumentType.DRAFT, draft=DraftState("at_sight", 1, make.id("version")))
    return [
        make.step(make.message(draft), outcome="waiting", reports=(RECEIVED,)),
        make.step(make.message(draft, sending=2), outcome="resend", reports=(RECEIVED,)),
    ]


def _changed(make: Maker, body: Document) -> list[Step]:
    """The document, and then a message that changes it: it waits for a person."""
    again = make.step(make.message(body, sending=2), outcome="waiting", reports=(RECEIVED,), reason=Reason.CHANGED)
    return [make.step(make.message()), again]


def _edited(make: Maker, body: Document, *, strict: bool = False) -> list[Step]:
    """The document, and then a message that changes its card at once."""
    side = make.ground.strict if strict else make.ground.ours
    first, second = make.message(), make.message(body, sending=2)
    if strict:
        first, second = make.from_strict(first), make.from_strict(second)
    edited = make.step(second, outcome="edited", reports=(RECEIVED, Told("edited")), side=side)
    return [make.step(first, side=side), edited]


def changed_words(make: Maker) -> list[Step]:
    return _changed(make, make.document(subject="О проверке обмена, исправлено"))


def changed_files(make: Maker) -> list[Step]:
    return _changed(make, make.document(files=(make.file("Письмо.txt", b"mended"),)))


def changed_number(make: Maker) -> list[Step]:
    return _changed(make, make.document(number=replace(make.number, text=f"{make.number.text}-2")))


def _supplement(make: Maker) -> Document:
    """Return an addition; raises Refused when the standard, or this version of it, does not tell it from a document."""
    make.telling(make.document(supplement=True))
    return make.document(supplement=True, files=(make.file("Дополнение.txt"),))


def addition(make: Maker) -> list[Step]:
    return _edited(make, _supplement(make))


def added_file(make: Maker) -> list[Step]:
    return _edited(make, make.document(files=(make.file(), make.file("Дополнение.txt"))), strict=True)


def early_addition(make: Maker) -> list[Step]:
    """An addition that comes first waits for the document it adds to, and is added when that is registered."""
    early = make.message(_supplement(make))
    main = make.step(make.message(sending=2), reports=(*TAKEN, Told("edited")))
    told = make.dialect.carries[EventKind.EDITED].how == "whole"  # else nobody can wait for the words about it
    waits = make.step(early, outcome="edited" if told else "later", reports=(RECEIVED,))
    return [waits, replace(main, return_id="")]


def same_number(make: Maker) -> list[Step]:
    other = make.message(make.document(uid=DocumentUid(make.id("other document"))), sending=2)
    waits = make.step(other, outcome="waiting", reports=(RECEIVED,))
    return [make.step(make.message()), waits]


def damaged_copy(make: Maker) -> list[Step]:
    """Nobody is told that a registered document was refused."""
    message = make.message()
    parcel = make.parcel(message)
    cut = replace(parcel, passport=parcel.passport[:-20])
    damaged = make.step(message, make.letter(message, cut), outcome="parked", reports=(), reason=Reason.BAD_XML)
    return [make.step(message), damaged]


def damaged_resend(make: Maker) -> list[Step]:
    """A damaged resend, likewise."""
    second = make.message(sending=2)
    parcel = make.parcel(second)
    cut = replace(parcel, passport=parcel.passport[:-20])
    damaged = make.step(second, make.letter(second, cut), outcome="parked", reports=(), reason=Reason.BAD_XML)
    return [make.step(make.message()), damaged]


def mended_copy(make: Maker) -> list[Step]:
    """What could not be read is judged afresh when it comes whole under an id of its own."""
    message = make.message()
    parcel = make.parcel(message)
    cut = make.letter(message, replace(parcel, passport=parcel.passport[:-20]))
    return [make.refused(message, cut, Reason.BAD_XML), make.step(make.message(sending=2))]


def of_two_partners(make: Maker) -> list[Step]:
    """Ids of one partner say nothing about those of another."""
    mine = make.message()
    theirs: Message = make.from_strict(make.message())
    return [make.step(mine), make.step(theirs, side=make.ground.strict)]


def two_documents(make: Maker) -> list[Step]:
    """Two documents that differ in nothing but uid and number are two."""
    number = replace(make.number, text=f"{make.number.text}-2")
    other = make.document(uid=DocumentUid(make.id("other document")), number=number)
    return [make.step(make.message()), make.step(make.message(other, sending=2))]


REPEATS = {
    "duplicate": ("The same letter again hears the same answers, and is registered once.", duplicate),
    "rewrapped": ("The same message in another letter is a duplicate.", rewrapped),
    "conflict": ("A message id that came before with another content is laid aside.", conflict),
    "resend": ("A resend hears what stands, under its new return id.", resend),
    "resend-twice": ("So does the next one.", resend_twice),
    "resend-of-a-refused": ("After a refusal the document is judged afresh.", resend_of_a_refused),
    "refused-again": ("A duplicate of a refused document hears the same refusal.", refused_again),
    "resend-of-a-draft": ("A draft that waits is not laid down twice.", resend_of_a_draft),
    "changed-words": ("A changed document waits for a person.", changed_words),
    "changed-files": ("So does one with other files.", changed_files),
    "changed-number": ("So does one with another number.", changed_number),
    "addition": ("An addition to a registered document is added, and answered.", addition),
    "early-addition": ("An addition that comes first waits for its document, and is added then.", early_addition),
    "same-number": ("Another document with the same number and date waits for a person.", same_number),
    "damaged-copy": ("A damaged copy of a registered document is laid aside.", damaged_copy),
    "damaged-resend": ("So is a damaged resend.", damaged_resend),
    "mended-copy": ("What could not be read may come again whole.", mended_copy),
    "two-documents": ("Two documents of the same words are two.", two_documents),
}

AGREED = {
    "added-file": ("A new file of a changed document is taken, as agreed.", added_file),
    "of-two-partners": ("Ids of one partner say nothing about those of another.", of_two_partners),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("repeats", REPEATS),
    *situations("agreed", AGREED, needs="strict"),
)
