# SPDX-License-Identifier: GPL-3.0-or-later
"""What untrusted bytes reach first, each as a function from blocks to something that can be compared.

A target raises only what its contract names; whatever else comes out is a finding, and so is an `Untrue`: a promise
of a docstring that does not hold for this input.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import aioimaplib  # type: ignore[import-untyped]  # the library has no annotations

from gateway.bodies import cut_out
from gateway.content import Held, MemorySink
from gateway.dialects import by_name
from gateway.dialects.gost2010.shelf import is_body
from gateway.dialects.tree import parse as parse_xml
from gateway.dialects.tree import root_of, salvage
from gateway.dialects.wire import Reading, Resource
from gateway.envelope import read_package, unseal
from gateway.errors import Refused
from gateway.inbound.bounces import read_bounce
from gateway.inbound.bounces.notice import MAX_WORDS
from gateway.inbound.imap import answers
from gateway.inbound.imap.answers import Garbled
from gateway.inbound.imap.framing import Limits as ImapLimits
from gateway.inbound.imap.guard import GuardedProtocol, Patience
from gateway.inbound.smtp.addressing import read_path
from gateway.inbound.smtp.transfer import DataScanner
from gateway.mail.address import addresses
from gateway.mail.archive import ZipLimits, unzip
from gateway.mail.headers import fields_of, is_auto_reply, message_ids
from gateway.mail.names import MAX_NAME_BYTES, clean_name, file_names
from gateway.mail.parameters import structured
from gateway.mail.split import Limits, split
from gateway.mail.words import decode_address_words, decode_words, header_text
from gateway.model import Letter, Sha256
from gateway.office import PROOFS, Origin
from tests.core.test_office import HERE, RESULTS, settings
from tests.faults import fuzz_seeds
from tests.faults.mutations import mutated, revalued

Blocks = Sequence[bytes]
LIMITS = Limits(max_parts=50, max_depth=6, max_decoded_bytes=1 << 16)
ZIPS = ZipLimits(max_entries=20, max_bytes=1 << 18)
IMAP = ImapLimits(line_bytes=600, literal_bytes=2000, answer_pieces=300)


class Untrue(Exception):
    """The code did not keep what its docstring says."""


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    read: Callable[[Blocks], object]  # equal for every way to cut the same bytes
    seeds: Callable[[], list[bytes]]
    tokens: tuple[bytes, ...]
    allowed: tuple[type[Exception], ...] = (Refused,)
    in_blocks: bool = True  # False: it takes whole values only
    make: Callable[[Random, Sequence[bytes], Sequence[bytes]], bytes] = mutated


def _hold(promise: bool, words: str) -> None:
    if not promise:
        raise Untrue(words)


# --- letters ------------------------------------------------------------------------------------------------------


def read_letter(blocks: Blocks) -> object:
    """Unseal; the windows are as small as the blocks, so that the splitter's own seams are tried too."""
    window = max(16, max(map(len, blocks), default=16))
    limits = Limits(max_parts=50, max_depth=6, max_decoded_bytes=1 << 16, window_bytes=window)
    opened = unseal(blocks, MemorySink, limits)
    is_auto_reply(opened.letter)
    return (_letter(opened.letter), opened.reading and _reading(opened.reading))


def _letter(letter: Letter) -> object:
    parts = [(p.path, p.media_type, p.charset, p.names, p.content.sha256, p.content.size) for p in letter.parts]
    return (letter.headers, parts, letter.size, letter.digest, letter.problems)


def _reading(reading: Reading) -> object:
    refused = reading.refusal
    why = (refused.reason, refused.detail, refused.place) if refused else None
    return (reading.kind, reading.heading, reading.message, sorted(reading.contents), why, reading.problems)


def read_dsn(blocks: Blocks) -> object:
    """A delivery report names ids without brackets and blanks, and words of one line."""
    bounce = read_bounce(split(blocks, MemorySink, LIMITS))
    if bounce is not None:
        _hold(all(name and not set(name) & set("<> \t\r\n") for name in bounce.message_ids), "an id that is none")
        said = [told.words for told in bounce.told]
        _hold(all(not set(words) & set("\r\n") and len(words) <= MAX_WORDS for words in said), "words of two lines")
    return repr(bounce)


# --- headers and names --------------------------------------------------------------------------------------------


