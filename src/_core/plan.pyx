# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
"""Declared fields as native programs: what `Serialize` does, without a Python call for each field.

Invariants:
- storing looks at every value before it writes a byte, and puts the numbers into a scratch on the way; then
  that is copied, and the other values are stored between (AR-211);
- loading gives an object its values only when all of them are there (AR-212);
- an object is trusted with the slots of a class only after a look at its type.
"""

cimport cython
from cpython.array cimport array, resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import array as _array
from types import MethodType

from pysock._core.archive cimport (
    check_count, load_string, read_count, sizable_count, store_string, write_count,
)
from pysock._core.buffer cimport (
    C_GENERIC, check_loading, check_storing, enter_item, fail, fetch, leave_item, position, read_exact,
    room, take, write_bytes,
)
from pysock._core.carchive cimport CArchive
from pysock._core.classes cimport CRuntimeClass, Object, class_of_type, derives, new_value, requested
from pysock._core.errors cimport raise_not_supported
from pysock._core.fast cimport (
    PS_F32, PS_F64, PS_I8, PS_I16, PS_I32, PS_I64, PS_TRUTH, PS_U8, PS_U16, PS_U32, PS_U64, PS_UNIT, ps_as_i64,
    ps_decode, ps_encode, ps_get16, ps_get32, ps_get64, ps_member, ps_member_offset, ps_op, ps_store_plain,
)
from pysock._core.graph cimport (
    Graph, Program, composite_failed, load_object, schema_in, serialize, store_object, store_tagged,
)
from pysock._core.wire cimport (
    BITS, NAMES, K_BOOL, K_CHAR, K_DOUBLE, K_FLOAT, K_INT, K_LONG, K_LONGLONG, K_SHORT, K_WCHAR, K_CString,
    K_CStringA, kind_of, unit_of,
)

cdef extern from "Python.h":
    PyObject *PyLong_FromLong(long v) except NULL
    PyObject *_PyType_Lookup(PyTypeObject *cls, object name)
    bint PyObject_TypeCheck(object o, PyTypeObject *cls)
    bint PyUnicode_CheckExact(object o)
    bint PyUnicode_IS_ASCII(object s)

cdef enum:
    LONGEST_RUN = 128       # bytes; a buffer holds at least that many (AR-4)
    FEW_BYTES = 128         # of scratch and fields of an object that need no memory of their own
    FEW_FIELDS = 12
    MOST_LONGS = 4
    NEWEST = 0x7FFFFFFF     # the schema of what has none: the fields of today

cdef enum Code:     # the first two as ps_store_plain knows them
    C_SCALAR, C_STRING, C_COUNT, C_REF, C_INLINE, C_LONGS, C_LIST, C_RAW, C_WIRE

cdef enum Counted:
    N_STREAM    # by MFC's count
    N_SCALAR    # by a number of some kind
    N_FIXED     # always as many
    N_FIELD     # by a field before


# --- numbers ----------------------------------------------------------------------------------------------

# of the scalar kinds, by their number
cdef int *NUMBERS = [
    PS_U8, PS_I8, PS_TRUTH, PS_I32, PS_U16, PS_I16, PS_UNIT, PS_I32, PS_I32, PS_U32, PS_U32, PS_I64, PS_U64,
    PS_F32, PS_F64,
]


cdef inline int encode(int kind, object v, uint8_t *p) except -1:
    """Put a number where `p` points to. 1 if it does not fit or is none."""
    return ps_encode(NUMBERS[kind], <PyObject *>v, p)


cdef int refuse(int kind, object v) except -1:
    """Raise for what `encode` did not take."""
    cdef int bits = BITS[kind]
    cdef bint signed
    if kind == K_FLOAT or kind == K_DOUBLE:
        if not hasattr(v, "__float__") and not hasattr(v, "__index__"):
            raise TypeError(f"{NAMES[kind]} needs a float, got {type(v).__name__}")
        raise OverflowError(f"{NAMES[kind]} cannot hold {v!r}")
    if kind == K_WCHAR:
        unit_of(v)
    if NUMBERS[kind] == PS_TRUTH:
        raise TypeError(f"{NAMES[kind]} needs a bool, got {v!r}")
    if not hasattr(v, "__index__"):
        raise TypeError(f"{NAMES[kind]} needs an int, got {type(v).__name__}")
    signed = kind in (K_CHAR, K_SHORT, K_LONG, K_INT, K_BOOL, K_LONGLONG)
    span = 1 << <object>bits
    low, high = (-(span >> 1), (span >> 1) - 1) if signed else (0, span - 1)
    raise OverflowError(f"{NAMES[kind]} needs {low}..{high}, got {v!r}")


# --- values -----------------------------------------------------------------------------------------------

@cython.final
cdef class Item:
    """One value on the wire: what it is, and of what."""
    cdef int code
    cdef int kind               # of a scalar or string
    cdef Py_ssize_t size        # bytes, if they are always as many
    cdef int64_t least          # fewest bytes
    cdef object what            # class, or what has __mfc_load__ and __mfc_store__
    cdef CRuntimeClass wanted   # of a pointer; None: any
    cdef Item element           # of a list
    cdef int counted
    cdef int count_kind
    cdef int64_t count          # N_FIXED; or the number of LONGs
    cdef str count_field
    cdef Py_ssize_t[4] slots    # of the LONGs


