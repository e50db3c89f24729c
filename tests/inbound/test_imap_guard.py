# SPDX-License-Identifier: GPL-3.0-or-later
"""A server may do what it likes: the connection answers, or says at once why it is over.

Every test here names a fault of the library the guard stands on; without the guard each of them fails.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import trustme

from gateway.inbound.imap import client as imap_client
from gateway.inbound.imap.framing import Limits
from gateway.inbound.imap.guard import ConnectionBroken, Patience
from gateway.inbound.imap.login import Account, enter
from tests.inbound.imap_script import Hangup, Script, Talk, closes, says, stays_silent

SHORT = Patience(connecting=timedelta(seconds=0.3), silence=timedelta(seconds=0.2), command=timedelta(seconds=1))
DEADLINE_SECONDS = 20.0

pytestmark = pytest.mark.filterwarnings("error")


@asynccontextmanager
async def connected(script: Script, upto: str = "select", **more: Any) -> AsyncIterator[Any]:
    """Give a client that has been greeted, has logged in, and has opened the folder: *upto* a step."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        client = imap_client.GuardedClient("localhost", script.port, tls=None, **more)
        try:
            await client.wait_hello_from_server()
            if upto != "greeting":
                await client.login("registry", "secret")
            if upto == "select":
                await client.select("INBOX")
            yield client
        finally:
            await client.hang_up()


async def never() -> None:
    await asyncio.Event().wait()


async def test_five_thousand_responses_in_one_read_are_no_deeper_than_one() -> None:
    answers = [f"* {number} FETCH (UID {number} FLAGS ())" for number in range(1, 5001)]
    async with (
        Script(fetch=says("\r\n".join(answers), "{tag} OK done")).serving() as script,
        connected(script) as client,
    ):
        answer = await client.uid("FETCH", "1:5000", "(UID FLAGS)")

    assert answer.result == "OK"
    assert len(answer.lines) == 5001


async def test_twice_the_responses_take_twice_the_time_not_four_times() -> None:
    answers = [f"* {number} FETCH (UID {number} FLAGS ())" for number in range(1, 15_001)]
    async with (
        Script(fetch=says("\r\n".join(answers), "{tag} OK done")).serving() as script,
        connected(script) as client,
    ):
        began = time.process_time()
        await client.uid("FETCH", "1:15000", "(UID FLAGS)")

    assert time.process_time() - began < 1.5


async def mid_literal(talk: Talk, tag: str, rest: str) -> None:
    await talk.say("* 1 FETCH (UID 1 BODY[]<0> {100}")
    await talk.raw(b"only this")
    raise Hangup


@pytest.mark.parametrize("act", [closes, mid_literal])
async def test_a_lost_connection_ends_the_command_at_once(act: Any) -> None:
    async with Script(fetch=act).serving() as script, connected(script) as client:
        with pytest.raises(ConnectionBroken):
            await client.uid("FETCH", "1", "(UID BODY.PEEK[]<0.1000>)")

        assert client.get_state() == "LOGOUT"


async def test_a_server_that_says_goodbye_instead_of_idling_is_not_waited_for() -> None:
    async def goodbye(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("* BYE down for maintenance")
        raise Hangup

    async with Script(idle=goodbye).serving() as script, connected(script) as client:
        with pytest.raises(ConnectionBroken, match="down for maintenance"):
            await client.protocol.idle_while(never)


async def drops_while_idling(talk: Talk, tag: str, rest: str) -> None:
    await talk.say("+ idling")
    raise Hangup


async def test_a_drop_while_idling_wakes_at_once() -> None:
    async with Script(idle=drops_while_idling).serving() as script, connected(script) as client:
        with pytest.raises(ConnectionBroken):
            await client.protocol.idle_while(never)


async def test_a_drop_is_noticed_over_tls_too() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async with Script(idle=drops_while_idling).serving(context) as script, asyncio.timeout(DEADLINE_SECONDS):
        client = imap_client.GuardedClient("localhost", script.port, tls=trusting)
        try:
            await client.wait_hello_from_server()
            await client.login("registry", "secret")
            await client.select("INBOX")
            with pytest.raises(ConnectionBroken):
                await client.protocol.idle_while(never)
        finally:
            await client.hang_up()


async def test_news_that_came_before_idling_end_it_at_once() -> None:
    async with (
        Script(noop=says("* 7 EXISTS", "{tag} OK done")).serving() as script,
        connected(script) as client,
    ):
        await client.noop()

        answer = await client.protocol.idle_while(never)

    assert answer.result == "OK"


@pytest.mark.parametrize("verb", ["noop", "fetch", "select"])
async def test_an_unanswered_command_ends_the_connection_for_all_that_follow(verb: str) -> None:
    orders: dict[str, Callable[[Any], Awaitable[Any]]] = {
        "noop": lambda client: client.noop(),
        "fetch": lambda client: client.uid("FETCH", "1", "(UID)"),
        "select": lambda client: client.select("INBOX"),
    }
    async with (
        Script(None, **{verb: stays_silent}).serving() as script,
        connected(script, "login" if verb == "select" else "select", patience=SHORT) as client,
    ):
        with pytest.raises(ConnectionBroken, match="in time"):
            await orders[verb](client)
        heard = list(script.heard)
        with pytest.raises(ConnectionBroken, match=f"no answer to {verb.upper()} in time"):  # the first's, not its own
            await client.noop()

    assert script.heard == heard


async def test_a_command_given_up_by_its_caller_ends_the_connection() -> None:
    async with Script(noop=stays_silent).serving() as script, connected(script) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.noop(), 0.05)

        with pytest.raises(ConnectionBroken):
            await client.select("INBOX")


