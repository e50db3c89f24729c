# SPDX-License-Identifier: GPL-3.0-or-later
"""What is new in a document since it was last sent, and what of it an addition can carry; pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.identity import document_digest
from gateway.model import Document, File, Sha256, Task


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between a document as it was sent and as it stands now."""

    files: tuple[File, ...] = ()  # new, or signed anew
    tasks: tuple[Task, ...] = ()  # new or changed
    otherwise: bool = False  # something else changed, such as the document's deadline: no addition can say it
    files_gone: tuple[str, ...] = ()  # names; no message takes a file back
    tasks_gone: int = 0  # closed, cancelled or given to others: no message takes a task back either

    @property
    def can_be_told(self) -> bool:
        return bool(self.files or self.tasks or self.otherwise)


def difference(sent: Document, now: Document, to: str) -> Difference:
    """Return what is new in *now*, compared with what the organisation *to* was *sent*.

    Addressees elsewhere do not count: that the document also goes to others is no change for this one.
    """
    files, before = _by_content(now.files), _by_content(sent.files)
    signed = {key: _signatures(file) for key, file in before.items()}
    tasks = {task.uid: task for task in sent.tasks}
    return Difference(
        files=tuple(file for key, file in files.items() if key not in before or _signatures(file) - signed[key]),
        tasks=tuple(task for task in now.tasks if task != tasks.get(task.uid)),
        otherwise=document_digest(_rest(_asked(sent, now), to)) != document_digest(_rest(now, to)),
        files_gone=tuple(file.name for key, file in before.items() if key not in files),
        tasks_gone=len(tasks.keys() - {task.uid for task in now.tasks}),
    )


def addition(now: Document, what: Difference) -> Document:
    """Return the message body that adds *what* is new to a document that was sent before."""
    return replace(now, supplement=True, files=what.files, tasks=what.tasks)


def _by_content(files: Iterable[File]) -> dict[tuple[str, Sha256 | None], File]:
    return {(file.name, file.sha256): file for file in files}


def _signatures(file: File) -> set[Sha256 | None]:
    return {signature.sha256 for signature in file.signatures}


def _asked(sent: Document, now: Document) -> Document:
    """Return the draft *sent* without the visas and signatures given meanwhile: that is no change of the draft."""
    return replace(sent, approvals=tuple(one for one in sent.approvals if one in now.approvals))


def _rest(document: Document, to: str) -> Document:
    return replace(document, files=(), tasks=(), addressees=document.addressees_in(to), supplement=False)
