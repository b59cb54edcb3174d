# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""A file in memory (AR-37), compiled, so that an archive over it moves bytes by memcpy.

Invariants: 0 <= _len <= _alloc; _data does not move while a view of it is alive; bytes between an old length
and a write beyond it are zero.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport uint8_t
from libc.string cimport memmove, memset

from pysock._core.errors cimport raise_file, raise_memory

cdef extern from *:
    """
    #ifdef PS_DEBUG
    static Py_ssize_t ps_live_memfiles = 0;
    #  define PS_MEMFILE(n) (ps_live_memfiles += (n))
    #  define PS_MEMFILES ps_live_memfiles
    #else
    #  define PS_MEMFILE(n) ((void)0)
    #  define PS_MEMFILES -1
    #endif
    """
    void PS_MEMFILE(int n)
    const Py_ssize_t PS_MEMFILES

cdef enum:
    BAD_SEEK = 9    # CFileException's causes
    ACCESS_DENIED = 5


def live_counts():
    """Memory files alive, by name; empty in a release build."""
    return {"memfiles": PS_MEMFILES} if PS_MEMFILES >= 0 else {}


cdef class MemFile:
    """MemFile(buffer=None, size=None, growth=None)
--

    The compiled part of `CMemFile`: bytes in memory that are read, written and moved in like a file
    (AR-37)."""

    def __cinit__(self, *args, **kwargs):
        PS_MEMFILE(1)

    def __init__(self, buffer=None, size=None, growth=None):
        """`MemFile()` is empty and grows by 1024 bytes; `MemFile(growth)` by that many; `MemFile(buffer,
        size, growth)` is `Attach(buffer, size, growth)`."""
        self._free()
        self._growth = 1024
        if buffer is None:
            if growth is not None:
                self._set_growth(growth)
        elif isinstance(buffer, int):
            self._set_growth(buffer)
        else:
            self.Attach(buffer, size, 0 if growth is None else growth)

    def __dealloc__(self):
        PS_MEMFILE(-1)
        if self._borrowed:  # not `_attached`: the collector may have cleared that already
            PyBuffer_Release(&self._held.view)
        else:
            PyMem_RawFree(self._data)

    def _set_growth(self, growth):
        cdef Py_ssize_t step = growth
        if step < 0:
            raise ValueError(f"the growth step must not be negative, got {step}")
        self._growth = step

    # --- C, for the archive

    cdef Py_ssize_t read_raw(self, uint8_t *dst, Py_ssize_t n) noexcept:
        cdef Py_ssize_t left = self._len - self._pos
        if n > left:
            n = left
        if n <= 0:
            return 0
        memmove(dst, self._data + self._pos, n)
        self._pos += n
        return n

    cdef int _check_writable(self) except -1:
        if self._borrowed and self._held.view.readonly:
            raise_file(ACCESS_DENIED, -1, "", "write to a read-only buffer")
        return 0

    cdef int write_raw(self, const uint8_t *src, Py_ssize_t n) except -1:
        if n <= 0:
            return 0
        self._check_writable()
        if n > self._alloc - self._pos:
            if self._pos > (<Py_ssize_t>(<size_t>-1 >> 1)) - n:
                raise_memory("a memory file cannot become that long")
            self._grow(self._pos + n)
        if self._pos > self._len:
            memset(self._data + self._len, 0, self._pos - self._len)
        memmove(self._data + self._pos, src, n)
        self._pos += n
        if self._pos > self._len:
            self._len = self._pos
        return 0

    cdef int _grow(self, Py_ssize_t need) except -1:
        """At least `need` bytes of memory, in whole steps; by half again each time, so that appending is
        linear."""
        cdef Py_ssize_t room, steps
        cdef uint8_t *data
        if need <= self._alloc:
            return 0
        if self._growth == 0:
            raise_memory(f"this memory file cannot grow: need {need} bytes, have {self._alloc}")
        if self._exports:
            raise BufferError("the memory file has exported views and cannot grow")
        room = self._alloc + (self._alloc >> 1)
        if room < need:
            room = need
        steps = (room - 1) // self._growth + 1
        if steps > (<Py_ssize_t>(<size_t>-1 >> 1)) // self._growth:
            raise_memory("a memory file cannot become that long")
        room = steps * self._growth
        data = <uint8_t *>PyMem_RawRealloc(NULL if self._borrowed else self._data, room)
        if data == NULL:
            raise_memory(f"no memory for a file of {need} bytes")
        if self._borrowed:
            memmove(data, self._data, self._len)
            PyBuffer_Release(&self._held.view)
            self._borrowed = False
            self._attached = None
        self._data = data
        self._alloc = room
        return 0

    cdef int _free(self) except -1:
        if self._exports:
            raise BufferError("the memory file has exported views and cannot let its memory go")
        if self._borrowed:
            PyBuffer_Release(&self._held.view)
            self._borrowed = False
            self._attached = None
        else:
            PyMem_RawFree(self._data)
        self._data = NULL
        self._alloc = self._len = self._pos = 0
        return 0

    # --- the file

    def Attach(self, buffer, size=None, growth=0):
        """Work on `buffer` (any contiguous bytes-like object), on its first `size` bytes if given.

        growth 0: the whole buffer is the file's content and the file cannot grow; above 0: the content starts
        empty, and what does not fit moves to memory of the file's own. Raises ValueError if `size` is more
        than there is.
        """
        cdef Py_buffer view
        cdef Py_ssize_t step = growth, n
        if step < 0:
            raise ValueError(f"the growth step must not be negative, got {step}")
        try:
            PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        except BufferError:
            PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            n = view.len if size is None else size
            if not 0 <= n <= view.len:
                raise ValueError(f"size must be 0..{view.len}, got {n}")
            self._free()
        except BaseException:
            PyBuffer_Release(&view)
            raise
        self._held.view = view
        self._borrowed = True
        self._attached = buffer
        self._data = <uint8_t *>view.buf
        self._alloc = n
        self._growth = step
        self._len = 0 if step else n

    def Detach(self):
        """Let the memory go and return it: the attached object, else a bytearray of the content. The file is
        empty then."""
        cdef object memory = self._attached
        if memory is None:
            memory = PyByteArray_FromStringAndSize(<char *>self._data, self._len)
        self._free()
        return memory

    def Read(self, nCount, /):
        """Up to `nCount` bytes from the position on, as bytes; fewer at the end of the file, none behind
        it."""
        cdef Py_ssize_t n = nCount, left = self._len - self._pos
        if n < 0:
            raise ValueError(f"the number of bytes must not be negative, got {n}")
        if left <= 0:
            return b""
        if n > left:
            n = left
        data = PyBytes_FromStringAndSize(<char *>self._data + self._pos, n)
        self._pos += n
        return data

    def ReadInto(self, buffer, /):
        """Fill a writable buffer from the position on; returns the number of bytes, fewer at the end of the
        file."""
        cdef Py_buffer view
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        try:
            return self.read_raw(<uint8_t *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def Write(self, data, /):
        """Write all of `data` (bytes-like) at the position. CMemoryException if the file cannot grow."""
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            self.write_raw(<const uint8_t *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def Seek(self, lOff, nFrom=0, /):
        """Move to `lOff` from the beginning (0), the position (1) or the end (2); returns the new position.

        CFileException (badSeek) before the beginning, or with a positive offset from the end;
        CMemoryException behind a buffer that cannot grow. An unknown `nFrom` changes nothing (AR-37).
        """
        cdef object where = lOff
        if nFrom == 1:
            where = self._pos + where
        elif nFrom == 2:
            if where > 0:
                raise_file(BAD_SEEK, -1, "", f"seek {where} bytes beyond the end")
            where = self._len + where
        elif nFrom != 0:
            return self._pos
        if where < 0:
            raise_file(BAD_SEEK, -1, "", f"seek to {where}")
        if where > self._alloc and self._growth == 0:
            raise_memory(f"this memory file cannot grow: seek to {where}, have {self._alloc} bytes")
        self._pos = where
        return self._pos

    def GetPosition(self):
        """The file position in bytes."""
        return self._pos

    def GetLength(self):
        """The length of the file in bytes."""
        return self._len

    def SetLength(self, dwNewLen, /):
        """Cut the file or make it longer (with zeros); the position never lies behind the new end."""
        cdef Py_ssize_t n = dwNewLen
        if n < 0:
            raise ValueError(f"the length must not be negative, got {n}")
        if n > self._len:
            self._check_writable()
            self._grow(n)
            memset(self._data + self._len, 0, n - self._len)
        self._len = n
        if self._pos > n:
            self._pos = n

    def Close(self):
        """Drop the content."""
        self._free()

    def Abort(self):
        """Drop the content."""
        self._free()

    def Flush(self):
        """Nothing to do: there is nothing behind the memory."""

    # --- Python's side

    def getvalue(self):
        """The whole content as bytes, wherever the position is."""
        return PyBytes_FromStringAndSize(<char *>self._data, self._len)

    def getbuffer(self):
        """A writable view of the content, without a copy; the file cannot grow while the view lives."""
        return memoryview(self)

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef bint readonly = self._borrowed and self._held.view.readonly
        cdef void *data = self._data if self._data != NULL else <void *><char *>b""
        PyBuffer_FillInfo(view, self, data, self._len, readonly, flags)
        self._exports += 1

    def __releasebuffer__(self, Py_buffer *view):
        self._exports -= 1
