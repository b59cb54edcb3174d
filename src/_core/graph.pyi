from abc import ABCMeta
from collections.abc import Callable, Iterable, Iterator
from types import GenericAlias
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer, dataclass_transform, disjoint_base

from pysock.fields import field

from .transact import Transactional
from .wire import WCHAR, Box, CString, CStringA, CStringW, FloatBox, IntBox, bool_

VERSIONABLE_SCHEMA: Final[int]
default_registry: Final[ClassRegistry]

_T_co = TypeVar("_T_co", covariant=True)
_T = TypeVar("_T")
_O = TypeVar("_O", bound=CObject)
_Class: TypeAlias = type[CObject] | CRuntimeClass

class _Loads(Protocol[_T_co]):
    """A wire type that says how it is loaded: a value type, or a descriptor such as `list_of(CString)`."""

    def __mfc_load__(self, ar: CArchive, /) -> _T_co: ...

def RUNTIME_CLASS(cls: _Class, /) -> CRuntimeClass:
    """The CRuntimeClass of a class derived from CObject."""

@final
class CRuntimeClass:
    """What MFC knows of a class at run time (AR-114): name, schema, base, and how to create one.

    There is one for `CObject` and for each class derived from it; `RUNTIME_CLASS(cls)` gives it. Two are the
    same only if they are identical; the name does not count.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def m_lpszClassName(self) -> str: ...
    @property
    def cls(self) -> type[CObject]: ...
    @property
    def m_pBaseClass(self) -> CRuntimeClass | None: ...
    @property
    def m_wSchema(self) -> int: ...
    @m_wSchema.setter
    def m_wSchema(self, value: int) -> None: ...
    @property
    def creatable(self) -> bool: ...
    @property
    def library(self) -> bool: ...
    @property
    def name(self) -> bytes | None: ...
    @property
    def m_nObjectSize(self) -> int: ...
    @property
    def m_pfnCreateObject(self) -> Any: ...
    def CreateObject(self) -> CObject:
        """A new object as loading makes it: `__new__` without arguments, then `__mfc_init__()` if the class
        has that (AR-206). CMemoryException if the class cannot be created (AR-106)."""

    def IsDerivedFrom(self, pBaseClass: _Class) -> bool:
        """True if this is `pBaseClass` (a class or run-time class) or derives from it (AR-116)."""

    @staticmethod
    def FromName(name: str) -> CRuntimeClass | None:
        """The class that was registered last under that name, None if there is none (AR-100)."""

@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
class ObjectType(ABCMeta):
    """The type of CObject, of Record, and of the classes derived from them: makes slots of declared fields.

    A slot has to be there when a class comes into being, so no `__init_subclass__` could do it.
    """

    _declare: ClassVar[Any]

@disjoint_base
class Program: ...

class Object:
    def Serialize(self, ar: CArchive, /) -> None:
        """Store or load the object's own data; override it. This one does nothing (AR-113)."""

    def GetRuntimeClass(self) -> CRuntimeClass:
        """The object's CRuntimeClass."""

    def IsKindOf(self, pClass: _Class) -> bool:
        """True if the object is of `pClass` (a class or run-time class) or of one derived from it
        (AR-116)."""

    def IsSerializable(self) -> bool:
        """True if the object's class has a schema, so that a pointer to it can be stored."""

class CObject(Object, metaclass=ObjectType):
    """Base of everything that an archive stores by pointer.

    Class keywords take the place of MFC's macros (AR-115, AR-205):

        class CFoo(CObject, schema=1):  # as DECLARE_SERIAL and IMPLEMENT_SERIAL(CFoo, CObject, 1)
            def Serialize(self, ar):
                if ar.IsStoring():
                    ar.WriteLONG(self.v)
                else:
                    self.v = ar.ReadLONG()

    `schema` a number 0..65535 makes the class archivable, `versionable=True` (or `schema=VERSIONABLE_SCHEMA |
    n`) lets it load other schemas; `name` is the name in the stream if not the Python name; `dyncreate=True`
    makes a class creatable that has no schema; `abstract=True` one that cannot be created;
    `dynamic=False` gives no run-time class of its own: objects are stored as their base. `registry` is where
    the name goes: a ClassRegistry of your own instead of the default one, or False for none at all (objects
    can be stored but not loaded).
    """

    def __init_subclass__(
        cls,
        *,
        schema: int | None = None,
        name: str | None = None,
        versionable: bool = False,
        dyncreate: bool = False,
        dynamic: bool = True,
        abstract: bool = False,
        registry: ClassRegistry | Literal[False] | None = None,
        library: bool = False,
        eq: bool = False,
        schema_of: Callable[[CArchive], int] | None = None,
        **kwargs: Any,
    ) -> None: ...

