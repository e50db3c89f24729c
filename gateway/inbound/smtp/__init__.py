# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters brought by SMTP and LMTP: `listener` is the way in.

`conversation` and `addressing` are the only files that know aiosmtpd; `transfer` takes the bytes of one letter,
`reception` keeps them and answers.
"""
