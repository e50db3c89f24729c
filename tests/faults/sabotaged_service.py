# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway with one of its promises taken out, to show that the fault tests would notice.

``SABOTAGE=NAME python -m tests.faults.sabotaged_service GATEWAY.TOML``.  The patch is made when this module is read,
so worker processes, which read their parent's main module again, have it too.  Without a name it is the gateway.
"""

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.edms_adapter.sql import files
from gateway.inbound.accept import Acceptor
from gateway.inbound.delivery import Delivery
from gateway.journal import store
from gateway.logs import configure_logs
from gateway.run import run_service
from gateway.settings_files import load

_fsync = os.fsync


def no_file_fsync() -> None:
    _fsync_only(stat.S_ISDIR)


def no_directory_fsync() -> None:
    _fsync_only(stat.S_ISREG)


def no_store_directory_fsync() -> None:
    files.flush_directory = lambda directory: None


def no_wal_sync() -> None:
    set_up = store._set_up

    def careless(connection: Any, record: Any) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    store._set_up = careless


def reply_before_commit() -> None:
    call = Acceptor.__call__
    pending = set()

    async def hasty(self: Acceptor, delivery: Delivery) -> None:
        pending.add(asyncio.ensure_future(call(self, delivery)))

    Acceptor.__call__ = hasty  # type: ignore[method-assign]


def _fsync_only(wanted: Callable[[int], bool]) -> None:
    def fsync(descriptor: int) -> None:
        if wanted(os.fstat(descriptor).st_mode):
            _fsync(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


SABOTAGES: dict[str, Callable[[], None]] = {
    "no file fsync": no_file_fsync,
    "no directory fsync": no_directory_fsync,
    "no directory fsync in the EDMS's store": no_store_directory_fsync,
    "no sync of the journal's log": no_wal_sync,
    "250 before the commit": reply_before_commit,
}

if name := os.environ.get("SABOTAGE"):
    SABOTAGES[name]()


if __name__ == "__main__":
    configure_logs()
    run_service(lambda: load(Path(sys.argv[1])))
