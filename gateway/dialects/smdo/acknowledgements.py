# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledgement (table 2.5): every report there is, by ack_type and errorcode (§1.3, §1.4).

RegNumber is the number the *acknowledged* document has at its sender, IncNumber the one the receiver gave it: the other
way round than in GOST R 53898-2010.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.dialects.bare_elements import add, attribute, child, children, text
from gateway.dialects.smdo.documents import read_number, write_number
from gateway.dialects.smdo.examination import Examination
from gateway.dialects.smdo.ids import ours
from gateway.dialects.smdo.refusals import REGISTRATION_CODES, ack_of, read_refusal
from gateway.dialects.smdo.vocabulary import (
    DELIVERY,
    IN_TRANSIT,
    NO_NUMBER,
    NOT_CARRIED,
    NOTICE,
    REGISTRATION,
    UNKNOWN,
)
from gateway.dialects.tree import Element
from gateway.errors import Reason
from gateway.model import (
    DocumentRef,
    EventKind,
    Number,
    Refusal,
    Registered,
    Remark,
    Report,
    ReportKind,
    ReturnId,
)

UNNUMBERED = "Уведомление о регистрации без номера."
MAX_RESULTS = 100  # LIMIT: results of one acknowledgement that are read
_INTEGER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Result:
    code: int
    words: str


# --- reading ------------------------------------------------------------------------------------------------------


def read_return_id(element: Element) -> ReturnId:
    """Return which message of ours is acknowledged."""
    return ReturnId(ours(attribute(element, "msg_id")) or UNKNOWN)


def acknowledged(body: Element, exam: Examination) -> Element | None:
    """Return the acknowledgement that *body* is about; None beside a Document, which is never put behind it.

    Of several for one message a refusal counts first, then a registration; several messages are too many for one.
    """
    found = children(body, "Acknowledgement")
    if found and child(body, "Document") is not None:
        exam.note("misplaced", found[0], "an acknowledgement in a message with a document is ignored")
        return None
    if len({ours(attribute(each, "msg_id")) for each in found}) > 1:
        exam.refuse(Reason.BAD_PASSPORT, "acknowledgements of several messages in one", found[1], "@msg_id")
    counts = min(found, key=_rank, default=None)
    for each in found:
        if each is not counts:
            exam.note("left-out", each, "of several acknowledgements a refusal counts, then a registration")
    return counts


def _rank(element: Element) -> int:
    kind, codes = (
        attribute(element, "ack_type"),
        (attribute(each, "errorcode") for each in children(element, "AckResult")),
    )
    bad = any(_INTEGER.fullmatch(code) and int(code) for code in codes)
    if kind in NOT_CARRIED or (kind in (DELIVERY, REGISTRATION) and bad):
        return 0
    return {REGISTRATION: 1, DELIVERY: 2}.get(kind, 3)


def read_acknowledgement(element: Element, exam: Examination, sent_at: datetime, *, by_network: bool) -> Report:
    """Return what an acknowledgement tells; its own moment is that of its sending.

    Kinds from 100 are the network's alone, all others the addressee's alone (1.3): else they are told in words.
    """
    about = DocumentRef(number=read_number(child(element, "RegNumber"), exam))
    if attribute(element, "msg_id") == "":
        exam.note("no-acked-id", element, "no message is named", "@msg_id")
    if child(element, "DocTransfer") is not None:
        exam.note("left-out", element, "the message that was not understood comes back and is left out", "DocTransfer")
    results = _read_results(element, exam)
    kind = attribute(element, "ack_type")
    bad = next((result for result in results if result.code), None)
    if by_network != (kind in NOT_CARRIED or kind in IN_TRANSIT):
        remarks = _usurped(element, kind, results, exam, sent_at, by_network=by_network)
        return Report(ReportKind.PROGRESS, about, EventKind.PROGRESS, remarks=remarks)
    if kind in NOT_CARRIED:
        return Report(ReportKind.REFUSAL, about, refusal=_not_carried(kind, results))
    if kind in (DELIVERY, REGISTRATION) and bad is not None:
        words = "; ".join(result.words for result in results if result.code and result.words)
        return Report(ReportKind.REFUSAL, about, refusal=read_refusal(kind, bad.code, words))
    if kind == DELIVERY:
        return Report(ReportKind.RECEIPT, about, received_at=sent_at)
    number = read_number(child(element, "IncNumber"), exam)
    if kind == REGISTRATION and number.text:
        return Report(ReportKind.PROGRESS, about, EventKind.REGISTERED, registered=Registered(number))
    return Report(
        ReportKind.PROGRESS, about, EventKind.PROGRESS, remarks=_remarks(element, kind, results, exam, sent_at)
    )


