# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a letter while its partner is only observed: it is read, laid aside, and nothing else.

Nobody hears anything, nothing is flagged in the mailbox, and the EDMS is not asked; `report observe` tells later what
would have become of it, beside what people did by hand.
"""

from datetime import datetime

from gateway.directories import KIND, RESULT_KIND
from gateway.errors import Reason, Refused
from gateway.inbound.desk import Desk
from gateway.inbound.endings import About, park
from gateway.journal.entries import Entry
from gateway.model import DirectoryResult, DirectoryUpdate, Document, Message, Report
from gateway.office import Partner


def kind_of(body: Document | Report | DirectoryUpdate | DirectoryResult) -> str:
    """Return what a body is called in the journal."""
    match body:
        case Document():
            return "document"
        case DirectoryUpdate():
            return KIND
        case DirectoryResult():
            return RESULT_KIND
        case Report():
            return "report"


def only_observe(entry: Entry, message: Message, letter_id: str, partner: Partner, desk: Desk, now: datetime) -> None:
    """Lay *message* aside with what it is, under the reason `Reason.OBSERVED`."""
    document = message.body if isinstance(message.body, Document) else None
    kind = kind_of(message.body)
    words = f"{kind} {document.number.text} of {document.number.date}" if document is not None else kind
    about = About(partner.id, message_id=message.id, kind=kind, rfc_message_id=letter_id)
    park(entry, Refused(Reason.OBSERVED, f"{words}: {partner.id} is only observed"), about, desk, now)
