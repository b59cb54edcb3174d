# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""Objects of an archive: run-time classes, their registry, tags, the map, schemas and limits; and CArchive
itself.

Invariants:
- one counter numbers classes and objects; an object is numbered after its class tag and before its body
  (AR-75, AR-76);
- whatever is in the map is kept alive by it, so an address never means two things (AR-41);
- only registered and admitted classes are created, and no name from the stream is ever looked up as Python
  (AR-191).
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject, Py_TPFLAGS_IS_ABSTRACT
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free

import warnings
from abc import ABCMeta
from types import GenericAlias

from pysock._core.archive cimport check_count, load_kind, store_kind
from pysock._core.buffer cimport (
    C_BAD_CLASS, C_BAD_INDEX, C_BAD_SCHEMA, C_GENERIC, S_CLOSED, S_FAILED, S_OPEN, check_loading,
    check_storing, enter_item, fail, fetch, get16, get32, leave_item, limit_in, limit_out, over_limit,
    position, put16, put32, read_some, unusable, write_bytes,
)
from pysock._core.errors cimport raise_invalid_arg, raise_memory, raise_not_supported
from pysock._core.errors import CArchiveException
from pysock._core.fast cimport ps_adopt_methods
from pysock._core.text cimport codec
from pysock._core.transact cimport Frame, Transactional
from pysock._core.wire cimport BITS, K_DOUBLE, K_LONG, K_NONE, Box, K_bool, K_CString, kind_of

cdef extern from "Python.h":
    PyObject *_PyType_Lookup(PyTypeObject *cls, object name)
    void Py_LeaveRecursiveCall()

cdef extern from *:
    """
    static inline PyObject *ps_new_object(PyObject *cls, PyObject *no_args)
    {
        return ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, no_args, NULL);
    }
    /* what Python calls non-zero is 1 in one version and -1 in another */
    static inline int ps_enter_recursion(const char *where)
    {
        return Py_EnterRecursiveCall(where) ? -1 : 0;
    }
    """
    object ps_new_object(object cls, object no_args)
    int ps_enter_recursion(const char *where) except -1

cdef extern from *:
    """
    #define PS_NO_SCHEMA 0xFFFFu            /* a class that cannot be archived (AR-90) */
    #define PS_ASKED 0xFFFFFFFFu            /* GetObjectSchema has nothing to answer (AR-104) */
    #define PS_VERSIONABLE 0x80000000u
    #define PS_MAP_END 0x3FFFFFFEu          /* the first index that cannot be used (AR-78) */
    """
    const uint32_t PS_NO_SCHEMA
    const uint32_t PS_ASKED
    const uint32_t PS_VERSIONABLE
    const uint32_t PS_MAP_END

cdef enum:
    NULL_TAG = 0x0000
    BIG_TAG = 0x7FFF
    CLASS_BIT = 0x8000
    NEW_CLASS = 0xFFFF
    LONGEST_NAME = 63
    NATIVE_DEPTH = 500  # of objects within objects that need none of Python's own stack (AR-213)

cdef enum:
    ADMIT_REQUESTED     # what a typed request admits, and the library's collections
    ADMIT_REGISTERED    # every registered class
    ADMIT_LISTED        # classes of a list, and those derived from them

VERSIONABLE_SCHEMA = PS_VERSIONABLE

cdef str _ATTRIBUTE = "__mfc_class__"   # where a Python class keeps its run-time class
cdef str _SERIALIZE = "Serialize"
cdef str _INIT = "__mfc_init__"
cdef tuple _NOTHING = ()


# --- declared fields, as far as objects have to know of them ----------------------------------------------

cdef class Program:
    """The `Serialize` of a class with declared fields: a native program in place of a Python function. The
    room `plan` makes them."""

    cdef int store(self, CArchive a, object obj, CRuntimeClass tag, bint sure) except -1:
        raise NotImplementedError

    cdef int load(self, CArchive a, object obj) except -1:
        raise NotImplementedError

    cdef object columns(self, CArchive a, object n):
        raise NotImplementedError


cdef inline Program program_of(PyTypeObject *cls):
    """What serializes objects of a class, None if that is a Python function."""
    cdef PyObject *found = _PyType_Lookup(cls, _SERIALIZE)
    return <Program>found if found != NULL and isinstance(<object>found, Program) else None


cdef int serialize(CArchive a, object obj, bint sure) except -1:
    """Store or load what an object is made of, without a tag."""
    cdef Program program = program_of((<PyObject *>obj).ob_type)
    if program is None:
        obj.Serialize(a)
    elif a.loading:
        program.load(a, obj)
    else:
        program.store(a, obj, None, sure)
    return 0


class ObjectType(ABCMeta):
    """The type of CObject, of Record, and of the classes derived from them: makes slots of declared fields.

    A slot has to be there when a class comes into being, so no `__init_subclass__` could do it.
    """

    __module__ = "pysock"

    _declare = None     # pysock.fields knows what a field is

    def __new__(mcls, _name, _bases, _namespace, /, **keywords):
        if mcls._declare is not None:
            mcls._declare(_name, _bases, _namespace, keywords)
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


cdef bint derives(CRuntimeClass rc, CRuntimeClass base) noexcept:
    cdef PyObject *at = <PyObject *>rc  # no reference is counted on the way up
    while at != <PyObject *>None:
        if at == <PyObject *>base:
            return True
        at = <PyObject *>(<CRuntimeClass>at).m_pBaseClass
    return False


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

    Class keywords take the place of MFC's macros (AR-115, AR-205):

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


