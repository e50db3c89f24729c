# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own schema of the SEV wire format (`drop_unknown` removes ``xsi:schemaLocation`` before)."""

from functools import cache
from typing import Any

from lxml import etree

from gateway.dialects import schemas
from gateway.dialects.sev.vocabulary import NAME
from gateway.dialects.tree import Element
from gateway.model import Problem


class _Ours(etree.Resolver):
    """Finds the schemas that schemas import, here and nowhere else."""

    def resolve(self, url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # Any: lxml's stubs
        # lack the third argument, and have no type for what comes back
        return self.resolve_string(schemas.source(NAME, url.rpartition("/")[2]), context, base_url=url)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(schemas.tree(schemas.source(NAME, "sev.xsd"), "sev.xsd", _Ours()))


def deviations(root: Element) -> tuple[tuple[int, str], ...]:
    """Return where *root* is not as the schema wants it, as line and words."""
    return schemas.deviations(root, _schema())


def deviation_notes(root: Element) -> tuple[Problem, ...]:
    """Return the deviations of *root* as notes."""
    return schemas.deviation_notes(root, _schema())
