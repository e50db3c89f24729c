# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of people on their way: what of a partner's update can be brought in, what it changed, ours as messages.

Decides nothing: an administrator does.  Whose a line is, is said by the index of its organisation and by nothing else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import identity
from gateway.dialects import version_of
from gateway.journal.entries import Outbound
from gateway.model import (
    Department,
    DirectoryChange,
    DirectoryOutcome,
    DirectoryResult,
    DirectoryUpdate,
    ExchangeId,
    Listing,
    Message,
    Organisation,
    Party,
    Person,
    ReturnId,
    folded,
)
from gateway.office import Partner
from gateway.ports import NO_FILES, Imported, Official
from gateway.sealing import Going, Sealer
from gateway.settings import OfficeSettings

KIND, RESULT_KIND = "directory", "directory_result"  # of letters in the journal
MAX_PEOPLE = 50_000  # LIMIT: of a directory
MAX_IN_MESSAGE = 5_000  # LIMIT: of one message, so that a passport stays below 100 000 elements and 16 MiB
MAX_CELL = 255  # LIMIT: characters; what the exchange allows for an index
UNKNOWN = ReturnId("unknown")


# --- a partner's --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring into our EDMS for one organisation of a partner: see `Edms.import_people`."""

    organisation: str
    officials: tuple[Official, ...]
    gone: tuple[str, ...]  # indices


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that cannot be brought in, and why."""

    listing: Listing
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    orders: tuple[Order, ...]
    left_out: tuple[LeftOut, ...]


def plan_of(update: DirectoryUpdate, sender: str, theirs: Sequence[str]) -> Plan:
    """Return what of *update*, by the organisation *sender*, can be brought in for the organisations *theirs*.

    A line without an organisation is of the sender's.  Two lines with one index that differ are both left out: nobody
    knows which is right.
    """
    known = {folded(index): index for index in theirs}
    lines = tuple(dict.fromkeys(update.listings))
    places = {line: (folded(line.party.index or sender), folded(index_of(line))) for line in lines}
    often = Counter(place for line, place in places.items() if line.party.person)
    left_out, listed = [], dict[str, list[Listing]]()
    for line in lines:
        organisation, index = places[line]
        why = _objection(line)
        if organisation not in known:
            why = f"is of {line.party.index or sender or 'nobody'}, which is not this partner's"
        elif not why and often[organisation, index] > 1:
            why = f"the index {index_of(line)} stands there more than once"
        if why:
            left_out.append(LeftOut(line, why))
        else:
            listed.setdefault(known[organisation], []).append(line)
    return Plan(tuple(_order(organisation, found) for organisation, found in listed.items()), tuple(left_out))


def index_of(listing: Listing) -> str:
    """Return the index by which a line is known; empty: it has none."""
    person, department = listing.party.person, listing.party.department
    return person.index if person else department.index if department else ""


def name_of(listing: Listing) -> str:
    """Return what people call whom a line describes."""
    return _one_line(listing.party.name)


def _objection(listing: Listing) -> str:
    """Return why nobody can be made of *listing*, or empty."""
    if listing.party.person is None:
        return "is no person: departments are not kept of partners"
    if not index_of(listing).strip():
        return "has no exchange index"
    official = _official(listing)
    cells = {"index": official.index, "name": official.name, "post": official.post, "department": official.department}
    if not official.name and not listing.deleted:
        return "has neither name nor post"
    for what, cell in cells.items():
        if len(cell) > MAX_CELL:
            return f"{what} has {len(cell)} characters, more than {MAX_CELL}"
        if not cell.isprintable():
            return f"{what} has characters that cannot be shown"
    return ""


def _order(organisation: str, listings: Sequence[Listing]) -> Order:
    officials = tuple(_official(listing) for listing in listings if not listing.deleted)
    return Order(organisation, officials, tuple(index_of(listing).strip() for listing in listings if listing.deleted))


def _official(listing: Listing) -> Official:
    """Return whom *listing* describes; somebody known by post alone is called by it."""
    person, department = listing.party.person or Person(), listing.party.department or Department()
    name, post = _one_line(person.name), _one_line(person.post)
    return Official(person.index.strip(), name or post, post, _one_line(department.name))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def result_of(update: DirectoryUpdate, sender: str, done: Mapping[str, Imported]) -> DirectoryResult:
    """Return what *update* changed in our EDMS; *done* tells it by organisation, who did not change is left out."""
    changes = {
        (folded(organisation), index): changed
        for organisation, imported in done.items()
        for index, changed in _changes(imported)
    }
    outcomes = []
    for line in dict.fromkeys(update.listings):
        found = changes.pop((folded(line.party.index or sender), folded(index_of(line))), ())
        if found and line.party.person:
            outcomes.append(DirectoryOutcome(line, found))
    return DirectoryResult(tuple(outcomes))


def _changes(imported: Imported) -> Iterator[tuple[str, tuple[DirectoryChange, ...]]]:
    """Yield the folded index of everybody who changed, with what did."""
    for one in imported.added:
        yield folded(one.index), (DirectoryChange.ADDED,)
    for renewed in imported.renewed:
        was, now = renewed.was, renewed.now
        said = (
            (was.name != now.name, DirectoryChange.NAME),
            (was.post != now.post, DirectoryChange.POST),
            (was.department != now.department, DirectoryChange.DEPARTMENT),
            (renewed.returned, DirectoryChange.DELETED),
        )
        yield folded(now.index), tuple(change for changed, change in said if changed)
    for one in imported.dismissed:
        yield folded(one.index), (DirectoryChange.DELETED,)


def joined(before: DirectoryResult, after: DirectoryResult) -> DirectoryResult:
    """Return what both tell: an attempt that a crash cut short, and the one after it, which finds less to change."""
    changes: dict[Listing, tuple[DirectoryChange, ...]] = {}
    for outcome in (*before.outcomes, *after.outcomes):
        known = changes.get(outcome.listing, ())
        changes[outcome.listing] = tuple(dict.fromkeys((*known, *outcome.changes)))
    return DirectoryResult(tuple(DirectoryOutcome(listing, found) for listing, found in changes.items()))


def in_words(result: DirectoryResult) -> str:
    """Return in a few words what a directory changed."""
    if not result.outcomes:
        return "nothing was changed"
    added = sum(DirectoryChange.ADDED in outcome.changes for outcome in result.outcomes)
    left = sum(outcome.listing.deleted for outcome in result.outcomes)
    return f"added {added}, changed {len(result.outcomes) - added - left}, dismissed {left}"


# --- ours ---------------------------------------------------------------------------------------------------------


def updates_of(ours: Party, officials: Sequence[Official], told: Mapping[str, str]) -> tuple[DirectoryUpdate, ...]:
    """Return *officials* of *ours*, and who was *told* (names by index) and is not among them any more.

    In several parts when they are many: an update is what changed, so the parts need not come together.
    """
    here = {folded(one.index) for one in officials}
    listings = [_listing(ours, one) for one in officials]
    listings += [
        replace(_listing(ours, Official(index, name)), deleted=True)
        for index, name in told.items()
        if folded(index) not in here
    ]
    return tuple(
        DirectoryUpdate(tuple(listings[first : first + MAX_IN_MESSAGE]))
        for first in range(0, len(listings), MAX_IN_MESSAGE)
    )


def _listing(ours: Party, official: Official) -> Listing:
    organisation = ours.organisation or Organisation()
    department = Department(official.department) if official.department else None
    person = Person(official.name, official.post, index=official.index)
    return Listing(Party(Organisation(organisation.short_name, index=organisation.index), department, person))


# --- letters ------------------------------------------------------------------------------------------------------


def update_letter(
    sealer: Sealer, update: DirectoryUpdate, partner: Partner, ours: OfficeSettings, now: datetime
) -> Outbound:
    """Return *update* as a letter to *partner*; raises Refused(UNSUPPORTED) where its standard has no word for it."""
    id = identity.directory_id(sealer.secret, ours.index, partner.id, update, now)
    message = Message(
        id=id,
        return_id=ReturnId(id),  # so the answer names the letter
        sent_at=now,
        sender=sealer.office.party(ours),
        recipients=(sealer.office.theirs(partner, partner.settings.indices[0]),),
        body=update,
        dialect=partner.channel.dialect,
        dialect_version=version_of(partner.channel.dialect, partner.channel.dialect_version),
    )
    return _sealed(sealer, message, partner, ours, KIND, now)


def result_letter(
    sealer: Sealer,
    result: DirectoryResult,
    about: Message,
    letter_id: str,
    partner: Partner,
    ours: OfficeSettings,
    now: datetime,
) -> Outbound:
    """Return *result* as the answer to the update in the message *about*, which came as the letter *letter_id*."""
    message = Message(
        id=identity.directory_result_id(sealer.secret, partner.id, about.id),
        return_id=about.return_id or UNKNOWN,
        sent_at=now,
        sender=sealer.office.party(ours),
        recipients=(about.sender,),
        body=result,
        dialect=about.dialect,
        dialect_version=about.dialect_version,
        in_reply_to=about.id,
    )
    return _sealed(sealer, message, partner, ours, RESULT_KIND, now, letter_id)


def _sealed(
    sealer: Sealer, message: Message, partner: Partner, ours: OfficeSettings, kind: str, now: datetime, asked: str = ""
) -> Outbound:
    going = Going(message, NO_FILES, partner, ours, kind, ExchangeId(""), in_reply_to=asked)
    return sealer.sealed(going, now)
