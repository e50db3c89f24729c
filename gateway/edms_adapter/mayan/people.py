# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be an addressee: the cabinets in the cabinet of an organisation's inboxes, one for each person.

The label of such a cabinet says who it is: ``Name``, ``Name, post`` or ``Name, post [exchange index]``.
"""

import re
from functools import partial

from gateway.edms_adapter.mayan.catalogue import Catalogue
from gateway.edms_adapter.remote import directing
from gateway.edms_adapter.sql import routing
from gateway.edms_adapter.sql.addressees import ours
from gateway.model import Document, Party, folded
from gateway.ports import Addressee, Intake, Official

STRATEGIES = ("index", "name and post", "initials", "post")
LABEL = re.compile(r"\s*(?P<name>[^,\[\]]+?)\s*(?:,\s*(?P<post>[^\[\]]*?)\s*)?(?:\[\s*(?P<index>[^\]]+?)\s*\]\s*)?")


class Staff:
    """The inboxes of one Mayan, read anew for every question."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.options = catalogue.server.options

    def resolve(self, hint: Party, office: str) -> Addressee | None:
        """Return the inbox that *hint* means in *office* (empty: in any); two candidates are nobody."""
        if not routing.wanted(hint) or (office and not ours(hint, office)):
            return None
        try:
            people = self.inboxes(office)
        except LookupError:
            return None
        return routing.addressee(routing.find(hint, people, STRATEGIES))

    def routed(self, document: Document, intake: Intake) -> tuple[tuple[Addressee, ...], str]:
        """Return whom *document* goes to, and why a person must decide, if so; see `directing.directed`.

        Raises LookupError for an organisation without inboxes.
        """
        people = self.inboxes(intake.office)
        return directing.directed(document, intake, lambda: people, partial(self._called, people), STRATEGIES)

    def default(self, office: str, wanted: str, why: str) -> Addressee | None:
        """Return who takes what nobody fits; None when there is nobody for that."""
        try:
            return directing.default(partial(self._called, self.inboxes(office)), wanted, why, found=True)
        except LookupError:
            return None

    def called(self, office: str, wanted: str) -> routing.Inbox | None:
        """Return the one inbox of the person with the exchange index, the name or the surname *wanted*."""
        return self._called(self.inboxes(office), wanted)

    def officials(self, office: str) -> list[Official]:
        """Return who may be an addressee in *office*, by name."""
        found = sorted(self.inboxes(office), key=lambda one: one.name)
        return [Official(one.index, one.name, one.post) for one in found]

    def inboxes(self, office: str) -> list[routing.Inbox]:
        """Return the inboxes of *office* (empty: of all); raises LookupError when it has no cabinet for them."""
        drawers, wanted = self.catalogue.drawers(), self.options.inboxes_of
        if office and folded(office) not in wanted:
            raise LookupError(f"no cabinet of inboxes is named for {office}")
        labels = {wanted[folded(office)]} if office else set(wanted.values())
        roots = {drawer.id: drawer.label for drawer in drawers if drawer.parent is None and drawer.label in labels}
        if lacking := labels - set(roots.values()):
            raise LookupError(f"Mayan has no cabinet {min(lacking)!r}")
        return [_inbox(drawer.id, drawer.label) for drawer in drawers if drawer.parent in roots]

    def _called(self, people: list[routing.Inbox], wanted: str) -> routing.Inbox | None:
        asked = wanted or self.options.default_inbox
        if not asked:
            return None
        by_index = [one for one in people if one.index and folded(one.index) == folded(asked)]
        return by_index[0] if len(by_index) == 1 else directing.one_called(people, asked)


def _inbox(key: int, label: str) -> routing.Inbox:
    said = LABEL.fullmatch(label)
    if said is None:
        return routing.Inbox(str(key), label)
    return routing.Inbox(str(key), said["name"], said["post"] or "", index=said["index"] or "")
