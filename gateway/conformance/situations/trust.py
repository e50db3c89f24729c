# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is believed: a stranger hears nothing, a partner only for itself (docs/protocol.md, "Who is believed")."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from gateway.conformance.case import Step
from gateway.conformance.ground import BY_GUID
from gateway.conformance.letters import Sheaf, letter
from gateway.conformance.making import RECEIVED, Maker, Situation, situations
from gateway.errors import Reason, Refused
from gateway.model import Message, Organisation, Party

Fields = Callable[[Maker], tuple[str, ...]]
STRANGER = "who@nowhere.example"


def _headed(make: Maker, message: Message, fields: Fields) -> bytes:
    """Return the plain letter with *fields* in the place of its From."""
    sheaf: Sheaf = make.sheaf(message, make.parcel(message))
    head = tuple(one for one in sheaf.head if not one.startswith(b"From: "))
    return letter(replace(sheaf, head=(*(field.encode() for field in fields(make)), *head)))


def silent(fields: Fields, reason: Reason) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        message = make.message()
        return [make.step(message, _headed(make, message, fields), outcome="parked", reports=(), reason=reason)]

    return steps


def believed(fields: Fields) -> Callable[[Maker], list[Step]]:
    return lambda make: [make.step(make.message(), _headed(make, make.message(), fields))]


def _in_the_name_of(index: str, reason: Reason) -> Callable[[Maker], list[Step]]:
    def steps(make: Maker) -> list[Step]:
        known = {"strict": make.ground.strict, "theirs": make.ground.theirs}.get(index)
        other = Party(Organisation("Чужая организация", index=known.wire if known else _nowhere(make, index)))
        message = make.message(sender=replace(make.message().sender, organisation=other.organisation))
        return [make.step(message, outcome="parked", reports=(), reason=reason)]

    return steps


def _nowhere(make: Maker, index: str) -> str:
    """Return *index*, or a GUID when the standard has nothing else."""
    return str(UUID(hex=make.id(index))) if make.ground.dialect in BY_GUID else index


def _nameless(make: Maker) -> list[Step]:
    """A message without an index is the channel's only partner's; whose card it gets, a person decides."""
    sender = replace(make.message().sender, organisation=Organisation("Без индекса"))
    return [make.step(make.message(sender=sender), outcome="waiting", reports=(RECEIVED,))]


def _to(*recipients: Party) -> Callable[[Maker], list[Step]]:
    return lambda make: [make.step(make.message(recipients=recipients))]


def _for_others(make: Maker) -> list[Step]:
    elsewhere = Party(Organisation("Другая организация", index=_nowhere(make, "EX-ELSEWHERE")))
    message = make.message(recipients=(elsewhere,))
    if elsewhere.index not in [party.index for party in make.dialect.degrade(message).recipients]:
        raise Refused(Reason.UNSUPPORTED, "this standard names no recipients")
    return [make.refused(message, None, Reason.NOT_FOR_US, received=True)]


def _envelope(sender: str) -> Callable[[Maker], list[Step]]:
    return lambda make: [replace(make.step(make.message()), envelope_sender=sender)]


def _ours(make: Maker) -> str:
    return make.ground.ours.address


BELIEVED = {
    "reply-to": (
        "Answers go to the agreed address, whatever Reply-To says.",
        believed(lambda m: (f"From: {_ours(m)}", f"Reply-To: {STRANGER}")),
    ),
    "sender-field": (
        "Sender says nothing; From does.",
        believed(lambda m: (f"From: {_ours(m)}", f"Sender: {STRANGER}")),
    ),
    "resent-from": ("Nor does Resent-From.", believed(lambda m: (f"Resent-From: {STRANGER}", f"From: {_ours(m)}"))),
    "other-envelope": ("The envelope sender says nothing, either.", _envelope("bounces+17@kit.example")),
    "null-envelope": ("A document may come from the null sender.", _envelope("")),
}

NAMELESS = {
    "nameless": ("A message without an index is the only partner's, and waits for a person.", _nameless),
    "recipient-nameless": ("A recipient without an index is the only office.", _to(Party(Organisation("Без индекса")))),
}

SILENT = {
    "stranger": ("A stranger hears nothing.", silent(lambda m: (f"From: {STRANGER}",), Reason.STRANGER)),
    "like-us": ("A look-alike address is a stranger's.", silent(lambda m: (f"From: x{_ours(m)}",), Reason.STRANGER)),
    "subdomain": (
        "So is one of a subdomain.",
        silent(lambda m: (f"From: {_ours(m).replace('@', '@mail.')}",), Reason.STRANGER),
    ),
    "two-fields": (
        "Two From fields are nobody's.",
        silent(lambda m: (f"From: {_ours(m)}", f"From: {STRANGER}"), Reason.STRANGER),
    ),
    "two-addresses": (
        "Two addresses in From are nobody's.",
        silent(lambda m: (f"From: {_ours(m)}, {STRANGER}",), Reason.STRANGER),
    ),
    "no-from": ("Without From it is nobody's.", silent(lambda m: (), Reason.STRANGER)),
    "empty-from": ("An empty From is nobody.", silent(lambda m: ("From: ",), Reason.STRANGER)),
    "display-name": (
        "An address in the display name is no address.",
        silent(lambda m: (f'From: "{_ours(m)}" <{STRANGER}>',), Reason.STRANGER),
    ),
    "comment": ("Nor is one in a comment.", silent(lambda m: (f"From: ({_ours(m)}) {STRANGER}",), Reason.STRANGER)),
    "their-own-address": (
        "A letter in their own name is laid aside.",
        silent(lambda m: (f"From: {m.ground.theirs.address}",), Reason.OUR_OWN),
    ),
    "unknown-index": ("A channel does not speak for others.", _in_the_name_of("EX-NOBODY", Reason.UNKNOWN_PARTNER)),
    "their-own-index": ("Nor for the recipient itself.", _in_the_name_of("theirs", Reason.UNKNOWN_PARTNER)),
}

NEEDING: tuple[Situation, ...] = (
    *situations(
        "trust",
        {"neighbour": ("One partner cannot speak for another.", _in_the_name_of("strict", Reason.UNKNOWN_PARTNER))},
        needs="strict",
    ),
    *situations(
        "trust",
        {
            "unproven": (
                "A partner without its proof hears nothing.",
                silent(lambda make: (f"From: {make.ground.unproven}",), Reason.NO_PROOF),
            )
        },
        needs="unproven",
    ),
)

SITUATIONS: tuple[Situation, ...] = (
    *situations("trust", BELIEVED),
    *situations("trust", NAMELESS, dialects=("sev", "gost2010")),
    *situations("trust", SILENT),
    *NEEDING,
    *situations("refusals", {"for-others": ("A document for somebody else is refused.", _for_others)}),
)
