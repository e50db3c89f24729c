# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a directory, package by package: names, sizes and times; envelopes are all that is read.

Links are never followed: a package is a directory of plain files, or plain files that an envelope lists.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from stat import S_ISDIR, S_ISREG
from typing import Literal

from gateway.inbound.folder.flat import Envelopes, shares
from gateway.inbound.folder.plain import Seen, opened
from gateway.sidecars import env

Layout = Literal["sev", "medo"]
MAX_FILES = 1000  # LIMIT: files of one package that are looked at; with more it is none
OURS = "."  # names that begin so are ours, or those of a file system, and never a package
NOISE = frozenset(("desktop.ini", "thumbs.db"))  # of Windows; *.log is a product's


@dataclass(frozen=True, slots=True)
class Found:
    """Something that may be a package."""

    name: str  # of the directory, of the envelope, or of the one file; unique in its folder
    inside: str  # the directory its files lie in, below the folder; empty: in the folder itself
    files: tuple[Seen, ...]  # by name; of an envelope in the folder itself those that it lists
    sidecar: Seen | None  # beside the package, to be put away with it; of a flat package its envelope
    strange: int = 0  # things among its files that are no plain files
    lacking: int = 0  # files that an envelope in the folder itself lists and that are not there

    @property
    def flat(self) -> bool:
        return not self.inside

    @property
    def signature(self) -> tuple[object, ...]:
        """Return what two looks compare."""
        return (self.files, self.sidecar, self.strange)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def source(self, folder: str) -> str:
        """Return the transport identity: the same as long as nothing in the package changes.

        A sidecar beside a directory is no part of it, for it is put away first.
        """
        digest = sha256(self.name.encode(errors="surrogateescape"))
        for file in (*self.files, self.sidecar) if self.flat and self.sidecar else self.files:
            digest.update(b"\0%s\0%d\0%d" % (os.fsencode(file.name), file.size, file.mtime_ns))
        return f"folder:{folder}:{digest.hexdigest()}"


def found_in(root: int, layout: Layout, envelopes: Envelopes) -> Iterator[Found]:
    """Yield what lies in the open directory *root*; raises OSError when it cannot be read."""
    directories, loose, strange = _listed(root)
    beside = {file.name: file for file in loose}
    for name in directories:
        sidecar = beside.pop(name + env.SUFFIX, None) if layout == "sev" else None
        try:
            with opened(name, root) as descriptor:
                inside, files, odd = _listed(descriptor)
        except OSError:  # it went away, is no directory any more, or is closed to us
            yield Found(name, name, (), sidecar, strange=1)
            continue
        yield Found(name, name, files, sidecar, len(inside) + odd)
    left = tuple(beside[name] for name in sorted(beside))
    yield from _loose_of_sev(left) if layout == "sev" else _loose_of_medo(left, envelopes, root)
    if strange:
        yield Found("", "", (), None, strange)


def _loose_of_sev(left: tuple[Seen, ...]) -> Iterator[Found]:
    """Yield packages in one zip archive, and envelopes whose directory is not there (yet)."""
    for file in left:
        suffix = os.path.splitext(file.name)[1].lower()
        if suffix == ".zip":
            yield Found(file.name, "", (file,), None)
        elif suffix == env.SUFFIX:
            yield Found(file.name, "", (), file)


def _loose_of_medo(left: tuple[Seen, ...], envelopes: Envelopes, root: int) -> Iterator[Found]:
    """Yield a package for every envelope; without one, what lies there, which waits for it."""
    listing = envelopes.among(left, root)
    for envelope, share in shares(listing, left).items():
        yield Found(envelope.name, "", share.files, envelope, lacking=share.lacking)
    if left and not listing:
        yield Found("*", "", left[:MAX_FILES], None)


def _listed(directory: int) -> tuple[list[str], tuple[Seen, ...], int]:
    """Return the directories, the plain files by name, and how many other things there are."""
    directories, files, strange = [], [], 0
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(OURS) or entry.name.lower() in NOISE or entry.name.lower().endswith(".log"):
                continue
            try:
                known = entry.stat(follow_symlinks=False)
            except OSError:  # it went away
                continue
            if S_ISDIR(known.st_mode):
                directories.append(entry.name)
            elif S_ISREG(known.st_mode):
                files.append(Seen(entry.name, known.st_size, known.st_mtime_ns))
            else:
                strange += 1
    return sorted(directories), tuple(sorted(files)), strange