class Record(Value, metaclass=ObjectType):
    """Base of what an archive stores by value only: headers, messages, parts of objects. There are no tags.

        class Header(Record):
            magic: int = field(DWORD)
            name: str = field(CString)

        ar.write(Header(magic=1, name="x"));  header = ar.read(Header)
    """

    __slots__ = ()
    __module__ = "pysock"

    @classmethod
    def __mfc_load__(cls, ar, /):
        return load_value_of(ar, cls)

    @classmethod
    def __mfc_store__(cls, ar, value, /):
        if not isinstance(value, cls):
            raise TypeError(f"need a {cls.__name__}, not {type(value).__name__}")
        serialize(ar, value, False)


cdef CRuntimeClass _root = new_runtime_class(CObject, "CObject", None, PS_NO_SCHEMA, False)


# --- the registry -----------------------------------------------------------------------------------------

cdef dict _LIBRARY = {}


@cython.final
cdef class ClassRegistry:
    """Names under which a stream may ask for classes (AR-100).

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


cdef ClassRegistry _default = ClassRegistry()
default_registry = _default


class ObjRef:
    """A box for an object pointer: `ref = ObjRef(CFoo); ar >> ref; ref.value` (AR-200).

    `cls` is the class that is asked for; CObject takes what the archive admits.
    """

    __slots__ = ("_class", "value")
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


# --- the map ----------------------------------------------------------------------------------------------

cdef inline size_t spread(void *key) noexcept:
    """Pointers differ in their middle bits; a multiplication brings that down."""
    cdef size_t h = <size_t>key >> 4
    return h ^ (h >> 15) ^ (h >> 7)


cdef inline uint32_t index_of(CArchive a, void *key) noexcept:
    """The index of an object or class in the store map, 0 if it is not there."""
    cdef size_t i
    if a._mask == 0:
        return 0
    i = spread(key) & a._mask
    while a._slots[i].key != NULL:
        if a._slots[i].key == key:
            return a._slots[i].index
        i = (i + 1) & a._mask
    return 0


cdef int enlarge(CArchive a) except -1:
    cdef size_t size = 256 if a._mask == 0 else (a._mask + 1) * 4, mask = size - 1, old, i
    cdef Slot *slots = <Slot *>calloc(size, sizeof(Slot))
    if slots == NULL:
        raise_memory("no memory for the map of objects")
    if a._mask:
        for old in range(a._mask + 1):
            if a._slots[old].key != NULL:
                i = spread(a._slots[old].key) & mask
                while slots[i].key != NULL:
                    i = (i + 1) & mask
                slots[i] = a._slots[old]
        free(a._slots)
    a._slots = slots
    a._mask = mask
    return 0


cdef int begin_map(CArchive a) except -1:
    """The map comes into being with its first use; index 0 is null (AR-79)."""
    if a._map is None:
        a._map = [None]
        a._next = 1
    return 0


cdef int add_entry(CArchive a, object what) except -1:
    """Give the next index to an object or class (AR-75)."""
    cdef size_t i
    if a._next >= PS_MAP_END:
        fail(a, C_BAD_INDEX, position(a), f"at most {PS_MAP_END - 1} objects and classes", "one more")
    if a.loading:
        if a.max_objects_ >= 0 and a._next > a.max_objects_:
            over_limit(a, "max_objects", a.max_objects_, a._next, position(a))
    else:
        if <size_t>PyList_GET_SIZE(a._map) * 2 > a._mask:
            enlarge(a)
        i = spread(<void *>what) & a._mask
        while a._slots[i].key != NULL and a._slots[i].key != <void *>what:
            i = (i + 1) & a._mask
        if a.frames and a._slots[i].key != NULL:  # MapObject may map an object again
            note(a, what, a._slots[i].index)
        a._slots[i].key = <void *>what
        a._slots[i].index = a._next
    a._map.append(what)
    a._next += 1
    return 0


cdef int note(CArchive a, object key, object before) except -1:
    """For a rollback: what the map had for `key`."""
    if a._undo is None:
        a._undo = []
    a._undo.append((key, before))
    return 0


cdef int forget(CArchive a, void *key) noexcept:
    """Take a key out of the slots; those behind it that would not be found any more move up."""
    cdef size_t i = spread(key) & a._mask, hole, home
    while a._slots[i].key != key:
        if a._slots[i].key == NULL:
            return 0
        i = (i + 1) & a._mask
    hole = i
    while True:
        i = (i + 1) & a._mask
        if a._slots[i].key == NULL:
            break
        home = spread(a._slots[i].key) & a._mask
        if ((i - home) & a._mask) >= ((i - hole) & a._mask):
            a._slots[hole] = a._slots[i]
            hole = i
    a._slots[hole].key = NULL
    return 0


cdef int put_back(CArchive a, Py_ssize_t first) except -1:
    """Undo what was noted since the undo list had `first` entries, the last first."""
    cdef size_t i
    cdef list noted = a._undo
    if noted is None:
        return 0
    for key, before in reversed(noted[first:]):
        if not a.loading:
            i = spread(<void *>key) & a._mask
            while a._slots[i].key != NULL and a._slots[i].key != <void *>key:
                i = (i + 1) & a._mask
            a._slots[i].key = <void *>key
            a._slots[i].index = before
        elif before is None:
            del a._schemas[key]
        else:
            a._schemas[key] = before
    del noted[first:]
    return 0


# --- storing ----------------------------------------------------------------------------------------------

cdef int store_tag(CArchive a, uint32_t index, uint32_t class_bit) except -1:
    """An index, in the short form where it fits (AR-82, AR-87, AR-88)."""
    if index < BIG_TAG:
        return put16(a, <int>(index | class_bit))
    put16(a, BIG_TAG)
    return put32(a, index | class_bit << 16)


cdef int store_class(CArchive a, CRuntimeClass rc) except -1:
    """A class tag: the record the first time, the index from then on (AR-86 to AR-90)."""
    cdef uint32_t index
    if rc.schema == PS_NO_SCHEMA:
        raise_not_supported(f"class {rc.m_lpszClassName} has no schema, so it cannot be archived")
    index = index_of(a, <void *>rc)
    if index:
        return store_tag(a, index, CLASS_BIT)
    put16(a, NEW_CLASS)
    put16(a, <int>(rc.schema & 0xFFFF))
    put16(a, <int>len(rc.name))
    write_bytes(a, <const uint8_t *><char *>rc.name, len(rc.name))
    return add_entry(a, rc)


cdef int store_object(CArchive a, object obj) except -1:
    """AR-80 to AR-85."""
    cdef uint32_t index, outer
    cdef CRuntimeClass rc
    cdef Program program
    cdef bint deep
    if a.loading or a.wcur == NULL:
        check_storing(a)
    begin_map(a)
    if obj is None:
        return put16(a, NULL_TAG)
    index = index_of(a, <void *>obj)
    if index:
        return store_tag(a, index, 0)
    if not isinstance(obj, Object):
        raise TypeError(f"only CObject and None are stored by pointer, not {type(obj).__name__}")
    program = program_of((<PyObject *>obj).ob_type)
    if program is not None and program.exact == (<PyObject *>obj).ob_type:
        rc = program.rc
    else:
        rc = class_of_type((<PyObject *>obj).ob_type)
    if program is None:
        store_tagged(a, rc, obj)
    outer = a._stored_schema
    a._stored_schema = rc.schema & ~PS_VERSIONABLE
    deep = program is None or a._depth >= NATIVE_DEPTH
    if deep:
        ps_enter_recursion(b" while storing an object")
    a._depth += 1
    try:
        if program is not None:
            program.store(a, obj, rc, False)
        else:
            obj.Serialize(a)
    except BaseException as e:
        left_object(a, outer, deep)
        if isinstance(e, CArchiveException):
            e.in_class = (rc.m_lpszClassName, *e.in_class)
        raise
    left_object(a, outer, deep)
    return 0


cdef inline void left_object(CArchive a, uint32_t outer, bint deep) noexcept:
    a._depth -= 1
    a._stored_schema = outer
    if deep:
        Py_LeaveRecursiveCall()


cdef int store_tagged(CArchive a, CRuntimeClass rc, object obj) except -1:
    """The tag of a new object and its entry in the map; its body has to follow."""
    store_class(a, rc)
    return add_entry(a, obj)


# --- loading ----------------------------------------------------------------------------------------------

cdef struct Tag:
    int64_t at          # where it begins in the stream
    bint is_class
    bint is_new         # a class record follows
    uint32_t index


cdef int load_tag(CArchive a, Tag *tag) except -1:
    cdef uint32_t word
    tag.at = position(a)
    word = get16(a)
    tag.is_new = word == NEW_CLASS
    tag.is_class = (word & CLASS_BIT) != 0
    if word != BIG_TAG:
        tag.index = word & 0x7FFF
        return 0
    word = get32(a)
    tag.is_class = word >> 31
    tag.index = word & 0x7FFFFFFF
    if a.canonical and tag.index < BIG_TAG:
        fail(a, C_GENERIC, tag.at, "the shortest form of a tag", "a longer one (canonical=True)")
    return 0


cdef object entry(CArchive a, Tag *tag):
    """What a tag's index means, or badIndex (AR-94, AR-95)."""
    if a._map is None or <Py_ssize_t>tag.index >= PyList_GET_SIZE(a._map):
        fail(a, C_BAD_INDEX, tag.at, f"an index of at most {a._next - 1 if a._next else 0}", tag.index)
    return <object>PyList_GET_ITEM(a._map, tag.index)


