# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that a shipped mapping is written for, as statements to type: one file for each kind of database."""

from pathlib import Path

from gateway.edms_adapter.sql.vendors import vendor_of

SHIPPED = Path(__file__).parent / "mappings" / "ddl"
DELIMITER = "delimiter "  # a word of MariaDB's client, not of its server


def dialects(name: str) -> list[str]:
    """Return the kinds of database for which the tables of the mapping *name* are shipped; none: for no kind."""
    return sorted(path.suffixes[-2].lstrip(".") for path in SHIPPED.glob(f"{name}.*.sql"))


def with_ddl() -> list[str]:
    """Return the mappings whose tables are shipped."""
    return sorted({path.name.partition(".")[0] for path in SHIPPED.glob("*.sql")})


def script(name: str, dialect: str) -> str:
    """Return the tables of the mapping *name* for *dialect* as its own client runs them.

    LookupError when they are not shipped.
    """
    place = SHIPPED / f"{name}.{dialect}.sql"
    if name not in with_ddl() or not place.is_file():
        raise LookupError(f"no tables of {name!r} for {dialect} are shipped")
    return place.read_text("utf-8")


def script_for(name: str, url: str) -> str:
    """Return the tables of the mapping *name* for the database at *url*."""
    vendor = vendor_of(url)
    return script(name, "mariadb" if vendor == "mysql" else vendor)


def statements(written: str) -> list[str]:
    """Return the statements of a script for MariaDB's client one by one, as its server takes them."""
    found: list[str] = []
    end, current = ";", ""
    for line in written.splitlines(keepends=True):
        if line.startswith("--") or not line.strip():
            continue
        if line.startswith(DELIMITER):
            end = line.removeprefix(DELIMITER).strip()
        elif line.rstrip().endswith(end):
            found.append(current + line.rstrip().removesuffix(end))
            current = ""
        else:
            current += line
    return found
