# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
"""Declared fields as native programs: what `Serialize` does, without a Python call for each field.

Invariants:
- storing looks at every value before it writes a byte, and puts the numbers into a scratch on the way; then
  that is copied, and the other values are stored between (AR-211);
- loading gives an object its values only when all of them are there (AR-212);
- an object is trusted with the slots of a class only after a look at its type.
"""

cimport cython
from cpython.array cimport array, resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import array as _array
from types import MethodType

from pysock._core.archive cimport check_count, load_string, store_string
from pysock._core.buffer cimport check_loading, check_storing, enter_item, fetch, leave_item, position, room, take
from pysock._core.carchive cimport CArchive
from pysock._core.classes cimport CRuntimeClass, Object, class_of_type
from pysock._core.fast cimport (
    PS_TRUTH, ps_decode, ps_encode, ps_get16, ps_get32, ps_get64, ps_member, ps_member_offset, ps_op,
    ps_store_plain,
)
from pysock._core.graph cimport Graph, Program, composite_failed, load_object, schema_in, store_object, store_tagged
from pysock._core.items cimport (
    C_COUNT, C_REF, C_SCALAR, C_STRING, LONGEST_RUN, N_FIELD, Item, check_item, is_good, load_item, new_item,
    put_slot, refuse, store_item,
)
from pysock._core.wire cimport K_CString, K_CStringA

cdef extern from "Python.h":
    PyObject *_PyType_Lookup(PyTypeObject *cls, object name)
    bint PyObject_TypeCheck(object o, PyTypeObject *cls)
    bint PyUnicode_CheckExact(object o)
    bint PyUnicode_IS_ASCII(object s)

cdef enum:
    FEW_BYTES = 128         # of scratch and fields of an object that need no memory of their own
    FEW_FIELDS = 12
    NEWEST = 0x7FFFFFFF     # the schema of what has none: the fields of today


# --- programs ---------------------------------------------------------------------------------------------

@cython.final
cdef class Form:
    """The program for one schema: the fields it has, in wire order."""
    cdef ps_op *ops
    cdef Py_ssize_t n
    cdef bint plain             # numbers and strings only
    cdef Py_ssize_t scratch     # bytes
    cdef int64_t least          # fewest bytes of an object
    cdef list items
    cdef tuple fields           # as `Field`s
    cdef tuple absent           # (slot, Field) of those that other schemas have

    def __dealloc__(self):
        free(self.ops)


cdef Form new_form(tuple parts, tuple absent):
    """`parts`: (Field, spec, slot) of the fields, in wire order; a count's spec is ("count", kind, field)."""
    cdef Form form = Form.__new__(Form)
    cdef ps_op *op
    cdef Item it
    cdef Py_ssize_t i, begin = -1
    cdef dict counters = {}, counted = {}
    form.n = len(parts)
    form.ops = <ps_op *>malloc((form.n or 1) * sizeof(ps_op))
    if form.ops == NULL:
        raise MemoryError()
    memset(form.ops, 0, (form.n or 1) * sizeof(ps_op))
    form.items = []
    form.plain = True
    form.fields = tuple([part[0] for part in parts])
    form.absent = absent
    slots = {field.name: slot for field, _, slot in parts}
    for i, (field, spec, slot) in enumerate(parts):
        op = &form.ops[i]
        op.counter = -1
        op.slot = slot
        if spec[0] == "count":
            it = new_item(("kind", spec[1]))
            it.code = C_COUNT
            op.slot = slots.get(spec[2], -1)
            counters[spec[2]] = i
        else:
            it = new_item(spec)
            if it.counted == N_FIELD:
                counted[field.name] = it.count_field
                op.counter = counters.pop(field.name, -1)
                if op.counter < 0 or form.fields[op.counter].name != it.count_field:
                    raise TypeError(f"{field!r} is counted by {it.count_field!r}, which no field before it is with "
                                    f"count_of({field.name!r}, ...)")
        form.items.append(it)
        op.item = <PyObject *>it
        op.code = it.code
        op.kind = it.kind
        if it.code == C_SCALAR or it.code == C_COUNT:
            op.number = it.number
            op.size = <int>it.size
        elif it.code == C_STRING:
            op.width = 0 if it.kind == K_CString else 1 if it.kind == K_CStringA else 2
        if it.code != C_SCALAR and it.code != C_STRING:
            form.plain = False
        form.least += it.least
        if it.code != C_SCALAR and it.code != C_COUNT:
            begin = -1
            continue
        if begin < 0 or form.ops[begin].run + it.size > LONGEST_RUN:
            begin = i
        op.at = form.ops[begin].run
        op.scratch = form.scratch
        form.ops[begin].run += <int>it.size
        form.ops[begin].span += 1
        form.scratch += it.size
    if counters:
        raise TypeError(f"{list(counters)} are counted by a field, but their types do not say so (count=...)")
    return form


