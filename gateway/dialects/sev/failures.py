# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a refusal: three lines in Russian for people, as native systems write them, and the place last.

Обнаружено: <group of the collision>
(<code>) <what is wrong>
Решено: Отказать в регистрации.
<XML path>
"""

import re

from gateway.dialects.values import one_line, said
from gateway.model import Refusal

NOTED = 1020  # a person read the document and registered nothing: sending it again cannot help
_DECIDED = "Решено: Отказать в регистрации."
_DECISIONS = {NOTED: "Решено: Принять к сведению без регистрации."}
_FOUND = "Обнаружено: "
_GROUPS = {
    39: "[Группа 1] Неверный формат сообщения.",  # the only native code whose meaning is known
    NOTED: "Документ прочитан.",
}
_OTHER_GROUP = "Документ не может быть зарегистрирован."


def failure_words(refusal: Refusal) -> str:
    """Return what is wrong, with what was expected and found when that is known."""
    words = [refusal.text.rstrip(".") + "." if refusal.text and (refusal.expected or refusal.found) else refusal.text]
    if refusal.expected:
        words.append(f"Ожидалось: {refusal.expected}.")
    if refusal.found:
        words.append(f"Получено: {refusal.found}.")
    return said(_unix(" ".join(word for word in words if word)))


def compose_failure(refusal: Refusal) -> str:
    """Return the text of Notification/Failure."""
    group = _GROUPS.get(refusal.code, _OTHER_GROUP)
    lines = [_FOUND + group, f"({refusal.code}) {failure_words(refusal)}", _DECISIONS.get(refusal.code, _DECIDED)]
    place = one_line(said(refusal.place))
    return "\n".join([*lines, place] if place else lines)


def parse_failure(code: int, text: str) -> Refusal:
    """Return the refusal that *text* tells; text of any other shape is kept whole."""
    text, retryable = _unix(text).strip(), code != NOTED
    head, decided, place = text.rpartition("\n" + _DECISIONS.get(code, _DECIDED))
    numbered = re.compile(rf"(?:{_FOUND.strip()}[^\n]*\n)?\({re.escape(str(code))}\)(.*)", re.DOTALL)
    if decided and "\n" not in place.strip():
        shaped = numbered.fullmatch(head)
        if shaped:
            return Refusal(code, shaped[1].strip(), one_line(place), retryable=retryable)
    shaped = numbered.fullmatch(text)
    words = shaped[1].strip() if shaped and not text.startswith(_FOUND) else text
    return Refusal(code, words, retryable=retryable)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")
