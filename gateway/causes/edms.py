# SPDX-License-Identifier: GPL-3.0-or-later
"""The EDMS: away, or without something that people must prepare in it."""

from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look


def edms(look: Look) -> Iterator[Cause]:
    if look.edms.words:
        remedy = "edms-gateway edms check; letters wait, whole, and go on by themselves"
        yield Cause("edms", "the EDMS does not answer", None, look.edms.words, remedy)
    for lacking in look.edms.lacking:
        what = f"to be prepared in the EDMS: {lacking.what}"
        yield Cause(f"edms:{lacking.what}", what, None, lacking.detail, lacking.remedy or "edms-gateway edms check")
