# SPDX-License-Identifier: GPL-3.0-or-later
"""The read-only web journal: pages for clerks and administrators, made from the journal alone."""
