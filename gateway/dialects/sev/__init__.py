# SPDX-License-Identifier: GPL-3.0-or-later
"""SEV, the exchange format of EOS «Дело», which is also the model of GOST R 53898-2013.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  The transport envelope is known by name only.
"""

from collections.abc import Mapping, Sequence

from gateway.dialects.sev import reading, writing
from gateway.dialects.sev.carrying import CARRIES
from gateway.dialects.sev.degrade import degrade
from gateway.dialects.sev.vocabulary import NAME, NAMED_ONLY, SEV, VERSION
from gateway.dialects.wire import Body, Carried, IsBody, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Sev:
    """The `Dialect` called "sev"."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """Nothing: SEV has no message that takes a document back."""
        return frozenset()

    @property
    def versions(self) -> tuple[str, ...]:
        return (VERSION,)

    @property
    def carries(self) -> Mapping[EventKind, Carried]:
        return CARRIES

    @property
    def accumulates(self) -> bool:
        return True

    @property
    def one_id(self) -> bool:
        """An answer quotes the return id, which is not the message id."""
        return False

    @property
    def confirms_reports(self) -> bool:
        return False

    @property
    def is_body(self) -> IsBody | None:
        return None

    @property
    def network(self) -> frozenset[str]:
        return frozenset()

    def places(self, version: str) -> Places:
        return Places("DocumentList/Document/@UID", "DocumentList/Document/Author", "DocumentList/Document/File")

    def recognises(self, root: Root) -> bool:
        """Say whether *root* is of the SEV namespace, or its transport envelope."""
        return root.namespace == SEV or (root.namespace, root.name) in NAMED_ONLY

    def read(
        self,
        passport: bytes,
        resources: Sequence[Resource],
        *,
        bodies: Sequence[Body] = (),
        unpack: Unpack = no_archives,
    ) -> Reading:
        return reading.read(passport, resources)

    def write(self, message: Message) -> Package:
        return writing.write(message)

    def degrade(self, message: Message) -> Message:
        return degrade(message)
