# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
"""Where the two stacks meet in C: a CSocket as the file under an archive (SF-1 to SF-11).

`CSocketFile` in src/pysock is built on it.  Whatever a subclass overrides, of the file or of the socket, is
called as Python; only what is the library's own is short-circuited.
"""
import warnings

from cpython.buffer cimport (
    PyBUF_READ,
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    PyBUF_WRITE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport uint8_t

from pysock._core.blocking cimport CSocket
from pysock._core.native cimport PS_WSAEINVAL, PS_WSAENOTSOCK, SOCK_STREAM
from pysock._core.sockets cimport set_last_error, usable
from pysock._core.stream cimport Stream

from pysock._core.errors import (
    CFileException,
    CInvalidArgException,
    SocketException,
    SocketUsageError,
    errno_of,
    winsock_name,
    winsock_text,
)

cdef enum:
    GENERIC = 1                          # CFileException's cause
    SOCKET_ERROR = -1
    FIRST_PIECE = 65536                  # bytes of memory taken before anything has come


cdef int lost(str operation, object sock, int code) except -1:
    """Raises what SF-5 and SF-6 say."""
    error = CFileException(GENERIC, code, "", operation=f"{operation} {sock!r}",
                           reason=f"{winsock_text(code)} ({winsock_name(code)})")
    error.errno = errno_of(code)
    raise error


cdef class SocketStream(Stream):
    """SocketStream(pSocket, bArchiveCompatible=True)
--

    The compiled part of `CSocketFile`."""

    def __init__(self, pSocket, bArchiveCompatible=True):
        """`pSocket` is a CSocket with a stream's handle, connected or to be (SF-1, DV-20)."""
        if not isinstance(pSocket, CSocket):
            raise TypeError(f"pSocket must be a CSocket, not {type(pSocket).__name__}")
        if (<CSocket>pSocket)._pump is None:
            raise SocketUsageError(f"CSocketFile: {pSocket!r} has no handle")
        if (<CSocket>pSocket)._type != SOCK_STREAM:
            raise SocketUsageError(f"CSocketFile: {pSocket!r} is not a stream (SF-14)")
        self._sock = pSocket
        self.m_bArchiveCompatible = bool(bArchiveCompatible)
        kind = type(pSocket)
        self._own = kind is CSocket or kind.Receive is CSocket.Receive and kind.Send is CSocket.Send

    @property
    def m_pSocket(self):
        """The socket; None after Close."""
        return self._sock

    cdef CSocket _need(self, str operation):
        if self._sock is None:
            raise CInvalidArgException(f"cannot {operation}: the file is closed")
        return self._sock

    # --- as the archive sees it ---------------------------------------------------------------------------

    cdef bint is_direct(self) except -1:
        kind = type(self)
        return (kind.Read is SocketStream.Read and kind.ReadInto is SocketStream.ReadInto
                and kind.Write is SocketStream.Write and kind.GetUnread is SocketStream.GetUnread)

    cdef bint can_read_ahead(self) noexcept:
        return self.m_bArchiveCompatible

    cdef Py_ssize_t read_raw(self, uint8_t *dst, Py_ssize_t n) except -1:
        cdef Py_ssize_t got, done
        if n == 0:
            self._need("read")
            return 0                                    # SF-3: the original would wait for data
        done = self._receive(dst, n)
        if not self.m_bArchiveCompatible:
            while 0 < done < n:                         # SF-4
                got = self._receive(dst + done, n - done)
                if got == 0:
                    break
                done += got
        return done

    cdef Py_ssize_t _receive(self, void *p, Py_ssize_t n) except -1:
        cdef CSocket sock = self._need("read")
        cdef Py_ssize_t got = -PS_WSAENOTSOCK
        if self._own:
            if sock._pump is not None and usable(sock, "Receive"):
                got = sock.receive(p, n, 0, NULL)
        else:
            view = PyMemoryView_FromMemory(<char *>p, n, PyBUF_WRITE)
            try:
                got = sock.Receive(view, n)
                if got < 0:
                    got = -<int>(sock.GetLastError() or PS_WSAEINVAL)
                elif got > n:
                    raise ValueError(f"Receive of {sock!r} returned {got} for {n} bytes")
            except SocketException as e:
                got = -<int>e.winerror
            finally:
                view.release()                          # whoever kept it must not write into freed memory
        if got < 0:
            set_last_error(<int>-got)
            lost("receive from", sock, <int>-got)
        return got

    cdef int write_raw(self, const uint8_t *src, Py_ssize_t n) except -1:
        cdef CSocket sock = self._need("write")
        cdef int r = -PS_WSAENOTSOCK
        if self._own:
            if sock._pump is not None and usable(sock, "Send"):
                r = sock.send_all(src, n, 0)
        else:
            view = PyMemoryView_FromMemory(<char *>src, n, PyBUF_READ)
            try:
                sent = sock.Send(view, n)
                if sent == SOCKET_ERROR:
                    r = -<int>(sock.GetLastError() or PS_WSAEINVAL)
                elif sent == n:
                    r = 0
                else:
                    raise ValueError(f"Send of {sock!r} returned {sent!r} for {n} bytes")
            except SocketException as e:
                r = -<int>e.winerror
            finally:
                view.release()
        if r < 0:
            set_last_error(-r)
            lost("send to", sock, -r)
        return 0

    cdef int give_back(self, const uint8_t *src, Py_ssize_t n) except -1:
        cdef CSocket sock = self._sock
        if sock is None or sock._pump is None:
            warnings.warn(f"{n} bytes received and not read are lost: their socket is closed",
                          ResourceWarning, 2)
            return 0
        if not usable(sock, "Receive"):
            return 0
        return sock.keep(<const char *>src, n)

    cdef Py_ssize_t unread(self) noexcept:
        return self._sock.kept() if self._sock is not None else 0

    # --- as a program sees it -----------------------------------------------------------------------------

    def Read(self, Py_ssize_t nCount):
        """Waits for bytes and returns at most `nCount` of them: what one Receive gave, or, for a file that
        is not archive-compatible, all of them; fewer, b"" in the end, only once the peer has closed (SF-3,
        SF-4).

        Raises CFileException, `m_lOsError` a Winsock number; CInvalidArgException after Close.
        """
        cdef Py_ssize_t got, have
        if nCount < 0:
            raise CInvalidArgException(f"cannot read {nCount} bytes")
        if nCount <= FIRST_PIECE or self.m_bArchiveCompatible:
            data = PyBytes_FromStringAndSize(NULL, min(nCount, <Py_ssize_t>(1 << 20)))
            have = len(data)
            got = self.read_raw(<uint8_t *>PyBytes_AS_STRING(data), have)
            return data if got == have else data[:got]
        pieces = []                                     # memory grows with what has come
        while nCount:
            have = min(nCount, FIRST_PIECE)
            data = PyBytes_FromStringAndSize(NULL, have)
            got = self.read_raw(<uint8_t *>PyBytes_AS_STRING(data), have)
            pieces.append(data[:got])
            if got < have:
                break
            nCount -= got
        return b"".join(pieces)

    def ReadInto(self, buffer):
        """As Read, into a writable buffer; returns the count."""
        cdef Py_buffer view
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        try:
            return self.read_raw(<uint8_t *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def Write(self, data):
        """Sends all of a buffer, waiting for room as long as it takes (SF-6).

        Raises CFileException, `m_lOsError` a Winsock number; CInvalidArgException after Close.
        """
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            self.write_raw(<const uint8_t *>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)

    def Flush(self):
        """Nothing: what was written has been sent (SF-7)."""

    def Seek(self, lOff, nFrom=0):
        """A socket has no position: always 0; the first call that would move anything warns (SF-9, DV-19)."""
        if not self._sought and (lOff or nFrom != 1):
            self._sought = True
            warnings.warn(f"Seek({lOff}, {nFrom}) on a socket does nothing", RuntimeWarning, 2)
        return 0

    def GetUnread(self):
        """Bytes that an archive has received and given back unread; they are the next to be read (AR-27)."""
        return self.unread()

    def Close(self):
        """Forgets the socket, which stays connected; a second time nothing happens (SF-2)."""
        self._sock = None
