"""Plain Windows structures: points, sizes, rectangles, GUIDs, file times, fonts (AR-162 to AR-164).

Each is its bytes on the wire, little-endian, without any mark. All are mutable boxes (`ar >> p` fills them),
hence unhashable; points, sizes and rectangles unpack and compare like tuples.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload
from uuid import UUID

from ._core.errors import CInvalidArgException
from .checks import check_by_storing

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["CLSID", "FILETIME", "GUID", "LOGFONT", "POINT", "RECT", "SIZE", "CPoint", "CRect", "CSize"]


class _Longs:
    """A structure of LONGs whose names are the `__slots__` of the class that derives from this."""

    __slots__: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[tuple[str, ...]] = ()
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int]
    __mfc_struct__: ClassVar[struct.Struct]
    _fields: ClassVar[Callable[[Any], tuple[int, ...]]]

    def __init_subclass__(cls) -> None:
        if not cls._names:  # else it is derived from CPoint or the like and has the same fields
            cls._names = cls.__slots__
            cls._fields = attrgetter(*cls._names)
            cls.__mfc_struct__ = struct.Struct(f"<{len(cls._names)}i")
            cls.__mfc_min_size__ = cls.__mfc_struct__.size

    def __init__(self, *longs: int) -> None:
        for name, value in zip(self._names, longs, strict=True):
            setattr(self, name, value)

    def __iter__(self) -> Iterator[int]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: int) -> int:
        return self.value[index]

    @property
    def value(self) -> tuple[int, ...]:
        """All fields, in wire order."""
        return type(self)._fields(self)

    @value.setter
    def value(self, value: Any) -> None:
        for name, field in zip(self._names, value, strict=True):
            setattr(self, name, field)

    def __bytes__(self) -> bytes:
        try:
            return self.__mfc_struct__.pack(*type(self)._fields(self))
        except struct.error:
            for name, value in zip(self._names, self, strict=True):
                if not isinstance(value, int):
                    raise TypeError(f"{type(self).__name__}.{name} is {value!r}, not an integer") from None
            raise OverflowError(f"{self!r} does not fit into LONGs (32 bits, signed)") from None

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Any) -> None:
        ar.Write(bytes(value if isinstance(value, cls) else cls(*value)))

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        return cls(*cls.__mfc_struct__.unpack(ar.EnsureRead(cls.__mfc_min_size__)))

    def __mfc_extract__(self, ar: CArchive) -> None:
        self.value = self.__mfc_struct__.unpack(ar.EnsureRead(self.__mfc_min_size__))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, type(self) | tuple):
            return self.value == tuple(other)
        return NotImplemented

    def __copy__(self) -> Self:
        return type(self)(*self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self))})"


class CSize(_Longs):
    """A width and a height (SIZE, AR-162: 8 bytes)."""

    __slots__ = ("cx", "cy")
    cx: int
    cy: int

    def __init__(self, cx: int = 0, cy: int = 0) -> None:
        self.cx = cx
        self.cy = cy

    def __bool__(self) -> bool:
        return bool(self.cx or self.cy)

    @overload
    def __add__(self, other: CPoint) -> CPoint: ...
    @overload
    def __add__(self, other: CSize) -> CSize: ...
    @overload
    def __add__(self, other: CRect) -> CRect: ...
    def __add__(self, other: CSize | CPoint | CRect) -> CSize | CPoint | CRect:
        if isinstance(other, CSize):
            return CSize(self.cx + other.cx, self.cy + other.cy)
        if isinstance(other, CPoint | CRect):
            return other + self
        return NotImplemented

    @overload
    def __sub__(self, other: CPoint) -> CPoint: ...
    @overload
    def __sub__(self, other: CSize) -> CSize: ...
    def __sub__(self, other: CSize | CPoint) -> CSize | CPoint:
        if isinstance(other, CSize):
            return CSize(self.cx - other.cx, self.cy - other.cy)
        if isinstance(other, CPoint):
            return CPoint(self.cx - other.x, self.cy - other.y)
        return NotImplemented

    def __neg__(self) -> CSize:
        return CSize(-self.cx, -self.cy)


class CPoint(_Longs):
    """A position (POINT, AR-162: 8 bytes)."""

    __slots__ = ("x", "y")
    x: int
    y: int

    def __init__(self, x: int = 0, y: int = 0) -> None:
        self.x = x
        self.y = y

    def __bool__(self) -> bool:
        return bool(self.x or self.y)

    def Offset(self, xOffset: int | CPoint | CSize, yOffset: int = 0) -> None:
        """Move by two numbers, or by a point or size."""
        dx, dy = (xOffset, yOffset) if isinstance(xOffset, int) else xOffset
        self.x += dx
        self.y += dy

    def SetPoint(self, X: int, Y: int) -> None:
        self.x = X
        self.y = Y

    @overload
    def __add__(self, other: CRect) -> CRect: ...
    @overload
    def __add__(self, other: CPoint | CSize) -> CPoint: ...
    def __add__(self, other: CPoint | CSize | CRect) -> CPoint | CRect:
        if isinstance(other, CPoint | CSize):
            dx, dy = other
            return CPoint(self.x + dx, self.y + dy)
        if isinstance(other, CRect):
            return other + self
        return NotImplemented

    @overload
    def __sub__(self, other: CPoint) -> CSize: ...
    @overload
    def __sub__(self, other: CSize) -> CPoint: ...
    def __sub__(self, other: CPoint | CSize) -> CSize | CPoint:
        """The size between two points, or a point moved back by a size."""
        if isinstance(other, CPoint):
            return CSize(self.x - other.x, self.y - other.y)
        if isinstance(other, CSize):
            return CPoint(self.x - other.cx, self.y - other.cy)
        return NotImplemented

    def __neg__(self) -> CPoint:
        return CPoint(-self.x, -self.y)


class CRect(_Longs):
    """A rectangle, without its right and bottom edge (RECT, AR-162: 16 bytes)."""

    __slots__ = ("left", "top", "right", "bottom")  # noqa: RUF023 (the wire's order)
    left: int
    top: int
    right: int
    bottom: int

    @overload
    def __init__(self, left: int = 0, top: int = 0, right: int = 0, bottom: int = 0) -> None: ...
    @overload
    def __init__(self, topLeft: CPoint, bottomRight: CPoint, /) -> None: ...
    @overload
    def __init__(self, point: CPoint, size: CSize, /) -> None: ...
    def __init__(
        self, left: int | CPoint = 0, top: int | CPoint | CSize = 0, right: int = 0, bottom: int = 0
    ) -> None:
        """`CRect(left, top, right, bottom)`, `CRect(topLeft, bottomRight)` or `CRect(point, size)`."""
        if isinstance(left, CPoint):
            if isinstance(top, CSize):
                top = left + top
            if not isinstance(top, CPoint):
                raise TypeError("CRect(point, ...) takes a second point or a size")
            right, bottom = top.x, top.y
            top = left.y
            left = left.x
        if isinstance(top, CPoint | CSize):
            raise TypeError("CRect(...) takes four integers, two points, or a point and a size")
        self.left = left
        self.top = top
        self.right = right
        self.bottom = bottom

    def Width(self) -> int:
        return self.right - self.left

    def Height(self) -> int:
        return self.bottom - self.top

    def Size(self) -> CSize:
        return CSize(self.Width(), self.Height())

    def TopLeft(self) -> CPoint:
        """A copy of the corner (in C++ a reference)."""
        return CPoint(self.left, self.top)

    def BottomRight(self) -> CPoint:
        """A copy of the corner (in C++ a reference)."""
        return CPoint(self.right, self.bottom)

    def CenterPoint(self) -> CPoint:
        """The middle, rounded towards zero."""
        return CPoint(int((self.left + self.right) / 2), int((self.top + self.bottom) / 2))

    def IsRectEmpty(self) -> bool:
        """No width or no height (or a negative one)."""
        return self.Width() <= 0 or self.Height() <= 0

    def IsRectNull(self) -> bool:
        """All four are 0."""
        return not any(self)

    def PtInRect(self, point: CPoint | tuple[int, int]) -> bool:
        """Whether the point is inside; the right and bottom edge are outside. Normalize first."""
        x, y = point
        return self.left <= x < self.right and self.top <= y < self.bottom

    def SetRect(self, x1: int, y1: int, x2: int, y2: int) -> None:
        self.value = (x1, y1, x2, y2)

    def SetRectEmpty(self) -> None:
        self.value = (0, 0, 0, 0)

    def CopyRect(self, other: CRect) -> None:
        self.value = tuple(other)

    def EqualRect(self, other: CRect) -> bool:
        return tuple(self) == tuple(other)

    def InflateRect(self, x: int, y: int, r: int | None = None, b: int | None = None) -> None:
        """Move every edge outwards: `InflateRect(x, y)` or `InflateRect(left, top, right, bottom)`."""
        self.left -= x
        self.top -= y
        self.right += x if r is None else r
        self.bottom += y if b is None else b

    def DeflateRect(self, x: int, y: int, r: int | None = None, b: int | None = None) -> None:
        """Move every edge inwards."""
        self.InflateRect(-x, -y, None if r is None else -r, None if b is None else -b)

    def NormalizeRect(self) -> None:
        """Swap edges until neither width nor height is negative."""
        if self.left > self.right:
            self.left, self.right = self.right, self.left
        if self.top > self.bottom:
            self.top, self.bottom = self.bottom, self.top

    def OffsetRect(self, x: int | CPoint | CSize, y: int = 0) -> None:
        """Move by two numbers, or by a point or size."""
        dx, dy = (x, y) if isinstance(x, int) else x
        self.value = (self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def MoveToX(self, x: int) -> None:
        self.OffsetRect(x - self.left, 0)

    def MoveToY(self, y: int) -> None:
        self.OffsetRect(0, y - self.top)

    def MoveToXY(self, x: int, y: int) -> None:
        self.OffsetRect(x - self.left, y - self.top)

    def IntersectRect(self, one: CRect, two: CRect) -> bool:
        """Become what both cover; False (and all zero) if that is nothing."""
        edges = (
            max(one.left, two.left),
            max(one.top, two.top),
            min(one.right, two.right),
            min(one.bottom, two.bottom),
        )
        empty = edges[0] >= edges[2] or edges[1] >= edges[3]
        self.value = (0, 0, 0, 0) if empty else edges
        return not empty

    def UnionRect(self, one: CRect, two: CRect) -> bool:
        """Become the smallest rectangle around both; empty ones do not count. False if both are empty."""
        parts = [part for part in (one, two) if not part.IsRectEmpty()]
        if parts:
            self.value = (
                min(part.left for part in parts),
                min(part.top for part in parts),
                max(part.right for part in parts),
                max(part.bottom for part in parts),
            )
        else:
            self.value = (0, 0, 0, 0)
        return bool(parts)

    def __and__(self, other: CRect) -> CRect:
        both = CRect()
        both.IntersectRect(self, other)
        return both

    def __or__(self, other: CRect) -> CRect:
        around = CRect()
        around.UnionRect(self, other)
        return around

    def __add__(self, other: CPoint | CSize) -> CRect:
        if not isinstance(other, CPoint | CSize):
            return NotImplemented
        moved = CRect(*self)
        moved.OffsetRect(other)
        return moved

    def __sub__(self, other: CPoint | CSize) -> CRect:
        if not isinstance(other, CPoint | CSize):
            return NotImplemented
        return self + -other


POINT = CPoint
SIZE = CSize
RECT = CRect


class GUID:
    """A GUID or CLSID: 16 bytes, `UUID.bytes_le` (AR-163). `ar.read(GUID)` gives a `uuid.UUID`."""

    __slots__ = ("value",)
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int] = 16

    value: UUID

    def __init__(self, value: UUID | str | GUID = UUID(int=0)) -> None:  # noqa: B008 (immutable)
        self.value = self._uuid(value)

    @staticmethod
    def _uuid(value: UUID | str | GUID) -> UUID:
        if isinstance(value, GUID):
            return value.value
        return value if isinstance(value, UUID) else UUID(value)

    def __bytes__(self) -> bytes:
        return self.value.bytes_le

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: UUID | str | GUID) -> None:
        ar.Write(cls._uuid(value).bytes_le)

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> UUID:
        return UUID(bytes_le=ar.EnsureRead(16))

    def __mfc_extract__(self, ar: CArchive) -> None:
        self.value = UUID(bytes_le=ar.EnsureRead(16))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, GUID | UUID):
            return self.value == self._uuid(other)
        return NotImplemented

    def __str__(self) -> str:
        return f"{{{str(self.value).upper()}}}"

    def __repr__(self) -> str:
        return f"GUID({str(self)!r})"


CLSID = GUID

_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class FILETIME:
    """100-nanosecond steps since 1601-01-01 UTC, 64 bits unsigned: 8 bytes (AR-50: no operator in MFC)."""

    __slots__ = ("_steps",)
    _steps: int
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int] = 8

    def __init__(self, value: int | datetime | FILETIME = 0) -> None:
        self.value = value

    @property
    def value(self) -> int:
        """Steps. May be set to steps, an aware datetime or another FILETIME."""
        return self._steps

    @value.setter
    def value(self, value: int | datetime | FILETIME) -> None:
        if isinstance(value, FILETIME):
            steps = value._steps
        elif isinstance(value, datetime):
            if value.tzinfo is None:
                raise CInvalidArgException(f"FILETIME counts in UTC: give {value!r} a time zone")
            steps = (value - _FILETIME_EPOCH) // timedelta(microseconds=1) * 10
        else:
            steps = value
        if not 0 <= steps < 1 << 64:
            raise OverflowError(f"FILETIME holds 64 bits without sign: {steps} does not fit")
        self._steps = steps

    @property
    def dwLowDateTime(self) -> int:
        return self._steps & 0xFFFFFFFF

    @property
    def dwHighDateTime(self) -> int:
        return self._steps >> 32

    def to_datetime(self) -> datetime:
        """The time as an aware datetime in UTC, rounded down to microseconds."""
        try:
            return _FILETIME_EPOCH + timedelta(microseconds=self._steps // 10)
        except OverflowError:
            raise CInvalidArgException(f"FILETIME {self._steps} is after the year 9999") from None

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: int | datetime | FILETIME) -> None:
        ar.Write(cls(value)._steps.to_bytes(8, "little"))

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        return cls(int.from_bytes(ar.EnsureRead(8), "little"))

    def __mfc_extract__(self, ar: CArchive) -> None:
        self._steps = int.from_bytes(ar.EnsureRead(8), "little")

    def __int__(self) -> int:
        return self._steps

    def __eq__(self, other: object) -> bool:
        return self._steps == other._steps if isinstance(other, FILETIME) else NotImplemented

    def __repr__(self) -> str:
        return f"FILETIME({self._steps})"


class LOGFONT:
    """A font as programs write it raw: 60 bytes in an ANSI archive, 92 in a Unicode one (AR-164)."""

    _LONGS: ClassVar[tuple[str, ...]] = ("lfHeight", "lfWidth", "lfEscapement", "lfOrientation", "lfWeight")
    _BYTES: ClassVar[tuple[str, ...]] = (
        "lfItalic",
        "lfUnderline",
        "lfStrikeOut",
        "lfCharSet",
        "lfOutPrecision",
        "lfClipPrecision",
        "lfQuality",
        "lfPitchAndFamily",
    )
    __slots__ = (*_LONGS, *_BYTES, "_face", "_junk")
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int] = 60

    lfHeight: int
    lfWidth: int
    lfEscapement: int
    lfOrientation: int
    lfWeight: int
    lfItalic: int
    lfUnderline: int
    lfStrikeOut: int
    lfCharSet: int
    lfOutPrecision: int
    lfClipPrecision: int
    lfQuality: int
    lfPitchAndFamily: int

    def __init__(self, lfFaceName: str = "", **fields: int) -> None:
        """All fields by name; those left out are 0."""
        for name in self._LONGS + self._BYTES:
            setattr(self, name, fields.pop(name, 0))
        if fields:
            raise TypeError(f"LOGFONT has no field {next(iter(fields))}")
        self.lfFaceName = lfFaceName

    @property
    def lfFaceName(self) -> str:
        """The face's name, at most 31 TCHARs."""
        return self._face

    @lfFaceName.setter
    def lfFaceName(self, name: str) -> None:
        if "\0" in name:
            raise CInvalidArgException(f"a face name ends at its first NUL: {name!r}")
        self._face = name
        self._junk = b""  # what a loaded structure had behind the name, kept to be written back

    __mfc_check__ = classmethod(check_by_storing)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: LOGFONT) -> None:
        width, encoding, errors = cls._text(ar)
        face = value._face.encode(encoding, errors)
        room = 32 * width
        if len(face) + width > room:
            raise CInvalidArgException(f"a face name has at most 31 TCHARs: {value._face!r}")
        tail = value._junk if len(face) + len(value._junk) == room else bytes(room - len(face))
        head = [getattr(value, name) for name in cls._LONGS + cls._BYTES]
        try:
            ar.Write(struct.pack("<5i8B", *head) + face + tail)
        except struct.error as error:
            raise OverflowError(f"a field of {value!r} does not fit: {error}") from None

    @staticmethod
    def _text(ar: CArchive) -> tuple[int, str, str]:
        return (2, "utf-16-le", "surrogatepass") if ar.unicode else (1, ar.encoding, ar.errors)

    def __mfc_extract__(self, ar: CArchive) -> None:
        width, encoding, errors = self._text(ar)
        data = ar.EnsureRead(28 + 32 * width)
        text = data[28:]
        end = next((i for i in range(0, len(text), width) if not any(text[i : i + width])), len(text))
        face = text[:end].decode(encoding, errors)
        for name, field in zip(self._LONGS + self._BYTES, struct.unpack("<5i8B", data[:28]), strict=True):
            setattr(self, name, field)
        self._face = face
        self._junk = text[end:]

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        self = cls()
        self.__mfc_extract__(ar)
        return self

    def _fields(self) -> dict[str, int | str]:
        return {name: getattr(self, name) for name in ("lfFaceName", *self._LONGS, *self._BYTES)}

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, LOGFONT) else NotImplemented

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._fields().items() if value)
        return f"LOGFONT({', '.join(shown)})"
