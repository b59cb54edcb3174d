"""MFC's maps: `CMapStringToString`, `CMapStringToOb`, `CMapWordToOb`, and those to and from pointers.

They are Python mappings in the order of insertion that also bear MFC's members. What C++ delivers through
references is returned: `Lookup` gives the value or None, `GetNextAssoc` the next position, the key and the
value:

    pos = map.GetStartPosition()
    while pos is not None:
        pos, key, value = map.GetNextAssoc(pos)
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)
from copy import deepcopy
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, final

from ._core.classes import CObject
from ._core.errors import CInvalidArgException
from .arrays import check_object, check_text
from .copies import new_like, reduced
from .maporder import DEFAULT_TABLE, in_bucket_order, number_hash, text_hash
from .portions import load_pairs, store_pairs

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = [
    "CMapPtrToPtr",
    "CMapPtrToWord",
    "CMapStringToOb",
    "CMapStringToPtr",
    "CMapStringToString",
    "CMapWordToOb",
    "CMapWordToPtr",
    "MapBase",
    "MapPosition",
]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@final
class MapPosition(Generic[K]):
    """A place in the walk over one map: what `GetStartPosition` and `GetNextAssoc` give."""

    __slots__ = ("_index", "_keys", "_map")

    def __init__(self, of: MapBase[K, Any], keys: list[K], index: int) -> None:
        self._map = of
        self._keys = keys
        self._index = index


class _Kept(Generic[K, V]):
    """What a map keeps, apart: in MapBase itself type checkers would take it for declared fields."""

    __slots__ = ()

    _items: dict[K, V]
    _table: int


class MapBase(CObject, _Kept[K, V], MutableMapping[K, V], dynamic=False):
    """What all maps share. Subclasses say what keys and values are."""

    __slots__ = ("__weakref__", "_items", "_table")

    _default: ClassVar[Any] = None
    """What `operator[]` of C++ makes of a new key; see `setdefault`."""

    __hash__ = None  # type: ignore[assignment]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._items = {}
        self._table = DEFAULT_TABLE
        return self

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self.update(items)

    def _check_key(self, key: K) -> K:
        """The key as it is kept; TypeError or OverflowError if it cannot be one."""
        return key

    def _check_value(self, value: V) -> V:
        """The value as it is kept; TypeError or OverflowError if it cannot be one."""
        return value

    # --- MFC's members --------------------------------------------------------------------------------

    def GetCount(self) -> int:
        """The number of elements."""
        return len(self._items)

    GetSize = GetCount

    def IsEmpty(self) -> bool:
        return not self._items

    def Lookup(self, key: K) -> V | None:
        """The value of a key, None if there is none. Where None may be a value, ask `key in map`."""
        return self._items.get(key)

    def LookupKey(self, key: K) -> K | None:
        """The key as the map holds it, None if it does not."""
        return key if key in self._items else None

    def SetAt(self, key: K, newValue: V) -> None:
        """Set the value of a key, new or not; an old key keeps its place (AR-141)."""
        self[key] = newValue

    def RemoveKey(self, key: K) -> bool:
        """Remove a key; False if it was not there."""
        if key not in self._items:
            return False
        del self._items[key]
        return True

    def RemoveAll(self) -> None:
        self._items.clear()

    def GetStartPosition(self) -> MapPosition[K] | None:
        """Where a walk begins, None if the map is empty.

        The walk goes over the keys of this moment: removing any on the way is fine, later ones are not met.
        """
        return MapPosition(self, list(self._items), 0) if self._items else None

    def GetNextAssoc(self, rNextPosition: MapPosition[K] | None) -> tuple[MapPosition[K] | None, K, V]:
        """The next position (None at the end), and the key and value at this one."""
        position = rNextPosition
        if not isinstance(position, MapPosition) or position._map is not self:
            raise CInvalidArgException(
                f"a position of this {type(self).__name__} is needed, not {position!r}"
            )
        keys, index = position._keys, position._index
        if keys[index] not in self._items:
            raise CInvalidArgException(f"the key of this position, {keys[index]!r}, was removed")
        following: MapPosition[K] | None = None
        for later in range(index + 1, len(keys)):
            if keys[later] in self._items:
                following = MapPosition(self, keys, later)
                break
        return following, keys[index], self._items[keys[index]]

    def PGetFirstAssoc(self) -> tuple[K, V] | None:
        """The first key and value, None if the map is empty. (C++ returns a pointer to both.)"""
        return next(iter(self._items.items()), None)

    def PLookup(self, key: K) -> tuple[K, V] | None:
        """A key and its value, None if it is not there. (C++ returns a pointer to both.)"""
        return (key, self._items[key]) if key in self._items else None

    def InitHashTable(self, hashSize: int, bAllocNow: bool = True) -> None:
        """Set the number of buckets; it shows in the stored order only (AR-141). The map must be empty."""
        if self._items:
            raise CInvalidArgException(
                f"InitHashTable needs an empty map, this one has {len(self._items)} elements"
            )
        if hashSize < 1:
            raise CInvalidArgException(f"a map cannot have {hashSize} buckets")
        self._table = hashSize

    def GetHashTableSize(self) -> int:
        """The number of buckets."""
        return self._table

    # --- Python's mapping -----------------------------------------------------------------------------

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._items[self._check_key(key)] = self._check_value(value)

    def __delitem__(self, key: K) -> None:
        del self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __reversed__(self) -> Iterator[K]:
        return reversed(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def keys(self) -> KeysView[K]:
        return self._items.keys()

    def values(self) -> ValuesView[V]:
        return self._items.values()

    def items(self) -> ItemsView[K, V]:
        return self._items.items()

    def setdefault(self, key: K, default: V | None = None) -> V:
        """As of a dict; without a default, MFC's `operator[]`: a new key gets "", 0 or None."""
        if key not in self._items:
            self[key] = self._default if default is None else default
        return self._items[key]

    def clear(self) -> None:
        self.RemoveAll()

    def copy(self) -> Self:
        twin = type(self)(self)
        twin._table = self._table
        return twin

    def __copy__(self) -> Self:
        twin = new_like(self, "_items")
        twin._items.update(self._items)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = new_like(self, "_items", memo=memo)
        for key, value in self._items.items():
            twin._items[deepcopy(key, memo)] = deepcopy(value, memo)
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return *reduced(self, "_items"), None, iter(self._items.items())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MapBase):
            return self._items == other._items
        return self._items == dict(other) if isinstance(other, Mapping) else NotImplemented

    @recursive_repr("...")
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"

    # --- wire -----------------------------------------------------------------------------------------

    def _hash_of(self, ar: CArchive) -> Callable[[K], int]:
        """MFC's hash of keys, for an archive that asks for its order."""
        raise NotImplementedError

    def _stored_keys(self, ar: CArchive) -> Iterable[K]:
        """The keys in the order in which they are stored: of insertion, or MFC's (AR-147)."""
        if ar.map_order is None:
            return self._items
        return in_bucket_order(self._items, self._hash_of(ar), self._table)


