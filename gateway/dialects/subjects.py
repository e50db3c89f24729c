# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects of letters, where a standard leaves them to custom."""

from gateway.dialects.values import one_line
from gateway.model import Document


def document_subject(document: Document) -> str:
    """Return the subject native senders give a letter: ``№ <number> от <dd.MM.yyyy> <group>``."""
    day = document.number.date
    words = ["№", document.number.text, f"от {day:%d.%m.}{day.year:04d}" if day else ""]
    words.append(document.kind.text if document.kind else "")
    return one_line(" ".join(words))
