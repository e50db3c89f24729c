# SPDX-License-Identifier: GPL-3.0-or-later
"""GOST R 53898-2010: one XML with its files inside; documents, supplements, answers, and notifications of them.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the standard cannot carry,
`vocabulary` has its words and the names of its sections.  Its edition of 2013 is another message model: that is `sev`.
The passports of old «Дело» and the Ukrainian exchange format are known by name only.
"""

from collections.abc import Sequence

from gateway.dialects.gost2010 import reading, shelf, writing
from gateway.dialects.gost2010.carrying import CARRIES
from gateway.dialects.gost2010.degrade import degrade
from gateway.dialects.gost2010.vocabulary import NAME, VERSION
from gateway.dialects.wire import Body, Package, Places, Reading, Resource, Root, Unpack, no_archives
from gateway.model import EventKind, Message


class Gost2010:
    """The `Dialect` called "gost2010"."""

    name = NAME
    versions = (VERSION,)
    carries = CARRIES
    can_tell = frozenset[EventKind]()  # there is no message that takes a document back
    accumulates = False
    one_id = True  # a notification names the message it answers (1A.5)
    confirms_reports = False  # a notification asks for none
    is_body = staticmethod(shelf.is_body)
    network = frozenset[str]()

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
