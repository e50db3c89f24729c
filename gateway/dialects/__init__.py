# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire standards we speak.  A new one is a module with a `Dialect`, one line in `DIALECTS`, and samples."""

from gateway.dialects.sev import Sev
from gateway.dialects.wire import Dialect, Root

DIALECTS: tuple[Dialect, ...] = (Sev(),)


def by_name(name: str) -> Dialect:
    """Return the dialect called *name*; raises KeyError, naming those there are."""
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    raise KeyError(f"no dialect {name!r}; known: {', '.join(dialect.name for dialect in DIALECTS)}")


def recognise(root: Root) -> Dialect | None:
    """Return the dialect a passport with this *root* is written in, or None; the first that recognises it."""
    return next((dialect for dialect in DIALECTS if dialect.recognises(root)), None)
