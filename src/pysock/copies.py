"""What an object of a collection's subclass has beside its elements, for copies and pickles."""

from __future__ import annotations

from copy import deepcopy
from copyreg import __newobj__  # type: ignore[attr-defined]  # of the pickle protocol, not of typeshed
from typing import Any, TypeVar

__all__ = ["beside", "new_like", "reduced"]

T = TypeVar("T")


def beside(obj: Any, *elements: str) -> Any:
    """The state of an object as pickle has it, without the slots `elements`; None if there is nothing else."""
    state = obj.__getstate__()
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        slots = {name: value for name, value in state[1].items() if name not in elements}
        state = (state[0], slots) if slots else state[0]
    return state


def new_like(obj: T, *elements: str, memo: dict[int, Any] | None = None) -> T:
    """An object of the same class without elements that has all else that `obj` has; copies of it, with `memo`."""
    twin = type(obj).__new__(type(obj))
    state = beside(obj, *elements)
    if memo is not None:
        memo[id(obj)] = twin  # it may contain itself
        state = deepcopy(state, memo)
    if state is None:
        return twin
    if hasattr(twin, "__setstate__"):
        twin.__setstate__(state)
        return twin
    own, slots = state if isinstance(state, tuple) else (state, {})
    if own:
        twin.__dict__.update(own)
    for name, value in slots.items():
        setattr(twin, name, value)
    return twin


def reduced(obj: Any, *elements: str) -> tuple[Any, ...]:
    """The beginning of what `__reduce__` gives: how to make an object without elements, and what else it has.

    `__new__` makes it, as loading does (AR-206): an `__init__` may want arguments.
    """
    return __newobj__, (type(obj),), beside(obj, *elements)
