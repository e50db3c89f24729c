# SPDX-License-Identifier: GPL-3.0-or-later
"""Result codes (§1.4) and what they mean: theirs on the wire, and ours as they are said with theirs.

A code of ack_type 1 is known as it is on the wire.  Those of ack_type 2 (registration) mean other things by the same
numbers: 2 and 3 are known as 202 and 203, and 1 as our own code for a document that is taken note of only.
"""

from typing import Final

from gateway.dialects.smdo.vocabulary import DELIVERY, REGISTRATION
from gateway.dialects.values import one_line, said
from gateway.model import Refusal

NOT_SUBJECT, REFUSED, DISTRUSTED = 1020, 202, 203
_REGISTRATION: Final = {1: NOT_SUBJECT, 2: REFUSED, 3: DISTRUSTED}  # ack_type 2
DELIVERY_CODES: Final = {  # ack_type 1
    1: "Неверный стандарт",
    2: "Неверная версия стандарта",
    3: "Неверный вид сообщения",
    10: "Не указан получатель",
    11: "Получатель не является этой организацией",
    12: "Отсутствует обязательный атрибут заголовка",
    20: "Отсутствует зона",
    21: "Неизвестная зона",
    22: "Зона повторена",
    30: "Недопустимый элемент",
    31: "Недопустимая вложенность элемента",
    32: "Недопустимое число элементов",
    33: "Неверный тип атрибута",
    34: "Неверный тип содержимого",
    35: "Отсутствует обязательный атрибут элемента",
    -1: "XML не читается или не соответствует формату",
    -21: "Подпись неверна или отсутствует файл",
    -22: "Файл не подписан",
    -23: "Нет доверия сертификату",
    999: "Ошибка",
}
POSITIVE: Final = {23: -23}  # QUIRK: one program writes the distrusted certificate without its sign
# IncNumber of a refusal (§1.4)
REGISTRATION_CODES: Final = {
    NOT_SUBJECT: "Регистрации не подлежит",
    REFUSED: "Отказ в регистрации",
    DISTRUSTED: "Нет доверия ЭЦП",
}
# Refusal codes of ours (docs/protocol.md); any other is a refusal to register.
_OURS: Final = {
    39: 32,  # no author
    1001: -1,  # broken XML
    1002: -1,  # DOCTYPE
    1003: -1,  # unreadable passport
    1004: 35,  # a field is missing; of the header 12
    1005: -21,  # a file is missing
    1006: 11,  # not for us
    1011: 3,  # a kind of message we do not have
    1017: -21,  # files that cannot be told apart
    1018: -1,  # too large
}
_MISSING_FIELD = 1004
_HEADER = "/Header"


def as_refusal(refusal: Refusal) -> Refusal:
    """Return what the format says of *refusal*: one of its codes, and everything else in words."""
    code = _OURS.get(refusal.code, refusal.code)
    if refusal.code == _MISSING_FIELD and (_HEADER in refusal.place or refusal.place.startswith("/Envelop/@")):
        code = 12
    if code not in DELIVERY_CODES and code not in REGISTRATION_CODES:
        code = REFUSED
    return Refusal(code, _words(refusal) or default_words(code), retryable=code != NOT_SUBJECT)


def _words(refusal: Refusal) -> str:
    words = [refusal.text]
    if refusal.expected or refusal.found:
        words = [refusal.text.rstrip(".") + "." if refusal.text else ""]
    if refusal.expected:
        words.append(f"Ожидалось: {refusal.expected}.")
    if refusal.found:
        words.append(f"Получено: {refusal.found}.")
    if refusal.place:
        words.append(f"({one_line(refusal.place)})")
    return said(" ".join(word for word in words if word))


def default_words(code: int) -> str:
    return REGISTRATION_CODES.get(code) or DELIVERY_CODES.get(code) or f"Код {code}"


def ack_of(code: int) -> tuple[str, int]:
    """Return the ack_type and errorcode for a refusal that `as_refusal` made."""
    return next(
        ((REGISTRATION, errorcode) for errorcode, known in _REGISTRATION.items() if known == code), (DELIVERY, code)
    )


def read_refusal(ack_type: str, errorcode: int, words: str) -> Refusal:
    """Return the refusal that an acknowledgement tells; a code the table lacks keeps its number in words."""
    if ack_type == REGISTRATION:
        code = _REGISTRATION.get(errorcode, REFUSED)
        if errorcode not in _REGISTRATION:
            words = f"{words or REGISTRATION_CODES[REFUSED]} (код {errorcode})"
    else:
        code = POSITIVE.get(errorcode, errorcode)
    return Refusal(code, words or default_words(code), retryable=code != NOT_SUBJECT)
