# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration on disk is not the one that runs: it was refused, or nobody told the service."""

from collections.abc import Iterator

from gateway.causes.cause import Cause
from gateway.causes.look import Look
from gateway.running import unlike


def configuration(look: Look) -> Iterator[Cause]:
    found = unlike(look.settings) if look.running else None
    if found is None:
        return
    where = f" ({', '.join(found.tables)})" if found.tables else ""
    what = f"the configuration on disk differs from the one that runs{where}"
    if found.refused_at is None:
        yield Cause("configuration", f"{what}: nobody told the service", None, "", look.reload)
    else:
        remedy = f"edms-gateway check-config; once it is mended: {look.reload}"
        yield Cause("configuration", f"{what}: it was refused", found.refused_at, found.why or "", remedy)
