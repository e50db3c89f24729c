# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schemas of the wire formats: what we write must obey them, what we read may deviate and is noted.

The files of a dialect lie in its folder ``schema/`` as package data; nothing is ever fetched that a message points to.
"""

import re
from importlib.resources import files
from itertools import islice
from threading import Lock

from lxml import etree

from gateway.dialects.tree import Element, has_more
from gateway.model import Problem, Severity

MAX_DEVIATIONS = 20  # LIMIT: deviations named one by one
MAX_ELEMENTS = 10_000  # LIMIT: of what strangers send; beyond, only the time it takes to name deviations would matter
MAX_TEXT = 300  # LIMIT: characters of one

_NAMESPACE = re.compile(r"\{(?:https?|urn):[^}]*\}")

_lock = Lock()  # a compiled schema has one error log: one validation at a time


def source(dialect: str, name: str) -> bytes:
    """Return the schema file *name* that is shipped with *dialect*."""
    return files(f"gateway.dialects.{dialect}").joinpath("schema", name).read_bytes()


def tree(source: bytes, name: str = "", others: etree.Resolver | None = None) -> Element:
    """Return the schema *source* as a tree; when it imports *others*, they are found beside its *name*."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    if others is not None:
        parser.resolvers.add(others)
    root: Element = etree.fromstring(source, parser, base_url=name)
    return root


def deviations(root: Element, schema: etree.XMLSchema) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as *schema* wants it, as line and words; at most 20."""
    with _lock:
        if schema.validate(root):
            return ()
        log = islice(schema.error_log, MAX_DEVIATIONS)  # type: ignore[call-overload]  # the stubs forget it iterates
        return tuple((entry.line, _NAMESPACE.sub("", entry.message)[:MAX_TEXT]) for entry in log)


def deviation_notes(root: Element, schema: etree.XMLSchema) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes; of a message with too many elements only that it was not checked."""
    if has_more(root, MAX_ELEMENTS):
        return (Problem(Severity.NOTE, "schema", "line 1", f"not checked: more than {MAX_ELEMENTS} elements"),)
    return tuple(Problem(Severity.NOTE, "schema", f"line {line}", text) for line, text in deviations(root, schema))
