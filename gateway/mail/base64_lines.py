# SPDX-License-Identifier: GPL-3.0-or-later
"""Base64 as mail carries it (RFC 2045 §6.8): CRLF lines of 76 characters, streamed."""

from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from typing import Final

_LINE_BYTES: Final = 57  # 76 characters
_SLICE: Final = _LINE_BYTES * 8192  # encoded at once: 467 KB, as text 639 KB


def base64_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *blocks* of any size as base64 lines; the lines do not depend on where the blocks were cut."""
    rest = b""
    for block in blocks:
        octets = rest + block
        whole = len(octets) - len(octets) % _LINE_BYTES
        for start in range(0, whole, _SLICE):
            yield _lines(octets[start : min(start + _SLICE, whole)])
        rest = octets[whole:]
    if rest:
        yield _lines(rest)


def _lines(octets: bytes) -> bytes:
    return b"".join(
        b2a_base64(octets[start : start + _LINE_BYTES], newline=False) + b"\r\n"
        for start in range(0, len(octets), _LINE_BYTES)
    )
