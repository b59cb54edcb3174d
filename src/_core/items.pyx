# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
"""Values on the wire, one at a time: what a declared field is made of, loaded, looked at and stored.

Invariants:
- storing does not lean on an earlier look at a value: what can be stored no more, as it has changed since, raises;
- while a value may run code, it is held, and nothing points into the archive's memory;
- what is loaded grows with what arrives, whatever its count says (AR-188).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy

from pysock._core.archive cimport check_count, load_string, read_count, sizable_count, store_string, write_count
from pysock._core.buffer cimport C_GENERIC, fail, fetch, position, read_exact, room, take, write_bytes
from pysock._core.classes cimport CRuntimeClass, Object, class_of_type, derives, new_value, requested
from pysock._core.errors cimport raise_not_supported
from pysock._core.fast cimport (
    PS_F32, PS_F64, PS_I8, PS_I16, PS_I32, PS_I64, PS_TRUTH, PS_U8, PS_U16, PS_U32, PS_U64, PS_UNIT, ps_as_i64,
    ps_decode, ps_encode, ps_get32, ps_member, ps_member_offset,
)
from pysock._core.graph cimport Graph, Program, load_object, program_of, serialize, store_object
from pysock._core.wire cimport (
    BITS, NAMES, K_BOOL, K_CHAR, K_DOUBLE, K_FLOAT, K_INT, K_LONG, K_LONGLONG, K_SHORT, K_WCHAR, K_CString,
    K_CStringA, kind_of, unit_of,
)

cdef extern from "Python.h":
    PyObject *PyLong_FromLong(long v) except NULL
    bint PyObject_TypeCheck(object o, PyTypeObject *cls)
    bint PyUnicode_IS_ASCII(object s)

cdef enum:
    MOST_LONGS = 4


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


cdef Item new_item(tuple spec):
    """From what `pysock.fields` says of a wire type."""
    cdef Item it = Item.__new__(Item)
    cdef Py_ssize_t i
    what = spec[0]
    if what == "kind":
        it.kind = kind_of(spec[1])
        it.code = C_SCALAR if it.kind <= K_DOUBLE else C_STRING
        if it.code == C_SCALAR:
            it.number = NUMBERS[it.kind]
            it.size = BITS[it.kind] >> 3
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


cdef int check_inline(Graph a, object v) except -1:
    cdef Program program = program_of((<PyObject *>v).ob_type)  # held, as values run code that may take it away
    if program is not None:
        program.check(a, v)
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
