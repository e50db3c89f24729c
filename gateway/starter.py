# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that starts as it is: SQLite, loopback, the built-in registry, and a sample letter it registers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from gateway.content import Held
from gateway.demo.files import pdf
from gateway.dialects import by_name, version_of
from gateway.edms_adapter import registry
from gateway.envelope import Wrapping, seal
from gateway.journal.blobs import Blobs
from gateway.model import (
    Author,
    Document,
    DocumentUid,
    File,
    FileRole,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    ReturnId,
    System,
    Term,
)
from gateway.settings import Settings
from gateway.settings_files import load
from gateway.templates_home import shipped


@dataclass(frozen=True, slots=True)
class Starter:
    """What was written, and the envelope the sample letter wants."""

    paths: tuple[Path, ...]
    sender: str
    recipient: str


def write_starter(directory: Path) -> Starter:
    """Write configuration, secret, registry and sample letter into *directory*.

    Raises FileExistsError, before anything is written, when one of them is there already.
    """
    names = ("gateway.toml", "partners.toml", "office.secret", "registry.db", "sample.eml")
    paths = [directory / name for name in names]
    for path in paths:
        if path.exists():
            raise FileExistsError(17, "exists", str(path))
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for path in paths[:2]:
        path.write_text((shipped("config") / path.name).read_text(encoding="utf-8"), encoding="utf-8")
        path.chmod(0o600)
    paths[2].touch(mode=0o600)
    paths[2].write_text(token_hex(32) + "\n")
    settings = load(paths[0])
    settings.edms.files.mkdir(mode=0o700, exist_ok=True)
    fill_registry(settings)
    paths[4].write_bytes(_sample(settings, datetime.now(UTC)))
    return Starter(tuple(paths), settings.channels[0].address, settings.offices[0].address)


def fill_registry(settings: Settings) -> None:
    """Make the built-in registry that *settings* name, with our first office and the partners in it."""
    ours, database = settings.offices[0], settings.edms.database
    assert database is not None  # the shipped configuration names one
    registry.create(database)
    registry.seed(
        database,
        registry.Office(ours.index, ours.name, ours.full_name),
        [registry.Correspondent(index, partner.name) for partner in settings.partners for index in partner.indices],
    )


def _sample(settings: Settings, now: datetime) -> bytes:
    """A document of the first partner for the first office, with a PDF."""
    partner, ours = settings.partners[0], settings.offices[0]
    channel = next(channel for channel in settings.channels if channel.id == partner.channel)
    content = Held(pdf("On the supply of information"))
    index = partner.indices[0]
    theirs = Organisation(partner.name, index=partner.codes_in(channel.dialect, channel.dialect).get(index, index))
    us = Organisation(ours.name, index=ours.codes.get(channel.dialect, ours.index))
    uid = DocumentUid(sha256(b"sample document").hexdigest()[:32])
    number = Number("01-17/42", date(2026, 3, 11))
    message = Message(
        id=MessageId(sha256(b"sample message").hexdigest()[:32]),
        return_id=ReturnId(sha256(b"sample return").hexdigest()[:32]),
        sent_at=now,
        sender=Party(theirs, system=System("Sample EDMS", "1.0", "0" * 32)),
        recipients=(Party(us),),
        body=Document(
            uid=uid,
            number=number,
            kind=Term("Исходящие письма"),
            subject="О предоставлении сведений",
            pages="1",
            authors=(Author(Party(theirs, person=Person("Образцов О. О.", "директор")), number),),
            addressees=(Party(us),),
            files=(File("Письмо.pdf", "f" * 32, content.size, content.sha256, "application/pdf", FileRole.TEXT),),
        ),
        dialect=channel.dialect,
        dialect_version=version_of(channel.dialect, channel.dialect_version),
    )
    dialect = by_name(channel.dialect)
    package = dialect.write(dialect.degrade(message))
    wrapping = Wrapping(
        sender=channel.address,
        recipient=ours.address,
        at=now,
        message_id=f"{message.id}@{channel.address.rpartition('@')[2]}",
        in_reply_to="",
        text="",
        automatic=False,
    )
    blobs = Blobs(settings.journal.blobs)
    return b"".join(seal(package, {content.sha256: content}, wrapping, blobs.sink))
