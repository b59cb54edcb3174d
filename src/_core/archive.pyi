from array import array
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol, Self, SupportsFloat, SupportsIndex, TypeVar, final, overload

from typing_extensions import Buffer, disjoint_base

_Text = TypeVar("_Text", bound=Buffer)

class _HasSize(Protocol):
    """A `struct.Struct`."""

    @property
    def size(self) -> int: ...

class _HasItemsize(Protocol):
    """A numpy dtype."""

    @property
    def itemsize(self) -> int: ...

def live_counts() -> dict[str, int]: ...

@disjoint_base
class Box:
    """Base of the scalar wire types: a mutable value of a known width (AR-193)."""

    def __init__(self) -> None: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

class IntBox(Box):
    def __init__(self, value: SupportsIndex = 0, /) -> None: ...
    @classmethod
    def wrap(cls, value: SupportsIndex, /) -> Self:
        """A box of `value` cut to the width, as C++ would do it (AR-194)."""

    @property
    def value(self) -> int: ...
    @value.setter
    def value(self, v: SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    def __index__(self) -> int: ...
    def __float__(self) -> float: ...

class FloatBox(Box):
    def __init__(self, value: SupportsFloat = 0.0, /) -> None: ...
    @property
    def value(self) -> float: ...
    @value.setter
    def value(self, v: SupportsFloat) -> None: ...
    def __int__(self) -> int: ...
    def __float__(self) -> float: ...

class StringBox(Box):
    def __init__(self, value: str = "", /) -> None: ...
    @property
    def value(self) -> str: ...
    @value.setter
    def value(self, v: str) -> None: ...
    def __len__(self) -> int: ...

@final
class BYTE(IntBox):
    """A box of an unsigned 8-bit number (`unsigned char`)."""

@final
class CHAR(IntBox):
    """A box of a signed 8-bit number (`char`)."""

@final
class BOOL(IntBox):
    """A box of Win32's `BOOL`, a 32-bit `int`."""

@final
class WORD(IntBox):
    """A box of an unsigned 16-bit number."""

@final
class SHORT(IntBox):
    """A box of a signed 16-bit number."""

@final
class LONG(IntBox):
    """A box of a signed 32-bit number (`long`, on 64-bit Windows too)."""

@final
class INT(IntBox):
    """A box of a signed 32-bit number (`int`)."""

@final
class DWORD(IntBox):
    """A box of an unsigned 32-bit number."""

@final
class UINT(IntBox):
    """A box of an unsigned 32-bit number (`unsigned`)."""

@final
class LONGLONG(IntBox):
    """A box of a signed 64-bit number."""

@final
class ULONGLONG(IntBox):
    """A box of an unsigned 64-bit number."""

@final
class bool_(IntBox):
    """A box of a C++ `bool`, one byte; not to be mixed up with the 4-byte `BOOL`."""

    def __init__(self, value: object = False, /) -> None: ...
    @property
    def value(self) -> bool: ...
    @value.setter
    def value(self, v: object) -> None: ...

@final
class WCHAR(IntBox):
    """A box of one UTF-16 unit (`wchar_t`); the value is a str of one character."""

    def __init__(self, value: str | SupportsIndex = 0, /) -> None: ...
    @property
    def value(self) -> str: ...  # type: ignore[override]
    @value.setter
    def value(self, v: str | SupportsIndex) -> None: ...

@final
class FLOAT(FloatBox):
    """A box of a 32-bit IEEE number; the value is rounded to it (AR-45)."""

@final
class DOUBLE(FloatBox):
    """A box of a 64-bit IEEE number (AR-45)."""

@final
class CString(StringBox):
    """A box of a counted string of the archive's own character type (AR-54)."""

@final
class CStringA(StringBox):
    """A box of a counted string of one-byte characters; the value may be bytes, which are stored as they
    are."""

    def __init__(self, value: str | bytes = "", /) -> None: ...
    @property
    def value(self) -> str | bytes: ...  # type: ignore[override]
    @value.setter
    def value(self, v: str | bytes) -> None: ...

@final
class CStringW(StringBox):
    """A box of a counted string of UTF-16 units (AR-52)."""

@disjoint_base
class Cursor:
    """The archive without its objects: everything up to bulk arrays and text lines. `CArchive` is built on
    it."""

    def Flush(self) -> None:
        """Storing: write what is buffered, in one call. Loading: move the file back over what is buffered and
        unread (AR-14, AR-15). The file itself is not flushed."""

    def Close(self) -> None:
        """Flush, then forget the file, which stays open. A second Close does nothing (AR-11)."""

    def Abort(self) -> None:
        """Forget the file without writing or moving anything; never raises (AR-12)."""

    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None: ...
    @property
    def closed(self) -> bool:
        """True after Close or Abort."""

    def IsLoading(self) -> bool:
        """True if this archive loads (AR-8)."""

    def IsStoring(self) -> bool:
        """True if this archive stores (AR-8)."""

    def IsBufferEmpty(self) -> bool:
        """Loading: no unread byte is buffered here or, where the file says so, in the file. Storing: the
        buffer is full (AR-8, AR-27)."""

    def IsByteSwapping(self) -> bool:
        """Always False: the stream is little-endian on every machine (AR-9)."""

    def GetFile(self) -> Any:
        """The file as it was given, None after Close or Abort (AR-8)."""

    @property
    def m_strFileName(self) -> str:
        """The file's path, "" if it has none (AR-3)."""

    @m_strFileName.setter
    def m_strFileName(self, value: str) -> None: ...
    @property
    def m_nMode(self) -> int:
        """The mode bits given at construction."""

    @property
    def unicode(self) -> bool:
        """True if the archive's own character is a UTF-16 unit, as in a Unicode build (AR-54)."""

    @unicode.setter
    def unicode(self, value: bool) -> None: ...
    @property
    def encoding(self) -> str:
        """The code page of one-byte text (AR-60)."""

    @encoding.setter
    def encoding(self, value: str) -> None: ...
    @property
    def errors(self) -> str:
        """What happens to text that the code page does not have: Python's "strict", "replace", ..."""

    @errors.setter
    def errors(self, value: str) -> None: ...
    @property
    def profile(self) -> str:
        """The MFC generation that is written: "mfc6", "mfc8" or "mfc9"."""

    @property
    def faithful(self) -> bool:
        """True if MFC's quirks are reproduced."""

    @property
    def map_order(self) -> str | None:
        """None, "mfc6" or "mfc9": the order in which maps are written (AR-147)."""

    @property
    def bits(self) -> int:
        """32 or 64: the width of counts and lengths in the build that is imitated."""

    @property
    def max_string(self) -> int | None:
        """Most units of a string, None for no limit (AR-179)."""

    @max_string.setter
    def max_string(self, value: int | None) -> None: ...
    @property
    def max_count(self) -> int | None:
        """Most elements of a collection, None for no limit (AR-180)."""

    @max_count.setter
    def max_count(self, value: int | None) -> None: ...
    @property
    def max_total(self) -> int | None:
        """Most bytes that one top-level read may take, None for no limit (AR-181)."""

    @max_total.setter
    def max_total(self, value: int | None) -> None: ...
    @property
    def offset(self) -> int:
        """Bytes of the stream loaded or stored so far, counted from where the archive began."""

    @overload
    def Read(self, buf: int, /) -> bytes:
        """Load raw bytes. `buf` is a number: up to that many, as bytes; or a writable buffer: fills it and
        returns the number of bytes. Fewer means the end of the stream; that is no error (AR-24, AR-51)."""

    @overload
    def Read(self, buf: Buffer, /) -> int: ...
    @overload
    def EnsureRead(self, buf: int, /) -> bytes:
        """Like Read, but endOfFile if the stream has fewer bytes (AR-25). A number returns bytes."""

    @overload
    def EnsureRead(self, buf: Buffer, /) -> int: ...
    def Write(self, data: Buffer, /) -> None:
        """Store the bytes of any contiguous bytes-like object, without a length (AR-18, AR-51)."""

    def FillBuffer(self, nBytesNeeded: int, /) -> None:
        """Make that many unread bytes stand in the buffer; endOfFile if the stream has fewer, bufferFull if
        the buffer cannot hold them (AR-19, AR-23)."""

    def ReadCount(self) -> int:
        """The number of elements that stands before a collection: 16, 32 or 64 bits (AR-71).
        ArchiveLimitError above max_count."""

    def WriteCount(self, n: SupportsIndex, /) -> None:
        """Store a number of elements in its shortest form (AR-70)."""

    def ReadStringLength(self) -> tuple[int, int]:
        """Marker and length of a counted string, any form: (units, bytes of a unit) (AR-56)."""

    def WriteStringLength(self, n: SupportsIndex, unicode: bool = False) -> None:
        """Store marker and length of a counted string in the shortest form (AR-52)."""

    def check_count(self, n: int, min_size: int = 1) -> int:
        """Check a count from the stream before anything is made for it, and return how many elements may be
        given room at once.

        ArchiveLimitError above max_count or max_total; endOfFile if the stream is known to be shorter than
        n * min_size bytes (AR-180, AR-187, AR-188).
        """

    def write_array(
        self, T: type[Box] | _HasSize | _HasItemsize | type[Any], buf: Buffer, count: bool = True
    ) -> None:
        """Store a whole array: its count (unless `count=False`), then its elements as they lie in memory
        (AR-214).

        `T` is a scalar wire type, or a structure with an explicit layout (`struct.Struct`, ctypes type, numpy
        dtype); `buf` any contiguous buffer of such items, or of bytes that are a whole number of them.
        TypeError if the items are something else, BufferError if they do not lie together.
        """

    @overload
    def read_array(
        self, T: type[IntBox | FloatBox], out: None = None, count: bool | int = True
    ) -> array[Any]:
        """Load a whole array (AR-214).

        `count=True`: the count stands in the stream; a number: that many elements; False or None: as many as
        fit into `out`. Without `out` the result is a new `array.array` (a bytearray for structures). With
        `out`, a writable contiguous buffer, that is filled and returned; ValueError if its length is not that
        of the data. endOfFile if the stream is shorter.
        """

    @overload
    def read_array(
        self,
        T: type[IntBox | FloatBox] | _HasSize | _HasItemsize | type[Any],
        out: _Text,
        count: bool | int | None = True,
    ) -> _Text: ...
    @overload
    def read_array(
        self, T: _HasSize | _HasItemsize | type[Any], out: None = None, count: bool | int = True
    ) -> Any: ...
    def WriteString(self, s: str | None, unicode: bool | None = None) -> None:
        """Store the characters of `s` up to its first NUL: no length, no NUL, no line end added; nothing for
        None (AR-63). `unicode` overrides the archive's setting (AR-69)."""

    @overload
    def ReadString(self, into: int | None = None, unicode: bool | None = None) -> str | None:
        """Load a line of text (AR-64 to AR-69).

        - `ReadString()`: the line without its line end, None at the end of the stream.
        - `ReadString(box)`, a `CString` box as in MFC: fills the box and returns True, or False at the end.
        - `ReadString(nMax)`: at most abs(nMax) characters; the rest of the line stays. The line end is taken,
          and returned only if nMax is negative. None at the end of the stream.

        As in MFC a line ends at LF or CR, and the character after a CR belongs to the line end whatever it
        is: the first two forms then keep it unless it is LF. `faithful=True` adds two more quirks of the
        first two forms: a NUL cuts the line (AR-68), and a last line without line end of 128, 256, ...
        characters is taken for the end of the stream (AR-67). See `ReadLine` for lines without surprises.
        """

    @overload
    def ReadString(self, into: StringBox, unicode: bool | None = None) -> bool: ...
    def ReadLine(self, unicode: bool | None = None) -> str | None:
        """The next line of text without its LF or CR LF, None at the end of the stream. A lone CR is a
        character."""

    def lines(self, unicode: bool | None = None) -> Iterator[str]:
        """Iterate over the lines up to the end of the stream, as `ReadLine` gives them (AR-202)."""

    def WriteBYTE(self, value: SupportsIndex, /) -> None:
        """Store an int 0..255: 1 byte (AR-43). OverflowError if it does not fit."""

    def ReadBYTE(self) -> int:
        """Load 1 byte: an int (AR-43). endOfFile if there are fewer."""

    def WriteCHAR(self, value: SupportsIndex, /) -> None:
        """Store an int -128..127: 1 byte (AR-43). OverflowError if it does not fit."""

    def ReadCHAR(self) -> int:
        """Load 1 byte: an int (AR-43). endOfFile if there are fewer."""

    def Writebool(self, value: object, /) -> None:
        """Store 1 if the value is true, else 0: 1 byte (AR-43)."""

    def Readbool(self) -> bool:
        """Load 1 byte: True or False (AR-43). endOfFile if there are fewer."""

    def WriteBOOL(self, value: SupportsIndex, /) -> None:
        """Store a 32-bit int; True is 1: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadBOOL(self) -> int:
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteWORD(self, value: SupportsIndex, /) -> None:
        """Store an int 0..65535: 2 bytes (AR-43). OverflowError if it does not fit."""

    def ReadWORD(self) -> int:
        """Load 2 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteSHORT(self, value: SupportsIndex, /) -> None:
        """Store an int -32768..32767: 2 bytes (AR-43). OverflowError if it does not fit."""

    def ReadSHORT(self) -> int:
        """Load 2 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteWCHAR(self, value: str | SupportsIndex, /) -> None:
        """Store a str of one UTF-16 unit, or its number: 2 bytes (AR-43). OverflowError if it does not
        fit."""

    def ReadWCHAR(self) -> str:
        """Load 2 bytes: a str of one unit (AR-43). endOfFile if there are fewer."""

    def WriteLONG(self, value: SupportsIndex, /) -> None:
        """Store a signed 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadLONG(self) -> int:
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteINT(self, value: SupportsIndex, /) -> None:
        """Store a signed 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadINT(self) -> int:
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteDWORD(self, value: SupportsIndex, /) -> None:
        """Store an unsigned 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadDWORD(self) -> int:
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteUINT(self, value: SupportsIndex, /) -> None:
        """Store an unsigned 32-bit int: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadUINT(self) -> int:
        """Load 4 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteLONGLONG(self, value: SupportsIndex, /) -> None:
        """Store a signed 64-bit int: 8 bytes (AR-43). OverflowError if it does not fit."""

    def ReadLONGLONG(self) -> int:
        """Load 8 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteULONGLONG(self, value: SupportsIndex, /) -> None:
        """Store an unsigned 64-bit int: 8 bytes (AR-43). OverflowError if it does not fit."""

    def ReadULONGLONG(self) -> int:
        """Load 8 bytes: an int (AR-43). endOfFile if there are fewer."""

    def WriteFLOAT(self, value: SupportsFloat | SupportsIndex, /) -> None:
        """Store a float, rounded to 32 bits: 4 bytes (AR-43). OverflowError if it does not fit."""

    def ReadFLOAT(self) -> float:
        """Load 4 bytes: a float (AR-43). endOfFile if there are fewer."""

    def WriteDOUBLE(self, value: SupportsFloat | SupportsIndex, /) -> None:
        """Store a float of 64 bits: 8 bytes (AR-43)."""

    def ReadDOUBLE(self) -> float:
        """Load 8 bytes: a float (AR-43). endOfFile if there are fewer."""

    def WriteCString(self, value: str, /) -> None:
        """Store a str as a counted string as the archive's `unicode` says (AR-52). UnicodeEncodeError by the
        policy `errors`."""

    def ReadCString(self) -> str:
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""

    def WriteCStringA(self, value: str | bytes, /) -> None:
        """Store a str as a counted string of one-byte characters (AR-52). bytes are stored as they are.
        UnicodeEncodeError by the policy `errors`."""

    def ReadCStringA(self) -> str:
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""

    def WriteCStringW(self, value: str, /) -> None:
        """Store a str as a counted string of UTF-16 units (AR-52). UnicodeEncodeError by the policy
        `errors`."""

    def ReadCStringW(self) -> str:
        """Load a counted string of either kind, whatever its length form: a str (AR-56). endOfFile if it is
        cut."""
