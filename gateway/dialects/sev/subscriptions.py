# SPDX-License-Identifier: GPL-3.0-or-later
"""The Subscriptions zone: what the sender of a document wants to be told, and for how many days."""

from gateway.dialects.sev.elements import add, add_extension, child
from gateway.dialects.sev.examination import Examination
from gateway.dialects.sev.vocabulary import ADVANCE, EXT2018, SEV, word
from gateway.dialects.tree import Element
from gateway.dialects.values import write_boolean
from gateway.model import Subscription, TaskDetails

MIN_DAYS, MAX_DAYS = 1, 999
USUAL_DAYS = 30  # what senders nearly always ask for; taken when the number cannot be read

_DRAFT_REGISTRATION = "ProjectRegistrationSubscription"


def bounded_days(days: int) -> int:
    return min(max(days, MIN_DAYS), MAX_DAYS)


def read_subscription(element: Element | None, exam: Examination) -> Subscription | None:
    """Return the subscription, None when the message has none; an event that is not named is not wanted."""
    if element is None:
        return None
    return Subscription(
        days=_read_days(element, exam),
        receipt=_wanted(element, "Reception", exam),
        registration=_wanted(element, "Registration", exam),
        forwarding=_wanted(element, "Forwarding", exam),
        consideration=_wanted(element, "Consideration", exam),
        execution=_wanted(element, "Report", exam),
        redirection=_wanted(element, "Redirection", exam),
        answer=_wanted(element, "Answer", exam),
        visa_direction=_wanted(element, "VisaDirection", exam),
        sign_direction=_wanted(element, "SignDirection", exam),
        visa_information=_wanted(element, "VisaInformation", exam),
        sign_information=_wanted(element, "SignInformation", exam),
        draft_registration=_wanted(element, _DRAFT_REGISTRATION, exam, EXT2018),
        forwarding_all=exam.option(child(element, "Forwarding"), "AdvanceInfo", ADVANCE),
        consideration_all=exam.option(child(element, "Consideration"), "AdvanceInfo", ADVANCE),
        task_details=_read_task_details(child(element, "TaskDecoration"), exam),
    )


def _read_days(element: Element, exam: Examination) -> int:
    days = exam.integer(element, "@StopDayCount")
    if days is None or bounded_days(days) != days:
        exam.note("unreadable-value", element, f"not a number of days from 1 to {MAX_DAYS}", at="@StopDayCount")
    return USUAL_DAYS if days is None else bounded_days(days)


def _wanted(element: Element, name: str, exam: Examination, namespace: str = SEV) -> bool:
    return exam.boolean(child(element, name, namespace), "@Include") or False


def _read_task_details(element: Element | None, exam: Examination) -> TaskDetails | None:
    if element is None:
        return None
    return TaskDetails(
        text=_wanted(element, "Text", exam),
        category=_wanted(element, "Category", exam),
        note=_wanted(element, "Note", exam),
        control_state=_wanted(element, "ControlState", exam),
        deadline=_wanted(element, "PlanDate", exam),
        controller=_wanted(element, "Controller", exam),
        progress=_wanted(element, "Summary", exam),
        fact_date=_wanted(element, "FactDate", exam),
        status=_wanted(element, "Status", exam),
        resume=_wanted(element, "Resume", exam),
        executor=_wanted(element, "Executor", exam),
        executor_report=_wanted(element, "ExecutorReport", exam),
        executor_all=exam.option(child(element, "Executor"), "AdvanceInfo", ADVANCE),
    )


def write_subscription(root: Element, subscription: Subscription) -> None:
    """Write the zone with all eleven flags, as native senders do; the extension only when it is wanted."""
    wanted = subscription
    made = add(root, "Subscriptions", StopDayCount=str(wanted.days))
    _write(made, "Reception", wanted.receipt)
    _write(made, "Registration", wanted.registration)
    _write(made, "Forwarding", wanted.forwarding, wanted.forwarding_all)
    _write(made, "Consideration", wanted.consideration, wanted.consideration_all)
    if wanted.task_details:
        _write_task_details(made, wanted.task_details)
    _write(made, "Report", wanted.execution)
    _write(made, "Redirection", wanted.redirection)
    _write(made, "Answer", wanted.answer)
    _write(made, "VisaDirection", wanted.visa_direction)
    _write(made, "SignDirection", wanted.sign_direction)
    _write(made, "VisaInformation", wanted.visa_information)
    _write(made, "SignInformation", wanted.sign_information)
    if wanted.draft_registration:
        add_extension(made, EXT2018, _DRAFT_REGISTRATION, Include="true")


def _write_task_details(zone: Element, wanted: TaskDetails) -> None:
    made = add(zone, "TaskDecoration")
    _write(made, "Text", wanted.text)
    _write(made, "Category", wanted.category)
    _write(made, "Note", wanted.note)
    _write(made, "ControlState", wanted.control_state)
    _write(made, "PlanDate", wanted.deadline)
    _write(made, "Controller", wanted.controller)
    _write(made, "Summary", wanted.progress)
    _write(made, "FactDate", wanted.fact_date)
    _write(made, "Status", wanted.status)
    _write(made, "Resume", wanted.resume)
    _write(made, "Executor", wanted.executor, wanted.executor_all)
    _write(made, "ExecutorReport", wanted.executor_report)


def _write(parent: Element, name: str, include: bool, advance: bool | None = None) -> None:
    first_or_all = None if advance is None else word(ADVANCE, advance)
    add(parent, name, Include=write_boolean(include), AdvanceInfo=first_or_all)
