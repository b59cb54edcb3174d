from array import array
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar, overload

import typing_extensions
from typing_extensions import disjoint_base

from .archive import Cursor
from .wire import Box, FloatBox, IntBox, StringBox

_Text = TypeVar("_Text", bound=typing_extensions.Buffer)

class _HasSize(Protocol):
    """A `struct.Struct`."""

    @property
    def size(self) -> int: ...

class _HasItemsize(Protocol):
    """A numpy dtype."""

    @property
    def itemsize(self) -> int: ...

@disjoint_base
class Layout:
    """Item size and format of an array's elements."""

class Bulk(Cursor):
    """The archive up to bulk arrays and lines of text."""

    def write_array(
        self,
        T: type[Box] | _HasSize | _HasItemsize | type[Any],
        buf: typing_extensions.Buffer,
        count: bool = True,
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
