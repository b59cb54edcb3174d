"""The faces of the archive: typed members, operators with boxes, `read`/`write` with a type, and bulk arrays.

All must give the same bytes and values; a program is run with any one of them.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

import pysock
from pysock import CArchive, CObject, ObjRef

FACES = ("members", "operators", "typed", "bulk")
SCALAR_FACES = FACES[:3]  # those that call on the file as operators do; bulk arrays do as Read and Write
_BULK = {  # struct codes of what an array can hold
    "BYTE": "B", "CHAR": "b", "WORD": "H", "SHORT": "h", "LONG": "i", "INT": "i", "DWORD": "I", "UINT": "I",
    "LONGLONG": "q", "ULONGLONG": "Q", "FLOAT": "f", "DOUBLE": "d", "BOOL": "i",
}  # fmt: skip


class Face:
    def __init__(self, name: str) -> None:
        assert name in FACES
        self.name = name

    def put(self, ar: CArchive, name: str, value: Any) -> None:
        """Store a scalar or a string; `name` is that of its box."""
        if self.name == "bulk" and name in _BULK:
            ar.write_array(getattr(pysock, name), struct.pack("<" + _BULK[name], value), count=False)
        elif self.name in ("members", "bulk"):
            getattr(ar, "Write" + name.rstrip("_"))(value)
        elif self.name == "operators":
            assert ar << getattr(pysock, name)(value) is ar
        else:
            ar.write(value, getattr(pysock, name))

    def get(self, ar: CArchive, name: str) -> Any:
        if self.name == "bulk" and name in _BULK:
            (value,) = ar.read_array(getattr(pysock, name), count=1)
            return value
        if self.name in ("members", "bulk"):
            return getattr(ar, "Read" + name.rstrip("_"))()
        if self.name == "operators":
            box = getattr(pysock, name)()
            assert ar >> box is ar
            return box.value
        return ar.read(getattr(pysock, name))

    def get_raw(self, ar: CArchive, name: str) -> bytes | None:
        """The bytes of a scalar where the face gives them: a float keeps a signalling NaN only there
        (AR-45)."""
        if self.name == "bulk" and name in _BULK:
            numbers = ar.read_array(getattr(pysock, name), count=1)
            if sys.byteorder == "big":
                numbers.byteswap()
            return bytes(numbers)
        return None

    def put_object(self, ar: CArchive, obj: CObject | None) -> None:
        if self.name in ("members", "bulk"):
            ar.WriteObject(obj)
        elif self.name == "operators":
            assert ar << obj is ar
        else:
            ar.write(obj)

    def get_object(self, ar: CArchive, cls: Any) -> Any:
        """An object of `cls`, or of any class (None); `read(CObject)` is CObject*, not
        RUNTIME_CLASS(CObject)."""
        if self.name in ("members", "bulk") or cls is None or cls is CObject:
            return ar.ReadObject(cls)
        if self.name == "operators":
            ref = ObjRef(cls)
            assert ar >> ref is ar
            return ref.value
        return ar.read(cls)

    def put_value(self, ar: CArchive, value: Any) -> None:
        """Store a value type (CTime, COleVariant, ...)."""
        if self.name == "operators":
            assert ar << value is ar
        elif self.name == "typed":
            ar.write(value, type(value))
        else:
            ar.write(value)

    def get_value(self, ar: CArchive, name: str) -> Any:
        cls = getattr(pysock, name)
        if self.name != "operators":
            return ar.read(cls)
        value = cls()
        assert ar >> value is ar
        return value
