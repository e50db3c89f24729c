# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a document its receive rule takes, and what the rule minds about it.  Pure: what follows is not said here.

The level a document counts as is written onto it here, so that nobody after this has to ask again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.model import Document, File, Task, Term, folded
from gateway.settings import ReceiveSettings


@dataclass(frozen=True, slots=True)
class BadFile:
    """The first file the rule does not take."""

    name: str
    found: str  # its extension without the dot, or its size in bytes
    expected: str  # the extensions, or the bound
    too_large: bool


def taken(document: Document, receive: ReceiveSettings, level: Term, office: str) -> Document:
    """Return *document* as it shall be registered: its *level* said, without the links and tasks nobody wants.

    *office* is the exchange index of our organisation it is for.
    """
    document = replace(document, access=level, tasks=_tasks(document, receive, office))
    if receive.links == "ignore":
        document = replace(document, links=(), linked=(), accompanying=())
    return document


def bad_file(document: Document, receive: ReceiveSettings, office: str) -> BadFile | None:
    """Return the first file that is of another kind or larger than *receive* takes; None when all are welcome.

    Files of tasks that are not taken do not matter.
    """
    kinds = tuple(kind.removeprefix(".").casefold() for kind in receive.file_types)
    for file in _files(replace(document, tasks=_tasks(document, receive, office))):
        if kinds and _extension(file) not in kinds:
            return BadFile(file.name, _extension(file), ", ".join(kinds), too_large=False)
        if receive.max_file is not None and file.size > receive.max_file:
            return BadFile(file.name, str(file.size), str(receive.max_file), too_large=True)
    return None


def _tasks(document: Document, receive: ReceiveSettings, office: str) -> tuple[Task, ...]:
    if receive.tasks == "all":
        return document.tasks
    if receive.tasks == "none":
        return ()
    return tuple(task for task in document.tasks if _is_ours(task, office))


def _is_ours(task: Task, office: str) -> bool:
    """Say whether *task* is for our organisation; one whose executors name no organisation is."""
    indices = {folded(executor.party.index) for executor in task.executors}
    return not indices - {""} or folded(office) in indices


def _files(document: Document) -> Iterator[File]:
    yield from document.files
    for task in document.tasks:
        yield from task.files


def _extension(file: File) -> str:
    stem, dot, extension = file.name.rpartition(".")
    return extension.casefold() if dot and stem else ""
