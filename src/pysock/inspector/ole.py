"""OLE compound files, in which MFC programs keep documents as streams; read by `olefile`, an extra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import InspectError
from .magic import OLE
from .source import Source, from_bytes

MISSING = "this is an OLE compound file; to see its streams: pip install 'pysock-mfc[ole]'"
MOST_STREAMS = 10_000


def is_compound(source: Source) -> bool:
    return source.read(0, len(OLE)) == OLE


def streams(source: Source) -> Iterator[Source]:
    """Every stream as a Source of its own, named `file:storage/stream`.

    InspectError if olefile is not installed or the file is not sound enough for it.
    """
    try:
        import olefile
    except ImportError:
        raise InspectError(f"{source.name}: {MISSING}") from None
    try:
        compound: Any = olefile.OleFileIO(source.reader())
        paths = compound.listdir(streams=True, storages=False)[:MOST_STREAMS]
    except Exception as error:  # olefile raises many kinds for broken files
        raise InspectError(f"{source.name}: no sound compound file: {error}") from None
    for path in paths:
        # Names may begin with a control character: \x05SummaryInformation
        name = f"{source.name}:" + "/".join(part.encode("unicode_escape").decode("ascii") for part in path)
        try:
            data = compound.openstream(path).read()
        except Exception as error:
            yield from_bytes(b"", f"{name} (unreadable: {error})")
            continue
        yield from_bytes(data, name)
