from types import TracebackType
from typing import Generic, Self, TypeVar

from typing_extensions import disjoint_base

from .bulk import Bulk

_A = TypeVar("_A", bound=Transactional)

@disjoint_base
class Transactional(Bulk):
    """The archive with transactions, still without its objects."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def transaction(self) -> Transaction[Self]: ...
    @property
    def in_transaction(self) -> int: ...

@disjoint_base
class Waiter: ...

@disjoint_base
class Transaction(Generic[_A]):
    def __enter__(self) -> _A: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
