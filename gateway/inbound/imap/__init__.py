# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters from mailboxes, by IMAP: `watch` is the way in, everything else serves it.

`guard` and `client` are the only files that know aioimaplib; `rounds` tells what one look at a mailbox does.
"""