cdef Item new_item(tuple spec):
    """From what `pysock.fields` says of a wire type."""
    cdef Item it = Item.__new__(Item)
    cdef Py_ssize_t i
    what = spec[0]
    if what == "kind":
        it.kind = kind_of(spec[1])
        it.code = C_SCALAR if it.kind <= K_DOUBLE else C_STRING
        it.size = BITS[it.kind] >> 3 if it.code == C_SCALAR else 0
        it.least = it.size or 1
    elif what == "ref":
        it.code = C_REF
        it.wanted = requested(spec[1])
        it.least = 2
    elif what == "inline":
        it.code = C_INLINE
        it.what = spec[1]
        it.least = spec[2]
    elif what == "longs":
        it.code = C_LONGS
        it.what = spec[1]
        it.count = len(spec[2])
        if it.count > MOST_LONGS:
            raise ValueError("too many LONGs")
        for i in range(it.count):
            it.slots[i] = ps_member_offset(spec[2][i])
            if it.slots[i] < 0:
                raise TypeError(f"{spec[2][i]!r} is no slot")
        it.size = it.least = 4 * it.count
    elif what == "list" or what == "raw":
        it.code = C_LIST if what == "list" else C_RAW
        if what == "list":
            it.element = new_item(spec[2])
        set_count(it, spec[1])
        it.least += it.count * (it.element.least if it.element is not None else 1)
    else:
        it.code = C_WIRE
        it.what = spec[1]
        it.least = getattr(it.what, "__mfc_min_size__", 1)
    return it


cdef int set_count(Item it, object count) except -1:
    if count is None:
        it.counted = N_STREAM
        it.least = 2
    elif isinstance(count, int):
        it.counted = N_FIXED
        it.count = count
    elif isinstance(count, str):
        it.counted = N_FIELD
        it.count_field = count
    else:
        it.counted = N_SCALAR
        it.count_kind = kind_of(count)
        it.least = BITS[it.count_kind] >> 3
    return 0


# --- loading a value --------------------------------------------------------------------------------------

cdef object load_number(Graph a, int kind):
    cdef PyObject *v = ps_decode(NUMBERS[kind], take(a, BITS[kind] >> 3))
    number = <object>v
    Py_XDECREF(v)
    return number


cdef object load_longs(Graph a, Item it):
    cdef int32_t[4] longs
    cdef uint8_t *p = take(a, it.size)
    cdef Py_ssize_t i
    for i in range(it.count):  # before anything is made: that may run the collector, and so anybody's code
        longs[i] = <int32_t>ps_get32(p + 4 * i)
    value = new_value(it.what)
    for i in range(it.count):
        put_slot(value, it.slots[i], PyLong_FromLong(longs[i]))
    return value


cdef inline int put_slot(object obj, Py_ssize_t offset, PyObject *v) noexcept:
    """Give a slot a value, whose reference it takes over."""
    cdef PyObject **slot = ps_member(obj, offset)
    cdef PyObject *old = slot[0]
    slot[0] = v
    Py_XDECREF(old)
    return 0


cdef int64_t load_count(Graph a, Item it, object counted) except -1:
    """How many elements there are."""
    cdef int64_t at = position(a), n = 0
    if it.counted == N_FIXED:
        return it.count
    if it.counted == N_STREAM:
        return sizable_count(a, read_count(a), at)
    number = counted if it.counted == N_FIELD else load_number(a, it.count_kind)
    if ps_as_i64(number, &n) != 0 or n < 0:
        fail(a, C_GENERIC, at, "a number of elements", repr(number))
    return sizable_count(a, n, at)


cdef object load_item(Graph a, Item it, object counted):
    """Any value; `counted` is what the field that counts it has."""
    cdef int64_t n, at
    if it.code == C_STRING:
        return load_string(a)
    if it.code == C_REF:
        return load_object(a, it.wanted)
    if it.code == C_SCALAR:
        return load_number(a, it.kind)
    if it.code == C_LONGS:
        return load_longs(a, it)
    if it.code == C_INLINE:
        value = new_value(it.what)
        serialize(a, value, False)
        return value
    if it.code == C_WIRE:
        return it.what.__mfc_load__(a)
    at = position(a)
    n = load_count(a, it, counted)
    if it.code == C_RAW:
        return read_exact(a, n, at)
    return load_list(a, it.element, n, at)


cdef list load_list(Graph a, Item it, int64_t n, int64_t at):
    """n elements; the list grows with what arrives (AR-188)."""
    cdef list out = []
    cdef int64_t _i
    check_count(a, n, it.least, at)
    if it.code == C_SCALAR:
        load_numbers(a, it.kind, n, out)
    elif it.code == C_STRING:
        for _i in range(n):
            out.append(load_string(a))
    else:
        for _i in range(n):
            out.append(load_item(a, it, None))
    return out


cdef int load_numbers(Graph a, int kind, int64_t n, list out) except -1:
    cdef Py_ssize_t size = BITS[kind] >> 3, here, _i
    cdef uint8_t *p
    cdef PyObject *v
    while n > 0:
        here = (a.rlim - a.rcur) // size
        if here == 0:
            fetch(a, size)
            here = (a.rlim - a.rcur) // size
        if here > n:
            here = n
        p = a.rcur
        a.rcur = p + here * size
        n -= here
        for _i in range(here):
            v = ps_decode(NUMBERS[kind], p)
            p += size
            out.append(<object>v)
            Py_XDECREF(v)
    return 0


# --- storing a value --------------------------------------------------------------------------------------

