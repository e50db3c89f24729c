# SPDX-License-Identifier: GPL-3.0-or-later
"""What a card of MEDO alone can get wrong: header, versions, names of files, envelopes of the postal product.

A document that cannot be read is answered with a receipt that says it was not accepted; the comment begins with our
code.  Sections are those of docs/standards.md, "MEDO".
"""

from gateway.conformance.making import Maker, Situation, situations
from gateway.conformance.situations.altering import (
    Steps,
    denied,
    instead_of_it,
    noted,
    of,
    put,
    without,
)
from gateway.conformance.situations.passports import Change, same, utf8
from gateway.errors import Reason
from gateway.model import Message

ONLY = ("medo",)
IEDMS = "http://www.infpres.com/IEDMS"
MESSAGE = "urn:IEDMS:MESSAGE"
VERSION = 'xdms:version="2.6"'
UNREADABLE, MISSING, FIELD, AMBIGUOUS = 1001, 1005, 1004, 1017  # docs/protocol.md, "Refusal codes"


def in_version(version: str, change: Change | None = None) -> Steps:
    """Return the steps of a document in an older *version*, as its own writer has it."""

    def message(make: Maker) -> Message:
        return make.message(dialect_version=version)

    return of(message, change or (lambda body: utf8(body)))


HEADER = {
    "message-uid": (
        "A message needs an id.",
        denied(without(r'(<xdms:header [^>]*) xdms:uid="[^"]*"', r"\g<1>"), FIELD),
    ),
    "created": ("A message says when it was made.", denied(without(r' xdms:created="[^"]*"'), FIELD)),
    "impossible-time": (
        "A moment that never was is none.",
        denied(without(r'created="[^"]*"', 'created="2026-02-30T25:61:00"'), FIELD),
    ),
    "source": (
        "A message says by a GUID who sends it.",
        denied(without(r'<xdms:source xdms:uid="[^"]*"', "<xdms:source"), FIELD),
    ),
    "source-with-a-look-alike": (
        "An element with a Cyrillic letter in its name is another one.",
        denied(put(("<xdms:source", "<xdms:s\u043eurce"), ("</xdms:source", "</xdms:s\u043eurce")), FIELD),
    ),
    "content": (
        "A message holds something.",
        denied(without("<xdms:document .*</xdms:files>(<xdms:deliveryIndex)", r"\g<1>"), 1003, Reason.BAD_PASSPORT),
    ),
    "document-uid": (
        "A document has a uid.",
        denied(put((r'(<xdms:document) xdms:uid="[^"]*" xdms:id="[^"]*"', r"\g<1>")), FIELD),
    ),
}

VERSIONS = {
    "2.0": ("Version 2.0 is read.", in_version("2.0")),
    "2.2": ("Version 2.2 is read.", in_version("2.2")),
    "2.5": ("Version 2.5 is read.", in_version("2.5")),
    "1.0": ("“1.0” is no version of the format, and read.", noted(VERSION, 'xdms:version="1.0"')),
    "empty": ("So is none.", noted(VERSION, 'xdms:version=""')),
    "missing": ("Also when it is not said at all.", noted(f" {VERSION}")),
    "unknown": ("One of years to come is noted.", noted(VERSION, 'xdms:version="9.9"')),
    "newer-namespace": (
        "The namespace of 2.7.1 is the same format.",
        same(lambda body: utf8(body.replace(IEDMS, MESSAGE).replace(VERSION, 'xdms:version="2.7.1"'))),
    ),
    "other-prefix": ("A prefix is free.", same(lambda b: utf8(b.replace("xdms:", "q:").replace(":xdms", ":q")))),
    "default-namespace": (
        "Elements may stand in a default namespace.",
        same(
            lambda b: utf8(
                b.replace("<xdms:", "<")
                .replace("</xdms:", "</")
                .replace(" xmlns:xdms=", f' xmlns="{IEDMS}" xmlns:xdms=', 1)
            )
        ),
    ),
    "bare-attributes": (
        "Attributes may stand in no namespace.",
        same(lambda b: utf8(b.replace(" xdms:", " "))),
    ),
    "address-of-2.0": (
        "2.0 may list an address among its files.",
        in_version(
            "2.0",
            without(
                "</xdms:files>(?=<xdms:deliveryIndex|</xdms:communication)",
                '<xdms:file xdms:localName="https://kit.example/1" xdms:type="reference"><xdms:group>Текст приложения'
                "</xdms:group></xdms:file></xdms:files>",
            ),
        ),
    ),
}

