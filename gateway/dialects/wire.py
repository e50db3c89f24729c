# SPDX-License-Identifier: GPL-3.0-or-later
"""What every dialect must offer, and the values that go in and come out of one.

A dialect turns a *package* (a passport and the files beside it) into a `Message` and back.
It knows nothing of MIME, of partners or of the journal.  Law of every dialect:
``read(write(message)) == degrade(message)``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from gateway.errors import Reason, Refused
from gateway.model import (
    Content,
    DirectoryResult,
    DirectoryUpdate,
    Document,
    DocumentRef,
    EventKind,
    Message,
    Party,
    Problem,
    Report,
    ReportKind,
    Sha256,
)


@dataclass(frozen=True, slots=True)
class Root:
    """The root element of a passport: by this a dialect is chosen, never by a file's name."""

    namespace: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict, compare=False)  # by local name


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that came beside the passport."""

    names: tuple[str, ...]  # every reading of its name, best first
    content: Content
    media_type: str = "application/octet-stream"


Unpack = Callable[[Resource], Sequence[Resource]]
"""The files in a zip archive, within bounds; raises Refused for one that is damaged, too large or hostile."""

Body = Content | None
"""A file that stood in base64 inside a passport; None: that was no base64."""

IsBody = Callable[[str, Mapping[str, str]], bool]
"""Whether the text of an element (local name, attributes by local name) is a file in base64."""


def no_archives(resource: Resource) -> Sequence[Resource]:
    raise Refused(Reason.UNSUPPORTED, "an archive is not opened here")


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
    # "document", "report", "receipt", "directory", "directory_result"; None: named but not read here, or not understood
    kind: str | None
    heading: Heading
    message: Message | None = None
    contents: Mapping[Sha256, Content] = field(default_factory=dict)  # the bytes of every file the message names
    refusal: Refused | None = None
    problems: tuple[Problem, ...] = ()
    awaited: tuple[Party, ...] = ()  # whom a file was for that did not come; for the others it is withheld
    of_network: bool = False  # the network itself may speak, under a code of its own that nobody knows beforehand
    title: str = ""  # for kind None: what it is, in words ("SEV transport envelope")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the message beside the passport, in order."""

    name: str
    sha256: Sha256


@dataclass(frozen=True, slots=True)
class Written:
    """A small file the dialect made itself: a sidecar, an inner passport."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip the dialect wants made of files."""

    name: str
    members: tuple[Member | Written, ...]


@dataclass(frozen=True, slots=True)
class Inline:
    """A file of the message that stands inside the passport, in base64."""

    at: int  # the byte of the passport before which it stands
    sha256: Sha256


class Sidecar(Protocol):
    """A file for another post than mail that says what is in a package and where it goes."""

    def written(self, address: str) -> Written:
        """Return the file, for the *address* in that post; empty: none."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a dialect wrote."""

    passport_name: str  # "DocInfo.xml"
    passport: bytes
    members: tuple[Member | Written | Archive, ...]
    subject: str  # by the custom of the dialect
    inline: tuple[Inline, ...] = ()  # in ascending order
    headers: tuple[tuple[str, str], ...] = ()  # fields of the letter that the dialect's mail profile has
    passport_last: bool = False  # behind its files, as the dialect's mail profile has it
    sidecar: Sidecar | None = None  # sent along only where the channel wants it; None: the dialect has none


@dataclass(frozen=True, slots=True)
class Carried:
    """What becomes of one kind of fact in a dialect: a row of the degradation table."""

    how: Literal["whole", "as", "no"]
    words: str = ""  # "as": as what; "no": why not


@dataclass(frozen=True, slots=True)
class Places:
    """Where a document says what our rules ask for, as a refusal names it to its sender."""

    uid: str
    author: str
    files: str


class Nameless(ValueError):
    """A standard names organisations by codes of its own, and somebody has none: the configuration lacks it."""


class Dialect(Protocol):
    """One wire standard; implemented by a module-level object listed in `DIALECTS`."""

    @property
    def name(self) -> str: ...

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that can be written, the one written unless asked otherwise first."""

    @property
    def can_tell(self) -> frozenset[EventKind]:
        """What the sender of a document can say of it afterwards in a message of its own; empty: nothing."""

    @property
    def carries(self) -> Mapping[EventKind, Carried]:
        """What becomes of each kind of fact that a receiver reports: the degradation table, every kind in it."""

    @property
    def accumulates(self) -> bool:
        """Whether a report repeats everything that stands; otherwise each fact is a message of its own."""

    @property
    def one_id(self) -> bool:
        """Whether an answer names a message by its id; the return id of what we write is then its message id."""

    @property
    def confirms_reports(self) -> bool:
        """Whether a report, too, is answered with a receipt; a receipt never is."""

    @property
    def is_body(self) -> IsBody | None:
        """Which elements hold a file in base64, cut out before the passport is read; None: none does."""

    @property
    def network(self) -> frozenset[str]:
        """The folded codes under which the network itself, and no partner, tells what became of a message."""

    def places(self, version: str) -> Places:
        """Return where a document of *version* says what our rules ask for."""

    def recognises(self, root: Root) -> bool:
        """Say whether a passport with this root element is ours, including kinds we only name."""

    def read(
        self,
        passport: bytes,
        resources: Sequence[Resource],
        *,
        bodies: Sequence[Body] = (),
        unpack: Unpack = no_archives,
    ) -> Reading:
        """Understand a package; never raises for what a sender can send.

        *bodies* were cut out of the passport (`is_body`): where one stood the text is its number, from 0.
        """

    def write(self, message: Message) -> Package:
        """Write *message*, validated; raises ValueError when it cannot be said even after `degrade` (our defect).

        Raises Refused(UNSUPPORTED) for what the standard has no message for, so that its sender hears why,
        and Nameless for somebody whom it has no name for.
        """

    def degrade(self, message: Message) -> Message:
        """Return what of *message* this dialect can carry: exactly what the other side will read."""


def no_directory(message: Message, standard: str) -> Document | Report:
    """Return the body of *message*; raises Refused(UNSUPPORTED) for a directory: *standard* has no message for one."""
    if isinstance(message.body, DirectoryUpdate | DirectoryResult):
        raise Refused(Reason.UNSUPPORTED, f"{standard} has no message for a directory of people")
    return message.body


ALONE = {
    ReportKind.RECEIPT: EventKind.RECEIVED,
    ReportKind.REFUSAL: EventKind.REFUSED,
    ReportKind.EDITED: EventKind.EDITED,
}
"""The fact that a report of each kind tells, but for the one that tells what stands."""


def carried(dialect: Dialect, report: Report) -> Carried:
    """Return what becomes of *report* in *dialect*; one that tells everything that stands is whole."""
    fact = ALONE.get(report.kind, report.fact)
    return dialect.carries[fact] if fact is not None else Carried("whole")
