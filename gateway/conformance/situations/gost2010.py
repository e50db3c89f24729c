# SPDX-License-Identifier: GPL-3.0-or-later
"""What GOST R 53898-2010 alone can get wrong: the header, zones, spellings of the draft, files inside and beside.

Codes are those of section 1A.4 of docs/standards.md; places are sections of the same page.
"""

from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.case import Step, Told
from gateway.conformance.making import RECEIVED, Maker, Situation, situations
from gateway.conformance.situations.altering import (
    denied,
    instead_of_it,
    noted,
    of,
    put,
    without,
)
from gateway.conformance.situations.passports import same, utf8
from gateway.errors import Reason
from gateway.model import Author, Link, Message, PostalAddress, Task, TaskUid, Term, Visa

ONLY = ("gost2010",)
CYRILLIC_POSTCODE = "post\u0441ode"  # table 2A.5: the draft spells it with a Cyrillic letter
LATIN_WITH = "Согласовано c замечаниями"  # 2A.2: and this word with a Latin one

HEADER = {
    "message-id": ("A message needs an id: code 12.", denied(without(r' msg_id="[^"]*"'), 12)),
    "time": ("A message says when it was sent: code 12.", denied(without(r' time="[^"]*"'), 12)),
    "readable-time": ("It says so in a form that can be read.", denied(without(r'time="[^"]*"', 'time="вчера"'), 12)),
    "impossible-time": (
        "A moment that never was is none.",
        denied(without(r'time="[^"]*"', 'time="2026-02-30T25:61:00Z"'), 12),
    ),
    "kind": ("A message says of what kind it is: code 12.", denied(without(r' msg_type="1"'), 12)),
    "known-kind": (
        "There are five kinds of message: code 3.",
        denied(without('msg_type="1"', 'msg_type="9"'), 3, Reason.BAD_PASSPORT),
    ),
    "kind-in-words": (
        "A kind is a number: code 3.",
        denied(without('msg_type="1"', 'msg_type="one"'), 3, Reason.BAD_PASSPORT),
    ),
    "sender": (
        "A message says who sends it: code 12.",
        denied(put((r' from_org_id="[^"]*"', ""), (r' from_organization="[^"]*"', "")), 12),
    ),
    "zone": ("A document message has a Document: code 20.", denied(without("<Document .*</Document>"), 20)),
    "zone-with-a-look-alike": (
        "A zone with a Cyrillic letter in its name is another one: code 20.",
        denied(put(("<Document ", "<D\u043ecument "), ("</Document>", "</D\u043ecument>")), 20),
    ),
    "document-id": (
        "A document has an id, also beside a number: code 35.",
        denied(without(r'(<Document) idnumber="[^"]*"', r"\g<1>"), 35, received=True),
    ),
    "something-to-know-it-by": (
        "A document has an id or a number: code 35.",
        denied(put((r' idnumber="[^"]*"', ""), (r"(<Document [^>]*>)<RegNumber.*?</RegNumber>", r"\g<1>")), 35),
    ),
}

