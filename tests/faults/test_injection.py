# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in one place and heard in another: before TLS, in addresses, in folder names, in headers.

Attack rows 3, 4 and 5 of the catalogue (USENIX Security 2021 "Why TLS is better without STARTTLS", CVE-2011-0411,
CVE-2024-34083, GHSA-vxj7-4xrp-5vr4; GHSA-v3q9-hj7j-63hq, PSF-2026-3, CVE-2026-42257; CVE-2024-6923, CVE-2026-1299).
"""

import asyncio
import base64
import re
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import Held
from gateway.inbound.imap.client import GuardedClient
from gateway.inbound.imap.guard import ConnectionBroken
from gateway.inbound.imap.names import keyword, mailbox, quoted
from gateway.inbound.smtp.addressing import read_path
from gateway.mail.address import parse
from gateway.mail.compose import Attachment, Head, compose
from gateway.ports import Outcome, Phase
from gateway.tls import Trust
from tests.faults.lengths import LONG
from tests.faults.proxy import Program, Way, proxied
from tests.faults.test_receiving import HEAD, phases
from tests.faults.wired import document, door, lettered, office
from tests.inbound.imap_script import Script
from tests.inbound.smtp_wire import talking
from tests.mail.letters import read
from tests.outbound.scripted_relay import posting, relay
from tests.story.offices import TownOffice

MANY = 5000 if LONG else 60


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path) as one:
        yield one


# --- row 3: before TLS --------------------------------------------------------------------------------------------

WHOLE = b"".join(octets for _, octets, _ in phases("smtp", document(1)))


@pytest.mark.parametrize("apart", [False, True], ids=["one-segment", "a-segment-each"])
@pytest.mark.parametrize("injected", [b"NOOP\r\n", HEAD, WHOLE, WHOLE + b"QUIT\r\n"], ids=["NOOP", "MAIL", "all", "+"])
async def test_what_was_said_in_the_clear_behind_starttls_is_never_heard_under_tls(
    opened: TownOffice,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    injected: bytes,
    apart: bool,
) -> None:
    """Row 3, inbound: dropped when it came with STARTTLS; when it comes after, it is no handshake, and that ends it."""
    async with (
        door(opened, tls="starttls", ssl_context=server_context) as listener,
        talking(listener) as client,
    ):
        await client.say("EHLO client.example")
        client.send(b"STARTTLS\r\n" + (b"" if apart else injected))
        assert (await client.reply()).startswith("220")
        if apart:
            client.send(injected)
            assert await client.ended()
        else:
            await client.start_tls(client_context, "gate.minsk.example")
            assert (await client.say("DATA")).startswith("503")
            assert await client.say("NOOP") == "250 2.0.0 ok"  # the answer to this one, not to an injected one
        async with talking(listener) as next_one:
            assert (await next_one.say("EHLO client.example")).startswith("250")

    assert lettered(opened) == []


@pytest.mark.parametrize(
    "injected",
    ["250-relay.example\r\n250 AUTH PLAIN", "250 ok\r\n250 ok\r\n354 go\r\n250 queued", "421 go away", "220 again"],
)
async def test_an_answer_injected_behind_starttls_is_never_believed(
    server_context: ssl.SSLContext, ca_file: str, injected: str
) -> None:
    """Row 3, outbound: plaintext behind the relay's 220 is either not heard or ends the attempt; it cannot be SENT."""
    script = {"EHLO": "250-relay.example\r\n250 STARTTLS", "STARTTLS": f"220 go ahead\r\n{injected}", "MAIL": "451 no"}
    settings = {"tls": "starttls", "trust": Trust(ca_file), "user": "u", "password": "canary"}
    async with relay(script, context=server_context) as scripted, posting(scripted, **settings) as post:
        posted = await post.send(Held(b"x\r\n"), "a@minsk.example", "b@moscow.example")

        assert posted.outcome is Outcome.TRY_LATER
        assert posted.phase in (Phase.TLS, Phase.AUTH, Phase.MAIL)
        seen = zip(scripted.commands, scripted.secure, strict=False)
        assert all(secure for command, secure in seen if command[:4] in (b"AUTH", b"MAIL"))
        assert scripted.letters == []


