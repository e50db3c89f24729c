# SPDX-License-Identifier: GPL-3.0-or-later
"""Being called by PostgreSQL when a trigger of the outbox ran (LISTEN); never more than a wake-up.

A call is delivered when its transaction commits, and lost when nobody listens.

At that moment the outbox may not be readable up to the change: a transaction of anybody in the whole server that is
still running holds its end back (see `outbox`).  So a call is repeated once, when all that ran at its time has ended.
"""

from datetime import timedelta
from typing import Any

from gateway.edms_adapter.sql.database import Database

NAME = "edms-gateway is called"  # what pg_stat_activity calls the connection
BEGUN = "select pg_snapshot_xmax(pg_current_snapshot())::text"  # nothing after it has begun yet
ENDED = "select pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8"  # all before it has


class Line:
    """A connection of its own that listens on *channel*; see `gateway.ports.Signal`."""

    def __init__(self, database: Database, channel: str) -> None:
        borrowed = database.engine.raw_connection()
        line: Any = borrowed.driver_connection  # Any: psycopg's, which need not be installed
        borrowed.detach()  # it never goes back to the others
        self._line = line
        try:
            self._line.autocommit = True
            self._line.execute("select set_config('application_name', %s, false)", [NAME])
            self._line.execute(f"listen {database.engine.dialect.identifier_preparer.quote(channel)}")
            self._held_back = self._begun()  # the transactions that keep the outbox from being read; None: none do
        except BaseException:
            self.close()
            raise

    def wait(self, patience: timedelta) -> bool:
        """See `gateway.ports.Signal`."""
        called = any(True for _ in self._line.notifies(timeout=patience.total_seconds(), stop_after=1))
        if called:
            self._held_back = self._begun()
        elif self._held_back is not None and self._ended(self._held_back):
            self._held_back, called = None, True
        return called

    def _begun(self) -> str | None:
        """Return the number up to which transactions have begun; None when all of them have ended."""
        (number,) = self._line.execute(BEGUN).fetchone()
        return None if self._ended(number) else str(number)

    def _ended(self, number: str) -> bool:
        (ended,) = self._line.execute(ENDED, [number]).fetchone()
        return bool(ended)

    def close(self) -> None:
        self._line.close()
