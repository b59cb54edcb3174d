# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""Objects of an archive: tags, the map, schemas and limits; how objects are stored and loaded.

Invariants:
- one counter numbers classes and objects; an object is numbered after its class tag and before its body
  (AR-75, AR-76);
- whatever is in the map is kept alive by it, so an address never means two things (AR-41);
- only registered and admitted classes are created (AR-191).
"""

from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free

from pysock._core.buffer cimport (
    C_BAD_CLASS, C_BAD_INDEX, C_BAD_SCHEMA, C_GENERIC, S_FAILED, S_OPEN, check_loading, check_storing, enter_item,
    fail, fetch, get16, get32, leave_item, limit_in, limit_out, over_limit, position, put16, put32, read_some,
    unusable, write_bytes,
)
from pysock._core.classes cimport (
    LONGEST_NAME, PS_NO_SCHEMA, PS_VERSIONABLE, CRuntimeClass, Object, checked_schema, class_of_type, create, derives,
    runtime_class,
)
from pysock._core.errors cimport raise_invalid_arg, raise_memory, raise_not_supported
from pysock._core.errors import CArchiveException
from pysock._core.transact cimport Frame, Transactional

cdef extern from "Python.h":
    void Py_LeaveRecursiveCall()

cdef extern from *:
    """
    /* what Python calls non-zero is 1 in one version and -1 in another */
    static inline int ps_enter_recursion(const char *where)
    {
        return Py_EnterRecursiveCall(where) ? -1 : 0;
    }
    #define PS_ASKED 0xFFFFFFFFu            /* GetObjectSchema has nothing to answer (AR-104) */
    #define PS_MAP_END 0x3FFFFFFEu          /* the first index that cannot be used (AR-78) */
    """
    int ps_enter_recursion(const char *where) except -1
    const uint32_t PS_ASKED
    const uint32_t PS_MAP_END

cdef enum:
    NULL_TAG = 0x0000
    BIG_TAG = 0x7FFF
    CLASS_BIT = 0x8000
    NEW_CLASS = 0xFFFF
    NATIVE_DEPTH = 500  # of objects within objects that need none of Python's own stack (AR-213)

cdef enum:
    ADMIT_REQUESTED     # what a typed request admits, and the library's collections
    ADMIT_REGISTERED    # every registered class
    ADMIT_LISTED        # classes of a list, and those derived from them


# --- declared fields, as far as objects have to know of them ----------------------------------------------

cdef class Program:
    """The `Serialize` of a class with declared fields: a native program in place of a Python function. The
    room `plan` makes them."""

    cdef int store(self, Graph a, object obj, CRuntimeClass tag, bint sure) except -1:
        raise NotImplementedError

    cdef int load(self, Graph a, object obj) except -1:
        raise NotImplementedError

    cdef int check(self, Graph a, object obj) except -1:
        raise NotImplementedError

    cdef object columns(self, Graph a, object n):
        raise NotImplementedError


cdef int serialize(Graph a, object obj, bint sure) except -1:
    """Store or load what an object is made of, without a tag."""
    cdef Program program = program_of((<PyObject *>obj).ob_type)
    if program is None:
        obj.Serialize(a)
    elif a.loading:
        program.load(a, obj)
    else:
        program.store(a, obj, None, sure)
    return 0


# --- the map ----------------------------------------------------------------------------------------------

cdef inline size_t spread(void *key) noexcept:
    """Pointers differ in their middle bits; a multiplication brings that down."""
    cdef size_t h = <size_t>key >> 4
    return h ^ (h >> 15) ^ (h >> 7)


cdef inline uint32_t index_of(Graph a, void *key) noexcept:
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


cdef int enlarge(Graph a) except -1:
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


cdef int begin_map(Graph a) except -1:
    """The map comes into being with its first use; index 0 is null (AR-79)."""
    if a._map is None:
        a._map = [None]
        a._next = 1
    return 0


cdef int add_entry(Graph a, object what) except -1:
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


cdef int note(Graph a, object key, object before) except -1:
    """For a rollback: what the map had for `key`."""
    if a._undo is None:
        a._undo = []
    a._undo.append((key, before))
    return 0


cdef int forget(Graph a, void *key) noexcept:
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


cdef int put_back(Graph a, Py_ssize_t first) except -1:
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

cdef int store_tag(Graph a, uint32_t index, uint32_t class_bit) except -1:
    """An index, in the short form where it fits (AR-82, AR-87, AR-88)."""
    if index < BIG_TAG:
        return put16(a, <int>(index | class_bit))
    put16(a, BIG_TAG)
    return put32(a, index | class_bit << 16)


cdef int store_class(Graph a, CRuntimeClass rc) except -1:
    """A class tag: the record the first time, the index from then on (AR-86 to AR-90)."""
    cdef uint32_t index
    if rc.schema == PS_NO_SCHEMA:
        raise_not_supported(f"class {rc.m_lpszClassName} has no schema, so it cannot be archived")
    index = index_of(a, <void *>rc)
    if index:
        return store_tag(a, index, CLASS_BIT)
    put16(a, NEW_CLASS)
    put16(a, <int>(schema_in(a, rc) & 0xFFFF))
    put16(a, <int>len(rc.name))
    write_bytes(a, <const uint8_t *><char *>rc.name, len(rc.name))
    return add_entry(a, rc)


cdef int store_object(Graph a, object obj) except -1:
    """AR-80 to AR-85."""
    cdef uint32_t index, outer, first
    cdef int64_t at
    cdef int frames = a.frames
    cdef CRuntimeClass rc
    cdef Program program
    cdef bint deep
    if a.loading or a.wcur == NULL:
        check_storing(a)
    if a._map is None:
        begin_map(a)
    if obj is None:
        return put16(a, NULL_TAG)
    index = index_of(a, <void *>obj)
    if index:
        return store_tag(a, index, 0)
    program = program_of((<PyObject *>obj).ob_type)
    if program is not None and program.exact == (<PyObject *>obj).ob_type:
        rc = program.rc
    else:
        if not isinstance(obj, Object):
            raise TypeError(f"only CObject and None are stored by pointer, not {type(obj).__name__}")
        rc = class_of_type((<PyObject *>obj).ob_type)
    if program is None:
        store_tagged(a, rc, obj)
    deep = program is None or a._depth >= NATIVE_DEPTH
    if deep:
        ps_enter_recursion(b" while storing an object")
    at = position(a)
    first = a._next
    outer = a._stored_schema
    a._stored_schema = schema_in(a, rc) & ~PS_VERSIONABLE
    a._depth += 1
    try:
        if program is not None:
            program.store(a, obj, rc, False)
        else:
            obj.Serialize(a)
    except BaseException as e:
        left_object(a, outer, deep)
        if program is not None and a.frames == frames:
            take_back(a, at, first)
        if isinstance(e, CArchiveException):
            e.in_class = (rc.m_lpszClassName, *e.in_class)
        raise
    left_object(a, outer, deep)
    return 0


cdef int take_back(Graph a, int64_t at, uint32_t first) except -1:
    """A declared object could not be stored: take its bytes and numbers back, as long as nothing of it has gone to
    the file. What comes next then is no reference to half an object."""
    cdef Frame f
    if a.busy or a.state != S_OPEN or at < a.base or at > position(a) or a._map is None or a._next <= first:
        return 0
    a.mark_map(&f)
    f.next = first
    a.wcur = a.start + (at - a.base)
    return a.unwind_map(&f)


cdef inline void left_object(Graph a, uint32_t outer, bint deep) noexcept:
    a._depth -= 1
    a._stored_schema = outer
    if deep:
        Py_LeaveRecursiveCall()


cdef int store_tagged(Graph a, CRuntimeClass rc, object obj) except -1:
    """The tag of a new object and its entry in the map; its body has to follow."""
    store_class(a, rc)
    return add_entry(a, obj)


# --- loading ----------------------------------------------------------------------------------------------

cdef struct Tag:
    int64_t at          # where it begins in the stream
    bint is_class
    bint is_new         # a class record follows
    uint32_t index


cdef int load_tag(Graph a, Tag *tag) except -1:
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


cdef object entry(Graph a, Tag *tag):
    """What a tag's index means, or badIndex (AR-94, AR-95)."""
    if a._map is None or <Py_ssize_t>tag.index >= PyList_GET_SIZE(a._map):
        fail(a, C_BAD_INDEX, tag.at, f"an index of at most {a._next - 1 if a._next else 0}", tag.index)
    return <object>PyList_GET_ITEM(a._map, tag.index)