NOTED = {
    "wrong-type": (
        "What a message holds counts, not its type.",
        noted('xdms:type="Документ"', 'xdms:type="Уведомление"'),
    ),
    "unknown-type": ("Also of a type nobody knows.", noted('xdms:type="Документ"', 'xdms:type="Открытка"')),
    "cookies": ("Cookies say nothing.", noted("<xdms:document ", '<xdms:document xdms:cookie="1" ')),
    "loud-guid": (
        "GUIDs are compared without case.",
        of(lambda m: m.message(), lambda body: _loud(body)),
    ),
    "empty-organisation": (
        "The name of the sender may be empty.",
        noted(r"(<xdms:source [^>]*>)<xdms:organization>[^<]*", r"\g<1><xdms:organization>"),
    ),
    "no-delivery-index": (
        "Whom a message is for need not be listed.",
        noted("<xdms:deliveryIndex>.*</xdms:deliveryIndex>"),
    ),
    "delivery-index-not-nested": (
        "The list may lack its doubled element.",
        noted(
            "<xdms:destination>(<xdms:destination .*?</xdms:destination>)</xdms:destination>",
            r"\g<1>",
        ),
    ),
    "files-for-each": (
        "The list may say which files each one gets.",
        noted(
            "(<xdms:destination>)(<xdms:destination .*?</xdms:destination>)",
            r"\g<1>\g<2><xdms:files>0</xdms:files>",
        ),
    ),
    "stray-text": ("Text between elements is noted.", noted("<xdms:kind>", "слова<xdms:kind>")),
    "unknown-element": ("An element nobody knows is noted.", noted("<xdms:kind>", "<xdms:novelty/><xdms:kind>")),
    "old-elements": (
        "Elements of long ago are noted.",
        noted("<xdms:kind>", "<xdms:posting>1</xdms:posting><xdms:system>x</xdms:system><xdms:kind>"),
    ),
    "registrator": (
        "One vendor's third part of a number is noted.",
        noted(
            "(<xdms:num><xdms:number>[^<]*</xdms:number><xdms:date>[^<]*</xdms:date>)",
            r"\g<1><xdms:RegistratorDepartment>Канцелярия</xdms:RegistratorDepartment>",
        ),
    ),
    "number-turned": (
        "In 2.0 the date may stand before the number.",
        noted("<xdms:num>(<xdms:number>[^<]*</xdms:number>)(<xdms:date>[^<]*</xdms:date>)", r"<xdms:num>\g<2>\g<1>"),
    ),
    "impossible-date": (
        "A day that never was is noted.",
        noted("<xdms:signed>[^<]*", "<xdms:signed>2026-02-31"),
    ),
    "no-signatories": ("Nobody need have signed.", noted("<xdms:signatories>.*</xdms:signatories>")),
    "pages-beyond-numbers": (
        "So is a number of pages beyond all numbers.",
        noted("<xdms:pages>1", "<xdms:pages>" + "9" * 40),
    ),
    "empty-annotation": ("A subject may be empty.", noted("<xdms:annotation>[^<]*", "<xdms:annotation>")),
    "annotation-in-cdata": (
        "It may stand in CDATA.",
        noted("<xdms:annotation>([^<]*)", r"<xdms:annotation><![CDATA[\g<1> & <прочее>]]>"),
    ),
    "urgency": (
        "Urgency and special marks travel along.",
        noted(
            "<xdms:signatories>",
            "<xdms:urgency>Срочно</xdms:urgency><xdms:insteadOfDistributed>0</xdms:insteadOfDistributed>"
            "<xdms:specialMark>Лично</xdms:specialMark><xdms:signatories>",
        ),
    ),
    "instead-of-distributed": (
        "A document may replace what was sent on paper.",
        noted("<xdms:signatories>", "<xdms:insteadOfDistributed>1</xdms:insteadOfDistributed><xdms:signatories>"),
    ),
    "appeal": ("A citizen's appeal is noted.", noted("<xdms:kind>Письма", "<xdms:kind>Обращение")),
    "enclosures": (
        "Enclosures are described apart from their files.",
        noted(
            "<xdms:correspondents>",
            "<xdms:enclosures><xdms:enclosure><xdms:title>План</xdms:title><xdms:pages>5</xdms:pages>"
            "</xdms:enclosure></xdms:enclosures><xdms:correspondents>",
        ),
    ),
    "clause-twice": (
        "Of two clauses of one id the second is noted.",
        noted(
            "(</xdms:correspondents>)",
            r'\g<1><xdms:clauses><xdms:clause xdms:id="П-1"><xdms:text>1</xdms:text></xdms:clause>'
            r'<xdms:clause xdms:id="П-1"/></xdms:clauses>',
        ),
    ),
    "co-executors": (
        "Co-executors stand in an element that the format misspells.",
        noted(
            "(</xdms:correspondents>)",
            r'\g<1><xdms:clauses><xdms:clause xdms:id="П-1"><xdms:text>1</xdms:text><xdms:parcipants><xdms:parcipant>'
            r"<xdms:organization>Третья организация</xdms:organization></xdms:parcipant></xdms:parcipants>"
            r"</xdms:clause></xdms:clauses>",
        ),
    ),
}


def _loud(body: str) -> bytes:
    at = body.index("xdms:header")
    at = body.index(' xdms:uid="', at) + 11
    end = body.index('"', at)
    return put((body[at:end], body[at:end].upper()))(body)


NAMED_ONLY = {
    "dictionary": ("A list of participants is known by name.", instead_of_it(f'<dictionary xmlns="{IEDMS}"/>')),
    "environment": ("Also by its newer one.", instead_of_it(f'<environment xmlns="{IEDMS}"/>')),
    "passport-alone": (
        "So is the passport of a container without its message.",
        instead_of_it('<container xmlns="urn:IEDMS:CONTAINER"/>'),
    ),
    "look-alike-root": (
        "A root with a Cyrillic letter is another one.",
        instead_of_it(f'<\u0441ommunication xmlns="{IEDMS}"/>'),
    ),
    "no-namespace": (
        "Without its namespace a root is anybody's.",
        instead_of_it("<communication/>", Reason.NO_PASSPORT),
    ),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("header", HEADER, dialects=ONLY),
    *situations("versions", VERSIONS, dialects=ONLY),
    *situations("noted", NOTED, dialects=ONLY),
    *situations("named-only", NAMED_ONLY, dialects=ONLY),
)
