# SPDX-License-Identifier: GPL-3.0-or-later
"""Where it stands what must come of a case: for whoever looks at one that failed."""

STANDARDS = {"sev": "SEV", "gost2010": "GOST R 53898-2010", "smdo": "SMDO", "medo": "MEDO"}
OWN = "docs/standards.md, “{standard}”"
PROTOCOL = "docs/protocol.md, “{}”"
READ, REFUSED, BELIEVED, RESENT, RULES = (
    PROTOCOL.format(section)
    for section in (
        "What we accept",
        "What is refused",
        "Who is believed",
        "Resends and changes",
        "What a person decides",
    )
)
FAMILIES = {
    "mime": f"RFC 2045, RFC 2046; {READ}",
    "names": f"RFC 2231, RFC 2047; {READ}",
    "heads": f"RFC 5322; {READ}",
    "apart": f"RFC 2046 §5.1; {REFUSED}",
    "people-mail": f"RFC 3834; {BELIEVED}",
    "zip": READ,
    "bad-zip": REFUSED,
    "xml": f"XML 1.0; {READ}",
    "hostile": REFUSED,
    "broken": f"XML 1.0; {PROTOCOL.format('Refusal codes')}",
    "missing": REFUSED,
    "refusals": REFUSED,
    "lacking": REFUSED,
    "repeats": RESENT,
    "agreed": RESENT,
    "trust": BELIEVED,
    "strict": PROTOCOL.format("Refusal codes"),
    "waiting": RULES,
    "unknown": PROTOCOL.format("The unreadable"),
}
REPORTS = {"unknown-exchange": BELIEVED, "forged": BELIEVED}


def of(name: str) -> str:
    """Return the source of the case *name*, such as "sev/mime/nested"."""
    dialect, family, rest = name.split("/", 2)
    own = OWN.format(standard=STANDARDS.get(dialect, dialect))
    if family == "sender":
        return REPORTS.get(rest, own)
    return FAMILIES.get(family, own)
