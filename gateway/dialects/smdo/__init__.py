# SPDX-License-Identifier: GPL-3.0-or-later
"""SMDO, the system in which state bodies of Belarus exchange documents: SDIP-1.0 and SDIP-2.1.1.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  A notice that a central directory changed is known by name only.
"""

from collections.abc import Mapping, Sequence

from gateway.dialects.smdo import reading, writing
from gateway.dialects.smdo.carrying import CARRIES
from gateway.dialects.smdo.degrade import degrade
from gateway.dialects.smdo.spelling import printed, printed_attribute
from gateway.dialects.smdo.vocabulary import NAME, NETWORK, VERSIONS
from gateway.dialects.wire import Body, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Smdo:
    """The `Dialect` called "smdo"."""

    name = NAME
    versions = VERSIONS
    carries = CARRIES
    can_tell = frozenset[EventKind]()  # there is no message that takes a document back
    accumulates = False
    one_id = True  # an acknowledgement names the message it is about
    confirms_reports = False  # to an acknowledgement nothing is answered (§1.5)
    network = NETWORK

    @staticmethod
    def is_body(name: str, attributes: Mapping[str, str]) -> bool:
        """Say whether an element holds base64: Data and Signature do (2.6)."""
        return printed(name) in ("Data", "Signature")

    def places(self, version: str) -> Places:
        within = "/Envelop/Body/Document"
        return Places(f"{within}/@idnumber", f"{within}/Author", f"{within}/DocTransfer")

    def recognises(self, root: Root) -> bool:
        """Say whether *root* is an Envelop that says which message it is; one that does not is SEV's for transport."""
        said = {printed_attribute(name) for name in root.attributes}
        return printed(root.name) == "Envelop" and not {"type", "msg_id"}.isdisjoint(said)

    def read(
        self,
        passport: bytes,
        resources: Sequence[Resource],
        *,
        bodies: Sequence[Body] = (),
        unpack: Unpack = no_archives,
    ) -> Reading:
        return reading.read(passport, resources, bodies)

    def write(self, message: Message) -> Package:
        return writing.write(message)

    def degrade(self, message: Message) -> Message:
        return degrade(message)
