# SPDX-License-Identifier: GPL-3.0-or-later
"""A package as one zip: written the same each time, read within bounds."""

import struct
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import Held, MemorySink, whole
from gateway.errors import Reason, Refused
from gateway.mail.archive import DEFAULT, ZipLimits, unzip, zip_members
from gateway.mail.compose import Attachment
from tests.mail.letters import Sinks


def _zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, octets in files:
            archive.writestr(zipfile.ZipInfo(name, (1990, 1, 1, 0, 0, 0)), octets, method)
    return stream.getvalue()


def _read(octets: bytes, limits: ZipLimits = DEFAULT) -> list[tuple[str, bytes]]:
    return [(name, whole(content, 1 << 30)) for name, content in unzip(Held(octets), MemorySink, limits)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("abЯжё №()", min_size=1, max_size=30).map("f".__add__), st.binary(max_size=200)),
        max_size=5,
        unique_by=lambda each: each[0].casefold(),
    )
)
def test_what_is_packed_is_unpacked_the_same(files: list[tuple[str, bytes]]) -> None:
    packed = zip_members([Attachment(name, Held(octets)) for name, octets in files], MemorySink)

    assert _read(whole(packed, 1 << 20)) == files


def test_packing_twice_gives_the_same_bytes() -> None:
    members = [Attachment("Акт.pdf", Held(b"x" * 5000)), Attachment("b", Held(b""))]

    assert zip_members(members, MemorySink).sha256 == zip_members(members, MemorySink).sha256


def test_names_of_old_programs_are_understood() -> None:
    for charset in ("cp866", "windows-1251", "utf-8"):
        octets = _zip(("Folder/@@@@@@@@@@@@@@@@@@"[: 7 + len("Договор".encode(charset))], b"x"))
        raw = octets.replace(b"@" * len("Договор".encode(charset)), "Договор".encode(charset))

        assert _read(raw) == [("Folder/Договор", b"x")]


def test_folders_are_left_out_and_backslashes_are_slashes() -> None:
    assert _read(_zip(("in/", b""), ("in\\a.txt", b"x"))) == [("in/a.txt", b"x")]


def test_an_archive_inside_is_one_file() -> None:
    inner = _zip(("a", b"x"))

    assert _read(_zip(("inner.zip", inner))) == [("inner.zip", inner)]


def _with_flag(flag: int) -> bytes:
    octets = bytearray(_zip(("a", b"x")))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = octets.index(signature)
        octets[start + at : start + at + 2] = struct.pack("<H", flag)
    return bytes(octets)


def _symlink() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("a")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def _overlapping() -> bytes:
    """Two directory entries that share the bytes of one file."""
    octets = _zip(("a", b"x" * 100))
    start, end = octets.index(b"PK\x01\x02"), octets.index(b"PK\x05\x06")
    entry = octets[start:end]
    second = entry[:-1] + b"b"
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, len(entry) * 2, start, 0)
    return octets[:start] + entry + second + record


def _zip64() -> bytes:
    octets = _zip(("a", b"x"))
    end = octets.index(b"PK\x05\x06")
    return octets[:end] + b"PK\x06\x07" + b"\0" * 16 + octets[end:]


@pytest.mark.parametrize(
    ("reason", "octets"),
    [
        (Reason.BAD_ENCODING, b""),
        (Reason.BAD_ENCODING, b"not a zip"),
        (Reason.BAD_ENCODING, _zip(("a", b"hello")).replace(b"hello", b"hellO")),
        (Reason.TOO_MANY_PARTS, _zip(*((f"f{number}", b"") for number in range(1001)))),
        (Reason.TOO_LARGE, _zip(("bomb", b"\0" * (8 << 20)), method=zipfile.ZIP_DEFLATED)),
        (Reason.TOO_LARGE, _zip(("n" * 60_000 + "1", b""), *((f"{n}" + "n" * 60_000, b"") for n in range(20)))),
        (Reason.UNSUPPORTED, _zip(("a", b"x"), method=zipfile.ZIP_LZMA)),
        (Reason.UNSUPPORTED, _with_flag(0x1)),
        (Reason.UNSUPPORTED, _symlink()),
        (Reason.UNSUPPORTED, _zip64()),
        (Reason.AMBIGUOUS, _zip(("/etc/passwd", b"x"))),
        (Reason.AMBIGUOUS, _zip(("a/../../b", b"x"))),
        (Reason.AMBIGUOUS, _zip(("..\\b", b"x"))),
        (Reason.AMBIGUOUS, _zip(("c:\\b", b"x"))),
        (Reason.AMBIGUOUS, _zip(("a.txt", b"x"), ("A.TXT", b"y"))),
        (Reason.AMBIGUOUS, _overlapping()),
        (Reason.AMBIGUOUS, b"MZ" + _zip(("a", b"x"))),
        (Reason.AMBIGUOUS, _zip(("a", b"x")) + b"behind"),
        (Reason.AMBIGUOUS, _zip(("a", b"x")) + _zip(("b", b"y"))),
    ],
)
def test_an_archive_that_cannot_be_trusted_is_refused(reason: Reason, octets: bytes) -> None:
    """Fifield 2019, CVE-2024-0450, CVE-2019-9674, CWE-22: bombs, overlap, links, encryption, names that lead away."""
    sinks = Sinks()
    with pytest.raises(Refused) as caught:
        unzip(Held(octets), sinks)

    assert caught.value.reason is reason
    assert sinks.left == 0


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data: st.DataObject) -> None:
    octets = bytearray(_zip(("a.txt", b"hello" * 9), ("b/я", b"\0" * 50), method=zipfile.ZIP_DEFLATED))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    sinks = Sinks()
    refused = False
    try:
        unzip(Held(bytes(octets)), sinks)
    except Refused:
        refused = True

    assert sinks.left == (0 if refused else len(sinks.made))


def test_a_full_disk_leaves_no_sink_behind() -> None:
    sinks = Sinks(failing=2)
    with pytest.raises(OSError, match="no space"):
        unzip(Held(_zip(("a", b"x"), ("b", b"y"))), sinks)
    assert sinks.left == 0

    packing = Sinks(failing=1)
    with pytest.raises(OSError, match="no space"):
        zip_members([Attachment("a", Held(b"x"))], packing)
    assert packing.left == 0


def test_all_entries_together_have_a_limit() -> None:
    octets = _zip(("a", b"x" * 600), ("b", b"y" * 600))

    assert len(_read(octets, ZipLimits(max_bytes=1200))) == 2
    with pytest.raises(Refused) as caught:
        _read(octets, ZipLimits(max_bytes=1199))
    assert caught.value.reason is Reason.TOO_LARGE


def test_a_large_archive_goes_through_the_callers_file() -> None:
    octets = _zip(("a", b"x" * 600))
    limits = ZipLimits(max_bytes_in_memory=100)
    spools: list[BytesIO] = []

    def spool() -> BytesIO:
        spools.append(BytesIO())
        return spools[-1]

    assert [name for name, _ in unzip(Held(octets), MemorySink, limits, spool)] == ["a"]
    assert [each.closed for each in spools] == [True]
    with pytest.raises(Refused) as caught:
        unzip(Held(octets), MemorySink, limits)
    assert caught.value.reason is Reason.TOO_LARGE


def test_two_files_of_one_name_are_not_packed() -> None:
    with pytest.raises(ValueError, match="the same name"):
        zip_members([Attachment("a", Held(b"")), Attachment("a", Held(b""))], MemorySink)
