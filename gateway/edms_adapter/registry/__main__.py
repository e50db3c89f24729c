# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m gateway.edms_adapter.registry`` is the same as ``edms-registry``."""

from gateway.edms_adapter.registry.desk import main

if __name__ == "__main__":
    main(prog_name="edms-registry")
