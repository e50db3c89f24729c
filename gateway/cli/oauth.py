# SPDX-License-Identifier: GPL-3.0-or-later
"""``oauth``: whether providers give tokens; needs of the configuration the tables [[oauth]] alone."""

import time
from pathlib import Path

import click

from gateway.cli.context import BAD_CONFIGURATION, PROBLEMS, UNAVAILABLE, Context, Ended, json_option, pass_context
from gateway.cli.output import Row, show
from gateway.doors import device_code_of, tokens_of
from gateway.ports import NoToken, TokenRefused, Tokens
from gateway.settings import ConfigurationError
from gateway.settings.oauth import OauthSettings
from gateway.settings_files import load_oauth
from gateway.tokens.endpoint import Invitation

COLUMNS = ("name", "provider", "endpoint", "state", "words")


@click.group()
def oauth() -> None:
    """Tokens for mailboxes and relays that take no passwords."""


@oauth.command("status")
@json_option
@pass_context
def status(context: Context, as_json: bool) -> None:
    """Ask for a token of each [[oauth]] and say what the provider says; ends with 1 when one gives none."""
    found = _configured(context)
    tokens = tokens_of(found)
    rows = [_row(one, tokens[one.name]) for one in found]
    show(rows, COLUMNS, as_json=as_json, nothing="no [[oauth]] in the configuration")
    if any(row["state"] != "ok" for row in rows):
        raise click.exceptions.Exit(PROBLEMS)


@oauth.command("login")
@click.argument("name")
@pass_context
def login(context: Context, name: str) -> None:
    """Let a person consent in a browser, and keep what the provider gives for it."""
    found = {one.name: one for one in _configured(context)}
    if name not in found:
        raise Ended(f"there is no [[oauth]] {name}: {', '.join(found) or 'none at all'}", PROBLEMS)
    tokens = device_code_of(found[name])
    if tokens is None:
        raise Ended(f"{name} logs in as itself: nobody needs to consent; edms-gateway oauth status", PROBLEMS)
    try:
        tokens.log_in(_show, lambda pause: time.sleep(pause.total_seconds()))
        tokens.current()
    except TokenRefused as error:
        raise Ended(f"refused: {error}", PROBLEMS) from error
    except NoToken as error:
        raise Ended(f"not now: {error}", UNAVAILABLE) from error
    click.echo(f"kept in {found[name].store}; the service uses it at its next login")


def _show(invitation: Invitation) -> None:
    minutes = int(invitation.lifetime.total_seconds() // 60)
    click.echo(f"open  {invitation.page}  within {minutes} minutes, log in as the mailbox's user, and type the code")
    click.echo(invitation.user_code)


def _configured(context: Context) -> tuple[OauthSettings, ...]:
    try:
        return load_oauth(Path(context.config))
    except ConfigurationError as error:
        raise Ended(str(error), BAD_CONFIGURATION) from error


def _row(one: OauthSettings, tokens: Tokens) -> Row:
    state, words = "ok", ""
    try:
        tokens.current()
    except TokenRefused as error:
        state, words = "refused", str(error)
    except NoToken as error:
        state, words = "unavailable", str(error)
    return {
        "name": one.name,
        "provider": one.provider,
        "endpoint": one.endpoint,
        "state": state,
        "words": words or None,
    }
