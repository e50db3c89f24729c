# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone Acknowledgement of a notification (kind 0: 1A.3, 1A.4), read and written.

Every other fact is told in words: as a further "accepted" whose AckResult says it, beside an Expansion of ours with its
moment, so that no system takes it for a registration and ours takes it for what it is.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from gateway.dialects.bare_elements import add, attribute, child, children, given, text
from gateway.dialects.findings import MAX_QUOTE
from gateway.dialects.gost2010.codes import ACCEPTANCE, NOT_REGISTERED, Result, clause, heard, understood
from gateway.dialects.gost2010.examination import Examination
from gateway.dialects.gost2010.links import read_number
from gateway.dialects.gost2010.values import one_line, write_moment
from gateway.dialects.gost2010.vocabulary import DELIVERED, NO_NUMBER, OURS, OURS_VERSION, TAKEN
from gateway.dialects.gost2010.wording import words_of
from gateway.dialects.tree import Element
from gateway.dialects.values import read_integer
from gateway.errors import Reason
from gateway.model import DocumentRef, EventKind, Number, Refusal, Registered, Remark, Report, ReportKind

ACCEPTED = "Сообщение принято."
REGISTERED = "Документ зарегистрирован."
UNNUMBERED = "Уведомление о регистрации без номера."
MAX_RESULTS = 200  # LIMIT: results of one notification

# --- reading ------------------------------------------------------------------------------------------------------


def read_report(root: Element, exam: Examination, sent_at: datetime) -> Report | None:
    """Return what a notification tells; None, and refused, when it says nothing that can be understood."""
    element = child(root, "Acknowledgement")
    if element is None:
        exam.refuse(Reason.MISSING_FIELD, "a notification without its zone", root, "Acknowledgement")
        return None
    # QUIRK: the schema of the draft calls the attribute ask_type
    kind = attribute(element, "ack_type", "ask_type")
    if kind not in (DELIVERED, TAKEN):
        unknown = "a kind of notification nobody knows"
        exam.refuse(Reason.BAD_PASSPORT, unknown, element, "@ack_type", expected="1, 2", found=kind)
        return None
    if child(element, "DocTransfer") is not None:
        exam.note("returned-message", element, "a message that was not understood came back, and is not read")
    results = _results(element, kind, exam)
    wrong = [result for result in results if result.code]
    number = _number(element, kind, exam)
    if kind == TAKEN and any(_not_registered(result) for result in wrong):
        if number != Number():
            exam.note("contradictory", element, "a number of a document that was not registered", at="RegNumber")
    elif number.text:
        remarks = tuple(Remark(_told(result), sent_at) for result in wrong)  # registered, and yet something was wrong
        return Report(
            ReportKind.PROGRESS,
            DocumentRef(),
            EventKind.REGISTERED,
            registered=Registered(number),
            remarks=remarks,
        )
    if wrong:
        return Report(ReportKind.REFUSAL, DocumentRef(), refusal=_refusal(wrong))
    if remarks := _remarks(root, results, exam):
        return Report(ReportKind.PROGRESS, DocumentRef(), EventKind.PROGRESS, remarks=remarks)
    if kind == TAKEN:
        exam.note("nothing-reported", element, "registered, but without a number: told in words", at="RegNumber")
        words = one_line(" ".join([UNNUMBERED, *(result.text for result in results)]))
        remarks = (Remark(words, sent_at),)
        return Report(ReportKind.PROGRESS, DocumentRef(), EventKind.PROGRESS, remarks=remarks)
    return Report(ReportKind.RECEIPT, DocumentRef(), received_at=sent_at)


def _results(element: Element, kind: str, exam: Examination) -> list[Result]:
    found = []
    for made in children(element, "AckResult")[:MAX_RESULTS]:
        code = read_integer(attribute(made, "errorcode") or "0")
        if code is None:
            said = attribute(made, "errorcode")[:MAX_QUOTE]
            exam.note("unreadable-value", made, f"not a number: {said}", at="@errorcode")
            code = -1
        found.append(Result(kind, code, text(made)))
    if not found:
        exam.note("nothing-reported", element, "a notification without a result", at="AckResult")
    return found


