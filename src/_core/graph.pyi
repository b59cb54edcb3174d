from collections.abc import Iterable
from typing import Literal, overload

from typing_extensions import disjoint_base

from .classes import _O, ClassRegistry, CObject, CRuntimeClass, _Class
from .transact import Transactional
from .wire import IntBox

@disjoint_base
class Program: ...

@disjoint_base
class Graph(Transactional):
    """The archive with its objects, still without options, operators and typed reads."""

    @property
    def allow(self) -> Literal["registered"] | tuple[CRuntimeClass, ...] | None:
        """Which classes the stream may create: None, "registered" or a tuple of run-time classes (AR-186)."""

    @allow.setter
    def allow(self, value: Literal["registered"] | Iterable[_Class] | None) -> None: ...
    @property
    def schemas(self) -> dict[CRuntimeClass, int]:
        """The schemas that classes have in this archive where those are not their own: a new dict of run-time classes
        and numbers."""
    @property
    def registry(self) -> ClassRegistry:
        """Where class names are looked up."""
    @property
    def max_objects(self) -> int | None:
        """Most entries of the map on loading, None for no limit (AR-182)."""

    @max_objects.setter
    def max_objects(self, value: int | None) -> None: ...
    @property
    def max_classes(self) -> int | None:
        """Most class records on loading, None for no limit (AR-183)."""

    @max_classes.setter
    def max_classes(self, value: int | None) -> None: ...
    @property
    def max_depth(self) -> int | None:
        """How deep objects may be nested on loading, None for Python's own recursion limit (AR-184)."""

    @max_depth.setter
    def max_depth(self, value: int | None) -> None: ...
    @property
    def max_dense(self) -> int | None:
        """How many more objects the stream may make than it has had groups of 8 bytes, None for no limit. Two
        bytes make an object of a hundred or more: this keeps the memory in proportion to the input."""

    @max_dense.setter
    def max_dense(self, value: int | None) -> None: ...
    def SetLoadParams(self, nGrowBy: int = 1024) -> None:
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""

    def SetStoreParams(self, nHashSize: int = 2053, nBlockSize: int = 128) -> None:
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""

    def WriteObject(self, pOb: CObject | None, /) -> None:
        """Store a pointer: null, a reference to what was stored before, or class tag and object (AR-80 to
        AR-85).

        CNotSupportedException if the object's class has no schema.
        """

    @overload
    def ReadObject(self, pClass: type[_O], /) -> _O | None:
        """Load a pointer: None, an object loaded before, or a new one (AR-93 to AR-106).

        `pClass` is the class (or CRuntimeClass) it must be of or derive from; None does not check, and
        creates only what `allow` admits. badIndex, badClass, badSchema as in MFC; CMemoryException for a
        class that cannot be created; CNotSupportedException if `pClass` has no schema.
        """

    @overload
    def ReadObject(self, pClass: CRuntimeClass | None = None, /) -> CObject | None: ...
    def WriteClass(self, pClass: _Class | None, /) -> None:
        """Store a class tag alone (AR-107). badClass for None, CNotSupportedException for a class without a
        schema."""

    def ReadClass(
        self, pClass: _Class | None = None, pSchema: IntBox | None = None, pObTag: IntBox | None = None
    ) -> CRuntimeClass | None:
        """Load a class tag alone and return its CRuntimeClass (AR-108, AR-109, AR-226).

        The schema goes to the box `pSchema` (a UINT), else GetObjectSchema answers it once. An object's tag
        is badIndex, unless there is a box `pObTag` (a DWORD): then it gets the object's index and the result
        is None. For a class it gets 0x80000000 | index, for a new class record 0x80007FFF.
        """

    def SerializeClass(self, pClass: _Class, /) -> None:
        """WriteClass or ReadClass by direction; gives a base class its own schema (AR-110)."""

    def MapObject(self, pOb: CObject | None, /) -> None:
        """Give an object the next index without storing or loading anything; both sides must do it at the
        same point. None only makes sure that there is a map (AR-111)."""

    def GetObjectSchema(self) -> int:
        """The schema of the object that is being loaded: once, then 0xFFFFFFFF (AR-104). `object_schema` can
        be read any number of times."""

    def SetObjectSchema(self, nSchema: int, /) -> None:
        """Make `nSchema` what GetObjectSchema answers next (AR-104)."""

    @property
    def object_schema(self) -> int | None:
        """The schema of the object that is being loaded, None outside of one (AR-207)."""

    def _set_map_count(self, n: int, /) -> None: ...