cdef object old_object(Graph a, Tag *tag, CRuntimeClass wanted):
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


cdef CRuntimeClass load_class(Graph a, Tag *tag, CRuntimeClass wanted, uint32_t *schema):
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
        schema[0] = schema_in(a, rc) & ~PS_VERSIONABLE
        if a._schemas is not None:
            found = PyDict_GetItem(a._schemas, rc)
            if found != NULL:
                schema[0] = <uint32_t><object>found
    if wanted is not None and not derives(rc, wanted):
        bad_class(a, tag.at, f"a {wanted.m_lpszClassName}", rc.m_lpszClassName, schema[0])
    return rc


cdef CRuntimeClass load_record(Graph a, int64_t at, uint32_t *schema):
    cdef CRuntimeClass rc
    cdef uint32_t n, own
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
    own = schema_in(a, rc)
    if schema[0] != own & ~PS_VERSIONABLE:
        if not own & PS_VERSIONABLE:
            fail(a, C_BAD_SCHEMA, at, f"schema {own} of {rc.m_lpszClassName}", f"schema {schema[0]}")
        if a._schemas is None:
            a._schemas = {}
        if a.frames:
            note(a, rc, a._schemas.get(rc))
        a._schemas[rc] = schema[0]
    return rc


cdef str ascii_of(bytes name):
    return name.decode("ascii", "backslashreplace")


