# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""What is known of a class at run time: its name and schema in the stream, its base, how to create an object of it;
the registries of names; and the bases of everything that has that, CObject and (of values) Value.

Invariants:
- nothing here knows an archive: `Serialize` is only what the rooms above call;
- a name from a stream finds registered classes and nothing else: none is ever looked up as Python (AR-191).
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject, PyTypeObject, Py_TPFLAGS_IS_ABSTRACT
from libc.stdint cimport uint32_t

import warnings
from abc import ABCMeta
from types import GenericAlias

from pysock._core.errors cimport raise_memory
from pysock._core.public cimport ps_public

cdef extern from "Python.h":
    PyObject *_PyType_Lookup(PyTypeObject *cls, object name)

cdef extern from *:
    """
    static inline PyObject *ps_new_object(PyObject *cls, PyObject *no_args)
    {
        return ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, no_args, NULL);
    }
    """
    object ps_new_object(object cls, object no_args)

VERSIONABLE_SCHEMA = PS_VERSIONABLE

cdef str _ATTRIBUTE = "__mfc_class__"   # where a Python class keeps its run-time class
cdef str _INIT = "__mfc_init__"
cdef tuple _NOTHING = ()


class ObjectType(ABCMeta):
    """The type of CObject, of Record, and of the classes derived from them: makes slots of declared fields.

    A slot has to be there when a class comes into being, so no `__init_subclass__` could do it.
    """

    __module__ = "pysock"

    _declare = None     # pysock.fields knows what a field is

    def __new__(mcls, _name, _bases, _namespace, /, **keywords):
        if mcls._declare is not None:
            _bases = mcls._declare(mcls, _name, _bases, _namespace, keywords)
        return super().__new__(mcls, _name, _bases, _namespace, **keywords)


# --- run-time classes -------------------------------------------------------------------------------------

@cython.final
cdef class CRuntimeClass:
    """What MFC knows of a class at run time (AR-114): name, schema, base, and how to create one.

    There is one for `CObject` and for each class derived from it; `RUNTIME_CLASS(cls)` gives it. Two are the
    same only if they are identical; the name does not count.
    """

    def __init__(self):
        raise TypeError("run-time classes are made by deriving from CObject; RUNTIME_CLASS(cls) gives one")

    @property
    def m_wSchema(self):
        """The schema, with VERSIONABLE_SCHEMA if other ones are accepted; 0xFFFF: not archivable.

        May be set, as C++ programs do before they store an older format: the class records of objects stored from then
        on carry it (AR-89), and loading compares with it (AR-102). ValueError for a class without a schema.
        """
        return self.schema

    @m_wSchema.setter
    def m_wSchema(self, value):
        if self.name is None:
            raise ValueError(f"{self.m_lpszClassName} was declared without a schema and cannot be archived")
        self.schema = checked_schema(value, False)

    @property
    def m_nObjectSize(self):
        """Bytes that an instance takes in memory; never stored."""
        return self.cls.__basicsize__

    @property
    def m_pfnCreateObject(self):
        """`CreateObject` if the class can be created by its run-time class, else None."""
        return self.CreateObject if self.creatable else None

    def CreateObject(self):
        """A new object as loading makes it: `__new__` without arguments, then `__mfc_init__()` if the class
        has that (AR-206). CMemoryException if the class cannot be created (AR-106)."""
        return create(self)

    def IsDerivedFrom(self, pBaseClass):
        """True if this is `pBaseClass` (a class or run-time class) or derives from it (AR-116)."""
        return derives(self, runtime_class(pBaseClass))

    @staticmethod
    def FromName(name):
        """The class that was registered last under that name, None if there is none (AR-100)."""
        return _default.lookup(name)

    def __reduce__(self):
        return RUNTIME_CLASS, (self.cls,)  # there is one only, also for a copy

    def __repr__(self):
        if self.schema == PS_NO_SCHEMA:
            return f"<CRuntimeClass {self.m_lpszClassName}>"
        return f"<CRuntimeClass {self.m_lpszClassName} schema={self.schema & ~PS_VERSIONABLE}>"


cdef CRuntimeClass new_runtime_class(object cls, object name, CRuntimeClass base, uint32_t schema,
                                     bint creatable):
    cdef CRuntimeClass rc = CRuntimeClass.__new__(CRuntimeClass)
    rc.cls = cls
    rc.m_lpszClassName = name
    rc.m_pBaseClass = base
    rc.schema = schema
    rc.creatable = creatable
    return rc


