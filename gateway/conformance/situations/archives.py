# SPDX-License-Identifier: GPL-3.0-or-later
"""A package as one zip, and archives that are damaged, hostile or of another kind."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

from gateway.conformance.letters import Leaf, Sheaf, letter
from gateway.conformance.making import Situation, situations
from gateway.conformance.situations.mime import Change, same, silent
from gateway.errors import Reason

STAMP = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever they are written


def _zip(sheaf: Sheaf, folder: str = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for leaf in sheaf.leaves:
            archive.writestr(zipfile.ZipInfo(folder + leaf.name, STAMP), leaf.data, method)
    return made.getvalue()


def zipped(pack: Callable[[Sheaf], bytes] = _zip, name: str = "DocInfo.zip") -> Change:
    return lambda sheaf: replace(sheaf, leaves=(Leaf(name, pack(sheaf), "application/zip"),))


def _bomb(sheaf: Sheaf) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("DocInfo.xml", sheaf.leaves[0].data), ("bomb.bin", bytes(64 << 20))):
            archive.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _encrypted(sheaf: Sheaf) -> bytes:
    data = bytearray(_zip(sheaf))
    data[6] |= 1
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    return bytes(data)


def _spoilt(sheaf: Sheaf) -> bytes:
    data = bytearray(_zip(sheaf, method=zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    return bytes(data)


ZIPS = {
    "package": ("A package may be one zip.", same(zipped())),
    "stored": ("A zip need not be compressed.", same(zipped(lambda s: _zip(s, method=zipfile.ZIP_STORED)))),
    "folder": ("Folders in a zip are ignored.", same(zipped(lambda s: _zip(s, "package/1/")))),
    "any-name": ("A zip may have any name.", same(zipped(name="1.dat"))),
    "beside": (
        "A zip may lie beside other files.",
        same(lambda s: replace(s, leaves=(*zipped()(s).leaves, Leaf("logo.png", b"\x89PNG", "image/png")))),
    ),
}

BAD_ZIPS = {
    "climbing": (
        "A zip with a name that climbs out of it is laid aside.",
        silent(lambda s: letter(zipped(lambda one: _zip(one, "../../"))(s)), reason=Reason.AMBIGUOUS),
    ),
    "bomb": ("A zip bomb does not go off.", silent(lambda s: letter(zipped(_bomb)(s)))),
    "encrypted": ("A zip nobody can open is laid aside.", silent(lambda s: letter(zipped(_encrypted)(s)))),
    "cut-short": (
        "A zip that ends early is laid aside.",
        silent(lambda s: letter(zipped(lambda one: _zip(one)[:-60])(s))),
    ),
    "spoilt": ("A zip whose bytes changed on the way is laid aside.", silent(lambda s: letter(zipped(_spoilt)(s)))),
    "without-passport": (
        "A zip without a passport is people's mail.",
        silent(
            lambda s: letter(zipped(lambda one: _zip(replace(one, leaves=one.leaves[1:])))(s)),
            reason=Reason.NO_PASSPORT,
        ),
    ),
    "gzip": (
        "No other archive is opened.",
        silent(
            lambda s: letter(zipped(lambda one: gzip.compress(one.leaves[0].data, mtime=0), "DocInfo.gz")(s)),
            reason=Reason.NO_PASSPORT,
        ),
    ),
}

SITUATIONS: tuple[Situation, ...] = (
    *situations("zip", ZIPS),
    *situations("bad-zip", BAD_ZIPS),
)
