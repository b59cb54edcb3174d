"""Marks of file formats: those that say at once that this is something else, and those of the program's own."""

from __future__ import annotations

import re

from .node import Node
from .source import Source

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FOREIGN = {
    b"PK\x03\x04": "a ZIP file",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"MZ": "a Windows program",
    b"\x7fELF": "an ELF program",
    b"\x1f\x8b\x08": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip file",
    b"SQLite format 3\x00": "an SQLite database",
    b"<?xml": "an XML document",
    b"{\\rtf": "an RTF document",
    b"RIFF": "a RIFF file",
    OLE: "an OLE compound file",
}
_OWN = re.compile(rb"[A-Za-z][A-Za-z0-9_ .!-]{2,15}")


def foreign(source: Source) -> str | None:
    """What the file is if it is one of the well-known formats that are no archives."""
    head = source.read(0, 16)
    return next((what for mark, what in FOREIGN.items() if head.startswith(mark)), None)


def magic_at(source: Source) -> Node | None:
    """Letters at the very start that are no string of the archive: the file's own mark."""
    head = source.read(0, 64)
    match = _OWN.match(head)
    if match is None or head[0] <= len(match[0]) - 1:  # a string of head[0] characters would fit
        return None
    if match.end() == len(match[0]) == 16 or match.end() >= len(head):
        return None  # a text, not a mark
    return Node("magic", 0, match.end(), "mark of the file format", match[0].decode("ascii"), 0.8)
