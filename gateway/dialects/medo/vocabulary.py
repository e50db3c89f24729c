# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of МЭДО: versions, namespaces, kinds of message, enumerations (format page §1, §2).

One table per enumeration; knows names only, no rules.
"""

from collections.abc import Mapping

from gateway.model import EventKind, FileRole

NAME = "medo"

# §1: the newest first; the first is written unless asked otherwise
VERSIONS = ("2.7.1", "2.7", "2.6", "2.5", "2.2", "2.0")
CONTAINERS = ("2.7.1", "2.7")  # a document travels as a transport container
CARD = "2.6"  # what a document goes as that no container can hold (docs/decisions/0010)
OLDEST_SAFE = "2.2"  # what a sender is answered in whose version is none ("1.0", empty)

IEDMS = "http://www.infpres.com/IEDMS"
MESSAGE = "urn:IEDMS:MESSAGE"  # 2.7.1
CONTAINER_27 = "http://minsvyaz.ru/container"
CONTAINER = "urn:IEDMS:CONTAINER"  # 2.7.1
MESSAGES = (IEDMS, MESSAGE)
PASSPORTS = (CONTAINER_27, CONTAINER)
KNOWN = (*MESSAGES, *PASSPORTS)

NAMED_ONLY = {  # §2.11 and the inner passport of a container without its message
    "dictionary": "MEDO list of participants (dictionary)",
    "environment": "MEDO list of participants (environment)",
    "container": "MEDO container passport without its message",
}

DOCUMENT = "Документ"
NOTIFICATION = "Уведомление"
ACKNOWLEDGMENT = "Квитанция"
TRANSPORT = "Транспортный контейнер"
KINDS = {  # header/@type → the second child of communication and our kind
    DOCUMENT: ("document", "document"),
    TRANSPORT: ("container", "document"),
    NOTIFICATION: ("notification", "report"),
    ACKNOWLEDGMENT: ("acknowledgment", "receipt"),
}
CONTAINER_TYPE = "Документ в электронном виде"  # §2.9 container/@type, default

ZERO = "00000000-0000-0000-0000-000000000000"  # §2.8: the node could not read the original
NODE_ERROR = "MEDOErrorAcknowledgment"  # §2.8 acknowledgment/@content
UNKNOWN = "unknown"  # the neutral word for an id nobody knows
NO_NUMBER = "б/н"
NOTHING = "-"  # what stands where something is demanded and nothing is known, as native writers do
APPEAL = "Обращение"  # §1: a citizen's appeal

# §2.6 file/group
GROUPS = {"Текст документа": FileRole.TEXT, "Текст приложения": FileRole.ANNEX, "Данные": FileRole.ANNEX}
FILE_TYPES = {"pdf": "pdf", "tif": "tif", "tiff": "tif", "doc": "doc", "txt": "txt", "xml": "xml"}  # by extension
XML_TYPE_SINCE = "2.6"

# §2.5 link/linkType; the last is the default
LINK_TYPES = ("В ответ на", "Во исполнение", "Документ-основание", "На №", "Ответ", "Связан с")
LINK_TYPE = "Связан с"

# §2.10 dictionary codes of 2.7.1
KIND_CODE, NO_KIND_CODE = r"DK\d{8}", "DK00000000"
ACCESS_CODES = {"обычная информация": "DC00000000", "информация ограниченного распространения": "DC00000001"}
ACCESS_CODE = r"DC\d{8}"

# §2.10 documentSignature/@type → Signature.kind; the two further words are not in the schema of 2.7
SIGNATURE_TYPES: Mapping[str, int] = {"Визирующая": 2, "Утверждающая": 3, "Согласующая": 2, "Заверяющая": 4}
SIGNATURE_WORDS = {2: "Визирующая", 3: "Утверждающая"}
CONTAINER_SIGNATURE = "Подпись транспортного контейнера"

# Fields of a card that the neutral model has no place of its own for
URGENCY = "Срочность"  # §2.5 urgency
SPECIAL_MARK = "Особые отметки"  # §2.5 specialMark
REPLACES = "Взамен разосланного"  # §2.5 insteadOfDistributed
PLACE = "Место издания"  # §2.10 documentPlace
SUPPLEMENT = "Дополнение к ранее направленному документу"  # our specialMark of an addition

# §2.7 notification/@type → event element
EVENTS = {
    "Зарегистрирован": "documentAccepted",
    "Государственная регистрация": "documentAccepted",
    "Отказано в регистрации": "documentRefused",
    "Назначен исполнитель": "executorAssigned",
    "Доклад подготовлен": "reportPrepared",
    "Доклад направлен": "reportSent",
    "Исполнение": "courseChanged",
    "Опубликование": "documentPublished",
}
STATE_REGISTRATION = "Государственная регистрация"
ACCEPTED, REFUSED, ASSIGNED, REPORT_SENT, COURSE = (
    "Зарегистрирован",
    "Отказано в регистрации",
    "Назначен исполнитель",
    "Доклад направлен",
    "Исполнение",
)
WRITTEN_AS = {
    EventKind.REGISTERED: ACCEPTED,
    EventKind.ASSIGNED: ASSIGNED,
    EventKind.ANSWERED: REPORT_SENT,
    EventKind.DUE_CHANGED: COURSE,
    EventKind.PROGRESS: COURSE,
}

# §2.7 reason, the short list of 2.2
SHORT_REASONS = (
    "Не подлежит регистрации",
    "Ошибка адресации",
    "Не указан корреспондент",
    "Нет искового заявления",
    "Отсутствует текст",
    "Нет подписи",
    "Приложение отсутствует",
    "Листаж приложения указан ошибочно",
    "Несовпадение реквизитов приложения с приложенными документами",
)
# … and what the long list of 2.0 and 2.6 adds
MORE_REASONS = (
    "Нет № и даты",
    "Не полная комплектация",
    "Дата документа неразборчива",
    "Исходящий номер документа неразборчив",
    "Отсутствует (не видна) подпись",
    "Перевернуты страницы",
    "Продублированы страницы",
    "В приложении проект нормативного акта",
    "Документ ДСП",
    "Документ и/или приложение отсканированы с оборотом",
    "Документ неверно адресован",
    "Документ получен ранее на бумажном носителе",
    "Документ зарегистрирован ранее, текст взамен разосланного загружен",
    "Количество страниц в тексте документа не соответствует заявленному",
    "Несоответствие переданных реквизитов тексту документа",
    "Отсутствует приложение, указанное в документе",
    "Текст неразборчив",
    "Текст отсутствует",
    "Текст не соответствует регламенту",
)
OTHER_REASON = "Не подлежит регистрации"
# the nearest value for each code of ours (docs/protocol.md, "Refusal codes"): short list, long list
NEAREST = {
    39: ("Не указан корреспондент", "Не указан корреспондент"),
    1005: ("Приложение отсутствует", "Отсутствует приложение, указанное в документе"),
    1006: ("Ошибка адресации", "Документ неверно адресован"),
    1008: ("Ошибка адресации", "Документ неверно адресован"),
    1009: ("Не указан корреспондент", "Не указан корреспондент"),
    1031: ("Ошибка адресации", "Документ неверно адресован"),
    1033: ("Нет подписи", "Нет подписи"),
    1034: ("Приложение отсутствует", "Не полная комплектация"),
    1035: ("Отсутствует текст", "Текст неразборчив"),
    1036: ("Не подлежит регистрации", "Нет № и даты"),
}
# codes of documents that could not be read: a receipt with accepted = false tells them (§5, step 2a)
UNREADABLE = frozenset({1001, 1002, 1003, 1004, 1005, 1011, 1017, 1018})
NOTED = 1020  # a person read the document and registered nothing


def namespace_of(version: str) -> str:
    """Return the namespace of a message of *version*."""
    return MESSAGE if version == "2.7.1" else IEDMS


def passport_namespace_of(version: str) -> str:
    return CONTAINER if version == "2.7.1" else CONTAINER_27


def spoken(version: str, namespace: str) -> str:
    """Return the version of ours to answer a message of *version* in."""
    if namespace == MESSAGE:
        return VERSIONS[0] if version not in VERSIONS else version
    if version == VERSIONS[0]:
        return "2.7"  # QUIRK: 2.7.1 in the old namespace: its sender reads that one
    if version in VERSIONS:
        return version
    return "2.7" if version.startswith("2.7") else OLDEST_SAFE  # QUIRK: "1.0", empty, "2.7.0" (§1)


def since(version: str, first: str) -> bool:
    """Say whether *version* is *first* or a later one."""
    return VERSIONS.index(version) <= VERSIONS.index(first)


def reasons_of(version: str) -> tuple[str, ...]:
    """Return the reasons of a refusal that *version* has; 2.0 and from 2.5 on the long list (§2.7)."""
    return SHORT_REASONS if version == "2.2" else SHORT_REASONS + MORE_REASONS
