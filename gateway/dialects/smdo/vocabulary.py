# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the SMDO format and what they mean in the neutral model.

Knows names only, no rules.  Numbers in comments are the sections of docs/standards.md, "SMDO"; the official document is
not public, the tables there are what working programs agree on.
"""

from typing import Final

from gateway.model import ContactKind

NAME: Final = "smdo"
V1, V2 = "SDIP-1.0", "SDIP-2.1.1"
VERSIONS: Final = (V2, V1)  # Envelop/@type; the first is written unless asked otherwise

UNKNOWN: Final = "unknown"  # the message nobody could name
NO_NUMBER: Final = "б/н"
OPEN: Final = "Общий"  # Confident of a document that says nothing (2.3)
RESTRICTED: Final = "Для служебного пользования"  # Confident with the flag and without a word
# What is called so has no flag; everything else has it: rather closed by mistake than open.
OPEN_WORDS: Final = frozenset(
    ("общий", "общего пользования", "общедоступный", "открытый", "несекретно", "без ограничений", "open", "public")
)
LETTER: Final = "Письмо"  # Document/@kind of a document whose kind nobody told (mandatory in 2.1.1)
TASK: Final = "Поручение"  # Task/@kind of a task without a category
ANNEXES: Final = "Приложения"  # Folder/@contents of the annexes of a document
ADDITION: Final = "Дополнение"  # Folder/@contents of a supplement
ANSWERS: Final = "В ответ на"  # the link that DocParent stands for
LINKED: Final = "Связан с"  # the link that Referred stands for
FULFILS: Final = "Во исполнение"  # the link that a task in Receiver/Referred stands for
APPROVED: Final = "Согласовано"
ATTESTATIONS: Final = (APPROVED, "Утверждено", "Согласовано с замечаниями", "Отклонено")  # Validator/@attestation (2.3)

# Header/@msg_type (1.1)
NOTIFICATION, MAIN, SUPPLEMENT, ANSWER, ANSWER_SUPPLEMENT = "0", "1", "2", "3", "4"
SUPPLEMENTS: Final = (SUPPLEMENT, ANSWER_SUPPLEMENT)
# Header/@msg_acknow (1.2)
NEVER, ON_ERRORS, ALWAYS = "0", "1", "2"
# Acknowledgement/@ack_type (1.3)
DELIVERY, REGISTRATION, NOTICE = "1", "2", "4"
IN_TRANSIT: Final = {"100": "пакет доставлен в ядро СМДО", "101": "пакет передан адресату"}
NOT_CARRIED: Final = {
    "103": "пакет доставлен в ядро СМДО с ошибками",
    "104": "доступ адресата к СМДО заблокирован",
    "105": "пакет в устаревшем формате",
}
NETWORK: Final = frozenset(("smdo_dispatcher", "router", "pkinci"))  # Sender/@id of the network itself (1.3)

TASK_REFERENCE, DOCUMENT_REFERENCE = "2", "1"  # Referred/@retype (2.3)
ANNEX_FOLDER, EXTRA_FOLDER, LINK_FOLDER = "0", "1", "2"  # Folder/@add_type (2.4)

CONTACTS: Final = {  # Econtact/@type (2.6), the ones we write first
    "1": ContactKind.PHONE,
    "4": ContactKind.FAX,
    "5": ContactKind.EMAIL,
    "0": ContactKind.OTHER,
    "2": ContactKind.PHONE,
    "3": ContactKind.PHONE,
    "6": ContactKind.OTHER,
}
