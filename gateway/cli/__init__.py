# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: one function a command, nothing decided here that another door would need too.

Exit codes: 0 ok, 1 problems found, 2 usage, 69 a needed service is unavailable, 75 try again later, 78 bad
configuration.  A command's module is imported when it is called, so ``--help`` stays quick.
"""

import gc
from importlib import import_module

import click

# LIMIT: new objects between two searches for cycles; with Python's 700 an eighth of a start is spent on searching in
# modules that stay. Here, since a worker process imports this module first as well.
gc.set_threshold(20_000, 10, 10)

CONFIG = "/etc/edms-gateway/gateway.toml"

COMMANDS = {
    "demo": ("demonstration", "Send a document between two offices on this machine, and watch."),
    "init": ("setting_up", "Write the first configuration: asks, and says what to type next."),
    "check-config": ("configuration", "Read the configuration and name every problem at once."),
    "doctor": ("examining", "Try servers, certificates, rights, disks and clocks; change nothing."),
    "run": ("service", "Run the service until SIGTERM."),
    "status": ("standing", "Show queues, mailboxes and partners in one screen."),
    "alarm": ("alarms", "Whoever is called when something breaks: test."),
    "trace": ("tracing", "Tell the story of one document."),
    "self-test": ("self_testing", "Write to ourselves by the whole way, and say how far it came."),
    "conformance": ("conforming", "Test a gateway, ours or another vendor's, by some hundred cases."),
    "report": ("observing", "For administrators: what the gateway would have done for observed partners."),
    "register": ("registers", "Print what was sent, came, waits or is late, as a clerk would."),
    "web": ("web", "Serve read-only pages for clerks and administrators."),
    "explain": ("explaining", "Show what a letter, a passport or a folder says."),
    "queue": ("queue", "Outgoing letters: list, show, retry, hold, release."),
    "quarantine": ("quarantine", "Parked letters: list, counts, reasons, show, export, fix, reprocess, drop."),
    "edms": ("edms", "The mapping to the EDMS: sample, check, grants, dry-run, watch."),
    "oauth": ("oauth", "Tokens for mailboxes and relays: login, status."),
    "directory": ("directories", "People to choose from: export, import, send, sent, received, show, apply, decline."),
    "purge": ("purging", "Give up the bytes of letters that were finished long ago."),
    "db": ("db", "The journal's database: upgrade, verify, backup."),
}


class Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"gateway.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    envvar="EDMS_GATEWAY_CONFIG",
    default=CONFIG,
    show_default=True,
    metavar="FILE",
    help="The configuration; also $EDMS_GATEWAY_CONFIG.",
)
@click.version_option(version=None, package_name="edms-gateway")
@click.pass_context
def main(ctx: click.Context, config: str) -> None:
    """Exchange registered documents between records-management systems, over ordinary e-mail."""
    ctx.obj = config
