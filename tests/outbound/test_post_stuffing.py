# SPDX-License-Identifier: GPL-3.0-or-later
"""A letter's bytes on the wire: no content ends a letter early, and no cut changes what arrives."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.outbound.stuffing import NotWhole, Stuffing

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\r", b"\n", b"\0", b"\xff"]), max_size=16).map(b"".join)


def wire(data: bytes, cuts: list[int]) -> bytes:
    stuffing = Stuffing()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    blocks = [data[start:end] for start, end in itertools.pairwise(edges)]
    return b"".join(map(stuffing.feed, blocks)) + stuffing.end()


@settings(max_examples=150, deadline=None)
@given(data=PIECES, cuts=st.lists(st.integers(0, 32), max_size=6))
def test_any_bytes_are_one_letter_on_the_wire_or_none(data: bytes, cuts: list[int]):
    lines = data.split(b"\r\n")
    spoilt = any(byte in line for line in lines for byte in (b"\r", b"\n", b"\0"))
    if spoilt:
        with pytest.raises(NotWhole):
            wire(data, cuts)
        return

    seen = wire(data, cuts)

    assert (b"\r\n" + seen).find(b"\r\n.\r\n") == len(seen) - 3
    whole = data if data.endswith(b"\r\n") or not data else data + b"\r\n"
    received = [line.removeprefix(b".") for line in seen.split(b"\r\n")[:-2]]
    assert b"".join(line + b"\r\n" for line in received) == whole
