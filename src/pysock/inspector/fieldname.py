"""What a value that was just read is called: no stream tells, but the program that reads it does."""

from __future__ import annotations

import dis
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any

_WAYS = ("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_ATTR", "STORE_FAST_LOAD_FAST")


def assigned_name(frame: FrameType | None, local: bool) -> str:
    """`x` if the call that the frame is in is the right side of `self.x = ...`, or, if `local`, of `x = ...`;
    else ""."""
    if frame is None:
        return ""
    name, is_attribute = _target(frame.f_code, frame.f_lasti)
    return name if local or is_attribute else ""


@lru_cache(maxsize=4096)
def _target(code: CodeType, at: int) -> tuple[str, bool]:
    """The name that the result of the call at that place of the code goes to, and whether it is an attribute."""
    following = (each for each in dis.get_instructions(code) if each.offset > at)
    for each in islice(following, 6):
        if each.opname.startswith("STORE_") and isinstance(each.argval, str):
            return each.argval, each.opname == "STORE_ATTR"
        if not each.opname.startswith(_WAYS) and each.opname != "CACHE":
            break
    return "", False


def names_of(owner: Any, values: Sequence[Any]) -> list[str]:
    """For the values that were read for an object the attributes they are in; "" for all unless its attributes
    hold exactly these, one after the other."""
    attributes = list(getattr(owner, "__dict__", {}).items())
    for start in range(len(attributes) - len(values) + 1):
        part = attributes[start : start + len(values)]
        if all(kept is value for (_, kept), value in zip(part, values, strict=True)):
            return [name for name, _ in part]
    return [""] * len(values)