cdef int bad_class(Graph a, int64_t at, object wanted, str name, uint32_t schema) except -1:
    """badClass with what a look at the stream needs: the tag's offset, the name and the schema (AR-204)."""
    e = CArchiveException(C_BAD_CLASS, a._name, offset=at, wanted=wanted, found=f"{name}, schema {schema}")
    e.class_name = name
    e.class_schema = schema
    raise e


cdef int check_admitted(Graph a, CRuntimeClass rc, CRuntimeClass wanted, int64_t at,
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


cdef object load_object(Graph a, CRuntimeClass wanted):
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


cdef int load_failed(Graph a, object e, CRuntimeClass rc) except -1:
    if a.state == S_OPEN and not a._faithful:
        a.state = S_FAILED
    leave_item(a)
    if a.nesting == 0 and a.state == S_FAILED:
        a.clear_map()  # nothing that was half loaded stays alive here (AR-192)
    if rc is not None and isinstance(e, CArchiveException):
        e.in_class = (rc.m_lpszClassName, *e.in_class)
    return 0


cdef int composite_failed(Graph a, object e, int64_t at) except -1:
    if a.state == S_OPEN and not a.busy and position(a) == at:
        return leave_item(a)
    return load_failed(a, e, None)


# --- what an archive has of all that ----------------------------------------------------------------------

cdef class Graph(Transactional):
    """The archive with its objects, still without options, operators and typed reads."""

    def __cinit__(self):
        self._schema = self._object_schema = self._stored_schema = PS_ASKED

    def __dealloc__(self):
        free(self._slots)

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
    def schemas(self):
        """The schemas that classes have in this archive where those are not their own: a new dict of run-time classes
        and numbers."""
        return {} if self._own_schemas is None else {
            rc: schema & ~<object>PS_VERSIONABLE for rc, schema in self._own_schemas.items()}

    cdef int set_schemas(self, object schemas) except -1:
        """VERSIONABLE_SCHEMA stays what the class says of it, unless it is given too."""
        cdef CRuntimeClass rc
        if not schemas:
            return 0
        self._own_schemas = {}
        for cls, schema in dict(schemas).items():
            rc = runtime_class(cls)
            if rc.name is None:
                raise ValueError(f"schemas: {rc.m_lpszClassName} was declared without a schema and cannot be archived")
            self._own_schemas[rc] = checked_schema(schema, (rc.schema & PS_VERSIONABLE) != 0)
        return 0

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
