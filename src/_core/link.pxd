# cython: language_level=3
"""What sibling rooms may use of `link`."""
from pysock._core.blocking cimport CSocket
from pysock._core.stream cimport Stream


cdef class SocketStream(Stream):
    cdef CSocket _sock               # None after Close
    cdef bint _own                   # the socket's Receive and Send are the library's, so C may do instead
    cdef readonly bint m_bArchiveCompatible
    cdef bint _sought                # the warning of DV-19 was given

    cdef CSocket _need(self, str operation)
    cdef Py_ssize_t _receive(self, void *p, Py_ssize_t n) except -1
