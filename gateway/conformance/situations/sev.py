# SPDX-License-Identifier: GPL-3.0-or-later
"""What SEV alone can get wrong: mandatory fields, keys inside a passport, names of files; and what live senders do.

Refused is only what cannot be acted upon (docs/protocol.md, "What is refused"); everything else is a note.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.making import Maker, Situation, situations
from gateway.conformance.situations.altering import Steps, instead_of_it, lacking, noted, without
from gateway.conformance.situations.passports import changed, refused, same, utf8
from gateway.errors import Reason

ONLY = ("sev",)
DOCUMENT = re.compile(r"<Document .*</Document>")


def named_only(root: str, namespace: str) -> Steps:
    return instead_of_it(f'<{root} xmlns="{namespace}"/>')


SEV = "http://www.eos.ru/2010/sev"

LACKING = {
    "message-id": ("A message needs an id.", lacking(r' MessageID="[^"]*"', "MessageID")),
    "return-id": ("A document needs a return id.", lacking(r' ReturnID="[^"]*"', "ReturnID")),
    "time": ("A message says when it was sent.", lacking(r' Time="[^"]*"', "Time")),
    "readable-time": ("It says so in a form that can be read.", lacking(r' Time="[^"]*"', "Time", ' Time="yesterday"')),
    "sender": ("A message says who sends it.", lacking(r"<Sender>.*</Sender>", "Sender")),
    "organisation": (
        "The sender is an organisation.",
        lacking(r"(<Sender><Contact>)<Organization .*?</Organization>", "Sender/Contact/Organization", r"\1"),
    ),
    "document-list": (
        "A document message has a document.",
        lacking(r"<DocumentList>.*</DocumentList>", "DocumentList", "<DocumentList/>", Reason.BAD_PASSPORT),
    ),
}


def _nothing_to_know_it_by(make: Maker) -> list[Step]:
    change = without(r'<Document UID="[^"]*"( [^>]*>)<RegistrationInfo>.*?</RegistrationInfo>', r"<Document\1")
    return [make.refused(make.message(), changed(make, change), Reason.MISSING_FIELD, "Document/@UID")]


def _no_uid(make: Maker) -> list[Step]:
    change = without(r'<Document UID="[^"]*"', "<Document")
    return [make.refused(make.message(), changed(make, change), Reason.MISSING_FIELD, "@UID", received=True)]


def _no_author(make: Maker) -> list[Step]:
    return [make.refused(make.anonymous(), None, Reason.MISSING_AUTHOR, "Author", received=True)]


def _no_main(body: str) -> bytes:
    found = DOCUMENT.search(body)
    assert found is not None
    one = found[0].replace('MainDocument="true"', 'MainDocument="false"')
    return utf8(body.replace(found[0], one + one.replace('DocumentID="1"', 'DocumentID="2"')))


def _two_main(body: str) -> bytes:
    found = DOCUMENT.search(body)
    assert found is not None
    return utf8(body.replace(found[0], found[0] + found[0].replace('DocumentID="1"', 'DocumentID="2"')))


def _many(body: str) -> bytes:
    more = "".join(
        f'<Document UID="u{n}" DocumentID="{n}" Type="Created" MainDocument="false"/>' for n in range(2, 600)
    )
    return utf8(body.replace("</DocumentList>", more + "</DocumentList>"))


def _renamed(change: Callable[[str], str]) -> Callable[[Maker], list[Step]]:
    """Return the steps of a letter whose file comes under another name than the passport says."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        parcel = make.parcel(message)
        beside = tuple((change(name), data) for name, data in parcel.beside)
        return [make.step(message, make.letter(message, replace(parcel, beside=beside)))]

    return steps


def _ambiguous(make: Maker) -> list[Step]:
    """One file is listed, two that could be it came."""
    message = make.message()
    parcel = make.parcel(message)
    beside = (("ПИСЬМО.txt", b"one"), ("письмо.txt", b"two"))
    return [make.refused(message, make.letter(message, replace(parcel, beside=beside)), Reason.AMBIGUOUS, "Resource")]


def _unlisted(make: Maker) -> list[Step]:
    """A file is known by its description when the list leaves it out."""
    return [make.step(make.message(), changed(make, without(r'<Resource UID="1" [^>]*/>')))]


REFUSED = {
    "author": ("A document has an author.", _no_author),
    "uid": ("A document has a uid.", _no_uid),
    "nothing-to-know-it-by": ("A document has something to know it by.", _nothing_to_know_it_by),
    "main": ("Of two documents one is the main one.", refused(_no_main, Reason.BAD_PASSPORT)),
    "few-documents": ("600 documents of one passport are too many.", refused(_many, Reason.BAD_PASSPORT)),
    "type": (
        "The type of a document is one of a list.",
        refused(without('Type="Created"', 'Type="Novel"'), Reason.BAD_PASSPORT),
    ),
    "message-type": (
        "So is the type of a message.",
        refused(without('MessageType="MainDoc"', 'MessageType="Novel"'), Reason.BAD_PASSPORT),
    ),
    "unambiguous-file": ("Nobody guesses which of two files is meant.", _ambiguous),
}

