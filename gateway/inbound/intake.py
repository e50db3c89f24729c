# SPDX-License-Identifier: GPL-3.0-or-later
"""What the office makes of an incoming message before anybody acts: the exchange it opens, the orders for the EDMS."""

from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from gateway import identity, policy
from gateway.dialects.wire import Reading
from gateway.errors import Reason, Refused
from gateway.inbound.rules import CODES, OTHER_CODE, Case
from gateway.journal.entries import Entry
from gateway.journal.exchanges import Exchange
from gateway.model import (
    Document,
    DocumentType,
    DocumentUid,
    ExchangeId,
    Letter,
    Message,
    MessageId,
    Number,
    Party,
    Refusal,
    ReturnId,
)
from gateway.office import Office, Partner
from gateway.outbox import subscription_of, until
from gateway.ports import Intake
from gateway.settings import OfficeSettings

UNKNOWN = "unknown"  # what a reply says for an id that could not be read (docs/protocol.md, "The unreadable")
NO_NUMBER = "б/н"


def understood(reading: Reading, letter: Letter, now: datetime) -> tuple[Message | None, Refused | None]:
    """Return the message in *reading*, and why it must be refused all the same, if so.

    Of a document that could not be read a stand-in is made from whatever could be, so that its sender hears why.
    An unreadable report, or a kind that is only named, yields no message: it is owed nothing.
    *now* is in the zone of the office, for the date of a document that has none.
    """
    if reading.message is not None:
        return reading.message, reading.refusal
    if reading.kind != "document":
        return None, reading.refusal or Refused(Reason.UNSUPPORTED, reading.title or "not a document and not a report")
    heading, about = reading.heading, reading.heading.about
    number = Number(about.number.text or NO_NUMBER, about.number.date or now.date())
    stand_in = Message(
        id=MessageId(f"letter:{letter.digest}"),  # never the passport's: a damaged copy is no other version of it
        return_id=ReturnId(heading.return_id or UNKNOWN),
        sent_at=heading.sent_at or now,
        sender=heading.sender or Party(),
        recipients=heading.recipients,
        body=Document(uid=about.uid or DocumentUid(UNKNOWN), number=number, kind=about.kind),
        dialect=reading.dialect,
        dialect_version=reading.version,
    )
    return stand_in, reading.refusal or Refused(Reason.BAD_PASSPORT, "the document could not be read")


def case_of(
    message: Message, document: Document, partner: Partner, ours: OfficeSettings | None, office: Office
) -> Case:
    """Return *document* for *ours* (None: for none of us) with the rule of ours that applies to it."""
    speaking = ours or office.settings.offices[0]
    chosen = policy.receiving(office.settings.receive, policy.Facts.of(document, partner.id, speaking.index))
    return Case(message, document, partner, chosen.rule, ours)


def opened_exchange(case: Case, office: Office, letter: Letter, now: datetime) -> Exchange:
    """Return the exchange a document opens; of one without identity, an exchange of its letter alone."""
    ours = office_of(case, office)
    uid = case.document.uid
    if not uid or uid == UNKNOWN or case.unreadable:
        uid = DocumentUid(f"letter:{letter.digest}")
    subscription = case.message.subscription or subscription_of(case.partner, case.document)
    return Exchange(
        id=identity.incoming_exchange(ours.index, case.partner.id, uid),
        direction="in",
        partner=case.partner.id,
        office=ours.index,
        document_uid=uid,
        digest=identity.document_digest(case.document),
        return_id=case.message.return_id,
        number=case.document.number,
        opened_at=now,
        until=until(now, subscription),
        subscription=case.message.subscription,
        message=case.message,
        letter_id=case.letter_id,
    )


def office_of(case: Case, office: Office) -> OfficeSettings:
    """Return which of our organisations speaks in this exchange; the first one when the message is for none."""
    return case.ours or office.settings.offices[0]


def intake_of(case: Case, ours: OfficeSettings, entry: Entry) -> Intake:
    """Return the orders for the EDMS that go with this document."""
    receive = case.receive
    return Intake(
        office=ours.index,
        partner=case.partner.id,
        correspondent=case.message.sender,
        received_at=entry.created_at,
        register_on=entry.created_at.astimezone(ZoneInfo(ours.time_zone)).date(),
        return_id=case.message.return_id,
        message_id=case.message.id,
        group=receive.group,
        default_inbox=receive.default_inbox or ours.default_inbox,
        unknown_addressee=receive.unknown_addressee,
        same_number=receive.same_number,
        wait_because=_wait_because(case, ours),
    )


def follow_up_id(exchange: Exchange, case: Case) -> ExchangeId:
    """Return the id of what is added to *exchange*'s card: the same change always has the same one."""
    digest = identity.document_digest(case.document)
    return ExchangeId(sha256(f"follow-up\0{exchange.id}\0{digest}".encode()).hexdigest())


def refusal_of(why: Refused) -> Refusal:
    """Return *why* as the partner hears it: a code, words for people, the place last."""
    return Refusal(
        code=CODES.get(why.reason, OTHER_CODE),
        text=WORDS.get(why.reason, OTHER_WORDS),
        place=why.place,
        expected=why.expected,
        found=why.found,
    )


OTHER_WORDS = "Документ не может быть принят."
# Native Russian for people: the standard's texts are Russian whatever the partner's language (§6.9).
WORDS = {
    Reason.MISSING_AUTHOR: "Отсутствуют данные об авторе документа.",
    Reason.BAD_XML: "Паспорт сообщения не является правильным XML.",
    Reason.DOCTYPE: "Паспорт сообщения содержит DOCTYPE, это запрещено.",
    Reason.BAD_PASSPORT: "Паспорт сообщения не удалось прочитать.",
    Reason.MISSING_FIELD: "Отсутствует обязательное поле паспорта.",
    Reason.MISSING_FILE: "Отсутствует файл, указанный в паспорте.",
    Reason.NOT_FOR_US: "Получатель сообщения не обслуживается этой организацией.",
    Reason.NOT_ALLOWED: "Приём документов от этого отправителя не предусмотрен соглашением.",
    Reason.UNKNOWN_ADDRESSEE: "Адресат документа не найден.",
    Reason.UNKNOWN_CORRESPONDENT: "Отправитель не найден в справочнике организаций.",
    Reason.UNSUPPORTED: "Этот вид сообщения не поддерживается.",
    Reason.SAME_NUMBER: "Документ с таким номером и датой уже зарегистрирован.",
    Reason.CHANGED: "Документ отличается от зарегистрированного ранее.",
    Reason.AMBIGUOUS: "Файлы сообщения нельзя однозначно сопоставить с паспортом.",
    Reason.TOO_LARGE: "Сообщение слишком велико.",
}


# Why a paper waits, for the people of the office, in its language.
WAITS = {
    "ru": {
        "draft": "проект документа не регистрируется автоматически",
        "agreed": "документы этого отправителя регистрирует человек",
        "supplement": "дополнение к документу, который не поступил",
        "changed": "отличается от зарегистрированного документа",
        "again": "поступил повторно",
    },
    "en": {
        "draft": "a draft is never registered by itself",
        "agreed": "this partner's documents are registered by a person",
        "supplement": "adds to a document that did not come",
        "changed": "differs from the document that is registered",
        "again": "was sent again",
    },
}


def _wait_because(case: Case, ours: OfficeSettings) -> str:
    if case.receive.register == "wait":
        return WAITS[ours.language]["draft" if case.document.type is DocumentType.DRAFT else "agreed"]
    return ""
