"""MFC's lists: `CStringList`, `CObList`, `CPtrList`.

Doubly linked: adding and removing at a POSITION takes the same time anywhere. They are Python sequences as
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
from typing import TYPE_CHECKING, Any, ClassVar, Self, SupportsIndex, TypeVar, cast, final, overload

from ._core.errors import CInvalidArgException
from ._core.graph import CObject
from .arrays import check_object, check_text

if TYPE_CHECKING:
    from ._core.graph import CArchive

__all__ = ["POSITION", "CObList", "CPtrList", "CStringList", "ListBase"]

T = TypeVar("T")


@final
class POSITION:
    """A place in one list. It stays good while other elements come and go, until its own is removed."""

    __slots__ = ("_list", "_next", "_prev", "_value")
    _list: object  # the list's mark: one that is not the list's any more makes the position invalid
    _next: POSITION | None
    _prev: POSITION | None
    _value: Any

    def __init__(self) -> None:
        raise TypeError("positions come from a list: GetHeadPosition, AddTail, Find, ...")


def _new_position(mark: object, value: Any) -> POSITION:
    node = POSITION.__new__(POSITION)
    node._list = mark
    node._next = node._prev = None
    node._value = value
    return node


class ListBase(CObject, MutableSequence[T], dynamic=False):
    """What all lists share."""

    _head: POSITION | None
    _tail: POSITION | None
    _count: int
    _mark: object

    __hash__ = None  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.RemoveAll()
        return self

    def __init__(self, elements: Iterable[T] = ()) -> None:
        self.extend(elements)

    def _check(self, value: T) -> T:
        """The value as it is kept; TypeError if it cannot be an element."""
        return value

    def _is_list(self, value: object) -> bool:
        """Whether `AddHead` and `AddTail` take a value for a list whose elements are meant, as C++ would."""
        return isinstance(value, ListBase) and (
            isinstance(value, type(self)) or isinstance(self, type(value))
        )

    # --- nodes ----------------------------------------------------------------------------------------

    def _node(self, position: POSITION | None) -> POSITION:
        if not isinstance(position, POSITION):
            what = "NULL" if position is None else type(position).__name__
            raise CInvalidArgException(f"a POSITION of this {type(self).__name__} is needed, not {what}")
        if position._list is not self._mark:
            raise CInvalidArgException(f"this POSITION is not, or no longer, of this {type(self).__name__}")
        return position

    def _link(self, value: T, before: POSITION | None) -> POSITION:
        """A new node in front of another, or at the end."""
        node = _new_position(self._mark, value)
        prev = self._tail if before is None else before._prev
        node._prev, node._next = prev, before
        if prev is None:
            self._head = node
        else:
            prev._next = node
        if before is None:
            self._tail = node
        else:
            before._prev = node
        self._count += 1
        return node

    def _unlink(self, node: POSITION) -> T:
        prev, next_ = node._prev, node._next
        if prev is None:
            self._head = next_
        else:
            prev._next = next_
        if next_ is None:
            self._tail = prev
        else:
            next_._prev = prev
        self._count -= 1
        node._list = node._next = node._prev = None
        value = node._value
        node._value = None
        return cast(T, value)

    def _nodes(self) -> Iterator[POSITION]:
        node = self._head
        while node is not None:
            following = node._next  # so that the current one may be removed
            yield node
            node = following

    def _walk(self, index: int) -> POSITION:
        """The node at an index that is in range, from the nearer end."""
        if index < self._count // 2:
            node = self._head
            for _ in range(index):
                node = cast(POSITION, node)._next
        else:
            node = self._tail
            for _ in range(self._count - 1 - index):
                node = cast(POSITION, node)._prev
        return cast(POSITION, node)

    # --- MFC's members --------------------------------------------------------------------------------

    def GetCount(self) -> int:
        """The number of elements."""
        return self._count

    GetSize = GetCount

    def IsEmpty(self) -> bool:
        return self._count == 0

    def GetHead(self) -> T:
        """The first element; CInvalidArgException if there is none."""
        return cast(T, self._end(self._head)._value)

    def GetTail(self) -> T:
        """The last element; CInvalidArgException if there is none."""
        return cast(T, self._end(self._tail)._value)

    def _end(self, node: POSITION | None) -> POSITION:
        if node is None:
            raise CInvalidArgException(f"this {type(self).__name__} is empty")
        return node

    @overload
    def AddHead(self, newElement: T) -> POSITION: ...
    @overload
    def AddHead(self, newElement: ListBase[T]) -> None: ...
    def AddHead(self, newElement: T | ListBase[T]) -> POSITION | None:
        """Put an element in front and return its position; or all elements of another list of this kind.

        As in C++ a list is always taken for its elements; `insert(0, x)` puts the list itself in.
        """
        if self._is_list(newElement):
            first = self._head
            for value in list(cast("ListBase[T]", newElement)):
                self._link(self._check(value), first)
            return None
        return self._link(self._check(cast(T, newElement)), self._head)

    @overload
    def AddTail(self, newElement: T) -> POSITION: ...
    @overload
    def AddTail(self, newElement: ListBase[T]) -> None: ...
    def AddTail(self, newElement: T | ListBase[T]) -> POSITION | None:
        """Put an element at the end and return its position; or all elements of another list of this kind.

        As in C++ a list is always taken for its elements; `append(x)` puts the list itself in.
        """
        if self._is_list(newElement):
            self.extend(list(cast("ListBase[T]", newElement)))
            return None
        return self._link(self._check(cast(T, newElement)), None)

    def RemoveHead(self) -> T:
        """Take the first element away and return it; CInvalidArgException if there is none."""
        return self._unlink(self._end(self._head))

    def RemoveTail(self) -> T:
        """Take the last element away and return it; CInvalidArgException if there is none."""
        return self._unlink(self._end(self._tail))

    def RemoveAll(self) -> None:
        """Remove all elements; their positions become invalid."""
        self._head = self._tail = None
        self._count = 0
        self._mark = object()

    def GetHeadPosition(self) -> POSITION | None:
        return self._head

    def GetTailPosition(self) -> POSITION | None:
        return self._tail

    def GetNext(self, rPosition: POSITION | None) -> tuple[T, POSITION | None]:
        """The element at a position, and the next position (None at the end)."""
        node = self._node(rPosition)
        return cast(T, node._value), node._next

    def GetPrev(self, rPosition: POSITION | None) -> tuple[T, POSITION | None]:
        """The element at a position, and the previous position (None at the beginning)."""
        node = self._node(rPosition)
        return cast(T, node._value), node._prev

    def GetAt(self, position: POSITION | None) -> T:
        return cast(T, self._node(position)._value)

    def SetAt(self, pos: POSITION | None, newElement: T) -> None:
        self._node(pos)._value = self._check(newElement)

    def RemoveAt(self, position: POSITION | None) -> None:
        self._unlink(self._node(position))

    def InsertBefore(self, position: POSITION | None, newElement: T) -> POSITION:
        """Insert in front of a position (None: at the head); returns the new position."""
        before = self._head if position is None else self._node(position)
        return self._link(self._check(newElement), before)

    def InsertAfter(self, position: POSITION | None, newElement: T) -> POSITION:
        """Insert behind a position (None: at the tail); returns the new position."""
        before = None if position is None else self._node(position)._next
        return self._link(self._check(newElement), before)

    def Find(self, searchValue: T, startAfter: POSITION | None = None) -> POSITION | None:
        """The position of the first element behind startAfter that is the value; None if there is none."""
        node = self._head if startAfter is None else self._node(startAfter)._next
        while node is not None:
            if self._same(node._value, searchValue):
                return node
            node = node._next
        return None

    def _same(self, value: Any, wanted: Any) -> bool:
        return value is wanted or bool(value == wanted)

    def FindIndex(self, nIndex: int) -> POSITION | None:
        """The position of the element at an index, None if there is none."""
        return self._walk(nIndex) if 0 <= nIndex < self._count else None

    # --- Python's sequence ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        node = self._head
        while node is not None:
            following = node._next
            yield node._value
            # go on from here if this element is still in: what was added behind it is seen too
            node = node._next if node._list is self._mark else following

    def __reversed__(self) -> Iterator[T]:
        node = self._tail
        while node is not None:
            previous = node._prev
            yield node._value
            node = node._prev if node._list is self._mark else previous

    def _index(self, index: SupportsIndex) -> POSITION:
        number = as_index(index)
        if number < 0:
            number += self._count
        if not 0 <= number < self._count:
            raise IndexError(f"index {as_index(index)} is not in a {type(self).__name__} of {self._count}")
        return self._walk(number)

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | Self:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return cast(T, self._index(index)._value)

    @overload
    def __setitem__(self, index: SupportsIndex, value: T) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[T]) -> None: ...
    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        """Assigning to a slice makes the positions of the whole list invalid."""
        if not isinstance(index, slice):
            self._index(index)._value = self._check(value)
            return
        values = list(self)
        values[index] = [self._check(one) for one in value]
        self.RemoveAll()
        self.extend(values)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        if not isinstance(index, slice):
            self._unlink(self._index(index))
            return
        gone = range(self._count)[index]
        for number, node in enumerate(self._nodes()):
            if number in gone:
                self._unlink(node)

    def insert(self, index: SupportsIndex, value: T) -> None:
        number = as_index(index)
        number = max(0, number + self._count) if number < 0 else number
        self._link(self._check(value), self._walk(number) if number < self._count else None)

    def append(self, value: T) -> None:
        self._link(self._check(value), None)

    def extend(self, values: Iterable[T]) -> None:
        for value in [self._check(value) for value in values]:
            self._link(value, None)

    def clear(self) -> None:
        self.RemoveAll()

    def copy(self) -> Self:
        return type(self)(self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = type(self)()
        memo[id(self)] = twin  # a list of objects may contain itself
        for value in self:
            twin._link(deepcopy(value, memo), None)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), None, iter(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sequence | array) and not isinstance(other, str):
            return len(self) == len(other) and list(self) == list(other)
        return NotImplemented

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


class CStringList(ListBase[str], schema=0, library=True):
    """Strings: COUNT, n STRINGs, head to tail (AR-123). Loading appends (AR-137)."""

    def _check(self, value: str) -> str:
        return check_text(value)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteCount(self._count)
            for text in self:
                ar.WriteCString(text)
        else:
            count = ar.ReadCount()
            ar.check_count(count, 1)
            for _ in range(count):
                self._link(ar.ReadCString(), None)


class CObList(ListBase[Any], schema=0, library=True):
    """Objects: COUNT, n OBJECTs, head to tail (AR-124). Elements are a `CObject` or None each.

    Loading appends (AR-137). `Find` looks for the very object.
    """

    _element: ClassVar[type[CObject] | None] = None
    """What loading requests; a typed list asks for its own class."""

    def _check(self, value: Any) -> Any:
        return check_object(value, self._element)

    def _same(self, value: Any, wanted: Any) -> bool:
        return value is wanted

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            ar.WriteCount(self._count)
            for element in self:
                ar.WriteObject(element)
        else:
            count = ar.ReadCount()
            ar.check_count(count, 2)
            requested = self._element
            for _ in range(count):
                self._link(ar.ReadObject(requested), None)


class CPtrList(ListBase[Any]):
    """Pointers, here any Python objects. It has no Serialize of its own: nothing is stored (AR-132)."""