NOTED = {
    "size-zero": ("A size of nothing is noted.", noted('Size="1"', 'Size="0"')),
    "size-wrong": ("A wrong size is noted.", noted('Size="1"', 'Size="99"')),
    "size-missing": ("A missing size is noted.", noted(' Size="1"')),
    "size-in-words": ("A size that is no number is noted.", noted('Size="1"', 'Size="1 KB"')),
    "extension-without-dot": ("An extension without a dot is noted.", noted("<Extension>.txt", "<Extension>txt")),
    "extension-missing": ("A missing extension is noted.", noted("<Extension>.txt</Extension>")),
    "description-missing": ("A missing description is noted.", noted("<Description>[^<]*</Description>")),
    "empty-pages": ("Empty pages are noted.", noted("<Consists>1</Consists>", "<Consists/>")),
    "empty-subject": ("An empty subject is noted.", noted("<Annotation>[^<]*</Annotation>", "<Annotation/>")),
    "empty-group": ("An empty group is noted.", noted("<Group>[^<]*</Group>", "<Group/>")),
    "empty-full-name": ("An empty full name is noted.", noted("</ShortName>", "</ShortName><FullName/>")),
    "expansion": ("What was agreed privately is left out.", noted("<Expansion/>", "<Expansion><A>1</A></Expansion>")),
    "no-expansion": ("Expansion may be missing.", noted("<Expansion/>")),
    "naive-time": ("A time without an offset is UTC.", noted(r'(Time="[^"+]*)\+00:00"', r'\1"')),
    "other-offset": ("A time may have any offset.", noted(r'(Time="[^"+]*)\+00:00"', r'\1+03:00"')),
    "zulu": ("An offset may be Z.", noted(r'(Time="[^"+]*)\+00:00"', r'\1Z"')),
    "fraction": ("A time may have fractions.", noted(r'(Time="[^"+]*)\+00:00"', r'\1.1234567+00:00"')),
    "no-version": ("A missing version is 1.0.", noted(' Version="1.0" Time', " Time")),
    "other-version": (
        "Another version is read as well as it can be.",
        noted('Version="1.0" Time', 'Version="2.0" Time'),
    ),
    "main-unmarked": ("The only document is the main one.", noted(' MainDocument="true"')),
    "main-as-1": ("A flag may be a digit.", noted('MainDocument="true"', 'MainDocument="1"')),
    "two-main": ("Of two main documents the first counts.", same(_two_main)),
    "no-recipient": (
        "Without a recipient the only office is meant.",
        noted("<Recipient>.*</Recipient>", "<Recipient/>"),
    ),
    "no-system": ("The sender's system need not be named.", noted("<EDMS .*?</EDMS>")),
    "no-resource-id": ("The passport's own number may be missing.", noted(' ResourceID="0"')),
    "passport-unlisted": ("The passport need not be in the list.", noted('<Resource UID="0" [^>]*/>')),
    "file-unlisted": ("A file is known by its name when the list leaves it out.", _unlisted),
    "impossible-date": (
        "A date that does not exist is noted.",
        noted("(<Author>.*?)<Date>[^<]*</Date>", r"\1<Date>2026-02-30</Date>"),
    ),
    "no-document-id": ("The key of the document may be missing.", noted(' DocumentID="1"')),
    "author-empty": (
        "An author without any data beside another is nobody.",
        noted("<Addressee>", "<Author/><Addressee>"),
    ),
    "unknown-reference": (
        "A link that leads nowhere is noted.",
        noted("</Document>", '<Link DocumentID="77"><LinkType>На</LinkType></Link></Document>'),
    ),
    "later-extensions": (
        "Extensions of later years are read.",
        noted("</Document>", '<EDocument xmlns="http://www.eos.ru/2010/sev/Ext2016">1</EDocument></Document>'),
    ),
    "future-extension": (
        "One of a year to come is left out.",
        noted("</Document>", '<Novelty xmlns="http://www.eos.ru/2010/sev/Ext2030">1</Novelty></Document>'),
    ),
}

NAMES = {
    "no-number": ("A file may come without its number.", _renamed(lambda name: re.sub(r"\[\d+\]", "", name))),
    "other-number": ("A file may come with another number.", _renamed(lambda name: name.replace("[1]", "[7]"))),
    "other-case": ("A file may come in other letters' case.", _renamed(str.upper)),
}

NAMED_ONLY = {
    "directory": (
        "A directory that says nothing is laid aside.",
        instead_of_it(f'<SyncInfo xmlns="{SEV}"/>', Reason.MISSING_FIELD),
    ),
    "directory-report": (
        "So is the report about one.",
        instead_of_it(f'<SyncReport xmlns="{SEV}"/>', Reason.MISSING_FIELD),
    ),
    "unknown": ("A message of SEV that nobody knows is laid aside.", named_only("Novelty", SEV)),
}


def _unreadable(passport: str) -> Callable[[Maker], list[Step]]:
    """Return the steps of a passport that says nothing at all: whoever it is from hears so."""

    def steps(make: Maker) -> list[Step]:
        message = make.message()
        step = make.refused(
            message, make.letter(message, replace(make.parcel(message), passport=utf8(passport))), Reason.BAD_XML
        )
        return [replace(step, return_id="", uid="")]

    return steps


ALONE = tuple(
    Situation(f"unknown/{name}", title, _unreadable(passport), alone=True, dialects=ONLY)
    for name, title, passport in (
        (
            "begun",
            "A passport that only begins is refused, as about nothing known.",
            f'<DocInfo xmlns="{SEV}"><Header ',
        ),
        ("unended", "So is one that says nothing and never ends.", f'<DocInfo xmlns="{SEV}">'),
    )
)

SITUATIONS: tuple[Situation, ...] = (
    *ALONE,
    *situations("lacking", LACKING, dialects=ONLY),
    *situations("refusals", REFUSED, dialects=ONLY),
    *situations("noted", NOTED, dialects=ONLY),
    *situations("file-names", NAMES, dialects=ONLY),
    *situations("named-only", NAMED_ONLY, dialects=ONLY),
)
