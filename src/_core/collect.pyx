# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
"""What is hot in the collections: the chain of values under MFC's lists, and the hash of map keys.

Invariants of a chain:
- its values lie flat in a Python list until somebody asks for a position; from then on they are linked nodes,
  until `clear`. Nothing that users see depends on that: while a walker is under way, only appending changes the
  flat values, and linking sets it on the node it had come to;
- it knows its walkers: who stands on a node that is removed is set back to the one before;
- a node is in at most one chain, and its `mark` is that chain's; a removed node has mark 0, and `clear` gives
  the chain a new mark, so that every older position is known to be invalid without a visit to it;
- `next` owns, `prev` is borrowed: a node with a good mark has a `prev` that is alive: the one before owns it.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from pysock._core.errors cimport raise_invalid_arg
from pysock._core.public cimport ps_public

cdef extern from *:
    """
    #ifdef PS_DEBUG
    static Py_ssize_t ps_live_positions = 0;
    #  define PS_POSITION(n) (ps_live_positions += (n))
    #  define PS_POSITIONS ps_live_positions
    #else
    #  define PS_POSITION(n) ((void)0)
    #  define PS_POSITIONS -1
    #endif
    """
    void PS_POSITION(int n)
    const Py_ssize_t PS_POSITIONS


def live_counts():
    """Nodes of lists alive, by name; empty in a release build."""
    return {"positions": PS_POSITIONS} if PS_POSITIONS >= 0 else {}


# --- the chain --------------------------------------------------------------------------------------------

cdef uint64_t last_mark = 0


@cython.final
@cython.freelist(64)
@cython.trashcan(True)  # a long chain must not be freed by recursion
cdef class POSITION:
    """A place in one list. It stays good while other elements come and go, until its own is removed."""
    cdef object value
    cdef POSITION next
    cdef PyObject *prev     # borrowed
    cdef uint64_t mark      # of the chain that this is in, 0 if none

    def __cinit__(self):
        self.prev = NULL
        self.mark = 0
        PS_POSITION(1)

    def __init__(self):
        raise TypeError("positions come from a list: GetHeadPosition, AddTail, Find, ...")

    def __dealloc__(self):
        PS_POSITION(-1)


ps_public(POSITION)


@cython.final
cdef class Chain:
    """The values of a list."""
    cdef list flat          # the values; None once they are linked
    cdef POSITION head
    cdef POSITION tail
    cdef Py_ssize_t count   # of nodes
    cdef uint64_t mark
    cdef PyObject *walkers  # the first of those under way; borrowed, as they own their chain

    def __cinit__(self):
        self.flat = []
        self.count = 0
        self.walkers = NULL
        self.renew()

    def __dealloc__(self):
        self.dismiss_walkers()

    cdef int dismiss_walkers(self) noexcept:
        """Nothing is left to walk on."""
        cdef Walker walker
        while self.walkers != NULL:
            walker = <Walker>self.walkers
            walker.leave()
            walker.chain = None
        return 0

    cdef int renew(self) noexcept:
        global last_mark
        last_mark += 1
        self.mark = last_mark
        return 0

    # --- nodes

    cdef int to_nodes(self) except -1:
        """Link the values, if they are not."""
        cdef list values = self.flat, nodes
        cdef PyObject *other = self.walkers
        cdef Walker walker
        if values is None:
            return 0
        self.flat = None
        nodes = [self.link(value, None) for value in values]
        while other != NULL:
            walker = <Walker>other
            if walker.started:
                walker.here = nodes[walker.index + 1 if walker.back else walker.index - 1]
            other = walker.next
        return 0

    cdef POSITION node(self, position):
        """The position as a node of this chain, or CInvalidArgException."""
        if not isinstance(position, POSITION):
            found = "NULL" if position is None else type(position).__name__
            raise_invalid_arg(f"a POSITION of this list is needed, not {found}")
        if (<POSITION>position).mark != self.mark:
            raise_invalid_arg("this POSITION is not, or no longer, of this list")
        return <POSITION>position

    cdef POSITION link(self, value, POSITION before):
        """A new node in front of another, or at the end."""
        cdef POSITION node = POSITION.__new__(POSITION)
        cdef PyObject *prev
        if before is not None:
            prev = before.prev
        else:
            prev = NULL if self.tail is None else <PyObject *>self.tail
        node.value = value
        node.mark = self.mark
        node.prev = prev
        node.next = before
        if before is None:
            self.tail = node
        else:
            before.prev = <PyObject *>node
        if prev == NULL:
            self.head = node
        else:
            (<POSITION>prev).next = node
        self.count += 1
        return node

    cdef object unlink(self, POSITION node):
        cdef POSITION following = node.next
        cdef PyObject *prev = node.prev
        cdef object value = node.value
        cdef PyObject *other = self.walkers
        while other != NULL:
            (<Walker>other).stand_back(node)
            other = (<Walker>other).next
        node.mark = 0
        node.prev = NULL
        node.next = None
        node.value = None
        if following is None:
            self.tail = <POSITION>prev if prev != NULL else None
        else:
            following.prev = prev
        if prev == NULL:
            self.head = following
        else:
            (<POSITION>prev).next = following
        self.count -= 1
        return value

    cdef POSITION walk(self, Py_ssize_t index):
        """The node at an index that is in range, from the nearer end."""
        cdef POSITION node
        cdef Py_ssize_t _step
        if index <= self.count >> 1:
            node = self.head
            for _step in range(index):
                node = node.next
        else:
            node = self.tail
            for _step in range(self.count - 1 - index):
                node = <POSITION>node.prev
        return node

    # --- without positions

    def __len__(self):
        return self.count if self.flat is None else len(self.flat)

    def __iter__(self):
        return new_walker(self, False)

    def __reversed__(self):
        return new_walker(self, True)

    def own(self):
        """The flat list itself, if it is one and may be changed at will; else None."""
        return self.flat if self.walkers == NULL else None

    def item(self, Py_ssize_t index, /):
        """The value at an index; IndexError if there is none."""
        if self.flat is not None:
            return self.flat[index]
        if not 0 <= index < self.count:
            raise IndexError(index)
        return self.walk(index).value

    def push(self, value, /):
        """Put a value at the end."""
        if self.flat is not None:
            self.flat.append(value)
        else:
            self.link(value, None)

    def extend(self, list values not None, /):
        """Put values at the end."""
        if self.flat is not None:
            self.flat += values
            return
        for value in values:
            self.link(value, None)

    def clear(self):
        """Forget all values; their positions become invalid."""
        cdef POSITION head = self.head
        cdef list flat = self.flat
        self.head = self.tail = None
        self.count = 0
        self.flat = []
        self.renew()
        self.dismiss_walkers()
        del head, flat  # last: what dies with the values may come back to this list

    # --- with positions

    def first(self):
        """The first position, None if there is none."""
        self.to_nodes()
        return self.head

    def last(self):
        """The last position, None if there is none."""
        self.to_nodes()
        return self.tail

    def append(self, value, /):
        """Put a value at the end; returns its position."""
        self.to_nodes()
        return self.link(value, None)

    def prepend(self, value, /):
        """Put a value in front; returns its position."""
        self.to_nodes()
        return self.link(value, self.head)

    def insert_before(self, position, value, /):
        """Put a value in front of a position (None: in front of all); returns the new position."""
        self.to_nodes()
        return self.link(value, self.head if position is None else self.node(position))

    def insert_after(self, position, value, /):
        """Put a value behind a position (None: at the end); returns the new position."""
        self.to_nodes()
        return self.link(value, None if position is None else self.node(position).next)

    def remove(self, position, /):
        """Take a position's value out and return it."""
        return self.unlink(self.node(position))

    def get(self, position, /):
        """A position's value."""
        return self.node(position).value

    def set(self, position, value, /):
        """Replace a position's value."""
        self.node(position).value = value

    def forward(self, position, /):
        """A position's value, and the next position (None at the end)."""
        cdef POSITION node = self.node(position)
        return node.value, node.next

    def backward(self, position, /):
        """A position's value, and the previous position (None at the beginning)."""
        cdef POSITION node = self.node(position)
        return node.value, None if node.prev == NULL else <POSITION>node.prev

    def at(self, Py_ssize_t index, /):
        """The position at an index, None if there is none."""
        self.to_nodes()
        return self.walk(index) if 0 <= index < self.count else None

    def find(self, value, after, bint very, /):
        """The first position behind `after` (None: from the head) with that value; `very`: with that very
        object."""
        cdef POSITION node
        self.to_nodes()
        node = self.head if after is None else self.node(after).next
        while node is not None:
            if node.value is value or (not very and node.value == value):
                return node
            if node.mark != self.mark:  # the comparison was the user's code, and took this one out
                raise RuntimeError("the list was changed while it was searched")
            node = node.next
        return None


