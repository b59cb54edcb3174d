"""The bytes that are inspected: a file, standard input, hex digits or bytes at hand, read at any offset."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
import tempfile
from typing import Any, BinaryIO, Self

from .errors import InspectError

CHUNK = 1 << 18
_HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2}(?:[\s:,-]*(?:0[xX])?[0-9A-Fa-f]{2})*")
_MEANT_AS_HEX = re.compile(r"[0-9A-Fa-fxX\s:,-]+")
_KEEP = 1 << 22  # standard input beyond this goes to a temporary file


class Source:
    """Bytes of known length, with a window kept so that many small reads cost one large one."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self.name, self.size = name, size
        self._file = file
        self._start, self._window = 0, b""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer at the end, or where a file was cut meanwhile."""
        at = offset - self._start
        if at < 0 or at + length > len(self._window):
            wanted = max(length, CHUNK)
            try:
                self._file.seek(offset)
                self._window = self._file.read(wanted)
            except OSError as error:
                raise InspectError(f"{self.name}: {error.strerror or error} (at byte {offset})") from None
            self._start, at = offset, 0
        return self._window[at : at + length]

    def reader(self, offset: int = 0) -> Reader:
        """A file for an archive, from an offset on; it does not disturb other reads."""
        return Reader(self, offset)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Reader(io.RawIOBase):
    """A source as a binary file."""

    def __init__(self, source: Source, offset: int) -> None:
        self.name = source.name
        self._source, self._at = source, offset

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = max(0, offset + (0, self._at, self._source.size)[whence])
        return self._at


def from_bytes(data: bytes, name: str = "bytes") -> Source:
    return Source(io.BytesIO(data), name, len(data))


def open_source(what: str, stdin: BinaryIO | None = None) -> Source:
    """A Source for a file's name, `-` for standard input, or hex digits; InspectError in one line if it cannot
    be. A name that could be both is a file if there is such a file."""
    if what == "-":
        return _from_stream(stdin or sys.stdin.buffer)
    if not os.path.exists(what) and (digits := hex_digits(what)):
        return from_bytes(digits, "hex")
    try:
        file = open(what, "rb")
    except FileNotFoundError as error:
        if _MEANT_AS_HEX.fullmatch(what):
            raise InspectError(f"{what}: neither a file nor whole hex digits, two for each byte") from None
        raise InspectError(f"{what}: {error.strerror or error}") from None
    except OSError as error:
        raise InspectError(f"{what}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the name
        raise InspectError(f"{what!r}: {error}") from None
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISFIFO(mode):
        with file:
            return _from_stream(file, what)
    if not stat.S_ISREG(mode):  # a device may never end
        file.close()
        raise InspectError(f"{what}: neither a file nor a pipe")
    return Source(file, what, os.fstat(file.fileno()).st_size)


def hex_digits(text: str) -> bytes | None:
    """The bytes of `ff ff 01 00`, `FFFF0100`, `ff:ff`, `0xff, 0xff`; None if it is something else."""
    if not _HEX.fullmatch(text.strip()):
        return None
    return bytes.fromhex(re.sub(r"0[xX]|[^0-9A-Fa-f]", "", text))


def _from_stream(stream: BinaryIO, name: str = "-") -> Source:
    """What cannot seek is kept, on disk if it is large."""
    kept = tempfile.SpooledTemporaryFile(max_size=_KEEP)
    try:
        shutil.copyfileobj(stream, kept, CHUNK)
    except OSError as error:
        kept.close()
        raise InspectError(f"{name}: {error.strerror or error}") from None
    size = kept.tell()
    return Source(kept, "standard input" if name == "-" else name, size)  # type: ignore[arg-type]
