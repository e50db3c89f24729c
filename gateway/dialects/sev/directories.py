# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of people: SyncInfo, what changed in one, and SyncReport, what that changed on the other side.

Known is the schema alone (format of 2018, synchronisation of officials and departments).  What OperationName says, and
what IdentityCode is the code of, is not: the one is ignored, the other kept as it is.
"""

from dataclasses import replace

from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.sev.degrade_values import as_contact
from gateway.dialects.sev.elements import add, attribute, child, children, text
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.parties import read_contact, write_contact
from gateway.dialects.sev.vocabulary import (
    DIRECTORY_CHANGES,
    DIRECTORY_OPERATION,
    DIRECTORY_RESULT_OPERATION,
    word,
)
from gateway.dialects.tree import Element
from gateway.dialects.values import write_boolean
from gateway.model import DirectoryChange, DirectoryOutcome, DirectoryResult, DirectoryUpdate, Listing, Party

# --- reading ------------------------------------------------------------------------------------------------------


def read_directory_update(root: Element, exam: Examination) -> DirectoryUpdate:
    """Return the lines of SyncInfo; one in which nobody is described is noted and left out."""
    found = (_read_listing(element, exam) for element in children(child(root, "SyncDepartments"), "SyncContact"))
    return DirectoryUpdate(tuple(listing for listing in found if listing is not None))


def read_directory_result(root: Element, exam: Examination) -> DirectoryResult:
    """Return the lines of SyncReport; a result in other words than the standard's is noted and left out."""
    found = []
    for element in children(child(root, "SyncDepartments"), "ResultContact"):
        listing = _read_listing(child(element, "SyncContact"), exam)
        changes = _read_changes(child(element, "ResultInfo"), exam)
        if listing is not None:
            found.append(DirectoryOutcome(listing, changes))
    return DirectoryResult(tuple(found))


def _read_listing(element: Element | None, exam: Examination) -> Listing | None:
    """Return the line in a SyncContact.

    QUIRK: Deleted missing or in other words is read as false: nobody is dismissed by a slip.
    """
    party = read_contact(child(element, "Contact"), exam)
    if element is None or party == Party():
        if element is not None:
            exam.note("empty-listing", element, "a line that describes nobody is left out", at="Contact")
        return None
    person = party.person
    if not (person.index if person else party.department and party.department.index):
        exam.note("no-exchange-index", element, "a line of the directory without an exchange index", at="Contact")
    state = child(element, "ContactInfo")
    if not attribute(state, "Deleted"):
        exam.note("deleted-missing", element, "not said whether it is deleted: taken as not", at="ContactInfo/@Deleted")
    deleted = exam.boolean(state, "@Deleted") or False
    return Listing(party, deleted, attribute(state, "IdentityCode"))


def _read_changes(element: Element | None, exam: Examination) -> tuple[DirectoryChange, ...]:
    found = []
    for each in children(element, "Result"):
        change = DIRECTORY_CHANGES.get(text(each))
        if change is None:
            exam.note("unreadable-value", each, f"unknown word: {text(each)[:MAX_QUOTE]}")
        else:
            found.append(change)
    return tuple(found)


# --- degrading ----------------------------------------------------------------------------------------------------


def degraded_update(update: DirectoryUpdate) -> DirectoryUpdate:
    found = (_degraded(listing) for listing in update.listings)
    return DirectoryUpdate(tuple(listing for listing in found if listing.party != Party()))


def degraded_result(result: DirectoryResult) -> DirectoryResult:
    """A line in which nothing changed cannot be told."""
    found = (replace(outcome, listing=_degraded(outcome.listing)) for outcome in result.outcomes if outcome.changes)
    return DirectoryResult(tuple(outcome for outcome in found if outcome.listing.party != Party()))


def _degraded(listing: Listing) -> Listing:
    return replace(listing, party=as_contact(listing.party))


# --- writing ------------------------------------------------------------------------------------------------------


def write_directory_update(root: Element, update: DirectoryUpdate) -> None:
    if update.listings:
        listings = add(root, "SyncDepartments", OperationName=DIRECTORY_OPERATION)
        for listing in update.listings:
            _write_listing(listings, listing)


def write_directory_result(root: Element, result: DirectoryResult) -> None:
    outcomes = add(root, "SyncDepartments", OperationName=DIRECTORY_RESULT_OPERATION)
    for outcome in result.outcomes:
        element = add(outcomes, "ResultContact")
        _write_listing(element, outcome.listing)
        changes = add(element, "ResultInfo")
        for change in outcome.changes:
            add(changes, "Result", word(DIRECTORY_CHANGES, change) or "")


def _write_listing(parent: Element, listing: Listing) -> None:
    element = add(parent, "SyncContact")
    write_contact(element, listing.party)
    add(element, "ContactInfo", Deleted=write_boolean(listing.deleted), IdentityCode=listing.code)
