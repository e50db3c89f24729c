# SPDX-License-Identifier: GPL-3.0-or-later
"""Records systems behind the `Edms` port, and how to connect another one.

Two ways, in this order of preference:

1. **A mapping file.**  If the system keeps its cards in an SQL database and its vendor allows rows to be written there,
   copy ``mappings/registry.toml``, change the statements, and run ``edms-gateway edms check`` until nothing is wrong.
   The file says, section by section: how a number is taken, what must be looked up and what to do when it is not there,
   which rows a registered document becomes, whose inbox it goes to, how people's work shows in the tables, what shall
   be sent and where a partner's news are written.  No code is needed; `gateway.edms_adapter.sql` knows no table.
2. **An adapter.**  For a system with an interface of its own, write a package with a class that implements
   `gateway.ports.Edms`, name it by an entry point (`gateway.edms_adapter.opening`), and hold it to the laws of
   ``tests/edms_adapter/contract.py``; ``docs/example-adapter`` is one, whole.

What every adapter promises: `register` happens at most once per exchange id, in any number of processes, all or
nothing, files verified; `record` once per event key; `changes` loses no committed change and may repeat; whatever is
raised besides `Refused` means "not now".
Writing rows directly passes by the vendor's own rules (rights, full-text index, notices): prefer its procedures,
which the steps of a mapping may `call`.
"""

from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.edms_adapter.sql.complaint import MappingError
from gateway.ports import Clock, Edms, Failpoint, nothing_fails

__all__ = ["MappingError", "known_mapping", "open_edms", "read_mapping"]

BUILT_IN = Path(__file__).parent / "mappings"


def known_mapping(mapping: Path | str) -> Path:
    """Return the file of *mapping*, a path or the bare name of a built-in one; MappingError when there is none."""
    path = Path(mapping)
    bare = path.suffix != ".toml" and len(path.parts) == 1
    if bare:
        path = BUILT_IN / f"{mapping}.toml"
    if not path.is_file():
        shipped = sorted(one.stem for one in BUILT_IN.glob("*.toml"))
        close = get_close_matches(str(mapping), shipped, 1, 0.6) if bare else []
        remedy = f"did you mean {close[0]}?" if close else f"shipped: {', '.join(shipped)}"
        if bare and not close:
            remedy += f'; a file of your own is written with its ending: "{mapping}.toml"'
        raise MappingError(f"there is no mapping {mapping}; {remedy}")
    return path


def read_mapping(mapping: Path | str, url: str, zone: ZoneInfo | str) -> None:
    """Raise MappingError with every complaint about *mapping* as it is for the database at *url*, not asked."""
    from gateway.edms_adapter.sql.edms import compiled  # most commands only look whether there is such a mapping
    from gateway.edms_adapter.sql.vendors import vendor_of

    compiled(known_mapping(mapping), vendor_of(url), ZoneInfo(zone) if isinstance(zone, str) else zone)


def open_edms(
    mapping: Path | str,
    url: str,
    files: Path,
    zone: ZoneInfo | str,
    failpoint: Failpoint = nothing_fails,
    clock: Clock | None = None,
) -> Edms:
    """Return the records system at *url* as *mapping* describes it: a path, or the bare name of a built-in one.

    *files* is the directory of larger files, *zone* the office's; without a *clock* the database's is asked.
    Nothing is connected yet; raises MappingError with every complaint about the file.
    """
    from gateway.edms_adapter.sql.edms import SqlEdms

    path = known_mapping(mapping)
    office = ZoneInfo(zone) if isinstance(zone, str) else zone
    return SqlEdms(path, url, files, office, failpoint, clock)
