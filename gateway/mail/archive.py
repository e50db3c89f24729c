# SPDX-License-Identifier: GPL-3.0-or-later
"""A package as one zip, written and read within bounds.

Not read: encryption, symbolic links, zip64, methods other than stored and deflated.  An archive inside the archive
is one file like any other.
"""

import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from stat import S_ISLNK
from typing import IO, BinaryIO, Final, cast

from gateway.content import whole
from gateway.errors import Reason, Refused
from gateway.mail.charsets import guess
from gateway.mail.compose import Attachment
from gateway.model import Content, Sink

_READ: Final = 1 << 18
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever and wherever we write
_END: Final = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE §4.3.16
_LOCAL: Final = struct.Struct("<26x2H")  # lengths of name and extra field in a local header, §4.3.7
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000  # general purpose bits, §4.4.4
_UTF8: Final = 0x800
_DRIVE = re.compile(r"[A-Za-z]:")
_SLACK: Final = 1 << 20  # bytes an archive may grow by before its ratio is looked at: small texts shrink a lot
_BAD_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    struct.error,
    ValueError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class ZipLimits:
    max_entries: int = 1000
    max_bytes: int = 1 << 30  # of all entries together, unpacked
    max_ratio: int = 100  # unpacked to packed, of the archive and of each entry
    max_directory_bytes: int = 1 << 20  # the list of entries, which is read at once
    max_bytes_in_memory: int = 8 << 20  # LIMIT: a larger archive needs a *spool*


DEFAULT: Final = ZipLimits()


def zip_members(members: Sequence[Attachment], new_sink: Callable[[], Sink]) -> Content:
    """Pack *members* in order into one zip; deterministic for one version of zlib.

    Raises ValueError for a name that occurs twice; the sink is discarded on any failure.
    """
    if len({member.name for member in members}) < len(members):
        raise ValueError("two files of a package have the same name")
    sink = new_sink()
    finished = False
    try:
        with zipfile.ZipFile(cast(IO[bytes], _Pipe(sink)), "w", zipfile.ZIP_DEFLATED) as archive:
            for member in members:
                entry = zipfile.ZipInfo(member.name, _STAMP)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                entry.file_size = member.content.size
                with archive.open(entry, "w") as packed:
                    for block in member.content.blocks():
                        packed.write(block)
        content = sink.close()
        finished = True
    finally:
        if not finished:
            sink.discard()
    return content


def unzip(
    content: Content,
    new_sink: Callable[[], Sink],
    limits: ZipLimits = DEFAULT,
    spool: Callable[[], BinaryIO] | None = None,
) -> list[tuple[str, Content]]:
    """Return name and bytes of every file in the zip *content*, in the order of its directory; folders are left out.

    A zip can only be read from its end, so up to ``max_bytes_in_memory`` it is held in memory, beyond that in a
    seekable file that *spool* opens and we close (without one it is refused).  Names come as UTF-8, cp866 or
    windows-1251, the latter two by letter frequency, with ``/`` between folders; they are still only display data.
    Raises Refused: TOO_MANY_PARTS, TOO_LARGE, AMBIGUOUS (names that collide or point outside, entries that overlap,
    bytes around them), UNSUPPORTED, BAD_ENCODING (damaged); then, and when a sink fails, every sink is discarded.
    """
    sinks: list[Sink] = []
    finished = False
    try:
        with _seekable(content, limits, spool) as stream:
            _check_end(stream, content.size, limits)
            with _damage():
                archive = zipfile.ZipFile(stream)
            with archive:
                entries = _checked(archive.infolist(), stream, limits)
                files = _unpacked(archive, entries, new_sink, sinks, limits)
        finished = True
    finally:
        if not finished:
            for sink in sinks:
                sink.discard()
    return files


@dataclass(frozen=True, slots=True)
class _Entry:
    place: str  # "entry 3"
    name: str
    info: zipfile.ZipInfo


def _unpacked(
    archive: zipfile.ZipFile, entries: list[_Entry], new_sink: Callable[[], Sink], sinks: list[Sink], limits: ZipLimits
) -> list[tuple[str, Content]]:
    files: list[tuple[str, Content]] = []
    room = limits.max_bytes
    for entry in entries:
        sink = new_sink()
        sinks.append(sink)
        most = min(room, max(_SLACK, limits.max_ratio * entry.info.compress_size))
        written = 0
        for block in _blocks(archive, entry):
            written += len(block)
            if written > most:
                raise Refused(Reason.TOO_LARGE, "the archive unpacks to too much", place=entry.place)
            sink.write(block)
        room -= written
        files.append((entry.name, sink.close()))
    return files


