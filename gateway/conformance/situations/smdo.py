# SPDX-License-Identifier: GPL-3.0-or-later
"""What SMDO alone can get wrong: Envelop and its header, names spelt otherwise, files named by reference, DocParent.

Codes are those of the result tables of docs/standards.md, "SMDO", as a partner hears them.
"""

from collections.abc import Callable

from gateway.conformance.case import Step, Told
from gateway.conformance.making import RECEIVED, Maker, Situation, situations
from gateway.conformance.situations.altering import (
    Steps,
    denied,
    instead_of_it,
    noted,
    of,
    put,
    without,
)
from gateway.conformance.situations.passports import utf8
from gateway.errors import Reason
from gateway.model import Link, Message, Task, TaskUid, Term

ONLY = ("smdo",)
CYRILLIC_POSTCODE = "post\u0441ode"  # table 2.6: the trap that the specification inherits

HEADER = {
    "message-id": ("A message needs an id: code 12.", denied(without(r' msg_id="[^"]*"'), 12)),
    "time": ("A message says when it was sent: code 12.", denied(without(r' dtstamp="[^"]*"'), 12)),
    "impossible-time": (
        "A moment that never was is none: code 12.",
        denied(without(r'dtstamp="[^"]*"', 'dtstamp="2026-02-30T09:15:00Z"'), 12),
    ),
    "time-beyond-all-times": (
        "Nor is one after all moments.",
        denied(without(r'dtstamp="[^"]*"', 'dtstamp="9999-12-31T23:59:59-14:00"'), 12),
    ),
    "sender": ("A message says by a code who sends it: code 12.", denied(without('<Sender id="[^"]*"', "<Sender"), 12)),
    "header": ("A message has a header: code 12.", denied(without("<Header .*</Header>"), 12)),
    "first-header": (
        "Of two headers the first counts, and an empty one says nothing.",
        denied(without("<Header ", '<Header msg_type="0"/><Header '), 12),
    ),
    "body": (
        "A message has a body: code -1.",
        denied(without("<Body>.*</Body>"), -1, Reason.BAD_PASSPORT),
    ),
    "document-id": (
        "A document has an id: code 35.",
        denied(without(r'(<Document) idnumber="[^"]*"', r"\g<1>"), 35, received=True),
    ),
    "something-to-know-it-by": (
        "A document has an id or a number: code 35.",
        denied(
            put(
                (r'(<Document) idnumber="[^"]*"', r"\g<1>"), (r"(<Document [^>]*>)<RegNumber .*?</RegNumber>", r"\g<1>")
            ),
            35,
        ),
    ),
    "author": (
        "A document has an author: code 32.",
        denied(without("<Author>.*</Author>"), 32, Reason.MISSING_AUTHOR, received=True),
    ),
}

