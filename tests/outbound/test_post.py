# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of one attempt to send, whatever the relay does at whatever step."""

import asyncio
import ssl
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.content import Held
from gateway.model import Sha256
from gateway.outbound.noticed import Asked
from gateway.outbound.post import SmtpPost
from gateway.outbound.relay import Relay
from gateway.ports import Outcome, Phase, Posted
from gateway.tls import Trust
from tests.outbound.scripted_relay import DROP, GARBAGE, STALL, posting, relay

LETTER = Held(b"Subject: sample\r\n\r\n.a\r\n..\r\n.\r\nb\r\n")
SENDER = "documents@ministry.example"
RECIPIENT = "post@partner.example"

MORE_THAN_SOCKETS_HOLD = b"x\r\n" * (8 << 20)  # so that the dot cannot have left when the relay speaks up

STEPS = {  # what the relay is asked, and the phase we are in then
    "greeting": Phase.CONNECT,
    "MAIL": Phase.MAIL,
    "RCPT": Phase.RCPT,
    "DATA": Phase.DATA,
    "body": Phase.DATA,
    "dot": Phase.DOT,
}


def expected(step: str, action: str) -> tuple[Outcome, Phase, int | None]:
    """The table of outcomes, written a second time by its rules."""
    phase = STEPS[step]
    code = int(action[:3]) if action[0].isdecimal() else None
    if step == "dot" and code is None:
        return Outcome.AMBIGUOUS, Phase.DOT, None
    if step == "dot":
        return (Outcome.TRY_LATER if code == 451 else Outcome.REJECTED), Phase.REPLIED, code
    if code == 554 and step != "greeting":
        return Outcome.REJECTED, phase, code
    return Outcome.TRY_LATER, phase, code


@pytest.mark.parametrize("action", ["451 4.3.0 later", "554 5.7.1 never", DROP, STALL, GARBAGE])
@pytest.mark.parametrize("step", STEPS)
async def test_the_outcome_follows_from_the_step_and_the_answer(step: str, action: str):
    async with relay({step: action}) as scripted, posting(scripted) as post:
        posted = await post.send(Held(MORE_THAN_SOCKETS_HOLD if step == "body" else b"x\r\n"), SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase, posted.code) == expected(step, action)
        assert posted.words
        if posted.code:
            assert posted.words == action[4:]


async def test_a_letter_arrives_as_it_was_sealed():
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert posted == Posted(Outcome.SENT, Phase.REPLIED, 250, "queued")
        assert scripted.letters == [LETTER.data]
        assert scripted.commands[:4] == [
            b"EHLO localhost",
            b"MAIL FROM:<documents@ministry.example> SIZE=33 BODY=8BITMIME",
            b"RCPT TO:<post@partner.example>",
            b"DATA",
        ]


@pytest.mark.parametrize(
    ("script", "outcome", "phase", "code"),
    [
        ({"DATA": "250 what?"}, Outcome.TRY_LATER, Phase.DATA, 250),
        ({"MAIL": "354 what?"}, Outcome.TRY_LATER, Phase.MAIL, 354),
        ({"RCPT": "251 will forward"}, Outcome.SENT, Phase.REPLIED, 250),
        ({"dot": "354 what?"}, Outcome.AMBIGUOUS, Phase.DOT, 354),
        ({"dot": "421 going down"}, Outcome.TRY_LATER, Phase.REPLIED, 421),
        ({"MAIL": "421 going down"}, Outcome.TRY_LATER, Phase.MAIL, 421),
        ({"MAIL": "530 5.7.0 log in first"}, Outcome.TRY_LATER, Phase.MAIL, 530),
        ({"EHLO": "550 no", "HELO": "550 no"}, Outcome.TRY_LATER, Phase.CONNECT, 550),
        ({"EHLO": "502 what?"}, Outcome.SENT, Phase.REPLIED, 250),
        ({"EHLO": GARBAGE}, Outcome.TRY_LATER, Phase.CONNECT, None),
        ({"body": "552 5.3.4 too big"}, Outcome.REJECTED, Phase.DATA, 552),
    ],
)
async def test_a_relay_that_answers_the_wrong_thing_is_not_believed(
    script: dict[str, str], outcome: Outcome, phase: Phase, code: int | None
):
    async with relay(script) as scripted, posting(scripted) as post:
        posted = await post.send(Held(MORE_THAN_SOCKETS_HOLD if "body" in script else b"x\r\n"), SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase, posted.code) == (outcome, phase, code)


