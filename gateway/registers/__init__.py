# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal says in a records clerk's terms, whoever shows it: lines of registers, and what is late."""
