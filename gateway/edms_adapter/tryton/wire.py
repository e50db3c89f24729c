# SPDX-License-Identifier: GPL-3.0-or-later
"""Tryton's JSON-RPC over HTTP: one call is one transaction there.

A session that ended is begun anew, once per call.  Nothing a server says is held beyond a limit, and files pass through
in blocks, up and down.  Source: trytond 8.2, protocols/dispatcher.py and protocols/jsonrpc.py.
"""

import json
import threading
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from itertools import chain
from typing import Any
from urllib.parse import quote

from gateway.edms_adapter.remote.web import Unreachable, Web, true_blocks
from gateway.edms_adapter.tryton.options import Options
from gateway.model import Content

Json = Any  # Any: what a JSON text holds; whoever asked for it knows its shape

MAX_ANSWER = 32 << 20  # LIMIT: bytes of an answer held in memory; a page of cards is some hundred KiB
MAX_WORDS = 300  # LIMIT: characters of a server's complaint that are passed on
BLOCK = 192 << 10  # bytes; a multiple of 3, so that blocks of base64 join without padding
MARK = "\N{OBJECT REPLACEMENT CHARACTER}file"  # stands for a file in a request until its bytes are sent
UNAUTHORIZED, TOO_MANY = 401, 429


class TrytonRefuses(RuntimeError):
    """The server understood, and will not; *kind* is Tryton's own word for it."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(f"Tryton: {kind}: {words}"[:MAX_WORDS])
        self.kind = kind


class Server:
    """One database of one Tryton server, as one user; threads share it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._web = Web("Tryton", options.url, options.ca_file, options.timeout)
        self._path = f"{self._web.root}/{quote(options.database, safe='')}/rpc/"
        self._session: dict[str, str] = {}
        self._entering = threading.Lock()
        self.user = 0  # our own id there; 0 before the first call

    # --- calls ------------------------------------------------------------------------------------------------------

    def call(self, method: str, *params: Json, context: Mapping[str, Json] | None = None) -> Json:
        """Return what *method* gives; raises Unreachable or TrytonRefuses."""
        body = json.dumps({"id": 1, "method": method, "params": [*params, context or {}]}).encode()
        with self._answer(lambda: [body], len(body)) as answer:
            return _result(_whole(answer))

    def create(self, model: str, values: Mapping[str, Json], content: Content | None = None) -> int:
        """Make a record, with *content* as its ``data``, and return its id."""
        if content is None:
            return int(self.call(f"model.{model}.create", [dict(values)])[0])
        record = {**values, "data": {"__class__": "bytes", "base64": MARK}}
        asked = json.dumps({"id": 1, "method": f"model.{model}.create", "params": [[record], {}]}, ensure_ascii=False)
        before, _, after = (part.encode() for part in asked.partition(MARK))
        length = len(before) + -(-content.size // 3) * 4 + len(after)
        with self._answer(lambda: _around(before, content, after), length) as answer:
            return int(_result(_whole(answer))[0])

    def data(self, model: str, record: int) -> Iterator[bytes]:
        """Yield the bytes that the server reads back from the field ``data`` of a record."""
        asked = {"id": 1, "method": f"model.{model}.read", "params": [[record], ["data"], {}]}
        body = json.dumps(asked).encode()
        with self._answer(lambda: [body], len(body)) as answer:
            yield from _decoded(_blocks(answer))

    def series(self) -> tuple[str, datetime | None]:
        """Return the series of the server, "8.2", and its clock; this needs no account."""
        body = json.dumps({"id": 1, "method": "common.server.version", "params": []}).encode()
        with self._sent(f"{self._web.root}/rpc/", {}, [body], len(body)) as answer:
            date = answer.headers.get("Date")
            _expect_ok(answer)
            return str(_result(_whole(answer))), parsedate_to_datetime(date).astimezone(UTC) if date else None

    # --- sessions ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _answer(self, body: Callable[[], Iterable[bytes]], length: int) -> Iterator[HTTPResponse]:
        """Send *body* within our session; when that has ended, once more in a new one."""
        session = self._entered({})
        with self._sent(self._path, session, body(), length) as answer:
            if answer.status != UNAUTHORIZED:
                _expect_ok(answer)
                yield answer
                return
        with self._sent(self._path, self._entered(session), body(), length) as answer:
            _expect_ok(answer)
            yield answer

    def _entered(self, ended: Mapping[str, str]) -> dict[str, str]:
        """Return the header of our session; a new one when there is none, or when it is the one that has *ended*."""
        with self._entering:
            if not self._session or self._session == ended:
                self._session = self._login()
            return self._session

    def _login(self) -> dict[str, str]:
        login, password = self.options.login, self.options.password
        asked = {"id": 1, "method": "common.db.login", "params": [login, {"password": password}]}
        body = json.dumps(asked).encode()
        with self._sent(self._path, {}, [body], len(body)) as answer:
            if answer.status == UNAUTHORIZED:
                raise TrytonRefuses("login", f"the account {login!r} or its password is not accepted")
            _expect_ok(answer)
            found = _result(_whole(answer))
        self.user = int(found[0])
        token = b64encode(f"{login}:{found[0]}:{found[1]}".encode()).decode()
        return {"Authorization": f"Session {token}"}

    @contextmanager
    def _sent(
        self, path: str, session: Mapping[str, str], body: Iterable[bytes], length: int
    ) -> Iterator[HTTPResponse]:
        headers = {"Content-Type": "application/json", "Content-Length": str(length), **session}
        headers["Accept-Encoding"] = "gzip"  # QUIRK: longer answers are labelled gzip whether they are or not
        with self._web.sent("POST", path, headers, body) as answer:
            yield answer


def written(moment: datetime) -> Json:
    """Return *moment* as Tryton takes it: naive, in UTC."""
    at = moment.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(at, part) for part in parts}}


