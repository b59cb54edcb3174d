"""MFC's template collections, and wire types for collections in typed reads.

    stars = CArray[WORD]([1, 2]);  names = CList[CString]();  index = CMap[DWORD, CString]()
    shapes = CTypedPtrArray[CObArray, CShape]()
    ar.read(array_of(DOUBLE));  ar.write({"a": 1}, map_of(CString, INT))

The type in brackets says how elements lie on the wire: a box class (`WORD`), Python's `int`, `float`, `bool`,
`str` for what `ar << value` makes of them, `struct.Struct("<BxxxI")`, a ctypes structure, a numpy dtype, a
value type, a `CObject` class for objects by pointer, or any type with `__mfc_load__` and `__mfc_store__`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

from ._core.classes import CObject, CRuntimeClass, default_registry
from ._core.wire import BYTE, DWORD, INT, LONG, LONGLONG, SHORT, UINT, ULONGLONG, WORD
from .arrays import ArrayBase, CObArray, CPtrArray, check_object
from .checks import check_parts
from .elements import Element, element
from .lists import CObList, CPtrList, ListBase
from .maporder import DEFAULT_TABLE, in_bucket_order
from .maps import (
    CMapPtrToPtr,
    CMapPtrToWord,
    CMapStringToOb,
    CMapStringToPtr,
    CMapWordToOb,
    CMapWordToPtr,
    MapBase,
)
from .portions import check_unchanged, load_pairs, store_pairs

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = [
    "CArray",
    "CList",
    "CMap",
    "CTypedPtrArray",
    "CTypedPtrList",
    "CTypedPtrMap",
    "array_of",
    "by_value",
    "fixed",
    "list_of",
    "map_of",
    "raw",
    "ref",
]

B = TypeVar("B")
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


# --- classes made by subscription -----------------------------------------------------------------------

_made: dict[tuple[type, tuple[Any, ...]], type] = {}


def _name(parameter: Any) -> str:
    return parameter.__name__ if isinstance(parameter, type) else repr(parameter)


def _make(
    template: type, parameters: tuple[Any, ...], bases: tuple[type, ...], members: dict[str, Any]
) -> type:
    """The class for a template with its parameters: always the same one."""
    key = (template, parameters)
    if key not in _made:
        name = f"{template.__name__}[{', '.join(map(_name, parameters))}]"
        members |= {
            "__slots__": (),
            "_template": key,
            "__module__": template.__module__,
            "__doc__": template.__doc__,
        }
        _made[key] = types.new_class(name, bases, {"dynamic": False}, lambda names: names.update(members))
    return _made[key]


def _remade(template: Any, parameters: tuple[Any, ...]) -> Any:
    """For pickle: such classes have no name that it could import."""
    return template[parameters if len(parameters) > 1 else parameters[0]]()


def _parameters(template: type, given: Any, count: int) -> tuple[Any, ...]:
    parameters = given if isinstance(given, tuple) else (given,)
    if len(parameters) != count:
        raise TypeError(f"{template.__name__} takes {count} type parameters, not {len(parameters)}")
    return parameters


class _Template(CObject, dynamic=False):
    """A class that is complete only with parameters: `CArray[WORD]`, not `CArray`."""

    __slots__ = ()

    _template: ClassVar[tuple[type, tuple[Any, ...]] | None] = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls._template is None:
            raise TypeError(f"{cls.__name__} needs its element types: {cls.__name__}[...]()")
        return super().__new__(cls, *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        made: Any = super().__reduce__()
        return (_remade, self._template, *made[2:]) if "_template" in vars(type(self)) else made


class _ByBody(_Template, dynamic=False):
    """Stored by body only (AR-139), so that is what `ar.read(CArray[WORD])` and a field of that type mean."""

    __slots__ = ()

    __mfc_min_size__ = 2

    @classmethod
    def __mfc_check__(cls, ar: CArchive, value: Any) -> None:
        if not isinstance(value, cls):
            _need_sized(value)
            cls(value)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Any) -> None:
        (value if isinstance(value, cls) else cls(value)).Serialize(ar)

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        self = cls()
        self.Serialize(ar)
        return self


class CArray(_ByBody, ArrayBase[Any], CObject, Generic[T], dynamic=False):
    """`CArray<T>`: COUNT, then the elements as one block (AR-128). Not to be stored by pointer (AR-139)."""

    __slots__ = ()

    _element: ClassVar[Element]

    def __class_getitem__(cls, parameter: Any) -> Any:
        if isinstance(parameter, TypeVar):
            return cls  # a generic alias in somebody's annotations
        (wire,) = _parameters(cls, parameter, 1)
        return _make(cls, (wire,), (cls,), {"_element": element(wire)})

    def _check(self, value: Any) -> Any:
        return self._element.check(value)

    def _filled(self, count: int) -> Iterable[Any]:
        return [self._element.default() for _ in range(count)]

    def Serialize(self, ar: CArchive) -> None:
        kind = self._element
        if ar.IsStoring():
            count = len(self._data)
            ar.WriteCount(count)
            kind.store(ar, self._data)
            check_unchanged(count, len(self._data))
        else:
            count = ar.ReadCount()
            ar.check_count(count, kind.min_size)
            self._data = list(kind.load(ar, count))


class CList(_ByBody, ListBase[Any], CObject, Generic[T], dynamic=False):
    """`CList<T>`: COUNT, then the elements, head to tail (AR-129). Loading appends (AR-137).

    It cannot be stored by pointer (AR-139).
    """

    __slots__ = ()

    _element: ClassVar[Element]

    def __class_getitem__(cls, parameter: Any) -> Any:
        if isinstance(parameter, TypeVar):
            return cls
        (wire,) = _parameters(cls, parameter, 1)
        return _make(cls, (wire,), (cls,), {"_element": element(wire)})

    def _check(self, value: Any) -> Any:
        return self._element.check(value)

    def Serialize(self, ar: CArchive) -> None:
        kind = self._element
        if ar.IsStoring():
            values = list(self)
            ar.WriteCount(len(values))
            kind.store(ar, values)
            check_unchanged(len(values), len(self))
        else:
            count = ar.ReadCount()
            ar.check_count(count, kind.min_size)
            self._chain.extend(list(kind.load(ar, count)))


class CMap(_ByBody, MapBase[Any, Any], CObject, Generic[K, V], dynamic=False):
    """`CMap<K, ..., V, ...>`: COUNT, then key and value by turns (AR-130). Loading merges (AR-137).

    It cannot be stored by pointer (AR-139). With `map_order` keys must be numbers or strings.
    """

    __slots__ = ()

    _key: ClassVar[Element]
    _value: ClassVar[Element]

    def __class_getitem__(cls, parameter: Any) -> Any:
        parameters = _parameters(cls, parameter, 2)
        if any(isinstance(one, TypeVar) for one in parameters):
            return cls
        key, value = map(element, parameters)
        _need_hashable(key)
        return _make(cls, parameters, (cls,), {"_key": key, "_value": value})

    def _check_key(self, key: Any) -> Any:
        return self._key.check(key)

    def _check_value(self, value: Any) -> Any:
        return self._value.check(value)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return super().setdefault(key, self._value.default() if default is None else default)

    def _hash_of(self, ar: CArchive) -> Callable[[Any], int]:
        return self._key.hash_of(ar)

    def Serialize(self, ar: CArchive) -> None:
        if ar.IsStoring():
            _store_pairs(ar, self._key, self._value, self._stored_keys(ar), self._items)
        else:
            _load_pairs(ar, self._key, self._value, self._items)


def _need_hashable(key: Element) -> None:
    try:
        hash(key.default())
    except TypeError:
        raise TypeError(
            f"values of {key!r} can be changed, so they are no keys: take struct.Struct or a number type"
        ) from None


def _store_pairs(
    ar: CArchive, key: Element, value: Element, keys: Iterable[Any], items: Mapping[Any, Any]
) -> None:
    store_pairs(ar, items, keys, partial(key.store_one, ar), partial(value.store_one, ar))


def _load_pairs(ar: CArchive, key: Element, value: Element, into: dict[Any, Any]) -> None:
    load_pairs(
        ar, key.min_size + value.min_size, partial(key.load_one, ar), partial(value.load_one, ar), into
    )


# --- typed pointers -------------------------------------------------------------------------------------


class _TypedPtr(_Template, dynamic=False):
    """What the typed pointer templates share: elements of one class, or None."""

    __slots__ = ()

    _bases: ClassVar[tuple[type, ...]]
    _element: ClassVar[Any]

    @classmethod
    def _typed(cls, base: Any, wanted: Any, parameters: tuple[Any, ...]) -> Any:
        if not isinstance(base, type) or not issubclass(base, cls._bases):
            raise TypeError(
                f"{cls.__name__} is based on {' or '.join(b.__name__ for b in cls._bases)}, not {base!r}"
            )
        if not isinstance(wanted, type) or (hasattr(base, "_element") and not issubclass(wanted, CObject)):
            raise TypeError(f"the elements of {base.__name__} are objects of a CObject class, not {wanted!r}")
        return _make(cls, parameters, (cls, base), {"_element": wanted})

    def _of_class(self, value: Any) -> Any:
        if value is not None and not isinstance(value, self._element):
            raise TypeError(f"expected a {self._element.__name__} or None, not {type(value).__name__}")
        return value


class CTypedPtrArray(_TypedPtr, ArrayBase[T], CObject, Generic[B, T], dynamic=False):
    """`CTypedPtrArray<CObArray, CFoo*>`: on the wire, by pointer too, its base (AR-131, AR-139)."""

    __slots__ = ()

    _bases = (CObArray, CPtrArray)

    def __class_getitem__(cls, parameters: Any) -> Any:
        base, wanted = _parameters(cls, parameters, 2)
        return cls._typed(base, wanted, (base, wanted))

    def _check(self, value: T) -> T:
        return cast(T, self._of_class(value))


class CTypedPtrList(_TypedPtr, ListBase[T], CObject, Generic[B, T], dynamic=False):
    """`CTypedPtrList<CObList, CFoo*>`: on the wire, by pointer too, its base (AR-131, AR-139)."""

    __slots__ = ()

    _bases = (CObList, CPtrList)

    def __class_getitem__(cls, parameters: Any) -> Any:
        base, wanted = _parameters(cls, parameters, 2)
        return cls._typed(base, wanted, (base, wanted))

    def _check(self, value: T) -> T:
        return cast(T, self._of_class(value))


class CTypedPtrMap(_TypedPtr, MapBase[K, V], CObject, Generic[B, K, V], dynamic=False):
    """`CTypedPtrMap<CMapStringToOb, CString, CFoo*>`: stored as its base (AR-131, AR-139)."""

    __slots__ = ()

    _bases = (CMapStringToOb, CMapWordToOb, CMapPtrToPtr, CMapPtrToWord, CMapWordToPtr, CMapStringToPtr)

    def __class_getitem__(cls, parameters: Any) -> Any:
        base, key, wanted = _parameters(cls, parameters, 3)
        return cls._typed(base, wanted, (base, key, wanted))

    def _check_value(self, value: V) -> V:
        return cast(V, self._of_class(value))


# --- wire types for typed reads -------------------------------------------------------------------------


class _Descriptor:
    """A wire type that is not a class: something for `ar.read`, `ar.write` and `field`."""

    __mfc_min_size__: int = 2

    def __init__(self, spelling: str) -> None:
        self._spelling = spelling

    def __repr__(self) -> str:
        return self._spelling


class _Counted(_Descriptor):
    """What has a number of elements: MFC's COUNT before them (None), a number of another type, always the
    same, or a field before."""

    def __init__(self, spelling: str, count: Any) -> None:
        super().__init__(spelling if count is None else f"{spelling[:-1]}, count={_name(count)})")
        if count is not None and not isinstance(count, str) and count not in _COUNTS:
            raise TypeError(
                f"a count is of an integer type such as BYTE, or the name of a field, not {count!r}"
            )
        self.count = count
        self.__mfc_min_size__ = 2 if count is None else 0 if isinstance(count, str) else _COUNTS[count]

    def _store_count(self, ar: CArchive, count: int) -> None:
        if self.count is None:
            ar.WriteCount(count)
        else:
            ar.write(count, self._count_type())

    def _load_count(self, ar: CArchive, min_size: int) -> int:
        count: int = ar.ReadCount() if self.count is None else ar.read(self._count_type())
        ar.check_count(count, min_size)
        return count

    def _count_type(self) -> Any:
        if isinstance(self.count, str):
            raise TypeError(f"{self!r} is counted by a field, so it means nothing outside of a class")
        return self.count


_COUNTS = {BYTE: 1, WORD: 2, SHORT: 2, LONG: 4, INT: 4, DWORD: 4, UINT: 4, LONGLONG: 8, ULONGLONG: 8}


def _need_sized(value: Any) -> None:
    """What can be looked at twice."""
    if isinstance(value, str | bytes) or not hasattr(value, "__len__") or not hasattr(value, "__iter__"):
        raise TypeError(f"need a list, got {type(value).__name__}")


class _SequenceOf(_Counted):
    def __init__(self, spelling: str, wire: Any, count: Any = None) -> None:
        super().__init__(spelling, count)
        self.wire = wire
        self._element = element(wire)

    def __mfc_default__(self) -> list[Any]:
        return []

    def __mfc_check__(self, ar: CArchive, values: Any) -> None:
        _need_sized(values)
        for value in values:
            self._element.check_stored(ar, value)

    def __mfc_store__(self, ar: CArchive, values: Iterable[Any]) -> None:
        values = values if isinstance(values, Sequence) else list(values)
        checked = [self._element.check(value) for value in values]
        self._store_count(ar, len(checked))
        self._element.store(ar, checked)

    def __mfc_load__(self, ar: CArchive) -> Any:
        return self._element.load(ar, self._load_count(ar, self._element.min_size))


def array_of(wire: Any, count: Any = None) -> Any:
    """COUNT and that many elements, read into a new `list` (of a numpy dtype: an array); AR-128.

    `count` for programs that count in another way: an integer type such as BYTE, or in a declared class the
    name of the field that is their `count_of`. For whole arrays of numbers without a Python object each, see
    `ar.read_array`.
    """
    return _SequenceOf(f"array_of({_name(wire)})", wire, count)


def list_of(wire: Any, count: Any = None) -> Any:
    """COUNT and that many elements, read into a new `list`; AR-129. The same bytes as `array_of`."""
    return _SequenceOf(f"list_of({_name(wire)})", wire, count)


class _Raw(_Counted):
    def __init__(self, count: Any) -> None:
        self.length = count if isinstance(count, int) else None
        super().__init__("raw()", None if self.length is not None else count)
        self._spelling = f"raw({_name(count)})"
        if self.length is not None:
            if self.length < 0:
                raise ValueError(f"there cannot be {count} bytes")
            self.__mfc_min_size__ = max(1, self.length)

    def __mfc_default__(self) -> bytes:
        return bytes(self.length or 0)

    def __mfc_check__(self, ar: CArchive, value: Any) -> None:
        if not isinstance(value, bytes | bytearray):
            raise TypeError(f"{self!r} takes bytes, not {type(value).__name__}")
        if self.length is not None and len(value) != self.length:
            raise ValueError(f"{self!r} takes {self.length} bytes, not {len(value)}")

    def __mfc_store__(self, ar: CArchive, value: bytes) -> None:
        self.__mfc_check__(ar, value)
        if self.length is None:
            self._store_count(ar, len(value))
        ar.Write(value)

    def __mfc_load__(self, ar: CArchive) -> bytes:
        return ar.EnsureRead(self._load_count(ar, 1) if self.length is None else self.length)


def raw(count: Any) -> Any:
    """Bytes as they are: always as many, or with a number of an integer type before them, or in a declared
    class as many as its field of that name says."""
    return _Raw(count)


class _MapOf(_Descriptor):
    def __init__(self, key: Any, value: Any) -> None:
        super().__init__(f"map_of({_name(key)}, {_name(value)})")
        self._key, self._value = element(key), element(value)
        _need_hashable(self._key)

    def __mfc_default__(self) -> dict[Any, Any]:
        return {}

    def __mfc_check__(self, ar: CArchive, items: Any) -> None:
        if not hasattr(items, "items"):
            raise TypeError(f"need a dict, got {type(items).__name__}")
        for key, value in items.items():
            self._key.check_stored(ar, key)
            self._value.check_stored(ar, value)

    def __mfc_store__(self, ar: CArchive, items: Mapping[Any, Any]) -> None:
        checked = {self._key.check(key): self._value.check(value) for key, value in items.items()}
        keys: Iterable[Any] = checked
        if ar.map_order is not None:
            keys = in_bucket_order(checked, self._key.hash_of(ar), getattr(items, "_table", DEFAULT_TABLE))
        _store_pairs(ar, self._key, self._value, keys, checked)

    def __mfc_load__(self, ar: CArchive) -> dict[Any, Any]:
        items: dict[Any, Any] = {}
        _load_pairs(ar, self._key, self._value, items)
        return items


def map_of(key: Any, value: Any) -> Any:
    """COUNT and that many pairs, read into a new `dict` (AR-130); of repeated keys the last wins (AR-138)."""
    return _MapOf(key, value)


class _Fixed(_Descriptor):
    def __init__(self, wire: Any, count: int) -> None:
        super().__init__(f"fixed({_name(wire)}, {count})")
        if count < 0:
            raise ValueError(f"an array cannot have {count} elements")
        self.wire, self.count = wire, count
        self._element, self._count = element(wire), count
        self.__mfc_min_size__ = max(1, count * self._element.min_size)

    def __mfc_default__(self) -> list[Any]:
        return [self._element.default() for _ in range(self._count)]

    def __mfc_check__(self, ar: CArchive, values: Any) -> None:
        _need_sized(values)
        if len(values) != self._count:
            raise ValueError(f"{self!r} takes {self._count} elements, not {len(values)}")
        for value in values:
            self._element.check_stored(ar, value)

    def __mfc_store__(self, ar: CArchive, values: Iterable[Any]) -> None:
        checked = [self._element.check(value) for value in values]
        if len(checked) != self._count:
            raise ValueError(f"{self!r} takes {self._count} elements, not {len(checked)}")
        self._element.store(ar, checked)

    def __mfc_load__(self, ar: CArchive) -> Any:
        ar.check_count(self._count, self._element.min_size)
        return self._element.load(ar, self._count)


def fixed(wire: Any, count: int) -> Any:
    """A C array `T a[count]`: the elements alone, without a count."""
    return _Fixed(wire, count)


class _ByValue(_Descriptor):
    __mfc_min_size__ = 1  # a body may be empty, but then no count of them deserves belief

    def __init__(self, cls: type[CObject]) -> None:
        if not isinstance(cls, type) or not issubclass(cls, CObject):
            raise TypeError(f"by_value takes a CObject class, not {cls!r}")
        super().__init__(f"by_value({cls.__name__})")
        self.cls = self._cls = cls

    def __mfc_default__(self) -> CObject:
        if hasattr(self._cls, "__mfc_plan__"):
            return self._cls()  # declared fields have defaults, which only a constructor gives
        return _new_member(self._cls)

    def __mfc_check__(self, ar: CArchive, value: Any) -> None:
        if not isinstance(value, self._cls):
            raise TypeError(f"expected a {self._cls.__name__}, not {type(value).__name__}")
        check_parts(ar, value)

    def __mfc_store__(self, ar: CArchive, value: CObject) -> None:
        if not isinstance(value, self._cls):
            raise TypeError(f"expected a {self._cls.__name__}, not {type(value).__name__}")
        value.Serialize(ar)

    def __mfc_load__(self, ar: CArchive) -> CObject:
        value = _new_member(self._cls)
        value.Serialize(ar)
        return value


def _new_member(cls: type[CObject]) -> CObject:
    """As archives create objects (AR-206), but of any class: a member needs no run-time class of its own."""
    value = cls.__new__(cls)
    prepare = getattr(value, "__mfc_init__", None)
    if prepare is not None:
        prepare()
    return value


def by_value(cls: type[CObject]) -> Any:
    """An object that is a member or element itself, not a pointer: its body alone, without tags (AR-113)."""
    return _ByValue(cls)


class _Ref(_Descriptor):
    """A pointer; the class may be named before it exists."""

    def __init__(self, cls: Any) -> None:
        name = "" if cls is None else repr(cls) if isinstance(cls, str) else cls.__name__
        super().__init__(f"ref({name})")
        self.target = cls

    def __mfc_default__(self) -> None:
        return None

    def resolved(self, names: Mapping[str, Any]) -> type[CObject]:
        """The class itself, by the names that are known where it was named, else by the registered ones."""
        if self.target is None:
            return CObject
        if isinstance(self.target, str):
            found = names.get(self.target)
            if found is None and self.target in default_registry:
                found = cast(CRuntimeClass, default_registry.lookup(self.target)).cls
            if not isinstance(found, type) or not issubclass(found, CObject):
                raise NameError(f"{self!r}: {self.target!r} is no CObject class that can be found")
            self.target = found
        return cast("type[CObject]", self.target)

    def __mfc_check__(self, ar: CArchive, value: Any) -> None:
        check_object(value, self.resolved({}))

    def __mfc_store__(self, ar: CArchive, value: CObject | None) -> None:
        ar.WriteObject(check_object(value, self.resolved({})))

    def __mfc_load__(self, ar: CArchive) -> CObject | None:
        cls = self.resolved({})
        return ar.ReadObject(None if cls is CObject else cls)


def ref(cls: type[CObject] | str | None = None) -> Any:
    """A pointer to an object of that class or one derived from it, or null (AR-80, AR-93).

    A class may be named that comes later. Without a class, a field takes it from its annotation.
    """
    if (
        cls is not None
        and not isinstance(cls, str)
        and not (isinstance(cls, type) and issubclass(cls, CObject))
    ):
        raise TypeError(f"ref takes a CObject class or its name, not {cls!r}")
    return _Ref(cls)