# 2A.1, 2A.2: what is written otherwise and understood all the same
NOTED = {
    "standart": ("Another name of the standard is noted.", noted('standart="[^"]*"', 'standart="ГОСТ 53898"')),
    "standart-missing": ("So is none.", noted('standart="[^"]*" ')),
    "version": ("Another version is noted.", noted('version="1.0" time', 'version="2" time')),
    "namespace": ("A namespace of the sender's own is noted.", noted("<Header ", '<Header xmlns="urn:kit.example" ')),
    "prefix": (
        "Also under a prefix.",
        same(
            lambda b: utf8(
                b.replace("</", "</q:")
                .replace("<", "<q:")
                .replace("<q:/q:", "</q:")
                .replace("<q:Header ", '<q:Header xmlns:q="urn:kit.example" ', 1)
            )
        ),
    ),
    "time-in-words-of-the-text": (
        "A moment may be written as the text of the standard has it.",
        noted(r'time="[^"]*"', 'time="11.03.2026 07:00:00"'),
    ),
    "naive-time": ("A moment without an offset is UTC.", noted(r'(time="[^"Z]*)Z"', r'\g<1>"')),
    "other-offset": ("A moment may have any offset.", noted(r'(time="[^"Z]*)Z"', r'\g<1>+03:00"')),
    "date-in-words-of-the-text": (
        "So may a date: the text has dd.mm.yyyy, the schema ISO.",
        noted(r'(<RegNumber regdate=")[^"]*"', r'\g<1>11.03.2026"'),
    ),
    "date-with-a-time": (
        "A time behind a date says nothing.",
        noted(r'(<RegNumber regdate="[^"]*)"', r'\g<1>T00:00:00"'),
    ),
    "impossible-date": (
        "A day that never was is noted.",
        noted(r'(<OutNumber><RegNumber regdate=")[^"]*"', r'\g<1>2026-02-30"'),
    ),
    "no-recipient": (
        "Without a recipient the only office is meant.",
        noted(r' to_org_id="[^"]*" to_organization="[^"]*"'),
    ),
    "recipient-by-name-alone": ("A recipient may be named by its name alone.", noted(r' to_org_id="[^"]*"')),
    "no-system": (
        "The sender's system need not be named.",
        noted(r' from_sys_id="[^"]*" from_system="[^"]*" from_system_details="[^"]*"'),
    ),
    "internal": ("An internal document is one of the sender's own.", noted('" type="0"', '" type="2"')),
    "unknown-type": ("A type nobody knows is noted.", noted('" type="0"', '" type="7"')),
    "unknown-restriction": ("A restriction in no known word is noted.", noted('flag="0"', 'flag="нет"')),
    "no-restriction": ("Confident may be missing.", noted("<Confident [^>]*/>")),
    "no-pages": ("The number of sheets may be missing.", noted(' pages="1"')),
    "sheets-in-words": ("It may be written in words.", noted(' pages="1"', ' pages="1 л."')),
    "unknown-element": ("An element nobody knows is noted.", noted("</Header>", "<Rating>5</Rating></Header>")),
    "unknown-attribute": ("So is an attribute.", noted("<Header ", '<Header novelty="1" ')),
    "element-with-a-look-alike": (
        "So is an element with a Cyrillic letter.",
        noted(r'<Confident flag="0"/>', '<\u0421onfident flag="0"/>'),
    ),
    "second-zone": ("Of two zones of one kind the first counts.", noted("(<Document .*</Document>)", r"\g<1>\g<1>")),
    "zones-out-of-order": (
        "Zones may stand in any order.",
        noted("(<Document .*</Document>)", r"<Expansion organization='x' exp_ver='1'/>\g<1>"),
    ),
    "vendor-elements": (
        "What was agreed privately is left out: as the text has it.",
        noted("</Header>", '<Expansion organization="x" exp_ver="1"><Card><No>7</No></Card></Expansion></Header>'),
    ),
    "vendor-elements-wrapped": (
        "Also as the schema has it.",
        noted(
            "</Header>",
            '<Expansion organization="x" exp_ver="1"><AnyData><No>7</No></AnyData></Expansion></Header>',
        ),
    ),
    "notification-beside-a-document": (
        "A notification beside a document is noted.",
        noted("</Header>", '<Acknowledgement msg_id="x" ack_type="1"/></Header>'),
    ),
    "order-number": (
        "The number of an order travels along.",
        noted(
            "<Addressee>",
            '<DocNumber kind="Приказ"><OrganizationOnly organization_string="Совет"/>'
            '<RegNumber regdate="2025-05-06">8</RegNumber></DocNumber><Addressee>',
        ),
    ),
    "earlier-number": (
        "So does a number it had before.",
        noted(
            "<Author>",
            '<RegHistory><OrganizationOnly organization_string="Филиал"/>'
            '<RegNumber regdate="2026-02-01">Ф-1</RegNumber></RegHistory><Author>',
        ),
    ),
    "leading-zeros": (
        "Numbers of organisations keep their zeros.",
        noted("<OrganizationWithSign ", '<OrganizationWithSign inn="0012345678" kpp="001201001" '),
    ),
    "citizen-with-papers": (
        "A citizen with papers may be the author.",
        noted(
            r"<OrganizationWithSign .*</OrganizationWithSign>",
            '<PrivatePersonWithSign inn="001" doc_kind="Паспорт" doc_num="00 00 000001" doc_org="ОВД">'
            "<Name>Васильков Лев</Name></PrivatePersonWithSign>",
        ),
    ),
    "name-in-parts": (
        "A name may stand in its parts alone.",
        noted(r"<Name>Ветров[^<]*</Name>", '<Name secname="Ветров" firstname="Олег" fathersname="Ильич"/>'),
    ),
    "referred-by-id-alone": (
        "A reference may be an id alone.",
        noted("<Addressee>", '<Referred idnumber="К-7" retype="1"/><Addressee>'),
    ),
}


