# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: always_allow_keywords=False
"""CArchive itself: its options, and values by their wire type: operators, typed reads and writes, records, lists."""

from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t

import warnings

from pysock._core.archive cimport check_count, load_kind, store_kind
from pysock._core.buffer cimport (
    S_CLOSED, S_FAILED, S_OPEN, check_loading, check_storing, enter_item, leave_item, position,
)
from pysock._core.classes cimport (
    ClassRegistry, CRuntimeClass, Object, Value, class_of_type, derives, new_value, requested, runtime_class,
)
from pysock._core.classes import CObject, ObjectType, default_registry as _default
from pysock._core.fast cimport ps_adopt_methods
from pysock._core.graph cimport (
    Graph, Program, composite_failed, load_object, program_of, serialize, store_object,
)
from pysock._core.public cimport ps_public
from pysock._core.text cimport codec
from pysock._core.wire cimport BITS, K_DOUBLE, K_LONG, K_NONE, Box, K_bool, K_CString, kind_of

cdef CRuntimeClass _root = runtime_class(CObject)   # asked for, it is no restriction


class Record(Value, metaclass=ObjectType):
    """Base of what an archive stores by value only: headers, messages, parts of objects.

    There are no tags. Its fields are declared::

        class Header(Record):
            magic: int = field(DWORD)
            name: str = field(CString)

        ar.write(Header(magic=1, name="x"));  header = ar.read(Header)
    """

    __slots__ = ()
    __module__ = "pysock"

    @classmethod
    def __mfc_load__(cls, ar, /):
        return load_value_of(ar, cls)

    @classmethod
    def __mfc_check__(cls, ar, value, /):
        if not isinstance(value, cls):
            raise TypeError(f"need a {cls.__name__}, not {type(value).__name__}")
        plan = getattr(type(value), "__mfc_plan__", None)
        if plan is not None and type(value).Serialize is plan:
            plan.check_values(value, ar)

    @classmethod
    def __mfc_store__(cls, ar, value, /):
        if not isinstance(value, cls):
            raise TypeError(f"need a {cls.__name__}, not {type(value).__name__}")
        serialize(<CArchive?>ar, value, False)


# --- records and lists ------------------------------------------------------------------------------------

cdef object load_value_of(CArchive a, object cls):
    """A record. If the stream ends before it, the archive stays sound; what goes wrong inside it is as with
    objects (AR-190)."""
    cdef int64_t at
    check_loading(a)
    obj = new_value(cls)
    at = position(a)
    enter_item(a)
    try:
        serialize(a, obj, False)
    except BaseException as e:
        composite_failed(a, e, at)
        raise
    leave_item(a)
    return obj


cdef int store_value(CArchive a, object value) except -1:
    if a.loading or a.wcur == NULL:
        check_storing(a)
    return serialize(a, value, False)


cdef bint is_object(object T) except -1:
    return isinstance(T, CRuntimeClass) or (isinstance(T, type) and issubclass(T, Object)
                                            and not hasattr(T, "__mfc_load__"))


cdef list load_many(CArchive a, object T, int64_t n):
    cdef int kind = kind_of(T)
    cdef list out = []
    cdef int64_t _i
    cdef CRuntimeClass wanted
    if kind != K_NONE:
        for _i in range(n):
            out.append(load_kind(a, kind))
    elif isinstance(T, type) and issubclass(T, Value):
        for _i in range(n):
            value = new_value(T)
            serialize(a, value, False)
            out.append(value)
    elif is_object(T):
        wanted = requested(T)
        for _i in range(n):
            out.append(load_object(a, wanted))
    else:
        load = getattr(T, "__mfc_load__", None)
        if load is None:
            not_wire_type(T)
        for _i in range(n):
            out.append(load(a))
    return out


cdef int store_values(CArchive a, object values, object T) except -1:
    """Records, mostly; their program is looked up once for all that are of one class."""
    cdef PyTypeObject *last = NULL
    cdef PyTypeObject *cls
    cdef Program program = None
    check_storing(a)
    for value in values:
        cls = (<PyObject *>value).ob_type
        if cls != last:
            last = NULL
            program = None
            if isinstance(value, Value) and (T is None or isinstance(value, T)):
                program = program_of(cls)
        if program is not None:
            last = cls
            program.store(a, value, None, False)
        elif T is None:
            a << value
        else:
            a.write(value, T)
    return 0


