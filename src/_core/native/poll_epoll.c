/* poll_epoll.c: Linux.
 *
 * Edge-triggered, for everything, once: epoll_ctl is called when a socket comes and when it goes, never between.
 * That is safe because nobody relies on an edge for what a call has already told: a read that fills the buffer
 * leaves "readable" standing in the caller's own state, and a read that does not has drained the socket, so the
 * next byte makes a new edge.
 *
 * What comes back with an event is a slot and its generation, not a pointer to the watch.  epoll keeps a
 * registration as long as any copy of the descriptor lives (in a forked child, in a dup), even when somebody
 * closed ours behind our back and the removal therefore failed.  Such an event finds its slot's generation
 * changed and is dropped; a pointer would lead into freed memory.
 *
 * The wake-up is an eventfd that is never read: each write makes an edge, and its counter has room for 2^64 of
 * them.
 */
#ifndef _GNU_SOURCE
#  define _GNU_SOURCE
#endif
#include "ps_poller.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#  define SYS_epoll_pwait2 441 /* one number on every architecture (Linux 5.11); older C libraries lack the name */
#endif

enum { BATCH = 512 };
static const uint64_t WAKE = UINT64_MAX;
static const uint32_t NO_SLOT = UINT32_MAX;

typedef struct {
    ps_watch *watch;
    uint32_t generation; /* raised when the slot is given back */
    uint32_t next_free;
} slot_t;

typedef struct {
    ps_poller base;
    int ep;
    int coarse; /* the kernel has no epoll_pwait2: whole milliseconds */
    ps_wake wake;
    slot_t *slots;
    uint32_t capacity, free;
    struct epoll_event batch[BATCH];
} epoller;

static void destroy(ps_poller *base) {
    epoller *p = (epoller *)base;
    if (p->ep >= 0) close(p->ep);
    ps_wake_close(&p->wake);
    free(p->slots);
    free(p);
}

extern const ps_poller_ops ps_epoll_ops;

static int epoll_open(ps_poller **out) {
    epoller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_epoll_ops;
    p->free = NO_SLOT;
    p->ep = epoll_create1(EPOLL_CLOEXEC);
    p->wake.rd = p->wake.wr = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); /* no pipe will do: see above */
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKE};
    if (p->ep < 0 || p->wake.rd < 0 || epoll_ctl(p->ep, EPOLL_CTL_ADD, p->wake.rd, &e) < 0) {
        int r = -ps_error_from_errno(errno);
        destroy(&p->base);
        return r;
    }
    *out = &p->base;
    return 0;
}

static int grow(epoller *p) {
    if (p->capacity > INT32_MAX / 2) return -PS_WSAENOBUFS;
    uint32_t bigger = p->capacity ? p->capacity * 2 : 64;
    slot_t *slots = realloc(p->slots, bigger * sizeof *slots);
    if (!slots) return -PS_WSAENOBUFS;
    for (uint32_t i = bigger; i-- > p->capacity;) {
        slots[i] = (slot_t){.next_free = p->free};
        p->free = i;
    }
    p->slots = slots;
    p->capacity = bigger;
    return 0;
}

static int epoll_add(ps_poller *base, ps_watch *w) {
    epoller *p = (epoller *)base;
    w->slot = -1;
    if (p->free == NO_SLOT) {
        int r = grow(p);
        if (r < 0) return r;
    }
    uint32_t slot = p->free;
    slot_t *s = &p->slots[slot];
    struct epoll_event e = {
        .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
        .data.u64 = (uint64_t)s->generation << 32 | slot,
    };
    if (epoll_ctl(p->ep, EPOLL_CTL_ADD, w->fd, &e) < 0) return -ps_error_from_errno(errno);
    p->free = s->next_free;
    s->watch = w;
    w->slot = (int32_t)slot;
    return 0;
}

static void epoll_del(ps_poller *base, ps_watch *w) {
    epoller *p = (epoller *)base;
    if (w->slot < 0) return;
    epoll_ctl(p->ep, EPOLL_CTL_DEL, w->fd, NULL); /* may fail: see the generations above */
    slot_t *s = &p->slots[w->slot];
    s->watch = NULL;
    s->generation++;
    s->next_free = p->free;
    p->free = (uint32_t)w->slot;
    w->slot = -1;
}

static void epoll_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    (void)base, (void)w, (void)bits; /* edges come by themselves */
}

static uint32_t translate(uint32_t e) {
    uint32_t bits = (e & EPOLLIN ? PS_IN : 0) | (e & EPOLLOUT ? PS_OUT : 0);
    if (e & ~(uint32_t)(EPOLLIN | EPOLLOUT)) {
        if (e & EPOLLPRI) bits |= PS_PRI;
        if (e & EPOLLRDHUP) bits |= PS_RDHUP | PS_IN;
        if (e & EPOLLHUP) bits |= PS_RDHUP | PS_IN | PS_OUT;
        if (e & EPOLLERR) bits |= PS_ERR | PS_IN | PS_OUT;
    }
    return bits;
}

/* Nanoseconds where the kernel takes them, else milliseconds rounded up. */
static int wait_for(epoller *p, int max, int64_t timeout_ns) {
    if (timeout_ns > 0 && !p->coarse) {
        struct {
            int64_t sec, nsec;
        } t = {timeout_ns / 1000000000, timeout_ns % 1000000000}; /* the kernel's own timespec is 64 bits everywhere */
        int n = (int)syscall(SYS_epoll_pwait2, p->ep, p->batch, max, &t, NULL, 0);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
        p->coarse = 1; /* an older kernel, or a sandbox that does not know the call */
    }
    int ms = -1;
    if (timeout_ns >= 0) {
        int64_t up = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
        ms = up > INT_MAX ? INT_MAX : (int)up;
    }
    return epoll_wait(p->ep, p->batch, max, ms);
}

static int epoll_wait_events(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    epoller *p = (epoller *)base;
    int n = wait_for(p, max < BATCH ? max : BATCH, timeout_ns);
    if (n < 0) return errno == EINTR ? 0 : -ps_error_from_errno(errno);
    int count = 0;
    for (int i = 0; i < n; i++) {
        uint64_t key = p->batch[i].data.u64;
        if (key == WAKE) continue;
        const slot_t *s = &p->slots[(uint32_t)key];
        if (s->generation != (uint32_t)(key >> 32)) continue;
        out[count++] = (ps_event){s->watch, translate(p->batch[i].events)};
    }
    return count;
}

static void epoll_wake(ps_poller *base) { ps_wake_set(&((epoller *)base)->wake); }
static ps_sock_t epoll_fd(ps_poller *base) { return ((epoller *)base)->ep; }

/* After a fork the child holds copies of both descriptors; closing those takes nothing from the parent. */
const ps_poller_ops ps_epoll_ops = {
    .name = "epoll",
    .level = 0,
    .open = epoll_open,
    .close = destroy,
    .add = epoll_add,
    .del = epoll_del,
    .rearm = epoll_rearm,
    .wait = epoll_wait_events,
    .wake = epoll_wake,
    .fd = epoll_fd,
    .forget = destroy,
};
