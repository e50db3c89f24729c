# SPDX-License-Identifier: GPL-3.0-or-later
"""``demo``: two offices on this machine; with ``--rules`` the rules of a records office, scene by scene."""

from pathlib import Path

import click


@click.command()
@click.option("--rules", is_flag=True, help="Play the rules of a records office instead, each as a short scene.")
@click.option("--keep", is_flag=True, help="Leave both offices running and print what to type next.")
@click.option(
    "--directory", type=click.Path(path_type=Path, file_okay=False), help="Where to work; a fresh temporary folder."
)
def demo(rules: bool, keep: bool, directory: Path | None) -> None:
    """Send a document from Minsk to Moscow by real SMTP and watch its reports and the answer come home."""
    from gateway.demo.rules.story import run_rules
    from gateway.demo.story import run_demo

    if rules:
        raise SystemExit(run_rules(directory, keep=keep))
    raise SystemExit(run_demo(directory, keep=keep))
