# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter wants to know: the table ``[edms.options]``."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator

from gateway.settings.problems import shown, wrong
from gateway.settings.values import Duration, Location, Shape, Text


def _format(value: str) -> str:
    try:
        told = value.format(n=1, year=2026), value.format(n=2, year=2026)
    except (LookupError, ValueError, AttributeError) as error:
        raise wrong(
            f"{shown(value)} is no form of a number", 'write it with {n} and {year}: "IN-{n}/{year}"'
        ) from error
    if told[0] == told[1]:
        raise wrong("every document would get the same number", 'write it with {n}: "IN-{n}"')
    return value


class Options(Shape):
    """Where the folders are, and who gives the numbers."""

    incoming_folder: Location  # what came for us is put here, and the system's answers are read here; must exist
    outgoing_folder: Location | None = None  # the system puts here what shall be sent; None: nothing goes out
    # who gives the registration number: the system, which writes registered.json, or we, from a counter of each year
    numbers: Literal["theirs", "ours"] = "theirs"
    number_format: Annotated[Text, AfterValidator(_format)] = "{n}"  # of our numbers; {n} from 1 on, {year} of the date
    deadline: Duration = timedelta(days=1)  # what waits longer for an answer is named by `edms check` and in the log