cdef object elements_of(object value):
    """A list or tuple of what a list field holds."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__") or not hasattr(value, "__iter__"):
        raise TypeError(f"need a list, got {type(value).__name__}")
    return list(value)


cdef tuple longs_of(Item it, object value):
    """The numbers of a point, size or rectangle, or of a tuple in its place."""
    cdef PyObject *v
    cdef Py_ssize_t i
    cdef uint8_t[4] p
    if not PyObject_TypeCheck(value, <PyTypeObject *><PyObject *>it.what):
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            raise TypeError(f"need a {it.what.__name__} or {it.count} numbers, got {type(value).__name__}")
        parts = tuple(value)
        if len(parts) != it.count:
            raise ValueError(f"need a {it.what.__name__} or {it.count} numbers, got {len(parts)}")
        value = it.what(*parts)
    longs = []
    for i in range(it.count):
        v = ps_member(value, it.slots[i])[0]
        if v == NULL:
            raise AttributeError(f"a field of this {it.what.__name__} is not set")
        one = <object>v  # held, as its __index__ may take it out of its slot
        if encode(K_LONG, one, p):
            refuse(K_LONG, one)
        longs.append(one)
    return tuple(longs)


cdef int check_item(Graph a, Item it, object v) except -1:
    """Raise if a value cannot be stored, as far as that can be known."""
    cdef uint8_t[8] p
    cdef Item e
    if it.code == C_SCALAR:
        if encode(it.kind, v, p):
            refuse(it.kind, v)
    elif it.code == C_STRING:
        check_string(a, it.kind, v)
    elif it.code == C_REF:
        check_object(it, v)
    elif it.code == C_LONGS:
        longs_of(it, v)
    elif it.code == C_INLINE:
        if not isinstance(v, it.what):
            raise TypeError(f"need a {it.what.__name__}, got {type(v).__name__}")
        check_inline(a, v)
    elif it.code == C_RAW:
        if not isinstance(v, (bytes, bytearray)):
            raise TypeError(f"need bytes, got {type(v).__name__}")
        check_number(it, len(v))
    elif it.code == C_WIRE:
        check = getattr(it.what, "__mfc_check__", None)
        if check is not None:
            check(a, v)
    elif it.code == C_LIST:
        v = elements_of(v)
        check_number(it, len(v))
        e = it.element
        if e.code == C_SCALAR:
            for one in v:
                if encode(e.kind, one, p):
                    refuse(e.kind, one)
        else:
            for one in v:
                check_item(a, e, one)
    return 0


cdef int check_number(Item it, int64_t n) except -1:
    if it.counted == N_FIXED and n != it.count:
        raise ValueError(f"need {it.count} elements, got {n}")
    if it.counted == N_SCALAR and n >> (BITS[it.count_kind] - is_signed(it.count_kind)):
        raise OverflowError(f"a {NAMES[it.count_kind]} cannot count {n} elements")
    return 0


cdef int is_signed(int kind) noexcept:
    return kind == K_CHAR or kind == K_SHORT or kind == K_LONG or kind == K_INT or kind == K_LONGLONG


cdef int check_string(Graph a, int kind, object v) except -1:
    cdef bint wide = a.wide if kind == K_CString else kind != K_CStringA
    if isinstance(v, str):
        if not wide and not PyUnicode_IS_ASCII(v):
            a.codec.encode(v)
    elif kind != K_CStringA or not isinstance(v, bytes):
        raise TypeError(f"{NAMES[kind]} needs a str, got {type(v).__name__}")
    return 0


cdef int check_object(Item it, object v) except -1:
    cdef CRuntimeClass rc
    if v is None:
        return 0
    if not isinstance(v, Object):
        raise TypeError(f"need a {'CObject' if it.wanted is None else it.wanted.m_lpszClassName} or None, "
                        f"got {type(v).__name__}")
    rc = class_of_type((<PyObject *>v).ob_type)
    if it.wanted is not None and not derives(rc, it.wanted):
        raise TypeError(f"need a {it.wanted.m_lpszClassName} or None, got {type(v).__name__}")
    if rc.schema == 0xFFFF:
        raise_not_supported(f"class {rc.m_lpszClassName} has no schema, so it cannot be archived")
    return 0


cdef inline bint is_good(Item it, PyObject *v) noexcept:
    """Whether a pointer is good at first sight: null, or an object of just the class that is wanted."""
    return <object>v is None or (it.wanted is not None and v.ob_type == <PyTypeObject *><PyObject *>it.wanted.cls
                                 and it.wanted.schema != 0xFFFF)


cdef int check_inline(Graph a, object v) except -1:
    cdef PyObject *found = _PyType_Lookup((<PyObject *>v).ob_type, "Serialize")
    if found == NULL:
        return 0
    plan = <object>found  # held, as values run code that may take it out of its class
    if isinstance(plan, Plan):
        (<Plan>plan).check(a, v)
    return 0


cdef int store_number(Graph a, int kind, object v) except -1:
    cdef uint8_t[8] p
    if encode(kind, v, p):
        refuse(kind, v)
    memcpy(room(a, BITS[kind] >> 3), p, BITS[kind] >> 3)
    return 0


cdef int store_item(Graph a, Item it, object v, object counted) except -1:
    """Store a value that `check_item` has seen; `counted` is the number that the field before it got."""
    cdef Py_ssize_t n
    cdef bytes data
    if it.code == C_STRING:
        return store_string(a, v, it.kind)
    if it.code == C_REF:
        return store_object(a, v)
    if it.code == C_SCALAR:
        return store_number(a, it.kind, v)
    if it.code == C_LONGS:
        for one in longs_of(it, v):
            store_number(a, K_LONG, one)
        return 0
    if it.code == C_INLINE:
        return serialize(a, v, True)
    if it.code == C_WIRE:
        it.what.__mfc_store__(a, v)
        return 0
    if it.code == C_LIST:
        v = elements_of(v)
    else:
        v = data = bytes(v)  # before anything runs that could change it
    n = len(v)
    check_number(it, n)
    if counted is not None and counted != n:
        changed(counted, n)
    if it.counted == N_STREAM:
        write_count(a, n)
    elif it.counted == N_SCALAR:
        store_number(a, it.count_kind, n)
    if it.code == C_RAW:
        return write_bytes(a, <const uint8_t *>PyBytes_AS_STRING(data), len(data))
    return store_list(a, it.element, v, n)


cdef int store_list(Graph a, Item it, object values, Py_ssize_t n) except -1:
    """The n elements of `values`. Numbers go through memory of our own: what makes a number of one may be
    anybody's code, and so may move or free the archive's."""
    cdef uint8_t[LONGEST_RUN] few
    cdef Py_ssize_t size = it.size, at = 0, done = 0
    for one in values:
        done += 1
        if done > n:
            break
        if it.code == C_SCALAR:
            if at + size > LONGEST_RUN:
                memcpy(room(a, at), few, at)
                at = 0
            if encode(it.kind, one, few + at):
                refuse(it.kind, one)
            at += size
        elif it.code == C_STRING:
            store_string(a, one, it.kind)
        else:
            store_item(a, it, one, None)
    if done != n:
        changed(n, "more" if done > n else done)
    if at:
        memcpy(room(a, at), few, at)
    return 0


cdef int changed(object counted, object n) except -1:
    raise RuntimeError(f"its length changed while it was stored: {counted} elements were counted, there are {n}")


# --- programs ---------------------------------------------------------------------------------------------

@cython.final
cdef class Form:
    """The program for one schema: the fields it has, in wire order."""
    cdef ps_op *ops
    cdef Py_ssize_t n
    cdef bint plain             # numbers and strings only
    cdef Py_ssize_t scratch     # bytes
    cdef int64_t least          # fewest bytes of an object
    cdef list items
    cdef tuple fields           # as `Field`s
    cdef tuple absent           # (slot, Field) of those that other schemas have

    def __dealloc__(self):
        free(self.ops)


cdef Form new_form(tuple parts, tuple absent):
    """`parts`: (Field, spec, slot) of the fields, in wire order; a count's spec is ("count", kind, field)."""
    cdef Form form = Form.__new__(Form)
    cdef ps_op *op
    cdef Item it
    cdef Py_ssize_t i, begin = -1
    cdef dict counters = {}, counted = {}
    form.n = len(parts)
    form.ops = <ps_op *>malloc((form.n or 1) * sizeof(ps_op))
    if form.ops == NULL:
        raise MemoryError()
    memset(form.ops, 0, (form.n or 1) * sizeof(ps_op))
    form.items = []
    form.plain = True
    form.fields = tuple([part[0] for part in parts])
    form.absent = absent
    slots = {field.name: slot for field, _, slot in parts}
    for i, (field, spec, slot) in enumerate(parts):
        op = &form.ops[i]
        op.counter = -1
        op.slot = slot
        if spec[0] == "count":
            it = new_item(("kind", spec[1]))
            it.code = C_COUNT
            op.slot = slots.get(spec[2], -1)
            counters[spec[2]] = i
        else:
            it = new_item(spec)
            if it.counted == N_FIELD:
                counted[field.name] = it.count_field
                op.counter = counters.pop(field.name, -1)
                if op.counter < 0 or form.fields[op.counter].name != it.count_field:
                    raise TypeError(f"{field!r} is counted by {it.count_field!r}, which no field before it is with "
                                    f"count_of({field.name!r}, ...)")
        form.items.append(it)
        op.item = <PyObject *>it
        op.code = it.code
        op.kind = it.kind
        if it.code == C_SCALAR or it.code == C_COUNT:
            op.number = NUMBERS[it.kind]
            op.size = <int>it.size
        elif it.code == C_STRING:
            op.width = 0 if it.kind == K_CString else 1 if it.kind == K_CStringA else 2
        if it.code != C_SCALAR and it.code != C_STRING:
            form.plain = False
        form.least += it.least
        if it.code != C_SCALAR and it.code != C_COUNT:
            begin = -1
            continue
        if begin < 0 or form.ops[begin].run + it.size > LONGEST_RUN:
            begin = i
        op.at = form.ops[begin].run
        op.scratch = form.scratch
        form.ops[begin].run += <int>it.size
        form.ops[begin].span += 1
        form.scratch += it.size
    if counters:
        raise TypeError(f"{list(counters)} are counted by a field, but their types do not say so (count=...)")
    return form


