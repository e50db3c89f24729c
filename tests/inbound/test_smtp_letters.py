# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a letter between 354 and our reply, when things go well and when they do not."""

import asyncio
import errno
import tracemalloc

import pytest

from gateway.inbound.delivery import Delivery
from tests.inbound.smtp_wire import OURS, Accepting, Client, LoopTime, running, talking

LETTER = b"Subject: sample\r\n\r\n\xd0\x9f\r\n"
SECOND = "archive@ministry.example"
THIRD = "third@ministry.example"
THREE = {"addresses": frozenset({OURS, SECOND, THIRD})}


async def test_a_letter_is_delivered_with_its_envelope():
    accept = Accepting()
    async with running(accept, **THREE) as listener, talking(listener) as client:
        await client.envelope("Documents@MINISTRY.example", SECOND)
        reply = await client.say(LETTER + b".\r\n")

        assert reply == "250 2.0.0 accepted, id smtp:id-1"
        assert accept.deliveries == [
            Delivery(
                source="smtp:id-1",
                channel="front",
                envelope_sender="clerk@partner.example",
                recipients=(OURS, SECOND),
                peer="127.0.0.1",
                letter=accept.deliveries[0].letter,
            )
        ]
        assert accept.letters == [LETTER]
        assert not accept.sinks[0].discarded.is_set()


async def test_a_bounce_comes_from_nobody():
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.say("EHLO mx.partner.example")
        await client.say("MAIL FROM:<>")
        await client.say(f"RCPT TO:<{OURS}>")
        await client.say("DATA")
        await client.say(b"x\r\n.\r\n")

        assert accept.deliveries[0].envelope_sender == ""


async def test_many_letters_travel_on_one_connection_in_one_breath():
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.say("EHLO client.example")
        one = f"MAIL FROM:<a@partner.example>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n".encode()
        for _ in range(2):
            client.send(one)
            replies = [await client.reply() for _ in range(3)]
            assert [reply[:3] for reply in replies] == ["250", "250", "354"]
            client.send(LETTER + b".\r\n" + one)
            assert (await client.reply()).startswith("250 2.0.0 accepted")
            assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "354"]
            client.send(b".\r\n")
            assert (await client.reply()).startswith("250 2.0.0 accepted")

        assert accept.letters == [LETTER, b""] * 2


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (RuntimeError("password=hunter2 is wrong"), "451 4.3.0 temporary failure, id smtp:id-1"),
        (OSError(errno.ENOSPC, "full"), "452 4.3.1 not enough space, try again, id smtp:id-1"),
        (OSError(errno.EDQUOT, "full"), "452 4.3.1 not enough space, try again, id smtp:id-1"),
        (OSError(errno.EIO, "broken"), "451 4.3.0 temporary failure, id smtp:id-1"),
        (TimeoutError(), "451 4.3.0 temporary failure, id smtp:id-1"),
    ],
)
async def test_whatever_accept_raises_is_temporary_and_says_only_an_id(error: Exception, reply: str):
    accept = Accepting(error=error)
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()

        assert await client.say(LETTER + b".\r\n") == reply
        assert accept.sinks[0].discarded.is_set()
        assert await client.say("NOOP") == "250 2.0.0 ok"


async def test_a_sink_that_cannot_be_had_is_temporary():
    class Broken(Accepting):
        def sink(self):
            raise OSError(errno.ENOSPC, "full")

    async with running(Broken()) as listener, talking(listener) as client:
        await client.say("EHLO client.example")
        await client.say("MAIL FROM:<a@partner.example>")
        await client.say(f"RCPT TO:<{OURS}>")

        assert (await client.say("DATA")).startswith("452 4.3.1")


async def test_a_disk_that_fills_within_a_letter_is_temporary_and_the_session_goes_on():
    class Full(Accepting):
        def sink(self):
            sink = super().sink()

            def write(block: bytes) -> None:
                raise OSError(errno.ENOSPC, "full")

            sink.write = write
            return sink

    accept = Full()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(LETTER * 1000)

        assert (await client.say(b".\r\n")).startswith("452 4.3.1")
        assert await client.say("NOOP") == "250 2.0.0 ok"
        assert accept.sinks[0].discarded.is_set()


@pytest.mark.parametrize(("openness", "code"), [(False, "452 4.3.1"), ("journal", "451 4.3.0")])
async def test_no_letter_begins_while_none_can_be_taken(openness: bool | str, code: str):
    async with running(Accepting(openness=openness)) as listener, talking(listener) as client:
        await client.say("EHLO client.example")

        assert (await client.say("MAIL FROM:<a@partner.example>")).startswith(code)
        assert (await client.say(f"RCPT TO:<{OURS}>")).startswith(code)  # said again: 503 would be for ever