class Value:
    def Serialize(self, ar: CArchive, /) -> None:
        """Store or load the record's fields."""

class Record(Value, metaclass=ObjectType):
    """Base of what an archive stores by value only: headers, messages, parts of objects. There are no tags.

    class Header(Record):
        magic: int = field(DWORD)
        name: str = field(CString)

    ar.write(Header(magic=1, name="x"));  header = ar.read(Header)
    """

    def __init_subclass__(
        cls, *, eq: bool = False, schema_of: Callable[[CArchive], int] | None = None, **kwargs: Any
    ) -> None: ...
    @classmethod
    def __mfc_load__(cls, ar: CArchive, /) -> Self: ...
    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Self, /) -> None: ...

@final
class ClassRegistry:
    """Names under which a stream may ask for classes (AR-100).

    The default one holds every class with a schema that did not name another; `CArchive(registry=...)` takes
    a private one. A program's own classes hide the library's collections of the same name; `library=False`
    leaves those out.
    """

    def __init__(self, library: bool = True) -> None: ...
    def register(self, cls: type[_O]) -> type[_O]:
        """Make a class with a schema known here too, and return it (so that it serves as a decorator)."""

    def unregister(self, cls: _Class) -> None:
        """Forget a class; nothing happens if another has its name by now."""

    def lookup(self, name: str | bytes) -> CRuntimeClass | None:
        """The CRuntimeClass of that name, None if there is none."""

    def __contains__(self, name: str | bytes, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

class ObjRef(Generic[_O]):
    """A box for an object pointer: `ref = ObjRef(CFoo); ar >> ref; ref.value` (AR-200).

    `cls` is the class that is asked for; CObject takes what the archive admits.
    """

    value: _O | None
    @overload
    def __init__(self, cls: type[_O], value: _O | None = None) -> None: ...
    @overload
    def __init__(
        self: ObjRef[CObject], cls: CRuntimeClass | type[CObject] = ..., value: CObject | None = None
    ) -> None: ...
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    def __mfc_extract__(self, ar: CArchive) -> None: ...
    @classmethod
    def __mfc_store__(cls, ar: CArchive, ref: ObjRef[Any] | CObject | None) -> None: ...

@disjoint_base
class CArchive(Transactional):
    """Stores values and objects to a file, or loads them, as the bytes that MFC's CArchive makes (AR-1).

    `file` is a CFile, CMemFile or anything like them, a binary Python file, or for loading any bytes-like
    object. `mode` is `CArchive.load` or `CArchive.store`, optionally with `bNoFlushOnDelete` or
    `bNoByteSwap`. `nBufSize` is at least 128; `lpBuf` a writable buffer of that size to use in place of one
    of its own. The file is neither opened, owned nor closed.

    - `unicode`: CString and text lines are UTF-16 (a Unicode build), else of the code page `encoding` with
      the error policy `errors`. `encoding="cp1252"` is Windows' own, without undefined bytes (AR-60).
    - `profile`: "mfc6", "mfc8" or "mfc9"; `bits`: 32 or 64, the build that is imitated; `map_order`: None,
      "mfc6" or "mfc9" (AR-147).
    - `faithful=True` reproduces MFC's quirks, `canonical=True` refuses over-long forms on loading (10.7).
    - `allow`: which classes the stream may create. None: those that derive from the class asked for, and the
      library's collections; "registered": all registered ones; a set of classes: those, what derives from
      them, and the library's collections (AR-186). `registry`: where names are looked up.
    - `read_ahead=False` never asks the file for more than an item needs.
    - `max_string`, `max_count`, `max_total`, `max_objects`, `max_classes`, `max_depth`, `max_dense`: limits
      against hostile streams, None for none (AR-179 to AR-184; the properties say what each means).

    As a context manager it closes on success and aborts on an exception (AR-209).
    """

    store: ClassVar[int]
    load: ClassVar[int]
    bNoFlushOnDelete: ClassVar[int]
    bNoByteSwap: ClassVar[int]
    m_pDocument: Any
    m_bForceFlat: bool
    def __init__(
        self,
        file: Any,
        mode: int,
        nBufSize: int = 4096,
        lpBuf: Buffer | None = None,
        *,
        unicode: bool = True,
        encoding: str = "cp1252",
        errors: str = "strict",
        profile: Literal["mfc6", "mfc8", "mfc9"] = "mfc9",
        faithful: bool = False,
        canonical: bool = False,
        map_order: Literal["mfc6", "mfc9"] | None = None,
        allow: Literal["registered"] | Iterable[_Class] | None = None,
        registry: ClassRegistry | None = None,
        read_ahead: bool = True,
        bits: Literal[32, 64] = 32,
        max_string: int | None = 16777216,
        max_count: int | None = 16777216,
        max_total: int | None = 268435456,
        max_objects: int | None = 1000000,
        max_classes: int | None = 1024,
        max_depth: int | None = 200,
        max_dense: int | None = 65536,
    ) -> None: ...
    def __del__(self) -> None: ...
    @property
    def allow(self) -> Literal["registered"] | tuple[CRuntimeClass, ...] | None:
        """Which classes the stream may create: None, "registered" or a tuple of run-time classes (AR-186)."""

    @allow.setter
    def allow(self, value: Literal["registered"] | Iterable[_Class] | None) -> None: ...
    @property
    def registry(self) -> ClassRegistry:
        """Where class names are looked up."""

    @property
    def limits(self) -> dict[str, int | None]:
        """All limits by name, as a new dict."""

    @property
    def max_objects(self) -> int | None:
        """Most entries of the map on loading, None for no limit (AR-182)."""

    @max_objects.setter
    def max_objects(self, value: int | None) -> None: ...
    @property
    def max_classes(self) -> int | None:
        """Most class records on loading, None for no limit (AR-183)."""

    @max_classes.setter
    def max_classes(self, value: int | None) -> None: ...
    @property
    def max_depth(self) -> int | None:
        """How deep objects may be nested on loading, None for Python's own recursion limit (AR-184)."""

    @max_depth.setter
    def max_depth(self, value: int | None) -> None: ...
    @property
    def max_dense(self) -> int | None:
        """How many more objects the stream may make than it has had groups of 8 bytes, None for no limit. Two
        bytes make an object of a hundred or more: this keeps the memory in proportion to the input."""

    @max_dense.setter
    def max_dense(self, value: int | None) -> None: ...
    def SetLoadParams(self, nGrowBy: int = 1024) -> None:
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""

    def SetStoreParams(self, nHashSize: int = 2053, nBlockSize: int = 128) -> None:
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""

    def WriteObject(self, pOb: CObject | None, /) -> None:
        """Store a pointer: null, a reference to what was stored before, or class tag and object (AR-80 to
        AR-85).

        CNotSupportedException if the object's class has no schema.
        """

    @overload
    def ReadObject(self, pClass: type[_O], /) -> _O | None:
        """Load a pointer: None, an object loaded before, or a new one (AR-93 to AR-106).

        `pClass` is the class (or CRuntimeClass) it must be of or derive from; None does not check, and
        creates only what `allow` admits. badIndex, badClass, badSchema as in MFC; CMemoryException for a
        class that cannot be created; CNotSupportedException if `pClass` has no schema.
        """

    @overload
    def ReadObject(self, pClass: CRuntimeClass | None = None, /) -> CObject | None: ...
    def WriteClass(self, pClass: _Class | None, /) -> None:
        """Store a class tag alone (AR-107). badClass for None, CNotSupportedException for a class without a
        schema."""

    def ReadClass(
        self, pClass: _Class | None = None, pSchema: IntBox | None = None, pObTag: IntBox | None = None
    ) -> CRuntimeClass | None:
        """Load a class tag alone and return its CRuntimeClass (AR-108, AR-109, AR-226).

        The schema goes to the box `pSchema` (a UINT), else GetObjectSchema answers it once. An object's tag
        is badIndex, unless there is a box `pObTag` (a DWORD): then it gets the object's index and the result
        is None. For a class it gets 0x80000000 | index, for a new class record 0x80007FFF.
        """

    def SerializeClass(self, pClass: _Class, /) -> None:
        """WriteClass or ReadClass by direction; gives a base class its own schema (AR-110)."""

    def MapObject(self, pOb: CObject | None, /) -> None:
        """Give an object the next index without storing or loading anything; both sides must do it at the
        same point. None only makes sure that there is a map (AR-111)."""

    def GetObjectSchema(self) -> int:
        """The schema of the object that is being loaded: once, then 0xFFFFFFFF (AR-104). `object_schema` can
        be read any number of times."""

    def SetObjectSchema(self, nSchema: int, /) -> None:
        """Make `nSchema` what GetObjectSchema answers next (AR-104)."""

    @property
    def object_schema(self) -> int | None:
        """The schema of the object that is being loaded, None outside of one (AR-207)."""

    def _set_map_count(self, n: int, /) -> None: ...
    def _state(self) -> dict[str, int]: ...
    def __lshift__(self, other: Any, /) -> Self:
        """`ar << value`: a box as its type, bool as C++ bool, int as LONG, float as double, str as CString,
        None and CObject as object pointers, value types as theirs. Returns the archive (AR-193 to AR-199)."""

    def __rlshift__(self, other: Any, /) -> Any: ...
    def __rshift__(self, other: Any, /) -> Self:
        """`ar >> box` loads into a box. Returns the archive (AR-200, AR-201)."""

    def __rrshift__(self, other: Any, /) -> Any: ...
    @overload
    def read(self, T: type[WCHAR] | type[CString] | type[CStringA] | type[CStringW], /) -> str:  # type: ignore[overload-overlap]
        """Load one value of the wire type `T` and return it: int, float, bool or str for the scalar and
        string types, an object or None for classes derived from CObject, and what they say for value types
        and descriptors such as `list_of(CString)` (AR-200)."""

    @overload
    def read(self, T: type[bool_], /) -> bool: ...
    @overload
    def read(self, T: type[IntBox], /) -> int: ...
    @overload
    def read(self, T: type[FloatBox], /) -> float: ...
    @overload
    def read(self, T: _Loads[_T], /) -> _T: ...
    @overload
    def read(self, T: type[_O], /) -> _O | None: ...
    @overload
    def read(self, T: CRuntimeClass, /) -> CObject | None: ...
    @overload
    def read_list(  # type: ignore[overload-overlap]
        self, T: type[WCHAR] | type[CString] | type[CStringA] | type[CStringW], n: int, /
    ) -> list[str]:
        """Load `n` values of the wire type `T` into a new list, without a count before them.

        endOfFile at once if the stream is known to be shorter than that many, ArchiveLimitError above
        max_count (AR-180, AR-187). For a count in the stream there is `ar.read(list_of(T))`.
        """

    @overload
    def read_list(self, T: type[bool_], n: int, /) -> list[bool]: ...
    @overload
    def read_list(self, T: type[IntBox], n: int, /) -> list[int]: ...
    @overload
    def read_list(self, T: type[FloatBox], n: int, /) -> list[float]: ...
    @overload
    def read_list(self, T: _Loads[_T], n: int, /) -> list[_T]: ...
    @overload
    def read_list(self, T: type[_O], n: int, /) -> list[_O | None]: ...
    @overload
    def read_list(self, T: CRuntimeClass, n: int, /) -> list[CObject | None]: ...
    def write_list(self, values: Iterable[Any], T: Any = None) -> None:
        """Store every value of an iterable as the wire type `T`, or as `ar << value` would without one; no
        count."""

    def read_columns(self, T: type[Record], n: int, /) -> dict[str, Any]:
        """Load `n` records of the class `T` into columns: a dict with an array of numbers for each scalar
        field and a list for any other.

        The arrays are numpy's where numpy is installed, else `array.array`. Limits are those of `read_list`.
        """

    def write(self, value: Any, T: type[Box] | _Class | Any = None) -> None:
        """Store one value as the wire type `T`, or as `ar << value` would without one."""
