# cython: language_level=3
"""For rooms of either stack: what users import has the name by which they import it."""

cdef extern from "pypublic.h":
    int ps_public(object type) except -1