cdef object slot_of(object cls, object name):
    """What a class has under a name; None if that was taken away."""
    cdef PyObject *found = _PyType_Lookup(<PyTypeObject *><PyObject *>cls, name)
    return None if found == NULL else <object>found


cdef object gathered(ps_op *op, uint8_t *scratch):
    """The number that `gather` put into the scratch for a field."""
    cdef PyObject *v = ps_decode(op.number, scratch + op.scratch)
    number = <object>v
    Py_XDECREF(v)
    return number


@cython.final
cdef class TaggedBase:
    """The `Serialize` of a base, behind a class tag of that, whose schema it goes by (AR-110)."""
    cdef CRuntimeClass rc
    cdef object body            # a Plan or a Python function

    def __init__(self, CRuntimeClass rc not None, body):
        self.rc = rc
        self.body = body

    def __call__(self, obj, ar, /):
        cdef Graph a = <CArchive?>ar
        cdef uint32_t once = a._schema, schema = a._object_schema, stored = a._stored_schema
        try:
            ar.SerializeClass(self.rc)
            self.begin(a)
            self.body(obj, ar)
        finally:
            a._schema = once
            a._object_schema = schema
            a._stored_schema = stored

    cdef int begin(self, Graph a) except -1:
        if not a.loading:
            a._stored_schema = schema_in(a, self.rc) & 0x7FFFFFFF
        return 0

    cdef int check(self, Graph a, object obj) except -1:
        """Raise what keeps the base's declared fields from being stored."""
        cdef uint32_t stored = a._stored_schema
        self.begin(a)
        try:
            if isinstance(self.body, Plan):
                (<Plan>self.body).check(a, obj)
        finally:
            a._stored_schema = stored
        return 0


