# SPDX-License-Identifier: GPL-3.0-or-later
"""What a conversation loses because a standard cannot say it: shown to whoever traces a document."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from gateway.dialects.wire import Dialect
from gateway.model import Document, Event, Message

# keys, codes and what is known of a file by its bytes: no content that anybody would miss
_NO_CONTENT = frozenset({"card", "linked", "accompanying", "uid", "version_uid", "index", "tag", "size", "media_type"})
_NO_CONTENT |= {"system", "registry_id", "tax_id"}
Path = tuple[str, ...]


def lost(dialect: Dialect, message: Message) -> tuple[str, ...]:
    """Return which parts of the document in *message* the other side does not get, by the names of the model.

    ``visas``: none of them; ``1 of 3 visas``: one less; ``drafters.party.contacts``: those of every drafter.  A part
    that arrives in other words, as the standard has them, is not lost.  Of the message itself: who else gets the
    document (``recipients``), and which reports its sender wants (``subscription``).
    """
    read = dialect.degrade(message)
    if not isinstance(message.body, Document) or not isinstance(read.body, Document):
        return ()
    said, there = _counted(message), _counted(read)
    less = {path: count - there[path] for path, count in said.items() if there[path] < count}
    return tuple(
        ".".join(path) if path not in there else f"{count} of {said[path]} {'.'.join(path)}"
        for path, count in less.items()
        if not any(_covers(path[:depth], count, less, there) for depth in range(1, len(path)))
    )


def _covers(above: Path, count: int, less: Mapping[Path, int], there: Mapping[Path, int]) -> bool:
    """Say whether what is *above* is lost, and *count* parts below it go with it without being named."""
    return above in less and (above not in there or less[above] >= count)


def _counted(message: Message) -> "Counter[Path]":
    """Count the parts of *message* by path."""
    found = Counter(_parts(message.body, ()))
    if (others := len(message.recipients) - 1) > 0:
        found["recipients",] = others
    if message.subscription is not None:
        found["subscription",] = 1
    return found


def _parts(value: object, path: Path) -> Iterator[Path]:
    """Yield the path of every part of *value* that says something, each before what belongs to it."""
    if isinstance(value, tuple):
        for one in value:
            yield from _parts(one, path)
    elif is_dataclass(value):
        inside = [part for each in fields(value) for part in _field(value, each, path)]
        if path and inside:
            yield path
        yield from inside
    elif value is not None:
        yield path


def _field(value: object, each: "Field[Any]", path: Path) -> Iterator[Path]:  # Any: whatever the field holds
    said, unsaid = getattr(value, each.name), None if each.default is MISSING else each.default
    if each.name not in _NO_CONTENT and said != unsaid:
        yield from _parts(said, (*path, each.name))


def untold(dialect: Dialect, fact: Event) -> str:
    """Return what becomes of *fact* of ours in *dialect*, in words; empty when it is told as it is."""
    row = dialect.carries[fact.kind]
    if row.how == "whole":
        return ""
    return f"{dialect.name} says it as {row.words}" if row.how == "as" else f"{dialect.name} cannot say it: {row.words}"
