# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor may ask on one port of this machine: ``/metrics``, ``/livez``, ``/readyz``."""
