"""Loading many elements, one by one, whose sizes are not known in advance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["load_each"]

T = TypeVar("T")


def load_each(ar: CArchive, count: int, min_size: int, load: Callable[[], T]) -> list[T]:
    """`count` results of `load`, each of at least `min_size` bytes.

    As often as the archive asks, it is told how many are left: it refuses at once what cannot be there, and one that
    is fed waits for as many bytes as those must have (AR-187, AR-188, AR-219).
    """
    values: list[T] = []
    while (left := count - len(values)) > 0:
        values += [load() for _ in range(ar.check_count(left, min_size))]
    return values