async def test_a_literal_that_keeps_coming_is_waited_for_and_one_that_drips_for_ever_is_not() -> None:
    async def drips(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("* 1 FETCH (UID 1 BODY[]<0> {100000}")
        while True:
            await talk.raw(b"x")
            await asyncio.sleep(0.02)

    async with Script(fetch=drips).serving() as script, connected(script, patience=SHORT) as client:
        began = time.monotonic()
        with pytest.raises(ConnectionBroken, match="in time"):
            await client.uid("FETCH", "1", "(UID BODY.PEEK[]<0.100000>)")
        took = time.monotonic() - began

    assert took > 3 * SHORT.silence.total_seconds()


async def test_a_refused_token_is_an_answer_not_a_silence() -> None:
    async def challenge(talk: Talk, tag: str, rest: str) -> None:
        await talk.say("+ eyJzdGF0dXMiOiI0MDEifQ==")
        assert await talk.hear() == ""
        await talk.say(f"{tag} NO [AUTHENTICATIONFAILED] the token is no good")

    async with Script(authenticate=challenge).serving() as script, asyncio.timeout(DEADLINE_SECONDS):
        client = imap_client.GuardedClient("localhost", script.port, tls=None)
        try:
            await client.wait_hello_from_server()
            answer = await client.xoauth2("почта@registry.example", "token")
        finally:
            await client.hang_up()

    assert answer.result == "NO"
    assert b"the token is no good" in answer.lines[-1]


async def test_a_star_and_a_blank_inside_a_response_are_kept() -> None:
    async with (
        Script(list=says('* LIST () "/" "a* b* ok"', "{tag} OK done")).serving() as script,
        connected(script) as client,
    ):
        answer = await client.list('""', '"*"')

    assert answer.lines[0] == b'LIST () "/" "a* b* ok"'


async def test_a_smiley_in_quotes_does_not_swallow_what_follows() -> None:
    async with (
        Script(
            fetch=says('* 1 FETCH (UID 1 X-NOTE ":(")', "* 2 FETCH (UID 2 FLAGS ())", "{tag} OK done")
        ).serving() as script,
        connected(script) as client,
    ):
        answer = await client.uid("FETCH", "1:2", "(UID FLAGS)")
        after = await client.noop()

    assert list(answer.lines[:2]) == [b'1 FETCH (UID 1 X-NOTE ":(")', b"2 FETCH (UID 2 FLAGS ())"]
    assert after.result == "OK"


async def giant_literal(talk: Talk, tag: str, rest: str) -> None:
    await talk.say("* 1 FETCH (UID 1 BODY[] {99999999999}")
    await talk.silence()


async def endless_line(talk: Talk, tag: str, rest: str) -> None:
    while True:
        await talk.raw(b"x" * 65536)


async def endless_lines(talk: Talk, tag: str, rest: str) -> None:
    while True:
        await talk.say(*["* 1 FETCH (FLAGS ())"] * 1000)


async def endless_small_literals(talk: Talk, tag: str, rest: str) -> None:
    await talk.say("* 1 FETCH (X {0}")
    while True:
        await talk.say(*["{0}"] * 1000)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (giant_literal, "99999999999"),
        (endless_line, "a line of more than"),
        (endless_lines, "lines in answer"),
        (endless_small_literals, "lines in answer"),
    ],
)
async def test_a_server_that_sends_too_much_is_hung_up_on(act: Any, words: str) -> None:
    async with Script(fetch=act).serving() as script, connected(script) as client:
        with pytest.raises(ConnectionBroken, match=words):
            await client.uid("FETCH", "1", "(UID)")


