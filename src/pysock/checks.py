"""Whether a value can be stored, asked before a byte of the object around it is written (AR-211)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._core.errors import ArchiveLimitError

if TYPE_CHECKING:
    from ._core.carchive import CArchive

__all__ = ["check_by_storing", "check_parts", "check_stored", "dry_run"]

_DEEPEST = 8  # transactions in each other


def dry_run(ar: CArchive, store: Callable[[], object]) -> None:
    """Raise what `store` raises, and take back what it stores."""
    if ar.in_transaction == _DEEPEST:
        return
    ar.begin()
    try:
        store()
    except ArchiveLimitError:
        if ar.in_transaction > 1:
            raise
        # more than a transaction may hold, which says nothing about storing it without one
    finally:
        ar.rollback()


def check_by_storing(cls: Any, ar: CArchive, value: Any) -> None:
    """`__mfc_check__` for values that are small and part of nothing else."""
    dry_run(ar, lambda: cls.__mfc_store__(ar, value))


def check_stored(ar: CArchive, wire: Any, value: Any) -> None:
    """Raise what keeps `value` from being stored as `wire`, as far as that type can tell."""
    check = getattr(wire, "__mfc_check__", None)
    if check is not None:
        check(ar, value)


def check_parts(ar: CArchive, value: Any) -> None:
    """The same for the declared fields of an object, if it has them."""
    plan = getattr(type(value), "__mfc_plan__", None)
    if plan is not None and type(value).Serialize is plan:
        plan.check_values(value, ar)
