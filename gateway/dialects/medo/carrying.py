# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each kind of fact in МЭДО: the degradation table (§2.7, §2.8, §5)."""

from gateway.dialects.wire import Carried
from gateway.model import EventKind as K

_WORDS = Carried("as", "an «Исполнение» in words")
_NO_DRAFT = Carried("no", "drafts do not travel in МЭДО")

CARRIES = {
    K.RECEIVED: Carried("whole"),  # Квитанция, accepted = true
    K.REFUSED: Carried("as", "the nearest reason of the list and the words in the comment"),  # or accepted = false
    K.REGISTERED: Carried("whole"),  # Зарегистрирован
    K.RENUMBERED: Carried("whole"),  # Зарегистрирован, with the new number
    K.DEREGISTERED: _WORDS,
    K.EDITED: _WORDS,
    K.FORWARDED: _WORDS,
    K.ACQUAINTED: Carried("no", "no report of ours shows who has read a document"),
    K.ASSIGNED: Carried("whole"),  # Назначен исполнитель
    K.DUE_CHANGED: Carried("whole"),  # Исполнение, with the deadline of the clause
    K.PROGRESS: _WORDS,
    K.EXECUTOR_REPORTED: _WORDS,
    K.EXECUTED: _WORDS,
    K.REOPENED: _WORDS,
    K.EXECUTOR_CHANGED: _WORDS,
    K.TASK_CANCELLED: _WORDS,
    K.REDIRECTED: _WORDS,
    K.ANSWERED: Carried("as", "a «Доклад направлен» with number and date of the answer"),
    K.WITHDRAWN: Carried("no", "a message that takes a document back does not exist"),
    K.NO_LONGER_REPORTED: Carried("no", "each fact is told once, so none vanishes from a report"),
    K.DIRECTED: _NO_DRAFT,
    K.SIGNED: _NO_DRAFT,
    K.DRAFT_REGISTERED: _NO_DRAFT,
}
