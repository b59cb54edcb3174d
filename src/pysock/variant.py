"""`COleVariant`: a value that brings its type along (AR-156 to AR-160)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self
from uuid import UUID

from ._core.errors import CNotSupportedException
from .checks import check_by_storing
from .oletimes import COleDateTime
from .olevalues import CComBSTR, COleCurrency, check_length

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["VARENUM", "COleVariant", "OleObject", "OlePersistence"]


class VARENUM:
    """Numbers of variant types; the names are Windows'."""

    VT_EMPTY: Final = 0
    VT_NULL: Final = 1
    VT_I2: Final = 2
    VT_I4: Final = 3
    VT_R4: Final = 4
    VT_R8: Final = 5
    VT_CY: Final = 6
    VT_DATE: Final = 7
    VT_BSTR: Final = 8
    VT_DISPATCH: Final = 9
    VT_ERROR: Final = 10
    VT_BOOL: Final = 11
    VT_VARIANT: Final = 12
    VT_UNKNOWN: Final = 13
    VT_DECIMAL: Final = 14
    VT_I1: Final = 16
    VT_UI1: Final = 17
    VT_UI2: Final = 18
    VT_UI4: Final = 19
    VT_I8: Final = 20
    VT_UI8: Final = 21
    VT_INT: Final = 22
    VT_UINT: Final = 23
    VT_ARRAY: Final = 0x2000
    VT_BYREF: Final = 0x4000


_VT_NAMES = {vt: name for name, vt in vars(VARENUM).items() if name.startswith("VT_")}
_SIMPLE = {
    VARENUM.VT_I2: "<h",
    VARENUM.VT_I4: "<i",
    VARENUM.VT_R4: "<f",
    VARENUM.VT_R8: "<d",
    VARENUM.VT_CY: "<q",
    VARENUM.VT_DATE: "<d",
    VARENUM.VT_ERROR: "<I",
    VARENUM.VT_BOOL: "<H",
    VARENUM.VT_I1: "<b",
    VARENUM.VT_UI1: "<B",
    VARENUM.VT_UI2: "<H",
    VARENUM.VT_UI4: "<I",
    VARENUM.VT_I8: "<q",
    VARENUM.VT_UI8: "<Q",
}
# Moved as scalars, which the end of a buffer does not split; by their bits, so that a NaN stays what it is.
_BITS = {1: ("<B", ("BYTE",)), 2: ("<H", ("WORD",)), 4: ("<I", ("DWORD",)), 8: ("<Q", ("ULONGLONG",))}
_WIRE: dict[int, tuple[str, tuple[str, ...]]] = {vt: _BITS[struct.calcsize(c)] for vt, c in _SIMPLE.items()}
_WIRE[VARENUM.VT_CY] = ("<II", ("DWORD", "DWORD"))
_SINCE_MFC8 = {VARENUM.VT_I1, VARENUM.VT_UI2, VARENUM.VT_UI4, VARENUM.VT_I8, VARENUM.VT_UI8}
_OBJECTS = (VARENUM.VT_DISPATCH, VARENUM.VT_UNKNOWN)


@dataclass(frozen=True)
class OleObject:
    """The value of an object variant: a class id and what its hook made of the object's bytes (AR-160)."""

    clsid: UUID
    value: Any


class OlePersistence(Protocol):
    """How objects of one class id are stored and loaded; see `COleVariant.object_hooks`."""

    def store(self, ar: CArchive, value: Any) -> None: ...
    def load(self, ar: CArchive) -> Any: ...


def _name(vt: int) -> str:
    base = _VT_NAMES.get(vt & ~0x6000, str(vt & ~0x6000))
    flags = [name for name in ("VT_ARRAY", "VT_BYREF") if vt & getattr(VARENUM, name)]
    return "|".join([*flags, base])


