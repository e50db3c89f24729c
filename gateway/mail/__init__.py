# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport wrapping: letters taken apart and put together, pure and in bounded memory.

`split.split` takes a letter apart, `compose.compose` puts one together; `headers`, `names` and `address` say what
a header means; `archive` is the same for a package sent as one zip.  Nothing here knows documents or partners.
"""