cdef object old_object(CArchive a, Tag *tag, CRuntimeClass wanted):
    """AR-94, AR-96."""
    cdef CRuntimeClass rc
    obj = entry(a, tag)
    if isinstance(obj, CRuntimeClass):
        fail(a, C_BAD_INDEX, tag.at, "the index of an object", f"{tag.index}, a class")
    if obj is not None and wanted is not None:
        rc = class_of_type((<PyObject *>obj).ob_type)
        if not derives(rc, wanted):
            fail(a, C_BAD_CLASS, tag.at, f"a {wanted.m_lpszClassName}",
                 f"object {tag.index}, a {rc.m_lpszClassName}")
    return obj


cdef CRuntimeClass load_class(CArchive a, Tag *tag, CRuntimeClass wanted, uint32_t *schema):
    """The class of a class tag and the schema that its object has (AR-95, AR-99 to AR-103)."""
    cdef CRuntimeClass rc
    cdef PyObject *found
    if tag.is_new:
        rc = load_record(a, tag.at, schema)
        add_entry(a, rc)
    else:
        what = entry(a, tag)
        if not isinstance(what, CRuntimeClass):
            fail(a, C_BAD_INDEX, tag.at, "the index of a class",
                 f"{tag.index}, {'null' if what is None else 'an object'}")
        rc = what
        schema[0] = rc.schema & ~PS_VERSIONABLE
        if a._schemas is not None:
            found = PyDict_GetItem(a._schemas, rc)
            if found != NULL:
                schema[0] = <uint32_t><object>found
    if wanted is not None and not derives(rc, wanted):
        bad_class(a, tag.at, f"a {wanted.m_lpszClassName}", rc.m_lpszClassName, schema[0])
    return rc


