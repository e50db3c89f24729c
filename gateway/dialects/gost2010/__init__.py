# SPDX-License-Identifier: GPL-3.0-or-later
"""GOST R 53898-2010: one XML with its files inside; documents, supplements, answers, and notifications of them.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the standard cannot carry,
`vocabulary` has its words and the names of its sections.  Its edition of 2013 is another message model: that is `sev`.
The passports of old «Дело» and the Ukrainian exchange format are known by name only.
"""

from collections.abc import Mapping, Sequence

from gateway.dialects.gost2010 import reading, shelf, writing
from gateway.dialects.gost2010.carrying import CARRIES
from gateway.dialects.gost2010.degrade import degrade
from gateway.dialects.gost2010.vocabulary import NAME, VERSION
from gateway.dialects.wire import Body, Carried, IsBody, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Gost2010:
    """The `Dialect` called "gost2010"."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def versions(self) -> tuple[str, ...]:
        return (VERSION,)

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """Nothing: a message that takes a document back does not exist."""
        return frozenset()

    @property
    def carries(self) -> Mapping[EventKind, Carried]:
        return CARRIES

    @property
    def accumulates(self) -> bool:
        return False

    @property
    def one_id(self) -> bool:
        """A notification names the message it answers (1A.5)."""
        return True

    @property
    def confirms_reports(self) -> bool:
        """A notification asks for none."""
        return False

    @property
    def network(self) -> frozenset[str]:
        return frozenset()

    @property
    def is_body(self) -> IsBody | None:
        return shelf.is_body

    def places(self, version: str) -> Places:
        return Places("/Header/Document/@idnumber", "/Header/Document/Author", "/Header/Document/DocTransfer")

    def recognises(self, root: Root) -> bool:
        return reading.recognises(root)

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
