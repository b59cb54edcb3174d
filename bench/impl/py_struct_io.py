"""struct over a BytesIO, f.write(S.pack(v)) and S.unpack(f.read(n)): the usual stream form."""

import io
import struct

from ._base import Task

W, D, Q, F = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<q"), struct.Struct("<d")


class Scalars(Task):
    def write(self):
        f = io.BytesIO()
        put = f.write
        pw, pd, pq, pf = W.pack, D.pack, Q.pack, F.pack
        for a, b, c, e in self.v:
            put(pw(a))
            put(pd(b))
            put(pq(c))
            put(pf(e))
        return f.getvalue()

    def read(self, data):
        get = io.BytesIO(data).read
        uw, ud, uq, uf = W.unpack, D.unpack, Q.unpack, F.unpack
        out = []
        app = out.append
        for _ in range(len(data) // 22):
            app((uw(get(2))[0], ud(get(4))[0], uq(get(8))[0], uf(get(8))[0]))
        return out


class Records(Task):
    def write(self):
        f = io.BytesIO()
        put = f.write
        pw, pd, pf = W.pack, D.pack, F.pack
        for i, x, y, fl, name in self.v:
            put(pd(i))
            put(pf(x))
            put(pf(y))
            put(pw(fl))
            b = name.encode()
            put(bytes((len(b),)))
            put(b)
        return f.getvalue()

    def read(self, data):
        get = io.BytesIO(data).read
        uw, ud, uf = W.unpack, D.unpack, F.unpack
        out = []
        app = out.append
        for _ in range(self.n):
            app((ud(get(4))[0], uf(get(8))[0], uf(get(8))[0], uw(get(2))[0], get(get(1)[0]).decode()))
        return out
