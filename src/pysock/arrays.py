"""MFC's arrays: of bytes, words, dwords, unsigned ints, strings, objects and pointers.

They are Python sequences (`a[-1]`, `a[1:3]`, `in`, `append`, equal to any sequence of the same elements) that
also bear MFC's members. The members take no negative index and raise CInvalidArgException, `[]` raises
IndexError.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from copy import deepcopy
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, Self, SupportsIndex, TypeVar, cast, overload

from ._core.classes import CObject
from ._core.errors import CInvalidArgException
from ._core.wire import BYTE, DWORD, WORD
from .copies import new_like, reduced
from .portions import load_each, store_each

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = [
    "ArrayBase",
    "CByteArray",
    "CDWordArray",
    "CObArray",
    "CPtrArray",
    "CStringArray",
    "CUIntArray",
    "CWordArray",
]

T = TypeVar("T")


class _Data:
    """What an array keeps, apart: in ArrayBase itself type checkers would take it for a declared field."""

    __slots__ = ()

    _data: Any  # list[T], or array.array for numbers: their interfaces agree where it matters


class ArrayBase(CObject, _Data, MutableSequence[T], dynamic=False):
    """What all arrays share. Subclasses say what an element is: `_default`, `_check`, `_storage`."""

    __slots__ = ("__weakref__", "_data")

    _default: ClassVar[Any] = None
    """The value of elements that growing adds."""

    __hash__ = None  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._data = cls._storage()
        return self

    def __init__(self, elements: Iterable[T] = ()) -> None:
        self.extend(elements)

    @classmethod
    def _storage(cls) -> Any:
        return []

    def _check(self, value: T) -> T:
        """The value as it is kept; TypeError or OverflowError if it cannot be an element."""
        return value

    def _at(self, nIndex: int) -> int:
        if not 0 <= nIndex < len(self._data):
            raise CInvalidArgException(
                f"index {nIndex} is not in a {type(self).__name__} of {len(self._data)} elements"
            )
        return nIndex

    # --- MFC's members --------------------------------------------------------------------------------

    def GetSize(self) -> int:
        """The number of elements."""
        return len(self._data)

    GetCount = GetSize

    def GetUpperBound(self) -> int:
        """The highest index, -1 if there is none."""
        return len(self._data) - 1

    def IsEmpty(self) -> bool:
        return not self._data

    def SetSize(self, nNewSize: int, nGrowBy: int = -1) -> None:
        """Cut, or lengthen by default elements (0, "", None). nGrowBy is ignored."""
        if nNewSize < 0:
            raise CInvalidArgException(f"an array cannot have {nNewSize} elements")
        missing = nNewSize - len(self._data)
        if missing > 0:
            self._data.extend(self._filled(missing))
        else:
            del self._data[nNewSize:]

    def _filled(self, count: int) -> Iterable[T]:
        return [self._default] * count

    def FreeExtra(self) -> None:
        """Give back memory that growing took in advance."""
        self._data = self._data[:]

    def RemoveAll(self) -> None:
        del self._data[:]

    def GetAt(self, nIndex: int) -> T:
        """The element at an index; CInvalidArgException if there is none."""
        return cast(T, self._data[self._at(nIndex)])

    ElementAt = GetAt  # C++ returns a reference; assign with SetAt or a[i] = x

    def SetAt(self, nIndex: int, newElement: T) -> None:
        self._data[self._at(nIndex)] = self._check(newElement)

    def GetData(self) -> Any:
        """The elements themselves: a `list`, or a writable memoryview of an array of numbers.

        While such a view is alive the array cannot change its size (BufferError).
        """
        return self._data

    def SetAtGrow(self, nIndex: int, newElement: T) -> None:
        """Set an element; a shorter array is lengthened to hold it."""
        newElement = self._check(newElement)
        if nIndex >= len(self._data):
            self.SetSize(nIndex + 1)
        self._data[self._at(nIndex)] = newElement

    def Add(self, newElement: T) -> int:
        """Put an element at the end; returns its index."""
        self.append(newElement)
        return len(self._data) - 1

    def Append(self, src: Iterable[T]) -> int:
        """Put all elements of another array at the end; returns the index of the first."""
        before = len(self._data)
        self.extend(src)
        return before

    def Copy(self, src: Iterable[T]) -> None:
        """Become a copy of another array."""
        self[:] = src

    @overload
    def InsertAt(self, nIndex: int, newElement: T, nCount: int = 1) -> None: ...
    @overload
    def InsertAt(self, nStartIndex: int, pNewArray: ArrayBase[T], /) -> None: ...
    def InsertAt(self, nIndex: int, newElement: T | ArrayBase[T], nCount: int = 1) -> None:
        """Insert an element nCount times, or all elements of another array; behind the end it grows first."""
        if nIndex < 0 or nCount < 0:
            raise CInvalidArgException(f"cannot insert {nCount} elements at {nIndex}")
        if isinstance(newElement, ArrayBase) and type(newElement)._storage() == self._storage():
            new = [self._check(element) for element in newElement]
        else:
            new = [self._check(cast(T, newElement))] * nCount
        if nIndex > len(self._data):
            self.SetSize(nIndex)
        self._data[nIndex:nIndex] = self._stored(new)

    def RemoveAt(self, nIndex: int, nCount: int = 1) -> None:
        """Remove nCount elements from an index on; CInvalidArgException if they are not all there."""
        if nIndex < 0 or nCount < 0 or nIndex + nCount > len(self._data):
            raise CInvalidArgException(
                f"cannot remove {nCount} elements at {nIndex} from {type(self).__name__} of {len(self._data)}"
            )
        del self._data[nIndex : nIndex + nCount]

    # --- Python's sequence ----------------------------------------------------------------------------

    def _stored(self, values: Iterable[T]) -> Any:
        """Values in the kind of storage that `_data` accepts in a slice assignment."""
        return [self._check(value) for value in values]

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[T]:
        return cast("Iterator[T]", iter(self._data))

    def __reversed__(self) -> Iterator[T]:
        return cast("Iterator[T]", reversed(self._data))

    def __contains__(self, value: object) -> bool:
        return value in self._data

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | Self:
        if isinstance(index, slice):
            part = type(self)()
            part._data = self._data[index]
            return part
        return cast(T, self._data[index])

    @overload
    def __setitem__(self, index: SupportsIndex, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if not isinstance(index, slice):
            self._data[index] = self._check(value)
            return
        new = self._stored(value)
        places = range(len(self._data))[index]
        if places.step != 1 and len(places) != len(new):  # array.array would take an empty one for a deletion
            raise ValueError(f"cannot assign {len(new)} elements to an extended slice of {len(places)}")
        self._data[index] = new

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        del self._data[index]

    def insert(self, index: SupportsIndex, value: T) -> None:
        self._data.insert(index, self._check(value))

    def append(self, value: T) -> None:
        self._data.append(self._check(value))

    def extend(self, values: Iterable[T]) -> None:
        self._data.extend(self._stored(values))

    def clear(self) -> None:
        self.RemoveAll()

    def reverse(self) -> None:
        self._data.reverse()

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        return int(self._data.index(value, start, len(self._data) if stop is None else stop))

    def count(self, value: Any) -> int:
        return int(self._data.count(value))

    def copy(self) -> Self:
        return self[:]

    def __copy__(self) -> Self:
        twin = new_like(self, "_data")
        twin._data = self._data[:]
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = new_like(self, "_data", memo=memo)
        twin._data.extend(deepcopy(element, memo) for element in self._data)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return *reduced(self, "_data"), iter(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ArrayBase):
            return bool(self._data == other._data) or list(self) == list(other)
        if isinstance(other, Sequence | array) and not isinstance(other, str):
            return len(self) == len(other) and list(self) == list(other)
        return NotImplemented

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._data)!r})"


# --- numbers --------------------------------------------------------------------------------------------


class _NumberArray(ArrayBase[int], dynamic=False):
    """Numbers on compact storage; a number that does not fit raises OverflowError."""

    __slots__ = ()

    _typecode: ClassVar[str]
    _default = 0

    @classmethod
    def _storage(cls) -> array[int]:
        return array(cls._typecode)

    def _stored(self, values: Iterable[int]) -> array[int]:
        if isinstance(values, _NumberArray):
            values = values._data
        if isinstance(values, array) and values.typecode == self._typecode:
            return values
        if isinstance(values, bytes | bytearray | memoryview):
            values = iter(values)  # their elements: array() would take the raw memory
        return array(self._typecode, values)

    def _filled(self, count: int) -> array[int]:
        return array(self._typecode, bytes(array(self._typecode).itemsize)) * count

    def GetData(self) -> memoryview:
        """A writable view of the numbers; while it is alive the size is fixed (BufferError)."""
        return memoryview(self._data)

    def tobytes(self) -> bytes:
        """The numbers' bytes, in this machine's order."""
        return bytes(self._data)


class CByteArray(_NumberArray, schema=0, library=True):
    """Bytes: COUNT, n bytes (AR-118)."""

    __slots__ = ()

    _typecode = "B"

    def __bytes__(self) -> bytes:
        return self.tobytes()

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.write_array(BYTE, self._data)
        else:
            self._data = self._stored(ar.read_array(BYTE))


class CWordArray(_NumberArray, schema=0, library=True):
    """16-bit numbers without sign: COUNT, n WORDs (AR-119)."""

    __slots__ = ()

    _typecode = "H"

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.write_array(WORD, self._data)
        else:
            self._data = self._stored(ar.read_array(WORD))


class CDWordArray(_NumberArray, schema=0, library=True):
    """32-bit numbers without sign: COUNT, n DWORDs (AR-120)."""

    __slots__ = ()

    _typecode = "I"

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.write_array(DWORD, self._data)
        else:
            self._data = self._stored(ar.read_array(DWORD))


class CUIntArray(_NumberArray):
    """32-bit numbers without sign that have no Serialize of their own: nothing is stored (AR-132)."""

    __slots__ = ()

    _typecode = "I"


# --- the others -----------------------------------------------------------------------------------------


class CStringArray(ArrayBase[str], schema=0, library=True):
    """Strings: COUNT, n STRINGs (AR-121)."""

    __slots__ = ()

    _default = ""

    def _check(self, value: str) -> str:
        return check_text(value)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_each(ar, self._data, ar.WriteCString)
        else:
            self._data = load_each(ar, ar.ReadCount(), 1, ar.ReadCString)


class CObArray(ArrayBase[Any], schema=0, library=True):
    """Objects: COUNT, n OBJECTs (AR-122). Elements are a `CObject` or None each."""

    __slots__ = ()

    _element: ClassVar[type[CObject] | None] = None
    """What loading requests; a typed array asks for its own class."""

    def _check(self, value: Any) -> Any:
        return check_object(value, self._element)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_each(ar, self._data, ar.WriteObject)
        else:
            count = ar.ReadCount()
            ar.check_count(count, 2)
            requested = self._element
            self._data = [ar.ReadObject(requested) for _ in range(count)]


class CPtrArray(ArrayBase[Any]):
    """Pointers, here any Python objects. It has no Serialize of its own: nothing is stored (AR-132)."""

    __slots__ = ()


def check_text(value: str) -> str:
    """A str, or TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"expected a str, not {type(value).__name__}")
    return value


def check_object(value: Any, cls: type[CObject] | None) -> Any:
    """A CObject (of class `cls`, if given) or None, or TypeError."""
    if value is not None and not isinstance(value, cls or CObject):
        raise TypeError(f"expected a {(cls or CObject).__name__} or None, not {type(value).__name__}")
    return value