cdef int store_many(CArchive a, object values, object T) except -1:
    cdef int kind = K_NONE if T is None else kind_of(T)
    cdef CRuntimeClass wanted
    if kind != K_NONE:
        for value in values:
            store_kind(a, kind, (<Box>value)._v if isinstance(value, Box) else value)
    elif T is None or (isinstance(T, type) and issubclass(T, Value)):
        store_values(a, values, T)
    elif is_object(T):
        wanted = runtime_class(T)
        for value in values:
            if wanted is not _root:
                check_kind(value, wanted)
            store_object(a, value)
    else:
        for value in values:
            a.write(value, T)
    return 0


cdef int check_kind(object value, CRuntimeClass wanted) except -1:
    """TypeError if a pointer of that class cannot point to it."""
    if value is None or (isinstance(value, Object)
                         and (wanted is _root or derives(class_of_type((<PyObject *>value).ob_type), wanted))):
        return 0
    raise TypeError(f"need a {wanted.m_lpszClassName} or None, not {type(value).__name__}")


cdef int64_t least_size(object T) except -1:
    """Fewest bytes that a value of a wire type takes (AR-187)."""
    cdef int kind = kind_of(T)
    if kind != K_NONE:
        return 1 if kind > K_DOUBLE else BITS[kind] >> 3
    return 2 if is_object(T) else getattr(T, "__mfc_min_size__", 1)


cdef object load_value(CArchive a, object T):
    """See CArchive.read."""
    cdef int kind = kind_of(T)
    return load_kind(a, kind) if kind != K_NONE else load_typed(a, T)


# --- CArchive ---------------------------------------------------------------------------------------------