def _blocks(archive: zipfile.ZipFile, entry: _Entry) -> Iterator[bytes]:
    with _damage(entry.place):
        packed = archive.open(entry.info)
    with packed:
        while True:
            with _damage(entry.place):
                block = packed.read(_READ)
            if not block:
                return
            yield block


@contextmanager
def _damage(place: str = "archive") -> Iterator[None]:
    """Say in our words what the library says about a damaged archive."""
    try:
        yield
    except _BAD_ZIP as error:
        raise Refused(Reason.BAD_ENCODING, "the archive is damaged", place=place) from error


@contextmanager
def _seekable(content: Content, limits: ZipLimits, spool: Callable[[], BinaryIO] | None) -> Iterator[BinaryIO]:
    if content.size <= limits.max_bytes_in_memory:
        yield BytesIO(whole(content, limits.max_bytes_in_memory))
        return
    if spool is None:
        raise Refused(Reason.TOO_LARGE, f"an archive larger than {limits.max_bytes_in_memory} bytes", place="archive")
    with spool() as stream:
        for block in content.blocks():
            stream.write(block)
        yield stream


def _check_end(stream: BinaryIO, size: int, limits: ZipLimits) -> None:
    """Look at the end record before the library reads the whole directory it announces."""
    start = max(0, size - _END.size - 0xFFFF)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused(Reason.BAD_ENCODING, "not a zip archive", place="archive")
    _, disk, first, here, total, length, offset, comment = _END.unpack_from(tail, at)
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07") or disk or first or here != total or offset == 0xFFFFFFFF:
        raise Refused(Reason.UNSUPPORTED, "a zip64 or split archive", place="archive")
    if at + _END.size + comment != len(tail) or offset + length != start + at:
        raise Refused(Reason.AMBIGUOUS, "bytes before or behind the archive's directory", place="archive")
    if total > limits.max_entries:
        raise Refused(Reason.TOO_MANY_PARTS, f"more than {limits.max_entries} entries", place="archive")
    if length > limits.max_directory_bytes:
        raise Refused(Reason.TOO_LARGE, "the archive's directory is too long", place="archive")


def _checked(infos: list[zipfile.ZipInfo], stream: BinaryIO, limits: ZipLimits) -> list[_Entry]:
    """Return the files among *infos* with their names, or refuse the archive."""
    if len(infos) > limits.max_entries:
        raise Refused(Reason.TOO_MANY_PARTS, f"more than {limits.max_entries} entries", place="archive")
    _check_layout(infos, stream)
    entries: list[_Entry] = []
    taken: set[str] = set()
    for number, info in enumerate(infos, 1):
        place = f"entry {number}"
        _check_kind(info, place)
        name = _name(info, place)
        key = unicodedata.normalize("NFC", name).casefold()
        if key in taken:
            raise Refused(Reason.AMBIGUOUS, "two entries have the same name", place=place)
        taken.add(key)
        if not name.endswith("/"):
            entries.append(_Entry(place, name, info))
    if sum(entry.info.file_size for entry in entries) > limits.max_bytes:
        raise Refused(Reason.TOO_LARGE, f"more than {limits.max_bytes} bytes unpacked", place="archive")
    return entries


def _check_layout(infos: list[zipfile.ZipInfo], stream: BinaryIO) -> None:
    """Refuse entries that share bytes (Fifield's bomb) and bytes before the first of them."""
    end = 0
    for info in sorted(infos, key=lambda each: each.header_offset):
        stream.seek(info.header_offset)
        with _damage():
            name, extra = _LOCAL.unpack(stream.read(_LOCAL.size))
        if info.header_offset < end or (not end and info.header_offset):
            raise Refused(Reason.AMBIGUOUS, "entries that overlap, or bytes before them", place="archive")
        end = info.header_offset + _LOCAL.size + name + extra + info.compress_size


def _check_kind(info: zipfile.ZipInfo, place: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Refused(Reason.UNSUPPORTED, "an encrypted entry", place=place)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(Reason.UNSUPPORTED, "an entry packed in a way we do not read", place=place)
    if S_ISLNK(info.external_attr >> 16):
        raise Refused(Reason.UNSUPPORTED, "a symbolic link", place=place)


def _name(info: zipfile.ZipInfo, place: str) -> str:
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        name = guess(name.encode("cp437"), candidates=("cp866", "windows-1251"))
    name = name.replace("\\", "/")
    steps = name.removesuffix("/").split("/")
    if "\0" in name or _DRIVE.match(name) or any(step in ("", ".", "..") for step in steps):
        raise Refused(Reason.AMBIGUOUS, "a name that points outside the archive, or is none", place=place)
    return name


class _Pipe:
    """What the library needs of a file that is only written, put before a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, block: bytes) -> int:
        self._sink.write(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Nothing is held back here."""
