# SPDX-License-Identifier: GPL-3.0-or-later
"""What a conversation loses because a standard cannot say it: shown to whoever traces a document."""

from dataclasses import fields

from gateway.dialects.wire import Dialect
from gateway.model import Document, Event, Message

_ALWAYS = frozenset({"card", "linked", "accompanying"})  # keys of one passport, no content


def lost(dialect: Dialect, message: Message) -> tuple[str, ...]:
    """Return which parts of the document in *message* the other side does not get, by name; files by how many."""
    said, read = message.body, dialect.degrade(message).body
    if not isinstance(said, Document) or not isinstance(read, Document):
        return ()
    empty = Document()
    found = [
        each.name
        for each in fields(Document)
        if each.name not in _ALWAYS
        and getattr(said, each.name) != getattr(empty, each.name)
        and getattr(read, each.name) == getattr(empty, each.name)
    ]
    signatures = sum(len(file.signatures) for file in said.files) - sum(len(file.signatures) for file in read.files)
    if len(read.files) < len(said.files) and "files" not in found:
        found.append(f"{len(said.files) - len(read.files)} files")
    if signatures > 0 and "files" not in found:
        found.append(f"{signatures} signatures")
    if message.subscription is not None and dialect.degrade(message).subscription is None:
        found.append("subscription")
    return tuple(found)


def untold(dialect: Dialect, fact: Event) -> str:
    """Return what becomes of *fact* of ours in *dialect*, in words; empty when it is told as it is."""
    row = dialect.carries[fact.kind]
    if row.how == "whole":
        return ""
    return f"{dialect.name} says it as {row.words}" if row.how == "as" else f"{dialect.name} cannot say it: {row.words}"