async def test_a_proxy_that_strips_starttls_gets_neither_password_nor_letter(ca_file: str) -> None:
    """Row 34: downgraded to plain text, we say nothing but EHLO."""
    async with AsyncExitStack() as stack:
        scripted = await stack.enter_async_context(
            relay({"EHLO": "250-relay.example\r\n250-XXXXXXXA\r\n250 AUTH PLAIN"})
        )
        proxy = await stack.enter_async_context(proxied("127.0.0.1", scripted.port, Program(up=Way(segments=(1,)))))
        more = {"port": proxy.port, "tls": "starttls", "trust": Trust(ca_file)}
        post = await stack.enter_async_context(posting(scripted, user="u", password="canary", **more))
        posted = await post.send(Held(b"x\r\n"), "a@minsk.example", "b@moscow.example")

    assert (posted.outcome, posted.phase) == (Outcome.TRY_LATER, Phase.TLS)
    assert {command.split()[0] for command in scripted.commands} <= {b"EHLO", b"HELO", b"QUIT"}


# --- row 4: addresses and folder names ----------------------------------------------------------------------------

EVIL = st.lists(
    st.sampled_from([
        "\r\n", "\r", "\n", "\0", "\x0b", "\x0c", "\x85", "\u2028", " ",
        "<", ">", "@", '"', "\\", "{5+}", "{5}", "%", "*",
        "&", "&-", "(", ")", "a", "b.example", "ж", "A1 LOGOUT", "RCPT TO:<x@y.example>", " SIZE=1", ":", ",", "/",
    ]) | st.text(max_size=4),
    max_size=8,
).map("".join)  # fmt: skip


async def said_for(sender: str, recipient: str) -> tuple[Outcome, list[bytes], int]:
    """Return the outcome, every command line the relay heard, and how many letters it took."""
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(Held(b"x\r\n"), sender, recipient)
    return posted.outcome, scripted.commands, len(scripted.letters)


@settings(max_examples=MANY)
@given(local=EVIL, domain=EVIL | st.just("moscow.example"))
def test_no_address_says_more_to_the_relay_than_an_address(local: str, domain: str) -> None:
    """Row 4, outbound: either not sent, or the relay hears one MAIL, one RCPT, and in it this address alone."""
    address = f"{local}@{domain}"
    outcome, commands, letters = asyncio.run(said_for("a@minsk.example", address))

    if outcome is Outcome.SENT:
        wanted = b"RCPT TO:<" + address.encode() + b">"
        assert [line.split(b" ")[0] for line in commands] == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"]
        assert commands[2] == wanted
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", address)
        assert not re.search(r'[\x00-\x20<>"\x7f]', outside)
    else:
        assert outcome is Outcome.REJECTED
        assert letters == 0
        assert all(line.split(b" ")[0] in (b"EHLO", b"QUIT") for line in commands)


@settings(max_examples=MANY * 4)
@given(text=EVIL)
def test_no_path_is_read_as_more_than_an_address(text: str) -> None:
    """Row 4, inbound: what MAIL and RCPT are given is one address without control characters, or refused."""
    found, rest = read_path(f"<{text}>")

    assert (found is None) is (rest is None)
    if found not in (None, "<>"):
        assert not re.search(r"[\x00-\x1f\x7f]", found)
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", found)
        assert not re.search(r'[\s<>"]', outside)
        assert outside.count("@") <= 1


def unquoted(argument: str) -> str:
    """Read an IMAP quoted string, by the grammar and nothing else."""
    assert argument[0] == argument[-1] == '"'
    assert re.fullmatch(r'(?:[^"\\\r\n\0]|\\["\\])*', argument[1:-1])
    return re.sub(r"\\(.)", r"\1", argument[1:-1])


def from_modified_utf7(name: str) -> str:
    def shifted(run: re.Match[str]) -> str:
        if not run.group(1):
            return "&"
        coded = run.group(1).replace(",", "/")
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")

    return re.sub(r"&([^-]*)-", shifted, name)


