"""How elements of templates lie on the wire: the `SerializeElements` of each type (AR-134 to AR-136).

By default that is the element's memory, without any mark: scalars, structures, and also `CTime` or
`COleDateTime`, whose memory is not what their own `<<` stores. One `<<` each is used for strings, `CComBSTR`,
`COleVariant`, for objects by pointer, and for whatever brings its own `__mfc_load__` and `__mfc_store__`.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from ._core.classes import CObject
from ._core.errors import CNotSupportedException
from ._core.wire import (
    BOOL,
    BYTE,
    CHAR,
    DOUBLE,
    DWORD,
    FLOAT,
    INT,
    LONG,
    LONGLONG,
    SHORT,
    UINT,
    ULONGLONG,
    WCHAR,
    WORD,
    CString,
    CStringA,
    CStringW,
    bool_,
)
from .arrays import check_object, check_text
from .checks import check_stored, dry_run
from .maporder import number_hash, text_hash
from .oletimes import COleDateTime, COleDateTimeSpan
from .olevalues import CComBSTR, COleCurrency
from .portions import load_each
from .structs import GUID, CPoint, CRect, CSize
from .times import CTime, CTimeSpan

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["Element", "element"]


class Element:
    """One type of elements: how many bytes one takes at least, and how it is stored and loaded."""

    min_size: int = 1

    def default(self) -> Any:
        """The value that growing an array adds."""
        return None

    def check(self, value: Any) -> Any:
        """The value as a container keeps it; TypeError or OverflowError if it cannot be one."""
        return value

    def check_stored(self, ar: CArchive, value: Any) -> None:
        """Raise what keeps `value` from being stored as an element, as far as that can be told."""
        self.check(value)

    def load(self, ar: CArchive, count: int) -> Sequence[Any]:
        """That many elements; the count was checked against what the stream may hold."""
        return load_each(ar, count, self.min_size, lambda: self.load_one(ar))

    def store(self, ar: CArchive, values: Sequence[Any]) -> None:
        for value in islice(values, len(values)):  # which may get longer meanwhile
            self.store_one(ar, value)

    def load_one(self, ar: CArchive) -> Any:
        return self.load(ar, 1)[0]

    def store_one(self, ar: CArchive, value: Any) -> None:
        self.store(ar, (value,))

    def hash_of(self, ar: CArchive) -> Callable[[Any], int]:
        """MFC's hash of keys of this type; CNotSupportedException if it is not known."""
        raise CNotSupportedException(f"no MFC hash is known for keys of {self!r}: leave map_order at None")


_CODES = {
    BYTE: "B",
    CHAR: "b",
    BOOL: "i",
    WORD: "H",
    SHORT: "h",
    WCHAR: "H",
    LONG: "i",
    INT: "i",
    DWORD: "I",
    UINT: "I",
    LONGLONG: "q",
    ULONGLONG: "Q",
    FLOAT: "f",
    DOUBLE: "d",
}


class _Scalar(Element):
    """Numbers, as memory."""

    def __init__(self, box: Any) -> None:
        self.box = box
        self.code = _CODES[box]
        self.min_size = array(self.code).itemsize
        self._zero = box().value

    def default(self) -> Any:
        return self._zero

    def check(self, value: Any) -> Any:
        return self.box(value).value

    def load(self, ar: CArchive, count: int) -> Sequence[Any]:
        values: list[Any] = ar.read_array(self.box, count=count).tolist()
        return list(map(chr, values)) if self.box is WCHAR else values

    def store(self, ar: CArchive, values: Sequence[Any]) -> None:
        numbers = map(ord, values) if self.box is WCHAR else values
        ar.write_array(self.box, array(self.code, numbers), count=False)

    def load_one(self, ar: CArchive) -> Any:
        return ar.read(self.box)

    def store_one(self, ar: CArchive, value: Any) -> None:
        ar.write(value, self.box)

    def hash_of(self, ar: CArchive) -> Callable[[Any], int]:
        if self.code in "fd":
            return super().hash_of(ar)
        of_number = number_hash(ar, 8 * self.min_size)
        return (lambda key: of_number(ord(key))) if self.box is WCHAR else of_number

    def __repr__(self) -> str:
        return str(self.box.__name__)


class _Bool(Element):
    """C++ `bool`, a byte each; any non-zero one is true."""

    min_size = 1

    def default(self) -> bool:
        return False

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool | int) or value not in (0, 1):
            raise TypeError(f"expected a bool, not {value!r}")
        return bool(value)

    def load(self, ar: CArchive, count: int) -> Sequence[bool]:
        return [byte != 0 for byte in ar.EnsureRead(count)]

    def store(self, ar: CArchive, values: Sequence[bool]) -> None:
        ar.Write(bytes(values))

    def __repr__(self) -> str:
        return "bool"


