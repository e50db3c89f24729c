# SPDX-License-Identifier: GPL-3.0-or-later
"""One folder of packages: written so that nobody sees half of one, read so that half of one is never believed.

A package is a folder; its JSON comes last, by a rename, when every file in it is on the disk.  Names that begin with a
dot or end with ``.part`` are nobody's business yet.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import ValidationError

from gateway.edms_adapter.folder.forms import MAX_JSON_BYTES, Form, PackageFile, written
from gateway.edms_adapter.sql.files import Kept
from gateway.mail.names import clean_name
from gateway.model import Content, Document, File, Sha256, Signature

DOCUMENT = "document.json"
PART = ".part"
BROKEN = ".broken"  # set aside: it could not be read, and `<name>.broken.txt` says why
_ENDING = re.compile(r"[a-z0-9]{1,8}")

FormT = TypeVar("FormT", bound=Form)


class Unreadable(Exception):
    """A JSON that is not what it should be; says what, for the people of the system."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A file on its way into a package."""

    entry: PackageFile
    sha256: Sha256


def planned(document: Document, prefix: str = "") -> tuple[Planned, ...]:
    """Return the files of *document*, of its visas and of its tasks that came, named by their place."""
    wanted = [("", file) for file in document.files]
    wanted += [("", file) for approval in document.approvals for file in approval.files]
    wanted += [(task.uid, file) for task in document.tasks for file in task.files]
    return tuple(_planned(wanted, prefix))


def _planned(wanted: Sequence[tuple[str, File]], prefix: str) -> Iterator[Planned]:
    for place, (task, file) in enumerate(wanted, 1):
        if file.sha256 is None:
            continue
        name = f"{prefix}{place:03}{_ending(file.name)}"
        yield _entry(file, name, file.sha256, task=task, role=file.role, media_type=file.media_type)
        for nth, sign in enumerate(file.signatures, 1):
            if sign.sha256 is not None:
                own = f"{prefix}{place:03}-{nth}{_ending(sign.name)}"
                yield _entry(sign, own, sign.sha256, task=task, signature_of=name)


def files_planned(files: Sequence[File], prefix: str) -> tuple[Planned, ...]:
    """Return *files* that came, named by their place after *prefix*."""
    return tuple(_planned([("", file) for file in files], prefix))


def _entry(file: File | Signature, name: str, digest: Sha256, **rest: object) -> Planned:
    own = {"file": name, "name": clean_name(file.name), "size": file.size, "sha256": digest}
    return Planned(PackageFile.model_validate({**own, **rest}), digest)


def _ending(name: str) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return f".{ending}" if _ENDING.fullmatch(ending) else ".bin"


