# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of GOST R 53898-2010: in base64 inside the message, in folders, or beside it and pointed to (2A.4, 2A.5).

Codes are those of section 1A.4 of docs/standards.md; what the standard has no number for has a negative one of ours.
"""

from base64 import b64encode

from gateway.conformance.making import Situation, situations
from gateway.conformance.situations.altering import bringing, denied, failing, noted, put, without
from gateway.errors import Reason

ONLY = ("gost2010",)
FILE = r"(<DocTransfer [^>]*>)[^<]*(</DocTransfer>)"
CONTENT = b64encode("Письмо, у которого нет конца строки.".encode()).decode()

INSIDE = {
    "lines": (
        "Base64 inside may have lines.",
        noted(FILE, r"\g<1>" + "\n".join((CONTENT[:20], CONTENT[20:40], CONTENT[40:])) + r"\2"),
    ),
    "cdata": ("It may stand in CDATA.", noted(FILE, rf"\g<1><![CDATA[{CONTENT}]]>\2")),
    "no-description": ("A file needs no description.", noted(' description="[^"]*"')),
    "no-system": ("Nor the name of an operating system.", noted(' os="-"')),
    "type-as-extension": (
        "The type of a file may be an extension.",
        noted(' type="application/octet-stream" description="Письмо.txt"', ' type=".txt" description="Письмо"'),
    ),
    "no-transfer-type": ("A file without a transfer type stands inside.", noted(' transfertype="0"')),
    "unknown-transfer-type": ("So does one of a type nobody knows.", noted('transfertype="0"', 'transfertype="7"')),
    "climbing-description": ("A name that climbs climbs nowhere.", noted("Письмо.txt", "../../etc/passwd")),
    "empty": ("A file of no bytes is noted.", noted(FILE, r"\g<1>\2")),
    "same-name": ("Two files may have one name.", noted("(<DocTransfer .*</DocTransfer>)", r"\g<1>\g<1>")),
    "unknown-folder": (
        "A folder of a kind nobody knows is noted.",
        noted(
            "</Document>",
            "</Document><AddDocuments><Folder contents='x' add_type='5'><Note>слова</Note></Folder></AddDocuments>",
        ),
    ),
    "folder-without-contents": (
        "A folder without a description is noted: the draft's schema has none.",
        noted(
            "</Document>",
            "</Document><AddDocuments><Folder add_type='2'><Note>https://kit.example/</Note></Folder></AddDocuments>",
        ),
    ),
    "information-materials": (
        "Information materials are files, too.",
        noted(
            "(<DocTransfer .*</DocTransfer>)(.*)</Document>",
            r"\g<1>\2</Document><AddDocuments><Folder contents='x' add_type='1'>\g<1></Folder></AddDocuments>",
        ),
    ),
}
BROKEN = {
    "no-base64": (
        "What is no base64 is no file.",
        denied(without(FILE, r"\g<1>*нет*\2"), -1005, Reason.MISSING_FILE),
    ),
    "element-in-a-file": (
        "A file has no elements.",
        denied(without(FILE, r"\g<1><x/>\2"), -1005, Reason.MISSING_FILE),
    ),
    "number-of-a-file": (
        "A number is no file.",
        denied(without(FILE, r"\g<1>1\2"), -1005, Reason.MISSING_FILE),
    ),
    "pointer-to-nothing": (
        "A file that is pointed to must come.",
        denied(
            put((' transfertype="0"', ' transfertype="1"'), (FILE, r"\g<1>0L/QuNGB0YzQvNC+LnR4dA==\2")),
            -1005,
            Reason.MISSING_FILE,
        ),
    ),
    "too-many-files": (
        "1100 files of one message are too many.",
        denied(
            without("</Document>", "<DocTransfer>QQ==</DocTransfer>" * 1100 + "</Document>"),
            -1099,
            Reason.TOO_MANY_PARTS,
        ),
    ),
}

POINTED = put(
    (' transfertype="0"', ' transfertype="1"'), (FILE, r"\g<1>" + b64encode("Письмо.txt".encode()).decode() + r"\2")
)
BARE = put((' transfertype="0"', ' transfertype="1"'), (FILE, r"\g<1>Письмо.txt\2"))
PATH = put((' transfertype="0"', ' transfertype="1"'), (FILE, r"\g<1>C:\\Архив\\Письмо.txt\2"))
CAME = ("Письмо.txt", "Письмо, пришедшее рядом.".encode())
BESIDE = {
    "pointer": ("A file may come beside, under the name that is pointed to.", bringing(CAME, passport=POINTED)),
    "bare-pointer": ("A pointer may be the name as it is.", bringing(CAME, passport=BARE)),
    "path": ("Of a path only the name counts.", bringing(CAME, passport=PATH)),
    "pointer-in-other-case": (
        "A name is compared without case.",
        bringing(("ПИСЬМО.TXT", CAME[1]), passport=POINTED),
    ),
    "surplus": ("A file that nothing points to is noted.", bringing(("1.txt", b"1"))),
    "other-file": (
        "Another file is no substitute.",
        failing(bringing(("Совсем другой.txt", b"1"), passport=POINTED), Reason.MISSING_FILE, -1005),
    ),
    "two-files": (
        "Nobody guesses which of two files is pointed to.",
        failing(bringing(("ПИСЬМО.txt", b"1"), ("письмо.txt", b"2"), passport=POINTED), Reason.MISSING_FILE, -1005),
    ),
}


SITUATIONS: tuple[Situation, ...] = (
    *situations("inside", INSIDE, dialects=ONLY),
    *situations("broken-file", BROKEN, dialects=ONLY),
    *situations("beside", BESIDE, dialects=ONLY),
)
