# SPDX-License-Identifier: GPL-3.0-or-later
"""``quarantine``: letters laid aside with a reason, for a person to look at and to decide about.

`looking` lists and counts, `showing` opens one letter safely, `comparing` lays two versions side by side, `acting`
decides, `remedies` says what can be done about each reason.
"""

from textwrap import fill

import click

from gateway.cli.quarantine.acting import drop, fix, reprocess
from gateway.cli.quarantine.exporting import export
from gateway.cli.quarantine.looking import counts, list_, reasons
from gateway.cli.quarantine.showing import show_
from gateway.errors import Reason

REASONS = fill(  # by us: click breaks words at their hyphens
    f"Reasons: {', '.join(reason.value for reason in Reason)}.  `quarantine reasons` says what each means.",
    76,
    break_on_hyphens=False,
)


@click.group(epilog=f"\b\n{REASONS}")
def quarantine() -> None:
    """List, look at, export, fix, process again and drop parked letters."""


for command in (list_, counts, reasons, show_, export, fix, reprocess, drop):
    quarantine.add_command(command)
