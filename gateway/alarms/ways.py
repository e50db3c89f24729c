# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways of calling somebody: a command, a web address, a mail.

Each says in words why it failed, and raises nothing.
What is told names causes, partners and mailboxes, never the text of a document.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http.client import HTTPException, HTTPResponse
from typing import IO, Any
from uuid import uuid4

from gateway.alarms.deciding import Call
from gateway.content import Held
from gateway.doors import relay_of, tokens_of
from gateway.mail import address
from gateway.mail.compose import Head, compose
from gateway.outbound.post import SmtpPost
from gateway.ports import Outcome
from gateway.settings import Settings

MAX_SAID = 300  # LIMIT: bytes kept of what a command said
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")  # of our environment; the rest may hold secrets


async def tell(call: Call, settings: Settings, now: datetime) -> dict[str, str]:
    """Tell *call* by every way that is configured, at once; return by way why it failed, empty words for success."""
    limit = settings.alarm.time_limit.total_seconds()
    ways = settings.alarm.ways
    said = await asyncio.gather(*(_within(limit, WAYS[way](call, settings, now)) for way in ways))
    return dict(zip(ways, said, strict=True))


async def _within(seconds: float, telling: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(telling, seconds)
    except TimeoutError:
        return f"not done after {seconds:.0f} s"
    except Exception as error:  # an edge: an alarm that fails is told, and stops nothing
        return f"{type(error).__name__}: {error}"[:MAX_SAID]


def as_json(call: Call, now: datetime) -> bytes:
    """Return *call* as a command and a web address get it."""
    said = {
        "alarm": call.alarm,
        "key": call.key,
        "what": call.what,
        "since": _moment(call.since) if call.since else None,
        "words": call.words,
        "remedy": call.remedy,
        "node": socket.gethostname(),
        "at": _moment(now),
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _by_command(call: Call, settings: Settings, now: datetime) -> str:
    program, *arguments = settings.alarm.command
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(call),
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        with contextlib.suppress(ConnectionError):  # it need not read what it is told
            process.stdin.write(as_json(call, now) + b"\n")
            await process.stdin.drain()
        process.stdin.close()
        words, code = await asyncio.gather(_said(process.stderr), process.wait())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return "" if code == 0 else f"{program} ended with {code}: {words}".rstrip(": ")


def _environment(call: Call) -> dict[str, str]:
    ours = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    said = {"EDMS_ALARM": call.alarm, "EDMS_ALARM_KEY": call.key, "EDMS_ALARM_WHAT": call.what}
    return ours | {name: words.replace("\0", "") for name, words in said.items()}


async def _said(stream: asyncio.StreamReader) -> str:
    kept = b""
    while block := await stream.read(4096):
        kept = (kept + block)[:MAX_SAID]
    return " ".join(kept.decode(errors="replace").split())


class _NoDetour(urllib.request.HTTPRedirectHandler):
    """A POST that is sent elsewhere would arrive as an empty GET: it has failed."""

    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None  # Any: as urllib has it


async def _by_webhook(call: Call, settings: Settings, now: datetime) -> str:
    return await asyncio.to_thread(
        _post, settings.alarm.webhook, as_json(call, now), settings.alarm.time_limit.total_seconds()
    )


def _post(url: str, said: bytes, seconds: float) -> str:
    """Return why the POST failed; the address itself may hold a token, and is not named."""
    request = urllib.request.Request(url, said, {"Content-Type": "application/json"}, method="POST")
    try:
        answer: HTTPResponse
        with urllib.request.build_opener(_NoDetour).open(request, timeout=max(seconds, 1)) as answer:
            return "" if answer.status < 300 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code} {error.reason}"
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__


async def _by_mail(call: Call, settings: Settings, now: datetime) -> str:
    """Send a letter to each address; one that was taken is enough."""
    post = SmtpPost(relay_of(settings.relay_named(settings.alarm.relay), tokens_of(settings.oauth)))
    try:
        letters = [(to, _letter(call, to, settings, now)) for to in settings.alarm.mail]
        posted = [await post.send(letter, settings.alarm.sender, to) for to, letter in letters]
    finally:
        await post.close()
    taken = any(one.outcome is Outcome.SENT for one in posted)
    return "" if taken else "; ".join(one.words for one in posted)


def _letter(call: Call, to: str, settings: Settings, now: datetime) -> Held:
    sender = address.parse(settings.alarm.sender or settings.offices[0].address)
    subject = {"wrong": call.what, "over": f"over: {call.what}", "test": call.what}[call.alarm]
    since = f"since {_moment(call.since)}" if call.since else ""
    text = "\n".join(line for line in (call.what, since, call.words, call.remedy) if line) + "\n"
    head = Head(
        sender=sender,
        to=(address.parse(to),),
        subject=" ".join(f"[edms-gateway {socket.gethostname()}] {subject}".split()),
        date=now,
        message_id=f"{uuid4().hex}@{sender.domain}",
        auto_submitted="auto-generated",
    )
    return Held(b"".join(compose(head, text, (), boundary_token=uuid4().hex)))


WAYS: dict[str, Callable[[Call, Settings, datetime], Awaitable[str]]] = {
    "command": _by_command,
    "webhook": _by_webhook,
    "mail": _by_mail,
}
