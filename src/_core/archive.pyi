from typing import SupportsFloat, SupportsIndex

from typing_extensions import disjoint_base

from .buffer import Buffer

@disjoint_base
class Cursor(Buffer):
    """The archive of single values, with its settings."""

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
    def ReadCount(self) -> int:
        """The number of elements that stands before a collection: 16, 32 or 64 bits (AR-71).
        ArchiveLimitError above max_count."""

    def WriteCount(self, n: SupportsIndex, /) -> None:
        """Store a number of elements in its shortest form (AR-70)."""

    def ReadStringLength(self) -> tuple[int, int]:
        """Marker and length of a counted string, any form: (units, bytes of a unit) (AR-56). No limit is
        applied to the number."""

    def WriteStringLength(self, n: SupportsIndex, unicode: bool = False) -> None:
        """Store marker and length of a counted string in the shortest form (AR-52)."""

    def check_count(self, n: int, min_size: int = 1) -> int:
        """Check a count from the stream before anything is made for it, and return how many elements may be
        given room at once.

        ArchiveLimitError above max_count or max_total; endOfFile if the stream is known to be shorter than
        n * min_size bytes (AR-180, AR-187, AR-188).
        """

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
