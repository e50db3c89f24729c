# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices on this machine, and a document that travels between them: `story` plays it."""