def moment_of(value: Json) -> datetime | None:
    """Return a moment of Tryton's, which is naive and in UTC, as an aware one."""
    if value is None:
        return None
    fields = {part: value for part, value in value.items() if part != "__class__"}
    return datetime(**fields, tzinfo=UTC)


# --- bytes ----------------------------------------------------------------------------------------------------------


def _around(before: bytes, content: Content, after: bytes) -> Iterator[bytes]:
    """Yield a request with *content* in it; one whose bytes are not those it is known by is never sent to its end."""
    yield before
    rest = b""
    for block in true_blocks(content):
        rest += block
        whole = len(rest) // 3 * 3
        yield b64encode(rest[:whole])
        rest = rest[whole:]
    yield b64encode(rest)
    yield after


def _blocks(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield the body of *answer*, unpacked, in blocks of a bounded length."""
    unpacking = zlib.decompressobj(wbits=31) if answer.headers.get("Content-Encoding") == "gzip" else None
    while block := answer.read(BLOCK):
        if unpacking is None:
            yield block
            continue
        while block:
            yield unpacking.decompress(block, BLOCK)
            block = unpacking.unconsumed_tail
    if unpacking is not None:
        yield unpacking.flush()


def _whole(answer: HTTPResponse) -> bytes:
    found = bytearray()
    for block in _blocks(answer):
        found += block
        if len(found) > MAX_ANSWER:
            raise Unreachable(f"Tryton answered more than {MAX_ANSWER} bytes")
    return bytes(found)


def _decoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of the one file in an answer, whose base64 has an escaped line break after every 76 letters."""
    begun, held = b'"base64":"', b""
    for block in blocks:
        held += block
        place = held.find(begun)
        if place >= 0:
            held = held[place + len(begun) :]
            break
        if len(held) > MAX_ANSWER:
            raise Unreachable("Tryton answered without the file that was asked for")
    else:
        _result(held)  # an answer without a file may be a complaint
        return
    for block in chain((b"",), blocks):
        held += block
        end = held.find(b'"')
        letters = (held if end < 0 else held[:end]).replace(b"\\n", b"")
        usable = len(letters) // 4 * 4 if end < 0 else len(letters)
        if end < 0 and letters.endswith(b"\\"):
            usable = (len(letters) - 1) // 4 * 4
        yield b64decode(letters[:usable])
        if end >= 0:
            return
        held = letters[usable:]
    raise Unreachable("Tryton's answer ended in the middle of a file")


def _expect_ok(answer: HTTPResponse) -> None:
    if answer.status == TOO_MANY:
        raise Unreachable("Tryton wants fewer logins at a time (429)")
    if answer.status != 200:
        raise Unreachable(f"Tryton answers {answer.status} {answer.reason}: is the database's name right?")


def _result(body: bytes) -> Json:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Unreachable("what answers is no Tryton: its answer is no JSON") from error
    if not isinstance(said, dict) or not {"result", "error"} & said.keys():
        raise Unreachable("what answers is no Tryton: its answer has no result")
    if "error" not in said:
        return said["result"]
    fault = said["error"]
    kind, words = (fault[0], fault[1]) if isinstance(fault, list) and len(fault) > 1 else ("error", fault)
    while isinstance(words, list):
        words = words[0] if words else ""
    raise TrytonRefuses(str(kind), str(words).splitlines()[0] if str(words) else "")
