# SPDX-License-Identifier: GPL-3.0-or-later
"""The only state we own: what came in, what goes out, and what was said about each document.

`store.Journal` opens it; `entries`, `exchanges`, `events`, `messages`, `mailboxes` and `cursors` are functions that
take the transaction they work in, so whoever decides also decides what is committed together.
Knows SQLite and PostgreSQL, and nothing of mail formats, partners' rules or any EDMS.
"""
