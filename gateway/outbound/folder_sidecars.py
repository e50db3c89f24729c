# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sidecar goes beside the files of a package: the one that the dialect brought, or one of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.content import whole
from gateway.model import Content, Letter
from gateway.sidecars import env, ini


class BadPackage(Exception):
    """The package cannot lie in a folder; says why."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    name: str
    data: bytes
    instead_of: str = ""  # the file of the package that it was made from; empty: none


def sidecar_of(
    letter: Letter, files: Mapping[str, Content], name: str, layout: Literal["sev", "medo"], to: str, *, flat: bool
) -> Sidecar:
    """Return the sidecar of package *name*; raises BadPackage when its layout cannot say what it must.

    In a folder that many share (*flat*) the envelope bears a name of its own, as the mail product gives it: eight
    characters.  One that the dialect brought keeps its words.
    """
    subject = letter.first("Subject")
    if layout == "sev":
        return Sidecar(name + env.SUFFIX, env.write(env.Env(name, subject, to)))
    brought = _brought(files)
    if flat and any(_read(called, content) for called, content in files.items() if called != brought):
        raise BadPackage("a file of it would be taken for an envelope where files of many packages lie together")
    called = f"{name[:8]}{ini.SUFFIXES[0]}"
    if not flat:
        usual = f"envelope{ini.SUFFIXES[0]}"
        called = brought or (called if usual in map(str.casefold, files) else usual)
    if brought:
        return Sidecar(called, whole(files[brought], ini.MAX_BYTES), brought)
    try:
        written = ini.write(ini.Envelope(subject, (to,) if to else (), tuple(files)))
    except ValueError as error:  # UnicodeEncodeError too, whose words would quote the name
        raise BadPackage("a file of it has a name that an envelope in windows-1251 cannot say") from error
    return Sidecar(called, written)


def _brought(files: Mapping[str, Content]) -> str:
    """Return the name of the envelope of all the other *files*; empty: the dialect brought none.

    An annex that happens to be an envelope lists files of another package.
    """
    for name, content in files.items():
        envelope = _read(name, content)
        if envelope and sorted(envelope.files) == sorted(_listed(other) for other in files if other != name):
            return name
    return ""


def _read(name: str, content: Content) -> ini.Envelope | None:
    small = name.lower().endswith(ini.SUFFIXES) and content.size <= ini.MAX_BYTES
    return ini.read(whole(content, ini.MAX_BYTES)) if small else None


def _listed(name: str) -> str:
    """Return *name* as an envelope can say it."""
    return name.encode("cp1251", "replace").decode("cp1251").strip()
