# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of [[folder]] and of a channel's [channel.folder_out]: packages that come and go as files.

What each key means to an administrator is written once, in config/gateway.toml and config/partners.toml.
"""

from datetime import timedelta
from typing import Literal, Self

from pydantic import model_validator

from gateway.settings.problems import wrong
from gateway.settings.values import Duration, Location, Name, Shape, Text

Layout = Literal["sev", "medo"]


class FolderSettings(Shape):
    """A directory that a partner's server, or a mail product, puts packages into."""

    name: Name
    path: Location
    layout: Layout
    after: Literal["archive", "leave", "delete"] = "archive"
    archive: Location | None = None  # needed with "archive"; on the same volume as `path`
    poll: Duration = timedelta(seconds=5)
    settle: Duration = timedelta(seconds=10)  # how long a package without a sidecar must have stayed as it is
    patience: Duration = timedelta(hours=1)  # until a package that is not complete is told of

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.after == "archive" and self.archive is None:
            remedy = 'name a folder of the same volume in archive, or set after = "leave" or "delete"'
            raise wrong("packages shall be archived, but nowhere", remedy, "after")
        if self.archive is not None and self.archive.is_relative_to(self.path):
            raise wrong("lies in the folder that packages are taken from", "name one beside it", "archive")
        return self


class FolderOutSettings(Shape):
    """A directory that letters of a channel go into, instead of by mail."""

    path: Location
    layout: Layout
    flat: bool = False  # True: files lie in `path` itself, as a MEDO mail product wants it in ToSend
    to: Text = ""  # what the sidecar names as addressee: "BOX~NODE" of MEDO; empty: the channel's address

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.flat and self.layout != "medo":
            raise wrong("packages of this layout are folders", 'leave it out, or set layout = "medo"', "flat")
        return self