class COleVariant:
    """A value that brings its type along (AR-156): `vt` and, as on the wire, its bytes in `raw`.

    `value` shows it in Python's types: int, float, bool, `str` (bytes if a BSTR has an odd length),
    `COleCurrency`, `COleDateTime`, `OleObject`; None for EMPTY, NULL and a null BSTR. Types that MFC stores
    without their value (AR-159: arrays, BYREF, DECIMAL, ...) have none here either. Mutable, so unhashable.
    """

    __slots__ = ("_object", "_raw", "_vt")
    _vt: int
    _raw: bytes
    _object: OleObject | None
    __hash__ = None  # type: ignore[assignment]
    __mfc_min_size__: ClassVar[int] = 2

    object_hooks: ClassVar[dict[UUID, OlePersistence]] = {}
    """By class id: who stores and loads VT_DISPATCH and VT_UNKNOWN, there being no COM here (AR-160)."""

    def __init__(self, value: Any = None, vt: int | None = None) -> None:
        """A variant of `value`. Without `vt`: bool is VT_BOOL, int VT_I4, float VT_R8, str and `CComBSTR`
        VT_BSTR, `Decimal` and `COleCurrency` VT_CY, `datetime` and `COleDateTime` VT_DATE, None VT_EMPTY.

        Raises OverflowError if the value does not fit its type, TypeError for a type that is not listed.
        """
        self._object = None
        if isinstance(value, COleVariant):
            if vt is not None and vt != value.vt:
                value = value.value
            else:
                self._vt, self._raw, self._object = value._vt, value._raw, value._object
                return
        self._vt = self._vt_of(value) if vt is None else vt
        self._raw = self._encode(value)

    @property
    def vt(self) -> int:
        """The type, a number of `VARENUM`. `ChangeType` changes it."""
        return self._vt

    @property
    def raw(self) -> bytes:
        """The value's bytes as on the wire, without the length of a BSTR; b"" for types without a value."""
        return self._raw

    @staticmethod
    def _vt_of(value: Any) -> int:
        match value:
            case None:
                return VARENUM.VT_EMPTY
            case bool():
                return VARENUM.VT_BOOL
            case int():
                return VARENUM.VT_I4
            case float():
                return VARENUM.VT_R8
            case str() | CComBSTR():
                return VARENUM.VT_BSTR
            case COleCurrency() | Decimal():
                return VARENUM.VT_CY
            case COleDateTime() | datetime():
                return VARENUM.VT_DATE
            case OleObject():
                return VARENUM.VT_UNKNOWN
        raise TypeError(f"no variant type for {type(value).__name__}: give one as vt")

    def _encode(self, value: Any) -> bytes:
        vt = self.vt
        if vt in _OBJECTS and isinstance(value, OleObject):
            self._object = value
            return b""
        if vt == VARENUM.VT_BSTR:
            if value is None:
                return b""
            return value if isinstance(value, bytes) else str(value).encode("utf-16-le", "surrogatepass")
        if vt not in _SIMPLE:
            if value is not None:
                raise CNotSupportedException(f"a variant of {_name(vt)} carries no value here (AR-159)")
            return b""
        if vt == VARENUM.VT_CY:
            value = COleCurrency(value).m_cur
        elif vt == VARENUM.VT_DATE:
            value = COleDateTime(value).m_dt
        elif vt == VARENUM.VT_BOOL:
            value = 0xFFFF if value else 0
        elif vt == VARENUM.VT_ERROR:
            value &= 0xFFFFFFFF
        try:
            return struct.pack(_SIMPLE[vt], value)
        except struct.error as error:
            if isinstance(value, int):
                raise OverflowError(f"{value} does not fit {_name(vt)}: {error}") from None
            raise TypeError(f"{_name(vt)} cannot hold {value!r}: {error}") from None

    @property
    def value(self) -> Any:
        """The value in Python's types; see the class."""
        if self._object is not None:
            return self._object
        if self.vt == VARENUM.VT_BSTR:
            if not self.raw:
                return None
            return self.raw.decode("utf-16-le", "surrogatepass") if len(self.raw) % 2 == 0 else self.raw
        if self.vt not in _SIMPLE or not self.raw:
            return None
        (number,) = struct.unpack(_SIMPLE[self.vt], self.raw)
        if self.vt == VARENUM.VT_CY:
            return COleCurrency.from_cy(number)
        if self.vt == VARENUM.VT_DATE:
            return COleDateTime(number)
        return number != 0 if self.vt == VARENUM.VT_BOOL else number

    @value.setter
    def value(self, value: Any) -> None:
        self.__init__(value)  # type: ignore[misc]

    def Clear(self) -> None:
        """Become VT_EMPTY."""
        self.value = None

    def ChangeType(self, vartype: int) -> None:
        """Become the same value as another type; OverflowError or TypeError if it cannot."""
        changed = COleVariant(self.value, vartype)
        self._vt, self._raw, self._object = changed._vt, changed._raw, changed._object

    # --- wire -----------------------------------------------------------------------------------------

    @classmethod
    def __mfc_check__(cls, ar: CArchive, value: Any) -> None:
        variant = value if isinstance(value, COleVariant) else cls(value)
        if variant.vt not in _OBJECTS:  # whose hooks may do anything
            check_by_storing(cls, ar, variant)

    @classmethod
    def __mfc_store__(cls, ar: CArchive, value: Any) -> None:
        variant = value if isinstance(value, COleVariant) else cls(value)
        vt = variant.vt
        if vt in _OBJECTS:
            variant._store_object(ar)
        elif not cls._carries(ar, vt):
            if vt > VARENUM.VT_NULL and not ar.faithful:
                raise CNotSupportedException(f"MFC stores no value for a variant of {_name(vt)} (AR-159)")
            ar.WriteWORD(vt)
        else:
            ar.WriteWORD(vt)
            if vt == VARENUM.VT_BSTR:
                ar.WriteDWORD(len(variant.raw))
                ar.Write(variant.raw)
            else:
                layout, scalars = _WIRE[vt]
                for scalar, bits in zip(scalars, struct.unpack(layout, variant.raw), strict=True):
                    getattr(ar, "Write" + scalar)(bits)

    @staticmethod
    def _carries(ar: CArchive, vt: int) -> bool:
        if vt in _SINCE_MFC8 and ar.profile == "mfc6":
            return False
        return vt in _SIMPLE or vt == VARENUM.VT_BSTR

    @classmethod
    def _hook(cls, vt: int, clsid: UUID) -> OlePersistence:
        try:
            return cls.object_hooks[clsid]
        except KeyError:
            raise CNotSupportedException(
                f"{_name(vt)} of class {{{clsid}}} needs a hook in COleVariant.object_hooks: no COM here"
            ) from None

    def _store_object(self, ar: CArchive) -> None:
        if self._object is None:
            raise CNotSupportedException(f"a variant of {_name(self.vt)} without an object cannot be stored")
        hook = self._hook(self.vt, self._object.clsid)
        ar.WriteWORD(self.vt)
        ar.Write(self._object.clsid.bytes_le)
        hook.store(ar, self._object.value)

    @classmethod
    def __mfc_load__(cls, ar: CArchive) -> Self:
        self = cls.__new__(cls)
        self.__mfc_extract__(ar)
        return self

    def __mfc_extract__(self, ar: CArchive) -> None:
        vt = ar.ReadWORD()
        loaded: OleObject | None = None
        raw = b""
        if vt in _OBJECTS:
            clsid = UUID(bytes_le=ar.EnsureRead(16))
            loaded = OleObject(clsid, self._hook(vt, clsid).load(ar))
        elif vt == VARENUM.VT_BSTR:
            count = ar.ReadDWORD()
            check_length(ar, count // 2)
            raw = ar.EnsureRead(count)
        elif self._carries(ar, vt):
            layout, scalars = _WIRE[vt]
            raw = struct.pack(layout, *[getattr(ar, "Read" + scalar)() for scalar in scalars])
        self._vt, self._raw, self._object = vt, raw, loaded

    # --- operators ------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Same type and same bytes: a BSTR "1" is not an I4 1, nor one NaN another."""
        if not isinstance(other, COleVariant):
            return NotImplemented
        return (self.vt, self.raw, self._object) == (other.vt, other.raw, other._object)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return f"COleVariant({self.value!r}, vt={_name(self.vt)})"
