# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic, always_allow_keywords=False
"""Objects of an archive: run-time classes, their registry, tags, the map, schemas and limits; and CArchive itself.

Invariants:
- one counter numbers classes and objects; an object is numbered after its class tag and before its body (AR-75, AR-76);
- whatever is in the map is kept alive by it, so an address never means two things (AR-41);
- only registered and admitted classes are created, and no name from the stream is ever looked up as Python (AR-191).
"""

cimport cython
from cpython.dict cimport PyDict_GetItem
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free

import warnings

from pysock._core.archive cimport (
    C_BAD_CLASS, C_BAD_INDEX, C_BAD_SCHEMA, C_GENERIC, K_CString, K_DOUBLE, K_LONG, K_NONE, Box, Cursor, K_bool,
    check_loading, check_storing, enter_item, fail, fill, get16, get32, kind_of, leave_item, load_kind, over_limit,
    position, put16, put32, set_box, store_kind, write_bytes,
)
from pysock._core.archive import CString
from pysock._core.errors cimport raise_invalid_arg, raise_memory, raise_not_supported
from pysock._core.text cimport codec


cdef class CObject:
    pass


cdef class CRuntimeClass:
    pass


cdef class ClassRegistry:
    pass


cdef int MODES = 7


cdef class CArchive(Cursor):
    """Stores to, or loads from, a file the bytes that MFC's CArchive would."""

    store = 0
    load = 1
    bNoFlushOnDelete = 2
    bNoByteSwap = 4

    def __init__(self, file, mode, nBufSize=4096, lpBuf=None, *, unicode=True, encoding="cp1252", errors="strict",
                 profile="mfc9", faithful=False, canonical=False, map_order=None, allow=None, registry=None,
                 read_ahead=True, bits=32, max_string=16 << 20, max_count=16 << 20, max_total=256 << 20,
                 max_objects=1_000_000, max_classes=1024, max_depth=200):
        if self.state != 0:
            raise RuntimeError("the archive is open already")
        self.wide = bool(unicode)
        self.codec = codec(encoding, errors)
        self._profile = profile
        self._faithful = bool(faithful)
        self.canonical = bool(canonical)
        self._map_order = map_order
        self._read_ahead = bool(read_ahead)
        self._bits = bits
        self.max_string = max_string
        self.max_count = max_count
        self.max_total = max_total
        self.m_bForceFlat = True
        self.open_file(file, mode, nBufSize, lpBuf)

    def __lshift__(self, other):
        """Store a value."""
        if isinstance(other, Box):
            store_kind(self, (<Box>other)._kind, (<Box>other)._v)
        elif isinstance(other, bool):
            store_kind(self, K_bool, other)
        elif isinstance(other, int):
            store_kind(self, K_LONG, other)
        elif isinstance(other, float):
            store_kind(self, K_DOUBLE, other)
        elif isinstance(other, str):
            store_kind(self, K_CString, other)
        else:
            store = getattr(type(other), "__mfc_store__", None)
            if store is None:
                raise TypeError(f"{type(other).__name__} has no wire type")
            store(self, other)
        return self

    def __rshift__(self, other):
        """Load into a box."""
        if isinstance(other, Box):
            set_box(other, load_kind(self, (<Box>other)._kind))
        else:
            extract = getattr(other, "__mfc_extract__", None)
            if extract is None or isinstance(other, type):
                raise TypeError("use a box, for example w = WORD(); ar >> w, or ar.read(WORD)")
            extract(self)
        return self

    def read(self, T, /):
        """Load one value of the wire type T."""
        cdef int kind = kind_of(T)
        if kind != K_NONE:
            return load_kind(self, kind)
        return T.__mfc_load__(self)

    def write(self, value, T=None):
        """Store one value as the wire type T."""
        cdef int kind
        if T is None:
            self << value
            return
        kind = kind_of(T)
        if kind != K_NONE:
            store_kind(self, kind, value)
        else:
            T.__mfc_store__(self, value)
