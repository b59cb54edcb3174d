"""array.array and memoryview: copies whole arrays."""

from array import array

from ._base import Task


class Bulk(Task):
    """Into one buffer that is kept (like the C++ limit); read into new arrays."""

    grain = "batch"

    def __init__(self, v):
        self.d, self.u = v
        self.n = len(self.d)
        self.buf = bytearray(self.n * 12)
        self.r = array("d", bytes(self.n * 8)), array("I", bytes(self.n * 4))

    def write(self):
        m = memoryview(self.buf)
        m[: self.n * 8] = memoryview(self.d).cast("B")
        m[self.n * 8 :] = memoryview(self.u).cast("B")
        return self.buf

    def read(self, data):
        m = memoryview(data)
        memoryview(self.r[0]).cast("B")[:] = m[: self.n * 8]
        memoryview(self.r[1]).cast("B")[:] = m[self.n * 8 :]
        return self.r