@cython.final
cdef class Walker:
    """Goes over a chain that may change meanwhile: what is added ahead is met, what is removed is not."""
    cdef Chain chain            # None at the end
    cdef PyObject *next         # among the chain's walkers
    cdef PyObject **link        # what points to this one; NULL once it has left them
    cdef bint back
    cdef bint started
    cdef Py_ssize_t index       # of the next among flat values
    cdef POSITION here          # among nodes: the one met last that is still there

    def __init__(self):
        raise TypeError("iterate over a list")

    def __dealloc__(self):
        self.leave()

    cdef int join(self, Chain chain) noexcept:
        self.chain = chain
        self.next = chain.walkers
        if self.next != NULL:
            (<Walker>self.next).link = &self.next
        self.link = &chain.walkers
        chain.walkers = <PyObject *>self
        return 0

    cdef int leave(self) noexcept:
        if self.link != NULL:
            self.link[0] = self.next
            if self.next != NULL:
                (<Walker>self.next).link = self.link
            self.link = NULL
        return 0

    cdef int stand_back(self, POSITION gone) noexcept:
        """That node goes: whoever stands on it stands on the one before, in the way's direction."""
        if self.here is gone:
            self.here = self.step(gone, not self.back)
            self.started = self.here is not None
        return 0

    def __iter__(self):
        return self

    def __next__(self):
        cdef Chain chain = self.chain
        cdef POSITION node
        if chain is None:
            raise StopIteration
        if chain.flat is not None:
            return self.next_flat(chain.flat)
        if self.started:
            node = self.step(self.here, self.back)
        else:
            node = chain.tail if self.back else chain.head
        if node is None:
            return self.finish()
        self.started = True
        self.here = node
        return node.value

    cdef object finish(self):
        self.leave()
        self.here = None
        self.chain = None
        raise StopIteration

    cdef object next_flat(self, list values):
        if not self.started:
            self.index = len(values) - 1 if self.back else 0
        if not 0 <= self.index < len(values):
            return self.finish()
        self.started = True
        value = values[self.index]
        self.index += -1 if self.back else 1
        return value

    cdef POSITION step(self, POSITION node, bint back):
        if not back:
            return node.next
        return None if node.prev == NULL else <POSITION>node.prev