cdef object slot_of(object cls, object name):
    """What a class has under a name; None if that was taken away."""
    cdef PyObject *found = _PyType_Lookup(<PyTypeObject *><PyObject *>cls, name)
    return None if found == NULL else <object>found


cdef object gathered(ps_op *op, uint8_t *scratch):
    """The number that `gather` put into the scratch for a field."""
    cdef PyObject *v = ps_decode(op.number, scratch + op.scratch)
    number = <object>v
    Py_XDECREF(v)
    return number


@cython.final
cdef class TaggedBase:
    """The `Serialize` of a base, behind a class tag of that, whose schema it goes by (AR-110)."""
    cdef CRuntimeClass rc
    cdef object body            # a Plan or a Python function

    def __init__(self, CRuntimeClass rc not None, body):
        self.rc = rc
        self.body = body

    def __call__(self, obj, ar, /):
        cdef Graph a = <CArchive?>ar
        cdef uint32_t once = a._schema, schema = a._object_schema, stored = a._stored_schema
        try:
            ar.SerializeClass(self.rc)
            self.begin(a)
            self.body(obj, ar)
        finally:
            a._schema = once
            a._object_schema = schema
            a._stored_schema = stored

    cdef int begin(self, Graph a) except -1:
        if not a.loading:
            a._stored_schema = schema_in(a, self.rc) & 0x7FFFFFFF
        return 0

    cdef int check(self, Graph a, object obj) except -1:
        """Raise what keeps the base's declared fields from being stored."""
        cdef uint32_t stored = a._stored_schema
        self.begin(a)
        try:
            if isinstance(self.body, Plan):
                (<Plan>self.body).check(a, obj)
        finally:
            a._stored_schema = stored
        return 0


