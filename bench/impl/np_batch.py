"""numpy: structured dtype for groups, raw copies for bulk."""

import numpy as np

from ._base import Task

G = np.dtype([("a", "<u2"), ("b", "<u4"), ("c", "<i8"), ("d", "<f8")])


class Scalars(Task):
    grain = "batch"

    def write(self):
        return np.array(self.v, G).tobytes()

    def read(self, data):
        return np.frombuffer(data, G).tolist()


class Bulk(Task):
    grain = "batch"

    def __init__(self, v):
        self.d, self.u = np.frombuffer(v[0], "<f8"), np.frombuffer(v[1], "<u4")
        self.n = len(self.d)
        self.buf = np.zeros(self.n * 12, "u1")
        self.rd, self.ru = np.zeros(self.n, "<f8"), np.zeros(self.n, "<u4")

    def write(self):
        k = self.n * 8
        self.buf[:k].view("<f8")[:] = self.d
        self.buf[k:].view("<u4")[:] = self.u
        return memoryview(self.buf)

    def read(self, data):
        k = self.n * 8
        np.copyto(self.rd, np.frombuffer(data, "<f8", self.n))
        np.copyto(self.ru, np.frombuffer(data, "<u4", self.n, k))
        return self.rd, self.ru
