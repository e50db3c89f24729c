# SPDX-License-Identifier: GPL-3.0-or-later
"""Public sample letters, outside this repository: each is read or refused, and the sound ones as others read them.

Set GATEWAY_CORPORA to the folder that holds ``mail-parser`` and ``mimekit``; without it the tests skip.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.content import MemorySink
from gateway.errors import Reason, Refused
from gateway.mail.split import split
from tests.mail.letters import read

_ROOT = Path(os.environ.get("GATEWAY_CORPORA") or Path(__file__).parents[3] / "shared" / "corpora")
_LETTERS = sorted(
    path
    for pattern in ("mail-parser/*/*.eml", "mimekit/messages/*", "mimekit/partial/*")
    for path in _ROOT.glob(pattern)
    if path.is_file()
)
_REFUSED = {
    "rfc/000.eml": Reason.BAD_ENCODING,  # prose where base64 should be
    "rfc/001.eml": Reason.AMBIGUOUS,  # external bodies
    "thirdparty/002.eml": Reason.BAD_ENCODING,  # base64 that goes on after its padding
    "thirdparty/004.eml": Reason.BAD_ENCODING,  # an unknown encoding
    "thirdparty/005.eml": Reason.TRUNCATED,
    "thirdparty/009.eml": Reason.TRUNCATED,  # a fragment of a larger letter
}
# There the truth goes on inside an embedded message, which swallows the parts behind it; the sender's own
# size parameters agree with us.
_SWALLOWED = "thirdparty/015.eml"
_COMPARED = [
    path for path in _LETTERS if path.parent.name in ("rfc", "thirdparty") and "/".join(path.parts[-2:]) != _SWALLOWED
]

pytestmark = pytest.mark.skipif(not _LETTERS, reason=f"no sample letters below {_ROOT}; set GATEWAY_CORPORA")


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:])


@pytest.mark.parametrize("path", _LETTERS, ids=_name)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_every_sample_is_read_or_refused_within_a_second(path: Path, line_end: bytes) -> None:
    octets = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
    before = time.process_time()
    try:
        split([octets], MemorySink)
    except Refused as refused:
        print(refused)
    seconds = time.process_time() - before

    assert seconds < 1


@pytest.mark.parametrize("path", _COMPARED, ids=_name)
def test_a_sound_sample_has_the_leaves_others_find_and_the_rest_is_refused(path: Path) -> None:
    name = "/".join(path.parts[-2:])
    if name in _REFUSED:
        with pytest.raises(Refused) as caught:
            read(path.read_bytes())
        assert caught.value.reason is _REFUSED[name]
        return
    truth = json.loads(path.with_suffix(".json").read_text())
    letter = read(path.read_bytes())

    assert [_kind(each.media_type, each.content.size) for each in letter.parts] == _leaves(truth)


def _kind(media_type: str, size: int) -> tuple[str, int | None]:
    """Texts and messages are compared by kind only: the truth has them converted or taken apart."""
    if media_type.startswith("text/"):
        return ("text", None)
    if media_type == "message/rfc822":
        return ("message", None)
    return ("binary", size)


def _leaves(truth: dict[str, Any]) -> list[tuple[str, int | None]]:
    """Return kind and size of the leaves in the truth's tree, in the order of the letter."""
    leaves: list[tuple[str, int | None]] = []

    def walk(number: int) -> None:
        ((kind, value),) = truth["parts"][number]["body"].items()
        if kind == "Multipart":
            for child in value:
                walk(child)
        elif kind in ("Text", "Html"):
            leaves.append(("text", None))
        else:
            leaves.append(("message", None) if kind == "Message" else ("binary", len(value)))

    walk(0)
    return leaves
