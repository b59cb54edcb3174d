from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar, overload

from typing_extensions import Buffer, disjoint_base

from .classes import _O, ClassRegistry, CObject, CRuntimeClass, ObjectType, Value, _Class
from .graph import Graph
from .wire import WCHAR, Box, CString, CStringA, CStringW, FloatBox, IntBox, bool_

_T_co = TypeVar("_T_co", covariant=True)
_T = TypeVar("_T")

class _Loads(Protocol[_T_co]):
    """A wire type that says how it is loaded: a value type, or a descriptor such as `list_of(CString)`."""

    def __mfc_load__(self, ar: CArchive, /) -> _T_co: ...

class _LoadsItself(Protocol):
    """The same of a class whose objects are the values; to mypy one with several constructors is no `_Loads`."""

    @classmethod
    def __mfc_load__(cls, ar: CArchive, /) -> Self: ...

_Made = TypeVar("_Made", bound=_LoadsItself)

class Record(Value, metaclass=ObjectType):
    """Base of what an archive stores by value only: headers, messages, parts of objects.

    There are no tags. Its fields are declared::

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
    def __mfc_check__(cls, ar: CArchive, value: object, /) -> None: ...
    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Self, /) -> None: ...

@disjoint_base
class CArchive(Graph):
    """Stores values and objects to a file, or loads them, as the bytes that MFC's CArchive makes (AR-1).

    `file` is a CFile, CMemFile or anything like them, a binary Python file, or for loading any bytes-like
    object. `mode` is `CArchive.load` or `CArchive.store`, optionally with `bNoFlushOnDelete` or
    `bNoByteSwap`. `nBufSize` is in bytes, at least 128; `lpBuf` a writable buffer of that size to use in place
    of one of its own. The file is neither opened, owned nor closed.

    - `unicode`: CString and text lines are UTF-16 (a Unicode build), else of the code page `encoding` with
      the error policy `errors`. `encoding="cp1252"` is Windows' own, without undefined bytes (AR-60).
    - `profile`: "mfc6", "mfc8" or "mfc9"; `bits`: 32 or 64, the build that is imitated; `map_order`: None,
      "mfc6" or "mfc9" (AR-147).
    - `faithful=True` reproduces MFC's quirks, `canonical=True` refuses over-long forms on loading.
    - `allow`: which classes the stream may create. None: those that derive from the class asked for, and the
      library's collections; "registered": all registered ones; a set of classes: those, what derives from
      them, and the library's collections (AR-186). `registry`: where names are looked up.
    - `schemas`: what the schema of a class is in this archive, a dict: to store an older format (AR-89, AR-102).
    - `read_ahead=False` never asks the file for more than an item needs.
    - `max_string`, `max_count`, `max_total`, `max_objects`, `max_classes`, `max_depth`, `max_dense`: limits
      against hostile streams, None for none (AR-179 to AR-184; the properties say what each means).

    `m_pDocument` is yours, as in MFC: whatever `Serialize` has to know of its document; None at first.
    `m_bForceFlat`, True, is MFC's, and nothing here looks at it.

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
        schemas: Mapping[_Class, int] | None = None,
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
    def limits(self) -> dict[str, int | None]:
        """All limits by name, as a new dict."""
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
    def read(self, T: type[_Made], /) -> _Made: ...
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
    def read_list(self, T: type[_Made], n: int, /) -> list[_Made]: ...
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
