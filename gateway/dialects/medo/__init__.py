# SPDX-License-Identifier: GPL-3.0-or-later
"""МЭДО (IEDMS), the exchange of Russian authorities: versions 2.0 to 2.7.1, cards, containers, news and receipts.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  Lists of participants are known by name only.
"""

from collections.abc import Sequence

from gateway.dialects.medo import reading, writing
from gateway.dialects.medo.carrying import CARRIES
from gateway.dialects.medo.degrade import degrade
from gateway.dialects.medo.vocabulary import CONTAINERS, KNOWN, NAME, VERSIONS
from gateway.dialects.wire import Body, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Medo:
    """The `Dialect` called "medo"."""

    name = NAME
    versions = VERSIONS
    carries = CARRIES
    can_tell = frozenset[EventKind]()  # there is no message that takes a document back
    accumulates = False  # a notification tells one fact
    one_id = True  # an answer names the message, or the document, and nothing else
    confirms_reports = True  # notifications are confirmed by receipts, receipts never are (§5)
    is_body = None
    network = frozenset[str]()

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
