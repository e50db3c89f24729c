# SPDX-License-Identifier: GPL-3.0-or-later
"""Mayan's REST interface, version 4, over HTTP.

Mayan limits how many calls an account may make a second, and answers 429 to what it has not begun; such a call is
repeated within the time that one call may take.  A token that is no longer valid is asked for anew, once per call.
Nothing else is repeated here: what a call did that was cut off, only its caller can find out.
Source: mayan-edms 4.12.2, apps/rest_api.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from typing import Any
from urllib.parse import quote

from gateway.edms_adapter.mayan.options import Options
from gateway.edms_adapter.remote.web import Unreachable, Web, true_blocks
from gateway.model import Content

Json = Any  # Any: what a JSON text holds; whoever asked for it knows its shape

API = "/api/v4"
JSON = {"Accept": "application/json"}  # else complaints are rendered as pages for people
PAGE = 100  # Mayan's own limit
MAX_ANSWER = 32 << 20  # LIMIT: bytes of an answer held in memory
MAX_WORDS = 300  # LIMIT: characters of a server's complaint that are passed on
OK, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, BROKEN = 200, 400, 401, 403, 404, 429, 500
SHORTEST_PAUSE = 0.1  # seconds between two attempts of a call that came too early


class MayanRefuses(RuntimeError):
    """The server understood, and will not; *status* is that of HTTP."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"Mayan: {status}: {words}"[:MAX_WORDS])
        self.status = status


class Missing(MayanRefuses):
    """What was asked for is not there, or our account may not see it."""


