# SPDX-License-Identifier: GPL-3.0-or-later
"""Zips made to hurt; single tricks stand in tests/mail/test_archive.py, here are those of a whole letter."""

import zipfile
from io import BytesIO

import pytest

from gateway.content import Held, MemorySink
from gateway.envelope import unseal
from gateway.errors import Reason, Refused
from gateway.journal.entries import State
from gateway.mail.archive import unzip
from gateway.mail.split import Limits
from tests.mail.letters import multipart, part
from tests.story import partner
from tests.story.acts import cards
from tests.story.offices import Town

ZEROS = b"\0" * (1 << 20)


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, octets in files:
            archive.writestr(zipfile.ZipInfo(name), octets, method)
    return stream.getvalue()


def nested(depth: int) -> bytes:
    octets = zipped(*((f"{n}.bin", ZEROS) for n in range(16)))
    for _ in range(depth):
        octets = zipped(*((f"{n}.zip", octets) for n in range(16)))
    return octets


def with_zips(*archives: bytes) -> bytes:
    binary = ("Content-Type: application/zip", "Content-Transfer-Encoding: binary")
    return multipart(*(part(octets, *binary) for octets in archives))


BOMBS = {
    "one file of zeros": zipped(("0.bin", b"\0" * (64 << 20))),
    "sixteen files of zeros": nested(0),
    "65 535 entries": zipped(*((str(n), b"") for n in range(65_535)), method=zipfile.ZIP_STORED),
    "a second directory behind the first": zipped(("a", b"x")) + zipped(("DocInfo.xml", b"<DocInfo/>")),
    "bytes before the first entry": b"%PDF-1.7\n" + zipped(("a", b"x")),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_partners_bomb_is_parked_and_the_letter_behind_it_is_registered(offices: Town, what: str) -> None:
    """CVE-2019-9674, Fifield 2019, CVE-2024-0450: nothing is unpacked beyond its bounds."""
    number = offices.minsk.receive(
        partner.letter("", {"package.zip": BOMBS[what]}, name="x.txt"), "edms@moscow.example"
    )
    offices.minsk.receive(partner.letter(partner.passport()), "edms@moscow.example")
    offices.minsk.work()

    entry = offices.minsk.entry(number)
    assert entry.state is State.PARKED
    assert entry.reason in (Reason.TOO_LARGE, Reason.TOO_MANY_PARTS, Reason.AMBIGUOUS, Reason.NO_PASSPORT)
    assert len(cards(offices.minsk)) == 1


def test_an_archive_in_an_archive_is_never_opened() -> None:
    """42.zip: five levels of sixteen; the second level is only bytes here."""
    found = unzip(Held(nested(2)), MemorySink)

    assert [name for name, _ in found] == [f"{n}.zip" for n in range(16)]


def test_all_archives_of_a_letter_together_unpack_to_no_more_than_one_letter_may_hold() -> None:
    """CVE-2019-9674: a hundred archives, each within its bounds, are a bomb all the same."""
    mib = zipped(("a.bin", ZEROS), ("b.bin", bytes(range(256)) * 4096))
    limits = Limits(max_decoded_bytes=8 << 20)
    written = []

    class Counted(MemorySink):
        def write(self, block: bytes) -> None:
            super().write(block)
            written.append(len(block))

    unseal([with_zips(mib, mib, mib)], Counted, limits)
    sound = sum(written)
    written.clear()
    with pytest.raises(Refused) as refused:
        unseal([with_zips(*[mib] * 50)], Counted, limits)

    assert sound > 6 << 20
    assert refused.value.reason is Reason.TOO_LARGE
    assert sum(written) < 2 * limits.max_decoded_bytes


def test_all_archives_of_a_letter_together_have_no_more_entries_than_a_letter_has_parts() -> None:
    """CVE-2019-9674, cpython #75630."""
    hundred = zipped(*((str(n), b"x") for n in range(100)))

    unseal([with_zips(*[hundred] * 9)], MemorySink, Limits(max_parts=1000))
    with pytest.raises(Refused) as refused:
        unseal([with_zips(*[hundred] * 11)], MemorySink, Limits(max_parts=1000))

    assert refused.value.reason is Reason.TOO_MANY_PARTS