async def test_nobody_at_the_port_means_later():
    post = SmtpPost(Relay(host="127.0.0.1", port=1, tls="none"))

    posted = await post.send(LETTER, SENDER, RECIPIENT)

    assert (posted.outcome, posted.phase, posted.code) == (Outcome.TRY_LATER, Phase.CONNECT, None)


@pytest.mark.parametrize("data", [b"", b"a", b"a\r\n.", b".", b"\r\n"])
async def test_a_letter_without_a_last_line_end_is_given_one_and_ends_once(data: bytes):
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(Held(data), SENDER, RECIPIENT)

        assert posted.outcome is Outcome.SENT
        assert scripted.letters == [data if data.endswith(b"\r\n") or not data else data + b"\r\n"]


@pytest.mark.parametrize("data", [b"a\nb\r\n", b"a\rb\r\n", b"a\0\r\n", b"\n.\nMAIL FROM:<x@y.example>\r\n", b"a\r"])
async def test_a_letter_with_bare_newlines_is_not_sent(data: bytes):
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(Held(data), SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase, posted.code) == (Outcome.REJECTED, Phase.DATA, None)
        assert posted.words.startswith("not sent: ")
        assert scripted.letters == []


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("", b"MAIL FROM:<>"),
        ("clerk,two@ministry.example", b"MAIL FROM:<clerk,two@ministry.example>"),
        ('"a b"@ministry.example', b'MAIL FROM:<"a b"@ministry.example>'),
        ("канцелярия@ministry.example", "MAIL FROM:<канцелярия@ministry.example>".encode()),
    ],
)
async def test_the_sender_stands_on_the_wire_as_given(address: str, line: bytes):
    async with relay() as scripted, posting(scripted) as post:
        await post.send(LETTER, address, RECIPIENT)

        mail = scripted.commands[1]
        assert mail.startswith(line + b" ")
        assert mail.endswith(b" SMTPUTF8") is not address.isascii()


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example>\r\nRCPT TO:<x@y.example",
        "a@b.example> SIZE=1",
        "a b@c.example",
        "a",
        "a@b@c.example",
        "a@\udcff.example",
    ],
)
async def test_an_address_that_says_more_than_an_address_is_not_sent(address: str):
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(LETTER, SENDER, address)

        assert (posted.outcome, posted.code) == (Outcome.REJECTED, None)
        assert not any(command.startswith(b"MAIL") for command in scripted.commands)


@pytest.mark.parametrize(
    ("offer", "data", "recipient", "sent"),
    [
        ("SIZE 10", b"x\r\n" * 4, RECIPIENT, False),
        ("SIZE 12", b"x\r\n" * 4, RECIPIENT, True),
        ("SIZE 0", b"x\r\n" * 4, RECIPIENT, True),
        ("SIZE", b"x\r\n" * 4, RECIPIENT, True),
        ("PIPELINING", "п\r\n".encode(), RECIPIENT, False),
        ("8BITMIME", "п\r\n".encode(), RECIPIENT, True),
        ("PIPELINING", b"p\r\n", RECIPIENT, True),
        ("8BITMIME", b"p\r\n", "почта@partner.example", False),
    ],
)
async def test_what_a_relay_does_not_offer_is_not_asked_of_it(offer: str, data: bytes, recipient: str, sent: bool):
    async with relay({"EHLO": f"250-relay.example\r\n250 {offer}"}) as scripted, posting(scripted) as post:
        posted = await post.send(Held(data), SENDER, recipient)

        assert posted.outcome is (Outcome.SENT if sent else Outcome.REJECTED)
        assert (posted.phase, posted.code) == ((Phase.REPLIED, 250) if sent else (Phase.MAIL, None))