class _TextKeys(MapBase[str, V], dynamic=False):
    """Keys are strings."""

    __slots__ = ()

    def _check_key(self, key: str) -> str:
        return check_text(key)

    def _hash_of(self, ar: CArchive) -> Callable[[str], int]:
        return text_hash(ar)


class _WordKeys(MapBase[int, V], dynamic=False):
    """Keys are numbers of 16 bits without sign."""

    __slots__ = ()

    def _check_key(self, key: int) -> int:
        return _word(key)

    def _hash_of(self, ar: CArchive) -> Callable[[int], int]:
        return number_hash(ar, 16)


def _word(value: int) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected a WORD, not {type(value).__name__}")
    if not 0 <= value <= 0xFFFF:
        raise OverflowError(f"a WORD is 0 to 65535, not {value}")
    return value


class _ObjectValues(MapBase[K, Any], dynamic=False):
    """Values are `CObject`s or None."""

    __slots__ = ()

    _element: ClassVar[type[CObject] | None] = None
    """What loading requests; a typed map asks for its own class."""

    def _check_value(self, value: Any) -> Any:
        return check_object(value, self._element)


class CMapStringToString(_TextKeys[str], schema=0, library=True):
    """Strings to strings: COUNT, n times STRING, STRING (AR-127). Loading merges (AR-137)."""

    __slots__ = ()

    _default = ""

    def _check_value(self, value: str) -> str:
        return check_text(value)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_pairs(ar, self._items, self._stored_keys(ar), ar.WriteCString, ar.WriteCString)
        else:
            load_pairs(ar, 2, ar.ReadCString, ar.ReadCString, self._items)


class CMapStringToOb(_ObjectValues[str], _TextKeys[Any], schema=0, library=True):
    """Strings to objects: COUNT, n times STRING, OBJECT (AR-126). Loading merges (AR-137)."""

    __slots__ = ()

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_pairs(ar, self._items, self._stored_keys(ar), ar.WriteCString, ar.WriteObject)
        else:
            requested = self._element
            load_pairs(ar, 3, ar.ReadCString, lambda: ar.ReadObject(requested), self._items)


class CMapWordToOb(_ObjectValues[int], _WordKeys[Any], schema=0, library=True):
    """WORDs to objects: COUNT, n times WORD, OBJECT (AR-125). Loading merges (AR-137)."""

    __slots__ = ()

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            store_pairs(ar, self._items, self._stored_keys(ar), ar.WriteWORD, ar.WriteObject)
        else:
            requested = self._element
            load_pairs(ar, 4, ar.ReadWORD, lambda: ar.ReadObject(requested), self._items)


class CMapPtrToPtr(MapBase[Any, Any]):
    """Pointers, here any hashable objects, to any objects. Nothing of it is stored (AR-132)."""

    __slots__ = ()


class CMapPtrToWord(MapBase[Any, int]):
    """Pointers, here any hashable objects, to WORDs. Nothing of it is stored (AR-132)."""

    __slots__ = ()

    _default = 0

    def _check_value(self, value: int) -> int:
        return _word(value)


class CMapWordToPtr(_WordKeys[Any]):
    """WORDs to any objects. Nothing of it is stored (AR-132)."""

    __slots__ = ()


class CMapStringToPtr(_TextKeys[Any]):
    """Strings to any objects. Nothing of it is stored (AR-132)."""

    __slots__ = ()
