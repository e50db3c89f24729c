# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of OAuth 2.0 for mailboxes and relays that take no passwords.

`endpoint` talks to the provider.
`client_credentials` is for a client that logs in as itself, by a secret or a `certificate`: nothing is stored.
`service_account` is for an account of Google that acts for a mailbox.
`device_code` is for a person who consented once: the refresh token lies on the `shelf`.
All are `fresh`: a token is kept while it is good, and a busy provider is left alone.
"""