cdef CRuntimeClass class_of_type(PyTypeObject *cls):
    """The run-time class that objects of a Python class report: its own, else that of the nearest base with
    one."""
    cdef PyObject *found = _PyType_Lookup(cls, _ATTRIBUTE)
    if found != NULL and isinstance(<object>found, CRuntimeClass):
        return <CRuntimeClass>found
    return _root


cdef CRuntimeClass runtime_class(object what):
    """From a Python class or a run-time class."""
    if isinstance(what, CRuntimeClass):
        return what
    if isinstance(what, type) and issubclass(what, Object):
        return class_of_type(<PyTypeObject *><PyObject *>what)
    raise TypeError(f"need a class derived from CObject or its CRuntimeClass, not {what!r}")


cdef object create(CRuntimeClass rc):
    cdef PyObject *init
    if not rc.creatable or (<PyTypeObject *><PyObject *>rc.cls).tp_flags & Py_TPFLAGS_IS_ABSTRACT:
        raise_memory(f"class {rc.m_lpszClassName} cannot be created: it is abstract or has no schema")
    obj = ps_new_object(rc.cls, _NOTHING)
    if not isinstance(obj, Object):
        raise TypeError(f"__new__ of {rc.cls.__qualname__} made a {type(obj).__name__}")
    init = _PyType_Lookup(<PyTypeObject *><PyObject *>rc.cls, _INIT)
    if init != NULL:
        obj.__mfc_init__()
    return obj


def RUNTIME_CLASS(cls, /):
    """The CRuntimeClass of a class derived from CObject."""
    return runtime_class(cls)


cdef bytes checked_name(object name, Py_ssize_t longest):
    """A class name as it may stand in a stream (AR-185, AR-205)."""
    if not isinstance(name, str):
        raise TypeError(f"the class name must be a str, not {type(name).__name__}")
    if not 1 <= len(name) <= longest or not all("!" <= c <= "~" for c in name):
        raise ValueError(f"a class name must be 1 to {longest} printable ASCII characters without blanks, "
                         f"got {name!r}")
    return name.encode("ascii")


cdef uint32_t checked_schema(object schema, bint versionable) except? 0:
    cdef object n = schema
    if not isinstance(n, int) or not 0 <= n & ~PS_VERSIONABLE <= 0xFFFF or n < 0:
        raise ValueError(f"schema must be 0..65535, optionally with VERSIONABLE_SCHEMA; got {schema!r}")
    return n | PS_VERSIONABLE if versionable else n


cdef object new_value(object cls):
    """An empty object as loading makes it (AR-206), of a class that needs no run-time class."""
    cdef PyTypeObject *type_ = <PyTypeObject *><PyObject *>cls
    if type_.tp_flags & Py_TPFLAGS_IS_ABSTRACT:
        raise_memory(f"class {cls.__name__} cannot be created: it is abstract")
    obj = ps_new_object(cls, _NOTHING)
    if (<PyObject *>obj).ob_type != type_ and not isinstance(obj, cls):
        raise TypeError(f"__new__ of {cls.__qualname__} made a {type(obj).__name__}")
    if _PyType_Lookup(type_, _INIT) != NULL:
        obj.__mfc_init__()
    return obj


cdef class Object:
    """The compiled half of CObject: what has to be known of an object in C."""

    def Serialize(self, ar, /):
        """Store or load the object's own data; override it. This one does nothing (AR-113)."""

    def GetRuntimeClass(self):
        """The object's CRuntimeClass."""
        return class_of_type((<PyObject *>self).ob_type)

    def IsKindOf(self, pClass):
        """True if the object is of `pClass` (a class or run-time class) or of one derived from it
        (AR-116)."""
        return derives(class_of_type((<PyObject *>self).ob_type), runtime_class(pClass))

    def IsSerializable(self):
        """True if the object's class has a schema, so that a pointer to it can be stored."""
        return class_of_type((<PyObject *>self).ob_type).schema != PS_NO_SCHEMA


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

    __slots__ = ()
    __module__ = "pysock"

    @classmethod
    def __init_subclass__(cls, *, schema=None, name=None, versionable=False, dyncreate=False, dynamic=True,
                          abstract=False, registry=None, library=False, **kwargs):
        cdef CRuntimeClass rc
        cdef uint32_t number = PS_NO_SCHEMA
        super().__init_subclass__(**kwargs)
        if schema is None:
            if versionable or registry is not None or library:
                raise TypeError("versionable, registry and library are for classes with a schema")
            if not dynamic:
                if dyncreate or name is not None:
                    raise TypeError("without a run-time class of its own a class has no name and no creation")
                return
        else:
            number = checked_schema(schema, versionable)
        if name is None:
            name = cls.__name__
        # looked up before the class has its own: the nearest in the mro, also behind a mixin without one
        rc = new_runtime_class(cls, name, class_of_type(<PyTypeObject *><PyObject *>cls), number,
                               (schema is not None or dyncreate) and not abstract)
        if schema is not None:
            # Readers refuse longer names, so only a class that is in no registry may have one (AR-91).
            rc.name = checked_name(name, 0xFFFF if registry is False else LONGEST_NAME)
            rc.library = library
        setattr(cls, _ATTRIBUTE, rc)
        if schema is not None and registry is not False:
            (_default if registry is None else <ClassRegistry?>registry).add(rc)


