# SPDX-License-Identifier: GPL-3.0-or-later
"""SEV, the exchange format of EOS «Дело», which is also the model of GOST R 53898-2013.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  The transport envelope is known by name only.
"""

from collections.abc import Sequence

from gateway.dialects.sev import reading, writing
from gateway.dialects.sev.carrying import CARRIES
from gateway.dialects.sev.degrade import degrade
from gateway.dialects.sev.vocabulary import NAME, NAMED_ONLY, SEV, VERSION
from gateway.dialects.wire import Body, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Sev:
    """The `Dialect` called "sev"."""

    name = NAME
    versions = (VERSION,)
    carries = CARRIES
    can_tell = frozenset[EventKind]()  # there is no message that takes a document back
    accumulates = True
    one_id = False  # an answer quotes the return id, which is not the message id
    confirms_reports = False
    is_body = None
    network = frozenset[str]()

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
