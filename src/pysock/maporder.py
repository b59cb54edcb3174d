"""The order in which MFC's maps store their elements (AR-141 to AR-146), for byte-identical files.

Elements lie in buckets, hash modulo table size; a map is stored bucket by bucket, the newest first in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ._core.errors import CInvalidArgException

if TYPE_CHECKING:
    from ._core.graph import CArchive

__all__ = ["DEFAULT_TABLE", "hash_number", "hash_string", "in_bucket_order", "text_hash", "units_of"]

K = TypeVar("K")

DEFAULT_TABLE = 17
"""Buckets of a map whose program never called `InitHashTable`."""

_MASK = 0xFFFFFFFF


def _check_order(order: str) -> bool:
    """Whether the order is "mfc9"'s; CInvalidArgException if it is nobody's."""
    if order not in ("mfc6", "mfc9"):
        raise CInvalidArgException(f'map_order is None, "mfc6" or "mfc9", not {order!r}')
    return order == "mfc9"


def units_of(text: str, encoding: str | None = None, errors: str = "strict") -> list[int]:
    """The units that MFC hashes: UTF-16, or signed bytes of a code page (AR-144); up to the first NUL."""
    text = text.partition("\0")[0]
    if encoding is None:
        data = text.encode("utf-16-le", "surrogatepass")
        return [data[i] | data[i + 1] << 8 for i in range(0, len(data), 2)]
    return [byte - 256 if byte > 127 else byte for byte in text.encode(encoding, errors)]


def hash_string(units: list[int], order: str = "mfc9") -> int:
    """The 32-bit hash of a string's units: "mfc9" samples about ten of them (AR-143), "mfc6" all (AR-142)."""
    if _check_order(order):
        value = 2166136261
        for unit in units[:: 1 + len(units) // 10]:
            value = (value * 16777619 & _MASK) ^ (unit & _MASK)
        return value
    value = 0
    for unit in units:
        value = (value * 33 + unit) & _MASK
    return value


def hash_number(key: int, order: str = "mfc9", *, bits: int = 32) -> int:
    """The hash of a number whose type has that many bits (AR-145, AR-146)."""
    if not _check_order(order):
        return (key & _MASK) >> 4
    if bits == 64:
        return hash_number(key & _MASK) ^ hash_number(key >> 32 & _MASK)
    key &= _MASK
    if key & 0x80000000:
        key -= 1 << 32
    quotient = key // 127773 if key >= 0 else -(-key // 127773)
    value = 16807 * (key - quotient * 127773) - 2836 * quotient
    return value + 2147483647 if value < 0 else value


def text_hash(ar: CArchive) -> Callable[[str], int]:
    """The hash of texts in this archive's build and order."""
    order = ar.map_order or "mfc9"
    encoding = None if ar.unicode else ar.encoding
    return lambda text: hash_string(units_of(text, encoding, ar.errors), order)


def in_bucket_order(keys: Iterable[K], hash_of: Callable[[K], int], table: int = DEFAULT_TABLE) -> list[K]:
    """Keys, given oldest first, in the order in which MFC stores them (AR-141)."""
    buckets: dict[int, list[Any]] = {}
    for key in keys:
        buckets.setdefault(hash_of(key) % table, []).append(key)
    return [key for number in sorted(buckets) for key in reversed(buckets[number])]
