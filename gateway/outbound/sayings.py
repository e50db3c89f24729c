# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sending clerk reads on the card, in the language of the office."""

from gateway.errors import Reason, Refused
from gateway.office import Office
from gateway.reports import Rung

REFUSED = {
    "ru": {
        Reason.UNKNOWN_PARTNER: "Нет соглашения об обмене с этой организацией",
        Reason.MISSING_AUTHOR: "Ни один из авторов документа не является нашей организацией",
        Reason.TOO_LARGE: "Письмо больше, чем принимает получатель",
    },
    "en": {
        Reason.UNKNOWN_PARTNER: "There is no agreement with this organisation",
        Reason.MISSING_AUTHOR: "None of the document's authors is an organisation of ours",
        Reason.TOO_LARGE: "The letter is larger than the recipient takes",
    },
}
OVERDUE = {
    "ru": {
        "sent": "нет подтверждения получения к {due}; последнее доказанное: передан почте",
        "received": "нет регистрации к {due}; последнее доказанное: получен",
    },
    "en": {
        "sent": "no receipt by {due}; proven last: handed to mail",
        "received": "not registered by {due}; proven last: received",
    },
}


def said(why: Refused, office: Office) -> str:
    """Return why a document was not sent."""
    words = REFUSED[office.settings.offices[0].language].get(why.reason, why.detail)
    facts = "; ".join(fact for fact in (why.found, why.expected) if fact)
    return f"{words}: {facts}" if facts else words


def overdue(rung: Rung, due: str, office: Office) -> str:
    """Return what was expected by *due*, and what was proven last."""
    return OVERDUE[office.settings.offices[0].language]["sent" if rung is Rung.SENT else "received"].format(due=due)
