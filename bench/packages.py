# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages as a records office sends them, written by our own dialects: a letter, who gets it, what shall be done."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count

from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.wire import Archive, Resource, Written
from gateway.envelope import files_of
from gateway.model import (
    Author,
    ContactKind,
    ContactPoint,
    Content,
    Department,
    Document,
    DocumentRef,
    DocumentUid,
    Drafter,
    Executor,
    File,
    FileRole,
    Link,
    Message,
    MessageId,
    Number,
    Organisation,
    Party,
    Person,
    PostalAddress,
    ReturnId,
    Sha256,
    Signature,
    System,
    Task,
    TaskControl,
    TaskUid,
    Term,
)

AT = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
DAY = date(2026, 3, 10)
FILES = 400  # at most, each with its signature: a zip archive of more than 1000 files is not read
SYSTEM = System("Делопроизводство", "26.1", "5b1e0c70-95bb-4e0f-8f0a-1d2f3a4b5c6d")

Contents = dict[Sha256, Content]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of package; a container has no place for tasks."""

    name: str
    dialect: str
    version: str
    tasks: bool = True


SEV = Kind("SEV", "sev", "1.0")
GOST = Kind("GOST 2010", "gost2010", "1.0")
SMDO = Kind("SMDO 2.1.1", "smdo", "SDIP-2.1.1")
CARD = Kind("MEDO 2.6, a card", "medo", "2.6")
CONTAINER = Kind("MEDO 2.7.1, a container", "medo", "2.7.1", tasks=False)
KINDS = (SEV, GOST, SMDO, CARD, CONTAINER)


@dataclass(frozen=True, slots=True)
class Sent:
    """A package as it is sent, and the XML in it: the passport, and of a container the one inside, too."""

    resources: tuple[Resource, ...]  # the passport first
    passports: tuple[bytes, ...]  # without the files that may stand in them

    @property
    def size(self) -> int:
        return sum(map(len, self.passports))


def of_size(kind: Kind, size: int) -> int:
    """Return of how many parts a package of *kind* with *size* bytes of XML consists."""
    return next(parts for parts in count(1) if sent(kind, parts).size >= size)


def sent(kind: Kind, parts: int, content: Content | None = None) -> Sent:
    """Return a package of *kind*: whatever may occur several times does, *parts* times; *content* is its text."""
    contents: Contents = {}
    message = _message(kind, parts, contents, content)
    package = by_name(kind.dialect).write(message)
    files = files_of(package, contents, MemorySink)
    passport = next(file for file in files if file.name == package.passport_name)
    ordered = [passport, *(file for file in files if file is not passport)]
    members = [inner for member in package.members if isinstance(member, Archive) for inner in member.members]
    return Sent(
        tuple(Resource((file.name,), file.content, file.media_type) for file in ordered),
        (package.passport, *(inner.data for inner in members if isinstance(inner, Written))),
    )


def _message(kind: Kind, parts: int, contents: Contents, content: Content | None) -> Message:
    addressees = tuple(_party(number) for number in range(2 * parts))
    text = _file("Письмо о сроках представления сведений.pdf", 0, contents, FileRole.TEXT, content)
    annexes = tuple(
        _file(f"Приложение {n}. Сведения.pdf", n, contents, FileRole.ANNEX) for n in range(1, min(parts, FILES) + 1)
    )
    document = Document(
        uid=DocumentUid(_guid(1)),
        number=Number("01-12/2026", DAY),
        card="4678",
        kind=Term("Письмо"),
        access=Term("Общий"),
        subject="О представлении сведений об исполнении поручений за первый квартал 2026 года",
        pages="6",
        note="Просим подтвердить получение.",
        files=(text, *annexes),
        authors=(Author(_party(49), Number("01-12/2026", DAY)),),
        addressees=addressees,
        drafters=(Drafter(_party(99)),),
        links=tuple(_link(number) for number in range(parts)),
        tasks=tuple(_task(number) for number in range(parts)) if kind.tasks else (),
    )
    return Message(
        id=MessageId(_guid(2)),
        return_id=ReturnId(_guid(3)),
        sent_at=AT,
        sender=Party(_organisation(49), system=SYSTEM),
        recipients=addressees,
        body=document,
        dialect=kind.dialect,
        dialect_version=kind.version,
    )


def _guid(number: int) -> str:
    return f"{number:08x}-0a0b-4c0d-8e0f-{number:012x}"


def _organisation(number: int) -> Organisation:
    name = f"Управление документационного обеспечения № {number}"
    return Organisation(f"УДО № {number}", name, _guid(1000 + number), f"{7700000000 + number}")


def _party(number: int) -> Party:
    """Return an official; those of a long list are of fifty organisations."""
    return Party(
        _organisation(number % 50),
        department=Department("Отдел контроля исполнения", f"{number % 90 + 10}"),
        person=Person(f"Озёрный {'АБВГД'[number % 5]}. {'ЕЖЗИК'[number % 5]}.", "Начальник отдела"),
        postal=(PostalAddress("190000", Term("Северная область"), "Озёрск", f"ул. Речная, д. {number}"),),
        contacts=(
            ContactPoint(ContactKind.PHONE, f"+7 000 {number:07}"),
            ContactPoint(ContactKind.EMAIL, f"office{number}@minsk.example"),
        ),
    )


def _link(number: int) -> Link:
    ref = DocumentRef(DocumentUid(_guid(3000 + number)), Number(f"{number + 1}-исх", DAY - timedelta(days=number + 1)))
    return Link(Term("Связан с"), ref)


def _task(number: int) -> Task:
    return Task(
        uid=TaskUid(_guid(5000 + number)),
        number=f"{number + 1}",
        author=_party(49),
        signed_on=DAY,
        text=f"Представить сведения по пункту {number + 1} и сообщить об исполнении.",
        executors=(Executor(_party(number), responsible=True), Executor(_party(number + 1))),
        control=TaskControl(deadline=DAY + timedelta(days=20)),
    )


def _file(name: str, number: int, contents: Contents, role: FileRole, content: Content | None = None) -> File:
    made = content or Held(b"%%PDF-1.7 %d" % number)
    signature = Held(b"0\x80 %d" % number)
    contents[made.sha256], contents[signature.sha256] = made, signature
    signed = Signature("", signature.size, signature.sha256, AT, 1, "Озёрный А. Б.")
    return File(name, _guid(7000 + number), made.size, made.sha256, "application/pdf", role, signatures=(signed,))