cdef class Value:
    """The compiled half of Record."""

    def Serialize(self, ar, /):
        """Store or load the record's fields."""


cdef CRuntimeClass _root = new_runtime_class(CObject, "CObject", None, PS_NO_SCHEMA, False)


cdef CRuntimeClass requested(object T):
    """The class that a typed read of objects asks for; CObject is no restriction."""
    cdef CRuntimeClass rc = runtime_class(T)
    return None if rc is _root else rc


# --- the registry -----------------------------------------------------------------------------------------

cdef dict _LIBRARY = {}


@cython.final
cdef class ClassRegistry:
    """ClassRegistry(library=True)
--

    Names under which a stream may ask for classes (AR-100).

    The default one holds every class with a schema that did not name another; `CArchive(registry=...)` takes
    a private one. A program's own classes hide the library's collections of the same name; `library=False`
    leaves those out.
    """

    def __init__(self, library=True):
        self._own = {}
        self._library = _LIBRARY if library else {}

    cdef int add(self, CRuntimeClass rc) except -1:
        cdef CRuntimeClass before
        if rc.library:
            _LIBRARY[rc.name] = rc
            return 0
        before = self._own.get(rc.name)
        if before is not None and before is not rc:
            warnings.warn(f"class name {rc.m_lpszClassName!r} is registered again: {describe(rc)} takes the "
                          f"place of {describe(before)}", RuntimeWarning)
        self._own[rc.name] = rc
        return 0

    def register(self, cls):
        """Make a class with a schema known here too, and return it (so that it serves as a decorator)."""
        cdef CRuntimeClass rc = runtime_class(cls)
        if rc.name is None:
            raise ValueError(f"{rc.m_lpszClassName} has no schema and cannot be archived")
        self.add(rc)
        return cls

    def unregister(self, cls):
        """Forget a class; nothing happens if another has its name by now."""
        cdef CRuntimeClass rc = runtime_class(cls)
        if self._own.get(rc.name) is rc:
            del self._own[rc.name]

    cdef CRuntimeClass find(self, bytes name):
        cdef PyObject *found = PyDict_GetItem(self._own, name)
        if found == NULL:
            found = PyDict_GetItem(self._library, name)
        return <CRuntimeClass>found if found != NULL else None

    def lookup(self, name):
        """The CRuntimeClass of that name, None if there is none."""
        return self.find(name.encode("utf-8") if isinstance(name, str) else bytes(name))

    def __contains__(self, name):
        return self.lookup(name) is not None

    def __iter__(self):
        names = dict.fromkeys(self._own)
        names.update(dict.fromkeys(self._library))
        return iter([name.decode("ascii") for name in names])

    def __len__(self):
        return len(self._own.keys() | self._library.keys())


cdef object describe(CRuntimeClass rc):
    return f"{rc.cls.__module__}.{rc.cls.__qualname__}"


ps_public(CRuntimeClass)
ps_public(ClassRegistry)

cdef ClassRegistry _default = ClassRegistry()
default_registry = _default


class ObjRef:
    """A box for an object pointer: `ref = ObjRef(CFoo); ar >> ref; ref.value` (AR-200).

    `cls` is the class that is asked for; CObject takes what the archive admits.
    """

    __slots__ = ("_class", "value")
    __module__ = "pysock"
    __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, cls=CObject, value=None):
        self._class = runtime_class(cls)
        self.value = value

    def __mfc_extract__(self, ar):
        self.value = ar.read(self._class)

    @classmethod
    def __mfc_store__(cls, ar, ref):
        ar.WriteObject(ref.value if isinstance(ref, ObjRef) else ref)

    def __repr__(self):
        return f"ObjRef({self._class.m_lpszClassName}, {self.value!r})"
