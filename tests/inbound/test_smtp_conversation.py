# SPDX-License-Identifier: GPL-3.0-or-later
"""What an SMTP or LMTP client hears before it may send a letter."""

import logging
import re
from datetime import timedelta

import pytest

from gateway.inbound.smtp.addressing import read_path
from gateway.inbound.smtp.listener import listen
from tests.inbound.smtp_wire import OURS, Accepting, listening, running, talking


async def hello(client, word: str = "EHLO") -> None:
    assert (await client.say(f"{word} client.example")).startswith("250")


async def test_the_greeting_names_the_host_and_no_product():
    async with running(Accepting()) as listener, talking(listener, greeted=False) as client:
        assert await client.reply() == "220 gate.ministry.example ESMTP"


@pytest.mark.parametrize(("protocol", "word"), [("smtp", "EHLO"), ("lmtp", "LHLO")])
async def test_only_what_is_true_is_advertised(protocol: str, word: str):
    async with running(Accepting(), protocol=protocol, max_bytes=5000) as listener, talking(listener) as client:
        lines = (await client.say(f"{word} client.example")).split("\n")

        assert [line[4:] for line in lines] == [
            "gate.ministry.example",
            "SIZE 5000",
            "8BITMIME",
            "SMTPUTF8",
            "PIPELINING",
            "ENHANCEDSTATUSCODES",
        ]


@pytest.mark.parametrize(("protocol", "words"), [("smtp", ("LHLO",)), ("lmtp", ("EHLO", "HELO"))])
async def test_the_other_protocols_hello_is_refused(protocol: str, words: tuple[str, ...]):
    async with running(Accepting(), protocol=protocol) as listener, talking(listener) as client:
        for word in words:
            assert (await client.say(f"{word} client.example")).startswith("500 5.5")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("documents@ministry.example", "250 2.1.5"),
        ("DOCUMENTS@Ministry.Example", "250 2.1.5"),
        ("documents+x@ministry.example", "550 5.1.1"),
        ("documents@ministry.example.org", "550 5.1.1"),
        ("documents", "550 5.1.1"),
        ("документы@ministry.example", "550 5.1.1"),
        ("a b@ministry.example", "553 5.1.3"),
        ("a@b@ministry.example", "553 5.1.3"),
        ("a\x01@ministry.example", "553 5.1.3"),
    ],
)
async def test_only_our_own_addresses_are_taken(recipient: str, code: str):
    async with running(Accepting()) as listener, talking(listener) as client:
        await hello(client)
        await client.say("MAIL FROM:<clerk@partner.example>")

        assert (await client.say(f"RCPT TO:<{recipient}>")).startswith(code)


async def test_an_address_the_office_recognises_is_taken_too():
    accept = Accepting()
    listener = await listen(
        listening(), accept, new_id=lambda: "id", also_ours=lambda address: address.startswith("bounce+")
    )
    try:
        async with talking(listener) as client:
            await client.envelope("bounce+Ab1@ministry.example")
            await client.say(b"x\r\n.\r\n")

            assert accept.deliveries[0].recipients == ("bounce+Ab1@ministry.example",)
    finally:
        await listener.close(timedelta(0))


async def test_a_thousand_recipients_are_asked_to_come_in_several_letters():
    accept = Accepting()
    async with running(accept, max_recipients=100) as listener, talking(listener) as client:
        await hello(client)
        client.send(b"MAIL FROM:<clerk@partner.example>\r\n" + f"RCPT TO:<{OURS}>\r\n".encode() * 1000)
        client.send(b"DATA\r\n")
        replies = [await client.reply() for _ in range(1002)]

        assert [reply[:3] for reply in replies] == ["250"] + ["250"] * 100 + ["452"] * 900 + ["354"]
        assert (await client.say(b".\r\n")).startswith("250")


async def test_nobody_learns_addresses_by_vrfy_or_expn():
    async with running(Accepting()) as listener, talking(listener) as client:
        await hello(client)

        assert await client.say(f"VRFY {OURS}") == await client.say("VRFY nobody@ministry.example")
        assert (await client.say(f"EXPN {OURS}")).startswith("502 5.5.1")


@pytest.mark.parametrize("command", ["AUTH PLAIN AGEAYg==", "AUTH LOGIN"])
async def test_there_is_no_login(command: str):
    async with running(Accepting()) as listener, talking(listener) as client:
        await hello(client)

        assert (await client.say(command)).startswith("502 5.5.1")


