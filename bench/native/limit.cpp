// The C++ limit: the same bytes, memcpy into a sized buffer with a bounds check per value, -O2.
//   limit TASK N REPEAT      one JSON line: median CPU seconds, size, FNV hash of the bytes
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
using std::string;
using std::vector;
static double now() {
  timespec t; // CPU time, as in worker.py
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static uint64_t fnv(const uint8_t *p, size_t n) { // of 8-byte steps, then bytes: quick
  uint64_t h = 1469598103934665603ull;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t v;
    memcpy(&v, p, 8);
    h = (h ^ v) * 1099511628211ull;
  }
  for (; n; p++, n--) h = (h ^ *p) * 1099511628211ull;
  return h;
}
struct Out {
  uint8_t *p, *base, *end;
  template <class T> inline void put(T v) {
    if (__builtin_expect(p + sizeof v > end, 0)) abort();
    memcpy(p, &v, sizeof v);
    p += sizeof v;
  }
  inline void raw(const void *s, size_t n) {
    if (__builtin_expect(p + n > end, 0)) abort();
    memcpy(p, s, n);
    p += n;
  }
};
struct In {
  const uint8_t *p, *end;
  template <class T> inline T get() {
    T v;
    if (__builtin_expect(p + sizeof v > end, 0)) abort();
    memcpy(&v, p, sizeof v);
    p += sizeof v;
    return v;
  }
  inline const uint8_t *raw(size_t n) {
    if (__builtin_expect(p + n > end, 0)) abort();
    const uint8_t *q = p;
    p += n;
    return q;
  }
};
struct Rec {
  uint32_t id;
  double x, y;
  uint16_t flags;
  string name;
};
struct Obj {
  uint32_t id;
  virtual ~Obj() {}
  virtual int cls() const = 0;
};
struct Point : Obj {
  double x, y;
  int cls() const override { return 0; }
};
struct Label : Obj {
  string name;
  int cls() const override { return 1; }
};
struct Link : Obj {
  Obj *to;
  int cls() const override { return 2; }
};
static const char *NAMES[3] = {"Point", "Label", "Link"};
struct Store {
  Out &o;
  std::unordered_map<const void *, uint32_t> map;
  uint32_t next = 1, cls[3] = {0, 0, 0};
  Store(Out &o_, size_t n) : o(o_) { map.reserve(n); }
  void obj(const Obj *q) {
    if (!q) return o.put<uint16_t>(0);
    auto it = map.find(q);
    if (it != map.end()) {
      if (it->second < 0x7FFF) o.put<uint16_t>(it->second);
      else o.put<uint16_t>(0x7FFF), o.put<uint32_t>(it->second);
      return;
    }
    int c = q->cls();
    if (!cls[c]) {
      o.put<uint16_t>(0xFFFF);
      o.put<uint16_t>(1);
      uint16_t l = strlen(NAMES[c]);
      o.put(l);
      o.raw(NAMES[c], l);
      cls[c] = next++;
    } else if (cls[c] < 0x7FFF) o.put<uint16_t>(0x8000 | cls[c]);
    else o.put<uint16_t>(0x7FFF), o.put<uint32_t>(0x80000000u | cls[c]);
    map.emplace(q, next++);
    o.put(q->id);
    if (c == 0) o.put(((Point *)q)->x), o.put(((Point *)q)->y);
    else if (c == 1) {
      const string &s = ((Label *)q)->name;
      o.put<uint8_t>(s.size());
      o.raw(s.data(), s.size());
    } else obj(((Link *)q)->to);
  }
};
struct Load {
  In &in;
  vector<void *> tab{nullptr};
  vector<int> kind{-1};
  vector<std::unique_ptr<Obj>> &own;
  Load(In &i, vector<std::unique_ptr<Obj>> &o) : in(i), own(o) {}
  Obj *obj() {
    uint32_t t = in.get<uint16_t>();
    int c;
    if (t == 0x7FFF) {
      t = in.get<uint32_t>();
      if (!(t & 0x80000000u)) return (Obj *)tab.at(t);
      c = kind.at(t & 0x7FFFFFFF);
    } else if (t == 0xFFFF) {
      in.get<uint16_t>();
      uint16_t l = in.get<uint16_t>();
      const char *s = (const char *)in.raw(l);
      for (c = 0; c < 3 && string(s, l) != NAMES[c]; c++) {}
      tab.push_back(nullptr);
      kind.push_back(c);
    } else if (t & 0x8000) c = kind.at(t & 0x7FFF);
    else return (Obj *)tab.at(t);
    Obj *o;
    Point *p = nullptr;
    Label *l = nullptr;
    Link *k = nullptr;
    if (c == 0) o = p = new Point;
    else if (c == 1) o = l = new Label;
    else o = k = new Link;
    own.emplace_back(o);
    tab.push_back(o);
    kind.push_back(-1);
    o->id = in.get<uint32_t>();
    if (p) p->x = in.get<double>(), p->y = in.get<double>();
    else if (l) {
      uint8_t n = in.get<uint8_t>();
      l->name.assign((const char *)in.raw(n), n);
    } else k->to = obj();
    return o;
  }
};
int main(int argc, char **argv) {
  if (argc < 4) return 1;
  string task = argv[1];
  size_t n = strtoull(argv[2], 0, 10);
  int rep = atoi(argv[3]);
  size_t cap = task == "bulk" ? n * 12 : n * 64 + 4096;
  vector<uint8_t> buf(cap, 1);
  vector<double> tw, tr;
  size_t len = 0;
  auto go = [&](auto write, auto read) {
    for (int i = 0; i < rep; i++) {
      Out o{buf.data(), buf.data(), buf.data() + cap};
      double t = now();
      write(o);
      asm volatile("" ::: "memory");
      tw.push_back(now() - t);
      len = o.p - o.base;
      In in{buf.data(), buf.data() + len};
      t = now();
      read(in);
      asm volatile("" ::: "memory");
      tr.push_back(now() - t);
    }
  };
  if (task == "scalars") {
    size_t g = n / 4;
    vector<uint16_t> a(g), a2(g);
    vector<uint32_t> b(g), b2(g);
    vector<int64_t> c(g), c2(g);
    vector<double> d(g), d2(g);
    for (size_t i = 0; i < g; i++)
      a[i] = i * 7, b[i] = (uint32_t)(i * 2654435761u), c[i] = (int64_t)i * 1000003 - 500000000000ll, d[i] = i * 0.5 + 0.25;
    go([&](Out &o) { for (size_t i = 0; i < g; i++) o.put(a[i]), o.put(b[i]), o.put(c[i]), o.put(d[i]); },
       [&](In &in) { for (size_t i = 0; i < g; i++) a2[i] = in.get<uint16_t>(), b2[i] = in.get<uint32_t>(), c2[i] = in.get<int64_t>(), d2[i] = in.get<double>(); });
    if (a != a2 || b != b2 || c != c2 || d != d2) return 2;
  } else if (task == "records") {
    vector<Rec> r(n), r2;
    for (size_t i = 0; i < n; i++) {
      r[i] = {(uint32_t)i, i * 0.5, i * -0.25, (uint16_t)i, "record-" + std::to_string(i) + string("abcdefgh").substr(0, i % 5)};
      r[i].name = r[i].name.substr(0, 16);
    }
    go([&](Out &o) {
         for (auto &q : r) {
           o.put(q.id), o.put(q.x), o.put(q.y), o.put(q.flags);
           o.put<uint8_t>(q.name.size());
           o.raw(q.name.data(), q.name.size());
         }
       },
       [&](In &in) {
         r2.clear();
         r2.resize(n);
         for (auto &q : r2) {
           q.id = in.get<uint32_t>(), q.x = in.get<double>(), q.y = in.get<double>(), q.flags = in.get<uint16_t>();
           uint8_t l = in.get<uint8_t>();
           q.name.assign((const char *)in.raw(l), l);
         }
       });
    for (size_t i = 0; i < n; i++)
      if (r[i].name != r2[i].name || r[i].y != r2[i].y) return 2;
  } else if (task == "bulk") {
    vector<double> d(n), d2(n);
    vector<uint32_t> u(n), u2(n);
    for (size_t i = 0; i < n; i++) d[i] = (i % 1000) * 0.5, u[i] = (uint32_t)((i % 1000) * 2654435761u);
    go([&](Out &o) { o.raw(d.data(), n * 8), o.raw(u.data(), n * 4); },
       [&](In &in) { memcpy(d2.data(), in.raw(n * 8), n * 8), memcpy(u2.data(), in.raw(n * 4), n * 4); });
    if (d != d2 || u != u2) return 2;
  } else if (task == "graph") {
    vector<std::unique_ptr<Obj>> g, g2;
    for (size_t i = 0; i < n; i++) {
      int k = i & 3;
      if (k < 2) {
        auto p = std::make_unique<Point>();
        p->x = i * 0.5, p->y = i * -0.25;
        g.push_back(std::move(p));
      } else if (k == 2) {
        char s[32];
        snprintf(s, sizeof s, "label-%06zu", i);
        auto p = std::make_unique<Label>();
        p->name = s;
        g.push_back(std::move(p));
      } else {
        auto p = std::make_unique<Link>();
        p->to = g[0].get();
        g.push_back(std::move(p));
      }
      g.back()->id = i;
    }
    vector<Obj *> back;
    go([&](Out &o) {
         Store s(o, n);
         o.put<uint32_t>(n);
         for (auto &q : g) s.obj(q.get());
       },
       [&](In &in) {
         g2.clear();
         back.clear();
         Load l(in, g2);
         uint32_t m = in.get<uint32_t>();
         back.reserve(m), g2.reserve(m), l.tab.reserve(m + 4), l.kind.reserve(m + 4);
         for (uint32_t i = 0; i < m; i++) back.push_back(l.obj());
       });
    if (back.size() != n || back[n - 1]->id != n - 1) return 2;
  } else return 1;
  std::sort(tw.begin(), tw.end());
  std::sort(tr.begin(), tr.end());
  printf("{\"write\":%.9f,\"read\":%.9f,\"bytes\":%zu,\"hash\":\"%016llx\"}\n",
         tw[rep / 2], tr[rep / 2], len, (unsigned long long)fnv(buf.data(), len));
}
