# SPDX-License-Identifier: GPL-3.0-or-later
"""Being called by PostgreSQL when a trigger of the outbox ran (LISTEN); never more than a wake-up.

A call is delivered when its transaction commits, and lost when nobody listens.
"""

from datetime import timedelta
from typing import Any

from gateway.edms_adapter.sql.database import Database


class Line:
    """A connection of its own that listens on *channel*; see `gateway.ports.Signal`."""

    def __init__(self, database: Database, channel: str) -> None:
        borrowed = database.engine.raw_connection()
        line: Any = borrowed.driver_connection  # Any: psycopg's, which need not be installed
        borrowed.detach()  # it never goes back to the others
        self._line = line
        try:
            self._line.autocommit = True
            self._line.execute(f"listen {database.engine.dialect.identifier_preparer.quote(channel)}")
        except BaseException:
            self.close()
            raise

    def wait(self, patience: timedelta) -> bool:
        """See `gateway.ports.Signal`."""
        return any(True for _ in self._line.notifies(timeout=patience.total_seconds(), stop_after=1))

    def close(self) -> None:
        self._line.close()
