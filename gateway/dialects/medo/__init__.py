# SPDX-License-Identifier: GPL-3.0-or-later
"""МЭДО (IEDMS), the exchange of Russian authorities: versions 2.0 to 2.7.1, cards, containers, news and receipts.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  Lists of participants are known by name only.
"""

from collections.abc import Mapping, Sequence

from gateway.dialects.medo import reading, writing
from gateway.dialects.medo.carrying import CARRIES
from gateway.dialects.medo.degrade import degrade
from gateway.dialects.medo.vocabulary import CONTAINERS, KNOWN, NAME, VERSIONS
from gateway.dialects.wire import Body, Carried, IsBody, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Medo:
    """The `Dialect` called "medo"."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def versions(self) -> tuple[str, ...]:
        return VERSIONS

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """Nothing: МЭДО has no message that takes a document back."""
        return frozenset()

    @property
    def carries(self) -> Mapping[EventKind, Carried]:
        return CARRIES

    @property
    def accumulates(self) -> bool:
        """A notification tells one fact."""
        return False

    @property
    def one_id(self) -> bool:
        """An answer names the message, or the document, and nothing else."""
        return True

    @property
    def confirms_reports(self) -> bool:
        """Notifications are confirmed by receipts, receipts never are (§5)."""
        return True

    @property
    def is_body(self) -> IsBody | None:
        return None

    @property
    def network(self) -> frozenset[str]:
        return frozenset()

    def places(self, version: str) -> Places:
        if version in CONTAINERS:
            return Places("/container/@uid", "/container/authors", "/container/document")
        return Places("/communication/document/@uid", "/communication/document/signatories", "/communication/files")

    def recognises(self, root: Root) -> bool:
        """Say whether *root* is of one of the namespaces, including lists of participants and lone passports."""
        return root.namespace in KNOWN

    def read(
        self,
        passport: bytes,
        resources: Sequence[Resource],
        *,
        bodies: Sequence[Body] = (),
        unpack: Unpack = no_archives,
    ) -> Reading:
        return reading.read(passport, resources, unpack)

    def write(self, message: Message) -> Package:
        return writing.write(message)

    def degrade(self, message: Message) -> Message:
        return degrade(message)