@cython.final
cdef class Plan(Program):
    """The `Serialize` of a class with declared fields; also what describes them to Python."""
    cdef readonly object cls        # which declares them
    cdef readonly tuple own         # Fields of this class alone
    cdef readonly tuple fields      # with those of the bases in front
    cdef object _lower              # gives the spec of a Field
    cdef object _schema_of          # what says the schema instead of the archive, or None
    cdef object _before             # a base's Serialize that is a Python function or TaggedBase, or None
    cdef Py_ssize_t _told           # how many of the fields are those of a TaggedBase
    cdef bint _serialize_class      # whether the base gets a tag
    cdef tuple _parts               # (Field, spec, slot); None until the first use
    cdef tuple _cuts                # schemas at which the fields change
    cdef Form _only                 # the form, where there is one only
    cdef list _forms                # between them; None where not yet needed

    def __init__(self, own, lower, schema_of=None, serialize_class=False):
        self.own = tuple(own)
        self._lower = lower
        self._schema_of = schema_of
        self._serialize_class = bool(serialize_class)

    def __set_name__(self, owner, name):
        """The class exists now. If it has a `Serialize` of its own, there is one between it and its bases that holds
        the slots and the declared one; to users the fields are of the one that they wrote."""
        if self.cls is not None:
            if name == "__mfc_plan__":
                for field in self.own:
                    field.owner = owner
            return
        self.cls = owner
        self.fields = self.own
        for field in self.own:
            field.owner = owner
        for base in owner.__mro__[1:]:
            found = base.__dict__.get("Serialize")
            if isinstance(found, Plan):
                self.fields = (<Plan>found).fields + self.own
                self._before = (<Plan>found)._before
                self._told = (<Plan>found)._told
                if self._schema_of is None:
                    self._schema_of = (<Plan>found)._schema_of
                break
            if found is not None:
                if not base.__module__.startswith("pysock._core"):
                    self._before = found
                break
        if self._serialize_class:
            self._before = TaggedBase(class_of_type(<PyTypeObject *><PyObject *>owner.__mro__[1]), found)
            self._told = len(self.fields) - len(self.own)

    def __get__(self, obj, cls):
        return self if obj is None else MethodType(self, obj)

    def __call__(self, obj, ar, /):
        """Store or load the declared fields of an object, by the archive's direction."""
        cdef Graph a = <CArchive?>ar
        cdef int64_t at
        if not a.loading:
            check_storing(a)
            self.store(a, obj, None, False)
            return
        check_loading(a)
        at = position(a)
        enter_item(a)
        try:
            self.load(a, obj)
        except BaseException as e:
            composite_failed(a, e, at)
            raise
        leave_item(a)

    def check_values(self, obj, ar, /):
        """Raise what storing an object would raise for its values, as far as that can be known."""
        self.own_object(obj)
        self.check(<CArchive?>ar, obj)

    def __repr__(self):
        return f"<declared Serialize of {self.cls.__name__}>"

    @property
    def __doc__(self):
        return "Store or load the declared fields, by the archive's direction."

    @property
    def least(self):
        """Fewest bytes that an object takes."""
        self.compile()
        return min([self.form(i).least for i in range(len(self._cuts) + 1)])

    # --- compiling

    cdef int compile(self) except -1:
        if self._parts is not None:
            return 0
        parts = []
        cuts = set()
        for field in self.fields[self._told:]:
            slot = ps_member_offset(slot_of(field.owner, field.name))
            if slot < 0 and not field.computed:
                raise TypeError(f"{field!r}: {field.owner.__name__}.{field.name} was replaced and is no slot any more")
            parts.append((field, self._lower(field), slot))
            if field.since:
                cuts.add(field.since)
            if field.until is not None:
                cuts.add(field.until + 1)
        self._cuts = tuple(sorted(cuts))
        self._forms = [None] * (len(cuts) + 1)
        self._parts = tuple(parts)
        return 0

    cdef Form form(self, Py_ssize_t i):
        """The program for the i-th stretch of schemas."""
        cdef Form form = self._forms[i]
        if form is not None:
            return form
        here, absent = [], []
        schema = self._cuts[i - 1] if i else 0
        for part in self._parts:
            field = part[0]
            if field.since <= schema and (field.until is None or schema <= field.until):
                here.append(part)
            elif not field.computed:
                absent.append((part[2], field))
        form = self._forms[i] = new_form(tuple(here), tuple(absent))
        if not self._cuts:
            self._only = form
        return form

    cdef Form form_for(self, Graph a, object obj):
        cdef uint32_t schema
        cdef Py_ssize_t i = 0
        cdef object cut
        if self._only is not None:
            return self._only
        if self._parts is None:
            self.compile()
        if self._cuts:
            schema = self.schema(a, obj)
            for cut in self._cuts:
                if <uint32_t>cut > schema:
                    break
                i += 1
        return self.form(i)

    cdef uint32_t schema(self, Graph a, object obj) except? 0xFFFFFFFE:
        """What `since` and `until` compare with: the schema in the tag of the object that is stored or loaded; without
        one what SetObjectSchema said, else that of the class."""
        cdef uint32_t n
        if self._schema_of is not None:
            return self._schema_of(a)
        n = a._object_schema if a.loading or a._stored_schema == 0xFFFFFFFF else a._stored_schema
        if n == 0xFFFFFFFF and isinstance(obj, Object):
            n = schema_in(a, class_of_type((<PyObject *>obj).ob_type)) & 0x7FFFFFFF
            if n == 0xFFFF:
                n = NEWEST
        return NEWEST if n == 0xFFFFFFFF else n

    # --- storing

    cdef int fault(self, Graph a, Form form, Py_ssize_t i, object value) except -1:
        """Raise what is wrong with a value, and say whose it is."""
        cdef Item it = <Item>form.items[i]
        try:
            if it.code == C_SCALAR or it.code == C_COUNT:
                refuse(it.kind, value)
            else:
                check_item(a, it, value)
        except Exception as e:
            if type(e) in (OverflowError, TypeError, ValueError):
                raise type(e)(f"{self.cls.__name__}.{form.fields[i].name}: {e}") from None
            e.add_note(f"in {self.cls.__name__}.{form.fields[i].name}")
            raise
        return 0

    cdef int missing(self, Form form, Py_ssize_t i) except -1:
        raise AttributeError(f"{self.cls.__name__}.{form.fields[i].name} is not set")

    cdef int gather(self, Graph a, Form form, object obj, uint8_t *scratch, bint sure) except -1:
        """Look at all values, and put the numbers into the scratch."""
        cdef ps_op *op = form.ops
        cdef ps_op *end = op + form.n
        cdef PyObject *v
        while op < end:
            v = ps_member(obj, op.slot)[0]
            if v == NULL:
                self.missing(form, op - form.ops)
            value = <object>v  # held, as a look at it may run code that takes it out of its slot
            if op.code == C_SCALAR:
                if ps_encode(op.number, v, scratch + op.scratch):
                    self.fault(a, form, op - form.ops, value)
            elif op.code == C_STRING and PyUnicode_CheckExact(value) and PyUnicode_IS_ASCII(value):
                pass
            elif op.code == C_COUNT:
                self.gather_count(a, form, op, value, scratch)
            elif not sure and not (op.code == C_REF and is_good(<Item>op.item, v)):
                self.fault(a, form, op - form.ops, value)
            op += 1
        return 0

    cdef int gather_count(self, Graph a, Form form, ps_op *op, object counted, uint8_t *scratch) except -1:
        cdef object count
        try:
            count = len(counted)
        except TypeError:
            count = 0  # the look at the field itself tells what is wrong
        if ps_encode(op.number, <PyObject *>count, scratch + op.scratch):
            self.fault(a, form, op - form.ops, count)
        return 0

    cdef int check(self, Graph a, object obj) except -1:
        """Raise if an object cannot be stored."""
        cdef Form form = self.form_for(a, obj)
        cdef bytes scratch = PyBytes_FromStringAndSize(NULL, form.scratch)
        self.gather(a, form, obj, <uint8_t *>PyBytes_AS_STRING(scratch), False)
        return self.check_base(a, obj)

    cdef int check_base(self, Graph a, object obj) except -1:
        return (<TaggedBase>self._before).check(a, obj) if isinstance(self._before, TaggedBase) else 0

    cdef int store(self, Graph a, object obj, CRuntimeClass tag, bint sure) except -1:
        cdef Form form
        cdef uint8_t[FEW_BYTES] few
        cdef uint8_t *scratch = few
        cdef uint8_t *p
        cdef int width
        cdef bytes many
        cdef ps_op *op
        cdef ps_op *end
        cdef PyObject *v
        if (<PyObject *>obj).ob_type != <PyTypeObject *><PyObject *>self.cls:
            self.own_object(obj)
        form = self._only
        if form is None:
            form = self.form_for(a, obj)
        if form.plain and self._before is None:
            width = 2 if a.wide else 1
            if width == 2 or a.codec.plain:
                if tag is None:
                    p = ps_store_plain(form.ops, form.n, <PyObject *>obj, a.wcur, a.wlim, width)
                    if p != NULL:
                        a.wcur = p
                        return 0
                else:
                    p = ps_store_plain(form.ops, form.n, <PyObject *>obj, few, few + FEW_BYTES, width)
                    if p != NULL:
                        self.store_tag(a, obj, tag)
                        memcpy(room(a, p - few), few, p - few)
                        return 0
        if form.scratch > FEW_BYTES:
            many = PyBytes_FromStringAndSize(NULL, form.scratch)
            scratch = <uint8_t *>PyBytes_AS_STRING(many)
        self.gather(a, form, obj, scratch, sure)
        if self._before is not None and not sure:
            self.check_base(a, obj)
        if tag is not None:
            self.store_tag(a, obj, tag)
        if self._before is not None:
            self._before(obj, a)
        op = form.ops
        end = op + form.n
        while op < end:
            if op.run:
                memcpy(room(a, op.run), scratch + op.scratch, op.run)
                op += op.span
                continue
            v = ps_member(obj, op.slot)[0]
            if v == NULL:  # what was stored before it has run code that took it away
                self.missing(form, op - form.ops)
            value = <object>v
            if op.code == C_STRING:
                store_string(a, value, op.kind)
            elif op.code == C_REF:
                store_object(a, value)
            else:
                counted = None if op.counter < 0 else gathered(&form.ops[op.counter], scratch)
                try:
                    store_item(a, <Item>op.item, value, counted)
                except RuntimeError as e:
                    if type(e) is RuntimeError:
                        e.add_note(f"in {self.cls.__name__}.{form.fields[op - form.ops].name}")
                    raise
            op += 1
        return 0

    cdef inline int store_tag(self, Graph a, object obj, CRuntimeClass tag) except -1:
        if self.exact == NULL and (<PyObject *>obj).ob_type == <PyTypeObject *><PyObject *>self.cls:
            self.rc = tag
            self.exact = (<PyObject *>obj).ob_type
        return store_tagged(a, tag, obj)

    # --- loading

    cdef int own_object(self, object obj) except -1:
        if not PyObject_TypeCheck(obj, <PyTypeObject *><PyObject *>self.cls):
            raise TypeError(f"Serialize of {self.cls.__name__} needs one, not a {type(obj).__name__}")
        return 0

    cdef int load(self, Graph a, object obj) except -1:
        cdef Form form
        cdef PyObject *few[FEW_FIELDS]
        cdef PyObject **values = few
        cdef Py_ssize_t i, done = 0
        if (<PyObject *>obj).ob_type != <PyTypeObject *><PyObject *>self.cls:
            self.own_object(obj)
        form = self._only
        if form is None:
            form = self.form_for(a, obj)
        if self._before is not None:
            self._before(obj, a)
        if (<PyObject *>a).ob_type != <PyTypeObject *><PyObject *>CArchive:
            trace = getattr(a, "_trace_fields", None)
            if trace is not None:
                trace(obj, form.fields)
                self.set_absent(form, obj)
                return 0
        if form.n > FEW_FIELDS:
            values = <PyObject **>malloc(form.n * sizeof(PyObject *))
            if values == NULL:
                raise MemoryError()
        try:
            self.load_values(a, form, values, &done)
            self.set_absent(form, obj)
            for i in range(form.n):
                if form.ops[i].code == C_COUNT:
                    Py_XDECREF(values[i])
                else:
                    put_slot(obj, form.ops[i].slot, values[i])
            done = 0
        finally:
            for i in range(done):
                Py_XDECREF(values[i])
            if values != few:
                free(values)
        return 0

    cdef int set_absent(self, Form form, object obj) except -1:
        """The defaults of fields that the schema does not have."""
        for slot, field in form.absent:
            value = field.make_default()
            Py_INCREF(value)
            put_slot(obj, slot, <PyObject *>value)
        return 0

    cdef int load_values(self, Graph a, Form form, PyObject **values, Py_ssize_t *done) except -1:
        cdef ps_op *op = form.ops
        cdef ps_op *last
        cdef ps_op *end = op + form.n
        cdef uint8_t *p
        cdef Py_ssize_t at = 0
        while op < end:
            if op.run:
                p = take(a, op.run)
                last = op + op.span
                while op < last:
                    values[at] = ps_decode(op.number, p + op.at)
                    at += 1
                    done[0] = at
                    op += 1
                continue
            if op.code == C_STRING:
                value = load_string(a)
            elif op.code == C_REF:
                value = load_object(a, (<Item>op.item).wanted)
            else:
                value = load_item(a, <Item>op.item, None if op.counter < 0 else <object>values[op.counter])
            Py_INCREF(value)
            values[at] = <PyObject *>value
            at += 1
            done[0] = at
            op += 1
        return 0

    cdef object columns(self, Graph a, object n):
        """n records as a dict of columns."""
        cdef Table table
        cdef int64_t at, count = n
        check_loading(a)
        if count < 0:
            raise ValueError(f"the number of records must not be negative, got {n}")
        table = new_table(self, self.form_for(a, None))
        at = position(a)
        enter_item(a)
        try:
            table.load(a, count, at)
        except BaseException as e:
            composite_failed(a, e, at)
            raise
        leave_item(a)
        return table.columns()


