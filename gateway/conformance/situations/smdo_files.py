# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of SMDO: beside the message under a reference, or inside it; their signatures (table 2.6)."""

from base64 import b64encode
from dataclasses import replace

from gateway.conformance.case import Step
from gateway.conformance.letters import letter
from gateway.conformance.making import Maker, Situation, situations
from gateway.conformance.situations.altering import bringing, denied, failing, noted, of, with_files, without
from gateway.errors import Reason

ONLY = ("smdo",)
DATA = r'<Data referenceid="attach1"/>'
SIGNATURE = "<Signature>MIIB</Signature>"
CONTENT = b64encode("Письмо внутри.".encode()).decode()
FILES = {
    "inside": (
        "A file may stand inside, in base64.",
        of(lambda m: m.message(), without(DATA, f"<Data>{CONTENT}</Data>")),
    ),
    "inside-in-lines": (
        "Its base64 may have lines.",
        of(lambda m: m.message(), without(DATA, f"<Data>\n{CONTENT[:8]}\n{CONTENT[8:]}\n</Data>")),
    ),
    "no-reference": (
        "Without a reference a file is known by its own name.",
        with_files(lambda name: "Письмо.txt", passport=without(DATA, "<Data/>")),
    ),
    "no-data": (
        "Also without Data.",
        with_files(lambda name: "Письмо.txt", passport=without(DATA, "")),
    ),
    "server-added-txt": ("A mail server may add an ending.", with_files(lambda name: f"{name}.txt")),
    "other-case": ("References are compared without case.", with_files(str.upper)),
    "opaque-name": (
        "A reference is any word.",
        with_files(lambda name: "20260311-9f", passport=without("attach1", "20260311-9f")),
    ),
    "one-for-two": (
        "Two files may refer to one.",
        noted("(<DocTransfer .*?</DocTransfer>)", r"\g<1>\g<1>"),
    ),
    "no-name": ("A file without a name is noted.", noted(' name="Письмо.txt"', ' name=""')),
    "climbing-name": ("A name that climbs climbs nowhere.", noted("Письмо.txt", "../../etc/passwd")),
    "signed": ("A signature is carried, and never called valid.", noted(DATA, DATA + SIGNATURE)),
    "signed-twice": ("So are two.", noted(DATA, DATA + SIGNATURE * 2)),
    "signature-broken": ("What is no base64 is no signature.", noted(DATA, DATA + "<Signature>*нет*</Signature>")),
    "signature-empty": ("An empty one is none.", noted(DATA, DATA + "<Signature/>")),
    "replacement": (
        "A folder may replace an earlier file: it is kept beside it.",
        noted(
            "</Document>(.*?)</Body>",
            "</Document><AddDocuments><Folder contents='x' add_type='2'><DocTransfer name='Письмо.txt'>"
            f"<Data>{CONTENT}</Data></DocTransfer></Folder></AddDocuments></Body>",
        ),
    ),
    "surplus": ("A file that nothing refers to is noted.", bringing(("attach9", b"9"))),
    "missing": (
        "A file that is referred to must come: code -21.",
        denied(without("attach1", "attach9"), -21, Reason.MISSING_FILE),
    ),
    "no-base64": (
        "What is no base64 is no file: code -21.",
        denied(without(DATA, "<Data>*нет*</Data>"), -21, Reason.MISSING_FILE),
    ),
    "two-files": (
        "Nobody guesses which of two files is meant: code -21.",
        failing(bringing(("attach1", b"1"), ("attach1", b"2"), drop=True), Reason.AMBIGUOUS, -21),
    ),
}


def _last(make: Maker) -> list[Step]:
    """The passport behind its files, as the format's mail profile has it."""
    message = make.message()
    sheaf = make.sheaf(message, make.parcel(message))
    return [make.step(message, letter(replace(sheaf, leaves=(*sheaf.leaves[1:], sheaf.leaves[0]))))]


SITUATIONS: tuple[Situation, ...] = (
    *situations("references", FILES, dialects=ONLY),
    *situations("references", {"passport-last": ("The passport may stand behind its files.", _last)}, dialects=ONLY),
)
