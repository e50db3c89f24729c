# SPDX-License-Identifier: GPL-3.0-or-later
"""What a document must fulfil before it is laid before the EDMS: one function a rule, one line in `RULES`.

A rule raises Refused (the partner hears why) or returns; none of them touches anything.
A new check is one function here and one line in `RULES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.dialects import by_name
from gateway.dialects.wire import Places
from gateway.errors import Reason, Refused
from gateway.inbound.taking import bad_file
from gateway.model import Document, DocumentType, Message, Party, Term
from gateway.office import Partner
from gateway.settings import OfficeSettings, ReceiveSettings


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule may look at."""

    message: Message
    document: Document
    partner: Partner
    receive: ReceiveSettings  # the rule of ours that applies to it
    ours: OfficeSettings | None = None  # which of our organisations it is for; None: for none of them
    letter_id: str = ""  # the Message-ID of its letter, without angle brackets
    unreadable: Refused | None = None  # the message itself is broken; everything else is then moot
    rule: str = ""  # what people call `receive`
    level: Term = Term()  # the access level the document counts as
    is_open: bool = True  # everybody may see a document of that level
    accepted: frozenset[Reason] = frozenset()  # what an operator decided shall not stop this very letter
    readdressed: tuple[tuple[str, Party], ...] = ()  # likewise: whom the letter names, and who gets it instead


Rule = Callable[[Case], None]


def is_readable(case: Case) -> None:
    """The dialect understood it."""
    if case.unreadable is not None:
        raise case.unreadable


def may_send_documents(case: Case) -> None:
    """The agreement with this partner covers documents."""
    if "document" not in case.partner.settings.may_send and Reason.NOT_ALLOWED not in case.accepted:
        raise Refused(Reason.NOT_ALLOWED, "this partner does not send documents here", place="may_send")


def is_welcome(case: Case) -> None:
    """The receive rule that fits does not turn such documents away."""
    if case.receive.register == "refuse":
        found = "проект документа" if case.document.type is DocumentType.DRAFT else ""
        raise Refused(Reason.NOT_ALLOWED, f"refused by a receive rule: {case.rule}", found=found)


def names_its_document(case: Case) -> None:
    """A document without a uid cannot be told from another one."""
    if not case.document.uid:
        raise Refused(Reason.MISSING_FIELD, "the document has no UID", place=_places(case).uid)


def has_an_author(case: Case) -> None:
    """Somebody must have written it, unless the agreement allows anonymous letters."""
    if case.receive.require_author and not case.document.authors and not case.document.supplement:
        raise Refused(Reason.MISSING_AUTHOR, "Отсутствуют данные об авторе документа.", place=_places(case).author)


def has_files(case: Case) -> None:
    """A document without files is fine, unless the agreement asks for them."""
    if case.receive.require_files and not case.document.files:
        raise Refused(Reason.MISSING_FILE, "the document has no files", place=_places(case).files)


def has_welcome_files(case: Case) -> None:
    """Every file is of a kind and size the receive rule takes, unless a person shall look at the others."""
    office = case.ours.index if case.ours else ""
    bad = bad_file(case.document, case.receive, office)
    if bad is not None and case.receive.on_bad_file == "refuse":
        what = "larger than" if bad.too_large else "of another kind than"
        words = f"a file is {what} a receive rule takes: {case.rule}"
        raise Refused(Reason.BAD_FILE, words, place=bad.name, expected=bad.expected, found=bad.found)


def is_for_us(case: Case) -> None:
    """One of the recipients is an organisation of ours; which others are named does not matter."""
    if case.ours is None:
        named = ", ".join(sorted({party.index for party in case.message.recipients if party.index})) or "nobody"
        raise Refused(Reason.NOT_FOR_US, "none of the recipients is an organisation of this office", found=named)


def _places(case: Case) -> Places:
    """Return where the standard of the letter says what is missing."""
    return by_name(case.message.dialect).places(case.message.dialect_version)


RULES: tuple[Rule, ...] = (
    is_readable,
    may_send_documents,
    is_welcome,
    names_its_document,
    has_an_author,
    has_files,
    has_welcome_files,
    is_for_us,
)


# Our codes start at 1001; 39 is the one vendor code whose meaning is known (docs/protocol.md, "Refusal codes").
CODES = {
    Reason.MISSING_AUTHOR: 39,
    Reason.BAD_XML: 1001,
    Reason.DOCTYPE: 1002,
    Reason.BAD_PASSPORT: 1003,
    Reason.MISSING_FIELD: 1004,
    Reason.MISSING_FILE: 1005,
    Reason.NOT_FOR_US: 1006,
    Reason.NOT_ALLOWED: 1007,
    Reason.UNKNOWN_ADDRESSEE: 1008,
    Reason.UNKNOWN_CORRESPONDENT: 1009,
    Reason.UNSUPPORTED: 1011,
    Reason.SAME_NUMBER: 1013,
    Reason.CHANGED: 1014,
    Reason.AMBIGUOUS: 1017,
    Reason.TOO_LARGE: 1018,
    Reason.BAD_FILE: 1019,
    Reason.VIRUS: 1021,
}
OTHER_CODE = 1099
