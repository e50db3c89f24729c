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
from gateway.dialects.wire import Body, Carried, IsBody, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Smdo:
    """The `Dialect` called "smdo"."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """Nothing: SMDO has no message that takes a document back."""
        return frozenset()

    @property
    def versions(self) -> tuple[str, ...]:
        return VERSIONS

    @property
    def carries(self) -> Mapping[EventKind, Carried]:
        return CARRIES

    @property
    def accumulates(self) -> bool:
        return False

    @property
    def one_id(self) -> bool:
        """An acknowledgement names the message it is about."""
        return True

    @property
    def confirms_reports(self) -> bool:
        """To an acknowledgement nothing is answered (§1.5)."""
        return False

    @property
    def is_body(self) -> IsBody | None:
        """Data and Signature hold base64 (2.6)."""
        return _is_body

    @property
    def network(self) -> frozenset[str]:
        return NETWORK

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


def _is_body(name: str, attributes: Mapping[str, str]) -> bool:
    return printed(name) in ("Data", "Signature")