class Long:
    """A letter of many megabytes that lies nowhere."""

    def __init__(self, blocks: int) -> None:
        self.size = blocks << 20
        self.sha256 = Sha256("0" * 64)

    def blocks(self) -> Iterator[bytes]:
        for _ in range(self.size >> 20):
            yield (b"." + b"x" * 61 + b"\r\n") * (1 << 14)


async def test_a_large_letter_is_streamed():
    received = 0

    async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        writer.write(b"220 relay.example\r\n")
        for answer in (b"250 relay.example", b"250 ok", b"250 ok", b"354 go"):
            await reader.readline()
            writer.write(answer + b"\r\n")
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            block = await reader.read(1 << 16)
            received += len(block)
            tail = (tail + block)[-5:]
        writer.write(b"250 ok\r\n")
        await reader.readline()
        writer.transport.abort()

    server = await asyncio.start_server(sink, "127.0.0.1", 0)
    post = SmtpPost(Relay(host="127.0.0.1", port=server.sockets[0].getsockname()[1], tls="none"))
    letter = Long(60)
    tracemalloc.start()
    # not 7-bit is not known without reading it twice: the scan is streamed too
    posted = await post.send(letter, SENDER, RECIPIENT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await post.close()
    server.close()
    await server.wait_closed()

    assert posted.outcome is Outcome.SENT
    assert received == letter.size + 60 * (1 << 14) + 3
    assert peak < 10 << 20


async def test_reading_the_letter_may_fail_and_nothing_is_delivered():
    class Torn(Long):
        def blocks(self) -> Iterator[bytes]:
            yield from (b"x\r\n" * 1000, b"y\r\n" * 1000)
            raise OSError(5, "the disk is broken")

    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(Torn(0), SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.DATA)
        assert scripted.letters == []


# --- TLS and login -----------------------------------------------------------------------------------------------


LOGIN = {"user": "gateway", "password": "hunter2-canary"}
OFFERS_TLS = {"EHLO": "250-relay.example\r\n250-STARTTLS\r\n250 AUTH PLAIN"}


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_letters_and_passwords_travel_under_tls(tls: str, server_context: ssl.SSLContext, ca_file: str):
    async with (
        relay(OFFERS_TLS, context=server_context, implicit=tls == "implicit") as scripted,
        posting(scripted, tls=tls, trust=Trust(ca_file), **LOGIN) as post,
    ):
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert posted.outcome is Outcome.SENT
        seen = dict(zip(scripted.commands, scripted.secure, strict=False))
        login = b"AUTH PLAIN " + b64encode(b"\0gateway\0hunter2-canary")
        assert seen[login]
        assert all(secure for command, secure in seen.items() if command[:4] in (b"MAIL", b"RCPT", b"DATA"))


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_relay_that_cannot_prove_itself_gets_nothing(tls: str, server_context: ssl.SSLContext):
    async with (
        relay(OFFERS_TLS, context=server_context, implicit=tls == "implicit") as scripted,
        posting(scripted, tls=tls, **LOGIN) as post,
    ):
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase, posted.code) == (Outcome.TRY_LATER, Phase.TLS, None)
        assert not any(command[:4] in (b"AUTH", b"MAIL") for command in scripted.commands)


