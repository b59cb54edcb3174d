/* poller_bench.h: what the mains about pollers share.
 *
 * Reports may be spurious, so no case counts them: a case waits until what must come has come, and where nothing
 * may come it asks whether the mechanism falls silent (a level that is mistaken for an edge never does).
 */
#ifndef POLLER_BENCH_H
#define POLLER_BENCH_H

#include "check.h"
#include "net.h"
#include "ps_lookout.h"
#include "ps_poller.h"

static const ps_poller_ops *ops; /* under test */

enum { MANY = 64 };

/* Takes events until w has shown all of bits; gives everything it showed. */
static uint32_t collect(ps_poller *p, const ps_watch *w, uint32_t bits) {
    int64_t deadline = ps_now_ns() + PATIENCE_MS * (int64_t)1000000;
    uint32_t seen = 0;
    ps_event e[MANY];
    while ((seen & bits) != bits && ps_now_ns() < deadline) {
        int n = ops->wait(p, e, MANY, 100000000);
        if (!CHECK(n >= 0)) break;
        for (int i = 0; i < n; i++)
            if (e[i].watch == w) seen |= e[i].bits;
    }
    return seen;
}

static int shows(ps_poller *p, const ps_watch *w, uint32_t bits) { return (collect(p, w, bits) & bits) == bits; }

/* Takes what is there; true when nothing more comes of itself. */
static int settles(ps_poller *p) {
    ps_event e[MANY];
    int silent = 0;
    for (int round = 0; round < 1000 && silent < 3; round++) {
        int n = ops->wait(p, e, MANY, 1000000);
        if (n < 0) return 0;
        silent = n ? 0 : silent + 1;
    }
    return silent == 3;
}

/* A poller and a connected pair, the first of it watched. */
typedef struct {
    ps_poller *p;
    ps_watch w;
    ps_sock_t peer;
} bench;

static int bench_open(bench *b) {
    ps_sock_t s;
    b->p = NULL;
    b->w = (ps_watch){.fd = PS_BAD_SOCK, .slot = -1};
    b->peer = PS_BAD_SOCK;
    if (!CHECK(ops->open(&b->p) >= 0)) return 0;
    if (!CHECK(tcp_pair(&s, &b->peer) >= 0)) return 0;
    b->w.fd = s;
    return CHECK(ops->add(b->p, &b->w) >= 0);
}

static void bench_close(bench *b) {
    if (b->p) {
        ops->del(b->p, &b->w);
        ops->close(b->p);
    }
    if (b->w.fd != PS_BAD_SOCK) ps_close(b->w.fd);
    if (b->peer != PS_BAD_SOCK) ps_close(b->peer);
}

#define ON_BENCH(body)                  \
    do {                                \
        bench b_;                       \
        check_start();                  \
        if (bench_open(&b_)) body(&b_); \
        bench_close(&b_);               \
        check_count(ops->name, #body);  \
    } while (0)

/* The same mechanism with a helper (ps_lookout.h): every call goes by the poller's own table. */
static const ps_poller_ops *helped_real;
static int helped_open(ps_poller **out) {
    ps_poller *inner;
    int r = helped_real->open(&inner);
    if (r < 0) return r;
    r = ps_lookout_open(inner, out);
    if (r < 0) inner->ops->close(inner);
    return r;
}
static void helped_close(ps_poller *p) { p->ops->close(p); }
static int helped_add(ps_poller *p, ps_watch *w) { return p->ops->add(p, w); }
static void helped_del(ps_poller *p, ps_watch *w) { p->ops->del(p, w); }
static void helped_rearm(ps_poller *p, ps_watch *w, uint32_t bits) { p->ops->rearm(p, w, bits); }
static int helped_wait(ps_poller *p, ps_event *out, int max, int64_t ns) {
    p->ops->fd(p); /* sends the helper out, so that it takes its part in every case */
    return p->ops->wait(p, out, max, ns);
}
static void helped_wake(ps_poller *p) { p->ops->wake(p); }
static ps_sock_t helped_fd(ps_poller *p) { return p->ops->fd(p); }
static void helped_forget(ps_poller *p) { p->ops->forget(p); }
static const ps_poller_ops helped_ops = {
    .name = "with a helper",
    .level = 1,
    .open = helped_open,
    .close = helped_close,
    .add = helped_add,
    .del = helped_del,
    .rearm = helped_rearm,
    .wait = helped_wait,
    .wake = helped_wake,
    .fd = helped_fd,
    .forget = helped_forget,
};

static int lacks_descriptor(const ps_poller_ops *o) {
    ps_poller *p;
    if (o->open(&p) < 0) return 0;
    int lacks = o->fd(p) == PS_BAD_SOCK;
    o->close(p);
    return lacks;
}

/* Runs the cases for each mechanism of this build, or for the one that is named; 0 when there was none. */
static int on_each_poller(const char *name, void (*cases)(void)) {
    int tested = 0;
    for (const ps_poller_ops *const *o = ps_pollers; *o; o++) {
        if (name && strcmp(name, (*o)->name) != 0) continue;
        int before = check_passed;
        ops = *o;
        cases();
        printf("  %s: %d cases\n", ops->name, check_passed - before);
        tested++;
        if (!lacks_descriptor(*o)) continue;
        before = check_passed;
        helped_real = *o;
        ops = &helped_ops;
        cases();
        printf("  %s, with a helper: %d cases\n", (*o)->name, check_passed - before);
    }
    if (!tested) printf("  no poller %s in this build\n", name);
    return tested;
}

#endif
