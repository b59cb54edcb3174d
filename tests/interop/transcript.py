"""The nine messages of tests/vectors/peer_transcript.json, from a real client to a real server, on ours.

A message is DWORD, CString, double and CObject*; there is one archive each way for the whole connection.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pysock import CArchive, ClassRegistry, CObArray, CObject, CSocket, CSocketFile, CStringArray

VECTORS = Path(__file__).parents[1] / "vectors"
TRANSCRIPT: dict[str, Any] = json.loads((VECTORS / "peer_transcript.json").read_text())
STREAM = gzip.decompress((VECTORS / "peer_client_stream.bin.gz").read_bytes())
ROUNDS = 9
LONG = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 2693  # cut to 70,000

registry = ClassRegistry()


class CLabDword(CObject, schema=1, registry=registry):
    def __init__(self, value: int = 0) -> None:
        self.value = value

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteDWORD(self.value)
        else:
            self.value = ar.ReadDWORD()


@dataclass
class Message:
    number: int
    text: str
    real: float
    obj: CObject | None

    def store(self, ar: CArchive) -> None:
        ar.WriteDWORD(self.number)
        ar.WriteCString(self.text)
        ar.WriteDOUBLE(self.real)
        ar.WriteObject(self.obj)
        ar.Flush()

    @classmethod
    def load(cls, ar: CArchive) -> Message:
        return cls(ar.ReadDWORD(), ar.ReadCString(), ar.ReadDOUBLE(), ar.ReadObject())

    def show(self) -> str:
        """As the real peers print it, without addresses."""
        text = "".join(c if " " <= c < "\x7f" else f"\\u{ord(c):04x}" for c in self.text[:150])
        numbers = f"dword={self.number} len={len(self.text)}"
        return f"{numbers} str={text} double={self.real:.17g} obj={self.show_obj()}"

    def show_obj(self) -> str:
        if self.obj is None:
            return "NULL"
        count = len(self.obj) if isinstance(self.obj, (CObArray, CStringArray)) else -1
        shown = f"{self.obj.GetRuntimeClass().m_lpszClassName} n={count}"
        if isinstance(self.obj, CObArray):
            shown += "".join(" NULL" if e is None else f" CLabDword={e.value}" for e in self.obj)
        return shown


def messages() -> list[Message]:
    """What the recorded client stored: its two CLabDword objects are the same all the time."""
    pair = [CLabDword(100), CLabDword(101)]
    texts = ["Hello \u20ac", "", LONG[:70_000]]
    return [Message(0x1000 + n, texts[n % 3], 3.25 * n, _object(n % 4, pair)) for n in range(ROUNDS)]


def _object(kind: int, pair: list[CLabDword]) -> CObject | None:
    if kind == 0:
        array = CObArray()
        for e in (*pair, pair[0], None):
            array.Add(e)
        return array
    if kind == 1:
        strings = CStringArray()
        strings.Add("elem")
        return strings
    return pair[0] if kind == 2 else None


def recorded_lines(log: str, word: str) -> list[str]:
    """What a real end printed of its messages, without time and addresses."""
    lines = [re.sub(r"@[0-9a-f]{16}", "", line[7:]) for line in TRANSCRIPT[log]]
    return [line.removeprefix(word).lstrip() for line in lines if line.startswith(word)]


class Archives:
    """The two archives of a connected socket."""

    def __init__(self, sock: CSocket, **options: Any) -> None:
        file = CSocketFile(sock)
        options = {"registry": registry, "allow": "registered", **options}
        self.into = CArchive(file, CArchive.load, **options)
        self.out = CArchive(file, CArchive.store, **options)

    def close(self) -> None:
        self.out.Abort()
        self.into.Abort()
