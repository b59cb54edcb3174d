# cython: language_level=3
"""Values of declared fields, for the room above."""

from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport int64_t

from pysock._core.classes cimport CRuntimeClass
from pysock._core.fast cimport ps_member
from pysock._core.graph cimport Graph

cdef enum:
    LONGEST_RUN = 128       # bytes of numbers at once; a buffer holds at least that many (AR-4)

cdef enum Code:     # the first two as ps_store_plain knows them
    C_SCALAR, C_STRING, C_COUNT, C_REF, C_INLINE, C_LONGS, C_LIST, C_RAW, C_WIRE

cdef enum Counted:
    N_STREAM    # by MFC's count
    N_SCALAR    # by a number of some kind
    N_FIXED     # always as many
    N_FIELD     # by a field before


cdef class Item:
    cdef int code
    cdef int kind               # of a scalar or string
    cdef int number             # of a scalar: the kind as ps_encode knows it
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


cdef Item new_item(tuple spec)
cdef object load_item(Graph a, Item it, object counted)
cdef int check_item(Graph a, Item it, object v) except -1
cdef int store_item(Graph a, Item it, object v, object counted) except -1
cdef int refuse(int kind, object v) except -1


cdef inline bint is_good(Item it, PyObject *v) noexcept:
    """Whether a pointer is good at first sight: null, or an object of just the class that is wanted."""
    return <object>v is None or (it.wanted is not None and v.ob_type == <PyTypeObject *><PyObject *>it.wanted.cls
                                 and it.wanted.schema != 0xFFFF)


cdef inline int put_slot(object obj, Py_ssize_t offset, PyObject *v) noexcept:
    """Give a slot a value, whose reference it takes over."""
    cdef PyObject **slot = ps_member(obj, offset)
    cdef PyObject *old = slot[0]
    slot[0] = v
    Py_XDECREF(old)
    return 0