class Server:
    """One Mayan, as one user; threads share it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._web = Web("Mayan", options.url, options.ca_file, options.timeout)
        self._token: dict[str, str] = {}
        self._entering = threading.Lock()

    # --- calls ------------------------------------------------------------------------------------------------------

    def get(self, path: str, **query: object) -> Json:
        """Return what lies at *path*; raises Unreachable, MayanRefuses or Missing."""
        return self._call("GET", path + _query(query))

    def post(self, path: str, /, **values: Json) -> Json:
        """Return what making or doing something answered; None when it answered nothing."""
        return self._call("POST", path, values)

    def patch(self, path: str, /, **values: Json) -> Json:
        return self._call("PATCH", path, values)

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def every(self, path: str, **query: object) -> Iterator[Json]:
        """Yield the rows of a list, page by page."""
        page = 1
        while True:
            found = self.get(path, **query, page_size=PAGE, page=page)
            yield from found["results"]
            if not found["next"]:
                return
            page += 1

    def upload(self, path: str, values: Mapping[str, str], field: str, content: Content) -> None:
        """Send *content* as the *field* of a form.  What is answered says only that it was accepted."""
        border = secrets.token_hex(16)
        before = b"".join(_part(border, name, value) for name, value in values.items())
        before += (
            f'--{border}\r\nContent-Disposition: form-data; name="{field}"; filename="file"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        after = f"\r\n--{border}--\r\n".encode()
        form = {"Content-Type": f"multipart/form-data; boundary={border}"}
        length = len(before) + content.size + len(after)

        def body() -> Iterator[bytes]:
            yield before
            yield from true_blocks(content)
            yield after

        with self._answer("POST", path, form, body, length) as answer:
            _whole(answer)

    def clock(self) -> datetime | None:
        """Return the clock of the server, whole seconds; None when it does not say."""
        with self._answer("GET", "/users/current/", {}, tuple, 0) as answer:
            return _date(answer)

    def timed(self, path: str) -> tuple[Json, datetime | None]:
        """Return what lies at *path*, and the clock of the server when it was read."""
        with self._answer("GET", path, {}, tuple, 0) as answer:
            return _json(_whole(answer)), _date(answer)

    def too_many(self, path: str) -> bool:
        """Make a call once, and say whether it came too early for Mayan."""
        headers = {**JSON, **self._entered({}), "Content-Length": "0"}
        with self._web.sent("GET", self._web.root + API + path, headers, ()) as answer:
            _whole(answer)
            return answer.status == TOO_MANY

    # --- how --------------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, values: Mapping[str, Json] | None = None) -> Json:
        body = b"" if values is None else json.dumps(values).encode()
        kind = {} if values is None else {"Content-Type": "application/json"}
        with self._answer(method, path, kind, lambda: [body] if body else [], len(body)) as answer:
            return _json(_whole(answer))

    @contextmanager
    def _answer(
        self, method: str, path: str, kind: Mapping[str, str], body: Callable[[], Iterable[bytes]], length: int
    ) -> Iterator[HTTPResponse]:
        """Send a call with our token, again when that has ended, or when Mayan wants it later."""
        token = self._entered({})
        until, fresh = time.monotonic() + self.options.timeout.total_seconds(), False
        while True:
            headers = {**JSON, **kind, **token, "Content-Length": str(length)}
            with self._web.sent(method, self._web.root + API + path, headers, body()) as answer:
                if answer.status in (UNAUTHORIZED, FORBIDDEN) and not fresh:  # 403 is said to an old token, too
                    before, fresh = token, True
                    token = self._entered(before)
                    if token != before:
                        continue
                if answer.status != TOO_MANY:
                    _expect_done(answer)
                    yield answer
                    return
                pause = _pause(answer)
            if time.monotonic() + pause > until:
                setting = "MAYAN_REST_API_THROTTLING_RATE_USER"
                raise Unreachable(f"Mayan wants fewer calls a second of our account (429): raise its {setting}")
            time.sleep(pause)

    def _entered(self, ended: Mapping[str, str]) -> dict[str, str]:
        """Return the header of our token; a new one when there is none, or when it is the one that has *ended*."""
        with self._entering:
            if not self._token or self._token == ended:
                self._token = self._login()
            return self._token

    def _login(self) -> dict[str, str]:
        body = json.dumps({"username": self.options.login, "password": self.options.password}).encode()
        headers = {**JSON, "Content-Type": "application/json", "Content-Length": str(len(body))}
        until = time.monotonic() + self.options.timeout.total_seconds()
        while True:
            with self._web.sent("POST", f"{self._web.root}{API}/auth/token/obtain/", headers, [body]) as answer:
                said = _whole(answer)
                if answer.status == TOO_MANY and time.monotonic() + (pause := _pause(answer)) <= until:
                    time.sleep(pause)
                    continue
                if answer.status == BAD_REQUEST:
                    raise MayanRefuses(UNAUTHORIZED, f"the account {self.options.login!r} or its password is no good")
                if answer.status != OK:
                    raise Unreachable(f"Mayan answers {answer.status} {answer.reason} to a login: is the url right?")
                return {"Authorization": f"Token {_json(said)['token']}"}


def moment_of(value: str) -> datetime:
    """Return a moment of Mayan's."""
    return datetime.fromisoformat(value).astimezone(UTC)


def _query(query: Mapping[str, object]) -> str:
    return "?" * bool(query) + "&".join(f"{name}={quote(str(value), safe=',')}" for name, value in query.items())


def _part(border: str, name: str, value: str) -> bytes:
    return f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _pause(answer: HTTPResponse) -> float:
    """Return how long Mayan wants us to wait, in seconds; never nothing."""
    said = answer.headers.get("Retry-After", "")
    return max(float(said), SHORTEST_PAUSE) if said.isdigit() else 1.0


def _date(answer: HTTPResponse) -> datetime | None:
    date = answer.headers.get("Date")
    return parsedate_to_datetime(date).astimezone(UTC) if date else None


def _whole(answer: HTTPResponse) -> bytes:
    found = answer.read(MAX_ANSWER + 1)
    if len(found) > MAX_ANSWER:
        raise Unreachable(f"Mayan answered more than {MAX_ANSWER} bytes")
    return found


def _json(body: bytes) -> Json:
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise Unreachable("what answers is no Mayan: its answer is no JSON") from error


def _expect_done(answer: HTTPResponse) -> None:
    if answer.status < BAD_REQUEST:
        return
    words = " ".join(_whole(answer).decode(errors="replace").split()) or answer.reason
    if answer.status == NOT_FOUND:
        raise Missing(NOT_FOUND, words)
    if answer.status >= BROKEN:
        raise Unreachable(f"Mayan answers {answer.status} {answer.reason}: see its log")
    raise MayanRefuses(answer.status, words)
