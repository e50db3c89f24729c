# SPDX-License-Identifier: GPL-3.0-or-later
"""What expressions may ask of the database while they run: the mapping's readers, and the files they meet."""

from collections.abc import Callable
from typing import Any

from gateway.content import Held
from gateway.edms_adapter.sql.complaint import MappingError
from gateway.edms_adapter.sql.database import Work
from gateway.edms_adapter.sql.files import Kept, Store
from gateway.edms_adapter.sql.plan import Plan
from gateway.edms_adapter.sql.values import text
from gateway.model import Content, File, FileRole, Sha256, Signature


class Readers:
    """`read` in expressions: ``read.files(card=row.card)`` runs the reader of that name."""

    def __init__(self, plan: Plan, work: Work, scope: dict[str, Any]) -> None:  # Any: what expressions see
        self._plan, self._work, self._scope = plan, work, scope

    def __getattr__(self, name: str) -> Callable[..., object]:
        reader = self._plan.readers.get(name)
        if reader is None:
            raise AttributeError(f"there is no [read.{name}]")

        def ask(**arguments: object) -> object:
            if arguments.keys() != reader.arguments:
                raise TypeError(f"read.{name} wants {', '.join(sorted(reader.arguments)) or 'no arguments'}")
            rows = self._work.rows(reader.sql, arguments)
            values = [reader.value({**self._scope, "row": row}) for row in rows]
            return (values[0] if values else None) if reader.single else values

        return ask


class Shelf:
    """The files that expressions built, with the bytes of each: `file` in expressions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.contents: dict[Sha256, Content] = {}

    def file(
        self,
        name: str,
        sha256: str,
        size: int,
        path: str | None = None,
        content: bytes | None = None,
        media_type: str | None = None,
        role: str | None = None,
        signatures: list[Signature] | None = None,
        chunks: object = None,
    ) -> File:
        """Return a File and keep its bytes at hand; raises OSError when they are not where they were put."""
        self._keep(name, sha256, size, path, content, chunks)
        kind = FileRole(role) if role else FileRole.ANNEX
        return File(
            name,
            size=size,
            sha256=Sha256(sha256),
            media_type=media_type or "application/octet-stream",
            role=kind,
            signatures=tuple(signatures or ()),
        )

    def signature(
        self,
        name: str,
        sha256: str,
        size: int,
        path: str | None = None,
        content: bytes | None = None,
        chunks: object = None,
    ) -> Signature:
        """Return a Signature and keep its bytes at hand."""
        self._keep(name, sha256, size, path, content, chunks)
        return Signature(name, size, Sha256(sha256))

    def _keep(self, name: str, digest: str, size: int, path: str | None, content: bytes | None, chunks: object) -> None:
        lies_in_rows = chunks is not None and content is None and path is None
        self.contents[Sha256(digest)] = (
            self._store.in_rows(chunks, size, digest) if lies_in_rows else self.open(name, digest, size, path, content)
        )

    def open(self, name: str, digest: str, size: int, path: str | None, content: bytes | None) -> Content:
        if content is not None:
            held = Held(bytes(content))
            if held.sha256 != digest:
                raise OSError(f"the bytes of {name!r} are not what was put there: their SHA-256 differs")
            return held
        if path is None:
            raise MappingError(f"file {name!r} has neither path, content nor chunks: the query must give one of them")
        kept: Kept = self._store.open(path, size, digest)
        return kept


def scope_of(plan: Plan, work: Work, shelf: Shelf, const: dict[str, object]) -> dict[str, Any]:  # Any: see Readers
    """Return what every expression sees: constants, readers and files."""
    scope: dict[str, Any] = {**plan.functions, "const": const, "file": shelf.file, "signature": shelf.signature}
    scope["const_of"] = lambda partner: constants(plan, text(partner))
    scope["exchange_of"] = lambda card: plan.association.of_card(work, card)
    scope["read"] = Readers(plan, work, scope)
    return scope


def constants(plan: Plan, partner: str = "") -> dict[str, object]:
    """Return the mapping's constants as they are for *partner*."""
    return {**plan.source.const, **plan.source.override.get(partner, {})}