@pytest.mark.parametrize(
    "line",
    [b"NOOP\n", b"NO\rOP\r\n", b"NOOP\0\r\n", b"\r\n", b"\xff\xfe\r\n", b"NOOP " + b"x" * 2000 + b"\r\n"],
)
async def test_a_malformed_command_line_is_refused_and_the_session_goes_on(line: bytes):
    async with running(Accepting()) as listener, talking(listener) as client:
        await hello(client)

        assert (await client.say(line)).startswith("500 5.5")
        assert await client.say("NOOP") == "250 2.0.0 ok"


async def test_a_command_line_without_end_costs_no_memory_and_ends_with_the_deadline():
    async with running(Accepting(), command_seconds=0.1) as listener, talking(listener) as client:
        client.send(b"x" * (1 << 20))

        assert (await client.reply()).startswith("421 4.4.2")
        assert await client.ended()


async def test_a_silent_client_is_dismissed():
    async with running(Accepting(), command_seconds=0.05) as listener, talking(listener) as client:
        assert (await client.reply()).startswith("421 4.4.2")
        assert await client.ended()


@pytest.mark.parametrize(
    ("command", "code"), [("NOOP", "421 4.7.0"), ("RSET", "421 4.7.0"), ("BOGUS", "502 5.5.1"), ("EXPN x", "421 4.7.0")]
)
async def test_a_client_that_never_comes_to_the_point_is_dismissed(command: str, code: str):
    async with running(Accepting()) as listener, talking(listener) as client:
        last = ""
        while reply := await client.say(command):
            last = reply

        assert last.startswith(code)


async def test_every_reply_but_greeting_and_hello_has_an_enhanced_code():
    commands = [
        "MAIL FROM:<a@partner.example>", "HELO client.example", "EHLO client.example", "RCPT TO:<x@y.example>", "DATA",
        "MAIL FROM:a@b", "MAIL", "MAIL FROM:<a@partner.example> RET=HDRS", 
        "MAIL FROM:<a@partner.example> SIZE=9999999999",
        "MAIL FROM:<a@partner.example>", "MAIL FROM:<a@partner.example>", "RCPT", f"RCPT TO:<{OURS}> NOTIFY=NEVER",
        "DATA", f"RCPT TO:<{OURS}>", "DATA x", "RSET", "RSET x", "HELP", "STARTTLS", "BOGUS", "QUIT x", "QUIT",
    ]  # fmt: skip
    async with running(Accepting()) as listener, talking(listener) as client:
        replies = {command: await client.say(command) for command in commands}

        bare = [command for command, reply in replies.items() if not re.match(r"(\d)\d\d \1\.\d\.\d ", reply)]
        assert bare == ["HELO client.example", "EHLO client.example"]


async def test_an_exception_in_a_command_says_nothing_but_an_id():
    class Broken(Accepting):
        def open(self):
            raise RuntimeError("password=hunter2")

    async with running(Broken()) as listener, talking(listener) as client:
        await hello(client)

        assert await client.say("MAIL FROM:<a@partner.example>") == "451 4.3.0 temporary failure, id smtp:id-1"


async def test_the_librarys_log_never_says_what_a_client_said(caplog: pytest.LogCaptureFixture):
    logging.getLogger("mail.log").setLevel(logging.DEBUG)
    accept = Accepting()
    caplog.set_level(logging.DEBUG)
    async with running(accept) as listener, talking(listener) as client:
        await client.say("CANARY-7e1")
        await client.say("AUTH PLAIN CANARY-7e1")
        await client.envelope()
        await client.say(b"CANARY-7e1\r\n.\r\n")

    assert "CANARY-7e1" not in caplog.text
    assert len(accept.letters) == 1


@pytest.mark.parametrize(
    ("text", "mailbox", "rest"),
    [
        ("<>", "<>", ""),
        ("<a@b.example> SIZE=1", "a@b.example", "SIZE=1"),
        ("<@relay.example,@b.example:a@b.example>", "a@b.example", ""),
        ('<"a b"@b.example>', '"a b"@b.example', ""),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
        ("<документы@пример.example>", "документы@пример.example", ""),
        ("a@b.example", None, None),
        ("<a@b.example", None, None),
        ("<a@b.example>SIZE=1", None, None),
        ("<a@\udcff.example>", None, None),
        ("<<a@b.example>>", None, None),
    ],
)
def test_a_path_is_read_as_the_standard_writes_it(text: str, mailbox: str | None, rest: str | None):
    assert read_path(text) == (mailbox, rest)
