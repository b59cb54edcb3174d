/* poll_poll.c: the boring one, for every system with poll().
 *
 * poll() is level-triggered: it would report the same unread byte on every call.  The edges of the contract come
 * from interest: a bit that has been reported is no longer asked for until the caller says, by rearm, that a call
 * has found the condition gone.
 *
 * Hang-ups and errors are reported by poll() whether asked for or not, and for good.  A socket that has shown one
 * is parked (poll() skips negative descriptors; ~fd keeps the number) until the caller rearms it, and is then asked
 * for nothing but what was rearmed: macOS calls a half-closed connection hung up, but only to those who ask for
 * more than room to write.
 *
 * Without POLLRDHUP the end of a stream is only "readable", and a look at the next byte must tell the two apart.
 * macOS calls whatever has hung up urgent, too, and nothing else: there only kqueue tells of urgent data.
 *
 * Slot 0 is the wake-up.  A watch's slot is its place in the array; the last one moves into a hole, so adding and
 * removing cost the same for any number of sockets.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#  define _GNU_SOURCE /* POLLRDHUP */
#endif
#include "ps_poller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#if !defined(POLLRDHUP) || defined(PS_PLAIN_POSIX) /* see plat_posix.c */
#  undef POLLRDHUP
#  define POLLRDHUP 0
#endif

enum { STREAM = 0x100 }; /* a further bit of ps_watch.armed */

typedef struct {
    ps_poller base;
    ps_wake wake;
    struct pollfd *fds;
    ps_watch **watches; /* same places as fds; [0] is NULL */
    int count, capacity;
    int next; /* where the next scan starts, so that a small batch starves nobody */
} poller;

extern const ps_poller_ops ps_poll_ops;

static int grow(poller *p) {
    if (p->capacity > INT_MAX / 2) return -PS_WSAENOBUFS;
    int bigger = p->capacity ? p->capacity * 2 : 64;
    struct pollfd *fds = realloc(p->fds, (size_t)bigger * sizeof *fds);
    if (!fds) return -PS_WSAENOBUFS;
    p->fds = fds;
    ps_watch **watches = realloc(p->watches, (size_t)bigger * sizeof *watches);
    if (!watches) return -PS_WSAENOBUFS;
    p->watches = watches;
    p->capacity = bigger;
    return 0;
}

static void destroy(ps_poller *base) {
    poller *p = (poller *)base;
    ps_wake_close(&p->wake);
    free(p->fds);
    free(p->watches);
    free(p);
}

static int poll_open(ps_poller **out) {
    poller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_poll_ops;
    p->wake.rd = p->wake.wr = PS_BAD_SOCK;
    int r = ps_wake_open(&p->wake);
    if (r >= 0) r = grow(p);
    if (r < 0) {
        destroy(&p->base);
        return r;
    }
    p->fds[0] = (struct pollfd){.fd = p->wake.rd, .events = POLLIN};
    p->watches[0] = NULL;
    p->count = p->next = 1;
    *out = &p->base;
    return 0;
}

static short asked_for(uint32_t bits) {
    return (short)((bits & PS_IN ? POLLIN : 0) | (bits & PS_OUT ? POLLOUT : 0) | (bits & PS_PRI ? POLLPRI : 0)
                   | (bits & PS_RDHUP ? POLLRDHUP : 0));
}

static int is_stream(int fd) {
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static int poll_add(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    w->slot = -1;
    if (fcntl(w->fd, F_GETFD) < 0) return -ps_error_from_errno(errno);
    if (p->count == p->capacity) {
        int r = grow(p);
        if (r < 0) return r;
    }
    w->slot = p->count++;
    w->armed = PS_ALL | (is_stream(w->fd) ? STREAM : 0);
    p->watches[w->slot] = w;
    p->fds[w->slot] = (struct pollfd){.fd = w->fd, .events = asked_for(PS_ALL)};
    return 0;
}

static void poll_del(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    if (w->slot < 0) return;
    int last = --p->count;
    p->fds[w->slot] = p->fds[last];
    p->watches[w->slot] = p->watches[last];
    p->watches[w->slot]->slot = w->slot;
    w->slot = -1;
}

static void poll_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    struct pollfd *f = &((poller *)base)->fds[w->slot];
    w->armed |= bits & PS_ALL;
    f->fd = w->fd;
    f->events = asked_for(w->armed);
}

/* Not asked of a socket with an error: on Linux the look would use the error up. */
static int at_end(const ps_watch *w, short revents) {
    char c;
    return w->armed & STREAM && !(revents & (POLLERR | POLLHUP | POLLNVAL)) && recv(w->fd, &c, 1, MSG_PEEK) == 0;
}

/* What is reported is no longer asked for. */
static uint32_t take(struct pollfd *f, ps_watch *w) {
    uint32_t bits = (f->revents & POLLIN ? PS_IN : 0) | (f->revents & POLLOUT ? PS_OUT : 0);
    if (f->revents & POLLPRI && (POLLRDHUP || !(f->revents & POLLHUP))) bits |= PS_PRI;
    if (f->revents & POLLRDHUP || (!POLLRDHUP && bits & PS_IN && at_end(w, f->revents))) bits |= PS_RDHUP | PS_IN;
    if (f->revents & (POLLHUP | POLLERR | POLLNVAL)) {
        bits |= PS_IN | PS_OUT | (f->revents & POLLHUP ? PS_RDHUP : 0);
        bits |= f->revents & (POLLERR | POLLNVAL) ? PS_ERR : 0;
        f->fd = ~w->fd;
    }
    w->armed &= f->fd < 0 ? (uint32_t)STREAM : ~bits;
    f->events = asked_for(w->armed);
    return bits;
}

static int poll_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    poller *p = (poller *)base;
    int ms = -1;
    if (timeout_ns >= 0) {
        int64_t up = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
        ms = up > INT_MAX ? INT_MAX : (int)up;
    }
    int ready = poll(p->fds, (nfds_t)p->count, ms);
    if (ready < 0) return errno == EINTR ? 0 : -ps_error_from_errno(errno);
    if (p->fds[0].revents) {
        ps_wake_clear(&p->wake);
        ready--;
    }
    int found = 0;
    for (int left = p->count - 1; left > 0 && found < ready && found < max; left--) {
        if (p->next >= p->count) p->next = 1;
        int slot = p->next++;
        if (!p->fds[slot].revents) continue;
        ps_watch *w = p->watches[slot];
        out[found++] = (ps_event){w, take(&p->fds[slot], w)};
    }
    return found;
}

static void poll_wake(ps_poller *base) { ps_wake_set(&((poller *)base)->wake); }

static ps_sock_t poll_fd(ps_poller *base) {
    (void)base;
    return PS_BAD_SOCK; /* an array of descriptors is not a descriptor */
}

/* Nothing of the kernel's but our own copy of the wake-up: after a fork that is the child's to close. */
const ps_poller_ops ps_poll_ops = {
    .name = "poll",
    .level = 1,
    .open = poll_open,
    .close = destroy,
    .add = poll_add,
    .del = poll_del,
    .rearm = poll_rearm,
    .wait = poll_wait,
    .wake = poll_wake,
    .fd = poll_fd,
    .forget = destroy,
};
