# SPDX-License-Identifier: GPL-3.0-or-later
"""manual.py FOLDER VERSION   writes a manual page of every command, from what --help says; needs click-man."""

import sys

import click
from click_man.core import write_man_pages

from gateway.cli import COMMANDS, main
from gateway.edms_adapter.registry.desk import main as registry

context = click.Context(main)
main.commands = {name: command for name in COMMANDS if (command := main.get_command(context, name))}
for name, command in (("edms-gateway", main), ("edms-registry", registry)):
    write_man_pages(name, command, version=sys.argv[2], target_dir=sys.argv[1])
