# SPDX-License-Identifier: GPL-3.0-or-later
"""Small real files for the demo and the sample letter."""


def pdf(title: str, lines: tuple[str, ...] = ()) -> bytes:
    """Return a PDF of one page that shows *title* and *lines* (Latin letters only: no font is embedded)."""
    text = [f"BT /F1 18 Tf 72 760 Td ({_escaped(title)}) Tj ET"]
    text += [f"BT /F1 12 Tf 72 {730 - 18 * i} Td ({_escaped(line)}) Tj ET" for i, line in enumerate(lines)]
    stream = "\n".join(text).encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
