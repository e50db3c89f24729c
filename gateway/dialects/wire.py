# SPDX-License-Identifier: GPL-3.0-or-later
"""What every dialect must offer, and the values that go in and come out of one.

A dialect turns a *package* (a passport and the files beside it) into a `Message` and back.
It knows nothing of MIME, of partners or of the journal.  Law of every dialect:
``read(write(message)) == degrade(message)``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.errors import Refused
from gateway.model import Content, DocumentRef, EventKind, Message, Party, Problem, Sha256


@dataclass(frozen=True, slots=True)
class Root:
    """The root element of a passport: by this a dialect is chosen, never by a file's name."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that came beside the passport."""

    names: tuple[str, ...]  # every reading of its name, best first
    content: Content
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Heading:
    """What could be understood even of a message that must be refused: enough to answer it."""

    message_id: str = ""
    return_id: str = ""
    sent_at: datetime | None = None
    sender: Party | None = None
    recipients: tuple[Party, ...] = ()
    about: DocumentRef = DocumentRef()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dialect understood of a package.

    Either `message` is there, or `refusal` says why not; `problems` may accompany both.
    A passport that could be read but must be refused (a named file did not come) has *both*: `refusal` decides,
    `message` is there to be shown and never to be registered; a file that did not come has `sha256` None in it.
    """

    dialect: str
    version: str
    kind: str | None  # "document", "report", "receipt"; None: named but not read here, or not understood
    heading: Heading
    message: Message | None = None
    contents: Mapping[Sha256, Content] = field(default_factory=dict)  # the bytes of every file the message names
    refusal: Refused | None = None
    problems: tuple[Problem, ...] = ()
    title: str = ""  # for kind None: what it is, in words ("SEV directory synchronisation")


@dataclass(frozen=True, slots=True)
class Member:
    """A file beside the passport, in order."""

    name: str
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Package:
    """What a dialect wrote."""

    passport_name: str  # "DocInfo.xml"
    passport: bytes
    members: tuple[Member, ...]
    subject: str  # by the custom of the dialect


class Dialect(Protocol):
    """One wire standard; implemented by a module-level object listed in `DIALECTS`."""

    @property
    def name(self) -> str: ...

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """What the sender of a document can say of it afterwards in a message of its own; empty: nothing."""

    def recognises(self, root: Root) -> bool:
        """Say whether a passport with this root element is ours, including kinds we only name."""

    def read(self, passport: bytes, resources: Sequence[Resource]) -> Reading:
        """Understand a package; never raises for what a sender can send."""

    def write(self, message: Message) -> Package:
        """Write *message*, validated; raises ValueError when it cannot be said even after `degrade` (our defect)."""

    def degrade(self, message: Message) -> Message:
        """Return what of *message* this dialect can carry: exactly what the other side will read."""
