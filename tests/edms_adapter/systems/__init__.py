# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side of an adapter: one running EDMS as its people, its clerk and its database see it.

The contract suite (`tests.edms_adapter.contract`) speaks to an adapter through `gateway.ports.Edms` alone, and to the
EDMS behind it through `System`.  Every system is filled with the same office, correspondents and staff, those of
`tests.edms_adapter.desk`: `OURS`, `BEREG`, `GOROD`, `STAFF`; one without a directory of people says so in `Abilities`.
Each system of the tests is one module in this package: a class with these methods, and a function that opens its
adapter in another process (`System.recipe`).
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NewType, Protocol

from gateway.model import CardRef, Number, Sha256
from gateway.ports import Edms, Failpoint, nothing_fails
from tests.edms_adapter.desk import BEREG

Lack = NewType("Lack", str)  # why a system cannot do something, one sentence; the test report shows it
CAN = Lack("")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a system can do; a `Lack` declares that a law cannot hold, and says why.

    What is declared not to be there is held to what the port says of it: `NotOffered`, nothing, `Waiting`.
    """

    # after any exception nothing is left; else: what is left is completed by the next call
    transactions: Lack = CAN
    # `register` gives a number by itself; else it is always `Waiting`, and the system's people or its vendor's
    # import give the number (`System.take_up`)
    numbers: Lack = CAN
    gapless: Lack = CAN  # a number that was not used in the end is given to the next one
    told_numbers: Lack = CAN  # a card that vanished is made again under the number that was told
    waiting: Lack = CAN  # a document may lie before a person, who registers it or not
    refusing: Lack = CAN  # a person may refuse what waits, with words
    drafts: Lack = CAN  # a draft becomes a draft's card; else it waits
    routing: Lack = CAN  # a document lies in the inbox of the person it names
    forwarding: Lack = CAN  # a person's passing a document on to another one is told
    execution: Lack = CAN  # that the work on a document is done is told, with words
    attaching: Lack = CAN  # files may be added to a card
    empty_files: Lack = CAN  # a file of no bytes is kept, too
    standing: Lack = CAN  # a card that people deleted is seen to be gone
    outgoing: Lack = CAN  # documents go out, and what becomes of them is shown to the clerk
    news: Lack = CAN  # a partner's news are written onto the dispatch
    words: Lack = CAN  # with the words of the partner, such as why he refused
    dispatches: Lack = CAN  # it says which dispatches count as sent
    withdrawals: Lack = CAN  # a clerk may want a dispatch taken back
    amendments: Lack = CAN  # a clerk may want to send what changed since
    linking: Lack = CAN  # a document is tied to one it answers
    offices: Lack = CAN  # it keeps several organisations of ours apart
    people: Lack = CAN  # it says who may be an addressee
    import_people: Lack = CAN  # a partner's people may be brought in
    # it can go away in the middle of a call: a server may, a file on this machine does not
    cutting: Lack = CAN


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file or a signature on a card, read back from where the system keeps it."""

    name: str  # as people see it
    size: int  # bytes
    sha256: Sha256  # of the bytes that were read


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the system's people see it; a paper that waits is one too."""

    number: Number  # empty: none yet
    subject: str
    files: tuple[SeenFile, ...]  # with the signatures
    inboxes: tuple[str, ...] = ()  # names of those in whose inbox it lies, as in STAFF; () without routing


@dataclass(frozen=True, slots=True)
class Shown:
    """What the clerk sees on a dispatch."""

    state: str  # the system's own word
    news: tuple[str, ...] = ()  # a partner's news, one line each
    notices: tuple[str, ...] = ()  # what was laid into the clerk's inbox about it


class System(Protocol):
    """One running EDMS, empty but for the office, correspondents and staff; nobody else uses it.

    Whatever people do here is committed when the method returns.
    """

    name: str  # for reports: the kind of system and its database
    abilities: Abilities
    edms: Edms  # an adapter, open; the system closes it
    # how another process opens the same system: ("package.module:function", *arguments); the function takes the
    # arguments and a failpoint, and returns an `Edms`
    recipe: tuple[str, ...]
    # the failpoints of `register`, in order, at which a process may be stopped or a connection cut; and of `attach`
    stops: tuple[str, ...]
    attach_stops: tuple[str, ...]

    def open(self, failpoint: Failpoint = nothing_fails) -> Edms:
        """Return one more, independent adapter on the same system; the system closes it."""

    def away(self) -> AbstractContextManager[None]:
        """Make the system unreachable inside the block, for connections that are open too."""

    # --- what lies there --------------------------------------------------------------------------------------------

    def cards(self) -> int:
        """Return how many incoming cards there are, papers that wait and drafts among them."""

    def card(self, ref: CardRef) -> Card:
        """Return a card."""

    def snapshot(self) -> object:
        """Return everything that lies in the system, our own tables too, for comparing; no bytes of files."""

    def stored(self) -> frozenset[str]:
        """Return what lies in the file store, also what no card refers to; empty when it has none."""

    # --- what people do ---------------------------------------------------------------------------------------------

    def take_up(self, ref: CardRef) -> Number:
        """Register a paper that waits, as its person or the vendor's import does; return its number."""

    def refuse(self, ref: CardRef, words: str) -> None:
        """Refuse a paper that waits."""

    def forward(self, ref: CardRef, to: str) -> None:
        """Pass a document on to somebody of STAFF, named by surname."""

    def forwarding(self, ref: CardRef, to: str) -> AbstractContextManager[None]:
        """Pass a document on slowly: at its beginning the act has its moment, at the end of the block it is committed.

        Between the two the transaction is open, when other people can work on other cards meanwhile.
        """

    def execute(self, ref: CardRef, words: str) -> None:
        """Finish the work on a document, with *words*."""

    def delete(self, ref: CardRef) -> None:
        """Take a card away with everything on it, as an administrator would; nothing of ours is touched."""

    def send(self, subject: str, files: dict[str, bytes], to: str = BEREG) -> str:
        """Write an outgoing document to BEREG, or to GOROD, and mark it to be sent; return its `Outgoing.ref`."""

    def withdraw(self, ref: str, why: str) -> None:
        """Wish a dispatch taken back."""

    def send_changes(self, ref: str) -> None:
        """Wish to send what changed on a dispatch since it was sent."""

    def shown(self, ref: str) -> Shown:
        """Return what the clerk sees on a dispatch."""