NOTED = {
    "older-version": (
        "SDIP-1.0 is read: no system, no kind and no pages need be given.",
        of(
            lambda m: m.message(),
            put(
                ("SDIP-2.1.1", "SDIP-1.0"),
                (r' system="[^"]*" system_details="[^"]*"', ""),
                (' kind="Письма" pages="1"', ""),
            ),
        ),
    ),
    "unknown-version": ("A version nobody knows is noted.", noted("SDIP-2.1.1", "SDIP-9")),
    "no-version": ("So is none.", noted(' type="SDIP-2.1.1"')),
    "naive-time": ("A moment without an offset is UTC.", noted(r'(dtstamp="[^"+]*)\+00:00"', r'\g<1>"')),
    "zulu": ("An offset may be Z.", noted(r'(dtstamp="[^"+]*)\+00:00"', r'\g<1>Z"')),
    "no-subject": ("The subject of the letter need not stand in the envelope.", noted(r' subject="[^"]*"')),
    "braces": ("A GUID may stand in braces.", noted(r' msg_id="([^"]*)"', r' msg_id="{\g<1>}"')),
    "loud-guid": ("A GUID may be written in capitals.", of(lambda m: m.message(), lambda body: _loud(body))),
    "no-receiver": ("Without a receiver the only office is meant.", noted("<Receiver .*?/>")),
    "receiver-by-code-alone": (
        "A receiver may be named by its code alone.",
        noted('(<Receiver id="[^"]*") name="[^"]*"', r"\g<1>"),
    ),
    "code-in-other-case": (
        "Codes are compared without case.",
        of(lambda m: m.message(), lambda body: _turned(body)),
    ),
    "hundred-receivers": (
        "A message may have a hundred receivers.",
        noted("<Receiver ", '<Receiver id="EX-ELSEWHERE" name="x"/>' * 99 + "<Receiver "),
    ),
    "integrity": ("What nobody describes is left out.", noted("</Header>", "<Integrity>1</Integrity></Header>")),
    "expansion": (
        "What was agreed privately is left out.",
        noted("</Body>", "<Expansion><Varset><A>1</A></Varset></Expansion></Body>"),
    ),
    "zone-twice": ("A zone that stands twice is noted.", noted("</Document>", "</Document><TaskList/><TaskList/>")),
    "unknown-element": ("An element nobody knows is noted.", noted("</Body>", "<Novelty/></Body>")),
    "unknown-attribute": ("So is an attribute.", noted("<Document ", '<Document novelty="1" ')),
    "wrong-kind": (
        "What stands in a message counts, not the number of its kind.",
        noted('msg_type="1"', 'msg_type="0"'),
    ),
    "no-kind-of-message": ("That number may be missing.", noted(' msg_type="1"')),
    "impossible-date": (
        "A day that never was is noted.",
        noted(r'(<OutNumber><RegNumber regdate=")[^"]*"', r'\g<1>2026-02-30"'),
    ),
    "date-of-other-form": (
        "So is one of another form.",
        noted(r'(<OutNumber><RegNumber regdate=")[^"]*"', r'\g<1>28.03.2026"'),
    ),
    "unknown-type": ("A type of document nobody knows is noted.", noted('" type="0"', '" type="7"')),
    "pages-without-end": ("A number of pages may be of any length.", noted('pages="1"', f'pages="{"9" * 5000}"')),
    "copy-number": (
        "The number of a copy is kept in words.",
        noted('<Confident flag="0">', '<Confident flag="0" numcopy="3">'),
    ),
    "no-confident": ("Confident may be missing.", noted("<Confident .*?</Confident>")),
    "summary-alone": ("A summary may stand without a title.", noted(" title=", " annotation=")),
    "earlier-number": (
        "A number it had before is kept in words.",
        noted(
            "<Author>",
            "<RegHistory><OrganizationOnly organization_string='x'/>"
            "<RegNumber regdate='2026-02-01'>1</RegNumber></RegHistory><Author>",
        ),
    ),
    "private-author": (
        "A private person may be the author.",
        noted(
            "<OrganizationWithSign .*</OrganizationWithSign>",
            "<PrivatePersonWithSign><Name>Васильков Лев</Name></PrivatePersonWithSign>",
        ),
    ),
    "writer-with-sign": (
        "The writer may stand in a form of its own.",
        noted(
            "</Document>",
            "<Writer><OrganizationWithSign organization_string='x'><OfficialPersonWithSign><Name>Тополев И. И.</Name>"
            "</OfficialPersonWithSign></OrganizationWithSign></Writer></Document>",
        ),
    ),
}


def _turned(body: str) -> bytes:
    """Return the passport with the sender's code in the other case."""
    at = body.index('<Sender id="') + 12
    end = body.index('"', at)
    return utf8(body[:at] + body[at:end].swapcase() + body[end:])


def _loud(body: str) -> bytes:
    at = body.index(' msg_id="') + 9
    end = body.index('"', at)
    return put((body[at:end], body[at:end].upper()))(body)


def _with_task(make: Maker) -> Message:
    author = make.document().authors[0].party
    task = Task(TaskUid(make.id("task")), author=author, signed_on=make.ground.at.date(), text="Прошу рассмотреть")
    return make.message(make.document(tasks=(task,)))


def _answering(make: Maker) -> Message:
    about = make.document(uid=make.id("question")).ref
    return make.message(make.document(links=(Link(Term("В ответ на"), about),)))


SPELT = {
    "final-e": (
        "The root may have the letter that the format forgot.",
        noted("^(.*?)<Envelop (.*)</Envelop>", r"\g<1><Envelope \g<2></Envelope>"),
    ),
    "namespace": ("A namespace says nothing.", noted("<Envelop ", '<Envelop xmlns="urn:kit.example" ')),
    "other-case": (
        "Names are compared without case.",
        noted("<RegNumber (.*?)</RegNumber>", r"<regnumber \g<1></regnumber>"),
    ),
    "loud-zone": ("Also those of zones.", noted("<Document (.*)</Document>", r"<DOCUMENT \g<1></DOCUMENT>")),
    "look-alike": (
        "A Cyrillic letter in a name is forgiven.",
        noted("<Confident (.*?)</Confident>", "<\u0421onfident \\g<1></\u0421onfident>"),
    ),
    "attribute-in-other-case": ("Names of attributes are compared without case.", noted(" pages=", " PAGES=")),
    "attribute-twice-by-sound": (
        "Of two attributes of one name the right one counts.",
        noted(' pages="1"', ' pages="1" PAGES="4"'),
    ),
    "day-of-a-task": ("The day of a task has three spellings.", of(_with_task, without("taskDate=", "TaskDate="))),
    "day-of-a-task-in-small": ("This is the third.", of(_with_task, without("taskDate=", "taskdate="))),
    "address": (
        "An address may be called otherwise, with a Cyrillic letter in its postcode.",
        noted(
            "(<OrganizationWithSign [^>]*>)",
            rf"\g<1><Adres {CYRILLIC_POSTCODE}='220000'>Минск</Adres>",
        ),
    ),
}


