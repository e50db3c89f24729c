# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of MEDO that lie in the folder itself: which loose file belongs to which envelope.

A file stands for one listed name.  Exact names come first; what one envelope lists so is nobody else's, and what is
an envelope belongs to nobody.  Indices in names count, as nothing but a name keeps neighbours apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.dialects.names import caseless, normalised
from gateway.inbound.folder.plain import Changed, Plain, Seen, read_name
from gateway.sidecars import ini


@dataclass(frozen=True, slots=True)
class Share:
    """What is there of a package, without its envelope."""

    files: tuple[Seen, ...]  # by name
    lacking: int  # listed files that are not there


class Envelopes:
    """Reads envelopes, each once as long as it does not change."""

    def __init__(self) -> None:
        self._read: dict[Seen, tuple[str, ...] | None] = {}

    def among(self, loose: Sequence[Seen], root: int) -> dict[Seen, tuple[str, ...]]:
        """Return the names that each envelope among *loose* lists."""
        self._read = {file: self._names(file, root) for file in loose if is_envelope(file.name)}
        return {file: names for file, names in self._read.items() if names is not None}

    def _names(self, file: Seen, root: int) -> tuple[str, ...] | None:
        if file in self._read:
            return self._read[file]
        try:
            read = ini.read(Plain("", file, root).beginning(ini.MAX_BYTES + 1))
        except (OSError, Changed):  # looked at anew when it is as it will be
            return None
        return read.files if read else None


def is_envelope(name: str) -> bool:
    return name.lower().endswith(ini.SUFFIXES)


def shares(listing: Mapping[Seen, Sequence[str]], loose: Sequence[Seen]) -> dict[Seen, Share]:
    """Return what each envelope of *listing* has of the *loose* files."""
    free = {read_name(file.name): file for file in loose if file not in listing}
    got: dict[Seen, list[Seen]] = {envelope: [] for envelope in listing}
    left: dict[Seen, list[str]] = {envelope: [] for envelope in listing}
    exact: set[str] = set()
    for envelope, names in listing.items():
        for name in names:
            if name in free:
                exact.add(name)
                got[envelope].append(free[name])
            else:
                left[envelope].append(name)
    for name in exact:
        del free[name]
    for likeness in (normalised, caseless):
        offered: dict[str, list[str]] = {}
        for name in sorted(free, reverse=True):
            offered.setdefault(likeness(name), []).append(name)
        for envelope, names in left.items():
            missing = []
            for name in names:
                if alike := offered.get(likeness(name)):
                    got[envelope].append(free.pop(alike.pop()))
                else:
                    missing.append(name)
            left[envelope] = missing
    return {envelope: Share(tuple(sorted(files)), len(left[envelope])) for envelope, files in got.items()}