@cython.final
cdef class Plan(Program):
    """The `Serialize` of a class with declared fields; also what describes them to Python."""
    cdef readonly object cls        # which declares them
    cdef readonly tuple own         # Fields of this class alone
    cdef readonly tuple fields      # with those of the bases in front
    cdef object _lower              # gives the spec of a Field
    cdef object _schema_of          # what says the schema instead of the archive, or None
    cdef object _before             # a base's Serialize that is a Python function or TaggedBase, or None
    cdef Py_ssize_t _told           # how many of the fields are those of a TaggedBase
    cdef bint _serialize_class      # whether the base gets a tag
    cdef tuple _parts               # (Field, spec, slot); None until the first use
    cdef tuple _cuts                # schemas at which the fields change
    cdef Form _only                 # the form, where there is one only
    cdef list _forms                # between them; None where not yet needed

    def __init__(self, own, lower, schema_of=None, serialize_class=False):
        self.own = tuple(own)
        self._lower = lower
        self._schema_of = schema_of
        self._serialize_class = bool(serialize_class)

    def __set_name__(self, owner, name):
        """The class exists now. If it has a `Serialize` of its own, there is one between it and its bases that holds
        the slots and the declared one; to users the fields are of the one that they wrote."""
        if self.cls is not None:
            if name == "__mfc_plan__":
                for field in self.own:
                    field.owner = owner
            return
        self.cls = owner
        self.fields = self.own
        for field in self.own:
            field.owner = owner
        for base in owner.__mro__[1:]:
            found = base.__dict__.get("Serialize")
            if isinstance(found, Plan):
                self.fields = (<Plan>found).fields + self.own
                self._before = (<Plan>found)._before
                self._told = (<Plan>found)._told
                if self._schema_of is None:
                    self._schema_of = (<Plan>found)._schema_of
                break
            if found is not None:
                if not base.__module__.startswith("pysock._core"):
                    self._before = found
                break
        if self._serialize_class:
            self._before = TaggedBase(class_of_type(<PyTypeObject *><PyObject *>owner.__mro__[1]), found)
            self._told = len(self.fields) - len(self.own)

    def __get__(self, obj, cls):
        return self if obj is None else MethodType(self, obj)

    def __call__(self, obj, ar, /):
        """Store or load the declared fields of an object, by the archive's direction."""
        cdef Graph a = <CArchive?>ar
        cdef int64_t at
        if not a.loading:
            check_storing(a)
            self.store(a, obj, None, False)
            return
        check_loading(a)
        at = position(a)
        enter_item(a)
        try:
            self.load(a, obj)
        except BaseException as e:
            composite_failed(a, e, at)
            raise
        leave_item(a)

    def check_values(self, obj, ar, /):
        """Raise what storing an object would raise for its values, as far as that can be known."""
        self.own_object(obj)
        self.check(<CArchive?>ar, obj)

    def __repr__(self):
        return f"<declared Serialize of {self.cls.__name__}>"

    @property
    def __doc__(self):
        return "Store or load the declared fields, by the archive's direction."

    @property
    def least(self):
        """Fewest bytes that an object takes."""
        self.compile()
        return min([self.form(i).least for i in range(len(self._cuts) + 1)])

    # --- compiling

    cdef int compile(self) except -1:
        if self._parts is not None:
            return 0
        parts = []
        cuts = set()
        for field in self.fields[self._told:]:
            slot = ps_member_offset(slot_of(field.owner, field.name))
            if slot < 0 and not field.computed:
                raise TypeError(f"{field!r}: {field.owner.__name__}.{field.name} was replaced and is no slot any more")
            parts.append((field, self._lower(field), slot))
            if field.since:
                cuts.add(field.since)
            if field.until is not None:
                cuts.add(field.until + 1)
        self._cuts = tuple(sorted(cuts))
        self._forms = [None] * (len(cuts) + 1)
        self._parts = tuple(parts)
        return 0

    cdef Form form(self, Py_ssize_t i):
        """The program for the i-th stretch of schemas."""
        cdef Form form = self._forms[i]
        if form is not None:
            return form
        here, absent = [], []
        schema = self._cuts[i - 1] if i else 0
        for part in self._parts:
            field = part[0]
            if field.since <= schema and (field.until is None or schema <= field.until):
                here.append(part)
            elif not field.computed:
                absent.append((part[2], field))
        form = self._forms[i] = new_form(tuple(here), tuple(absent))
        if not self._cuts:
            self._only = form
        return form

    cdef Form form_for(self, Graph a, object obj):
        cdef uint32_t schema
        cdef Py_ssize_t i = 0
        cdef object cut
        if self._only is not None:
            return self._only
        if self._parts is None:
            self.compile()
        if self._cuts:
            schema = self.schema(a, obj)
            for cut in self._cuts:
                if <uint32_t>cut > schema:
                    break
                i += 1
        return self.form(i)

    cdef uint32_t schema(self, Graph a, object obj) except? 0xFFFFFFFE:
        """What `since` and `until` compare with: the schema in the tag of the object that is stored or loaded; without
        one what SetObjectSchema said, else that of the class."""
        cdef uint32_t n
        if self._schema_of is not None:
            return self._schema_of(a)
        n = a._object_schema if a.loading or a._stored_schema == 0xFFFFFFFF else a._stored_schema
        if n == 0xFFFFFFFF and isinstance(obj, Object):
            n = schema_in(a, class_of_type((<PyObject *>obj).ob_type)) & 0x7FFFFFFF
            if n == 0xFFFF:
                n = NEWEST
        return NEWEST if n == 0xFFFFFFFF else n

    # --- storing

    cdef int fault(self, Graph a, Form form, Py_ssize_t i, object value) except -1:
        """Raise what is wrong with a value, and say whose it is."""
        cdef Item it = <Item>form.items[i]
        try:
            if it.code == C_SCALAR or it.code == C_COUNT:
                refuse(it.kind, value)
            else:
                check_item(a, it, value)
        except Exception as e:
            if type(e) in (OverflowError, TypeError, ValueError):
                raise type(e)(f"{self.cls.__name__}.{form.fields[i].name}: {e}") from None
            e.add_note(f"in {self.cls.__name__}.{form.fields[i].name}")
            raise
        return 0

    cdef int missing(self, Form form, Py_ssize_t i) except -1:
        raise AttributeError(f"{self.cls.__name__}.{form.fields[i].name} is not set")

    cdef int gather(self, Graph a, Form form, object obj, uint8_t *scratch, bint sure) except -1:
        """Look at all values, and put the numbers into the scratch."""
        cdef ps_op *op = form.ops
        cdef ps_op *end = op + form.n
        cdef PyObject *v
        while op < end:
            v = ps_member(obj, op.slot)[0]
            if v == NULL:
                self.missing(form, op - form.ops)
            value = <object>v  # held, as a look at it may run code that takes it out of its slot
            if op.code == C_SCALAR:
                if ps_encode(op.number, v, scratch + op.scratch):
                    self.fault(a, form, op - form.ops, value)
            elif op.code == C_STRING and PyUnicode_CheckExact(value) and PyUnicode_IS_ASCII(value):
                pass
            elif op.code == C_COUNT:
                self.gather_count(a, form, op, value, scratch)
            elif not sure and not (op.code == C_REF and is_good(<Item>op.item, v)):
                self.fault(a, form, op - form.ops, value)
            op += 1
        return 0

    cdef int gather_count(self, Graph a, Form form, ps_op *op, object counted, uint8_t *scratch) except -1:
        cdef object count
        try:
            count = len(counted)
        except TypeError:
            count = 0  # the look at the field itself tells what is wrong
        if ps_encode(op.number, <PyObject *>count, scratch + op.scratch):
            self.fault(a, form, op - form.ops, count)
        return 0

    cdef int check(self, Graph a, object obj) except -1:
        """Raise if an object cannot be stored."""
        cdef Form form = self.form_for(a, obj)
        cdef bytes scratch = PyBytes_FromStringAndSize(NULL, form.scratch)
        self.gather(a, form, obj, <uint8_t *>PyBytes_AS_STRING(scratch), False)
        return self.check_base(a, obj)

    cdef int check_base(self, Graph a, object obj) except -1:
        return (<TaggedBase>self._before).check(a, obj) if isinstance(self._before, TaggedBase) else 0

    cdef int store(self, Graph a, object obj, CRuntimeClass tag, bint sure) except -1:
        cdef Form form
        cdef uint8_t[FEW_BYTES] few
        cdef uint8_t *scratch = few
        cdef uint8_t *p
        cdef int width
        cdef bytes many
        cdef ps_op *op
        cdef ps_op *end
        cdef PyObject *v
        if (<PyObject *>obj).ob_type != <PyTypeObject *><PyObject *>self.cls:
            self.own_object(obj)
        form = self._only
        if form is None:
            form = self.form_for(a, obj)
        if form.plain and self._before is None:
            width = 2 if a.wide else 1
            if width == 2 or a.codec.plain:
                if tag is None:
                    p = ps_store_plain(form.ops, form.n, <PyObject *>obj, a.wcur, a.wlim, width)
                    if p != NULL:
                        a.wcur = p
                        return 0
                else:
                    p = ps_store_plain(form.ops, form.n, <PyObject *>obj, few, few + FEW_BYTES, width)
                    if p != NULL:
                        self.store_tag(a, obj, tag)
                        memcpy(room(a, p - few), few, p - few)
                        return 0
        if form.scratch > FEW_BYTES:
            many = PyBytes_FromStringAndSize(NULL, form.scratch)
            scratch = <uint8_t *>PyBytes_AS_STRING(many)
        self.gather(a, form, obj, scratch, sure)
        if self._before is not None and not sure:
            self.check_base(a, obj)
        if tag is not None:
            self.store_tag(a, obj, tag)
        if self._before is not None:
            self._before(obj, a)
        op = form.ops
        end = op + form.n
        while op < end:
            if op.run:
                memcpy(room(a, op.run), scratch + op.scratch, op.run)
                op += op.span
                continue
            v = ps_member(obj, op.slot)[0]
            if v == NULL:  # what was stored before it has run code that took it away
                self.missing(form, op - form.ops)
            value = <object>v
            if op.code == C_STRING:
                store_string(a, value, op.kind)
            elif op.code == C_REF:
                store_object(a, value)
            else:
                counted = None if op.counter < 0 else gathered(&form.ops[op.counter], scratch)
                try:
                    store_item(a, <Item>op.item, value, counted)
                except RuntimeError as e:
                    if type(e) is RuntimeError:
                        e.add_note(f"in {self.cls.__name__}.{form.fields[op - form.ops].name}")
                    raise
            op += 1
        return 0

    cdef inline int store_tag(self, Graph a, object obj, CRuntimeClass tag) except -1:
        if self.exact == NULL and (<PyObject *>obj).ob_type == <PyTypeObject *><PyObject *>self.cls:
            self.rc = tag
            self.exact = (<PyObject *>obj).ob_type
        return store_tagged(a, tag, obj)

    # --- loading

    cdef int own_object(self, object obj) except -1:
        if not PyObject_TypeCheck(obj, <PyTypeObject *><PyObject *>self.cls):
            raise TypeError(f"Serialize of {self.cls.__name__} needs one, not a {type(obj).__name__}")
        return 0

    cdef int load(self, Graph a, object obj) except -1:
        cdef Form form
        cdef PyObject *few[FEW_FIELDS]
        cdef PyObject **values = few
        cdef Py_ssize_t i, done = 0
        if (<PyObject *>obj).ob_type != <PyTypeObject *><PyObject *>self.cls:
            self.own_object(obj)
        form = self._only
        if form is None:
            form = self.form_for(a, obj)
        if self._before is not None:
            self._before(obj, a)
        if (<PyObject *>a).ob_type != <PyTypeObject *><PyObject *>CArchive:
            trace = getattr(a, "_trace_fields", None)
            if trace is not None:
                trace(obj, form.fields)
                self.set_absent(form, obj)
                return 0
        if form.n > FEW_FIELDS:
            values = <PyObject **>malloc(form.n * sizeof(PyObject *))
            if values == NULL:
                raise MemoryError()
        try:
            self.load_values(a, form, values, &done)
            self.set_absent(form, obj)
            for i in range(form.n):
                if form.ops[i].code == C_COUNT:
                    Py_XDECREF(values[i])
                else:
                    put_slot(obj, form.ops[i].slot, values[i])
            done = 0
        finally:
            for i in range(done):
                Py_XDECREF(values[i])
            if values != few:
                free(values)
        return 0

    cdef int set_absent(self, Form form, object obj) except -1:
        """The defaults of fields that the schema does not have."""
        for slot, field in form.absent:
            value = field.make_default()
            Py_INCREF(value)
            put_slot(obj, slot, <PyObject *>value)
        return 0

    cdef int load_values(self, Graph a, Form form, PyObject **values, Py_ssize_t *done) except -1:
        cdef ps_op *op = form.ops
        cdef ps_op *last
        cdef ps_op *end = op + form.n
        cdef uint8_t *p
        cdef Py_ssize_t at = 0
        while op < end:
            if op.run:
                p = take(a, op.run)
                last = op + op.span
                while op < last:
                    values[at] = ps_decode(op.number, p + op.at)
                    at += 1
                    done[0] = at
                    op += 1
                continue
            if op.code == C_STRING:
                value = load_string(a)
            elif op.code == C_REF:
                value = load_object(a, (<Item>op.item).wanted)
            else:
                value = load_item(a, <Item>op.item, None if op.counter < 0 else <object>values[op.counter])
            Py_INCREF(value)
            values[at] = <PyObject *>value
            at += 1
            done[0] = at
            op += 1
        return 0

    cdef object columns(self, Graph a, object n):
        """n records as a dict of columns."""
        cdef Table table
        cdef int64_t at, count = n
        check_loading(a)
        if count < 0:
            raise ValueError(f"the number of records must not be negative, got {n}")
        table = new_table(self, self.form_for(a, None))
        at = position(a)
        enter_item(a)
        try:
            table.load(a, count, at)
        except BaseException as e:
            composite_failed(a, e, at)
            raise
        leave_item(a)
        return table.columns()


