# SPDX-License-Identifier: GPL-3.0-or-later
"""Can the file store be written, and is there room?"""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.ports import Finding

FREE_BYTES = 1 << 30  # LIMIT: less free space than this in the file store is a finding


def file_store(files: Path) -> Iterator[Finding]:
    """Yield whether a file can be made there and synced, and whether there is room for more."""
    what = f"file store {files}"
    try:
        with tempfile.TemporaryFile(dir=files) as stream:
            stream.write(b"?")
            stream.flush()
            os.fsync(stream.fileno())
        free = shutil.disk_usage(files).free
    except OSError as error:
        yield Finding(
            False, what, f"cannot be written: {error.strerror}", f"sudo install -d -m 700 -o {user()} {files}"
        )
        return
    if free < FREE_BYTES:
        yield Finding(False, what, f"only {free >> 20} MiB are free", "make room: a full store stops registration")
        return
    yield Finding(True, what)


def user() -> str:
    """Return the name of the user we run as, ready to be typed."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
