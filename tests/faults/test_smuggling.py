# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one letter ends and the next begins: nobody but the sender's own CR LF . CR LF decides it, in and out.

Attack rows 1 and 2 of the catalogue (SEC Consult 2023; CVE-2023-51764, -51765, -51766; CVE-2024-27305).
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import Held
from gateway.ports import Outcome, Phase, Posted
from tests.faults.lengths import LONG, some
from tests.faults.proxy import Program, Way, proxied
from tests.faults.test_receiving import HEAD, delivered, phases
from tests.faults.wired import OURS, cards, document, door, lettered, number_of, office, settle, spooled
from tests.outbound.scripted_relay import posting, relay
from tests.story.offices import TownOffice

FALSE_ENDS = {  # the names under which such ends are tried in the wild, and some more
    "lf.lf": b"\n.\n",
    "lf.cr": b"\n.\r",
    "lf.crlf": b"\n.\r\n",
    "cr.cr": b"\r.\r",
    "cr.lf": b"\r.\n",
    "cr.crlf": b"\r.\r\n",
    "crlf.lf": b"\r\n.\n",
    "crlf.cr": b"\r\n.\r",
    "crlf.crcrlf": b"\r\n.\r\r\n",
    "crcrlf.crcrlf": b"\r\r\n.\r\r\n",
    "lflf.crlf": b"\n\n.\r\n",
    "lfcr.lfcr": b"\n\r.\n\r",
    "nul.crlf": b"\0.\r\n",
    "crlfnul.crlf": b"\r\n\0.\r\n",
    "crlf.nulcrlf": b"\r\n.\0\r\n",
    "crlf.nullf": b"\r\n.\0\n",
}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[TownOffice]:
    with office(tmp_path) as one:
        yield one


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_a_letter_smuggled_behind_any_false_end_is_no_letter(opened: TownOffice, protocol: str) -> None:
    """Row 1: outer and inner letter are a trusted partner's, whole and registrable; neither is taken."""
    hidden = HEAD + b"RCPT TO:<%s>\r\nDATA\r\n" % OURS.encode() + document(2).replace(b"\r\n.", b"\r\n..")
    segments = ((), (1,)) if LONG else ((),)
    async with door(opened, protocol=protocol) as listener:
        host, port = listener.address  # type: ignore[misc]  # no unix socket
        for false_end in FALSE_ENDS.values():
            for sizes in segments:
                async with AsyncExitStack() as stack:
                    proxy = await stack.enter_async_context(proxied(host, port, Program(up=Way(segments=sizes))))
                    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                    opening = [octets for name, octets, _ in phases(protocol, document(1)) if name != "dot"]
                    writer.write(b"".join(opening) + false_end + hidden + b".\r\nNOOP\r\nQUIT\r\n")
                    heard = (await reader.read()).split(b"\r\n")
                    writer.close()
                refused = [line for line in heard if line.startswith(b"550 5.6.0")]
                assert len(refused) == (2 if protocol == "lmtp" else 1), false_end
                assert heard[-3:-1] == [b"250 2.0.0 ok", b"221 2.0.0 Bye"], false_end
        taken = lettered(opened)
        await delivered(listener, protocol, document(3))
    await settle(opened)

    assert taken == []
    assert spooled(opened) == []
    assert cards(opened) == Counter([number_of(3)])


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_however_a_conversation_is_cut_into_segments_its_replies_are_the_same(
    opened: TownOffice, protocol: str
) -> None:
    """Pipelining, one segment for everything, a byte a segment, and the final dot cut at each of its bytes."""
    said = b"".join(octets for _, octets, _ in phases(protocol, document(1)))
    said += said[said.index(b"MAIL") :] + b"QUIT\r\n"
    dots = [at for at in range(len(said)) if said.startswith(b"\r\n.\r\n", at)]
    ways = [Way(gather=len(said)), *(Way(segments=(size,)) for size in some((1, 2, 3, 5, 7, 64, 1000), 3))]
    ways += [Way(segments=(at + cut, 5 - cut, 1 << 16), delay=0.002) for at in dots for cut in some(range(1, 5), 4)]
    heard = []
    async with door(opened, protocol=protocol) as listener:
        host, port = listener.address  # type: ignore[misc]  # no unix socket
        for way in ways:
            async with proxied(host, port, Program(up=way)) as proxy:
                reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
                writer.write(said)
                heard.append([line[:9] for line in (await reader.read()).split(b"\r\n")])
                writer.close()
    await settle(opened)

    assert heard == [heard[0]] * len(ways)
    accepted = sum(line.startswith(b"250 2.0.0") for line in heard[0])
    assert accepted == (4 if protocol == "lmtp" else 2)
    assert cards(opened) == Counter([number_of(1)])
    assert len(lettered(opened)) == 2 * len(ways)


# --- outbound -----------------------------------------------------------------------------------------------------

PIECES = (
    b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.", b"\r\n.\r\n", b"\n.\n", b"\0", b" ", b"x", b"\xff", "ж".encode(),
    b"MAIL FROM:<x@y.example>\r\n", b"RCPT TO:<z@y.example>\r\n", b"DATA\r\n", b"RSET\r\n", b"QUIT\r\n",
)  # fmt: skip
CONTENT = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=24).map(b"".join)
SEPARATE = st.lists(st.integers(1, 9), max_size=12)  # sizes of the blocks a letter comes in


class InBlocks(Held):
    """A letter that comes in blocks of given sizes."""

    sizes: tuple[int, ...] = ()

    def blocks(self) -> Iterator[bytes]:
        rest = self.data
        for size in self.sizes:
            yield rest[:size]
            rest = rest[size:]
        yield rest


async def captured(octets: bytes, sizes: list[int]) -> tuple[Posted, list[bytes], list[bytes]]:
    """Send *octets* to a relay that reads line by line; return the outcome, the letters and the commands it saw."""
    letter = InBlocks(octets)
    object.__setattr__(letter, "sizes", tuple(sizes))
    async with relay() as scripted, posting(scripted) as post:
        posted = await post.send(letter, "a@minsk.example", "b@moscow.example")
    return posted, scripted.letters, [command.split()[0] for command in scripted.commands if command.split()]


@settings(max_examples=5000 if LONG else 80)
@given(octets=CONTENT, sizes=SEPARATE)
def test_whatever_a_letter_holds_the_relay_sees_exactly_one_letter_or_none(octets: bytes, sizes: list[int]) -> None:
    """Row 2: dots are stuffed right, and what could end a letter elsewhere is not sent at all."""
    posted, letters, commands = asyncio.run(captured(octets, sizes))

    bare = octets.replace(b"\r\n", b"")
    if b"\r" in bare or b"\n" in bare or b"\0" in bare:
        assert (posted.outcome, posted.phase, letters) == (Outcome.REJECTED, Phase.DATA, [])
        assert commands == [b"EHLO", b"MAIL", b"RCPT", b"DATA"]
    else:
        whole = octets if octets.endswith(b"\r\n") or not octets else octets + b"\r\n"
        assert (posted.outcome, letters) == (Outcome.SENT, [whole])
        assert commands == [b"EHLO", b"MAIL", b"RCPT", b"DATA", b"QUIT"]
