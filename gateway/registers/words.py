# SPDX-License-Identifier: GPL-3.0-or-later
"""What registers say, in the languages of offices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.model import Day
from gateway.registers.items import Which


@dataclass(frozen=True, slots=True)
class Words:
    """One language's."""

    day: str  # as strftime has it
    of: str  # between a number and its date
    no_number: str
    titles: Mapping[Which, str]
    period: str
    until: str
    made: str
    total: str
    none: str
    late: Mapping[str, str]  # by the rung that is late
    missing: str
    heads: Mapping[str, str]  # by column
    states: Mapping[str, str]

    def date(self, day: Day | None) -> str:
        return day.strftime(self.day) if day else ""

    def moment(self, moment: datetime, zone: tzinfo) -> str:
        return moment.astimezone(zone).strftime(f"{self.day} %H:%M")

    def number(self, text: str | None, day: Day | None) -> str:
        """Return a registration as people write it; *text* is None when there is none."""
        if text is None:
            return ""
        return f"{text or self.no_number} {self.of} {self.date(day)}" if day else text or self.no_number


RUSSIAN = Words(
    day="%d.%m.%Y",
    of="от",
    no_number="б/н",
    titles={
        Which.SENT: "РЕЕСТР ОТПРАВЛЕННЫХ ДОКУМЕНТОВ",
        Which.RECEIVED: "РЕЕСТР ПОЛУЧЕННЫХ ДОКУМЕНТОВ",
        Which.WAITING: "РЕЕСТР ДОКУМЕНТОВ, ОЖИДАЮЩИХ РЕШЕНИЯ",
        Which.OVERDUE: "РЕЕСТР ДОКУМЕНТОВ, ПО КОТОРЫМ ПРОСРОЧЕН ОТВЕТ ПОЛУЧАТЕЛЯ",
    },
    period="за период с {first} по {last}",
    until="по состоянию на {last}",
    made="составлен {moment}",
    total="Итого документов: {number}",
    none="документов нет",
    late={"received": "нет подтверждения получения", "registered": "нет регистрации"},
    missing="{late} к {due}",
    heads={
        "line": "№ п/п",
        "date": "Дата",
        "since": "Ждёт с",
        "late_since": "Просрочен с",
        "receiver": "Кому",
        "correspondent": "Корреспондент",
        "addressee": "Адресат",
        "our_number": "Наш № и дата",
        "their_number": "Исх. № и дата",
        "number": "Исх. №",
        "number_date": "Дата документа",
        "subject": "Краткое содержание",
        "registered_there": "№ и дата у получателя",
        "registered_here": "Наш вх. № и дата",
        "registered": "Рег. № получателя",
        "registered_date": "Дата регистрации",
        "state": "Состояние",
        "note": "Примечание",
        "why": "Почему ждёт",
        "late": "Чего нет",
        "proven": "Подтверждено последним",
        "office": "Организация",
    },
    states={
        "queued": "в очереди",
        "held": "задержан",
        "failed": "не доставлен",
        "sent": "отправлен",
        "received": "получен",
        "refused": "отказано",
        "registered": "зарегистрирован",
        "forwarded": "направлен",
        "assigned": "дано поручение",
        "reported": "есть отчёт",
        "executed": "исполнен",
        "answered": "дан ответ",
        "waiting": "ждёт решения",
        "put_off": "отложен",
        "parked": "в карантине",
        "dropped": "снят",
        "cancelled": "отменено, не отправлялось",
    },
)
ENGLISH = Words(
    day="%Y-%m-%d",
    of="of",
    no_number="no number",
    titles={
        Which.SENT: "REGISTER OF DOCUMENTS SENT",
        Which.RECEIVED: "REGISTER OF DOCUMENTS RECEIVED",
        Which.WAITING: "REGISTER OF DOCUMENTS THAT WAIT",
        Which.OVERDUE: "REGISTER OF DOCUMENTS WHOSE RECEIVER IS LATE",
    },
    period="from {first} to {last}",
    until="as of {last}",
    made="made on {moment}",
    total="Documents in all: {number}",
    none="no documents",
    late={"received": "no receipt", "registered": "not registered"},
    missing="{late} by {due}",
    heads={
        "line": "No.",
        "date": "Date",
        "since": "Since",
        "late_since": "Late since",
        "receiver": "To",
        "correspondent": "Correspondent",
        "addressee": "Addressee",
        "our_number": "Our number and date",
        "their_number": "Their number and date",
        "number": "Sender's number",
        "number_date": "Document's date",
        "subject": "Subject",
        "registered_there": "Number and date there",
        "registered_here": "Our number and date",
        "registered": "Receiver's number",
        "registered_date": "Registered on",
        "state": "State",
        "note": "Note",
        "why": "Why it waits",
        "late": "What is missing",
        "proven": "Proven last",
        "office": "Organisation",
    },
    states={
        "queued": "queued",
        "held": "held",
        "failed": "not delivered",
        "sent": "sent",
        "received": "received",
        "refused": "refused",
        "registered": "registered",
        "forwarded": "forwarded",
        "assigned": "instructed",
        "reported": "reported",
        "executed": "executed",
        "answered": "answered",
        "waiting": "waits for a person",
        "put_off": "put off",
        "parked": "in quarantine",
        "dropped": "dropped",
        "cancelled": "cancelled, never sent",
    },
)
LANGUAGES: Mapping[str, Words] = {"ru": RUSSIAN, "en": ENGLISH}
