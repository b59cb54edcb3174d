"""A minimal OLE compound file (version 3, sectors of 512 bytes) with streams of at least 4096 bytes, for tests."""

from __future__ import annotations

import struct

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """The streams lie in the root storage, one behind the other."""
    assert all(len(data) >= 4096 for data in streams.values()), "smaller ones would need a mini stream"
    sectors: list[bytes] = [b"", b""]  # the FAT and the directory, written last
    table = [FAT, END]
    entries = [("Root Entry", 5, FREE, 1 if streams else FREE, END, 0)]
    for i, (name, data) in enumerate(streams.items(), 1):
        first = len(sectors)
        pieces = [data[at : at + SECTOR].ljust(SECTOR, b"\0") for at in range(0, len(data), SECTOR)]
        sectors += pieces
        table += [*range(first + 1, first + len(pieces)), END]
        right = i + 1 if i < len(streams) else FREE
        entries.append((name, 2, right, FREE, first, len(data)))
    assert len(entries) <= 4 and len(table) <= SECTOR // 4, "one sector each for directory and FAT"
    sectors[0] = struct.pack("<128I", *table, *[FREE] * (128 - len(table)))
    sectors[1] = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HBBIII16xI16xIII", 2 * len(name) + 2, kind, 1, FREE, right, child, 0, start, size, 0)
        for name, kind, right, child, start, size in entries
    ).ljust(SECTOR, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", 0, *[FREE] * 108)
    return head + b"".join(sectors)