def _read_results(element: Element, exam: Examination) -> list[_Result]:
    found = []
    for made in children(element, "AckResult")[:MAX_RESULTS]:
        said = attribute(made, "errorcode")
        if not _INTEGER.fullmatch(said):  # QUIRK: taken for 0, as the widespread client does
            exam.note("unreadable-value", made, f"no code, taken for 0: {said[:40] or 'nothing'}", "@errorcode")
        found.append(_Result(int(said) if _INTEGER.fullmatch(said) else 0, text(made)))
    if not found:
        exam.note("nothing-reported", element, "an acknowledgement without a result", "AckResult")
    return found


def _not_carried(kind: str, results: list[_Result]) -> Refusal:
    """Return the refusal of the network: the addressee has seen nothing."""
    words = " ".join(["Сеть СМДО, не адресат:", NOT_CARRIED[kind] + ".", *(r.words for r in results if r.words)])
    return Refusal(int(kind), words)


def _usurped(
    element: Element, kind: str, results: list[_Result], exam: Examination, sent_at: datetime, *, by_network: bool
) -> tuple[Remark, ...]:
    """Return in words what is not its sender's to say."""
    exam.note("unknown-acknowledgement", element, f"not its sender's to say, told in words: {kind[:40]}", "@ack_type")
    who = "Сеть СМДО, не адресат" if by_network else "Адресат, не сеть СМДО"
    words = [f"{who}: уведомление вида {kind[:40]}.", *(result.words for result in results if result.words)]
    return (Remark(" ".join(words), sent_at),)


def _remarks(
    element: Element, kind: str, results: list[_Result], exam: Examination, sent_at: datetime
) -> tuple[Remark, ...]:
    """Return an acknowledgement that only informs, in words: of the network, of a user, or of nobody we know."""
    words = [result.words for result in results if result.words]
    if kind in IN_TRANSIT:
        words = [" ".join([f"Сеть СМДО: {IN_TRANSIT[kind]}.", *words])]
    elif kind == REGISTRATION:
        exam.note("nothing-reported", element, "registered, but without a number: told in words", "IncNumber")
        words = [" ".join([UNNUMBERED, *words])]
    elif kind != NOTICE:
        exam.note("unknown-acknowledgement", element, f"told in words: {kind[:40] or 'nothing'}", "@ack_type")
        words = words or [f"Уведомление вида {kind[:40]}"]
    return tuple(Remark(said, sent_at) for said in dict.fromkeys(words or ["Уведомление пользователя"]))


# --- writing ------------------------------------------------------------------------------------------------------


def write_acknowledgement(body: Element, report: Report, return_id: ReturnId, sent_at: datetime) -> None:
    """Write *report*, as `degrade` left it."""
    kind, results, number = _said(report, sent_at)
    made = add(body, "Acknowledgement", msg_id=return_id, ack_type=kind)
    write_number(made, "RegNumber", report.about.number)
    if number is not None:
        write_number(made, "IncNumber", number)
    for result in results:
        add(made, "AckResult", result.words, errorcode=str(result.code))


def _said(report: Report, sent_at: datetime) -> tuple[str, list[_Result], Number | None]:
    if report.kind is ReportKind.RECEIPT:
        return DELIVERY, [_Result(0, "Документ доставлен в систему документооборота")], None
    if report.refusal is not None and report.kind is ReportKind.REFUSAL:
        kind, code = ack_of(report.refusal.code)
        # QUIRK: a refusal has a text where the number stands, of the day of the refusal (§1.4)
        words = REGISTRATION_CODES.get(report.refusal.code)
        return kind, [_Result(code, report.refusal.text)], Number(words, sent_at.date()) if words else None
    if report.registered is not None:
        number = report.registered.number
        return REGISTRATION, [_Result(0, "Документ зарегистрирован")], number
    return NOTICE, [_Result(0, remark.text) for remark in report.remarks], None


def filled(number: Number, day: datetime) -> Number:
    """Return *number* as IncNumber demands it: with some text and some date."""
    return Number(number.text or NO_NUMBER, number.date or day.date())
