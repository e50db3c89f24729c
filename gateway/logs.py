# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: for people on a terminal, fields of the journal under systemd, JSON otherwise; one line an event.

Never the text of a document: of an error only its type and where it came from are written, since its words may quote
one.
"""

import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import format_tb

import structlog
from structlog.typing import ExcInfo

JOURNAL = Path("/run/systemd/journal/socket")  # systemd.io/JOURNAL_NATIVE_PROTOCOL
PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # syslog(3), by our levels
LONGEST_FIELD = 32 << 10  # LIMIT: bytes of one field; a datagram holds some 200 KiB
OUR_OWN = ("event", "level", "timestamp", "exception")  # not among the values of a message


def configure_logs(level: str = "info", journal: Path = JOURNAL) -> None:
    """Send every log line, ours and the libraries', in one form to standard error, or to the *journal* behind it."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_without_words),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        cache_logger_on_first_use=True,
    )
    to_journal = _is_journal(sys.stderr)
    for_people = sys.stderr.isatty() and not to_journal
    renderer = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = JournalHandler(journal) if to_journal else logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.getLogger().handlers = [handler]
    set_level(level)


def set_level(level: str) -> None:
    """Write what is at least *level*; of libraries never less than warnings: their smaller lines may hold letters."""
    ours = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger("gateway").setLevel(ours)
    logging.getLogger().setLevel(max(ours, logging.WARNING))


@contextmanager
def story(**known: object) -> Iterator[None]:
    """Within, every line carries *known* and what is `learnt` on the way; no line after it does."""
    before = structlog.contextvars.get_contextvars()
    learnt(**known)
    try:
        yield
    finally:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**before)


def learnt(**known: object) -> None:
    """From here to the end of the story every line carries *known*; what is empty is left out."""
    structlog.contextvars.bind_contextvars(**{name: value for name, value in known.items() if value})


class JournalHandler(logging.Handler):
    """Gives each line to journald as fields of its own, which ``journalctl NAME=value`` finds; else to stderr."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = str(place)
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            written = self.format(record)
            try:
                self._line.sendto(datagram(json.loads(written)), self._place)
            except OSError:  # journald is being replaced: its pipe keeps what comes
                print(written, file=sys.stderr, flush=True)
        except Exception:  # an edge: a line that cannot be written stops nobody
            self.handleError(record)


def datagram(line: dict[str, object]) -> bytes:
    """Return *line* as the journal's native protocol wants it, every value with its length before it."""
    values = {name: _plain(value) for name, value in line.items() if value is not None}
    said = " ".join(f"{name}={value}" for name, value in values.items() if name not in OUR_OWN)
    message = f"{values.get('event', '')}  {said}".strip()
    fields = {
        "MESSAGE": "\n".join(part for part in (message, values.get("exception", "")) if part),
        "PRIORITY": str(PRIORITIES.get(values.get("level", ""), 6)),
        "SYSLOG_IDENTIFIER": "edms-gateway",
        **{name.upper(): value for name, value in values.items() if name not in OUR_OWN},
    }
    return b"".join(_field(name, value) for name, value in fields.items())


def _field(name: str, value: str) -> bytes:
    data = value.encode(errors="replace")[:LONGEST_FIELD]
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_journal(stream: object) -> bool:
    """Say whether *stream* leads to journald: JOURNAL_STREAM has its device and inode (systemd.exec(5))."""
    try:
        there = os.fstat(stream.fileno())  # type: ignore[attr-defined]  # what has none raises
    except (OSError, AttributeError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def _without_words(exc_info: ExcInfo) -> str:
    """Return the traceback of an error and of those behind it; of their words nothing, but what the machine says."""
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told.append("".join((*format_tb(error.__traceback__), _name(error))))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(told))


def _name(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return f"{type(error).__qualname__}: {os.strerror(error.errno)}"
    return type(error).__qualname__