cdef CRuntimeClass load_record(CArchive a, int64_t at, uint32_t *schema):
    cdef CRuntimeClass rc
    cdef uint32_t n
    cdef bytes name
    schema[0] = get16(a)
    n = get16(a)
    if n > LONGEST_NAME:
        bad_class(a, at, f"a class name of at most {LONGEST_NAME} bytes", f"one of {n}", schema[0])
    name = read_some(a, n)
    if <uint32_t>len(name) < n:
        bad_class(a, at, f"a class name of {n} bytes", f"{ascii_of(name)} and the end", schema[0])
    rc = a._registry.find(name)
    if rc is None:
        bad_class(a, at, "a registered class", ascii_of(name), schema[0])
    a._classes += 1
    if a.max_classes_ >= 0 and a._classes > a.max_classes_:
        over_limit(a, "max_classes", a.max_classes_, a._classes, at)
    if schema[0] != rc.schema & ~PS_VERSIONABLE:
        if not rc.schema & PS_VERSIONABLE:
            fail(a, C_BAD_SCHEMA, at, f"schema {rc.schema} of {rc.m_lpszClassName}", f"schema {schema[0]}")
        if a._schemas is None:
            a._schemas = {}
        if a.frames:
            note(a, rc, a._schemas.get(rc))
        a._schemas[rc] = schema[0]
    return rc


cdef str ascii_of(bytes name):
    return name.decode("ascii", "backslashreplace")


cdef int bad_class(CArchive a, int64_t at, object wanted, str name, uint32_t schema) except -1:
    """badClass with what a look at the stream needs: the tag's offset, the name and the schema (AR-204)."""
    e = CArchiveException(C_BAD_CLASS, a._name, offset=at, wanted=wanted, found=f"{name}, schema {schema}")
    e.class_name = name
    e.class_schema = schema
    raise e


cdef int check_admitted(CArchive a, CRuntimeClass rc, CRuntimeClass wanted, int64_t at,
                        uint32_t schema) except -1:
    """AR-186: what a stream may make of a registered class."""
    if rc.library or a._admit == ADMIT_REGISTERED or (a._admit == ADMIT_REQUESTED and wanted is not None):
        return 0
    if a._admit == ADMIT_REQUESTED:
        return bad_class(a, at, "a library collection, as no class is asked for and allow= names none",
                         rc.m_lpszClassName, schema)
    for allowed in <tuple>a._allow:
        if derives(rc, <CRuntimeClass>allowed):
            return 0
    return bad_class(a, at, "a class of allow=", rc.m_lpszClassName, schema)


cdef object load_object(CArchive a, CRuntimeClass wanted):
    """AR-93. Whatever goes wrong once the tag is read makes the archive refuse further loads (AR-190)."""
    cdef Tag tag
    cdef CRuntimeClass rc = None
    cdef uint32_t schema = 0, outer, outer_object
    cdef bint inside = False, deep = False
    cdef Program program
    if wanted is not None and wanted.schema == PS_NO_SCHEMA:
        raise_not_supported(f"class {wanted.m_lpszClassName} has no schema, so it cannot be archived")
    if a._map is None:
        check_loading(a)
        begin_map(a)
    if a.rlim - a.rcur < 2:
        fetch(a, 2)  # endOfFile between items consumes nothing: the archive stays sound
    enter_item(a)
    try:
        load_tag(a, &tag)
        if not tag.is_class:
            obj = None if tag.index == 0 else old_object(a, &tag, wanted)
            leave_item(a)
            return obj
        rc = load_class(a, &tag, wanted, &schema)
        check_admitted(a, rc, wanted, tag.at, schema)
        if a.max_depth_ >= 0 and a._depth >= a.max_depth_:
            over_limit(a, "max_depth", a.max_depth_, a._depth + 1, tag.at)
        a._created += 1
        if a.max_dense_ >= 0 and a._created - a.max_dense_ > tag.at >> 3:
            over_limit(a, "max_dense", a.max_dense_, f"{a._created} objects in {tag.at} bytes", tag.at)
        obj = create(rc)
        if a._map is None:
            check_loading(a)  # creating it closed the archive
        add_entry(a, obj)
        outer = a._schema
        outer_object = a._object_schema
        a._schema = a._object_schema = schema
        program = program_of((<PyObject *>obj).ob_type)
        deep = program is None or a._depth >= NATIVE_DEPTH
        if deep:
            ps_enter_recursion(b" while loading an object")
        a._depth += 1
        inside = True
        if program is not None:
            program.load(a, obj)
        else:
            obj.Serialize(a)
        a._depth -= 1
        if deep:
            Py_LeaveRecursiveCall()
        a._schema = outer
        a._object_schema = outer_object
    except BaseException as e:
        if inside:
            a._depth -= 1
            if deep:
                Py_LeaveRecursiveCall()
        load_failed(a, e, rc if inside else None)
        if isinstance(e, RecursionError):  # Python's own limit came before max_depth
            over_limit(a, "max_depth", a._depth, "as deep as Python's recursion limit lets it be", tag.at)
        raise
    leave_item(a)
    return obj


cdef int load_failed(CArchive a, object e, CRuntimeClass rc) except -1:
    if a.state == S_OPEN and not a._faithful:
        a.state = S_FAILED
    leave_item(a)
    if a.nesting == 0 and a.state == S_FAILED:
        a.clear_map()  # nothing that was half loaded stays alive here (AR-192)
    if rc is not None and isinstance(e, CArchiveException):
        e.in_class = (rc.m_lpszClassName, *e.in_class)
    return 0


# --- records and lists ------------------------------------------------------------------------------------

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


