# SPDX-License-Identifier: GPL-3.0-or-later
"""Values → HTML.  Every value is escaped and shown on one line, whatever strangers wrote into it."""

from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gateway.web.asking import Asking
from gateway.wording import one_line

HERE = Path(__file__).parent


def environment() -> Environment:
    """Return the templates of the pages."""
    return Environment(
        loader=FileSystemLoader(HERE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(templates: Environment, name: str, asking: Asking, title: str, **values: Any) -> str:  # Any: shown values
    """Return page *name*; times stand in the zone of the organisation, each with its offset."""
    return templates.get_template(f"{name}.html").render(
        asking=asking,
        w=asking.words.texts,
        words=asking.words,
        title=title,
        moment=partial(moment, asking),
        day=asking.words.day,
        span=asking.words.span,
        **values,
    )


def moment(asking: Asking, value: datetime | date | None) -> Markup:
    """Return a moment for people and for programs; a mere date is left a date."""
    if value is None:
        return Markup("")
    if not isinstance(value, datetime):
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), asking.words.day(value))
    local = value.astimezone(asking.zone).replace(microsecond=0)
    offset = local.strftime("%z")
    return Markup('<time datetime="{}">{} {} <span class="offset">{}</span></time>').format(
        local.isoformat(), asking.words.day(local.date()), local.strftime("%H:%M"), f"{offset[:3]}:{offset[3:5]}"
    )


def _shown(value: Any) -> Any:  # Any: whatever a template prints
    if isinstance(value, Markup):
        return value
    return one_line(value) if isinstance(value, str) else value