def _number(element: Element, kind: str, exam: Examination) -> Number:
    """Return the number the receiver gave; only a notification of registration has one."""
    number = read_number(child(element, "RegNumber"), exam)
    if kind == TAKEN or number == Number():
        return number
    exam.note("misplaced", element, "a number in a notification of delivery", at="RegNumber")
    return Number()


def _not_registered(result: Result) -> bool:
    """Say whether *result* of a notification of registration says no: code 1, or one of the maker's own (1A.4)."""
    return result.code == NOT_REGISTERED or result.code < 0


def _refusal(wrong: Sequence[Result]) -> Refusal:
    """Return the first result, with the words of all when there are several."""
    first = understood(wrong[0])
    if len(wrong) == 1:
        return first
    lines = "\n".join(_told(result) for result in wrong)
    return Refusal(first.code, lines, retryable=first.retryable)


def _told(result: Result) -> str:
    known = ACCEPTANCE.get(result.code, "") if result.ack_type == DELIVERED else ""
    return one_line(f"({result.code}) {result.text or known}")


def _remarks(root: Element, results: Sequence[Result], exam: Examination) -> tuple[Remark, ...]:
    """Return the facts that a gateway like ours tells in words."""
    expansion = child(root, "Expansion")
    if attribute(expansion, "organization") != OURS:
        return ()
    moments = [exam.moment(made, "at") for made in children(child(expansion, "AnyData"), "Fact")]
    pairs = zip(results, moments, strict=False)
    return tuple(Remark(result.text, at) for result, at in pairs if at is not None and result.text)


# --- degrading ----------------------------------------------------------------------------------------------------


def degraded(report: Report, sent_at: datetime) -> Report:
    """Return what a notification says of *report*; which document it is about stands only in the id it answers."""
    day = sent_at.date()
    if report.kind is ReportKind.RECEIPT:
        return Report(report.kind, DocumentRef(), received_at=sent_at)
    if report.kind is ReportKind.REFUSAL:
        return Report(report.kind, DocumentRef(), refusal=heard(report.refusal) if report.refusal else None)
    if report.kind is ReportKind.PROGRESS and report.registered:
        number = report.registered.number
        registered = Registered(Number(number.text or NO_NUMBER, number.date or day))
        return Report(report.kind, DocumentRef(), EventKind.REGISTERED, registered=registered)
    remarks = tuple(words_of(report, sent_at))
    return Report(ReportKind.PROGRESS, DocumentRef(), EventKind.PROGRESS, remarks=remarks)


# --- writing ------------------------------------------------------------------------------------------------------


def write_report(root: Element, report: Report, answers: str) -> None:
    """Write the zones of a notification; *report* is as `degraded` leaves it, *answers* the id of the message."""
    if report.remarks:
        _write_expansion(root, report.remarks)
    if report.kind is ReportKind.REFUSAL:
        if report.refusal is None:
            raise ValueError("a refusal says why")
        result = clause(report.refusal)
        return _write(root, answers, result.ack_type, [(result.code, result.text)])
    if report.registered:
        return _write(root, answers, TAKEN, [(0, REGISTERED)], report.registered.number)
    told = [(0, remark.text) for remark in report.remarks] or [(0, ACCEPTED)]
    return _write(root, answers, DELIVERED, told)


def _write(
    root: Element, answers: str, kind: str, results: Iterable[tuple[int, str]], number: Number | None = None
) -> None:
    element = add(root, "Acknowledgement", msg_id=answers, ack_type=kind)
    if number:
        day: date | None = number.date
        add(element, "RegNumber", number.text, regdate=given(day.isoformat() if day else ""))
    for code, words in results:
        add(element, "AckResult", words, errorcode=str(code))


def _write_expansion(root: Element, remarks: Sequence[Remark]) -> None:
    zone = add(root, "Expansion", organization=OURS, exp_ver=OURS_VERSION)
    facts = add(zone, "AnyData")
    for remark in remarks:
        add(facts, "Fact", at=write_moment(remark.at))
