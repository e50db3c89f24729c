# SPDX-License-Identifier: GPL-3.0-or-later
"""Our post, a real Postfix, our listener: letters go round unharmed, and our 4xx keeps them safe on its disk."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from gateway.content import Held
from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Relay
from gateway.ports import Outcome
from tests.inbound.smtp_wire import Accepting, running
from tests.servers.postfix import PATIENCE_SECONDS, Postfix

SENDER = "out@partner.example"
RECIPIENT = "documents@ministry.example"
LETTER = (
    b"From: Records <out@partner.example>\r\nTo: documents@ministry.example\r\nSubject: sample\r\n"
    b"Date: Mon, 3 Feb 2025 10:00:00 +0300\r\nMessage-ID: <1@partner.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b".\r\n..\r\n.dot\r\n \r\n" + "Приложение на 3 листах\r\n".encode() + b"QUJD" * 18 + b"\r\n"
) + (b"x" * 74 + b"\r\n") * 4000


@asynccontextmanager
async def posting(postfix: Postfix):
    post = SmtpPost(Relay(host=postfix.host, port=postfix.port, tls="none"))
    try:
        yield post
    finally:
        await post.close()
        await asyncio.sleep(0)


def door(postfix: Postfix, protocol: str, unix: bool) -> dict[str, object]:
    return {"protocol": protocol} | ({"unix": postfix.home / "door", "unix_mode": 0o666} if unix else {})


def transport(listener, protocol: str) -> str:
    if listener.listening.unix:
        return f"{protocol}:unix:{listener.address}"
    host, port = listener.address
    return f"{protocol}:inet:{host}:{port}" if protocol == "lmtp" else f"smtp:[{host}]:{port}"


@pytest.mark.parametrize(("protocol", "unix"), [("lmtp", False), ("lmtp", True), ("smtp", False)])
async def test_a_letter_goes_round_unharmed(postfix: Postfix, protocol: str, unix: bool):
    accept = Accepting()
    async with running(accept, **door(postfix, protocol, unix)) as listener, posting(postfix) as post:
        postfix.route({"ministry.example": transport(listener, protocol)})
        posted = await post.send(Held(LETTER), SENDER, RECIPIENT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await accept.committed.wait()

        assert posted.outcome is Outcome.SENT
        trace, kept = accept.letters[0][: -len(LETTER)], accept.letters[0][-len(LETTER) :]
        assert kept == LETTER
        assert trace.startswith(b"Received: from localhost")
        assert accept.deliveries[0].envelope_sender == SENDER
        assert accept.deliveries[0].recipients == (RECIPIENT,)


@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
async def test_a_letter_we_cannot_take_now_waits_in_the_queue_and_comes_when_asked(postfix: Postfix, protocol: str):
    accept = Accepting(error=RuntimeError("the journal is away"))
    async with running(accept, protocol=protocol) as listener, posting(postfix) as post:
        postfix.route({"ministry.example": transport(listener, protocol)})
        await post.send(Held(LETTER), SENDER, RECIPIENT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(name == "deferred" for name, _ in postfix.queue()):
                await asyncio.sleep(0.05)
        ((_, reason),) = postfix.queue()
        accept.error = None
        postfix.flush()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await accept.committed.wait()
            while postfix.queue():
                await asyncio.sleep(0.05)

        assert "451 4.3.0 temporary failure, id smtp:id-1" in reason
        assert "journal" not in reason
        assert [letter[-len(LETTER) :] for letter in accept.letters] == [LETTER]


async def test_three_recipients_of_one_lmtp_letter_are_all_delivered_once(postfix: Postfix):
    accept = Accepting()
    others = ["archive@ministry.example", "third@ministry.example"]
    async with running(accept, protocol="lmtp", addresses=frozenset([RECIPIENT, *others])) as listener:
        postfix.route({"ministry.example": transport(listener, "lmtp")})
        reader, writer = await asyncio.open_connection(postfix.host, postfix.port)
        for line in (
            "EHLO client.example",
            f"MAIL FROM:<{SENDER}>",
            *(f"RCPT TO:<{one}>" for one in [RECIPIENT, *others]),
            "DATA",
        ):
            writer.write(line.encode() + b"\r\n")
        writer.write(b"Subject: x\r\n\r\ny\r\n.\r\nQUIT\r\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await accept.committed.wait()
            while postfix.queue():
                await asyncio.sleep(0.05)

        assert [set(delivery.recipients) for delivery in accept.deliveries] == [{RECIPIENT, *others}]