def _with_address(make: Maker) -> Message:
    sender = make.organisation(make.ground.ours)
    author = replace(sender, postal=(PostalAddress("220000", text="ул. Садовая, 1"),))
    return make.message(make.document(authors=(Author(author, make.number),)))


def _with_task(make: Maker) -> Message:
    task = Task(
        TaskUid(make.id("task")),
        author=make.document().authors[0].party,
        signed_on=make.ground.at.date(),
        text="Прошу рассмотреть",
    )
    return make.message(make.document(tasks=(task,)))


def _with_visa(make: Maker) -> Message:
    who = make.document().authors[0].party
    assert who is not None
    return make.message(make.document(visas=(Visa(who, make.ground.at.date(), "Согласовано с замечаниями"),)))


def _answering(make: Maker) -> Message:
    about = make.document(uid=make.id("question")).ref
    return make.message(make.document(links=(Link(Term("В ответ на"), about),)))


SPELT = {
    "postcode": (
        "The postcode of the draft has a Cyrillic letter.",
        of(_with_address, without("postcode=", f"{CYRILLIC_POSTCODE}=")),
    ),
    "day-of-a-task": ("The day of a task has two spellings.", of(_with_task, without("taskDate=", "taskdate="))),
    "attestation": (
        "An attestation may have a Latin letter.",
        of(_with_visa, without("Согласовано с замечаниями", LATIN_WITH)),
    ),
}
KINDS = {
    "answer": ("An answer is a document of kind 3.", of(_answering, without('msg_type="3"', 'msg_type="3"'))),
    "answer-with-tasks": (
        "Tasks in an answer are noted.",
        of(_with_task, without('msg_type="1"', 'msg_type="3"')),
    ),
    "main-that-answers": (
        "A main document may refer to a question.",
        of(_answering, without('msg_type="3"', 'msg_type="1"')),
    ),
}


def _asking(acknow: str, *told: Told) -> Callable[[Maker], list[Step]]:
    """Return the steps of a document whose sender asks for notifications so (1A.2)."""
    return of(lambda m: m.message(), without(' msg_acknow="2"', acknow), reports=told)


def _refused_asking(acknow: str, *told: Told) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        (step,) = of(lambda m: m.message(), put((' msg_acknow="2"', acknow), ("<Author>.*</Author>", "")))(make)
        return [replace(step, outcome="refused", reports=told, reason=Reason.MISSING_AUTHOR.value)]

    return steps


NO_AUTHOR = Told("refused", 32)
ASKED = {
    "nothing-said": ("Who says nothing of notifications gets none.", _asking("")),
    "nothing": ("Who wants none gets none.", _asking(' msg_acknow="0"')),
    "errors-only": ("Who wants to hear of errors alone hears nothing of a good document.", _asking(' msg_acknow="1"')),
    "unknown-wish": ("A wish nobody knows is none.", _asking(' msg_acknow="7"')),
    "error-of-errors-only": (
        "Who wants to hear of errors alone hears of them: code 32.",
        _refused_asking(' msg_acknow="1"', NO_AUTHOR),
    ),
    "error-of-everything": (
        "Who wants to hear everything hears that it came, and the error.",
        _refused_asking(' msg_acknow="2"', RECEIVED, NO_AUTHOR),
    ),
}

RELATIVES = {
    "old-passport": ("The older passport of the EDMS Delo is known by name.", instead_of_it("<passport/>")),
    "old-receipt": ("So is its receipt.", instead_of_it("<receipt/>")),
    "old-refusal": ("So is its refusal.", instead_of_it("<refusal/>")),
    "ukrainian": ("So is the Ukrainian relative.", instead_of_it('<Header standart="1207" version="1.5"/>')),
    "other-header": (
        "A Header that says nothing of a message is people's mail.",
        instead_of_it("<Header/>", Reason.NO_PASSPORT),
    ),
}


SITUATIONS: tuple[Situation, ...] = (
    *situations("header", HEADER, dialects=ONLY),
    *situations("noted", NOTED, dialects=ONLY),
    *situations("spelt", SPELT, dialects=ONLY),
    *situations("kinds", KINDS, dialects=ONLY),
    *situations("asked", ASKED, dialects=ONLY),
    *situations("relatives", RELATIVES, dialects=ONLY),
)
