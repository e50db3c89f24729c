# SPDX-License-Identifier: GPL-3.0-or-later
"""A partner with another product, whose letters are written by hand; it keeps to the standard, mostly."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from re import sub

from tests.faults.town import papers
from tests.faults.town.papers import Paper
from tests.faults.town.site import INDICES
from tests.story.partner import SUBSCRIPTIONS, letter, passport

KINDS = (
    ("document", 78),
    ("resent under a new id", 6),
    ("changed", 3),
    ("same id, other content", 2),
    ("lacks a file", 4),
    ("people's mail", 4),
    ("a stranger's", 3),
)
REMEMBERED = 200  # documents that may come again


@dataclass(frozen=True, slots=True)
class Written:
    kind: str
    data: bytes
    paper: Paper | None  # None: nothing is owed for it
    sender: str = "far"
    fresh: bool = False  # a document that was never sent before
    broken: bool = False
    of_people: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    to: str
    uid: str
    message_id: str
    return_id: str
    number: str
    content: bytes


class FarPartner:
    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._sent: list[_Sent] = []
        self._count = 0

    def something(self, to: str, now: datetime) -> Written:
        kind = self._rng.choices([name for name, _ in KINDS], [weight for _, weight in KINDS])[0]
        before = [one for one in self._sent if one.to == to]
        if kind in ("resent under a new id", "changed", "same id, other content") and not before:
            kind = "document"
        if kind == "people's mail":
            return Written(kind, self._plain(to), None, sender="somebody", of_people=True)
        if kind == "a stranger's":
            data, _ = self._letter(self._new(to))
            return Written(kind, data, None, sender="nobody")
        if kind in ("document", "lacks a file"):
            return self.document(to, lacking=kind == "lacks a file")
        return self._again(kind, self._rng.choice(before))

    def document(self, to: str, *, lacking: bool = False) -> Written:
        """Write a new document to *to*, perhaps *lacking* the file it names."""
        new = self._new(to)
        data, paper = self._letter(new, lacking=lacking)
        if not lacking:
            self._sent = [*self._sent[-REMEMBERED:], new]
        return Written("lacks a file" if lacking else "document", data, paper, fresh=True, broken=lacking)

    def _again(self, kind: str, old: _Sent) -> Written:
        new = self._new(old.to)
        if kind == "resent under a new id":
            again = _Sent(old.to, old.uid, new.message_id, new.return_id, old.number, old.content)
        elif kind == "changed":
            again = _Sent(old.to, old.uid, new.message_id, new.return_id, old.number, new.content)
        else:
            again = _Sent(old.to, old.uid, old.message_id, old.return_id, old.number, new.content)
        data, paper = self._letter(again)
        return Written(kind, data, paper)

    def _new(self, to: str) -> _Sent:
        self._count += 1
        ids = [f"{self._rng.getrandbits(128):032x}" for _ in range(3)]
        content = f"%PDF-1.4 CANARY-TEXT far {self._count}".encode()
        return _Sent(to, ids[0], ids[1], ids[2], f"Д-{self._count}", content)

    def _letter(self, one: _Sent, *, lacking: bool = False) -> tuple[bytes, Paper]:
        inside = passport(
            message_id=one.message_id,
            return_id=one.return_id,
            uid=one.uid,
            number=one.number,
            sender=INDICES["far"],
            recipient=INDICES[one.to],
            tail=SUBSCRIPTIONS.format(receipt="true"),
        )
        files = {} if lacking else {"letter[1].pdf": one.content}
        data = letter(inside, files, sender="edms@far.example")
        data = sub(rb"Message-ID: <[^>]*>", f"Message-ID: <{one.message_id}@far.example>".encode(), data, count=1)
        return data, papers.read(data)

    def _plain(self, to: str) -> bytes:
        self._count += 1
        return (
            f"From: somebody@elsewhere.example\r\nTo: edms@{to}.example\r\nSubject: lunch {self._count}\r\n"
            f"Message-ID: <{self._count}@elsewhere.example>\r\n\r\nSee you at noon.\r\n"
        ).encode()
