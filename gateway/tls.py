# SPDX-License-Identifier: GPL-3.0-or-later
"""How we want TLS with a server, and what we prove ourselves with; the same for mailboxes and relays."""

import ssl
from dataclasses import dataclass
from typing import Literal

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe and who we are; files are PEM."""

    ca_file: str = ""  # the only authorities believed; empty: the system's
    minimum: Literal["1.2", "1.3"] = "1.2"
    certificate: str = ""  # ours; empty: we show none
    key: str = ""  # of it; empty: it stands in the same file

    def context(self) -> ssl.SSLContext:
        """Return what a client connects with; raises OSError (ssl.SSLError is one) for files that cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file or None)
        context.minimum_version = VERSIONS[self.minimum]
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key or None)
        return context
