# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of the SMDO message, for each of its versions."""

from functools import cache

from lxml import etree

from gateway.dialects import schemas
from gateway.dialects.smdo.vocabulary import NAME, V1
from gateway.dialects.tree import Element
from gateway.model import Problem

_NEW = "v2-"  # what came with 2.1.1


@cache
def _schema(version: str) -> etree.XMLSchema:
    root = schemas.tree(schemas.source(NAME, "smdo.xsd"))
    if version == V1:
        for element in [each for each in root.iter(etree.Element) if each.get("id", "").startswith(_NEW)]:
            if element.get("use"):
                element.set("use", "optional")
            elif (parent := element.getparent()) is not None:
                parent.remove(element)
    return etree.XMLSchema(root)


def deviations(root: Element, version: str) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema of *version* wants it, as line and words."""
    return schemas.deviations(root, _schema(version))


def deviation_notes(root: Element, version: str) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes."""
    return schemas.deviation_notes(root, _schema(version))
