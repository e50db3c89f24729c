# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sending clerk reads on the card, in the language of the office."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gateway.errors import Reason, Refused
from gateway.model import Number
from gateway.office import Office
from gateway.outbound.differences import Difference
from gateway.reports import Rung

REFUSED = {
    "ru": {
        Reason.UNKNOWN_PARTNER: "Нет соглашения об обмене с этой организацией",
        Reason.MISSING_AUTHOR: "Ни один из авторов документа не является нашей организацией",
        Reason.TOO_LARGE: "Письмо больше, чем принимает получатель",
        Reason.RESTRICTED: "Документ ограниченного доступа, а канал связи с этой организацией не защищён",
        Reason.VIRUS: "В файле найден вирус",
        Reason.NOT_SCANNED: "Файл слишком велик для проверки на вирусы или зашифрован",
    },
    "en": {
        Reason.UNKNOWN_PARTNER: "There is no agreement with this organisation",
        Reason.MISSING_AUTHOR: "None of the document's authors is an organisation of ours",
        Reason.TOO_LARGE: "The letter is larger than the recipient takes",
        Reason.RESTRICTED: "The document is restricted, and the channel to this organisation is not encrypted",
        Reason.VIRUS: "A virus was found in a file",
        Reason.NOT_SCANNED: "A file is too large to be scanned for viruses, or encrypted",
    },
}
SCANS = (Reason.VIRUS, Reason.NOT_SCANNED)  # their place is the name of the file
OVERDUE = {
    "ru": {
        "sent": "нет подтверждения получения к {due}; последнее доказанное: передан почте {proven}",
        "received": "нет регистрации к {due}; последнее доказанное: получен {proven}",
    },
    "en": {
        "sent": "no receipt by {due}; proven last: handed to mail {proven}",
        "received": "not registered by {due}; proven last: received {proven}",
    },
}
CANCELLED = {
    "ru": {
        "never": "не отправлялось",
        "returned": "доставить не удалось, больше не отправляется",
        "perhaps": "последняя передача осталась без ответа, письмо могло дойти: сообщите получателю",
    },
    "en": {
        "never": "was not sent",
        "returned": "could not be delivered, is sent no more",
        "perhaps": "the last attempt was not answered and may have arrived: tell the recipient",
    },
}
STANDS = {
    "ru": {
        "registered": "зарегистрировано у получателя № {number} от {date} и там не удаляется: сообщите получателю",
        "refused": "получатель отказал в регистрации, отзывать нечего",
        "sent": "отправлено {moment}",
        "received": "получено {moment}",
        "not received": "получение не подтверждено",
        "cannot": "{dialect} не умеет отзывать",
        "tell them": "сообщите получателю",
    },
    "en": {
        "registered": "registered there as {number} of {date} and never deleted there: tell the recipient",
        "refused": "the recipient refused to register it, there is nothing to take back",
        "sent": "sent {moment}",
        "received": "received {moment}",
        "not received": "no receipt yet",
        "cannot": "{dialect} cannot take a document back",
        "tell them": "tell the recipient",
    },
}
DIALECTS = {"ru": {"sev": "СЭВ"}, "en": {"sev": "SEV"}}
CHANGES = {
    "ru": {
        "not-sent": "дополнять нечего: у получателя нет этого документа, отправьте его целиком",
        "nothing": "изменений нет, ничего не отправлено",
        "added": "дополнение: файлов {files}, поручений {tasks}",
        "repeated": "документ отправлен повторно целиком",
        "files gone": "удаление файлов сообщить нельзя: {names}",
        "tasks gone": "снятие поручений сообщить нельзя: {number}",
    },
    "en": {
        "not-sent": "nothing to add to: the recipient does not have this document, send it whole",
        "nothing": "nothing changed, nothing was sent",
        "added": "an addition: files {files}, tasks {tasks}",
        "repeated": "the whole document was sent once more",
        "files gone": "that files were removed cannot be told: {names}",
        "tasks gone": "that tasks were taken away cannot be told: {number}",
    },
}

Key = TypeVar("Key")


def said(why: Refused, office: Office) -> str:
    """Return why a document was not sent."""
    words = _words(REFUSED, office).get(why.reason, why.detail)
    facts = "; ".join(fact for fact in (why.place if why.reason in SCANS else "", why.found, why.expected) if fact)
    return f"{words}: {facts}" if facts else words


def overdue(rung: Rung, due_at: datetime, proven_at: datetime, office: Office) -> str:
    """Return what was expected by *due_at*, what was proven last and when; moments in the zone of the office."""
    words = _words(OVERDUE, office)["sent" if rung is Rung.SENT else "received"]
    return words.format(due=_moment(due_at), proven=_moment(proven_at))


@dataclass(frozen=True, slots=True)
class Possible:
    """What is known of a document that its sender wants back; moments in the zone of the office."""

    dialect: str = ""
    can_withdraw: bool = False  # the dialect has a message for it
    sent_at: datetime | None = None
    received_at: datetime | None = None  # None: no receipt came
    refused: bool = False
    registered: Number | None = None  # as the partner has it; None: not registered


def cancelled(how: str, office: Office) -> str:
    """Return what became of a document that was taken back in time: "never" sent, "returned", or "perhaps" there."""
    return _words(CANCELLED, office)[how]


def not_withdrawn(found: Possible, office: Office) -> str:
    """Return why a document stays where it is, and what the clerk can do."""
    words, dialects = _words(STANDS, office), _words(DIALECTS, office)
    if found.registered is not None:
        day = f"{found.registered.date:%d.%m.%Y}" if found.registered.date else "?"
        return words["registered"].format(number=found.registered.text, date=day)
    if found.refused:
        return words["refused"]
    facts = [words["sent"].format(moment=_moment(found.sent_at))] if found.sent_at else []
    facts.append(
        words["received"].format(moment=_moment(found.received_at)) if found.received_at else words["not received"]
    )
    cannot = words["cannot"].format(dialect=dialects.get(found.dialect, found.dialect))
    possible = [] if found.can_withdraw else [f"{cannot}: {words['tell them']}"]
    return "; ".join([", ".join(facts), *possible])


def changes_that_go(found: Difference, office: Office, *, whole: bool) -> str:
    """Return what is sent after a document, and what of its changes cannot be told."""
    words = _words(CHANGES, office)
    goes = words["added"].format(files=len(found.files), tasks=len(found.tasks))
    return "; ".join([words["repeated"] if whole else goes, *_untold(found, office)])


def no_changes(why: str, found: Difference | None, office: Office) -> str:
    """Return why nothing is sent after a document: "not-sent" or "nothing"; and what cannot be told."""
    return "; ".join([_words(CHANGES, office)[why], *(_untold(found, office) if found else ())])


def _untold(found: Difference, office: Office) -> list[str]:
    words = _words(CHANGES, office)
    files = [words["files gone"].format(names=", ".join(found.files_gone))] if found.files_gone else []
    return files + ([words["tasks gone"].format(number=found.tasks_gone)] if found.tasks_gone else [])


def _words(table: Mapping[str, Mapping[Key, str]], office: Office) -> Mapping[Key, str]:
    """Return what *table* has in the language of the office: that of our first organisation."""
    return table[office.settings.offices[0].language]


def _moment(at: datetime | None) -> str:
    return f"{at:%d.%m.%Y %H:%M}" if at else ""