cdef object load_value_of(CArchive a, object cls):
    """A record. If the stream ends before it, the archive stays sound; what goes wrong inside it is as with
    objects (AR-190)."""
    cdef int64_t at
    check_loading(a)
    obj = new_value(cls)
    at = position(a)
    enter_item(a)
    try:
        serialize(a, obj, False)
    except BaseException as e:
        composite_failed(a, e, at)
        raise
    leave_item(a)
    return obj


cdef int store_value(CArchive a, object value) except -1:
    if a.loading or a.wcur == NULL:
        check_storing(a)
    return serialize(a, value, False)


cdef int composite_failed(CArchive a, object e, int64_t at) except -1:
    if a.state == S_OPEN and not a.busy and position(a) == at:
        return leave_item(a)
    return load_failed(a, e, None)


cdef bint is_object(object T) except -1:
    return isinstance(T, CRuntimeClass) or (isinstance(T, type) and issubclass(T, Object)
                                            and not hasattr(T, "__mfc_load__"))


cdef CRuntimeClass requested(object T):
    """The class that a typed read of objects asks for; CObject is no restriction."""
    cdef CRuntimeClass rc = runtime_class(T)
    return None if rc is _root else rc


cdef list load_many(CArchive a, object T, int64_t n):
    cdef int kind = kind_of(T)
    cdef list out = []
    cdef int64_t _i
    cdef CRuntimeClass wanted
    if kind != K_NONE:
        for _i in range(n):
            out.append(load_kind(a, kind))
    elif isinstance(T, type) and issubclass(T, Value):
        for _i in range(n):
            value = new_value(T)
            serialize(a, value, False)
            out.append(value)
    elif is_object(T):
        wanted = requested(T)
        for _i in range(n):
            out.append(load_object(a, wanted))
    else:
        load = getattr(T, "__mfc_load__", None)
        if load is None:
            raise TypeError(f"{T!r} is not a wire type")
        for _i in range(n):
            out.append(load(a))
    return out


cdef int store_values(CArchive a, object values, object T) except -1:
    """Records, mostly; their program is looked up once for all that are of one class."""
    cdef PyTypeObject *last = NULL
    cdef PyTypeObject *cls
    cdef Program program = None
    check_storing(a)
    for value in values:
        cls = (<PyObject *>value).ob_type
        if cls != last:
            last = NULL
            program = None
            if isinstance(value, Value) and (T is None or isinstance(value, T)):
                program = program_of(cls)
        if program is not None:
            last = cls
            program.store(a, value, None, False)
        elif T is None:
            a << value
        else:
            a.write(value, T)
    return 0


cdef int store_many(CArchive a, object values, object T) except -1:
    cdef int kind = K_NONE if T is None else kind_of(T)
    cdef CRuntimeClass wanted
    if kind != K_NONE:
        for value in values:
            store_kind(a, kind, (<Box>value)._v if isinstance(value, Box) else value)
    elif T is None or (isinstance(T, type) and issubclass(T, Value)):
        store_values(a, values, T)
    elif is_object(T):
        wanted = runtime_class(T)
        for value in values:
            check_kind(value, wanted)
            store_object(a, value)
    else:
        for value in values:
            a.write(value, T)
    return 0


cdef int check_kind(object value, CRuntimeClass wanted) except -1:
    """TypeError if a pointer of that class cannot point to it."""
    if value is None or (isinstance(value, Object)
                         and (wanted is _root or derives(class_of_type((<PyObject *>value).ob_type), wanted))):
        return 0
    raise TypeError(f"need a {wanted.m_lpszClassName} or None, not {type(value).__name__}")


cdef int64_t least_size(object T) except -1:
    """Fewest bytes that a value of a wire type takes (AR-187)."""
    cdef int kind = kind_of(T)
    if kind != K_NONE:
        return 1 if kind > K_DOUBLE else BITS[kind] >> 3
    return 2 if is_object(T) else getattr(T, "__mfc_min_size__", 1)


cdef object load_value(CArchive a, object T):
    """See CArchive.read."""
    cdef int kind = kind_of(T)
    return load_kind(a, kind) if kind != K_NONE else load_typed(a, T)


# --- CArchive ---------------------------------------------------------------------------------------------

