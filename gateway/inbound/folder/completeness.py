# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all of a package has come: everything that its passport (SEV) or its envelope (MEDO) lists is there.

Files are read up to a bound and searched, never parsed: this is the process that owns every socket.  Words name no
file: they go into alarms, and names of files speak of documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.inbound.folder.finding import MAX_FILES, Found, Layout
from gateway.inbound.folder.flat import is_envelope
from gateway.inbound.folder.plain import Plain, Seen, read_name
from gateway.inbound.folder.whys import Why
from gateway.sidecars import env, ini, listing
from gateway.sidecars.matching import absent

_USUAL = ("docinfo.xml", "report.xml")  # names of a passport
MAX_PASSPORT = 16 << 20  # LIMIT: bytes of a passport, as `gateway.envelope` has it


class Incomplete(Exception):
    """The package is not (yet) what can be taken; says why, in words for an operator."""

    def __init__(self, words: str, alike: str = "") -> None:
        super().__init__(words)
        self.why = Why(words, alike)


class Unreadable(Incomplete):
    """A file cannot be read at the moment; nothing about it need change for that to end."""


@dataclass(frozen=True, slots=True)
class Complete:
    """A package that can be taken, and what its letter is made of."""

    found: Found
    files: tuple[Seen, ...]  # that go into the letter
    subject: str  # of its sidecar; empty: it has none
    tells_failure: bool = False  # its sidecar names a file about a delivery that failed


def complete(found: Found, layout: Layout, root: int, max_bytes: int) -> Complete:
    """Return *found* as a package; *root* is the open folder it lies in.

    Raises Incomplete, and OSError for what cannot be read.
    """
    if found.strange:
        raise Incomplete("it holds what is no plain file: a link, a device or a folder")
    if len(found.files) > MAX_FILES:
        raise Incomplete(f"it has more than {MAX_FILES} files")
    package = _of_sev(found, root) if layout == "sev" else _of_medo(found, root)
    size = sum(file.size for file in package.files)
    if size * 4 // 3 > max_bytes:  # base64
        more = "more than a letter may have (limits.letter)"
        raise Incomplete(f"it has {size} bytes, {more}", f"it has {more}")
    return package


def _of_sev(found: Found, root: int) -> Complete:
    sidecar = Plain("", found.sidecar, root).beginning(env.MAX_BYTES) if found.sidecar else b""
    whole = Complete(found, found.files, env.subject_of(sidecar), env.tells_failure(sidecar))
    if found.flat:
        if not found.files:
            also = ", and it tells of a delivery that failed" if whole.tells_failure else ""
            raise Incomplete(f"there is a transport envelope without its folder{also}")
        return whole
    passports = _passports(found, root)
    if not passports:
        if len(found.files) == 1 and found.files[0].name.lower().endswith(".zip"):
            return whole
        raise Incomplete("it has no passport")
    file = min(_unlisted(passports) or passports, key=lambda file: (file.name.lower() not in _USUAL, file.name))
    listed = passports[file]
    if file.size > MAX_PASSPORT:
        raise Incomplete(f"its passport has more than {MAX_PASSPORT >> 20} MiB")
    lacking = absent(listed, [read_name(other.name) for other in found.files if other is not file])
    if lacking:
        raise _lacks(lacking, len(listed), "passport")
    return whole


def _passports(found: Found, root: int) -> dict[Seen, tuple[str, ...]]:
    """Return the files that may be the passport, with what each lists: those that end in ``.xml``, else any."""
    named = [file for file in found.files if file.name.lower().endswith(".xml")]
    for files in (named, [file for file in found.files if file not in named]):
        plain = {file: Plain(found.inside, file, root) for file in files}
        there = [file for file in files if listing.is_passport(plain[file].beginning(listing.BEGINNING))]
        if there:
            return {file: listing.resources(plain[file].beginning(MAX_PASSPORT)) for file in there}
    return {}


def _unlisted(listing_files: Mapping[Seen, Sequence[str]]) -> list[Seen]:
    """Return those of the files that no other of them lists: an annex may be a passport, or an envelope, too."""

    def listed(file: Seen) -> bool:
        others = (names for other, names in listing_files.items() if other != file)
        return any(absent(names, [read_name(file.name)]) < len(names) for names in others)

    return [file for file in listing_files if not listed(file)]


def _of_medo(found: Found, root: int) -> Complete:
    envelopes = [file for file in found.files if is_envelope(file.name)]
    if found.flat:
        envelopes = [found.sidecar] if found.sidecar else []
    read = [(file, ini.read(Plain(found.inside, file, root).beginning(ini.MAX_BYTES + 1))) for file in envelopes]
    known = {file: envelope for file, envelope in read if envelope is not None}
    if not known:
        raise Incomplete("its envelope has not come")
    files = _unlisted({file: envelope.files for file, envelope in known.items()})
    if len(files) != 1:
        raise Incomplete("it has several envelopes")
    (file,) = files
    others = tuple(other for other in found.files if other != file)
    listed = known[file].files
    lacking = found.lacking if found.flat else absent(listed, [read_name(other.name) for other in others])
    if lacking:
        raise _lacks(lacking, len(listed), "envelope")
    return Complete(found, (*others, file), known[file].subject)


def unreadable(error: OSError) -> Unreadable:
    return Unreadable(f"a file of it cannot be read: {error.strerror}")


def _lacks(lacking: int, listed: int, where: str) -> Incomplete:
    words = f"{lacking} of the {listed} files that its {where} lists are not there"
    return Incomplete(words, f"not all files that its {where} lists are there")
