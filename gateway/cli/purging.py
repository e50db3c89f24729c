# SPDX-License-Identifier: GPL-3.0-or-later
"""``purge``: the bytes of old letters go; what is known of them stays."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click

from gateway.cli.context import Context, json_option, pass_context
from gateway.cli.output import Row, show
from gateway.journal import purging
from gateway.journal.purging import Heap
from gateway.journal.store import Journal

COLUMNS = ("direction", "kind", "kept", "why", "letters", "bytes")


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(1),
    default=365,
    show_default=True,
    metavar="DAYS",
    help="Letters that were finished before so many days; longer than your oldest backup of the EDMS.",
)
@click.option("--dry-run", is_flag=True, help="Show what would go, and why everything else stays; change nothing.")
@json_option
@pass_context
def purge(context: Context, days: int, dry_run: bool, as_json: bool) -> None:
    """Give up the bytes of letters that were finished long ago; may run beside the service.

    Rows, digests and ids stay for ever, so an old letter that comes again is known again, and `trace` goes on.
    Never given up: what is unfinished, not told, disputed, held, awaited or within its subscription.
    """
    now = context.now()
    before = now - timedelta(days=days)
    with context.journal() as journal:
        with journal.read() as tx:
            heaps = purging.heaps(tx, before, now)
        rows = [_row(heap) for heap in sorted(heaps, key=lambda heap: (heap.why, heap.direction, heap.kind))]
        show(rows, COLUMNS, as_json=as_json, nothing="no letter has its bytes here")
        if dry_run:
            if not as_json:
                click.echo("nothing was changed")
            return
        letters = size = 0
        while given := list(_given_up(journal, before, now)):  # again: shared ones go after their copies
            letters, size = letters + len(given), size + sum(given)
    if not as_json:
        click.echo(f"given up: {letters} letter(s), {size} bytes; files of their own go with the hourly sweep")


def _given_up(journal: Journal, before: datetime, now: datetime) -> Iterator[int]:
    """Walk through the journal once, give up what may go, and yield the size of each letter.

    Looking takes long and only reads; what was found is judged once more where it is given up.
    """
    after = 0
    while True:
        with journal.read() as tx:
            page = purging.spent(tx, before, now, after)
        if not page:
            return
        after = page[-1].entry
        with journal.write() as tx:
            given = purging.give_up(tx, page, before, now)
        yield from (letter.size for letter in given)


def _row(heap: Heap) -> Row:
    return {
        "direction": heap.direction,
        "kind": heap.kind or None,
        "kept": bool(heap.why),
        "why": heap.why or None,
        "letters": heap.letters,
        "bytes": heap.size,
    }