# --- columns ----------------------------------------------------------------------------------------------

# array.array's type codes, by what a number is on the wire; and the bytes of one
cdef str _CODES = "IiHBhbqdfBQH"
cdef int *SIZES = [4, 4, 2, 1, 2, 1, 8, 8, 4, 1, 8, 2]

cdef struct Column:
    uint8_t *data       # of the array; NULL for a list
    int size            # bytes of a number
    int at              # where in its run
    bint truth
    PyObject *list      # of what is no number; `held` keeps it alive


cdef inline void put_number(Column *c, const uint8_t *p, int64_t row) noexcept:
    """One number to its column."""
    if c.size == 8:
        (<uint64_t *>c.data)[row] = ps_get64(p)
    elif c.size == 4:
        (<uint32_t *>c.data)[row] = ps_get32(p)
    elif c.size == 2:
        (<uint16_t *>c.data)[row] = ps_get16(p)
    else:
        c.data[row] = p[0] != 0 if c.truth else p[0]


@cython.final
cdef class Table:
    """Columns while they grow."""
    cdef Form form
    cdef Column *made
    cdef list held          # arrays and lists
    cdef int64_t rows       # loaded
    cdef int64_t room       # for how many the arrays have memory

    def __dealloc__(self):
        free(self.made)

    cdef int grow(self, int64_t capacity) except -1:
        cdef Py_ssize_t i
        for i in range(self.form.n):
            if self.made[i].size:
                resize(<array>self.held[i], capacity)
                self.made[i].data = (<array>self.held[i]).data.as_uchars
        self.room = capacity
        return 0

    cdef int load(self, Graph a, int64_t n, int64_t at) except -1:
        """Memory grows with what arrives (AR-188)."""
        cdef int64_t sure = check_count(a, n, self.form.least, at)
        while self.rows < n:
            if self.rows == self.room:
                self.grow(sure if self.room == 0 else n if n < 2 * self.room else 2 * self.room)
            if self.form.n and self.form.ops[0].span == self.form.n:
                self.load_block(a)
            else:
                self.load_row(a)
        return 0

    cdef int load_block(self, Graph a) except -1:
        """As many records as are buffered; they are numbers only."""
        cdef Py_ssize_t size = self.form.scratch, i, left = self.room - self.rows, n
        cdef Column *c
        cdef uint8_t *p
        if a.rlim - a.rcur < size:
            fetch(a, size)
        n = (a.rlim - a.rcur) // size
        if n > left:
            n = left
        p = a.rcur
        a.rcur += n * size
        for i in range(self.form.n):
            c = &self.made[i]
            spread_numbers(c, p + c.at, n, size, self.rows)
        self.rows += n
        return 0

    cdef int load_row(self, Graph a) except -1:
        cdef ps_op *op = self.form.ops
        cdef Py_ssize_t i = 0, last
        cdef uint8_t *p
        while i < self.form.n:
            if op[i].run:
                p = take(a, op[i].run)
                last = i + op[i].span
                while i < last:
                    put_number(&self.made[i], p + self.made[i].at, self.rows)
                    i += 1
                continue
            if op[i].code == C_STRING:
                (<list>self.made[i].list).append(load_string(a))
                i += 1
                continue
            if op[i].counter < 0:
                value = load_item(a, <Item>op[i].item, None)
            else:
                value = load_item(a, <Item>op[i].item, self.held[op[i].counter][self.rows])
            (<list>self.made[i].list).append(value)
            i += 1
        self.rows += 1
        return 0

    cdef dict columns(self):
        self.grow(self.rows)
        try:
            import numpy
        except ImportError:
            numpy = None
        found = {}
        for field, held, i in zip(self.form.fields, self.held, range(self.form.n)):
            if numpy is not None and isinstance(held, array):
                code = "?" if self.made[<Py_ssize_t>i].truth else held.typecode
                held = numpy.frombuffer(held, code) if len(held) else numpy.empty(0, code)
            found[field.name] = held
        return found