@pytest.mark.parametrize("recipients", [(OURS,), (OURS, SECOND, THIRD)])
@pytest.mark.parametrize(
    ("letter", "error", "code"),
    [
        (LETTER, None, "250 2.0.0"),
        (LETTER, RuntimeError(), "451 4.3.0"),
        (LETTER, OSError(errno.ENOSPC, ""), "452 4.3.1"),
        (b"bare\nnewline\r\n", None, "550 5.6.0"),
        (b"x" * 5000 + b"\r\n", None, "552 5.3.4"),
    ],
)
async def test_lmtp_says_one_reply_per_recipient_whatever_happens(
    recipients: tuple[str, ...], letter: bytes, error: Exception | None, code: str
):
    accept = Accepting(error=error)
    async with running(accept, protocol="lmtp", max_bytes=4096, **THREE) as listener, talking(listener) as client:
        await client.envelope(*recipients, hello="LHLO")
        client.send(letter + b".\r\n")
        replies = [await client.reply() for _ in recipients]
        end = "" if code.startswith("552") else await client.say("QUIT")

        assert [reply[:9] for reply in replies] == [code] * len(recipients)
        assert end[:3] in ("", "221")


async def test_lmtp_counts_a_recipient_named_twice_twice_but_delivers_once():
    accept = Accepting()
    async with running(accept, protocol="lmtp") as listener, talking(listener) as client:
        await client.envelope(OURS, OURS, hello="LHLO")
        client.send(b".\r\n")

        assert [(await client.reply())[:3] for _ in range(2)] == ["250", "250"]
        assert accept.deliveries[0].recipients == (OURS,)


async def test_lmtp_without_a_valid_recipient_has_no_data():
    async with running(Accepting(), protocol="lmtp") as listener, talking(listener) as client:
        await client.say("LHLO client.example")
        await client.say("MAIL FROM:<a@partner.example>")
        await client.say("RCPT TO:<stranger@elsewhere.example>")

        assert (await client.say("DATA")).startswith("503 5.5.1")


async def test_a_letter_too_big_is_cut_off_where_it_stands():
    accept = Accepting()
    async with running(accept, max_bytes=1000) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"x" * 1001)

        assert (await client.reply()).startswith("552 5.3.4")
        assert await client.reply() == ""
        assert accept.sinks[0].discarded.is_set()


async def test_a_letter_of_exactly_the_limit_is_taken():
    accept = Accepting()
    async with running(accept, max_bytes=1000) as listener, talking(listener) as client:
        await client.envelope()

        assert (await client.say(b"." + b".x" + b"y" * 996 + b"\r\n.\r\n")).startswith("250")
        assert accept.deliveries[0].letter.size == 1000


async def test_a_size_announced_beyond_the_limit_is_refused_at_once():
    async with running(Accepting(), max_bytes=1000) as listener, talking(listener) as client:
        await client.say("EHLO client.example")

        assert (await client.say("MAIL FROM:<a@partner.example> SIZE=1001")).startswith("552 5.3.4")
        assert (await client.say("MAIL FROM:<a@partner.example> SIZE=1000 BODY=8BITMIME")).startswith("250")


class Counting:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, block: bytes) -> None:
        self.size += len(block)

    def discard(self) -> None: ...


async def pour(client: Client, block: bytes, times: int) -> None:
    try:
        for _ in range(times):
            client.send(block)
            await client.writer.drain()
    except ConnectionError:
        pass  # we were cut off


async def test_an_endless_line_is_cut_at_the_limit_and_memory_stays_bounded():
    class Forgetful(Accepting):
        def sink(self):
            self.sinks.append(Counting())
            return self.sinks[-1]

    accept = Forgetful()
    async with running(accept, max_bytes=16 << 20) as listener, talking(listener) as client:
        await client.envelope()
        tracemalloc.start()
        pouring = asyncio.ensure_future(pour(client, b"x" * 65536, 1600))  # 100 MiB
        reply = await client.reply()
        await pouring
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert reply.startswith("552 5.3.4")
        assert accept.sinks[0].size <= 16 << 20
        assert peak < 8 << 20


async def test_a_long_line_within_the_limit_is_nothing_special():
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"x" * (3 << 20) + b"\r\n.\r\n")

        assert (await client.reply()).startswith("250")
        assert accept.deliveries[0].letter.size == (3 << 20) + 2


