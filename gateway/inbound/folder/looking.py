# SPDX-License-Identifier: GPL-3.0-or-later
"""A single look into a directory, for whoever asks what in it cannot be taken; nothing is changed or remembered."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gateway.inbound.folder.completeness import Incomplete, complete, unreadable
from gateway.inbound.folder.finding import Found, Layout, found_in
from gateway.inbound.folder.flat import Envelopes
from gateway.inbound.folder.letters import NANO
from gateway.inbound.folder.plain import Changed, opened
from gateway.inbound.folder.whys import Why


def not_taken(path: Path, layout: Layout, max_bytes: int, since: datetime, now: datetime) -> Iterator[Why]:
    """Yield why packages in *path* cannot be taken; what was written *since* then may still be coming.

    Raises OSError when the directory cannot be read.
    """
    with opened(path) as root:
        for found in found_in(root, layout, Envelopes()):
            if since.timestamp() < _written(found) <= now.timestamp():
                continue
            try:
                complete(found, layout, root, max_bytes)
            except Changed:
                continue
            except Incomplete as error:
                yield error.why
            except OSError as error:
                yield unreadable(error).why


def _written(found: Found) -> float:
    files = (*found.files, found.sidecar) if found.sidecar else found.files
    return max((file.mtime_ns for file in files), default=0) / NANO
