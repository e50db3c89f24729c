# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may decide about one letter, and what of it the document, the rules and the EDMS see.  Pure.

Only what is ours to decide can be accepted.  Nobody accepts a proof that is absent, a partner nobody knows, or a
passport that cannot be read: there the sender, or the configuration, has to change.
"""

from dataclasses import replace

from gateway.errors import Reason
from gateway.inbound.rules import Case
from gateway.inbound.taking import taken
from gateway.journal.acts import Fix
from gateway.model import Document, DocumentType, Party

# What stopped a letter and may be accepted once; True: what is accepted is laid before a person in the EDMS.
ACCEPTABLE = {
    Reason.NOT_ALLOWED: False,
    Reason.BAD_FILE: False,
    Reason.VIRUS: False,
    Reason.NOT_SCANNED: False,
    Reason.MISSING_FILE: False,
    Reason.MISSING_AUTHOR: False,
    Reason.UNKNOWN_ADDRESSEE: False,  # to the default inbox
    Reason.UNKNOWN_CORRESPONDENT: True,
    Reason.CHANGED: True,
    Reason.SAME_NUMBER: True,
    Reason.CONFLICT: True,
}


def fixed(case: Case, fix: Fix) -> Case:
    """Return *case* under the receive rule as it applies to a letter about which *fix* was decided."""
    accepts = fix.accepts
    if not accepts and not fix.readdressed:
        return case
    changes: dict[str, object] = {}
    if Reason.NOT_ALLOWED in accepts and case.receive.register == "refuse":
        changes["register"] = "wait" if case.document.type is DocumentType.DRAFT else "auto"
    if Reason.BAD_FILE in accepts:
        changes |= {"file_types": (), "max_file": None}
    if Reason.MISSING_FILE in accepts:
        changes["require_files"] = False
    if Reason.MISSING_AUTHOR in accepts:
        changes["require_author"] = False
    if Reason.UNKNOWN_ADDRESSEE in accepts:
        changes["unknown_addressee"] = "default"
    if Reason.CHANGED in accepts:
        changes["on_change"] = "wait"
    receive = case.receive.model_copy(update=changes)
    return replace(case, receive=receive, accepted=accepts, readdressed=tuple(fix.readdressed.items()))


def as_taken(case: Case, office: str) -> Document:
    """Return the document in *case* as the EDMS shall see it: what the rule takes of it, routed as was decided.

    *office* is the exchange index of our organisation it is for.
    """
    return readdressed(taken(case.document, case.receive, case.level, office), case)


def readdressed(document: Document, case: Case) -> Document:
    """Return *document* as the EDMS shall route it: addressees for whom somebody else was chosen are replaced."""
    chosen = {spelled(name): party for name, party in case.readdressed}
    if not chosen:
        return document
    addressees = [chosen.get(spelled(called(party)), party) for party in document.addressees]
    return replace(document, addressees=tuple(addressees))


def called(party: Party) -> str:
    """Return how a letter calls an addressee inside an organisation; empty for the organisation as a whole."""
    person, department = party.person, party.department
    names = (person and (person.name or person.post or person.index), department and (department.name or ""))
    return next((name for name in names if name), "")


def spelled(name: str) -> str:
    """Return *name* for comparison: case and spacing make no difference."""
    return " ".join(name.split()).casefold()
