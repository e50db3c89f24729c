# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of a mapping that differ from vendor to vendor: one text for all, or a table of texts by the database's name.

``sql = "select 1"``, or ``sql = { default = "select 1", oracle = "select 1 from dual" }``.  Which one counts is decided
once, by the database's address, when the file is read; every text not chosen is still looked at for its form.
"""

from sqlalchemy.engine import make_url

DEFAULT = "default"
VENDORS = ("sqlite", "postgresql", "mariadb", "mysql", "mssql", "oracle")
# these two speak almost the same language, and one is often reached under the other's name
_TWINS = {"mariadb": "mysql", "mysql": "mariadb"}


def vendor_of(url: str) -> str:
    """Return which of VENDORS an address speaks of; its own word when it is none of them."""
    name = make_url(url).get_backend_name()
    return "postgresql" if name == "postgres" else name


def chosen(written: object, vendor: str) -> object:
    """Return the text of *written* that is for *vendor*; ValueError when none is, or when a key is no vendor."""
    if not isinstance(written, dict):
        return written
    unknown = sorted(str(key) for key in written.keys() - {DEFAULT, *VENDORS})
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no database we know: write one of {', '.join((DEFAULT, *VENDORS))}")
    empty = sorted(key for key, text in written.items() if not isinstance(text, str) or not text.strip())
    if empty:
        raise ValueError(f"{empty[0]!r} has no text: write the statement for it, or leave it out")
    for name in (vendor, _TWINS.get(vendor, DEFAULT), DEFAULT):
        if name in written:
            return written[name]
    given = ", ".join(sorted(written)) or "nothing"
    raise ValueError(f"is written for {given}, and this database is {vendor}: add {vendor!r} or {DEFAULT!r}")


def is_for(written: object, vendor: str) -> bool:
    """Say whether *written*, a text or a table of texts, has one for *vendor*."""
    return not isinstance(written, dict) or bool({vendor, _TWINS.get(vendor, DEFAULT), DEFAULT} & written.keys())