# --- columns ----------------------------------------------------------------------------------------------

# array.array's type codes, by what a number is on the wire; and the bytes of one
cdef str _CODES = "IiHBhbqdfBQH"
cdef int *SIZES = [4, 4, 2, 1, 2, 1, 8, 8, 4, 1, 8, 2]

cdef struct Column:
    uint8_t *data       # of the array; NULL for a list
    int size            # bytes of a number
    int at              # where in its run
    bint truth
    PyObject *list      # of what is no number; `held` keeps it alive


cdef inline void put_number(Column *c, const uint8_t *p, int64_t row) noexcept:
    """One number to its column."""
    if c.size == 8:
        (<uint64_t *>c.data)[row] = ps_get64(p)
    elif c.size == 4:
        (<uint32_t *>c.data)[row] = ps_get32(p)
    elif c.size == 2:
        (<uint16_t *>c.data)[row] = ps_get16(p)
    else:
        c.data[row] = p[0] != 0 if c.truth else p[0]


@cython.final
cdef class Table:
    """Columns while they grow."""
    cdef Form form
    cdef Column *made
    cdef list held          # arrays and lists
    cdef int64_t rows       # loaded
    cdef int64_t room       # for how many the arrays have memory

    def __dealloc__(self):
        free(self.made)

    cdef int grow(self, int64_t capacity) except -1:
        cdef Py_ssize_t i
        for i in range(self.form.n):
            if self.made[i].size:
                resize(<array>self.held[i], capacity)
                self.made[i].data = (<array>self.held[i]).data.as_uchars
        self.room = capacity
        return 0

    cdef int load(self, Graph a, int64_t n, int64_t at) except -1:
        """Memory grows with what arrives (AR-188)."""
        cdef int64_t sure = check_count(a, n, self.form.least, at)
        while self.rows < n:
            if self.rows == self.room:
                self.grow(sure if self.room == 0 else n if n < 2 * self.room else 2 * self.room)
            if self.form.n and self.form.ops[0].span == self.form.n:
                self.load_block(a)
            else:
                self.load_row(a)
        return 0

    cdef int load_block(self, Graph a) except -1:
        """As many records as are buffered; they are numbers only."""
        cdef Py_ssize_t size = self.form.scratch, i, left = self.room - self.rows, n
        cdef Column *c
        cdef uint8_t *p
        if a.rlim - a.rcur < size:
            fetch(a, size)
        n = (a.rlim - a.rcur) // size
        if n > left:
            n = left
        p = a.rcur
        a.rcur += n * size
        for i in range(self.form.n):
            c = &self.made[i]
            spread_numbers(c, p + c.at, n, size, self.rows)
        self.rows += n
        return 0

    cdef int load_row(self, Graph a) except -1:
        cdef ps_op *op = self.form.ops
        cdef Py_ssize_t i = 0, last
        cdef uint8_t *p
        while i < self.form.n:
            if op[i].run:
                p = take(a, op[i].run)
                last = i + op[i].span
                while i < last:
                    put_number(&self.made[i], p + self.made[i].at, self.rows)
                    i += 1
                continue
            if op[i].code == C_STRING:
                (<list>self.made[i].list).append(load_string(a))
                i += 1
                continue
            if op[i].counter < 0:
                value = load_item(a, <Item>op[i].item, None)
            else:
                value = load_item(a, <Item>op[i].item, self.held[op[i].counter][self.rows])
            (<list>self.made[i].list).append(value)
            i += 1
        self.rows += 1
        return 0

    cdef dict columns(self):
        self.grow(self.rows)
        try:
            import numpy
        except ImportError:
            numpy = None
        found = {}
        for field, held, i in zip(self.form.fields, self.held, range(self.form.n)):
            if numpy is not None and isinstance(held, array):
                code = "?" if self.made[<Py_ssize_t>i].truth else held.typecode
                held = numpy.frombuffer(held, code) if len(held) else numpy.empty(0, code)
            found[field.name] = held
        return found


