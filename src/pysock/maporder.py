"""The order in which MFC's maps store their elements (AR-141 to AR-146), for byte-identical files.

Elements lie in buckets, hash modulo table size; a map is stored bucket by bucket, the newest first in each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ._core.collect import hash_bytes, hash_number, hash_text
from ._core.errors import CInvalidArgException

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["DEFAULT_TABLE", "HashKey", "in_bucket_order", "number_hash", "text_hash"]

K = TypeVar("K")

DEFAULT_TABLE = 17
"""Buckets of a map whose program never called `InitHashTable`."""


def is_mfc9(order: str) -> bool:
    """Whether an order is "mfc9", not "mfc6"; CInvalidArgException if it is nobody's."""
    if order not in ("mfc6", "mfc9"):
        raise CInvalidArgException(f'map_order is None, "mfc6" or "mfc9", not {order!r}')
    return order == "mfc9"


def HashKey(key: str | bytes | int, order: str = "mfc9", *, bits: int = 32) -> int:
    """MFC's hash of a key, 32 bits without sign, as of `order` "mfc9" or "mfc6".

    A str is hashed by its UTF-16 units, bytes as text of an ANSI build by signed bytes (AR-144), both up to
    the first NUL (AR-142, AR-143); an int as a number whose C++ type has that many `bits` (AR-145, AR-146).
    """
    mfc9 = is_mfc9(order)
    if isinstance(key, int):
        return hash_number(key & 0xFFFFFFFFFFFFFFFF, mfc9, bits == 64)
    return hash_text(key, mfc9) if isinstance(key, str) else hash_bytes(key, mfc9)


def text_hash(ar: CArchive, *, wide: bool | None = None) -> Callable[[str], int]:
    """The hash of texts in this archive's order, of its build's kind of text unless `wide` says which."""
    mfc9 = is_mfc9(ar.map_order or "mfc9")
    if ar.unicode if wide is None else wide:
        return lambda text: hash_text(text, mfc9)
    encoding, errors = ar.encoding, ar.errors
    return lambda text: hash_bytes(text.encode(encoding, errors), mfc9)


def number_hash(ar: CArchive, bits: int) -> Callable[[int], int]:
    """The hash of numbers of a type with that many bits, in this archive's order."""
    mfc9, wide = is_mfc9(ar.map_order or "mfc9"), bits == 64
    return lambda key: hash_number(key & 0xFFFFFFFFFFFFFFFF, mfc9, wide)


def in_bucket_order(keys: Iterable[K], hash_of: Callable[[K], int], table: int = DEFAULT_TABLE) -> list[K]:
    """Keys, given oldest first, in the order in which MFC stores them (AR-141)."""
    buckets: dict[int, list[Any]] = {}
    for key in keys:
        buckets.setdefault(hash_of(key) % table, []).append(key)
    return [key for number in sorted(buckets) for key in reversed(buckets[number])]
