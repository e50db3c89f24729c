# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes made from other bytes: what a seeded generator does to a sound sample to make it unsound."""

import re
from collections.abc import Sequence
from random import Random

MAX_BYTES = 6 << 10  # LIMIT: of one input; small inputs find more in the same time
_VALUE = re.compile(rb"""(?:="|>)((?<=")[^"<]*(?=")|(?<=>)[^<>]+(?=<))""")
_ELEMENT = re.compile(rb"(<(\w+)(?:>[^<]*</\2>| [^<>]*/>))")
_STEPS = (1, 1, 1, 2, 2, 3, 5, 8)  # how many changes one input gets


def mutated(random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Return an input of at most `MAX_BYTES`: a seed with changes, sometimes noise or nothing but *tokens*."""
    way = random.random()
    if way < 0.03:
        return random.randbytes(random.randrange(200))
    if way < 0.08:
        return b"".join(random.choice(tokens) for _ in range(random.randrange(1, 30)))[:MAX_BYTES]
    octets = random.choice(seeds)
    if way > 0.995:
        return octets[:MAX_BYTES]
    for _ in range(random.choice(_STEPS)):
        octets = random.choice(_CHANGES)(random, octets, seeds, tokens)
    return octets[:MAX_BYTES]


def revalued(random: Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Return a seed of XML whose values are others and whose elements are left out, doubled or moved: well-formed."""
    octets = random.choice(seeds)
    for _ in range(random.choice(_STEPS)):
        spans = list((_ELEMENT if random.random() < 0.3 else _VALUE).finditer(octets))
        if not spans:
            continue
        here, there = random.choice(spans), random.choice(spans)
        new = (
            random.choice((random.choice(tokens), there[1])) if here.re is _VALUE else random.choice((b"", here[1] * 2))
        )
        octets = octets[: here.start(1)] + new + octets[here.end(1) :]
    return octets


def cut(random: Random, octets: bytes) -> list[bytes]:
    """Return *octets* in blocks of random sizes, empty ones among them."""
    blocks, start = [], 0
    widest = random.choice((2, 5, 40, 400))
    while start < len(octets):
        size = random.randrange(widest + 1)
        blocks.append(octets[start : start + size])
        start += size
    return blocks


def _span(random: Random, octets: bytes, most: int = 200) -> tuple[int, int]:
    start = random.randrange(len(octets) + 1)
    return start, min(len(octets), start + random.randrange(most))


def _flip(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    if not octets:
        return octets
    at = random.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ (1 << random.randrange(8))]) + octets[at + 1 :]


def _overwrite(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(random, octets, 8)
    return octets[:start] + random.randbytes(end - start) + octets[end:]


def _remove(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(random, octets)
    return octets[:start] + octets[end:]


def _repeat(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _span(random, octets)
    return octets[:end] + octets[start:end] * random.choice((1, 1, 2, 20)) + octets[end:]


def _insert(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.choice(tokens) * random.choice((1, 1, 1, 2, 50)) + octets[at:]


def _replace(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    old, new = random.choice(tokens), random.choice(tokens)
    at = octets.find(old, random.randrange(len(octets) + 1))
    return octets if at < 0 else octets[:at] + new + octets[at + len(old) :]


def _truncate(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    return octets[: random.randrange(len(octets) + 1)]


def _splice(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return octets[: random.randrange(len(octets) + 1)] + other[random.randrange(len(other) + 1) :]


def _move_lines(random: Random, octets: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    lines = octets.split(b"\n")
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


_CHANGES = (_flip, _overwrite, _remove, _repeat, _insert, _insert, _replace, _truncate, _splice, _move_lines)
