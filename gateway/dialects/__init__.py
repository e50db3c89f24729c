# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire standards we speak.  A new one is a module with a `Dialect`, one line in `DIALECTS`, and samples."""

from gateway.dialects.gost2010 import Gost2010
from gateway.dialects.medo import Medo
from gateway.dialects.sev import Sev
from gateway.dialects.smdo import Smdo
from gateway.dialects.wire import Dialect, Root

# The first that recognises a root reads it: an Envelop that names its message is SMDO's, any other SEV's for transport.
DIALECTS: tuple[Dialect, ...] = (Smdo(), Sev(), Gost2010(), Medo())


def by_name(name: str) -> Dialect:
    """Return the dialect called *name*; raises KeyError, naming those there are."""
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    raise KeyError(f"no dialect {name!r}; known: {', '.join(dialect.name for dialect in DIALECTS)}")


def version_of(name: str, wanted: str) -> str:
    """Return the version of the dialect called *name* to write: the *wanted* one, else the newest we write."""
    return wanted or by_name(name).versions[0]


def recognise(root: Root) -> Dialect | None:
    """Return the dialect a passport with this *root* is written in, or None; the first that recognises it."""
    return next((dialect for dialect in DIALECTS if dialect.recognises(root)), None)
