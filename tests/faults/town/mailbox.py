# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox as its server has it: UIDs that only grow, flags, and people who use it too.

Answers the questions of a `gateway.inbound.imap.session.Session` by name; what it is asked comes over the pipe.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

KEYWORD = "$storm"
PEOPLES_FLAGS = frozenset({"\\seen", "$theirs"})


@dataclass(slots=True)
class Lying:
    """A letter in the mailbox."""

    data: bytes
    arrived_at: datetime
    flags: set[str] = field(default_factory=set)
    of_people: bool = False  # no letter of the exchange: nothing of it may change

    @property
    def sha256(self) -> str:
        return sha256(self.data).hexdigest()


@dataclass(slots=True)
class Mailbox:
    uidvalidity: int = 1
    uidnext: int = 1
    letters: dict[int, Lying] = field(default_factory=dict)
    done: list[tuple[int, int, Lying]] = field(default_factory=list)  # flagged or moved: (UIDVALIDITY, UID, letter)
    wrongs: list[str] = field(default_factory=list)

    def put(self, data: bytes, now: datetime, *, of_people: bool = False) -> None:
        flags = set(PEOPLES_FLAGS) if of_people else set()
        self.letters[self.uidnext] = Lying(data, now, flags, of_people)
        self.uidnext += 1

    def renumber(self) -> None:
        """The server forgot its UIDs: everything that lies here gets new ones under a new UIDVALIDITY."""
        standing = list(self.letters.values())
        self.uidvalidity += 1
        self.letters = dict(enumerate(standing, 1))
        self.uidnext = len(standing) + 1

    def tidy(self, keep: int) -> None:
        """People throw away what the gateway is done with, but the last *keep*."""
        old = [uid for uid, lying in self.letters.items() if KEYWORD in lying.flags][: -keep or None]
        for uid in old:
            del self.letters[uid]

    # --- what the session asks

    def select(self) -> tuple[int, int, int]:
        return self.uidvalidity, self.uidnext, len(self.letters)

    def search(self, low: int, high: int) -> list[int]:
        return sorted(uid for uid in self.letters if low <= uid <= high)

    def among(self, uids: list[int]) -> list[int]:
        return [uid for uid in uids if uid in self.letters]

    def described(self, uids: list[int]) -> dict[int, tuple[frozenset[str], int, datetime]]:
        found = {uid: self.letters[uid] for uid in uids if uid in self.letters}
        return {uid: (frozenset(one.flags), len(one.data), one.arrived_at) for uid, one in found.items()}

    def read(self, uid: int) -> bytes | None:
        return self.letters[uid].data if uid in self.letters else None

    def mark(self, uids: list[int], flag: str) -> list[int]:
        for uid in uids:
            if lying := self.letters.get(uid):
                self._done(uid, lying)
                lying.flags.add(flag)
        return uids

    def move(self, uids: list[int], folder: str) -> list[int]:
        for uid in uids:
            if lying := self.letters.pop(uid, None):
                self._done(uid, lying)
        return uids

    def _done(self, uid: int, lying: Lying) -> None:
        self.done.append((self.uidvalidity, uid, lying))
        if lying.of_people:
            self.wrongs.append(f"people's letter {uid} was touched")