class Shelf:
    """A folder that must be there: when it is not, every call raises OSError, and nothing is made in its place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def reach(self) -> None:
        """Raise OSError when the folder is not there."""
        os.scandir(self.folder).close()

    def packages(self) -> list[str]:
        """Return the names of all packages, in their order."""
        with os.scandir(self.folder) as entries:
            return sorted(one.name for one in entries if not one.name.startswith(".") and _is_folder(one))

    def names(self, package: str) -> list[str]:
        """Return the names of what lies in *package*, in their order; nothing when it was taken away."""
        try:
            return sorted(os.listdir(self.folder / package))
        except FileNotFoundError:
            self.reach()
            return []

    def has(self, package: str, name: str) -> bool:
        return (self.folder / package / name).is_file()

    # --- writing --------------------------------------------------------------------------------------------------

    def fill(self, package: str, files: Sequence[Planned], contents: Mapping[Sha256, Content]) -> None:
        """Put *files* into *package*, each read back from the disk; what a crash left there is replaced.

        Raises KeyError when a file that came has no content, ValueError when its bytes are others, OSError when the
        folder is not there or full.
        """
        place = self.folder / package
        place.mkdir(exist_ok=True)
        for file in files:
            _put(place / file.entry.file, contents[file.sha256], file.sha256)
        flush(place)
        flush(self.folder)

    def clear(self, package: str, keeping: Sequence[Planned]) -> None:
        """Take out of a package that nobody was shown yet what is not among *keeping*."""
        kept = {file.entry.file for file in keeping}
        for name in self.names(package):
            if name not in kept:
                (self.folder / package / name).unlink()

    def publish(self, package: str, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON into *package*: at every moment it is there whole, or as it was before."""
        self.publish_text(package, name, json.dumps(content, ensure_ascii=False, indent=1) + "\n")

    def publish_text(self, package: str, name: str, text: str) -> None:
        place = self.folder / package
        temporary = place / f".{name}.{uuid4().hex}{PART}"
        try:
            with temporary.open("wb") as stream:
                stream.write(text.encode("utf-8", "replace"))
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, place / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        flush(place)

    def publish_form(self, package: str, name: str, form: Form) -> None:
        self.publish(package, name, written(form))

    def set_aside(self, package: str, name: str, why: str) -> None:
        """Take a JSON that cannot be read out of the way; beside it stands why."""
        self.publish_text(package, f"{name}{BROKEN}.txt", f"{why}\n")
        os.replace(self.folder / package / name, self.folder / package / f"{name}{BROKEN}")
        flush(self.folder / package)

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, package: str, name: str, form: type[FormT]) -> FormT:
        """Return the JSON *name* of *package*; raises Unreadable, or FileNotFoundError when it is not there."""
        found = self.raw(package, name)
        try:
            return form.model_validate_json(json.dumps(found))
        except ValidationError as error:
            raise Unreadable("; ".join(_complaint(one) for one in error.errors(include_url=False))) from error

    def raw(self, package: str, name: str) -> dict[str, Any]:  # Any: JSON of somebody else
        """Return a JSON object as it stands; raises like `read`."""
        data = _beginning(self.folder / package / name, MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise Unreadable(f"is longer than {MAX_JSON_BYTES} bytes")
        try:
            found = json.loads(data.decode("utf-8-sig"))  # QUIRK: programs on Windows put a mark before the text
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"is no JSON in UTF-8: {error}") from error
        if not isinstance(found, dict):
            raise Unreadable("is no JSON object")
        return found

    def written_at(self, package: str, name: str) -> float:
        """Return when a file was written, in seconds since 1970 UTC by the clock of the file system."""
        return (self.folder / package / name).lstat().st_mtime

    def content(self, package: str, file: PackageFile) -> Kept:
        """Return the bytes of a file that the system put into *package*; raises Unreadable when they are others."""
        place = self.folder / package / file.file
        if place.is_symlink() or not place.is_file():
            raise Unreadable(f"the file {file.file} is not there")
        size, digest = place.stat().st_size, _digest(place)
        if file.size not in (None, size) or file.sha256 not in (None, digest):
            raise Unreadable(f"the file {file.file} is not what its size and sha256 say")
        return Kept(place, size, digest)


def flush(folder: Path) -> None:
    """Make names in *folder* durable, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # QUIRK: some network shares cannot flush a folder
            raise
    finally:
        os.close(descriptor)


def _beginning(place: Path, size: int) -> bytes:
    """Return at most *size* bytes of a plain file; raises Unreadable for anything else, and never waits for it."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EACCES, errno.ENXIO):  # a link, another's, a socket
            raise Unreadable(f"may not be read: {error.strerror}") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("is no plain file")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(size)
    finally:
        os.close(descriptor)


def _put(place: Path, content: Content, digest: Sha256) -> None:
    with place.open("wb") as stream:
        for block in content.blocks():
            stream.write(block)
        stream.flush()
        os.fsync(stream.fileno())
    if place.stat().st_size != content.size or _digest(place) != digest:
        place.unlink()
        raise ValueError(f"the bytes of {place.name} are not those of SHA-256 {digest}")


def _digest(place: Path) -> Sha256:
    with place.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return Sha256(digest.hexdigest())


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)


def _complaint(error: Any) -> str:  # Any: pydantic's own record of an error
    place = ".".join(str(part) for part in error["loc"])
    words = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {words}" if place else words
