# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices, a partner with another product, and the post between them, in a storm that one seed decides.

Each office lives in a process of its own (`inside`), forked in milliseconds and really killed; everything outside the
gateway lives in the test's process: the post and the mailboxes (`outside`, `mailbox`), the clock, the seeded random,
and the oracle (`oracle`, `papers`, `tables`, `invariants`), which shares no code with the gateway.
"""