cdef class CArchive(Graph):
    # Up to "--": the signature that help() and editors show, in CPython's form for classes made in C.
    """CArchive(file, mode, nBufSize=4096, lpBuf=None, *, unicode=True, encoding="cp1252", errors="strict",
profile="mfc9", faithful=False, canonical=False, map_order=None, allow=None, registry=None, schemas=None,
read_ahead=True, bits=32, max_string=16777216, max_count=16777216, max_total=268435456, max_objects=1000000,
max_classes=1024, max_depth=200, max_dense=65536)
--

    Stores values and objects to a file, or loads them, as the bytes that MFC's CArchive makes (AR-1).

    `file` is a CFile, CMemFile or anything like them, a binary Python file, or for loading any bytes-like
    object. `mode` is `CArchive.load` or `CArchive.store`, optionally with `bNoFlushOnDelete` or
    `bNoByteSwap`. `nBufSize` is in bytes, at least 128; `lpBuf` a writable buffer of that size to use in place
    of one of its own. The file is neither opened, owned nor closed.

    - `unicode`: CString and text lines are UTF-16 (a Unicode build), else of the code page `encoding` with
      the error policy `errors`. `encoding="cp1252"` is Windows' own, without undefined bytes (AR-60).
    - `profile`: "mfc6", "mfc8" or "mfc9"; `bits`: 32 or 64, the build that is imitated; `map_order`: None,
      "mfc6" or "mfc9" (AR-147).
    - `faithful=True` reproduces MFC's quirks, `canonical=True` refuses over-long forms on loading.
    - `allow`: which classes the stream may create. None: those that derive from the class asked for, and the
      library's collections; "registered": all registered ones; a set of classes: those, what derives from
      them, and the library's collections (AR-186). `registry`: where names are looked up.
    - `schemas`: what the schema of a class is in this archive, a dict: to store an older format (AR-89, AR-102).
    - `read_ahead=False` never asks the file for more than an item needs.
    - `max_string`, `max_count`, `max_total`, `max_objects`, `max_classes`, `max_depth`, `max_dense`: limits
      against hostile streams, None for none (AR-179 to AR-184; the properties say what each means).

    `m_pDocument` is yours, as in MFC: whatever `Serialize` has to know of its document; None at first.
    `m_bForceFlat`, True, is MFC's, and nothing here looks at it.

    As a context manager it closes on success and aborts on an exception (AR-209).
    """

    store = 0
    load = 1
    bNoFlushOnDelete = 2
    bNoByteSwap = 4

    def __init__(self, file, mode, nBufSize=4096, lpBuf=None, *, unicode=True, encoding="cp1252",
                 errors="strict", profile="mfc9", faithful=False, canonical=False, map_order=None, allow=None,
                 registry=None, schemas=None, read_ahead=True, bits=32, max_string=16 << 20, max_count=16 << 20,
                 max_total=256 << 20, max_objects=1_000_000, max_classes=1024, max_depth=200,
                 max_dense=65536):
        if self.opened:
            raise RuntimeError("an archive cannot be opened a second time; make a new one")
        if not isinstance(mode, int) or not 0 <= mode <= 7:
            raise ValueError(f"mode must be CArchive.load or CArchive.store (and other bits), got {mode!r}")
        if profile not in ("mfc6", "mfc8", "mfc9"):
            raise ValueError(f"profile must be 'mfc6', 'mfc8' or 'mfc9', got {profile!r}")
        if map_order not in (None, "mfc6", "mfc9"):
            raise ValueError(f"map_order must be None, 'mfc6' or 'mfc9', got {map_order!r}")
        if bits not in (32, 64):
            raise ValueError(f"bits must be 32 or 64, got {bits!r}")
        self.wide = bool(unicode)
        self.codec = codec(encoding, errors)
        self._profile = profile
        self._faithful = bool(faithful)
        self.canonical = bool(canonical)
        self._map_order = map_order
        self._read_ahead = bool(read_ahead)
        self._bits = bits
        self._registry = <ClassRegistry?>(_default if registry is None else registry)
        self.max_string = max_string
        self.max_count = max_count
        self.max_total = max_total
        self.max_objects = max_objects
        self.max_classes = max_classes
        self.max_depth = max_depth
        self.max_dense = max_dense
        self.allow = allow
        self.set_schemas(schemas)
        self.m_bForceFlat = True
        self.open_file(file, mode, nBufSize, lpBuf)

    def __del__(self):
        if self.state == S_OPEN and not self.loading and self.wcur > self.start:
            warnings.warn(f"{self!r} was never closed: {self.wcur - self.start} unflushed bytes are lost",
                          ResourceWarning, source=self)

    def __repr__(self):
        if self.state == S_CLOSED:
            return "<CArchive closed>"
        way = "loading" if self.loading else "storing"
        failed = " failed" if self.state == S_FAILED else ""
        return f"<CArchive {way}{failed} at byte {position(self) if not self.busy else '?'}>"

    @property
    def limits(self):
        """All limits by name, as a new dict."""
        return {name: getattr(self, name) for name in _LIMITS}

    def _state(self):
        """For tests: MFC's members as far as there is something that corresponds."""
        return {
            "nMode": self.mode, "nBufSize": self.cap, "bUserBuf": int(self.user_buffer), "bDirectBuffer": 0,
            "bBlocking": 2 if self.blocking else 0,
            "cur": (self.rcur if self.loading else self.wcur) - self.start,
            "max": (self.rend if self.loading else self.wlim) - self.start,
            "mapcount": 0 if self._map is None else self._next,
            "schema": self._schema,
        }

    # --- operators and typed reads

    def __lshift__(self, other):
        """`ar << value`: a box as its type, bool as C++ bool, int as LONG, float as double, str as CString,
        None and CObject as object pointers, value types as theirs. Returns the archive (AR-193 to AR-199)."""
        cdef int kind = kind_of(type(other))
        if kind != K_NONE:
            store_kind(self, kind, (<Box>other)._v)
        else:
            store_untyped(self, other)
        return self

    def __rshift__(self, other):
        """`ar >> box` loads into a box. Returns the archive (AR-200, AR-201)."""
        cdef int kind = kind_of(type(other))
        if kind != K_NONE:
            (<Box>other)._v = load_kind(self, kind)  # what was loaded fits
        else:
            extract_typed(self, other)
        return self

    def read(self, T, /):
        """Load one value of the wire type `T` and return it: int, float, bool or str for the scalar and
        string types, an object or None for classes derived from CObject, and what they say for value types
        and descriptors such as `list_of(CString)` (AR-200)."""
        cdef int kind = kind_of(T)
        if kind != K_NONE:
            return load_kind(self, kind)
        return load_typed(self, T)

    def write(self, value, T=None):
        """Store one value as the wire type `T`, or as `ar << value` would without one."""
        cdef int kind = kind_of(T)
        if kind != K_NONE:
            store_kind(self, kind, (<Box>value)._v if isinstance(value, Box) else value)
        elif T is None:
            self << value
        else:
            store_typed(self, value, T)

    def read_list(self, T, n, /):
        """Load `n` values of the wire type `T` into a new list, without a count before them.

        endOfFile at once if the stream is known to be shorter than that many, ArchiveLimitError above
        max_count (AR-180, AR-187). For a count in the stream there is `ar.read(list_of(T))`.
        """
        cdef int64_t count = n, at
        check_loading(self)
        if count < 0:
            raise ValueError(f"the number of elements must not be negative, got {n}")
        at = position(self)
        enter_item(self)
        try:
            check_count(self, count, least_size(T), at)
            values = load_many(self, T, count)
        except BaseException as e:
            composite_failed(self, e, at)
            raise
        leave_item(self)
        return values

    def write_list(self, values, T=None):
        """Store every value of an iterable as the wire type `T`, or as `ar << value` would without one; no
        count."""
        store_many(self, values, T)

    def read_columns(self, T, n, /):
        """Load `n` records of the class `T` into columns: a dict with an array of numbers for each scalar
        field and a list for any other.

        The arrays are numpy's where numpy is installed, else `array.array`. Limits are those of `read_list`.
        """
        cdef Program program = None
        if isinstance(T, type):
            program = program_of(<PyTypeObject *><PyObject *>T)
        if program is None or issubclass(T, Object):
            raise TypeError(f"read_columns needs a Record class with declared fields, not {T!r}")
        return program.columns(self, n)