cdef class CArchive(Transactional):
    """Stores values and objects to a file, or loads them, as the bytes that MFC's CArchive makes (AR-1).

    `file` is a CFile, CMemFile or anything like them, a binary Python file, or for loading any bytes-like
    object. `mode` is `CArchive.load` or `CArchive.store`, optionally with `bNoFlushOnDelete` or
    `bNoByteSwap`. `nBufSize` is at least 128; `lpBuf` a writable buffer of that size to use in place of one
    of its own. The file is neither opened, owned nor closed.

    - `unicode`: CString and text lines are UTF-16 (a Unicode build), else of the code page `encoding` with
      the error policy `errors`. `encoding="cp1252"` is Windows' own, without undefined bytes (AR-60).
    - `profile`: "mfc6", "mfc8" or "mfc9"; `bits`: 32 or 64, the build that is imitated; `map_order`: None,
      "mfc6" or "mfc9" (AR-147).
    - `faithful=True` reproduces MFC's quirks, `canonical=True` refuses over-long forms on loading (10.7).
    - `allow`: which classes the stream may create. None: those that derive from the class asked for, and the
      library's collections; "registered": all registered ones; a set of classes: those, what derives from
      them, and the library's collections (AR-186). `registry`: where names are looked up.
    - `read_ahead=False` never asks the file for more than an item needs.
    - `max_string`, `max_count`, `max_total`, `max_objects`, `max_classes`, `max_depth`, `max_dense`: limits
      against hostile streams, None for none (AR-179 to AR-184; the properties say what each means).

    As a context manager it closes on success and aborts on an exception (AR-209).
    """

    store = 0
    load = 1
    bNoFlushOnDelete = 2
    bNoByteSwap = 4

    def __init__(self, file, mode, nBufSize=4096, lpBuf=None, *, unicode=True, encoding="cp1252",
                 errors="strict", profile="mfc9", faithful=False, canonical=False, map_order=None, allow=None,
                 registry=None, read_ahead=True, bits=32, max_string=16 << 20, max_count=16 << 20,
                 max_total=256 << 20, max_objects=1_000_000, max_classes=1024, max_depth=200,
                 max_dense=65536):
        if self.opened:
            raise RuntimeError("an archive cannot be opened a second time; make a new one")
        if not isinstance(mode, int) or not 0 <= mode <= 7:
            raise ValueError(f"mode must be CArchive.load or CArchive.store (and other bits), got {mode!r}")
        if profile not in ("mfc6", "mfc8", "mfc9"):
            raise ValueError(f"profile must be 'mfc6', 'mfc8' or 'mfc9', got {profile!r}")
        if map_order not in (None, "mfc6", "mfc9"):
            raise ValueError(f"map_order must be None, 'mfc6' or 'mfc9', got {map_order!r}")
        if bits not in (32, 64):
            raise ValueError(f"bits must be 32 or 64, got {bits!r}")
        self.wide = bool(unicode)
        self.codec = codec(encoding, errors)
        self._profile = profile
        self._faithful = bool(faithful)
        self.canonical = bool(canonical)
        self._map_order = map_order
        self._read_ahead = bool(read_ahead)
        self._bits = bits
        self._registry = _default if registry is None else <ClassRegistry?>registry
        self.max_string = max_string
        self.max_count = max_count
        self.max_total = max_total
        self.max_objects = max_objects
        self.max_classes = max_classes
        self.max_depth = max_depth
        self.max_dense = max_dense
        self.allow = allow
        self._schema = self._object_schema = self._stored_schema = PS_ASKED
        self.m_bForceFlat = True
        self.open_file(file, mode, nBufSize, lpBuf)

    def __dealloc__(self):
        free(self._slots)

    def __del__(self):
        if self.state == S_OPEN and not self.loading and self.wcur > self.start:
            warnings.warn(f"{self!r} was never closed: {self.wcur - self.start} unflushed bytes are lost",
                          ResourceWarning, source=self)

    def __repr__(self):
        if self.state == S_CLOSED:
            return "<CArchive closed>"
        way = "loading" if self.loading else "storing"
        failed = " failed" if self.state == S_FAILED else ""
        return f"<CArchive {way}{failed} at byte {position(self) if not self.busy else '?'}>"

    cdef void clear_map(self) noexcept:
        free(self._slots)
        self._slots = NULL
        self._mask = 0
        self._schemas = self._undo = None
        self._map = None  # last, as this runs what the objects have for destructors

    cdef void mark_map(self, Frame *f) noexcept:
        f.next = 0 if self._map is None else self._next
        f.schema = self._schema
        f.object_schema = self._object_schema
        f.classes = self._classes
        f.created = self._created
        if self.frames == 0:
            self._undo = None
        f.undo = 0 if self._undo is None else len(self._undo)

    cdef int unwind_map(self, Frame *f) except -1:
        cdef Py_ssize_t i, first
        cdef list dropped
        self._schema = f.schema
        self._object_schema = f.object_schema
        self._classes = f.classes
        self._created = f.created
        if self._map is None:
            return 0
        if f.next == 0:
            self._next = 0
            self.clear_map()
            return 0
        first = PyList_GET_SIZE(self._map) - (self._next - f.next)
        dropped = self._map[first:]
        if self._mask:
            for i in range(len(dropped)):
                forget(self, <void *>PyList_GET_ITEM(dropped, i))
        del self._map[first:]
        self._next = f.next
        put_back(self, f.undo)
        del dropped  # last, as this runs what the objects have for destructors
        return 0

    # --- settings

    @property
    def allow(self):
        """Which classes the stream may create: None, "registered" or a tuple of run-time classes (AR-186)."""
        return self._allow

    @allow.setter
    def allow(self, value):
        if value is None:
            self._admit = ADMIT_REQUESTED
        elif isinstance(value, str):
            if value != "registered":
                raise ValueError(f"allow must be None, 'registered' or a set of classes, got {value!r}")
            self._admit = ADMIT_REGISTERED
        else:
            value = tuple([runtime_class(cls) for cls in value])
            self._admit = ADMIT_LISTED
        self._allow = value

    @property
    def registry(self):
        """Where class names are looked up."""
        return self._registry

    @property
    def max_objects(self):
        """Most entries of the map on loading, None for no limit (AR-182)."""
        return limit_out(self.max_objects_)

    @max_objects.setter
    def max_objects(self, value):
        self.max_objects_ = limit_in("max_objects", value)

    @property
    def max_classes(self):
        """Most class records on loading, None for no limit (AR-183)."""
        return limit_out(self.max_classes_)

    @max_classes.setter
    def max_classes(self, value):
        self.max_classes_ = limit_in("max_classes", value)

    @property
    def max_depth(self):
        """How deep objects may be nested on loading, None for Python's own recursion limit (AR-184)."""
        return limit_out(self.max_depth_)

    @max_depth.setter
    def max_depth(self, value):
        self.max_depth_ = limit_in("max_depth", value)

    @property
    def max_dense(self):
        """How many more objects the stream may make than it has had groups of 8 bytes, None for no limit. Two
        bytes make an object of a hundred or more: this keeps the memory in proportion to the input."""
        return limit_out(self.max_dense_)

    @max_dense.setter
    def max_dense(self, value):
        self.max_dense_ = limit_in("max_dense", value)

    @property
    def limits(self):
        """All limits by name, as a new dict."""
        return {name: getattr(self, name) for name in _LIMITS}

    def SetLoadParams(self, nGrowBy=1024):
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""
        self.check_params(True)

    def SetStoreParams(self, nHashSize=2053, nBlockSize=128):
        """Accepted and without effect, as memory is tuned by itself; CInvalidArgException once the map exists
        (AR-29)."""
        self.check_params(False)

    cdef int check_params(self, bint loading) except -1:
        unusable(self)
        if self.loading != loading:
            raise_invalid_arg("the parameters are for the other direction")
        if self._map is not None:
            raise_invalid_arg("too late: objects or classes have been mapped already")
        return 0

    # --- objects

    def WriteObject(self, pOb, /):
        """Store a pointer: null, a reference to what was stored before, or class tag and object (AR-80 to
        AR-85).

        CNotSupportedException if the object's class has no schema.
        """
        store_object(self, pOb)

    def ReadObject(self, pClass=None, /):
        """Load a pointer: None, an object loaded before, or a new one (AR-93 to AR-106).

        `pClass` is the class (or CRuntimeClass) it must be of or derive from; None does not check, and
        creates only what `allow` admits. badIndex, badClass, badSchema as in MFC; CMemoryException for a
        class that cannot be created; CNotSupportedException if `pClass` has no schema.
        """
        return load_object(self, None if pClass is None else runtime_class(pClass))

    def WriteClass(self, pClass, /):
        """Store a class tag alone (AR-107). badClass for None, CNotSupportedException for a class without a
        schema."""
        unusable(self)
        if self.loading:
            fail(self, C_GENERIC, -1, "a storing archive", "a loading one")
        if pClass is None:
            fail(self, C_BAD_CLASS, position(self), "a class", "None")
        begin_map(self)
        store_class(self, runtime_class(pClass))

    def ReadClass(self, pClass=None, pSchema=None, pObTag=None):
        """Load a class tag alone and return its CRuntimeClass (AR-108, AR-109, AR-226).

        The schema goes to the box `pSchema` (a UINT), else GetObjectSchema answers it once. An object's tag
        is badIndex, unless there is a box `pObTag` (a DWORD): then it gets the object's index and the result
        is None. For a class it gets 0x80000000 | index, for a new class record 0x80007FFF.
        """
        cdef Tag tag
        cdef CRuntimeClass rc, wanted = None if pClass is None else runtime_class(pClass)
        cdef uint32_t schema = 0
        unusable(self)
        if not self.loading:
            fail(self, C_GENERIC, -1, "a loading archive", "a storing one")
        if wanted is not None and wanted.schema == PS_NO_SCHEMA:
            raise_not_supported(f"class {wanted.m_lpszClassName} has no schema, so it cannot be archived")
        begin_map(self)
        if self.rlim - self.rcur < 2:
            fetch(self, 2)
        enter_item(self)
        try:
            load_tag(self, &tag)
            if not tag.is_class:
                if pObTag is None:
                    fail(self, C_BAD_INDEX, tag.at, "a class", f"object {tag.index}" if tag.index else "null")
                pObTag.value = tag.index
                leave_item(self)
                return None
            rc = load_class(self, &tag, wanted, &schema)
        except BaseException as e:
            load_failed(self, e, None)
            raise
        leave_item(self)
        if pSchema is not None:
            pSchema.value = schema
        else:
            self._schema = self._object_schema = schema
        if pObTag is not None:
            pObTag.value = 0x80007FFF if tag.is_new else 0x80000000 | tag.index
        return rc

    def SerializeClass(self, pClass, /):
        """WriteClass or ReadClass by direction; gives a base class its own schema (AR-110)."""
        if self.loading:
            self.ReadClass(pClass)
        else:
            self.WriteClass(pClass)

    def MapObject(self, pOb, /):
        """Give an object the next index without storing or loading anything; both sides must do it at the
        same point. None only makes sure that there is a map (AR-111)."""
        unusable(self)
        if pOb is not None and not isinstance(pOb, Object):
            raise TypeError(f"only CObject can be mapped, not {type(pOb).__name__}")
        begin_map(self)
        if pOb is not None:
            add_entry(self, pOb)

    def GetObjectSchema(self):
        """The schema of the object that is being loaded: once, then 0xFFFFFFFF (AR-104). `object_schema` can
        be read any number of times."""
        cdef uint32_t schema = self._schema
        self._schema = PS_ASKED
        return schema

    def SetObjectSchema(self, nSchema, /):
        """Make `nSchema` what GetObjectSchema answers next (AR-104)."""
        self._schema = self._object_schema = nSchema

    @property
    def object_schema(self):
        """The schema of the object that is being loaded, None outside of one (AR-207)."""
        return None if self._object_schema == PS_ASKED else self._object_schema

    def _set_map_count(self, n, /):
        """For tests of the end of the map (AR-78): the next index of a storing archive."""
        begin_map(self)
        self._next = n

    def _state(self):
        """For tests: MFC's members as far as there is something that corresponds."""
        return {
            "nMode": self.mode, "nBufSize": self.cap, "bUserBuf": int(self.user_buffer), "bDirectBuffer": 0,
            "bBlocking": 2 if self.blocking else 0,
            "cur": (self.rcur if self.loading else self.wcur) - self.start,
            "max": (self.rend if self.loading else self.wlim) - self.start,
            "mapcount": 0 if self._map is None else self._next,
            "schema": self._schema,
        }

    # --- operators and typed reads

    def __lshift__(self, other):
        """`ar << value`: a box as its type, bool as C++ bool, int as LONG, float as double, str as CString,
        None and CObject as object pointers, value types as theirs. Returns the archive (AR-193 to AR-199)."""
        cdef int kind = kind_of(type(other))
        if kind != K_NONE:
            store_kind(self, kind, (<Box>other)._v)
        else:
            store_untyped(self, other)
        return self

    def __rshift__(self, other):
        """`ar >> box` loads into a box. Returns the archive (AR-200, AR-201)."""
        cdef int kind = kind_of(type(other))
        if kind != K_NONE:
            (<Box>other)._v = load_kind(self, kind)  # what was loaded fits
        else:
            extract_typed(self, other)
        return self

    def read(self, T, /):
        """Load one value of the wire type `T` and return it: int, float, bool or str for the scalar and
        string types, an object or None for classes derived from CObject, and what they say for value types
        and descriptors such as `list_of(CString)` (AR-200)."""
        cdef int kind = kind_of(T)
        if kind != K_NONE:
            return load_kind(self, kind)
        return load_typed(self, T)

    def write(self, value, T=None):
        """Store one value as the wire type `T`, or as `ar << value` would without one."""
        cdef int kind = kind_of(T)
        if kind != K_NONE:
            store_kind(self, kind, (<Box>value)._v if isinstance(value, Box) else value)
        elif T is None:
            self << value
        else:
            store_typed(self, value, T)

    def read_list(self, T, n, /):
        """Load `n` values of the wire type `T` into a new list, without a count before them.

        endOfFile at once if the stream is known to be shorter than that many, ArchiveLimitError above
        max_count (AR-180, AR-187). For a count in the stream there is `ar.read(list_of(T))`.
        """
        cdef int64_t count = n, at
        check_loading(self)
        if count < 0:
            raise ValueError(f"the number of elements must not be negative, got {n}")
        at = position(self)
        enter_item(self)
        try:
            check_count(self, count, least_size(T), at)
            values = load_many(self, T, count)
        except BaseException as e:
            composite_failed(self, e, at)
            raise
        leave_item(self)
        return values

    def write_list(self, values, T=None):
        """Store every value of an iterable as the wire type `T`, or as `ar << value` would without one; no
        count."""
        store_many(self, values, T)

    def read_columns(self, T, n, /):
        """Load `n` records of the class `T` into columns: a dict with an array of numbers for each scalar
        field and a list for any other.

        The arrays are numpy's where numpy is installed, else `array.array`. Limits are those of `read_list`.
        """
        cdef Program program = None
        if isinstance(T, type):
            program = program_of(<PyTypeObject *><PyObject *>T)
        if program is None or issubclass(T, Object):
            raise TypeError(f"read_columns needs a Record class with declared fields, not {T!r}")
        return program.columns(self, n)


