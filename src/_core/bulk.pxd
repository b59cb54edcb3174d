# cython: language_level=3
"""The archive up to bulk arrays and lines of text, for the rooms above."""

from pysock._core.archive cimport Cursor

cdef class Bulk(Cursor):
    pass
