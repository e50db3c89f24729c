# SPDX-License-Identifier: GPL-3.0-or-later
"""Unseal a letter into what it says, and seal what we say into a letter.

The passport is found by its root element and namespace, never by a file's name; the files may lie beside it as parts
in any order and nesting, or together with it in one zip archive.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from gateway.bodies import MAX_WITH_BODIES, beginning, cut_out, put_in
from gateway.content import Held, whole
from gateway.dialects import recognise
from gateway.dialects.declared import as_written
from gateway.dialects.tree import PROLOG_BYTES, root_of
from gateway.dialects.wire import Archive, Dialect, IsBody, Member, Package, Reading, Resource, Unpack, Written
from gateway.errors import Reason, Refused
from gateway.mail.address import parse
from gateway.mail.archive import ZipLimits, unzip, zip_members
from gateway.mail.compose import Attachment, Head, NameEncoding, compose
from gateway.mail.split import Limits, split
from gateway.model import Content, Contents, Letter, NewSink, Problem, Severity

MAX_PASSPORT = 16 << 20  # LIMIT: bytes of a passport

Spool = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter and what a dialect understood of it; no reading means: no passport, so it is people's mail."""

    letter: Letter
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The transport side of a letter of ours."""

    sender: str  # address
    recipient: str  # address
    at: datetime  # aware
    message_id: str  # without angle brackets
    in_reply_to: str  # likewise, or empty
    text: str  # for people; may be empty
    automatic: bool  # a report: nobody shall answer it
    zipped: bool = False
    file_names: NameEncoding = "both"


def unseal(
    blocks: Iterable[bytes], new_sink: NewSink, limits: Limits | None = None, spool: Spool | None = None
) -> Opened:
    """Return the letter in *blocks* and the message inside; *spool* opens a seekable file for a large zip archive.

    Raises Refused for a letter that cannot be taken apart; a message that cannot be understood is a `Reading` that
    says why.
    """
    limits = limits or Limits()
    letter = split(blocks, new_sink, limits)
    room = ZipLimits(max_entries=limits.max_parts, max_bytes=limits.max_decoded_bytes)
    return Opened(letter, read_package(_resources(letter), new_sink, spool, room))


def read_package(
    resources: Sequence[Resource], new_sink: NewSink, spool: Spool | None = None, room: ZipLimits | None = None
) -> Reading | None:
    """Return what a dialect reads in *resources*, of which one is the passport; None when none is.

    *room* bounds what all archives among them may unpack to, together.
    """
    found = _passport(resources)
    left = room or ZipLimits()

    def unpack(archive: Resource) -> list[Resource]:
        nonlocal left
        inside = [Resource(_readings(name), content) for name, content in unzip(archive.content, new_sink, left, spool)]
        left = _less(left, inside)
        return inside

    if found is None:
        for position, resource in enumerate(resources):
            if _is_zip(resource):
                inside = unpack(resource)
                if (found := _passport(inside)) is not None:
                    rest = (*resources[:position], *resources[position + 1 :])
                    resources = (*inside, *rest)
                    break
    if found is None:
        return None
    dialect, passport = found
    beside = [resource for resource in resources if resource is not passport]
    content, problems = as_written(passport.content)
    if dialect.is_body is None:
        reading = dialect.read(whole(content, MAX_PASSPORT), beside, unpack=unpack)
    else:
        reading = _with_bodies(dialect, dialect.is_body, content, beside, unpack, new_sink)
    return replace(reading, problems=(*problems, *reading.problems)) if problems else reading


def _with_bodies(
    dialect: Dialect, is_body: IsBody, content: Content, beside: Sequence[Resource], unpack: Unpack, new_sink: NewSink
) -> Reading:
    """Return what *dialect* reads of a passport with files inside; too much of them is refused for just that."""
    try:
        small, bodies = cut_out(content, is_body, new_sink)
    except Refused as why:
        problem = Problem(Severity.ERROR, why.reason.value, why.place, why.detail)
        begun = dialect.read(beginning(content), beside, unpack=unpack)
        return replace(begun, message=None, contents={}, refusal=why, problems=(problem,))
    return dialect.read(small, beside, bodies=bodies, unpack=unpack)


def seal(package: Package, contents: Contents, wrapping: Wrapping, new_sink: NewSink) -> Iterator[bytes]:
    """Yield the bytes of the letter that carries *package*, CRLF lines; deterministic for equal arguments.

    Raises KeyError when *contents* lacks a member: our defect.
    """
    parts = files_of(package, contents, new_sink)
    if wrapping.zipped:
        packed = zip_members(parts, new_sink)
        parts = [Attachment(package.passport_name.rpartition(".")[0] + ".zip", packed, "application/zip")]
    head = Head(
        sender=parse(wrapping.sender),
        to=(parse(wrapping.recipient),),
        subject=package.subject,
        date=wrapping.at,
        message_id=wrapping.message_id,
        in_reply_to=wrapping.in_reply_to,
        auto_submitted="auto-replied" if wrapping.automatic else "",
        extra=package.headers,
    )
    token = sha256(wrapping.message_id.encode()).hexdigest()[:32]
    return compose(head, wrapping.text, parts, boundary_token=token, name_encoding=wrapping.file_names)


def files_of(package: Package, contents: Contents, new_sink: NewSink) -> list[Attachment]:
    """Return the files *package* consists of, the passport first unless it shall be the last.

    Raises KeyError when *contents* lacks a member: our defect.
    """

    def file(member: Member | Written | Archive) -> Attachment:
        match member:
            case Member(name, digest):
                return Attachment(name, contents[digest], "application/octet-stream")
            case Written(name, data):
                return Attachment(name, Held(data), "application/octet-stream")
            case Archive(name, members):
                return Attachment(name, zip_members([file(each) for each in members], new_sink), "application/zip")

    passport = Attachment(package.passport_name, put_in(package, contents, new_sink), "application/xml")
    files = [file(member) for member in package.members]
    return [*files, passport] if package.passport_last else [passport, *files]


def _resources(letter: Letter) -> list[Resource]:
    """The parts that may be files of a package: everything but the text for people."""
    return [
        Resource(part.names or (part.name,), part.content, part.media_type)
        for part in letter.parts
        if part.name or not part.media_type.startswith("text/") or part.media_type == "text/xml"
    ]


def _readings(name: str) -> tuple[str, ...]:
    """Return the names a file in an archive can be meant by: its own, and without the folders it lies in."""
    return tuple(dict.fromkeys((name, name.rpartition("/")[2])))


def _less(room: ZipLimits, unpacked: Sequence[Resource]) -> ZipLimits:
    size = sum(resource.content.size for resource in unpacked)
    return replace(room, max_entries=room.max_entries - len(unpacked), max_bytes=room.max_bytes - size)


def _passport(resources: Sequence[Resource]) -> tuple[Dialect, Resource] | None:
    found: list[tuple[Dialect, Resource]] = []
    for resource in resources:
        if looks_like_xml(resource):
            root = root_of(_beginning(resource.content))
            dialect = recognise(root) if root else None
            if dialect and resource.content.size <= (MAX_WITH_BODIES if dialect.is_body else MAX_PASSPORT):
                found.append((dialect, resource))
    if len(found) > 1:  # a file of the package may be a relative of some standard, too
        found = [each for each in found if not _only_named(*each)] or found
    if len(found) > 1 and len({resource.content.sha256 for _, resource in found}) > 1:
        raise Refused(Reason.AMBIGUOUS, "the letter holds several passports", found=str(len(found)))
    return found[0] if found else None


def _only_named(dialect: Dialect, resource: Resource) -> bool:
    """Say whether *dialect* knows *resource* by its name alone, and would read nothing in it."""
    return bool(dialect.read(_beginning(resource.content), ()).title)


def _beginning(content: Content) -> bytes:
    beginning = b""
    for block in content.blocks():
        beginning += block[: PROLOG_BYTES - len(beginning)]
        if len(beginning) >= PROLOG_BYTES:
            break
    return beginning


def looks_like_xml(resource: Resource) -> bool:
    """Say whether *resource* begins as XML does, whatever it is called."""
    first = next(iter(resource.content.blocks()), b"")[:64]
    return first.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _is_zip(resource: Resource) -> bool:
    return next(iter(resource.content.blocks()), b"")[:4] == b"PK\x03\x04"
