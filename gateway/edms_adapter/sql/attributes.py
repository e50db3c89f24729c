# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents and events of an expression are made of: a misspelt part is found before a letter meets it."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from jinja2 import nodes

from gateway.model import Document, Event
from gateway.ports import Intake

Kinds = Mapping[str, Any]  # Any: a type, as annotations write it; None: nobody knows

ALWAYS: Kinds = {"document": Document, "intake": Intake, "event": Event}  # what these names mean in every rule


def misspelt(tree: nodes.Node, kinds: Kinds) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the first part that nothing of its kind has: whose, which, and those there are; None: there is none."""
    for node in (nodes.Tuple([tree], "load")).find_all(nodes.Getattr):  # itself, too
        kind = kind_of(node.node, kinds)
        if _is_ours(kind) and not hasattr(kind, node.attr) and node.attr not in _parts(kind):
            return kind.__name__, node.attr, tuple(_parts(kind))
    return None


def kind_of(node: nodes.Node, kinds: Kinds) -> Any:  # Any: see Kinds
    """Return what *node* gives, as far as annotations tell."""
    match node:
        case nodes.Name(name=name):
            return _plain(kinds.get(name))
        case nodes.Getattr(node=whole, attr=attr):
            kind = kind_of(whole, kinds)
            return _plain(_parts(kind).get(attr)) if _is_ours(kind) else None
        case nodes.Getitem(node=whole, arg=nodes.Const(value=int())):
            return item_of(kind_of(whole, kinds))
    return None


def item_of(kind: Any) -> Any:  # Any: see Kinds
    """Return of what kind the things in a tuple of *kind* are."""
    match get_origin(kind), get_args(kind):
        case origin, (item, second) if origin is tuple and second is Ellipsis:
            return _plain(item)
    return None


def _is_ours(kind: Any) -> bool:  # Any: see Kinds
    return isinstance(kind, type) and is_dataclass(kind)


def _plain(kind: Any) -> Any:  # Any: see Kinds
    """Return *kind* without the chance that it is missing."""
    if get_origin(kind) in (Union, UnionType):
        there = [one for one in get_args(kind) if one is not NoneType]
        return there[0] if len(there) == 1 else None
    return kind


@cache
def _parts(kind: type) -> dict[str, Any]:  # Any: see Kinds
    hints = get_type_hints(kind)
    return {field.name: hints.get(field.name) for field in fields(kind)}