class _Memory(Element):
    """Values of a fixed size with a way to and from their memory."""

    def __init__(
        self,
        name: str,
        layout: struct.Struct,
        unpack: Callable[[tuple[Any, ...]], Any],
        pack: Callable[[Any], Iterable[Any]],
        default: Callable[[], Any],
    ) -> None:
        self.name = name
        self.layout = layout
        self.min_size = layout.size
        self.unpack = unpack
        self.pack = pack
        self.make = default

    def default(self) -> Any:
        return self.make()

    def check(self, value: Any) -> Any:
        self._packed(value)
        return value

    def _packed(self, value: Any) -> bytes:
        try:
            return self.layout.pack(*self.pack(value))
        except struct.error as error:
            raise OverflowError(f"{value!r} does not fit {self.name}: {error}") from None

    def load(self, ar: CArchive, count: int) -> Sequence[Any]:
        data = ar.EnsureRead(count * self.min_size)
        return [self.unpack(fields) for fields in self.layout.iter_unpack(data)]

    def store(self, ar: CArchive, values: Sequence[Any]) -> None:
        ar.Write(b"".join(map(self._packed, values)))

    def __repr__(self) -> str:
        return self.name


def _structure(layout: struct.Struct) -> Element:
    """`struct.Struct("<BxxxI")`: tuples, or the value itself if there is one field only (AR-215)."""
    if not layout.format.startswith("<"):
        raise TypeError(
            f'Struct({layout.format!r}): state the layout, "<" and pad bytes; alignment is not guessed'
        )
    zero = layout.unpack(bytes(layout.size))
    name = f"Struct({layout.format!r})"
    if len(zero) == 1:
        return _Memory(name, layout, lambda fields: fields[0], lambda value: (value,), lambda: zero[0])
    return _Memory(name, layout, lambda fields: fields, lambda value: value, lambda: zero)


class _Ctypes(Element):
    """A ctypes structure or array; its own fields say how it lies in memory (AR-215)."""

    def __init__(self, cls: Any) -> None:
        if sys.byteorder == "big" and not issubclass(cls, ctypes.LittleEndianStructure):
            raise TypeError(f"{cls.__name__} is big-endian here: derive it from ctypes.LittleEndianStructure")
        _refuse_pointers(cls, cls.__name__)
        self.cls = cls
        self.min_size = ctypes.sizeof(cls)

    def default(self) -> Any:
        return self.cls()

    def check(self, value: Any) -> Any:
        if not isinstance(value, self.cls):
            raise TypeError(f"expected a {self.cls.__name__}, not {type(value).__name__}")
        return value

    def load(self, ar: CArchive, count: int) -> Sequence[Any]:
        data = ar.EnsureRead(count * self.min_size)
        return [self.cls.from_buffer_copy(data, at) for at in range(0, len(data), self.min_size)]

    def store(self, ar: CArchive, values: Sequence[Any]) -> None:
        ar.Write(b"".join(map(bytes, values)))

    def __repr__(self) -> str:
        return str(self.cls.__name__)


def _refuse_pointers(cls: Any, name: str) -> None:
    """Addresses mean nothing to the reader (AR-136)."""
    if issubclass(
        cls, ctypes._Pointer | ctypes.c_void_p | ctypes.c_char_p | ctypes.c_wchar_p | ctypes.py_object
    ):
        raise TypeError(f"{name} is a pointer: its value means nothing in a stream")
    if issubclass(cls, ctypes.Array):
        _refuse_pointers(cls._type_, name)
    for part, kind, *_ in getattr(cls, "_fields_", ()):
        _refuse_pointers(kind, f"{name}.{part}")


class _Numpy(Element):
    """A numpy dtype; loading gives a numpy array (AR-215)."""

    def __init__(self, dtype: Any) -> None:
        if dtype.newbyteorder("<") != dtype:
            raise TypeError(f"{dtype!r} is not little-endian")
        if dtype.hasobject:
            raise TypeError(f"{dtype!r} holds Python objects")
        self.dtype = dtype
        self.min_size = dtype.itemsize

    def default(self) -> Any:
        import numpy

        return numpy.zeros((), self.dtype)[()]

    def check(self, value: Any) -> Any:
        import numpy

        return numpy.asarray(value, self.dtype)[()]

    def load(self, ar: CArchive, count: int) -> Sequence[Any]:
        import numpy

        memory = bytearray(ar.EnsureRead(count * self.min_size))  # writable, as one's own array is
        return cast("Sequence[Any]", numpy.frombuffer(memory, self.dtype))

    def store(self, ar: CArchive, values: Sequence[Any]) -> None:
        import numpy

        ar.Write(numpy.asarray(values, self.dtype).tobytes())

    def __repr__(self) -> str:
        return repr(self.dtype)


class _Text(Element):
    """Strings, one `<<` each (AR-135)."""

    def __init__(self, box: Any) -> None:
        self.box = box

    def default(self) -> str:
        return ""

    def check(self, value: Any) -> str:
        return check_text(value)

    def check_stored(self, ar: CArchive, value: Any) -> None:
        if not self.check(value).isascii():
            dry_run(ar, lambda: ar.write(value, self.box))

    def load_one(self, ar: CArchive) -> Any:
        return ar.read(self.box)

    def store_one(self, ar: CArchive, value: Any) -> None:
        ar.write(value, self.box)

    def hash_of(self, ar: CArchive) -> Callable[[str], int]:
        return text_hash(ar, wide=None if self.box is CString else self.box is CStringW)

    def __repr__(self) -> str:
        return str(self.box.__name__)


