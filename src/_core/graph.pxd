# cython: language_level=3
"""Objects of an archive, for the rooms above."""

from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, uint32_t

from pysock._core.classes cimport ClassRegistry, CRuntimeClass
from pysock._core.transact cimport Transactional

cdef extern from "Python.h":
    PyObject *_PyType_Lookup(PyTypeObject *cls, object name)

cdef struct Slot:
    void *key               # object or CRuntimeClass; the archive's list keeps it alive
    uint32_t index

cdef class Graph(Transactional):
    cdef Slot *_slots       # storing: open addressing by pointer
    cdef size_t _mask       # number of slots - 1; 0: none yet
    cdef uint32_t _next     # the index that the next entry takes
    cdef list _map          # what the indices mean; keeps everything in it alive (AR-41)
    cdef dict _own_schemas  # CRuntimeClass -> schema that it has in this archive; None: that of the class
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

    cdef int check_params(self, bint loading) except -1
    cdef int set_schemas(self, object schemas) except -1


cdef inline uint32_t schema_in(Graph a, CRuntimeClass rc) except? 0xFFFFFFFE:
    """A class's schema with VERSIONABLE_SCHEMA, in this archive."""
    cdef PyObject *found
    if a._own_schemas is None:
        return rc.schema
    found = PyDict_GetItem(a._own_schemas, rc)
    return rc.schema if found == NULL else <uint32_t><object>found


cdef class Program:
    cdef PyTypeObject *exact    # the class that has it, as soon as one of its objects was stored
    cdef CRuntimeClass rc       # and that class's run-time class
    # `tag`: write the tag of this run-time class before the body, once the values are known to be good; `sure`: they
    # are known to be
    cdef int store(self, Graph a, object obj, CRuntimeClass tag, bint sure) except -1
    cdef int load(self, Graph a, object obj) except -1
    cdef int check(self, Graph a, object obj) except -1     # raises if the object cannot be stored
    cdef object columns(self, Graph a, object n)


cdef inline Program program_of(PyTypeObject *cls):
    """What serializes objects of a class, None if that is a Python function."""
    cdef PyObject *found = _PyType_Lookup(cls, "Serialize")
    return <Program>found if found != NULL and isinstance(<object>found, Program) else None


cdef int store_object(Graph a, object obj) except -1
cdef int store_tagged(Graph a, CRuntimeClass rc, object obj) except -1
cdef object load_object(Graph a, CRuntimeClass wanted)
cdef int serialize(Graph a, object obj, bint sure) except -1
cdef int composite_failed(Graph a, object e, int64_t at) except -1