ps_adopt_methods(<PyTypeObject *><PyObject *>CArchive)

cdef tuple _LIMITS = (
    "max_string", "max_count", "max_total", "max_objects", "max_classes", "max_depth", "max_dense",
)


# What the operators, read and write do with all but boxes; apart from them, so that boxes need no more registers
# than they use.

cdef int store_untyped(CArchive a, object v) except -1:
    """`ar << v` (AR-195 to AR-199)."""
    if isinstance(v, bool):
        return store_kind(a, K_bool, v)
    if isinstance(v, int):
        return store_kind(a, K_LONG, v)
    if isinstance(v, str):
        return store_kind(a, K_CString, v)
    if isinstance(v, float):
        return store_kind(a, K_DOUBLE, v)
    if v is None or isinstance(v, Object):
        return store_object(a, v)
    if isinstance(v, Value):
        return store_value(a, v)
    store = getattr(type(v), "__mfc_store__", None)
    if store is None:
        no_wire_type(v)
    store(a, v)
    return 0


cdef int store_typed(CArchive a, object v, object T) except -1:
    """`ar.write(v, T)`."""
    store = getattr(T, "__mfc_store__", None)
    if store is not None:
        store(a, v)
    elif is_object(T):
        check_kind(v, runtime_class(T))
        store_object(a, v)
    else:
        raise TypeError(f"{T!r} is not a wire type")
    return 0


