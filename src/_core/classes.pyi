from abc import ABCMeta
from collections.abc import Callable, Iterator
from types import GenericAlias
from typing import Any, ClassVar, Final, Generic, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import dataclass_transform

from pysock.fields import field

from .carchive import CArchive

VERSIONABLE_SCHEMA: Final[int]
default_registry: Final[ClassRegistry]

_O = TypeVar("_O", bound=CObject)
_Class: TypeAlias = type[CObject] | CRuntimeClass

def RUNTIME_CLASS(cls: _Class, /) -> CRuntimeClass:
    """The CRuntimeClass of a class derived from CObject."""

@final
class CRuntimeClass:
    """What MFC knows of a class at run time (AR-114): name, schema, base, and how to create one.

    There is one for `CObject` and for each class derived from it; `RUNTIME_CLASS(cls)` gives it. Two are the
    same only if they are identical; the name does not count.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @property
    def m_lpszClassName(self) -> str: ...
    @property
    def cls(self) -> type[CObject]: ...
    @property
    def m_pBaseClass(self) -> CRuntimeClass | None: ...
    @property
    def m_wSchema(self) -> int: ...
    @m_wSchema.setter
    def m_wSchema(self, value: int) -> None: ...
    @property
    def creatable(self) -> bool: ...
    @property
    def library(self) -> bool: ...
    @property
    def name(self) -> bytes | None: ...
    @property
    def m_nObjectSize(self) -> int: ...
    @property
    def m_pfnCreateObject(self) -> Any: ...
    def CreateObject(self) -> CObject:
        """A new object as loading makes it: `__new__` without arguments, then `__mfc_init__()` if the class
        has that (AR-206). CMemoryException if the class cannot be created (AR-106)."""

    def IsDerivedFrom(self, pBaseClass: _Class) -> bool:
        """True if this is `pBaseClass` (a class or run-time class) or derives from it (AR-116)."""

    @staticmethod
    def FromName(name: str) -> CRuntimeClass | None:
        """The class that was registered last under that name, None if there is none (AR-100)."""

@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
class ObjectType(ABCMeta):
    """The type of CObject, of Record, and of the classes derived from them: makes slots of declared fields.

    A slot has to be there when a class comes into being, so no `__init_subclass__` could do it.
    """

    _declare: ClassVar[Any]

class Object:
    def Serialize(self, ar: CArchive, /) -> None:
        """Store or load the object's own data; override it. This one does nothing (AR-113)."""

    def GetRuntimeClass(self) -> CRuntimeClass:
        """The object's CRuntimeClass."""

    def IsKindOf(self, pClass: _Class) -> bool:
        """True if the object is of `pClass` (a class or run-time class) or of one derived from it
        (AR-116)."""

    def IsSerializable(self) -> bool:
        """True if the object's class has a schema, so that a pointer to it can be stored."""

class CObject(Object, metaclass=ObjectType):
    """Base of everything that an archive stores by pointer.

    Class keywords take the place of MFC's macros (AR-115, AR-205)::

        class CFoo(CObject, schema=1):  # as DECLARE_SERIAL and IMPLEMENT_SERIAL(CFoo, CObject, 1)
            def Serialize(self, ar):
                if ar.IsStoring():
                    ar.WriteLONG(self.v)
                else:
                    self.v = ar.ReadLONG()

    `schema` a number 0..65535 makes the class archivable, `versionable=True` (or `schema=VERSIONABLE_SCHEMA |
    n`) lets it load other schemas; `name` is the name in the stream if not the Python name; `dyncreate=True`
    makes a class creatable that has no schema; `abstract=True` one that cannot be created;
    `dynamic=False` gives no run-time class of its own: objects are stored as their base. `registry` is where
    the name goes: a ClassRegistry of your own instead of the default one, or False for none at all (objects
    can be stored but not loaded).
    """

    def __init_subclass__(
        cls,
        *,
        schema: int | None = None,
        name: str | None = None,
        versionable: bool = False,
        dyncreate: bool = False,
        dynamic: bool = True,
        abstract: bool = False,
        registry: ClassRegistry | Literal[False] | None = None,
        library: bool = False,
        eq: bool = False,
        schema_of: Callable[[CArchive], int] | None = None,
        serialize_class: bool = False,
        **kwargs: Any,
    ) -> None: ...

class Value:
    def Serialize(self, ar: CArchive, /) -> None:
        """Store or load the record's fields."""

@final
class ClassRegistry:
    """Names under which a stream may ask for classes (AR-100).

    The default one holds every class with a schema that did not name another; `CArchive(registry=...)` takes
    a private one. A program's own classes hide the library's collections of the same name; `library=False`
    leaves those out.
    """

    def __init__(self, library: bool = True) -> None: ...
    def register(self, cls: type[_O]) -> type[_O]:
        """Make a class with a schema known here too, and return it (so that it serves as a decorator)."""

    def unregister(self, cls: _Class) -> None:
        """Forget a class; nothing happens if another has its name by now."""

    def lookup(self, name: str | bytes) -> CRuntimeClass | None:
        """The CRuntimeClass of that name, None if there is none."""

    def __contains__(self, name: str | bytes, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

class ObjRef(Generic[_O]):
    """A box for an object pointer: `ref = ObjRef(CFoo); ar >> ref; ref.value` (AR-200).

    `cls` is the class that is asked for; CObject takes what the archive admits.
    """

    value: _O | None
    @overload
    def __init__(self, cls: type[_O], value: _O | None = None) -> None: ...
    @overload
    def __init__(
        self: ObjRef[CObject], cls: CRuntimeClass | type[CObject] = ..., value: CObject | None = None
    ) -> None: ...
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    def __mfc_extract__(self, ar: CArchive) -> None: ...
    @classmethod
    def __mfc_store__(cls, ar: CArchive, ref: ObjRef[Any] | CObject | None) -> None: ...