cdef void spread_numbers(Column *c, const uint8_t *p, Py_ssize_t n, Py_ssize_t step, int64_t row) noexcept:
    """n numbers, `step` bytes apart in the stream, to their column from a row on."""
    cdef Py_ssize_t i
    cdef uint8_t *to = c.data + row * c.size
    if c.size == 8:
        for i in range(n):
            (<uint64_t *>to)[i] = ps_get64(p + i * step)
    elif c.size == 4:
        for i in range(n):
            (<uint32_t *>to)[i] = ps_get32(p + i * step)
    elif c.size == 2:
        for i in range(n):
            (<uint16_t *>to)[i] = ps_get16(p + i * step)
    elif c.truth:
        for i in range(n):
            to[i] = p[i * step] != 0
    else:
        for i in range(n):
            to[i] = p[i * step]


cdef Table new_table(Plan plan, Form form):
    cdef Table table = Table.__new__(Table)
    cdef Py_ssize_t i
    cdef ps_op *op
    if plan._before is not None:
        raise TypeError(f"{plan.cls.__name__} has a base with a Serialize of its own, so it has no columns")
    table.form = form
    table.held = []
    table.made = <Column *>malloc((form.n or 1) * sizeof(Column))
    if table.made == NULL:
        raise MemoryError()
    memset(table.made, 0, (form.n or 1) * sizeof(Column))
    for i in range(form.n):
        op = &form.ops[i]
        if op.code != C_SCALAR and op.code != C_COUNT:
            found = []
            table.held.append(found)
            table.made[i].list = <PyObject *>found
            continue
        table.held.append(_array.array(_CODES[op.number]))
        table.made[i].size = SIZES[op.number]
        table.made[i].at = op.at
        table.made[i].truth = op.number == PS_TRUTH
    return table


def construct(obj, dict values not None, /):
    """Give an object's fields values by name, and those left out their defaults. TypeError for names that are none."""
    cdef Plan plan = type(obj).__mfc_plan__
    for field in plan.fields:
        if field.computed:
            continue
        value = values.pop(field.name, values)
        if value is values:
            value = field.make_default()
        setattr(obj, field.name, value)
    if values:
        raise TypeError(f"{type(obj).__name__} has no field {', '.join(map(repr, values))}")
