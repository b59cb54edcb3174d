"""The numbers of classes and objects, followed without knowing what the objects hold (AR-75 to AR-77).

The first class record of an archive is number 1 and its object 2; every further object and class takes the next
number. Whoever sees all tags can number them. Without the classes' definitions the tags must be found among other
bytes: a word 0x8000 | n counts as one where n is the number of a class that was met before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .grammar import NAME

MAX_CLASSES = 1024  # as in an archive (AR-183); of more, later tags are not followed
_LITERALS = 12  # up to so many tags the search is fastest with each spelled out
_NEAR = 8  # how far the count may be off before it is not put right
_RECORD = rb"\xff\xff(?!\xff\xff)..[\x01-\x3f]\x00" + NAME
_RECORDS = re.compile(_RECORD, re.DOTALL)


@dataclass(slots=True)
class ClassEntry:
    """A class of the archive."""

    name: str
    schema: int
    number: int
    offset: int


class Numbering:
    """What has which number, as far as it is known."""

    def __init__(self) -> None:
        self.count = 0  # highest number given
        self.classes: dict[int, ClassEntry] = {}
        self.by_name: dict[str, ClassEntry] = {}
        self.followed = True
        self._pattern: re.Pattern[bytes] | None = None

    def new_class(self, name: str, schema: int, offset: int, ahead: bytes = b"") -> tuple[ClassEntry, float]:
        """A class record was met; `ahead` is what follows it, to check the number by its use. Returns the entry
        and how sure its number is."""
        number, sure = self._checked(self.count + 1, ahead)
        entry = ClassEntry(name, schema, number, offset)
        self.count = number
        if len(self.classes) < MAX_CLASSES:
            self.classes[number] = self.by_name[name] = entry
            self._pattern = None
        else:
            self.followed = False
        return entry, sure

    def _checked(self, number: int, ahead: bytes) -> tuple[int, float]:
        """A missed or mistaken tag before shifts the number; then tags of another number close by follow, before
        the next class has one."""
        if not self.classes:
            return number, 1.0  # the first, whatever was before it: without a class there is no object
        if following := _RECORDS.search(ahead):
            ahead = ahead[: following.start()]
        if ahead.find(tag_bytes(number)) >= 0:
            return number, 0.95
        best, uses = number, 1
        for near in range(max(2, number - _NEAR), number + _NEAR + 1):
            if near not in self.classes and (found := ahead.count(tag_bytes(near))) > uses:
                best, uses = near, found
        return best, 0.7 if best == number else 0.6

    def new_object(self) -> int:
        self.count += 1
        return self.count

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Finds class records, and tags of the classes known by now."""
        if self._pattern is None:
            words = sorted(number for number in self.classes if number < 0x7FFF)
            long = [] if not self.classes else [rb"\xff\x7f...\x80"]
            if len(words) <= _LITERALS:
                tags = [re.escape(tag_bytes(number)) for number in words]
            else:
                rows: dict[int, bytes] = {}
                for number in words:
                    rows[number >> 8] = rows.get(number >> 8, b"") + re.escape(bytes([number & 0xFF]))
                tags = [b"[" + low + b"]" + re.escape(bytes([0x80 | high])) for high, low in rows.items()]
            self._pattern = re.compile(b"|".join([_RECORD, *long, *tags]), re.DOTALL)
        return self._pattern


def tag_bytes(number: int) -> bytes:
    """A class's tag, in its short form (AR-87) or the long one (AR-88)."""
    if number < 0x7FFF:
        return (0x8000 | number).to_bytes(2, "little")
    return b"\xff\x7f" + (0x80000000 | number).to_bytes(4, "little")