@settings(max_examples=MANY * 4)
@given(name=EVIL)
def test_any_folder_name_is_one_argument_that_means_it_or_is_refused(name: str) -> None:
    """Row 4, IMAP: no name ends its command, announces a literal or becomes two arguments."""
    try:
        argument = mailbox(name)
    except (ValueError, UnicodeEncodeError):
        assert re.search("[\r\n\0\ud800-\udfff]", name)
        return

    assert argument.isascii()
    assert not re.search(r"[\x00-\x1f\x7f]", argument)
    assert from_modified_utf7(unquoted(argument)) == name


@settings(max_examples=MANY * 4)
@given(word=EVIL)
def test_a_user_and_a_keyword_are_one_argument_or_refused(word: str) -> None:
    with suppress(ValueError):
        assert unquoted(quoted(word)) == word
    with suppress(ValueError):
        assert re.fullmatch(r"\\?[A-Za-z0-9$_.+-]+", keyword(word))


@pytest.mark.parametrize(
    "name", ["a{5+}", 'a" NOOP "', "a\\", "x{3}", "&", "a b", "жук", '"', "a\r\nA2 LOGOUT", "a\0", "\n"]
)
async def test_a_server_hears_one_command_whatever_the_folder_is_called(name: str) -> None:
    """Row 4 on the wire: the same names, as a server reads them line by line; control characters travel coded."""
    async with Script().serving() as script:
        client = GuardedClient("127.0.0.1", script.port, tls=None)
        await client.wait_hello_from_server()
        try:
            await client.login("registry", 'sesam "{5+}')
            await client.select(name)
        finally:
            await client.hang_up()

    assert [line.split()[0] for line in script.heard] == ["CAPABILITY", "LOGIN", "SELECT"]
    assert from_modified_utf7(unquoted(script.heard[2].removeprefix("SELECT "))) == name


@pytest.mark.parametrize("word", ["u\r\nA2 LOGOUT", "u\0", "\n"])
async def test_a_user_or_password_that_would_end_its_command_is_not_said_at_all(word: str) -> None:
    async with Script().serving() as script:
        client = GuardedClient("127.0.0.1", script.port, tls=None)
        await client.wait_hello_from_server()
        try:
            with pytest.raises((ValueError, ConnectionBroken)):
                await client.login("registry", word)
            with pytest.raises((ValueError, ConnectionBroken)):
                await client.login(word, "sesam")
        finally:
            await client.hang_up()

    assert [line.split()[0] for line in script.heard] == ["CAPABILITY"]


# --- row 5: headers we write --------------------------------------------------------------------------------------

BREAKS = st.text(
    st.sampled_from('\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0\t ab:;<>"\\=?ж') | st.characters(), max_size=80
)  # everything somebody takes for the end of a line
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "X-A", "MIME-Version", "Content-Type"]
PART = ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]


@settings(max_examples=MANY)
@given(subject=BREAKS, shown=BREAKS, extra=BREAKS, file=BREAKS, text=BREAKS)
def test_no_value_adds_a_header_or_a_part_for_any_reader(
    subject: str, shown: str, extra: str, file: str, text: str
) -> None:
    """Row 5: refused, or read back by two readers with exactly the headers we meant, and exactly two parts."""
    head = Head(
        parse("gate@minsk.example"),
        (parse("gate@moscow.example"),),
        subject,
        datetime(2030, 3, 4, tzinfo=UTC),
        "m@minsk.example",
        sender_name=shown,
        extra=(("X-A", extra),),
    )
    try:
        octets = b"".join(compose(head, text, (Attachment(file, Held(b"x")),), boundary_token="T"))
    except ValueError:
        values = subject + shown + extra + file
        assert re.search("[\r\n\0\ud800-\udfff]", values) or not file or len(file.encode(errors="replace")) > 500
        return

    assert octets.count(b"\n") == octets.count(b"\r") == octets.count(b"\r\n")
    theirs = message_from_bytes(octets, policy=default)
    assert theirs.keys() == HEADERS
    parts = theirs.get_payload()
    assert [part.keys() for part in parts] == [["Content-Type", "Content-Transfer-Encoding"], PART]
    ours = read(octets)
    assert len(ours.parts) == 2
    assert ours.problems == ()
