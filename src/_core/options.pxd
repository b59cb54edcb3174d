# cython: language_level=3
"""What sibling rooms may call of `options`.  What fails is answered with a negative Winsock number.

`kind` is the socket's type; `reuse` and `blocking` are its owner's notes of what the program has set.
"""
from libc.stdint cimport uint8_t, uint16_t

from pysock._core.native cimport ps_sock_t
from pysock._core.pump cimport Watched

cdef struct Found:                   # what somebody else has made of a handle
    int family
    int kind
    uint16_t flags                   # those of its ps_events that are set
    uint8_t phase                    # PS_NEW: no connection to tell of, or a datagram socket

cdef int set_option(Watched w, int kind, bint *reuse, int level, int option, object value) except? -1
# the value, or None with *error set
cdef object get_option(Watched w, int kind, bint reuse, int level, int option, int *error)
cdef int find_out(ps_sock_t s, Found *found) except? -1
cdef int reuse_address(Watched w, int kind) noexcept
cdef long long control(Watched w, bint *blocking, object command, object argument) except? -1
