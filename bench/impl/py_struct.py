"""struct, compiled Structs, pack_into/unpack_from at a running offset: a call per value."""

import struct

from ._base import Task
from .tasks import SCHEMA, Label, Link, Point

W, D, Q, F = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<q"), struct.Struct("<d")
HEAD = struct.Struct("<IddHB")


class Scalars(Task):
    def write(self):
        buf = bytearray(self.n * 22)
        w, d, q, f = W.pack_into, D.pack_into, Q.pack_into, F.pack_into
        o = 0
        for a, b, c, e in self.v:
            w(buf, o, a)
            d(buf, o + 2, b)
            q(buf, o + 6, c)
            f(buf, o + 14, e)
            o += 22
        return buf

    def read(self, data):
        w, d, q, f = W.unpack_from, D.unpack_from, Q.unpack_from, F.unpack_from
        out, o = [], 0
        app = out.append
        for _ in range(len(data) // 22):
            app((w(data, o)[0], d(data, o + 2)[0], q(data, o + 6)[0], f(data, o + 14)[0]))
            o += 22
        return out


class Records(Task):
    grain = "batch"  # one Struct for the fixed part of each record

    def write(self):
        pack, out = HEAD.pack, []
        app = out.append
        for i, x, y, fl, name in self.v:
            b = name.encode("ascii")
            app(pack(i, x, y, fl, len(b)))
            app(b)
        return b"".join(out)

    def read(self, data):
        un, size, out, o = HEAD.unpack_from, HEAD.size, [], 0
        app = out.append
        end = len(data)
        while o < end:
            i, x, y, fl, k = un(data, o)
            o += size
            app((i, x, y, fl, data[o : o + k].decode("ascii")))
            o += k
        return out


class Columns(Records):
    def read(self, data):
        return tuple(zip(*super().read(data), strict=True))

    def values_of(self, result):
        return zip(*result, strict=True)


class Graph(Task):
    """MFC's WriteObject/ReadObject in plain Python."""

    def write(self):
        out = bytearray(D.pack(self.n))
        seen, classes = {}, {}
        nxt = 1
        P, L, K = struct.Struct("<Idd").pack, struct.Struct("<IB").pack, D.pack
        w = W.pack

        def put(o):
            nonlocal nxt, out
            k = seen.get(id(o))
            if k is not None:
                out += w(k) if k < 0x7FFF else b"\xff\x7f" + K(k)
                return
            cls = type(o)
            c = classes.get(cls)
            if c is None:
                name = cls.__name__.encode()
                out += struct.pack("<HHH", 0xFFFF, SCHEMA, len(name)) + name
                classes[cls] = nxt
                nxt += 1
            else:
                out += w(0x8000 | c)
            seen[id(o)] = nxt
            nxt += 1
            if cls is Point:
                out += P(o.id, o.x, o.y)
            elif cls is Label:
                b = o.name.encode()
                out += L(o.id, len(b)) + b
            else:
                out += K(o.id)
                put(o.to)

        for o in self.v:
            put(o)
        return bytes(out)

    def read(self, data):
        w, d, p = W.unpack_from, D.unpack_from, struct.Struct("<Idd").unpack_from
        tab, o = [None], 4
        names = {b"Point": Point, b"Label": Label, b"Link": Link}

        def get():
            nonlocal o
            t = w(data, o)[0]
            o += 2
            if t == 0x7FFF:
                t = d(data, o)[0]
                o += 4
                return tab[t]
            if t == 0xFFFF:
                _, k = struct.unpack_from("<HH", data, o)
                cls = names[bytes(data[o + 4 : o + 4 + k])]
                o += 4 + k
                tab.append(cls)
            elif t & 0x8000:
                cls = tab[t & 0x7FFF]
            else:
                return tab[t]
            obj = cls.__new__(cls)
            tab.append(obj)
            if cls is Point:
                obj.id, obj.x, obj.y = p(data, o)
                o += 20
            elif cls is Label:
                obj.id = d(data, o)[0]
                k = data[o + 4]
                o += 5
                obj.name = data[o : o + k].decode()
                o += k
            else:
                obj.id = d(data, o)[0]
                o += 4
                obj.to = get()
            return obj

        return [get() for _ in range(d(data, 0)[0])]
