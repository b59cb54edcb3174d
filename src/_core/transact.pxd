# cython: language_level=3
"""Transactions of an archive, for the rooms above."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from pysock._core.buffer cimport Buffer
from pysock._core.bulk cimport Bulk

cdef enum:
    DEEPEST = 8             # transactions in each other (AR-216)

cdef struct Frame:
    int64_t at              # stream offset at which it began
    int depth               # of the objects being loaded
    # what the map's owner wants to have back
    uint32_t next
    uint32_t schema
    uint32_t object_schema
    Py_ssize_t undo
    int64_t classes
    int64_t created

cdef class Waiter:
    cdef int wait(self, Transactional c, Py_ssize_t k) except -1

cdef class Transactional(Bulk):
    cdef Waiter waiter      # of a fed archive: waits for bytes where else NeedMoreData is raised
    cdef int _depth         # of the objects being loaded
    cdef Frame stack[8]

    cdef Frame *frame(self) except NULL
    cdef int open_frame(self) except -1
    cdef int commit_frame(self) except -1
    cdef int roll_back(self) except -1
    cdef int let_go(self) except -1
    cdef int starve(self, Py_ssize_t k) except -1
    cdef void mark_map(self, Frame *f) noexcept
    cdef int unwind_map(self, Frame *f) except -1

cdef int64_t lacking(Buffer c, Py_ssize_t k) noexcept
cdef int feed(Transactional c, const uint8_t *p, Py_ssize_t n) except -1
