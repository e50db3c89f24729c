# SPDX-License-Identifier: GPL-3.0-or-later
"""Who tests whom: names, addresses, indices and ids, from which every byte of every case follows."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

BY_GUID = ("medo",)  # standards that name an organisation by a GUID (МЭДО 2.7.1, source/@uid)
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
EXAMPLE = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Side:
    """An organisation as letters name it."""

    address: str
    index: str
    name: str
    code: str = ""  # by which the standard names it; empty: by the index

    @property
    def wire(self) -> str:
        """What stands on the wire for it."""
        return self.code or self.index


@dataclass(frozen=True, slots=True)
class Ground:
    """One dialect between the kit and the gateway under test."""

    dialect: str = "sev"
    run: str = "example"  # every id is made from it: another run is another conversation
    at: datetime = EXAMPLE  # when the letters say they were sent
    ours: Side = Side("kit@kit.example", "EX-KIT", "Испытательный стенд")
    theirs: Side = Side("edms@peer.example", "EX-PEER", "Испытуемая организация")
    addressee: str = "Берёзкина Анна Викторовна"  # a person there who gets documents
    # the kit under another address and index, with the receive rules that docs/conformance.md names; None: not agreed
    strict: Side | None = Side("strict@kit.example", "EX-KIT-STRICT", "Строгий стенд")
    unproven: str = ""  # an address they know, whose proof our letters lack; empty: there is none
    version: str = ""  # of the dialect; empty: the newest we write

    @property
    def ours_all(self) -> tuple[Side, ...]:
        return (self.ours, self.strict) if self.strict else (self.ours,)

    def id(self, *names: object) -> str:
        """Return the id called *names*: 32 hexadecimal digits."""
        return sha256("\0".join(map(str, (self.run, self.dialect, *names))).encode()).hexdigest()[:32]