cdef object load_typed(CArchive a, object T):
    """`ar.read(T)`."""
    if isinstance(T, type) and issubclass(T, Value):
        return load_value_of(a, T)
    load = getattr(T, "__mfc_load__", None)
    if load is not None:
        enter_item(a)
        try:
            return load(a)
        finally:
            leave_item(a)
    if is_object(T):
        return load_object(a, requested(T))
    raise TypeError(f"{T!r} is not a wire type")


cdef int extract_typed(CArchive a, object box) except -1:
    """`ar >> box`."""
    if isinstance(box, type):
        name = box.__name__
        raise TypeError(f">> needs a box: x = {name}(); ar >> x; or use ar.read({name})")
    extract = getattr(type(box), "__mfc_extract__", None)
    if extract is None:
        raise TypeError(f">> needs a box, for example x = WORD(); ar >> x; not {type(box).__name__}")
    enter_item(a)
    try:
        extract(box, a)
    finally:
        leave_item(a)
    return 0


cdef int no_wire_type(object value) except -1:
    """TypeError that tells what to write instead (AR-197 to AR-199)."""
    hint = ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        hint = "; use ar.Write(data) for raw bytes, CStringA(data) for a string"
    elif isinstance(value, type):
        hint = f"; {value.__name__} is a class, give a value of it"
    elif hasattr(value, "__index__") or hasattr(value, "__float__"):
        hint = "; say which width it has, for example LONG(x) or DOUBLE(x)"
    elif hasattr(value, "isoformat"):
        hint = "; say what it is to be: ar.write(x, COleDateTime) or ar.write(x, CTime)"
    raise TypeError(f"{type(value).__name__} has no wire type of its own{hint}")
