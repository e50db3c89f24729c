# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal for those who only look: the database itself refuses to write on these connections.

No folder and no file is made, not even the folder of large letters, which is never opened.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from gateway.journal.schema import HEAD
from gateway.journal.store import BUSY_SECONDS, NoJournal, SchemaMismatch, begin, version


class Readable(Protocol):
    """What has transactions that read: a `Journal`, or a `ReadOnlyJournal`."""

    def read(self) -> AbstractContextManager[Connection]: ...


class ReadOnlyJournal:
    """An open journal.  Safe to share between the threads of one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> "ReadOnlyJournal":
        """Open the journal at *url*, which the service has made.

        Raises NoJournal when there is none, SchemaMismatch when its tables are of another version,
        sqlalchemy.exc.OperationalError when the database cannot be reached.
        """
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
            raise NoJournal(str(parsed.database))
        engine = _engine(parsed)
        try:
            with engine.begin() as tx:
                found = version(tx)
            if found is None:
                raise NoJournal(parsed.render_as_string(hide_password=True))
            if found != HEAD:
                raise SchemaMismatch(found, HEAD)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction; whatever would write in it is an error of the database."""
        with self._engine.begin() as tx:
            yield tx

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        file = quote(str(Path(url.database or "").absolute()))
        address = URL.create("sqlite", database=f"file:{file}", query={"mode": "ro", "uri": "true"})
        arguments = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}
        engine = create_engine(address, connect_args=arguments, pool_size=10)
        event.listen(engine, "begin", begin)
        return engine
    if url.get_backend_name() == "postgresql":
        said = url.query.get("options", "")
        options = f"{said if isinstance(said, str) else ' '.join(said)} -c default_transaction_read_only=on".strip()
        address = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
        return create_engine(address, pool_pre_ping=True, pool_size=10)
    raise ValueError(f"a journal lives in SQLite or PostgreSQL, not in {url.get_backend_name()}")
