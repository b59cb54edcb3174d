# cython: language_level=3
"""Run-time classes, for the rooms above."""

from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport uint32_t

cdef extern from *:
    """
    #define PS_NO_SCHEMA 0xFFFFu            /* a class that cannot be archived (AR-90) */
    #define PS_VERSIONABLE 0x80000000u
    """
    const uint32_t PS_NO_SCHEMA
    const uint32_t PS_VERSIONABLE

cdef enum:
    LONGEST_NAME = 63   # of a class in a stream (AR-91)

cdef class Object:
    pass

cdef class Value:
    pass

cdef class CRuntimeClass:
    cdef readonly str m_lpszClassName
    cdef readonly object cls                # the Python class
    cdef readonly CRuntimeClass m_pBaseClass
    cdef uint32_t schema                    # m_wSchema; 0xFFFF: not archivable; may carry VERSIONABLE_SCHEMA
    cdef readonly bint creatable
    cdef readonly bint library              # one of the library's own: plain requests admit it
    cdef readonly bytes name                # as it stands in the stream

cdef class ClassRegistry:
    cdef dict _own          # name -> CRuntimeClass, the program's
    cdef dict _library      # the library's own classes, looked up after those
    cdef object __weakref__

    cdef int add(self, CRuntimeClass rc) except -1
    cdef CRuntimeClass find(self, bytes name)


cdef inline bint derives(CRuntimeClass rc, CRuntimeClass base) noexcept:
    """Whether a class is another or derives from it; asked for each object loaded."""
    cdef PyObject *at = <PyObject *>rc  # no reference is counted on the way up
    while at != <PyObject *>None:
        if at == <PyObject *>base:
            return True
        at = <PyObject *>(<CRuntimeClass>at).m_pBaseClass
    return False


cdef CRuntimeClass class_of_type(PyTypeObject *cls)
cdef CRuntimeClass runtime_class(object what)
cdef CRuntimeClass requested(object T)
cdef uint32_t checked_schema(object schema, bint versionable) except? 0
cdef object create(CRuntimeClass rc)
cdef object new_value(object cls)