@pytest.mark.parametrize(
    "limits",
    [
        {"data_idle_seconds": 0.05},
        {"data_total_seconds": 0.05},
        {"min_bytes_per_second": 1000, "rate_after_seconds": 0.05},
    ],
)
async def test_a_letter_that_drips_is_cut_off(limits: dict[str, float]):
    accept = Accepting()
    async with running(accept, **limits) as listener, talking(listener) as client:
        await client.envelope()
        drip = asyncio.ensure_future(pour_slowly(client, stop=lambda: "data_idle_seconds" in limits))

        assert (await client.reply()).startswith("421 4.4.2")
        assert await client.ended()
        assert accept.sinks[0].discarded.is_set()
        drip.cancel()
        await asyncio.gather(drip, return_exceptions=True)


async def pour_slowly(client: Client, stop) -> None:
    client.send(b"x")
    while not stop():
        await asyncio.sleep(0.01)  # the client's pace, not a wait for something
        client.send(b"x")


async def test_progress_keeps_a_slow_but_honest_client_alive():
    accept = Accepting()
    time, passed = LoopTime(), []
    limits = {"data_idle_seconds": 50, "command_seconds": 20, "min_bytes_per_second": 1}
    async with running(accept, passed.append, **limits) as listener, talking(listener) as client:
        await client.envelope()
        for number in range(1, 11):
            client.send(b"x" * 100 + b"\r\n")
            async with asyncio.timeout(10):
                while passed.count("smtp:block") < number:
                    await asyncio.sleep(0)
            time.passes(9)  # in all more than a command may take, and more than a letter may rest

        assert (await client.say(b".\r\n")).startswith("250")


@pytest.mark.parametrize("said", [b"", b"Subject: x\r\n", b"Subject: x\r\n\r\nbody\r\n."])
async def test_a_client_that_drops_within_a_letter_leaves_nothing(said: bytes):
    accept = Accepting()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(said)
        await client.writer.drain()
        client.vanish()

        async with asyncio.timeout(5):
            await accept.sinks[0].discarded.wait()
        assert accept.deliveries == []


@pytest.mark.parametrize("size", [1, 1 << 20])
async def test_a_client_that_drops_during_the_commit_does_not_tear_it(size: int):
    accept = Accepting()
    accept.go_on.clear()
    async with running(accept) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"x" * size + b"\r\n.\r\n")
        await accept.began.wait()
        client.vanish()
        async with asyncio.timeout(5):
            while listener.connections:
                await asyncio.sleep(0)
        accept.go_on.set()
        await accept.committed.wait()

        assert [len(letter) for letter in accept.letters] == [size + 2]
        assert not accept.sinks[0].discarded.is_set()


async def test_a_commit_that_hangs_is_answered_in_time_and_may_still_finish():
    accept = Accepting()
    accept.go_on.clear()
    async with running(accept, commit_seconds=0.05) as listener, talking(listener) as client:
        await client.envelope()

        assert (await client.say(b"x\r\n.\r\n")).startswith("451 4.3.0")
        accept.go_on.set()
        await accept.committed.wait()
        assert accept.letters == [b"x\r\n"]


async def test_no_more_letters_are_spooled_at_once_than_allowed():
    accept = Accepting()
    accept.go_on.clear()
    async with (
        running(accept, max_spooling=1, spool_wait_seconds=0.05) as listener,
        talking(listener) as first,
        talking(listener) as second,
    ):
        await first.envelope()
        first.send(b"x\r\n.\r\n")
        await accept.began.wait()
        await second.say("EHLO client.example")
        await second.say("MAIL FROM:<a@partner.example>")
        await second.say(f"RCPT TO:<{OURS}>")

        assert (await second.say("DATA")).startswith("451 4.3.2")
        accept.go_on.set()
        assert (await first.reply()).startswith("250")
        await second.envelope()


async def test_what_breaks_within_a_letter_ends_the_connection_and_its_rest_is_never_a_command():
    accept = Accepting()

    def breaks(name: str) -> None:
        if name == "smtp:block":
            raise RuntimeError("broken within a letter")

    async with running(accept, breaks) as listener, talking(listener) as client:
        await client.envelope()
        client.send(b"a line\r\n")
        answer = await client.reply()
        client.send(f"RSET\r\nMAIL FROM:<a@partner.example>\r\nRCPT TO:<{OURS}>\r\nDATA\r\n.\r\n".encode())

        assert answer.startswith("451 4.3.0")
        assert await client.reply() == ""
        assert accept.letters == []