def read_headers(blocks: Blocks) -> object:
    """Every reader of header values, on one value."""
    raw = b"".join(blocks)
    fields = fields_of(raw.split(b"\n"))
    text = header_text(raw)
    _hold(not set(text) & set("\r\n\0\x85\u2028\u2029"), "a header value with a line break")
    found = addresses(text)
    shown = addresses(decode_address_words(text))
    _hold(not shown or not found or shown == found, "decoding words made or moved an address")
    _hold(all(addresses(one) == (one,) for one in found), "an address that does not read as itself")
    words = decode_words(text)
    _hold(len(words) <= 4 * len(raw) + 4, "decoding words made a text longer")
    return (fields, found, message_ids(text), structured(text), words)


def read_name(blocks: Blocks) -> object:
    """A cleaned name can be shown and stored anywhere."""
    raw = b"".join(blocks)
    for name in (header_text(raw), raw.decode("utf-8", "surrogateescape")):
        clean = clean_name(name)
        _hold(clean_name(clean) == clean, "cleaning a clean name changes it")
        _hold(not set(clean) & set('/\\:*?"<>|') and clean not in ("", ".", ".."), "a separator in a name")
        _hold(0 < len(clean.encode()) <= MAX_NAME_BYTES, "a name too long")
        _hold(not any(unicodedata.category(c)[0] == "C" for c in clean), "a control character in a name")
        _hold(not re.fullmatch(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", clean), "a device as a name")
        _hold(clean == clean.strip(". "), "dots or blanks around a name")
    return file_names([structured(header_text(raw))], structured(header_text(raw)))


_CHANNEL = settings(RESULTS).channels[0]


def read_results(blocks: Blocks) -> object:
    """Believed is only what a strict reader of RFC 8601 believes as well."""
    value = header_text(b"".join(blocks))
    letter = Letter((("From", "them@partner.example"), ("Authentication-Results", value)), (), 0, Sha256("0" * 64))
    believed = PROOFS["auth-results"](_CHANNEL, letter, Origin(HERE.channel, HERE.peer, HERE.envelope_sender))
    _hold(not believed or _strictly_believed(value), "believed what a strict reader does not")
    return believed


def _strictly_believed(value: str) -> bool:
    """Read *value* sign by sign: what is quoted or in a comment says nothing, and a verdict begins its clause."""
    clauses, depth, quoted, skip = [""], 0, False, False
    for sign in value.casefold():
        if skip or (sign == "\\" and (quoted or depth)):
            skip = not skip
        elif quoted:
            quoted = sign != '"'
            clauses[-1] += sign if sign.isalnum() or sign in ".@_+-" else "?"
        elif sign in "()":
            depth += 1 if sign == "(" else -1 if depth else 0
            clauses[-1] += " "
        elif not depth:
            quoted = sign == '"'
            clauses += [""] if sign == ";" else []
            clauses[-1] += sign if sign not in '";' else ""
    if depth or quoted or clauses[0].split()[:1] != ["mx.ours.example"]:
        return False
    found = [words for clause in clauses[1:] if (words := clause.split())]
    passed = [words for words in found if words[0] in ("dmarc=pass", "dkim=pass")]
    named = {"header.from=partner.example", "header.d=partner.example", "header.i=@partner.example"}
    return not any(words[0] == "dmarc=fail" for words in found) and any(named & {*words} for words in passed)


# --- servers and clients ------------------------------------------------------------------------------------------


class _Wire:
    """The transport under a protocol: forgets what is written."""

    def write(self, octets: bytes) -> None: ...
    def abort(self) -> None: ...
    def get_extra_info(self, name: str) -> None: ...


_LOOP = asyncio.new_event_loop()


def read_imap(blocks: Blocks) -> object:
    """A connection with a FETCH under way survives whatever the server says, or is over with words."""
    connection = GuardedProtocol(_LOOP, IMAP, Patience(), allow_preauth=False)
    connection.transport = _Wire()
    command = aioimaplib.Command("FETCH", "A1", "1:*", "(UID BODY.PEEK[])", loop=_LOOP)
    connection.data_received(b"* OK ready\r\n")
    connection._command = command
    for block in blocks:
        connection.data_received(block)
    lines = list(command.response.lines)
    understood: list[object] = [str(connection.broken), connection.exists, command.response.result, lines]
    for read in (answers.selected, lambda every: list(answers.fetched(every)), answers.copied):
        with suppress(Garbled):
            understood.append(read(lines))
    return [*understood, answers.searched(lines, 1, 1 << 31)]


def read_data(blocks: Blocks) -> object:
    """The letter after DATA is what RFC 5321 §4.5.2 says, by an oracle that works on the whole."""
    scanner, letter, left = DataScanner(), b"", b""
    for number, block in enumerate(blocks):
        letter += scanner.feed(block)
        if scanner.ended:
            left = scanner.rest + b"".join(blocks[number + 1 :])
            break
    octets = b"\r\n" + b"".join(blocks)
    end = octets.find(b"\r\n.\r\n")
    _hold(scanner.ended is (end >= 0), "the end is somewhere else")
    if scanner.ended:
        body = octets[: end + 2]
        _hold(left == octets[end + 5 :], "commands after the letter were lost")
        _hold(letter == re.sub(rb"\r\n\.", b"\r\n", body)[2:], "the letter is another")
        spoilt = re.search(rb"\r(?!\n)|(?<!\r)\n|\0", body) is not None
        _hold(scanner.sound is not spoilt, "a bare CR, LF or NUL was not seen")
        return (letter, left, scanner.sound)
    return None


def read_command(blocks: Blocks) -> object:
    """A path that is read has no blank outside quotes, no bracket and no control character in its address."""
    address, rest = read_path(b"".join(blocks).decode("utf-8", "surrogateescape"))
    if address not in (None, "<>"):
        _hold(not re.search(r"[\x00-\x1f\x7f]", address), "a control character in an address")
        _hold('"' in address or not set(address) & set("<> "), "a bracket or a blank in an address")
    return (address, rest)


# --- passports and archives ---------------------------------------------------------------------------------------


def read_xml(blocks: Blocks) -> object:
    data = b"".join(blocks)
    saved, root = salvage(data), root_of(data)
    tree = parse_xml(data)
    _hold(not tree.getroottree().docinfo.doctype, "a document type was let in")
    return (saved is None, root, sum(1 for _ in tree.iter()))


_RESOURCES = [
    Resource(("letter[1].pdf", "Письмо о сроках[1].txt"), Held(b"%PDF-1.4")),
    Resource(("attach1",), Held(b"%PDF-1.4")),
]


def read_passport(blocks: Blocks) -> object:
    """A reading holds a message, or says why not; it never raises."""
    try:
        reading = by_name("sev").read(b"".join(blocks), _RESOURCES)
    except Refused as refused:
        raise Untrue("a reading raised") from refused
    _hold(reading.message is not None or reading.refusal is not None or reading.kind is None, "neither nor")
    return _reading(reading)


def read_gost2010(blocks: Blocks) -> object:
    """Through the front door: whatever stands in it, a reading holds a message or says why not, and never raises."""
    try:
        reading = read_package([Resource(("document.xml",), Held(b"".join(blocks))), *_RESOURCES], MemorySink)
    except Refused as refused:
        raise Untrue("a reading raised") from refused
    if reading is None:
        return None
    _hold(reading.message is not None or reading.refusal is not None or reading.kind is None, "neither nor")
    return _reading(reading)


def read_bodies(blocks: Blocks) -> object:
    """What is cut out does not depend on the cuts, and what is left is a passport or what came."""
    whole = b"".join(blocks)

    @dataclass(frozen=True, slots=True)
    class Pieces:
        size: int = len(whole)
        sha256: Sha256 = Held(whole).sha256

        def blocks(self) -> Iterator[bytes]:
            yield from blocks

    rest, bodies = cut_out(Pieces(), is_body, MemorySink)
    _hold(bool(bodies) <= (rest != whole), "files were cut out of what stayed whole")
    return (rest, [body and body.sha256 for body in bodies])


def read_smdo(blocks: Blocks) -> object:
    """The same of SMDO, with its signatures cut out of the passport as it streams by."""
    smdo = by_name("smdo")
    assert smdo.is_body is not None
    data = b"".join(blocks)
    small, bodies = cut_out(Held(data), smdo.is_body, MemorySink)
    try:
        reading = smdo.read(small, _RESOURCES, bodies=bodies)
    except Refused as refused:
        raise Untrue("a reading raised") from refused
    _hold(reading.message is not None or reading.refusal is not None or reading.kind is None, "neither nor")
    _hold(all(code.islower() for code in [p.code for p in reading.problems]), "a problem without a code")
    return _reading(reading)


def read_any(blocks: Blocks) -> object:
    """Whatever standard it is of, through the front door: a message or why there is none, and never an exception."""
    data = b"".join(blocks)
    try:
        reading = read_package([Resource(("passport.xml",), Held(data)), *_RESOURCES], MemorySink)
    except Refused as refused:
        raise Untrue("a reading raised") from refused
    if reading is None:
        return None
    _hold(reading.message is not None or reading.refusal is not None or reading.kind is None, "neither nor")
    if reading.message is not None:
        dialect = by_name(reading.dialect)
        degraded = dialect.degrade(reading.message)
        _hold(dialect.degrade(degraded) == degraded, "degrading twice changes something more")
    return _reading(reading)


_MEDO_RESOURCES = [
    Resource(("pismo.pdf",), Held(b"%PDF-1.4")),
    Resource(("envelope.ltr",), Held("[ПИСЬМО КП ПС СЗИ]\n[ФАЙЛЫ]\n0=pismo.pdf".encode("windows-1251"))),
    Resource(("document.edc.zip",), Held(b"PK")),
]


def read_medo(blocks: Blocks) -> object:
    """As `read_passport`; a second reading takes the bytes for the passport inside a container."""
    data = b"".join(blocks)

    def unpacked(archive: Resource) -> list[Resource]:
        return [Resource(("passport.xml",), Held(data)), *_MEDO_RESOURCES[:1]]

    try:
        found = [
            by_name("medo").read(passport, _MEDO_RESOURCES, unpack=unpacked)
            for passport in (data, fuzz_seeds.medo_container())
        ]
    except Refused as refused:
        raise Untrue("a reading raised") from refused
    for reading in found:
        whole = reading.message is not None or reading.refusal is not None or reading.kind is None
        _hold(whole, "neither nor")
        if reading.message is not None and reading.refusal is None:
            by_name("medo").degrade(reading.message)
    return [_reading(reading) for reading in found]


def read_archive(blocks: Blocks) -> object:
    files = unzip(Held(b"".join(blocks)), MemorySink, ZIPS)
    _hold(sum(content.size for _, content in files) <= ZIPS.max_bytes, "more than the limit was unpacked")
    names = [name for name, _ in files]
    _hold(len({*names}) == len(names), "two files have one name")
    _hold(not any(name.startswith("/") or ".." in name.split("/") or "\0" in name for name in names), "a way out")
    return [(name, content.sha256) for name, content in files]


# --- all of them --------------------------------------------------------------------------------------------------

_HEADER_TOKENS = (
    *(b";", b'"', b"\\", b"(", b")", b"<", b">", b",", b":", b"@", b"=?utf-8?b?", b"?=", b"=?koi8-r?Q?=41?=", b"*0*="),
    *(b"filename*=UTF-8''%41", b"\r\n ", b"\0", b"\xff", "Ж".encode(), b"a@b.example", b"charset=", b"undisclosed:;"),
    *("\u202e".encode(), "\u2028".encode(), b"\xed\xa0\x80", b"..", b"/", b"con", b".txt", b"nul.", b"a" * 300, b" "),
)
_LETTER_TOKENS = (
    *(b"\r\n", b"\n", b"\r", b"--b", b"--b--\r\n", b"--in", b"--", b"\r\n\r\n", b"From: a@b.example\r\n", b"\0", b" "),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"Content-Type: text/plain\r\n\r\n", b"=\r\n", b"="),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"message/"),
    *(b"Content-Disposition: attachment; filename=x\r\n", b"UEsDBA==", b"QUJD", b"<DocInfo", b"rfc822", b"begin 644 x"),
    *(b"Message-ID: <1@minsk.example>\r\n", b"Action: failed\r\n", b"delivery-status", b"Diagnostic-Code: "),
    *_HEADER_TOKENS,
)
_RESULT_SEEDS = [
    b"mx.ours.example; dmarc=pass header.from=partner.example",
    b"mx.ours.example 1; dkim=pass (2048-bit) header.d=partner.example; spf=pass smtp.mailfrom=evil.example",
    b'mx.ours.example; spf=pass smtp.mailfrom="dmarc=pass header.from=partner.example"@evil.example; dmarc=fail',
    b"mx.ours.example; dmarc=fail (dmarc=pass header.from=partner.example) header.from=evil.example",
    b"mx.evil.example; dmarc=pass header.from=partner.example",
]
_RESULT_TOKENS = (
    *(b";", b'"', b"(", b")", b"\\", b"=", b" ", b"dmarc=pass", b"dkim=pass", b"header.from=partner.example", b"none"),
    *(b"header.d=partner.example", b"mx.ours.example", b"; ", b"reason=", b"fail", b"dmarc=fail", b"\t", b'"; "'),
)
_IMAP_SEEDS = [
    b"* 1 FETCH (UID 7 FLAGS (\\Seen) RFC822.SIZE 44 BODY[]<0> {5}\r\nhello)\r\nA1 OK done\r\n",
    b'* 2 FETCH (UID 8 INTERNALDATE " 1-Mar-2026 10:00:00 +0300" BODY[] NIL)\r\n* 3 EXISTS\r\nA1 OK x\r\n',
    b"* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 9] y\r\n* 4 EXISTS\r\nA1 OK [READ-ONLY] z\r\n",
    b"* SEARCH 1 2 3 4294967295\r\n* BYE going\r\n+ idling\r\nA1 OK [COPYUID 1 2:4,9 1:4] done\r\n",
]
_IMAP_TOKENS = (
    *(b"\r\n", b"{5}", b"{0}\r\n", b"{99999999999}", b"{600}\r\n", b"(", b")", b'"', b"\\", b"* ", b"A1 OK\r\n", b"+ "),
    *(b"NIL", b"BODY[]", b"BODY[]<0>", b"FETCH", b"UID", b"[", b"]", b"* BYE x\r\n", b"~{3}", b"\0", b"9" * 30, b" "),
    *(b"[COPYUID 1 ", b"1:*", b"4294967296", b"EXISTS", b"SEARCH", b"[ALERT]", b"A2 NO", b"INTERNALDATE", b"\xff"),
)
_DATA_SEEDS = [b"Subject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n", b".\r\n", b"..a\r\n.b\r\n\r\n.\r\nMAIL FROM:<a@b>\r\n"]
_DATA_TOKENS = (
    b"\r\n",
    b".",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\0",
    b"\r",
    b"\n",
    b"..",
    b"x",
)
_PATH_SEEDS = [b"<a@b.example> SIZE=3", b"<>", b'<"a b"@c.example>', b"<@x,@y:a@b.example>", b"<postmaster>"]
_PATH_TOKENS = (
    b"<",
    b">",
    b'"',
    b"\\",
    b"@",
    b":",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b"\0",
    b"{5+}",
    b"\xff",
    b"a.b",
    b"BODY=",
)
_XML_TOKENS = (
    *(b"<", b">", b"/>", b"&", b"&#0;", b"&lt;", b'"', b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x", b"?>", b"\0"),
    *(b"<!DOCTYPE a>", b"<!ENTITY", b"xmlns=", b'xmlns:x="u"', b"<x:y>", b"<a>", b"</a>", b"encoding=", b"utf-16"),
    *(b'UID=""', b"<Task/>", b"<Document/>", b"<Date>0000-00-00</Date>", b"9999-12-31", b"-1", b"9" * 40, b"true"),
    *(b"2026-03-11T10:00:00+14:00", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"\xff\xfe", b"Number"),
)
_SMDO_TOKENS = (
    *(
        b"<Data/>",
        b"<Data>QUJD</Data>",
        b"<Signature>",
        b'referenceid="attach1"',
        b'errorcode="-21"',
        b'ack_type="100"',
    ),
    *(
        b'msg_type="2"',
        b"<Referred/>",
        b"<Folder/>",
        b"<Acknowledgement/>",
        b"<Datadir/>",
        "postсode".encode(),
        b"SDIP-1.0",
    ),
)
_VALUES = (
    *(
        b"",
        b" ",
        b"0",
        b"-1",
        b"9" * 40,
        b"1e9",
        b"NaN",
        b"true",
        b"2026-02-30",
        b"0001-01-01",
        b"9999-12-31",
        b"0b" * 16,
    ),
    *(
        b"0001-01-01T00:00:00+14:00",
        b"9999-12-31T23:59:59-14:00",
        b"2026-03-11T10:00:00",
        b"24:00:00",
        b"P1D",
        b"UTF-7",
    ),
    *(b"MainDoc", b"Report", b"Failure", b"AddToDoc", b"Project", b"Income", b"Last", b"letter[1].pdf", b"DocInfo.xml"),
    *(
        b"&#x202e;",
        b"&#x85;",
        b"&#x2028;",
        b"\xef\xbf\xbe",
        b"&#10;",
        b"x" * 5000,
        "Ж".encode() * 300,
        b"\xf0\x9f\x98\x80",
    ),
    *(b"../..", b"{{7*7}}", b"%s%n", b"' or 1=1 --", b"]]&gt;", b"EX-MINSK", b"1", b"2", b"10000-01-01", b"+14:00"),
)
_GOST_TOKENS = (
    *_XML_TOKENS,
    *(b'transfertype="0">', b'transfertype="1">', b"<DocTransfer>", b"</DocTransfer>", b'add_type="1"', b"QUJD", b"="),
    *(
        b'ack_type="2"',
        b'ask_type="1"',
        b'msg_type="0"',
        b'errorcode="-1"',
        b'standart="1207"',
        b"03.02.2026",
        b"0",
        b"1",
    ),
    *("post\u0441ode".encode(), b"<passport>", b'xmlns="urn:x"', b"9999-12-31", b'idnumber=""', b"<AckResult>"),
)
_ZIP_TOKENS = (
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\0", b"\xff\xff\xff\xff", b"../"),
    *(b"/", b"\xff\xff", b"\x00\x08", b"\x01\x00", b"C:\\", b"\x08\x00", b"\x0c\x00", b"\x63\x00", b"\x0e\x00"),
)
_NAME_SEEDS = [
    *("Письмо № 1.pdf".encode(), b"../../etc/passwd", "gpj.\u202eexe".encode(), b"CON.txt", b"a.txt. . ."),
    *(b"attachment; filename=a.txt; filename*=UTF-8''b.exe", b"=?koi8-r?B?8MnT2M3P?=.pdf", b"x" * 250 + b".docx"),
]
_HEADER_SEEDS = [
    *(b'"Clerk, A." <a@b.example>, c@d.example (office)', b"group: a@b.example, d@e.example;", b"<1@a.example> <2@b>"),
    *(
        b"=?windows-1251?B?z+jx/Ozu?= <a@b.example>",
        b"text/plain; charset=utf-8; name*0*=utf-8''a; name*1=b",
        *_NAME_SEEDS,
    ),
]

TARGETS = (
    Target("letters", read_letter, fuzz_seeds.letters, _LETTER_TOKENS),
    Target("headers", read_headers, lambda: _HEADER_SEEDS, _HEADER_TOKENS, (), in_blocks=False),
    Target("file names", read_name, lambda: _NAME_SEEDS, _HEADER_TOKENS, (), in_blocks=False),
    Target("auth-results", read_results, lambda: _RESULT_SEEDS, _RESULT_TOKENS, (), in_blocks=False),
    Target("imap guard", read_imap, lambda: _IMAP_SEEDS, _IMAP_TOKENS, ()),
    Target("smtp data", read_data, lambda: _DATA_SEEDS, _DATA_TOKENS, ()),
    Target("smtp paths", read_command, lambda: _PATH_SEEDS, _PATH_TOKENS, (), in_blocks=False),
    Target("dsn", read_dsn, fuzz_seeds.bounces, _LETTER_TOKENS),
    Target("xml", read_xml, fuzz_seeds.passports, _XML_TOKENS, in_blocks=False),
    Target("passports", read_passport, fuzz_seeds.passports, _XML_TOKENS, (), in_blocks=False),
    Target("medo", read_medo, fuzz_seeds.medo, _XML_TOKENS, (), in_blocks=False),
    Target("medo values", read_medo, fuzz_seeds.medo, _VALUES, (), in_blocks=False, make=revalued),
    Target("standards", read_any, fuzz_seeds.standards, _XML_TOKENS, (), in_blocks=False),
    Target("values", read_passport, fuzz_seeds.passports, _VALUES, (), in_blocks=False, make=revalued),
    Target("gost2010", read_gost2010, fuzz_seeds.gost2010, _GOST_TOKENS, (), in_blocks=False),
    Target("bodies", read_bodies, fuzz_seeds.gost2010, _GOST_TOKENS),
    Target("smdo", read_smdo, fuzz_seeds.smdo, (*_XML_TOKENS, *_SMDO_TOKENS), in_blocks=False),
    Target("archives", read_archive, fuzz_seeds.archives, _ZIP_TOKENS, in_blocks=False),
)