@pytest.mark.parametrize(
    "script",
    [
        {"EHLO": "250 relay.example"},
        OFFERS_TLS | {"STARTTLS": "454 not now"},
        OFFERS_TLS | {"STARTTLS": DROP},
        OFFERS_TLS | {"STARTTLS": STALL},
    ],
)
async def test_without_the_tls_we_want_nothing_is_said(
    script: dict[str, str], server_context: ssl.SSLContext, ca_file: str
):
    async with (
        relay(script, context=server_context) as scripted,
        posting(scripted, tls="starttls", trust=Trust(ca_file)) as post,
    ):
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.TLS)
        assert not any(command.startswith(b"MAIL") for command in scripted.commands)


@pytest.mark.parametrize("action", ["454 4.7.0 later", "535 5.7.8 no: hunter2-canary", DROP, STALL, GARBAGE])
async def test_a_failed_login_is_not_the_letters_fault_and_leaks_nothing(
    action: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    async with relay({"AUTH": action}) as scripted, posting(scripted, **LOGIN) as post:
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.AUTH)
        said = posted.words + repr(post._relay) + caplog.text + "".join(capsys.readouterr())
        assert "canary" not in said
        assert b64encode(b"\0gateway\0hunter2-canary").decode() not in said


def test_letters_do_not_leave_this_machine_in_the_clear():
    with pytest.raises(ValueError, match="in the clear"):
        Relay(host="relay.example", tls="none")


async def test_words_are_one_line_of_bounded_length():
    async with (
        relay({"MAIL": "550-first \x1b[31m\r\n550-second\r\n550 " + "x" * 1000}) as scripted,
        posting(scripted) as post,
    ):
        posted = await post.send(LETTER, SENDER, RECIPIENT)

        assert posted.words.startswith("first [31m second xxx")
        assert len(posted.words) == 500


# --- notices (RFC 3461) ---------------------------------------------------------------------------------------------

OFFERED = {"EHLO": "250-relay.example\r\n250-8BITMIME\r\n250 DSN"}
ASKED = Asked("0a0a=1@office.example", success=True)


async def said(script: dict[str, str], sender: str = SENDER, asked: Asked = ASKED, **settings: Any) -> list[bytes]:
    """Return what MAIL and RCPT said to a relay."""
    async with relay(script) as scripted, posting(scripted, **settings) as post:
        posted = await post.noticed(asked).send(LETTER, sender, RECIPIENT)
    assert posted.outcome is Outcome.SENT
    return [line for line in scripted.commands if line[:4] in (b"MAIL", b"RCPT")]


async def test_a_relay_that_offers_notices_is_asked_for_them_under_the_letters_own_id():
    mail, rcpt = await said(OFFERED)

    assert mail.endswith(b"RET=HDRS ENVID=0a0a+3D1@office.example")
    assert rcpt.endswith(b"NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" + RECIPIENT.encode())


async def test_of_what_nobody_waits_for_only_trouble_is_told():
    _, rcpt = await said(OFFERED, asked=Asked("1@office.example", success=False))

    assert b"NOTIFY=FAILURE,DELAY ORCPT=" in rcpt


@pytest.mark.parametrize("why", ["not offered", "switched off", "null sender"])
async def test_a_relay_is_asked_for_no_notice_when(why: str):
    lines = await said(
        {} if why == "not offered" else OFFERED,
        "" if why == "null sender" else SENDER,
        dsn=why != "switched off",
    )

    assert not any(word in line for line in lines for word in (b"RET=", b"ENVID=", b"NOTIFY=", b"ORCPT="))


async def test_an_id_or_a_recipient_that_cannot_be_said_is_left_out():
    asked = Asked("я" * 10 + "@office.example", success=True)

    assert asked.mail_options() == [b"RET=HDRS"]
    assert Asked("x" * 101, success=True).mail_options() == [b"RET=HDRS"]
    assert asked.rcpt_options("я@office.example") == [b"NOTIFY=SUCCESS,FAILURE,DELAY"]
    assert asked.rcpt_options("x+y=z@office.example")[1] == b"ORCPT=rfc822;x+2By+3Dz@office.example"
