# SPDX-License-Identifier: GPL-3.0-or-later
"""Files inside a passport: cut out and put in byte for byte, however they come, and nobody can name another's."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.bodies import MAX_BODIES, MAX_TAG, cut_out, put_in
from gateway.content import Held, MemorySink
from gateway.dialects.wire import Body, Inline, Package
from gateway.errors import Reason, Refused
from gateway.model import Content, Sha256

ROOT = Path(__file__).parents[2]


def is_body(name: str, attributes: Mapping[str, str]) -> bool:
    return name == "File" and attributes.get("how") != "pointer"


@dataclass(frozen=True, slots=True)
class Cut:
    """Content that comes in blocks of the given sizes, over and over."""

    data: bytes
    sizes: tuple[int, ...] = (1 << 20,)
    sha256: Sha256 = Sha256("")

    @property
    def size(self) -> int:
        return len(self.data)

    def blocks(self) -> Iterator[bytes]:
        at, turn = 0, 0
        while at < len(self.data):
            yield self.data[at : at + self.sizes[turn % len(self.sizes)]]
            at += self.sizes[turn % len(self.sizes)]
            turn += 1


@dataclass(slots=True)
class Counting:
    """Makes sinks and knows which of them were given up."""

    made: list["_Sink"] = field(default_factory=list)

    def sink(self) -> "_Sink":
        self.made.append(_Sink())
        return self.made[-1]


class _Sink(MemorySink):
    def __init__(self) -> None:
        super().__init__()
        self.state = "open"

    def close(self) -> Content:
        self.state = "kept"
        return super().close()

    def discard(self) -> None:
        self.state = "discarded"
        super().discard()


def cut(text: str | bytes, *sizes: int) -> tuple[str, list[bytes | None]]:
    """Return what is left of *text* and the files that were in it."""
    data = text.encode() if isinstance(text, str) else text
    rest, bodies = cut_out(Cut(data, sizes or (1 << 20,)), is_body, MemorySink)
    return rest.decode(), [said(body) for body in bodies]


def said(body: Body) -> bytes | None:
    return None if body is None else b"".join(body.blocks())


def code(data: bytes) -> str:
    return b64encode(data).decode()


# --- there and back -----------------------------------------------------------------------------------------------

files = st.lists(st.binary(min_size=1, max_size=80), max_size=4)
sizes = st.lists(st.integers(1, 50), min_size=1, max_size=4)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=10)


@given(files, words, sizes)
def test_what_is_put_in_is_cut_out_again_however_it_comes(contents: list[bytes], text: str, cuts: list[int]) -> None:
    root = etree.Element("Root", said=text)
    for _ in contents:
        etree.SubElement(root, "File").text = "@"
    root.text = text
    passport = etree.tostring(root, encoding="utf-8")
    pieces = passport.split(b"<File>@</File>")
    bare = b"<File></File>".join(pieces)
    places = [sum(map(len, pieces[: n + 1])) + n * len(b"<File></File>") + len(b"<File>") for n in range(len(contents))]
    held = {content.sha256: content for content in map(Held, contents)}
    inline = tuple(Inline(at, Held(data).sha256) for at, data in zip(places, contents, strict=True))

    whole = put_in(Package("p.xml", bare, (), "", inline), held, MemorySink)
    rest, bodies = cut_out(Cut(b"".join(whole.blocks()), tuple(cuts)), is_body, MemorySink)

    tree = etree.fromstring(rest)
    assert [said(body) for body in bodies] == contents
    assert [file.text for file in tree] == [str(number) for number in range(len(contents))]
    assert (tree.get("said"), tree.text or "") == (text, text)


@given(words, words, sizes)
def test_what_is_no_file_stays_as_it_was(one: str, two: str, cuts: list[int]) -> None:
    root = etree.Element("{urn:x}Root", {"{urn:y}a": one + "\n\t\r", "b": two}, nsmap={"x": "urn:x"})
    etree.SubElement(root, "File", how="pointer").text = one + "\r\n" + two
    data = etree.tostring(root, encoding="utf-8")

    rest, bodies = cut_out(Cut(data, tuple(cuts)), is_body, MemorySink)

    assert etree.tostring(etree.fromstring(rest), method="c14n") == etree.tostring(root, method="c14n")
    assert bodies == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251", "koi8-r"])
def test_the_encoding_of_a_passport_makes_no_difference(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><Письмо тема="Ёж"><File>{code(b"bytes")}</File>ёж</Письмо>'

    for size in (1, 7, 1000):
        assert cut(text.encode(encoding), size) == ('<Письмо тема="Ёж"><File>0</File>ёж</Письмо>', [b"bytes"])


def test_utf_16_is_known_by_its_mark_alone() -> None:
    assert cut(f"<a><File>{code(b'x')}</File></a>".encode("utf-16")) == ("<a><File>0</File></a>", [b"x"])


INSIDE = code(bytes(range(200)))
FOLDED = {
    "lines": "\r\n".join(INSIDE[at : at + 76] for at in range(0, len(INSIDE), 76)),
    "blanks everywhere": "  " + " ".join(INSIDE) + "\n\t",
    "a comment": INSIDE[:50] + "<!-- 0 -->" + INSIDE[50:],
    "a processing instruction": INSIDE[:50] + "<?p 0?>" + INSIDE[50:],
    "CDATA": f"<![CDATA[{INSIDE[:51]}]]>{INSIDE[51:]}",
    "character references": "".join(f"&#{ord(letter)};" for letter in INSIDE),
    "no padding": INSIDE.rstrip("="),
}


@pytest.mark.parametrize("how", FOLDED)
def test_base64_is_read_however_it_is_folded(how: str) -> None:
    for size in (3, 64, 4096):
        assert cut(f"<a><File>{FOLDED[how]}</File></a>", size) == ("<a><File>0</File></a>", [bytes(range(200))])


# --- what is none -------------------------------------------------------------------------------------------------

NO_BASE64 = {
    "a foreign letter": "AAA*",
    "letters beyond ASCII": "АААА",
    "padding in the middle": "AA==AAAA",
    "one letter": "A",
    "a number of another file": "0",
    "an element inside": f"{INSIDE}<x/>",
    "an element before": f"<x>1</x>{INSIDE}",
    "a file inside": f"<File>{INSIDE}</File>",
    "a file in an element inside": f"AAAA<x><File>{INSIDE}</File></x>",
}


@pytest.mark.parametrize("what", NO_BASE64)
def test_what_is_no_base64_is_no_file_and_the_others_are(what: str) -> None:
    counting = Counting()
    text = f"<a><File>{code(b'one')}</File><File>{NO_BASE64[what]}</File><File>{code(b'two')}</File></a>"

    rest, bodies = cut_out(Cut(text.encode(), (5,)), is_body, counting.sink)

    assert rest.decode() == "<a><File>0</File><File>1</File><File>2</File></a>"
    assert [said(body) for body in bodies] == [b"one", None, b"two"]
    assert [sink.state for sink in counting.made] == ["kept", "discarded", "kept"]


def test_an_empty_place_has_no_number() -> None:
    assert cut("<a><File/><File> \n </File><File><!-- 0 --></File><File>QQ==</File></a>") == (
        "<a><File></File><File></File><File></File><File>0</File></a>",
        [b"A"],
    )


def test_nobody_can_name_a_file_that_stands_elsewhere() -> None:
    """Of two attributes with one local name that without a prefix counts, as whoever reads the passport sees it."""
    forged = '<a xmlns:b="urn:b"><File>QQ==</File><File how="inside" b:how="pointer">0</File></a>'

    rest, bodies = cut_out(Held(forged.encode()), is_body, MemorySink)

    assert [file.text for file in etree.fromstring(rest)] == ["0", "1"]
    assert bodies[1] is None


HOSTILE = {
    "a document type": b'<!DOCTYPE a [<!ENTITY e "AAAA">]><a><File>&e;</File></a>',
    "one without entities": b"<!DOCTYPE a><a><File>QQ==</File></a>",
    "an undefined entity": b"<a><File>QQ==</File>&e;</a>",
    "too many levels": b"<a><File>QQ==</File>" + b"<b>" * 100 + b"</b>" * 100 + b"</a>",
    "too many levels inside a file": b"<a><File>QQ==" + b"<b>" * 100 + b"</b>" * 100 + b"</File></a>",
    "too many attributes": b"<a><File>QQ==</File><b " + b" ".join(b'a%d=""' % n for n in range(300)) + b"/></a>",
    "a file that does not end": b"<a><File>QQ==</File><File>QQ",
    "the same attribute twice": b'<a><File>QQ==</File><b c="" c=""/></a>',
    "an encoding of several bytes": b'<?xml version="1.0" encoding="gb18030"?><a><File>QQ==</File></a>',
    "an encoding nobody knows": b'<?xml version="1.0" encoding="x-none"?><a><File>QQ==</File></a>',
    "another encoding than declared": b'<?xml version="1.0" encoding="utf-8"?><a><File>QQ==</File>\xff</a>',
    "bytes behind the end": b"<a><File>QQ==</File></a><b/>",
    "nothing": b"",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_xml_comes_back_as_it_was_and_keeps_no_file(what: str) -> None:
    counting = Counting()

    rest, bodies = cut_out(Cut(HOSTILE[what], (1000,)), is_body, counting.sink)

    assert (rest, bodies) == (HOSTILE[what], ())
    assert "open" not in {sink.state for sink in counting.made}


TOO_MUCH = {
    Reason.TOO_MANY_PARTS: b"<a>" + b"<File>QQ==</File>" * (MAX_BODIES + 1) + b"</a>",
    Reason.TOO_LARGE: b'<a><File>QQ==</File><b c="' + b"x" * (MAX_TAG + (1 << 20)) + b'"/></a>',
}


@pytest.mark.parametrize("reason", TOO_MUCH)
def test_what_a_tree_would_bear_and_this_does_not_is_refused_for_what_it_is(reason: Reason) -> None:
    counting = Counting()

    with pytest.raises(Refused) as refused:
        cut_out(Held(TOO_MUCH[reason]), is_body, counting.sink)

    assert refused.value.reason is reason
    assert "open" not in {sink.state for sink in counting.made}


@pytest.mark.parametrize("begun", [b'<a><b c="', b"<a><!--", b"<a><?p ", b"<a><"])
def test_a_tag_or_comment_without_end_is_given_up_before_it_fills_the_memory(begun: bytes) -> None:
    reads: list[int] = []  # bytes, for each time it was read

    @dataclass(frozen=True, slots=True)
    class Endless:
        size: int = 1 << 30
        sha256: Sha256 = Sha256("")

        def blocks(self) -> Iterator[bytes]:
            reads.append(0)
            yield begun
            while reads[-1] < 8 * MAX_TAG:
                reads[-1] += 1 << 20
                yield b"x" * (1 << 20)

    rest, bodies = cut_out(Endless(), is_body, MemorySink)

    assert bodies == ()
    assert rest.startswith(begun)
    assert reads[0] <= MAX_TAG + (2 << 20)


def test_a_full_disk_is_no_broken_passport() -> None:
    class Full(_Sink):
        def write(self, block: bytes) -> None:
            if block:
                raise OSError(28, "No space left on device")

    full = Full()

    with pytest.raises(OSError, match="No space"):
        cut_out(Held(b"<a><File>QUJD</File></a>"), is_body, lambda: full)
    assert full.state == "discarded"


# --- memory -------------------------------------------------------------------------------------------------------


def above_base(mebibytes: int, home: Path) -> float:
    """Return how many MiB beyond its start a process took to send and to receive a document of that size."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.heavy_document", str(mebibytes), str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def test_a_document_of_some_size_travels_in_bounded_memory(tmp_path: Path) -> None:
    assert above_base(16, tmp_path) <= 12


@pytest.mark.thorough
def test_a_document_of_200_megabytes_travels_in_bounded_memory(tmp_path: Path) -> None:
    assert above_base(200, tmp_path) <= 64
