# cython: language_level=3
"""Objects of an archive, for sibling rooms."""

from cpython.object cimport PyTypeObject
from libc.stdint cimport int64_t, uint32_t

from pysock._core.transact cimport Transactional

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

cdef struct Slot:
    void *key               # object or CRuntimeClass; the archive's list keeps it alive
    uint32_t index

cdef class CArchive(Transactional):
    cdef Slot *_slots       # storing: open addressing by pointer
    cdef size_t _mask       # number of slots - 1; 0: none yet
    cdef uint32_t _next     # the index that the next entry takes
    cdef list _map          # what the indices mean; keeps everything in it alive (AR-41)
    cdef dict _schemas      # CRuntimeClass -> schema of a record that differed (AR-103)
    cdef uint32_t _schema   # of the object being loaded; NO_SCHEMA once asked
    cdef uint32_t _object_schema    # the same, repeatable
    cdef uint32_t _stored_schema    # of the object being stored, for declared fields
    cdef list _undo         # since the first of the open transactions: (key, value before) of what was replaced
    cdef int64_t _classes   # class records loaded
    cdef int64_t max_objects_
    cdef int64_t max_classes_
    cdef int64_t max_depth_
    cdef int64_t max_dense_
    cdef int64_t _created   # objects made from the stream
    cdef object _allow      # None, "registered" or a tuple of CRuntimeClass
    cdef int _admit         # the same as a number
    cdef ClassRegistry _registry
    cdef public object m_pDocument
    cdef public bint m_bForceFlat
    cdef object __weakref__

    cdef int check_params(self, bint loading) except -1


cdef class Program:
    cdef PyTypeObject *exact    # the class that has it, as soon as one of its objects was stored
    cdef CRuntimeClass rc       # and that class's run-time class
    # `tag`: write the tag of this run-time class before the body, once the values are known to be good; `sure`: they
    # are known to be
    cdef int store(self, CArchive a, object obj, CRuntimeClass tag, bint sure) except -1
    cdef int load(self, CArchive a, object obj) except -1
    cdef object columns(self, CArchive a, object n)


cdef CRuntimeClass class_of_type(PyTypeObject *cls)
cdef CRuntimeClass runtime_class(object what)
cdef CRuntimeClass requested(object T)
cdef bint derives(CRuntimeClass rc, CRuntimeClass base) noexcept
cdef int store_object(CArchive a, object obj) except -1
cdef int store_tagged(CArchive a, CRuntimeClass rc, object obj) except -1
cdef object load_object(CArchive a, CRuntimeClass wanted)
cdef object new_value(object cls)
cdef int serialize(CArchive a, object obj, bint sure) except -1
cdef int composite_failed(CArchive a, object e, int64_t at) except -1
cdef object load_value(CArchive a, object T)