ps_adopt_methods(<PyTypeObject *><PyObject *>CArchive)
ps_public(CArchive)

cdef tuple _LIMITS = (
    "max_string", "max_count", "max_total", "max_objects", "max_classes", "max_depth", "max_dense",
)


# What the operators, read and write do with all but boxes; apart from them, so that boxes need no more registers
# than they use.

cdef int store_untyped(CArchive a, object v) except -1:
    """`ar << v` (AR-195 to AR-199)."""
    if isinstance(v, bool):
        return store_kind(a, K_bool, v)
    if isinstance(v, int):
        return store_kind(a, K_LONG, v)
    if isinstance(v, str):
        return store_kind(a, K_CString, v)
    if isinstance(v, float):
        return store_kind(a, K_DOUBLE, v)
    if v is None or isinstance(v, Object):
        return store_object(a, v)
    if isinstance(v, Value):
        return store_value(a, v)
    store = getattr(type(v), "__mfc_store__", None)
    if store is None:
        no_wire_type(v)
    store(a, v)
    return 0


cdef int store_typed(CArchive a, object v, object T) except -1:
    """`ar.write(v, T)`."""
    store = getattr(T, "__mfc_store__", None)
    if store is not None:
        store(a, v)
    elif is_object(T):
        check_kind(v, runtime_class(T))
        store_object(a, v)
    else:
        not_wire_type(T)
    return 0


cdef object load_typed(CArchive a, object T):
    """`ar.read(T)`."""
    if isinstance(T, type) and issubclass(T, Value):
        return load_value_of(a, T)
    load = getattr(T, "__mfc_load__", None)
    if load is not None:
        enter_item(a)
        try:
            return load(a)
        finally:
            leave_item(a)
    if is_object(T):
        return load_object(a, requested(T))
    not_wire_type(T)


cdef int extract_typed(CArchive a, object box) except -1:
    """`ar >> box`."""
    if isinstance(box, type):
        name = box.__name__
        raise TypeError(f">> needs a box: x = {name}(); ar >> x; or use ar.read({name})")
    extract = getattr(type(box), "__mfc_extract__", None)
    if extract is None:
        raise TypeError(f">> needs a box, for example x = WORD(); ar >> x; not {type(box).__name__}")
    enter_item(a)
    try:
        extract(box, a)
    finally:
        leave_item(a)
    return 0


cdef dict _SAY = {
    bool: "bool_ (one byte) or BOOL (four)", int: "a width, for example LONG", float: "FLOAT or DOUBLE",
    str: "CString, or ar.ReadString() and ar.WriteString() for lines of text",
    bytes: "raw(n), or ar.Read(n) and ar.Write(data)", list: "array_of(T) or list_of(T)", dict: "map_of(K, V)",
}


cdef int not_wire_type(object T) except -1:
    """TypeError that tells what to ask for instead."""
    say = _SAY.get(T) if isinstance(T, type) else None
    raise TypeError(f"{T!r} is not a wire type{'' if say is None else '; say ' + say}")


cdef int no_wire_type(object value) except -1:
    """TypeError that tells what to write instead (AR-197 to AR-199)."""
    hint = ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        hint = "; use ar.Write(data) for raw bytes, CStringA(data) for a string"
    elif isinstance(value, type):
        hint = f"; {value.__name__} is a class, give a value of it"
    elif hasattr(value, "__index__") or hasattr(value, "__float__"):
        hint = "; say which width it has, for example LONG(x) or DOUBLE(x)"
    elif hasattr(value, "isoformat"):
        hint = "; say what it is to be: ar.write(x, COleDateTime) or ar.write(x, CTime)"
    raise TypeError(f"{type(value).__name__} has no wire type of its own{hint}")
