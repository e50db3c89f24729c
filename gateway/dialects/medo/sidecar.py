# SPDX-License-Identifier: GPL-3.0-or-later
"""The envelope file of the postal product (§3): written beside a package when a partner wants it, ignored on arrival.

On arrival only the order of its files counts, as a last resort where names do not meet, and which of them is the text
of the letter.  Its addresses, its flags and its subject are those of another post than the one that brought it.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.content import whole
from gateway.dialects.medo.values import MOSCOW, line
from gateway.dialects.wire import Resource, Written

ENVELOPE = "envelope.ini"
MAX_BYTES = 64 << 10  # LIMIT: of an envelope that is looked at
MAX_SUBJECT = 255  # LIMIT: bytes of ТЕМА, one line
_SIGNATURE = "[ПИСЬМО КП ПС СЗИ]"
_FILES, _TEXT = "[ФАЙЛЫ]", "[ТЕКСТ]"
_TEXT_KEY = "файл"
_TEXT_ENDINGS = (".txt", ".rtf")
_ENDINGS = (".ini", ".ltr")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the envelope of one package says but for the address it goes to."""

    subject: str
    at: datetime
    files: tuple[str, ...]  # the message XML among them

    def written(self, address: str) -> Written:
        """Return the file, for the postal *address* ``BOX~NODE``: windows-1251 without a mark, CRLF."""
        listed = (f"{number}={name}" for number, name in enumerate(self.files))
        lines = (
            _SIGNATURE,
            f"ТЕМА={_cut(self.subject)}",
            "АВТООТПРАВКА=1",
            "ШИФРОВАНИЕ=0",
            "ЭЦП=0",
            "ДОСТАВЛЕНО=1",
            "ПРОЧТЕНО=0",
            f"ДАТА={self.at.astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}",
            "",
            "[АДРЕСАТЫ]",
            f"0={line(address)}",
            "",
            _FILES,
            *listed,
            "",
        )
        return Written(ENVELOPE, "\r\n".join(lines).encode("windows-1251", "replace"))


def _cut(subject: str) -> str:
    return line(subject.encode("windows-1251", "replace")[:MAX_SUBJECT].decode("windows-1251"), MAX_SUBJECT)


def is_envelope(resource: Resource) -> bool:
    """Say whether *resource* is an envelope: it begins like one, or is called like one and holds its section.

    QUIRK: adapters call it anything that ends so, write it in UTF-8, with blanks before the first section, or with its
    sections in another order.
    """
    first = _decoded(next(iter(resource.content.blocks()), b"")[:MAX_BYTES])
    if first.lstrip("\ufeff \t\r\n").startswith(_SIGNATURE):
        return True
    called = any(name.lower().endswith(_ENDINGS) for name in resource.names)
    return called and any(row.strip("\ufeff \t") == _SIGNATURE for row in first.splitlines())


@dataclass(frozen=True, slots=True)
class Named:
    """The files that an envelope names, without folders."""

    files: tuple[str, ...] = ()  # of [ФАЙЛЫ], in their order
    text: str = ""  # of [ТЕКСТ]: the text of the letter


def named_by(resource: Resource) -> Named:
    """Return what the envelope *resource* names; nothing when it cannot be read.

    QUIRK: numbers have gaps, keys have blanks around them, and the product writes absolute paths of its own disk.
    """
    try:
        text = _decoded(whole(resource.content, MAX_BYTES))
    except ValueError:  # too large for one
        return Named()
    found: dict[int, str] = {}
    letter = section = ""
    for row in text.splitlines():
        row = row.strip("\ufeff \t")
        if row.startswith("["):
            section = row.casefold()
            continue
        key, _, path = row.partition("=")
        key, name = key.strip(), path.strip().replace("\\", "/").rpartition("/")[2]
        if section == _FILES.casefold() and name and key.isdecimal() and len(key) < 7:
            found[int(key)] = name
        elif section == _TEXT.casefold() and key.casefold() == _TEXT_KEY and name.lower().endswith(_TEXT_ENDINGS):
            letter = name
    return Named(tuple(found[number] for number in sorted(found)), letter)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("windows-1251", "replace")
