# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a report carries: those it brings news of; what stands is told again, but its files travel once."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace

from gateway.model import Document, Event, EventKind, Executor, File, Report, Sha256, Task


def brought_by(news: Iterable[Event]) -> frozenset[Sha256]:
    """Return the digests of the files that *news* bring.

    An executor's report brings those of all executors of its task: reports before it may have been withheld.
    """
    return frozenset(
        digest
        for event in news
        for file in _of(event)
        for digest in (file.sha256, *(signature.sha256 for signature in file.signatures))
        if digest
    )


def _of(event: Event) -> Iterator[File]:
    if event.kind is EventKind.EXECUTOR_REPORTED:
        yield from event.executor.files if event.executor else ()
        for executor in event.task.executors if event.task else ():
            yield from executor.files
    if event.document is not None:
        yield from event.document.files
        for approval in event.document.approvals:
            yield from approval.files


def carrying(report: Report, present: Container[Sha256]) -> Report:
    """Return *report* without the files whose bytes are not *present*: a report never names what it does not bring."""
    return replace(
        report,
        registered=replace(report.registered, document=_document(report.registered.document, present))
        if report.registered and report.registered.document
        else report.registered,
        considerations=tuple(replace(fact, task=_task(fact.task, present)) for fact in report.considerations),
        sent_tasks=tuple(_task(task, present) for task in report.sent_tasks),
        answers=tuple(replace(fact, document=_document(fact.document, present)) for fact in report.answers),
        approvals=_document(report.approvals, present) if report.approvals else None,
        edited=_document(report.edited, present) if report.edited else None,
        draft_registered=_document(report.draft_registered, present) if report.draft_registered else None,
    )


def _task(task: Task, present: Container[Sha256]) -> Task:
    executors = tuple(_executor(executor, present) for executor in task.executors)
    return replace(task, files=_brought(task.files, present), executors=executors)


def _executor(executor: Executor, present: Container[Sha256]) -> Executor:
    return replace(executor, files=_brought(executor.files, present))


def _document(document: Document, present: Container[Sha256]) -> Document:
    approvals = tuple(replace(one, files=_brought(one.files, present)) for one in document.approvals)
    return replace(document, files=_brought(document.files, present), approvals=approvals)


def _brought(files: tuple[File, ...], present: Container[Sha256]) -> tuple[File, ...]:
    """Return the files whose bytes are there, each with those of its signatures that are."""
    return tuple(
        replace(file, signatures=tuple(one for one in file.signatures if one.sha256 in present))
        for file in files
        if file.sha256 in present
    )