def _parent(attributes: str, *more: tuple[str, str]) -> Steps:
    """Return the steps of a document that says by DocParent what it answers (2.3)."""
    parent = f"<DocParent {attributes}><RegNumber regdate='2026-03-01'>К-7</RegNumber></DocParent>"
    return of(lambda m: m.message(), put((r"(<Document [^>]*><RegNumber .*?</RegNumber>)", rf"\g<1>{parent}"), *more))


GUID = "6d0b7e14-7a52-4f0c-9b75-2f41aa000001"
KINDS = {
    "answer-as-main": (
        "An answer may be of kind 1: DocParent tells.",
        _parent(f"delivery_type='1' idnumber='К-7' parorg_id='EX-PEER' parmsg_id='{GUID}' lastmsg_id='{GUID}'"),
    ),
    "answer-to-paper": ("It may answer what came on paper.", _parent("delivery_type='0'")),
    "answer": (
        "Or be of kind 3.",
        _parent(
            f"delivery_type='1' idnumber='К-7' parorg_id='EX-PEER' parmsg_id='{GUID}' lastmsg_id='{GUID}'",
            ('msg_type="1"', 'msg_type="3"'),
        ),
    ),
    "answer-without-ids": ("Ids of what is answered may be missing.", _parent("delivery_type='1'")),
    "answer-by-reference": (
        "Before 2.1.1 an answer refers to its question.",
        of(
            _answering,
            put(
                ("<DocParent .*?</DocParent>", ""), ("<Confident ", '<Referred idnumber="К-7" retype="1"/><Confident ')
            ),
        ),
    ),
}


def _asking(acknow: str, *told: Told) -> Callable[[Maker], list[Step]]:
    """Return the steps of a document whose sender asks for acknowledgements so (1.2)."""
    return of(lambda m: m.message(), without(' msg_acknow="2"', acknow), reports=told)


ASKED = {
    "nothing-said": (
        "Who says nothing of acknowledgements gets them all: not as in GOST.",
        _asking("", RECEIVED, Told("registered")),
    ),
    "unknown-wish": ("A wish nobody knows asks for all.", _asking(' msg_acknow="7"', RECEIVED, Told("registered"))),
    "nothing": ("Who wants none gets none.", _asking(' msg_acknow="0"')),
    "errors-only": ("Who wants to hear of errors alone hears nothing of a good document.", _asking(' msg_acknow="1"')),
}

NAMED_ONLY = {
    "directory": (
        "A notice that a directory changed is known by name, and laid aside.",
        of(
            lambda m: m.message(),
            without("<Body>.*</Body>", "<Body><Datadir type='acknowledgement'>[6d0b7e14]</Datadir></Body>"),
            outcome="parked",
            reports=(),
            reason=Reason.UNSUPPORTED,
        ),
    ),
    "envelope-of-sev": (
        "An Envelop that names no message is SEV's for transport, and no document.",
        instead_of_it("<Envelop><A/></Envelop>"),
    ),
}

ROUTER = put(('<Sender id="[^"]*"', '<Sender id="SMDO_DISPATCHER"'))
NETWORK = {
    "document": (
        "The router sends no documents.",
        of(lambda m: m.message(), ROUTER, outcome="parked", reports=(), reason=Reason.UNKNOWN_EXCHANGE),
    ),
    "document-of-the-directory": (
        "Nor does the directory.",
        of(
            lambda m: m.message(),
            put(('<Sender id="[^"]*"', '<Sender id="pkinci"')),
            outcome="parked",
            reports=(),
            reason=Reason.UNKNOWN_EXCHANGE,
        ),
    ),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("header", HEADER, dialects=ONLY),
    *situations("noted", NOTED, dialects=ONLY),
    *situations("spelt", SPELT, dialects=ONLY),
    *situations("kinds", KINDS, dialects=ONLY),
    *situations("asked", ASKED, dialects=ONLY),
    *situations("named-only", NAMED_ONLY, dialects=ONLY),
    *situations("network", NETWORK, dialects=ONLY),
)