cdef void spread_numbers(Column *c, const uint8_t *p, Py_ssize_t n, Py_ssize_t step, int64_t row) noexcept:
    """n numbers, `step` bytes apart in the stream, to their column from a row on."""
    cdef Py_ssize_t i
    cdef uint8_t *to = c.data + row * c.size
    if c.size == 8:
        for i in range(n):
            (<uint64_t *>to)[i] = ps_get64(p + i * step)
    elif c.size == 4:
        for i in range(n):
            (<uint32_t *>to)[i] = ps_get32(p + i * step)
    elif c.size == 2:
        for i in range(n):
            (<uint16_t *>to)[i] = ps_get16(p + i * step)
    elif c.truth:
        for i in range(n):
            to[i] = p[i * step] != 0
    else:
        for i in range(n):
            to[i] = p[i * step]


cdef Table new_table(Plan plan, Form form):
    cdef Table table = Table.__new__(Table)
    cdef Py_ssize_t i
    cdef ps_op *op
    if plan._before is not None:
        raise TypeError(f"{plan.cls.__name__} has a base with a Serialize of its own, so it has no columns")
    table.form = form
    table.held = []
    table.made = <Column *>malloc((form.n or 1) * sizeof(Column))
    if table.made == NULL:
        raise MemoryError()
    memset(table.made, 0, (form.n or 1) * sizeof(Column))
    for i in range(form.n):
        op = &form.ops[i]
        if op.code != C_SCALAR and op.code != C_COUNT:
            found = []
            table.held.append(found)
            table.made[i].list = <PyObject *>found
            continue
        table.held.append(_array.array(_CODES[op.number]))
        table.made[i].size = SIZES[op.number]
        table.made[i].at = op.at
        table.made[i].truth = op.number == PS_TRUTH
    return table


def construct(obj, dict values not None, /):
    """Give an object's fields values by name, and those left out their defaults. TypeError for names that are none."""
    cdef Plan plan = type(obj).__mfc_plan__
    for field in plan.fields:
        if field.computed:
            continue
        value = values.pop(field.name, values)
        if value is values:
            value = field.make_default()
        setattr(obj, field.name, value)
    if values:
        raise TypeError(f"{type(obj).__name__} has no field {', '.join(map(repr, values))}")
