# cython: language_level=3
"""The border between an archive and a file that it knows nothing of: C calls instead of Python's Read and
Write.

A room above both stacks derives its file from Stream; the archive sees only this.
"""


cdef class Stream:
    """A file whose bytes an archive moves without Python calls.  Not for users: see the classes derived
    from it."""

    cdef bint is_direct(self) except -1:
        """May the C members stand for Read, ReadInto, Write and GetUnread?  Not if a subclass overrides those."""
        return False

    cdef bint can_read_ahead(self) noexcept:
        """Does read_raw return what there is, instead of waiting for all that was asked for?"""
        return False

    cdef Py_ssize_t read_raw(self, uint8_t *dst, Py_ssize_t n) except -1:
        """One read: 1 to n bytes, 0 at the end."""
        raise NotImplementedError

    cdef int write_raw(self, const uint8_t *src, Py_ssize_t n) except -1:
        """Writes all of it."""
        raise NotImplementedError

    cdef int give_back(self, const uint8_t *src, Py_ssize_t n) except -1:
        """Takes back n bytes that were read and not used; they are the next to be read (DV-21)."""
        raise NotImplementedError

    cdef Py_ssize_t unread(self) noexcept:
        """How many bytes were given back and not read again."""
        return 0


cdef class Feed:
    """Stands where an archive's file would be: its bytes are pushed into its buffer."""
