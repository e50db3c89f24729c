# SPDX-License-Identifier: GPL-3.0-or-later
"""The envelope of a MEDO mail product: ``*.ini`` of what goes, ``*.ltr`` of what came, windows-1251 with CRLF.

Own tolerant reading: sections and keys come in any order, lines may begin with blanks, numbers may have gaps, the
subject may spill over several lines, paths are of the product's own disk and only their last step means anything.
"""

import re
from dataclasses import dataclass

SUFFIXES = (".ini", ".ltr")
MAX_BYTES = 1 << 20  # LIMIT: bytes of an envelope; a longer one is none
MAX_SUBJECT = 255  # LIMIT: bytes of a subject in windows-1251, of the product
LETTER, ADDRESSEES, TEXT, FILES = "ПИСЬМО КП ПС СЗИ", "АДРЕСАТЫ", "ТЕКСТ", "ФАЙЛЫ"
_SECTION = re.compile(r"\[([^\]]*)\]")
_KEY = re.compile(r"([^=\s][^=]{0,40}?)\s*=(.*)")
_OF_LETTER = frozenset(("ТЕМА", "АВТООТПРАВКА", "ШИФРОВАНИЕ", "ЭЦП", "ДОСТАВЛЕНО", "ПРОЧТЕНО", "ДАТА"))


@dataclass(frozen=True, slots=True)
class Envelope:
    subject: str
    addressees: tuple[str, ...]  # "BOX~NODE"
    files: tuple[str, ...]  # the text among them, last; without the envelope itself


def read(data: bytes) -> Envelope | None:
    """Return the envelope in *data*; None when it does not begin a letter of the product."""
    if len(data) > MAX_BYTES:
        return None
    section, subject, spilling = "", [], False
    found: dict[str, list[str]] = {ADDRESSEES: [], TEXT: [], FILES: []}
    seen = False
    for line in _text(data).splitlines():
        line = line.strip()
        if head := _SECTION.fullmatch(line):
            section, spilling = head[1].strip().upper(), False
            seen = seen or section == LETTER
            continue
        key, value = _pair(line)
        if section == LETTER and key in _OF_LETTER:
            spilling = key == "ТЕМА"
            if spilling:
                subject.append(value)
        elif section == LETTER and spilling:
            subject.append(line)
        elif value and ((key.isdecimal() and section in (ADDRESSEES, FILES)) or (section, key) == (TEXT, "ФАЙЛ")):
            found[section].append(value)
    if not seen:
        return None
    files = tuple(dict.fromkeys(_last_step(name) for name in (*found[FILES], *found[TEXT])))
    return Envelope(" ".join(" ".join(subject).split()), tuple(found[ADDRESSEES]), files)


def write(envelope: Envelope) -> bytes:
    """Return *envelope* for the product to send by itself; what windows-1251 lacks becomes ``?``.

    Raises ValueError for a file name that this encoding cannot say: the product would not find the file.
    """
    subject = " ".join(envelope.subject.split()).encode("cp1251", "replace")[:MAX_SUBJECT].decode("cp1251")
    lines = [f"[{LETTER}]", f"ТЕМА={subject}", "АВТООТПРАВКА=1", "", f"[{ADDRESSEES}]"]
    lines += [f"{number}={_plain(name)}" for number, name in enumerate(envelope.addressees)]
    lines += ["", f"[{FILES}]", *(f"{number}={_plain(name)}" for number, name in enumerate(envelope.files)), ""]
    return "\r\n".join(lines).encode("cp1251")


def _plain(name: str) -> str:
    if any(ord(letter) < 32 for letter in name):
        raise ValueError("a name with a line break cannot stand in an envelope")
    return name


def _pair(line: str) -> tuple[str, str]:
    found = _KEY.fullmatch(line)
    return (found[1].upper(), found[2].strip()) if found else ("", "")


def _last_step(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _text(data: bytes) -> str:
    """Decode as the wild demands: UTF-8 when it is, else windows-1251, whatever bytes there are."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", "replace")
