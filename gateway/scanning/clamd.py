# SPDX-License-Identifier: GPL-3.0-or-later
"""ClamAV's daemon, over its socket: files are streamed to it (INSTREAM), so it needs no right to our folders.

Only the answer that says "clean" in so many words is one; whatever else it says or does not say is trouble.
"""

import asyncio
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO, cast

from aioclamd import BufferTooLongError, ClamdAsyncClient, ClamdError  # type: ignore[import-untyped]  # it has no types

from gateway.model import Content
from gateway.ports import Scanned, ScannerTrouble, Verdict

ENCRYPTED = "Heuristics.Encrypted"  # it says so with AlertEncrypted alone
LIMITS = "Heuristics.Limits.Exceeded"  # it says so with AlertExceedsMax alone
MAX_WORDS = 200  # LIMIT: characters of an answer that are kept


@dataclass(frozen=True, slots=True)
class Clamd:
    """A clamd at *host*, which is the path of its socket when it begins with a slash."""

    host: str
    port: int = 0

    def scan(self, content: Content, patience: timedelta) -> Scanned:
        """See `ports.Scanner`."""
        with asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(self._scan(content, patience))

    async def _scan(self, content: Content, patience: timedelta) -> Scanned:
        client = ClamdAsyncClient(self.host, self.port)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                engine = await client.version()
                if not engine.startswith("ClamAV "):
                    raise ScannerTrouble(f"clamd at {self.host} does not say who it is: {_words(engine)}")
                try:
                    answer = await client.instream(cast(BinaryIO, _Reading(content.blocks())))
                except BufferTooLongError:
                    return Scanned(Verdict.TOO_LARGE, "larger than its StreamMaxLength", _words(engine))
        except TimeoutError as error:
            raise ScannerTrouble(f"clamd at {self.host} did not answer in time") from error
        except (ClamdError, OSError, ValueError) as error:
            said = f"{error}: {error.__cause__}" if error.__cause__ else str(error) or type(error).__name__
            cut = " (is its StreamMaxLength below our max_size?)" if isinstance(error, ConnectionError) else ""
            raise ScannerTrouble(f"clamd at {self.host}: {_words(said)}{cut}") from error
        return Scanned(*self._judged(answer), _words(engine))

    def _judged(self, answer: dict[str, tuple[str, str | None]] | None) -> tuple[Verdict, str]:
        if not answer:  # it hung up
            raise ScannerTrouble(f"clamd at {self.host} hung up without a verdict")
        status, signature = answer.get("stream", ("", None))
        if status == "OK" and signature is None:
            return Verdict.CLEAN, ""
        if status != "FOUND" or not signature:
            raise ScannerTrouble(f"clamd at {self.host}: {_words(signature or str(answer))}")
        words = _words(signature)
        if signature.startswith(ENCRYPTED):
            return Verdict.ENCRYPTED, words
        return (Verdict.TOO_LARGE if signature.startswith(LIMITS) else Verdict.VIRUS), words


class _Loop(asyncio.SelectorEventLoop):
    """QUIRK: aioclamd 1.1.0 connects by TCP alone, and clamd's usual place is a Unix socket."""

    # Any: as asyncio has it
    async def create_connection(
        self, protocol_factory: Callable[[], Any], host: str | None = None, port: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        if host and host.startswith("/"):
            return await self.create_unix_connection(protocol_factory, host)
        return await super().create_connection(protocol_factory, host, port, **options)


class _Reading(io.RawIOBase):
    """A content as a file.

    QUIRK: aioclamd asks for 1 KiB at a time, each in a thread; it sends on whatever it gets, so it gets whole blocks.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, size: int = -1) -> bytes:
        return next(self._blocks, b"")


def _words(said: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in said).split())[:MAX_WORDS]
