# cython: language_level=3
"""CArchive, for the rooms above."""

from pysock._core.graph cimport Graph

cdef class CArchive(Graph):
    cdef public object m_pDocument
    cdef public bint m_bForceFlat
    cdef object __weakref__

cdef object load_value(CArchive a, object T)
