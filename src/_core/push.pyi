import enum
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, Self, TypedDict, TypeVar, final, overload

import typing_extensions
from typing_extensions import disjoint_base

from .carchive import CArchive, _Loads
from .classes import ClassRegistry, CObject, CRuntimeClass
from .transact import Waiter
from .wire import WCHAR, CString, CStringA, CStringW, FloatBox, IntBox, bool_

_V = TypeVar("_V")
_O = TypeVar("_O", bound=CObject)

class _Options(TypedDict, total=False):
    nBufSize: int
    unicode: bool
    encoding: str
    errors: str
    profile: Literal["mfc6", "mfc8", "mfc9"]
    faithful: bool
    canonical: bool
    map_order: Literal["mfc6", "mfc9"] | None
    allow: Literal["registered"] | Iterable[type[CObject] | CRuntimeClass] | None
    registry: ClassRegistry | None
    bits: Literal[32, 64]
    max_string: int | None
    max_count: int | None
    max_total: int | None
    max_objects: int | None
    max_classes: int | None
    max_depth: int | None
    max_dense: int | None

def live_counts() -> dict[str, int]: ...

class Pending(enum.Enum):
    PENDING = "PENDING"

PENDING: Final = Pending.PENDING

class Abandoned(BaseException): ...

@final
class StoppedRead(Waiter):
    def __call__(self, *args: Any, **kwargs: Any) -> None: ...

@disjoint_base
class PushArchive:
    """A loading archive without a file: `feed` gives it bytes as they come, `try_read` takes out what is
    complete (AR-221)."""

    def __init__(self, **options: typing_extensions.Unpack[_Options]) -> None: ...
    def __del__(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None: ...
    def close(self) -> None: ...
    def feed(self, data: typing_extensions.Buffer, /) -> None: ...
    def eof(self) -> None: ...
    @overload
    def try_read(  # type: ignore[overload-overlap]
        self, T: type[WCHAR] | type[CString] | type[CStringA] | type[CStringW], /
    ) -> str | Literal[Pending.PENDING]: ...
    @overload
    def try_read(self, T: type[bool_], /) -> bool | Literal[Pending.PENDING]: ...
    @overload
    def try_read(self, T: type[IntBox], /) -> int | Literal[Pending.PENDING]: ...
    @overload
    def try_read(self, T: type[FloatBox], /) -> float | Literal[Pending.PENDING]: ...
    @overload
    def try_read(self, T: _Loads[_V], /) -> _V | Literal[Pending.PENDING]: ...
    @overload
    def try_read(self, T: type[_O], /) -> _O | Literal[Pending.PENDING] | None: ...
    @overload
    def try_read(self, T: Any, /) -> Any: ...
    def try_load(self, function: Callable[[CArchive], _V], /) -> _V | Literal[Pending.PENDING]: ...
    def try_line(self, unicode: bool | None = None) -> str | Literal[Pending.PENDING] | None: ...
    def messages(self, T: Any, /) -> Iterator[Any]: ...
    def _set_patience(self, n: int, /) -> None: ...
    @property
    def archive(self) -> CArchive: ...
    @property
    def unread(self) -> int: ...
    @property
    def needed(self) -> int: ...
    @property
    def at_eof(self) -> bool: ...
