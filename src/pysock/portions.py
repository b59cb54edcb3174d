"""Many elements, one by one: loading them when their sizes are not known in advance, and storing as many as were
counted, whatever the code that stores one does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["check_unchanged", "load_each", "load_pairs", "store_each", "store_pairs"]

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


def load_each(ar: CArchive, count: int, min_size: int, load: Callable[[], T]) -> list[T]:
    """`count` results of `load`, each of at least `min_size` bytes.

    As often as the archive asks, it is told how many are left: it refuses at once what cannot be there, and one that
    is fed waits for as many bytes as those must have (AR-187, AR-188, AR-219).
    """
    values: list[T] = []
    while (left := count - len(values)) > 0:
        values += [load() for _ in range(ar.check_count(left, min_size))]
    return values


def load_pairs(
    ar: CArchive, min_size: int, load_key: Callable[[], K], load_value: Callable[[], V], into: dict[K, V]
) -> None:
    """COUNT and that many keys and values, which come to those that are there (AR-137, AR-138)."""
    count = ar.ReadCount()
    ar.check_count(count, min_size)
    for _ in range(count):
        key = load_key()
        into[key] = load_value()


def store_each(ar: CArchive, values: Collection[T], store: Callable[[T], Any]) -> None:
    """COUNT and the values."""
    count, done = len(values), 0
    ar.WriteCount(count)
    for value in islice(values, count):
        store(value)
        done += 1
    check_unchanged(count, done if done < count else len(values))


def store_pairs(
    ar: CArchive,
    items: Mapping[K, V],
    keys: Iterable[K],
    store_key: Callable[[K], Any],
    store_value: Callable[[V], Any],
) -> None:
    """COUNT, and the keys in that order, each with its value."""
    count = len(items)
    ar.WriteCount(count)
    done = 0
    for key in islice(keys, count):
        if key not in items:
            break
        value = items[key]
        store_key(key)
        store_value(value)
        done += 1
        if len(items) != count:
            break
    check_unchanged(count, done if len(items) == count else len(items))


def check_unchanged(count: int, now: int) -> None:
    """RuntimeError if `Serialize` of an element has changed what it is in: the count is written already."""
    if now != count:
        raise RuntimeError(
            f"the number of elements changed while they were stored: {count} were counted, there are {now}"
        )
