# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway that tidies up all the time, not once an hour: ``python -m tests.faults.tidying GATEWAY.TOML``."""

import sys
from datetime import timedelta
from pathlib import Path

from gateway import node
from gateway.logs import configure_logs
from gateway.run import run_service
from gateway.settings_files import load

node.TIDY = timedelta(seconds=0.2)

if __name__ == "__main__":
    configure_logs()
    run_service(lambda: load(Path(sys.argv[1])))