async def test_a_session_has_an_end_to_its_bytes() -> None:
    async with (
        Script(noop=says("* OK " + "x" * 1000, "{tag} OK done")).serving() as script,
        connected(script, limits=Limits(session_bytes=20_000)) as client,
    ):
        for _ in range(19):
            await client.noop()
        with pytest.raises(ConnectionBroken, match="in one session"):
            await client.noop()


async def test_user_password_and_folder_travel_as_quoted_strings_in_modified_utf7() -> None:
    async with Script().serving() as script, connected(script, "greeting") as client:
        await client.login('re "g" istry', "back\\slash")
        await client.select("Входящие & neu")

    assert script.heard[-2] == 'LOGIN "re \\"g\\" istry" "back\\\\slash"'
    assert script.heard[-1] == 'SELECT "&BBIERQQ+BDQETwRJBDgENQ- &- neu"'


@pytest.mark.parametrize("broken", ["a\r\nb", "a\nb", "a\0b"])
async def test_nothing_that_ends_a_command_gets_into_one(broken: str) -> None:
    async with Script().serving() as script, connected(script, "greeting") as client:
        for user, password in ((broken, "x"), ("x", broken)):
            with pytest.raises(ValueError, match="CR and LF"):
                await client.login(user, password)

    assert script.heard == ["CAPABILITY"]


async def test_search_names_no_charset() -> None:
    async with Script({1: b"x"}).serving() as script, connected(script) as client:
        await client.protocol.search("UID", "1:5", by_uid=True)

    assert script.heard[-1] == "UID SEARCH UID 1:5"


async def test_what_the_server_can_do_is_asked_again_after_login() -> None:
    script = Script()

    async def login(talk: Talk, tag: str, rest: str) -> None:
        script.capabilities = "IMAP4rev1 MOVE"
        await talk.say("* OK a word in between", f"{tag} OK logged in")

    script.acts["login"] = login
    script.capabilities = "IMAP4rev1"
    async with script.serving(), asyncio.timeout(DEADLINE_SECONDS):
        client = await enter(Account("localhost", script.port, "none", "registry", "secret"))
        try:
            assert client.has_capability("MOVE")
        finally:
            await client.hang_up()


async def test_no_secret_gets_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "aioimaplib.aioimaplib")  # an operator who wants to know everything
    refusing = Script(authenticate=says("{tag} NO no"), login=says("{tag} NO no"))
    async with refusing.serving() as script, connected(script, "greeting") as client:
        await client.login('us"er', 'can"ary')
        await client.xoauth2("user", "canarytoken")

    assert len(script.heard) == 3
    assert [word for word in ("can\\", 'can"', "canary", "Y2FuYXJ5", "Y2Fu", "2FuYXJ5") if word in caplog.text] == []


async def greeted(greeting: str, **more: Any) -> str:
    script = Script()
    script.greeting = greeting
    async with script.serving(), asyncio.timeout(DEADLINE_SECONDS):
        client = imap_client.GuardedClient("localhost", script.port, tls=None, patience=SHORT, **more)
        try:
            await client.wait_hello_from_server()
            return str(client.get_state())
        finally:
            await client.hang_up()


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ("* PREAUTH come in", "PREAUTH"),
        ("* BYE too many connections", "too many connections"),
        ("220 mail.example ESMTP", "ESMTP"),
        ("", "no greeting"),
    ],
)
async def test_a_greeting_that_is_none_is_told_and_not_waited_on(greeting: str, words: str) -> None:
    with pytest.raises(ConnectionBroken, match=words):
        await greeted(greeting)


async def test_a_server_that_logs_us_in_by_itself_is_believed_only_when_configured() -> None:
    assert await greeted("* PREAUTH come in", allow_preauth=True) == "AUTH"


@pytest.mark.parametrize(
    "answer",
    ["* OK fine\r\nA1 OK stray", "+ more please", "HTTP/1.1 400 Bad Request", "{tag} MAYBE", "* 1 FETCH (\r\n\0 x"],
)
async def test_what_is_not_an_answer_ends_the_connection(answer: str) -> None:
    async with Script(noop=says(answer)).serving() as script, connected(script) as client:
        with pytest.raises(ConnectionBroken):
            await client.noop()


async def test_a_server_that_is_not_there_is_told() -> None:
    async with Script().serving() as script:
        pass
    client = imap_client.GuardedClient("localhost", script.port, tls=None)
    try:
        with pytest.raises(ConnectionBroken, match="cannot connect"):
            await client.wait_hello_from_server()
    finally:
        await client.hang_up()


async def test_commands_given_at_the_same_time_wait_for_each_other() -> None:
    async with Script({1: b"x"}).serving() as script, connected(script) as client:
        answers = await asyncio.gather(*(client.noop() for _ in range(5)), client.uid("FETCH", "1", "(UID)"))

    assert {answer.result for answer in answers} == {"OK"}
