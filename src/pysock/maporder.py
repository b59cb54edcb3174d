"""The order in which MFC's maps store their elements (AR-141 to AR-146), for byte-identical files.

Elements lie in buckets, hash modulo table size; a map is stored bucket by bucket, the newest first in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ._core.errors import CInvalidArgException

if TYPE_CHECKING:
    from ._core.graph import CArchive

__all__ = ["DEFAULT_TABLE", "HashKey", "in_bucket_order", "text_hash"]

K = TypeVar("K")

DEFAULT_TABLE = 17
"""Buckets of a map whose program never called `InitHashTable`."""

_MASK = 0xFFFFFFFF


def HashKey(key: str | bytes | int, order: str = "mfc9", *, bits: int = 32) -> int:
    """MFC's hash of a key, 32 bits without sign, as of `order` "mfc9" or "mfc6".

    A str is hashed by its UTF-16 units, bytes as text of an ANSI build by signed bytes (AR-144), both up to
    the first NUL (AR-142, AR-143); an int as a number whose C++ type has that many `bits` (AR-145, AR-146).
    """
    if order not in ("mfc6", "mfc9"):
        raise CInvalidArgException(f'map_order is None, "mfc6" or "mfc9", not {order!r}')
    if isinstance(key, int):
        return _hash_number(key, bits) if order == "mfc9" else (key & _MASK) >> 4
    units = _units(key)
    if order == "mfc9":
        value = 2166136261
        for unit in units[:: 1 + len(units) // 10]:  # about ten of them
            value = (value * 16777619 & _MASK) ^ (unit & _MASK)
        return value
    value = 0
    for unit in units:
        value = (value * 33 + unit) & _MASK
    return value


def _units(text: str | bytes) -> list[int]:
    if isinstance(text, str):
        data = text.partition("\0")[0].encode("utf-16-le", "surrogatepass")
        return [data[i] | data[i + 1] << 8 for i in range(0, len(data), 2)]
    return [byte - 256 if byte > 127 else byte for byte in text.partition(b"\0")[0]]


def _hash_number(key: int, bits: int) -> int:
    if bits == 64:
        return _hash_number(key & _MASK, 32) ^ _hash_number(key >> 32 & _MASK, 32)
    key &= _MASK
    if key & 0x80000000:
        key -= 1 << 32
    quotient = key // 127773 if key >= 0 else -(-key // 127773)  # C's, towards zero
    value = 16807 * (key - quotient * 127773) - 2836 * quotient
    return value + 2147483647 if value < 0 else value


def text_hash(ar: CArchive, *, wide: bool | None = None) -> Callable[[str], int]:
    """The hash of texts in this archive's order, of its build's kind of text unless `wide` says which."""
    order = ar.map_order or "mfc9"
    if ar.unicode if wide is None else wide:
        return lambda text: HashKey(text, order)
    encoding, errors = ar.encoding, ar.errors
    return lambda text: HashKey(text.encode(encoding, errors), order)


def in_bucket_order(keys: Iterable[K], hash_of: Callable[[K], int], table: int = DEFAULT_TABLE) -> list[K]:
    """Keys, given oldest first, in the order in which MFC stores them (AR-141)."""
    buckets: dict[int, list[Any]] = {}
    for key in keys:
        buckets.setdefault(hash_of(key) % table, []).append(key)
    return [key for number in sorted(buckets) for key in reversed(buckets[number])]
