# SPDX-License-Identifier: GPL-3.0-or-later
"""Result codes of a notification (1A.4): ours to theirs, and theirs in words.

The same number means another thing in another kind of acknowledgement.  What the standard has no number for goes as a
negative one, which it leaves to the maker of a system: ours are those of docs/protocol.md with a minus.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.dialects.gost2010.values import one_line, said
from gateway.dialects.gost2010.vocabulary import DELIVERED, TAKEN
from gateway.model import Refusal

# AckResult/@errorcode of ack_type 1: what is wrong with the message (1A.4)
ACCEPTANCE: Mapping[int, str] = {
    1: "Недопустимое значение атрибута standart.",
    2: "Недопустимое значение атрибута version.",
    3: "Недопустимое значение атрибута msg_type.",
    10: "В заголовке сообщения не указан получатель.",
    11: "Получатель в заголовке не совпадает с организацией, получившей сообщение.",
    12: "Отсутствует обязательный атрибут заголовка.",
    20: "Отсутствует обязательная зона.",
    21: "Неизвестная зона.",
    22: "Несколько зон одного типа.",
    30: "Недопустимый для зоны элемент.",
    31: "Неправильная вложенность элементов.",
    32: "Неправильное количество элементов.",
    33: "Неправильный тип атрибута.",
    34: "Неправильный тип содержимого элемента.",
    35: "Отсутствует обязательный атрибут элемента.",
    40: "Ссылочные данные зоны Document противоречат полученным ранее.",
}
# of ack_type 2: why the document is not registered
NOT_REGISTERED = 1
REGISTRATION: Mapping[int, str] = {NOT_REGISTERED: "Документ относится к категории нерегистрируемых."}

# Codes of ours (docs/protocol.md, "Refusal codes") that the standard has a number for, whatever the place.
_MISSING_AUTHOR, _BAD_PASSPORT, _MISSING_FIELD, _NOT_FOR_US, _NOTED = 39, 1003, 1004, 1006, 1020
_CLAUSES = {_MISSING_AUTHOR: 32, _NOT_FOR_US: 11}
_BY_PEOPLE = frozenset({1007, 1008, 1009, 1013, 1014, 1016, _NOTED, *range(1030, 1040)})  # or by rules of the office
_OTHER = 1099
_MAX = 2**31 - 1
_PLACE = re.compile(r"/\S{1,500}")


@dataclass(frozen=True, slots=True)
class Result:
    """A refusal as it stands in a notification."""

    ack_type: str
    code: int  # AckResult/@errorcode
    text: str


def clause(refusal: Refusal) -> Result:
    """Return *refusal* as the standard says it."""
    text = compose(refusal)
    if refusal.code == _NOTED and not refusal.retryable:
        return Result(TAKEN, NOT_REGISTERED, text)
    code = _CLAUSES.get(refusal.code, refusal.code)
    if code == _MISSING_FIELD:
        code = _missing(refusal.place)
    if code == _BAD_PASSPORT and refusal.place.endswith("/@msg_type"):
        code = 3
    if code in ACCEPTANCE:
        return Result(DELIVERED, code, text)
    vendor = abs(code) if 0 < abs(code) <= _MAX else _OTHER
    return Result(TAKEN if vendor in _BY_PEOPLE else DELIVERED, -vendor, text)


def _missing(place: str) -> int:
    """Return what clause says that something is missing at *place*."""
    steps = place.strip("/").split("/")
    if len(steps) == 2 and steps[1].startswith("@"):
        return 12
    if steps[-1].startswith("@"):
        return 35
    return 20 if len(steps) == 2 else 32


def understood(result: Result) -> Refusal:
    """Return the refusal that a notification tells; without words, those of the standard."""
    words, place = _parts(result.text)
    if result.ack_type == TAKEN and result.code == NOT_REGISTERED:
        return Refusal(_NOTED, words or REGISTRATION[NOT_REGISTERED], place, retryable=False)
    known = ACCEPTANCE.get(result.code, "") if result.ack_type != TAKEN else ""
    return Refusal(result.code, words or known or f"Код ошибки {result.code}.", place)


def heard(refusal: Refusal) -> Refusal:
    """Return what the other side reads of *refusal*."""
    return understood(clause(refusal))


def compose(refusal: Refusal) -> str:
    """Return the text of AckResult: what is wrong, what was expected and found, and the place on a line of its own."""
    text = refusal.text
    if text and (refusal.expected or refusal.found):
        text = text.rstrip(".") + "."
    words = [text]
    words += [f"Ожидалось: {refusal.expected}."] if refusal.expected else []
    words += [f"Получено: {refusal.found}."] if refusal.found else []
    place = one_line(refusal.place)
    shown = place if _PLACE.fullmatch(place) else f"({place})" if place else ""
    return said("\n".join(part for part in (" ".join(word for word in words if word), shown) if part))


def _parts(text: str) -> tuple[str, str]:
    """Return the words and the place of a text that `compose` or another system made."""
    text = text.replace("\r\n", "\n").strip()
    words, line, place = text.rpartition("\n")
    if _PLACE.fullmatch(place) and (line or not words):
        return words.strip(), place
    return text, ""
