# SPDX-License-Identifier: GPL-3.0-or-later
"""``doctor``: everything the service will depend on, tried from here and now.

`examination` is the way in; every other module tries one kind of thing and returns findings.
Nothing is changed and nothing is sent, but by `round_trip`, which is called only when somebody asks for it.
"""
