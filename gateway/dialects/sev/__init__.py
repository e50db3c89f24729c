# SPDX-License-Identifier: GPL-3.0-or-later
"""SEV, the exchange format of EOS «Дело», which is also the model of GOST R 53898-2013.

Read from the top: `reading` and `writing` tell the two stories, `degrade` says what the format cannot carry,
`vocabulary` has its words.  Directory synchronisation and the transport envelope are known by name only.
"""

from collections.abc import Sequence

from gateway.dialects.sev import reading, writing
from gateway.dialects.sev.degrade import degrade
from gateway.dialects.sev.vocabulary import NAME, NAMED_ONLY, SEV
from gateway.dialects.wire import Package, Reading, Resource, Root
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

    def recognises(self, root: Root) -> bool:
        """Say whether *root* is of the SEV namespace, or its transport envelope."""
        return root.namespace == SEV or (root.namespace, root.name) in NAMED_ONLY

    def read(self, passport: bytes, resources: Sequence[Resource]) -> Reading:
        return reading.read(passport, resources)

    def write(self, message: Message) -> Package:
        return writing.write(message)

    def degrade(self, message: Message) -> Message:
        return degrade(message)
