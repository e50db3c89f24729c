# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound samples to start from, made by our own code and by hand; the public samples too where they lie."""

from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from gateway.content import Held, MemorySink, whole
from gateway.mail.address import parse
from gateway.mail.archive import zip_members
from gateway.mail.compose import Attachment, Head, compose
from tests.dialects.packages import SAMPLES
from tests.mail.letters import crlf, multipart, part
from tests.mail.test_corpora import _ROOT as CORPORA
from tests.story import partner

MAX_SAMPLE = 6 << 10  # LIMIT: bytes of a public sample that is taken as a seed
_NAMES = ("Письмо № 1.pdf", "annex.txt", "a" * 90 + ".odt")


def letters() -> list[bytes]:
    """Letters of every build this house writes or reads, and of the public samples."""
    head = Head(
        sender=parse("edms@moscow.example"),
        to=(parse("edms@minsk.example"),),
        subject="№ 77-1 от 10.03.2026 «Письмо»",
        date=datetime(2026, 3, 11, tzinfo=UTC),
        message_id="a@moscow.example",
    )
    files = [Attachment(name, Held(name.encode() * 3), "application/octet-stream") for name in _NAMES]
    own = b"".join(compose(head, "Уважаемые коллеги", files, boundary_token="b" * 8))
    inner = multipart(part("one"), part("two"), boundary="in")
    nested = multipart(part(inner, "Content-Type: multipart/mixed; boundary=in"), part("=41=\r\n=42 \r\n", QP))
    zipped = zip_members([Attachment("DocInfo.xml", Held(partner.passport().encode()), "application/xml")], MemorySink)
    packed = partner.letter("<x/>", {"p.zip": whole(zipped, 1 << 20)}, name="x.txt")
    return [own, nested, partner.letter(partner.passport()), packed, crlf("Subject: x", "", "text"), *samples("eml")]


QP = "Content-Transfer-Encoding: quoted-printable"


def bounces() -> list[bytes]:
    """Delivery reports: by hand, and those among the public samples."""
    plain = multipart(
        part("Sorry."),
        part(
            "Reporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; edms@moscow.example\r\n"
            "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp;\r\n 550 5.1.1 no such mailbox\r\n",
            "Content-Type: message/delivery-status",
        ),
        part("From: a@b.example\r\nMessage-ID: <1@minsk.example>\r\n\r\n", "Content-Type: text/rfc822-headers"),
        kind="report",
    )
    whole_letter = plain.replace(b"text/rfc822-headers", b"message/rfc822").replace(b"failed", b"delayed")
    reports = [octets for octets in samples("") if b"delivery-status" in octets.lower()]
    return [plain, whole_letter, crlf("In-Reply-To: <2@minsk.example>") + plain, *reports]


def standards() -> list[bytes]:
    """The samples of every dialect, wherever they lie."""
    return [path.read_bytes() for path in sorted(SAMPLES.rglob("*.xml")) if path.stat().st_size <= MAX_SAMPLE]


def smdo() -> list[bytes]:
    return [path.read_bytes() for path in sorted((SAMPLES / "smdo").glob("*.xml"))]


def passports() -> list[bytes]:
    return [*(path.read_bytes() for path in sorted(SAMPLES.glob("*.xml"))), partner.passport().encode()]


def gost2010() -> list[bytes]:
    return [path.read_bytes() for path in sorted((SAMPLES / "gost2010").glob("*.xml"))]


def medo() -> list[bytes]:
    return [path.read_bytes() for path in sorted((SAMPLES / "medo").rglob("*.xml"))]


def medo_container() -> bytes:
    return (SAMPLES / "medo" / "container-2.7.1" / "message.xml").read_bytes()


def archives() -> list[bytes]:
    """Small zips: packed, stored, with folders and comments, and one inside another."""
    made = []
    for method in (ZIP_DEFLATED, ZIP_STORED):
        held = BytesIO()
        with ZipFile(held, "w", method) as archive:
            archive.writestr("DocInfo.xml", "<DocInfo/>" * 20)
            archive.writestr("папка/письмо.txt", "text")
            archive.writestr("empty/", "")
            archive.comment = b"a comment"
        made.append(held.getvalue())
    return [*made, whole(zip_members([Attachment("in.zip", Held(made[0]), "a/b")], MemorySink), 1 << 20)]


def samples(ending: str) -> list[bytes]:
    """Return the small public samples whose name ends so, or none where there are none (tests/mail/test_corpora.py)."""
    paths = sorted(
        path for path in CORPORA.rglob(f"*{ending}") if path.is_file() and path.suffix in ("", ".eml", ".txt")
    )
    return [path.read_bytes() for path in paths if path.stat().st_size <= MAX_SAMPLE]
