# SPDX-License-Identifier: GPL-3.0-or-later
"""What the office makes of an incoming message before anybody acts: the exchange it opens, the orders for the EDMS."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from gateway import identity, policy
from gateway.dialects.wire import Reading
from gateway.errors import Reason, Refused
from gateway.inbound.rules import CODES, OTHER_CODE, Case
from gateway.inbound.taking import bad_file
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
from gateway.settings import OfficeSettings, Settings

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
    """Return *document* for *ours* (None: for none of us) with the rule of ours that applies to it.

    The office's defaults are filled into the rule.
    """
    speaking, access = ours or office.settings.offices[0], office.settings.access
    chosen = policy.receiving(office.settings.receive, policy.Facts.of(document, partner.id, speaking.index))
    rule = chosen.rule.model_copy(
        update={
            "access_levels": chosen.rule.access_levels or access.open,
            "access_default": chosen.rule.access_default or access.missing,
        }
    )
    level = policy.level_of(document.access, rule.access_default)
    is_open = policy.is_open(level, access)
    return Case(message, document, partner, rule, ours, rule=chosen.name, level=level, is_open=is_open)


def opened_exchange(case: Case, office: Office, letter: Letter, now: datetime) -> Exchange:
    """Return the exchange a document opens; of one without identity, an exchange of its letter alone."""
    ours = office_of(case, office)
    uid = case.document.uid
    if not uid or uid == UNKNOWN or case.unreadable:
        uid = DocumentUid(f"letter:{letter.digest}")
    subscription = case.message.subscription or subscription_of(case.partner, case.document)
    document = replace(case.document, access=case.level)
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
        message=replace(case.message, body=document),  # reports are judged by the level it counts as
        letter_id=case.letter_id,
        rule=case.rule,
    )


def office_of(case: Case, office: Office) -> OfficeSettings:
    """Return which of our organisations speaks in this exchange; the first one when the message is for none."""
    return case.ours or office.settings.offices[0]


def intake_of(case: Case, ours: OfficeSettings, received_at: datetime, settings: Settings) -> Intake:
    """Return the orders for the EDMS that go with this document."""
    receive = case.receive
    return Intake(
        office=ours.index,
        partner=case.partner.id,
        correspondent=case.message.sender,
        received_at=received_at,
        register_on=settings.registration_date(ours, received_at),
        return_id=case.message.return_id,
        message_id=case.message.id,
        group=receive.group,
        journal=receive.journal,
        access=case.level.text or case.level.index,
        rule=case.rule,
        default_inbox=receive.default_inbox or ours.default_inbox,
        unknown_addressee=receive.unknown_addressee,
        # what is restricted is never laid onto a card that everybody may see
        same_number="wait" if receive.same_number == "attach" and not case.is_open else receive.same_number,
        wait_because=_wait_because(case, ours),
        accepted=case.accepted,
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
    Reason.BAD_FILE: "Файл такого вида или размера не принимается.",
    Reason.VIRUS: "В файле обнаружен вирус.",
}


# Why a paper waits, for the people of the office, in its language.
WAITS = {
    "ru": {
        "draft": "проект документа не регистрируется автоматически",
        "agreed": "документы этого отправителя регистрирует человек",
        "supplement": "дополнение к документу, который не поступил",
        "changed": "отличается от зарегистрированного документа",
        "version": "отличается от документа, о котором ещё не решено",
        "draft and document": "под одним UID проект и документ",
        "off the register": "отличается от документа, снятого с регистрации",
        "again": "поступил повторно",
        "conflict": "идентификатор сообщения уже встречался с другим содержанием",
        "level": "документы с уровнем доступа «{level}» регистрирует человек",
        "file type": "файл «{name}»: такой вид файлов автоматически не принимается",
        "file size": "файл «{name}» больше, чем принимается автоматически",
    },
    "en": {
        "draft": "a draft is never registered by itself",
        "agreed": "this partner's documents are registered by a person",
        "supplement": "adds to a document that did not come",
        "changed": "differs from the document that is registered",
        "version": "differs from the document that is not decided yet",
        "draft and document": "a draft and a document under one UID",
        "off the register": "differs from a document that was taken off registration",
        "again": "was sent again",
        "conflict": "its message id came before with another content",
        "level": "documents of the access level “{level}” are registered by a person",
        "file type": "file “{name}”: files of this kind are not taken by themselves",
        "file size": "file “{name}” is larger than what is taken by itself",
    },
}


def _wait_because(case: Case, ours: OfficeSettings) -> str:
    words = WAITS[ours.language]
    because = []
    if case.receive.register == "wait":
        because.append(words["draft" if case.document.type is DocumentType.DRAFT else "agreed"])
    if Reason.CONFLICT in case.accepted:
        because.append(words["conflict"])
    return "; ".join((*because, *doubts(case, ours)))


def doubts(case: Case, ours: OfficeSettings) -> tuple[str, ...]:
    """Return why a person must look at the document itself, in the language of the office; empty: no reason."""
    words = WAITS[ours.language]
    found = []
    if not policy.within(case.level, case.receive.access_levels):
        found.append(words["level"].format(level=case.level.text or case.level.index))
    if (bad := bad_file(case.document, case.receive, ours.index)) is not None:
        found.append(words["file size" if bad.too_large else "file type"].format(name=bad.name))
    return tuple(found)