class _Object(Element):
    """Objects by pointer, one OBJECT each."""

    min_size = 2

    def __init__(self, cls: type[CObject]) -> None:
        self.cls = cls

    def check(self, value: Any) -> Any:
        return check_object(value, self.cls)

    def load_one(self, ar: CArchive) -> Any:
        return ar.ReadObject(self.cls)

    def store_one(self, ar: CArchive, value: Any) -> None:
        ar.WriteObject(value)

    def __repr__(self) -> str:
        return self.cls.__name__


class _Own(Element):
    """A type that brings its own wire form, one `<<` each: `CComBSTR`, `COleVariant`, yours."""

    def __init__(self, wire: Any, default: Callable[[], Any] | None = None) -> None:
        self.wire = wire
        self.min_size = getattr(wire, "__mfc_min_size__", 1)
        given: Any = wire if isinstance(wire, type) else getattr(wire, "__mfc_default__", lambda: None)
        self.make: Callable[[], Any] = default or given

    def default(self) -> Any:
        return self.make()

    def check_stored(self, ar: CArchive, value: Any) -> None:
        check_stored(ar, self.wire, value)

    def load_one(self, ar: CArchive) -> Any:
        return self.wire.__mfc_load__(ar)

    def store_one(self, ar: CArchive, value: Any) -> None:
        self.wire.__mfc_store__(ar, value)

    def __repr__(self) -> str:
        return str(getattr(self.wire, "__name__", self.wire))


def _ole(cls: Any, number: str) -> _Memory:
    """The memory of OLE's values: the number, the status, 4 bytes of padding (AR-135)."""

    def unpack(fields: tuple[Any, ...]) -> Any:
        return cls(fields[0], status=fields[1])

    def pack(value: Any) -> Iterable[Any]:
        value = cls(value)
        return value.value, value.m_status

    return _Memory(cls.__name__, struct.Struct(f"<{number}i4x"), unpack, pack, cls)


def _currency(fields: tuple[Any, ...]) -> COleCurrency:
    money = COleCurrency.from_cy(fields[0])
    money.m_status = fields[1]
    return money


def _pack_currency(value: Any) -> Iterable[Any]:
    money = COleCurrency(value)
    return money.m_cur, money.m_status


def _seconds(cls: Any) -> _Memory:
    return _Memory(
        cls.__name__,
        struct.Struct("<q"),
        lambda fields: cls(fields[0]),
        lambda value: ((value if isinstance(value, cls) else cls(value)).value,),
        cls,
    )


def _longs(cls: Any) -> _Memory:
    return _Memory(
        cls.__name__,
        cls.__mfc_struct__,
        lambda fields: cls(*fields),
        lambda value: value if isinstance(value, cls) else cls(*value),
        cls,
    )


_KNOWN: dict[Any, Element] = {
    **{box: _Scalar(box) for box in _CODES},
    **{box: _Text(box) for box in (CString, CStringA, CStringW)},
    bool_: _Bool(),
    GUID: _Own(GUID, lambda: UUID(int=0)),  # typed reads of these two give no box
    CComBSTR: _Own(CComBSTR, str),
    **{cls: _longs(cls) for cls in (CPoint, CSize, CRect)},
    CTime: _seconds(CTime),
    CTimeSpan: _seconds(CTimeSpan),
    COleDateTime: _ole(COleDateTime, "d"),
    COleDateTimeSpan: _ole(COleDateTimeSpan, "d"),
    COleCurrency: _Memory("COleCurrency", struct.Struct("<qi4x"), _currency, _pack_currency, COleCurrency),
}
# Python's own types stand for what `ar << value` makes of them (AR-194 to AR-197)
_KNOWN |= {int: _KNOWN[INT], float: _KNOWN[DOUBLE], bool: _KNOWN[bool_], str: _KNOWN[CString]}


def element(wire: Any) -> Element:
    """The element type for a wire type; TypeError if it has none."""
    if isinstance(wire, Hashable) and wire in _KNOWN:
        return _KNOWN[wire]
    if isinstance(wire, struct.Struct):
        return _structure(wire)
    if isinstance(wire, type):
        if issubclass(wire, ctypes.Structure | ctypes.Union | ctypes.Array):
            return _Ctypes(wire)
        if issubclass(wire, CObject) and not hasattr(wire, "__mfc_load__"):
            return _Object(wire)
    if type(wire).__module__.partition(".")[0] == "numpy" and hasattr(wire, "itemsize"):
        return _Numpy(wire)
    if hasattr(wire, "__mfc_load__") and hasattr(wire, "__mfc_store__"):
        return _Own(wire)
    raise TypeError(
        f"{wire!r} is no wire type: give a box class such as WORD, a Struct, or a type of your own"
    )
