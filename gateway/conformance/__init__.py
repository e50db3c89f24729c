# SPDX-License-Identifier: GPL-3.0-or-later
"""The conformance kit: is a gateway, ours or another vendor's, what docs/protocol.md and its standard say it is?

`situations` say what is sent and what must come of it, `book` makes cases of them, `case` are the cases as folders,
`play` sends and listens by real SMTP, `judging` compares, `printing` tells, `ourselves` sets up a gateway of our own.
A case knows nothing of who is tested: names, addresses and ids come from `ground`, so the same ground gives the same
bytes.
"""
