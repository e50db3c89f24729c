# SPDX-License-Identifier: GPL-3.0-or-later
"""The first configuration of an installation: what is asked, what is written, what root types next.

Answers go one way: `questions` → `answering` → `configuration` (the two TOML texts) and `unit` → `founding` (the disk)
→ `advice` (words).  Nothing here talks to a person or to a network.
"""
