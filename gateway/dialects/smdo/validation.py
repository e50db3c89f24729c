# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of the SMDO message: what we write must obey it, what we read may deviate and is noted."""

from functools import cache
from importlib.resources import files
from itertools import islice
from threading import Lock

from lxml import etree

from gateway.dialects.smdo.vocabulary import V1
from gateway.dialects.tree import Element, has_more
from gateway.model import Problem, Severity

MAX_DEVIATIONS = 20  # LIMIT: deviations named one by one
MAX_ELEMENTS = 10_000  # LIMIT: of what strangers send; beyond, only the time it takes to name deviations would matter
MAX_TEXT = 300  # LIMIT: characters of one
_NEW = "v2-"  # what came with 2.1.1

_lock = Lock()  # a compiled schema has one error log: one validation at a time


@cache
def _schema(version: str) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    source = files("gateway.dialects.smdo").joinpath("schema", "smdo.xsd").read_bytes()
    root = etree.fromstring(source, parser)
    if version == V1:
        for element in [each for each in root.iter(etree.Element) if each.get("id", "").startswith(_NEW)]:
            if element.get("use"):
                element.set("use", "optional")
            elif (parent := element.getparent()) is not None:
                parent.remove(element)
    return etree.XMLSchema(root)


def deviations(root: Element, version: str) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema of *version* wants it, as line and words; at most 20."""
    with _lock:
        schema = _schema(version)
        if schema.validate(root):
            return ()
        log = islice(schema.error_log, MAX_DEVIATIONS)  # type: ignore[call-overload]  # the stubs forget it iterates
        return tuple((entry.line, entry.message[:MAX_TEXT]) for entry in log)


def deviation_notes(root: Element, version: str) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes; of a message with too many elements only that it was not checked."""
    if has_more(root, MAX_ELEMENTS):
        text = f"not checked: more than {MAX_ELEMENTS} elements"
        return (Problem(Severity.NOTE, "schema", "line 1", text),)
    return tuple(Problem(Severity.NOTE, "schema", f"line {line}", text) for line, text in deviations(root, version))
