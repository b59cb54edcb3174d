from typing import Any, ClassVar, Self, SupportsFloat, SupportsIndex, final

from typing_extensions import disjoint_base

@disjoint_base
class Box:
    """Base of the scalar wire types: a mutable value of a known width (AR-193)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def value(self) -> Any: ...
    @value.setter
    def value(self, v: Any) -> None: ...
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

    def __init__(self, value: object = ..., /) -> None: ...
    @property
    def value(self) -> bool: ...
    @value.setter
    def value(self, v: object) -> None: ...

@final
class WCHAR(IntBox):
    """A box of one UTF-16 unit (`wchar_t`); the value is a str of one character."""

    def __init__(self, value: str | SupportsIndex = 0, /) -> None: ...
    @property  # type: ignore[override]
    def value(self) -> str: ...
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
    @property  # type: ignore[override]
    def value(self) -> str | bytes: ...
    @value.setter
    def value(self, v: str | bytes) -> None: ...

@final
class CStringW(StringBox):
    """A box of a counted string of UTF-16 units (AR-52)."""
