# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen between two gateways, family by family, written once for every dialect that can say it."""
