# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose inbox a letter goes to, among people that an EDMS was asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from gateway.edms_adapter.sql import routing
from gateway.edms_adapter.sql.addressees import NO_INBOX, WHOLE, ours
from gateway.errors import Reason, Refused
from gateway.model import Document
from gateway.ports import Addressee, Intake


def directed(
    document: Document,
    intake: Intake,
    everybody: Callable[[], Sequence[routing.Inbox]],
    called: Callable[[str], routing.Inbox | None],
    strategies: Iterable[str],
) -> tuple[tuple[Addressee, ...], str]:
    """Return whom *document* goes to, each once, and why a person must decide, if so.

    *everybody* gives the people of the office, *called* the one that a default inbox names (empty: the EDMS's own).
    One unknown addressee among several does not hold up the rest.
    Raises Refused when nobody was found and the office refuses that.
    """
    named = [party for party in document.addressees if ours(party, intake.office) and routing.wanted(party)]
    people = everybody() if named else ()
    routes = [routing.find(party, people, tuple(strategies)) for party in named]
    found = [one for route in routes if (one := routing.addressee(route))]
    vacant = [route.why for route in routes if route.vacant]
    lost = [route.why for route in routes if route.inbox is None and not route.vacant]
    if lost and not found and not vacant:
        if intake.unknown_addressee == "refuse":
            raise Refused(Reason.UNKNOWN_ADDRESSEE, "; ".join(lost))
        if intake.unknown_addressee == "wait":
            return (), "; ".join(lost)
    if lost or vacant or not found:
        taker = default(called, intake.default_inbox, "; ".join((*lost, *vacant)) or WHOLE, found=not lost)
        if taker is None:
            return (), NO_INBOX % (f" «{intake.default_inbox}»" if intake.default_inbox else "")
        found.append(taker)
    once: dict[str, Addressee] = {}
    for one in found:
        before = once.get(one.inbox)
        once[one.inbox] = replace(before, why=f"{before.why}; {one.why}") if before else one
    return tuple(once.values()), ""


def default(called: Callable[[str], routing.Inbox | None], wanted: str, why: str, *, found: bool) -> Addressee | None:
    """Return who takes what nobody fits; None when there is nobody for that."""
    inbox = called(wanted)
    return None if inbox is None else Addressee(inbox.key, inbox.name, "default", why, found)


def one_called(inboxes: Sequence[routing.Inbox], wanted: str) -> routing.Inbox | None:
    """Return the one with the name or the surname *wanted*."""
    names = [one for one in inboxes if routing.plain(one.name) == routing.plain(wanted)]
    names = names or [one for one in inboxes if routing.plain(one.name).split()[:1] == [routing.plain(wanted)]]
    return names[0] if len(names) == 1 else None