cdef Walker new_walker(Chain chain, bint back):
    cdef Walker walker = Walker.__new__(Walker)
    walker.back = back
    walker.join(chain)
    return walker


# --- the hash of keys -------------------------------------------------------------------------------------

def hash_text(str text not None, bint mfc9):
    """The hash of a text's UTF-16 units up to the first NUL (AR-142, AR-143)."""
    cdef int kind
    cdef const void *data
    cdef Py_ssize_t n, i, step
    cdef uint32_t value = 0
    if "\0" in text:
        text = text.partition("\0")[0]
    kind = PyUnicode_KIND(text)
    if kind == 4:
        return hash_units(text.encode("utf-16-le", "surrogatepass"), mfc9)
    data = PyUnicode_DATA(text)
    n = PyUnicode_GET_LENGTH(text)
    if mfc9:
        step = 1 + n // 10
        value = 2166136261u
        for i in range(0, n, step):
            value = value * 16777619u ^ <uint32_t>PyUnicode_READ(kind, <void *>data, i)
    else:
        for i in range(n):
            value = value * 33 + <uint32_t>PyUnicode_READ(kind, <void *>data, i)
    return value


cdef uint32_t hash_units(const uint8_t[::1] units, bint mfc9) noexcept:
    """The same of UTF-16LE."""
    cdef Py_ssize_t n = units.shape[0] // 2, i, step = 1 + n // 10 if mfc9 else 1
    cdef uint32_t value = 2166136261u if mfc9 else 0, unit
    for i in range(0, n, step):
        unit = units[2 * i] | <uint32_t>units[2 * i + 1] << 8
        value = value * 16777619u ^ unit if mfc9 else value * 33 + unit
    return value


def hash_bytes(const uint8_t[::1] text, bint mfc9):
    """The hash of an ANSI build's text up to the first NUL: its bytes are signed (AR-144)."""
    cdef Py_ssize_t n = 0, i, step
    cdef uint32_t value = 2166136261u if mfc9 else 0, unit
    while n < text.shape[0] and text[n]:
        n += 1
    step = 1 + n // 10 if mfc9 else 1
    for i in range(0, n, step):
        unit = <uint32_t><int32_t><signed char>text[i]
        value = value * 16777619u ^ unit if mfc9 else value * 33 + unit
    return value


cdef int64_t hash_half(uint32_t key) noexcept:
    cdef int64_t signed = <int32_t>key, value
    cdef int64_t quotient = signed // 127773 if signed >= 0 else -(-signed // 127773)  # C's, towards zero
    value = 16807 * (signed - quotient * 127773) - 2836 * quotient
    return value + 2147483647 if value < 0 else value


def hash_number(uint64_t key, bint mfc9, bint wide):
    """The hash of a number, given modulo 2**64; `wide` if its type has 64 bits (AR-145, AR-146)."""
    cdef uint32_t low = <uint32_t>key
    if not mfc9:
        return low >> 4
    return hash_half(low) ^ hash_half(<uint32_t>(key >> 32)) if wide else hash_half(low)
