# SPDX-License-Identifier: GPL-3.0-or-later
"""Referred (2A.2, 2A.4): which other document or task is meant, read and written.

An answer names what it answers in the Document zone; every other link lies in a folder of links, with its kind and
words.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from gateway.dialects.bare_elements import add, attribute, child, children, given, text
from gateway.dialects.gost2010.examination import Examination
from gateway.dialects.gost2010.values import one_line
from gateway.dialects.gost2010.vocabulary import ANSWER_LINKS, ANSWERS_TO, LINKS, TO_DOCUMENT, TO_TASK
from gateway.dialects.tree import Element
from gateway.model import Document, DocumentRef, DocumentUid, Link, Number, Term

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://\S+", re.IGNORECASE)


def is_answer(document: Document) -> bool:
    """Say whether *document* answers another: then it is a message of kind 3, or 4 when it adds to an answer."""
    return any(answers(link) for link in document.links)


def answers(link: Link) -> bool:
    return link.document is not None and one_line(link.kind.text).casefold() in ANSWER_LINKS


# --- reading ------------------------------------------------------------------------------------------------------


def read_number(element: Element | None, exam: Examination, day: str = "regdate") -> Number:
    """Return a RegNumber, or a TaskNumber with its *day* in taskDate."""
    # QUIRK: taskDate is the one attribute in camel case; partners write it like all others
    spellings = (day, day.lower()) if day != day.lower() else (day,)
    name = next((each for each in spellings if attribute(element, each)), day)
    return Number(text(element), exam.date(element, name))


def read_referred(element: Element, kind: str, exam: Examination) -> Link:
    """Return a Referred as a link; one to a task has no place in our model and is kept in words."""
    uid = attribute(element, "idnumber")
    task = child(element, "TaskNumber")
    if attribute(element, "retype") == TO_TASK or (task is not None and child(element, "RegNumber") is None):
        number = read_number(task, exam, "taskDate")
        words = ["Поручение", f"№ {number.text}" if number.text else "", f"от {number.date}" if number.date else ""]
        return Link(Term(kind), description=" ".join([*filter(None, words), f"({uid})" if uid else ""]).strip())
    number = read_number(child(element, "RegNumber"), exam)
    if not uid and not number.text:
        exam.note("unresolved-reference", element, "it says neither which document nor which task")
        return Link(Term(kind))
    return Link(Term(kind), DocumentRef(DocumentUid(uid), number))


def read_folder_links(folder: Element, exam: Examination) -> tuple[Link, ...]:
    """Return the links of a folder (add_type 2): its references, or else what its notes say."""
    kind = Term(one_line(attribute(folder, "contents")))
    notes = [said for note in children(folder, "Note") if (said := text(note))]
    description, url = read_notes(notes)
    referred = [read_referred(each, kind.text, exam) for each in children(folder, "Referred")]
    if not referred:
        return (Link(kind, description=description, url=url),) if kind.text or notes else ()
    first = referred[0]
    first = replace(first, description=first.description or description, url=url)
    return (first, *referred[1:])


def read_notes(notes: Sequence[str]) -> tuple[str, str]:
    """Return what *notes* say in words, and the address among them."""
    addresses = [note for note in notes if _ADDRESS.fullmatch(note)]
    url = addresses[-1] if addresses else ""
    words = [*notes]
    if url:
        words.pop(len(words) - 1 - words[::-1].index(url))
    return "\n".join(words), url


# --- degrading ----------------------------------------------------------------------------------------------------


def degraded(links: Sequence[Link], *, answer: bool) -> tuple[Link, ...]:
    """Return what is read of *links*: first those that make the document an *answer*, then the others."""
    mine = [each for each in links if answer and answers(each)]
    first = [Link(Term(ANSWERS_TO), known) for each in mine if (known := _known(each.document))]
    others = [_other(each) for each in links if each not in mine or _known(each.document) is None]
    return (*dict.fromkeys(first), *(link for link in others if link != Link(Term())))


def _other(link: Link) -> Link:
    description, url = read_notes([note for note in (link.description, link.url) if note])
    return Link(Term(one_line(link.kind.text)), _known(link.document), description, url)


def _known(ref: DocumentRef | None) -> DocumentRef | None:
    """Return what a Referred says of a document: its id, and a number that has a date."""
    if ref is None:
        return None
    number = ref.number if ref.number.text and ref.number.date else Number()
    return DocumentRef(ref.uid, number) if ref.uid or number.text else None


# --- writing ------------------------------------------------------------------------------------------------------


def write_links(made: Element, links: Sequence[Link]) -> None:
    """Write into a Document what it answers."""
    for link in links:
        if link.document:
            write_referred(made, link.document)


def write_folder(parent: Element, link: Link) -> None:
    folder = add(parent, "Folder", contents=link.kind.text, add_type=LINKS)
    for note in (link.description, link.url):
        if note:
            add(folder, "Note", note)
    if link.document:
        write_referred(folder, link.document)


def write_referred(parent: Element, ref: DocumentRef) -> None:
    made = add(parent, "Referred", idnumber=given(ref.uid), retype=TO_DOCUMENT if ref.uid else None)
    if ref.number.date:
        add(made, "RegNumber", ref.number.text, regdate=ref.number.date.isoformat())


def write_task_referred(parent: Element, uid: str, number: Number) -> None:
    made = add(parent, "Referred", idnumber=uid, retype=TO_TASK)
    if number.date:
        add(made, "TaskNumber", number.text, taskDate=number.date.isoformat())
