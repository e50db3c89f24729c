# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m gateway`` is the same as ``edms-gateway``."""

from gateway.cli import main

if __name__ == "__main__":
    main()
