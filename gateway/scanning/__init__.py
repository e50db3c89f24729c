# SPDX-License-Identifier: GPL-3.0-or-later
"""Scanners: clamd over its socket, or any program that is started for each file.  The port is `ports.Scanner`."""

from gateway.scanning.opening import NoScanner, scanner_of

__all__ = ["NoScanner", "scanner_of"]
