"""MFC's lists: `CStringList`, `CObList`, `CPtrList`.

Adding and removing at a POSITION takes the same time anywhere. They are Python sequences as
well; an index walks there from the nearer end. C++ moves a POSITION through a reference; here `GetNext` and
`GetPrev` return the value and the position after it:

    pos = names.GetHeadPosition()
    while pos is not None:
        name, pos = names.GetNext(pos)
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from copy import deepcopy
from operator import index as as_index
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, Self, SupportsIndex, TypeVar, cast, overload

from ._core.classes import CObject
from ._core.collect import POSITION, Chain
from ._core.errors import CInvalidArgException
from .arrays import check_object, check_text
from .copies import new_like, reduced
from .portions import load_each, store_each

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["POSITION", "CObList", "CPtrList", "CStringList", "ListBase"]

T = TypeVar("T")


class _Kept:
    """What a list keeps, apart: in ListBase itself type checkers would take it for a declared field."""

    __slots__ = ()

    _chain: Chain


class ListBase(CObject, _Kept, MutableSequence[T], dynamic=False):
    """What all lists share. Subclasses say what an element is."""

    __slots__ = ("__weakref__", "_chain")

    __hash__ = None  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._chain = Chain()
        return self

    def __init__(self, elements: Iterable[T] = ()) -> None:
        self.extend(elements)

    _very: ClassVar[bool] = False
    """Whether `Find` looks for the very object."""

    def _check(self, value: T) -> T:
        """The value as it is kept; TypeError if it cannot be an element."""
        return value

    def _is_list(self, value: object) -> bool:
        """Whether `AddHead` and `AddTail` take a value for a list whose elements are meant, as C++ would."""
        return isinstance(value, ListBase) and (
            isinstance(value, type(self)) or isinstance(self, type(value))
        )

    # --- MFC's members --------------------------------------------------------------------------------

    def GetCount(self) -> int:
        """The number of elements."""
        return len(self._chain)

    GetSize = GetCount

    def IsEmpty(self) -> bool:
        return not len(self._chain)

    def GetHead(self) -> T:
        """The first element; CInvalidArgException if there is none."""
        return cast(T, self._chain.item(0) if len(self._chain) else self._end(None))

    def GetTail(self) -> T:
        """The last element; CInvalidArgException if there is none."""
        return cast(T, self._chain.item(len(self._chain) - 1) if len(self._chain) else self._end(None))

    def _end(self, position: POSITION | None) -> POSITION:
        if position is None:
            raise CInvalidArgException(f"this {type(self).__name__} is empty")
        return position

    @overload
    def AddHead(self, newElement: T) -> POSITION: ...
    @overload
    def AddHead(self, newElement: ListBase[T]) -> None: ...
    def AddHead(self, newElement: T | ListBase[T]) -> POSITION | None:
        """Put an element in front and return its position; or all elements of another list of this kind.

        As in C++ a list is always taken for its elements; `insert(0, x)` puts the list itself in.
        """
        if self._is_list(newElement):
            for value in reversed([self._check(value) for value in cast("ListBase[T]", newElement)]):
                self._chain.prepend(value)
            return None
        return self._chain.prepend(self._check(cast(T, newElement)))

    @overload
    def AddTail(self, newElement: T) -> POSITION: ...
    @overload
    def AddTail(self, newElement: ListBase[T]) -> None: ...
    def AddTail(self, newElement: T | ListBase[T]) -> POSITION | None:
        """Put an element at the end and return its position; or all elements of another list of this kind.

        As in C++ a list is always taken for its elements; `append(x)` puts the list itself in.
        """
        if self._is_list(newElement):
            self.extend(cast("ListBase[T]", newElement))
            return None
        return self._chain.append(self._check(cast(T, newElement)))

    def RemoveHead(self) -> T:
        """Take the first element away and return it; CInvalidArgException if there is none."""
        return cast(T, self._chain.remove(self._end(self._chain.first())))

    def RemoveTail(self) -> T:
        """Take the last element away and return it; CInvalidArgException if there is none."""
        return cast(T, self._chain.remove(self._end(self._chain.last())))

    def RemoveAll(self) -> None:
        """Remove all elements; their positions become invalid."""
        self._chain.clear()

    def GetHeadPosition(self) -> POSITION | None:
        return self._chain.first()

    def GetTailPosition(self) -> POSITION | None:
        return self._chain.last()

    def GetNext(self, rPosition: POSITION | None) -> tuple[T, POSITION | None]:
        """The element at a position, and the next position (None at the end)."""
        return self._chain.forward(rPosition)

    def GetPrev(self, rPosition: POSITION | None) -> tuple[T, POSITION | None]:
        """The element at a position, and the previous position (None at the beginning)."""
        return self._chain.backward(rPosition)

    def GetAt(self, position: POSITION | None) -> T:
        return cast(T, self._chain.get(position))

    def SetAt(self, pos: POSITION | None, newElement: T) -> None:
        self._chain.set(pos, self._check(newElement))

    def RemoveAt(self, position: POSITION | None) -> None:
        self._chain.remove(position)

    def InsertBefore(self, position: POSITION | None, newElement: T) -> POSITION:
        """Insert in front of a position (None: at the head); returns the new position."""
        return self._chain.insert_before(position, self._check(newElement))

    def InsertAfter(self, position: POSITION | None, newElement: T) -> POSITION:
        """Insert behind a position (None: at the tail); returns the new position."""
        return self._chain.insert_after(position, self._check(newElement))

    def Find(self, searchValue: T, startAfter: POSITION | None = None) -> POSITION | None:
        """The position of the first element behind startAfter that is the value; None if there is none."""
        return self._chain.find(searchValue, startAfter, self._very)

    def FindIndex(self, nIndex: int) -> POSITION | None:
        """The position of the element at an index, None if there is none."""
        return self._chain.at(nIndex)

    # --- Python's sequence ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._chain)

    def __iter__(self) -> Iterator[T]:
        """Elements may come and go meanwhile: what is added ahead is met, what is removed is not."""
        return iter(self._chain)

    def __reversed__(self) -> Iterator[T]:
        return reversed(self._chain)

    def _place(self, index: SupportsIndex) -> int:
        """An index from the beginning; IndexError if there is no element."""
        number = as_index(index)
        place = number + len(self) if number < 0 else number
        if not 0 <= place < len(self):
            raise IndexError(f"index {number} is not in a {type(self).__name__} of {len(self)} elements")
        return place

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | Self:
        if isinstance(index, slice):
            return self._made(list(self)[index])
        return cast(T, self._chain.item(self._place(index)))

    @overload
    def __setitem__(self, index: SupportsIndex, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        """Assigning to a slice makes the positions of the whole list invalid."""
        if not isinstance(index, slice):
            place, value = self._place(index), self._check(value)
            flat = self._chain.own()
            if flat is not None:
                flat[place] = value
            else:
                self._chain.set(self._chain.at(place), value)
            return
        values = list(self)
        values[index] = [self._check(one) for one in value]
        self._chain.clear()
        self._chain.extend(values)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        flat = self._chain.own()
        if flat is not None:
            del flat[index if isinstance(index, slice) else self._place(index)]
            return
        if not isinstance(index, slice):
            self._chain.remove(self._chain.at(self._place(index)))
            return
        gone = range(len(self))[index]
        position = self._chain.first()
        for number in range(len(self)):
            here = position
            _, position = self._chain.forward(here)
            if number in gone:
                self._chain.remove(here)

    def insert(self, index: SupportsIndex, value: T) -> None:
        number, value = as_index(index), self._check(value)
        place = max(0, number + len(self)) if number < 0 else number
        flat = self._chain.own()
        if place >= len(self):
            self._chain.push(value)
        elif flat is not None:
            flat.insert(place, value)
        else:
            self._chain.insert_before(self._chain.at(place), value)

    def append(self, value: T) -> None:
        self._chain.push(self._check(value))

    def extend(self, values: Iterable[T]) -> None:
        self._chain.extend([self._check(value) for value in values])

    def clear(self) -> None:
        self.RemoveAll()

    def reverse(self) -> None:
        self[:] = list(reversed(self))

    def _made(self, values: list[T]) -> Self:
        """Another list of this type, of values that are known to fit."""
        made = type(self)()
        made._chain.extend(values)
        return made

    def copy(self) -> Self:
        return self._made(list(self))

    def __copy__(self) -> Self:
        twin = new_like(self, "_chain")
        twin._chain.extend(list(self))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = new_like(self, "_chain", memo=memo)
        for value in self:
            twin._chain.push(deepcopy(value, memo))
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return *reduced(self, "_chain"), iter(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sequence | array) and not isinstance(other, str):
            return len(self) == len(other) and list(self) == list(other)
        return NotImplemented

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


class CStringList(ListBase[str], schema=0, library=True):
    """Strings: COUNT, n STRINGs, head to tail (AR-123). Loading appends (AR-137)."""

    __slots__ = ()

    def _check(self, value: str) -> str:
        return check_text(value)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_each(ar, self, ar.WriteCString)
        else:
            self._chain.extend(load_each(ar, ar.ReadCount(), 1, ar.ReadCString))


class CObList(ListBase[Any], schema=0, library=True):
    """Objects: COUNT, n OBJECTs, head to tail (AR-124). Elements are a `CObject` or None each.

    Loading appends (AR-137). `Find` looks for the very object.
    """

    __slots__ = ()

    _element: ClassVar[type[CObject] | None] = None
    """What loading requests; a typed list asks for its own class."""

    _very = True

    def _check(self, value: Any) -> Any:
        return check_object(value, self._element)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_each(ar, self, ar.WriteObject)
        else:
            count = ar.ReadCount()
            ar.check_count(count, 2)
            requested = self._element
            self._chain.extend([ar.ReadObject(requested) for _ in range(count)])


class CPtrList(ListBase[Any]):
    """Pointers, here any Python objects. It has no Serialize of its own: nothing is stored (AR-132)."""

    __slots__ = ()
