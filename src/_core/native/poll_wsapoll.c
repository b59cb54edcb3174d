/* poll_wsapoll.c: WSAPoll, the plain poller of Windows (spec PY-8), for when poll_windows.c will not do.
 *
 * WSAPoll is level-triggered; edges come from interest, as in poll_poll.c: a bit that has been reported is no
 * longer asked for until it is rearmed.  The array WSAPoll takes is built anew for each call.  That costs no more
 * than the call itself, which walks the array anyway, and WSAPoll cannot be told to skip an entry.
 *
 * Three habits of WSAPoll, and what is done about them:
 *  - It refuses POLLPRI.  Urgent data is POLLRDBAND there.
 *  - A hang-up is told for good, asked for or not, and a half-closed connection counts as hung up.  After the
 *    first report such a socket is not given to WSAPoll again; while somebody waits for it (to write to a peer
 *    that sends no more), ps_ready() looks after it every SLICE_MS.
 *  - Before Windows 10 2004 it misses failed connects: there ps_ready() looks after connecting sockets as well.
 * Rearming every bit says that connect or listen has made another thing of the socket (ps_poller.h).  Rearming the
 * hang-up itself, as ps_lookout.h does with what its helper saw, asks for it again: only WSAPoll tells a reset from an
 * orderly end.
 */
#include "ps_poller.h"

#include <limits.h>
#include <stdlib.h>

enum { HUNG_UP = 0x100, CONNECTING = 0x200 }; /* further bits of ps_watch.armed */
enum { SLICE_MS = 20 };

typedef struct {
    ps_poller base;
    ps_wake wake;
    int misses_failed_connects;
    ps_watch **watches;
    int count, capacity;
    WSAPOLLFD *fds; /* [0] is the wake-up; room for capacity + 1 */
    int *slots;     /* whose entry fds[i] is */
    int next;       /* where the next scan starts, so that a small batch starves nobody */
} poller;

extern const ps_poller_ops ps_wsapoll_ops;

/* GetVersionEx says what the program's manifest allows; ntdll tells the truth. */
static int before_windows_10_2004(void) {
    typedef LONG(WINAPI * get_version)(OSVERSIONINFOW *);
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    FARPROC found = ntdll ? GetProcAddress(ntdll, "RtlGetVersion") : NULL;
    OSVERSIONINFOW v;
    ZeroMemory(&v, sizeof v);
    v.dwOSVersionInfoSize = sizeof v;
    if (!found || ((get_version)(void *)found)(&v) != 0) return 1;
    return v.dwMajorVersion < 10 || (v.dwMajorVersion == 10 && v.dwBuildNumber < 19041);
}

/* Each array grows by itself, so that a failure in between leaves all three as they were or larger. */
static int grow(poller *p) {
    if (p->capacity > INT_MAX / 4) return -PS_WSAENOBUFS;
    size_t bigger = p->capacity ? (size_t)p->capacity * 2 : 64;
    ps_watch **watches = realloc((void *)p->watches, bigger * sizeof *watches);
    if (!watches) return -PS_WSAENOBUFS;
    p->watches = watches;
    WSAPOLLFD *fds = realloc(p->fds, (bigger + 1) * sizeof *fds);
    if (!fds) return -PS_WSAENOBUFS;
    p->fds = fds;
    int *slots = realloc(p->slots, (bigger + 1) * sizeof *slots);
    if (!slots) return -PS_WSAENOBUFS;
    p->slots = slots;
    p->capacity = (int)bigger;
    return 0;
}

static void wsapoll_close(ps_poller *base) {
    poller *p = (poller *)base;
    ps_wake_close(&p->wake);
    free((void *)p->watches);
    free(p->fds);
    free(p->slots);
    free(p);
}

static int wsapoll_open(ps_poller **out) {
    poller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_wsapoll_ops;
    p->misses_failed_connects = before_windows_10_2004();
    int r = ps_wake_open(&p->wake);
    if (r >= 0) r = grow(p);
    if (r < 0) {
        wsapoll_close(&p->base);
        return r;
    }
    *out = &p->base;
    return 0;
}

static int wsapoll_add(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    int type, len = sizeof type;
    w->slot = -1;
    if (getsockopt(w->fd, SOL_SOCKET, SO_TYPE, (char *)&type, &len) == SOCKET_ERROR) return -WSAGetLastError();
    if (p->count == p->capacity) {
        int r = grow(p);
        if (r < 0) return r;
    }
    w->armed = PS_ALL;
    w->slot = p->count;
    p->watches[p->count++] = w;
    return 0;
}

static void wsapoll_del(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    if (w->slot < 0) return;
    ps_watch *last = p->watches[--p->count];
    p->watches[w->slot] = last;
    last->slot = w->slot;
    w->slot = -1;
}

static int is_listening(ps_sock_t s) {
    int on = 0, len = sizeof on;
    return getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, (char *)&on, &len) == 0 && on;
}

static void wsapoll_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    poller *p = (poller *)base;
    if (bits & (PS_RDHUP | PS_ERR)) w->armed &= ~(uint32_t)HUNG_UP;
    if ((bits & PS_ALL) == PS_ALL) w->armed = p->misses_failed_connects && !is_listening(w->fd) ? CONNECTING : 0;
    w->armed |= bits & PS_ALL;
}

/* Is this one WSAPoll's to look after, and ours?  A connecting socket on an old system is both's. */
static int is_polled(const ps_watch *w) { return !(w->armed & HUNG_UP); }
static int is_ours(const ps_watch *w) { return w->armed & (HUNG_UP | CONNECTING) && w->armed & (PS_IN | PS_OUT); }

static uint32_t take(ps_watch *w, uint32_t bits) {
    w->armed &= ~bits;
    if (bits & (PS_OUT | PS_ERR)) w->armed &= ~(uint32_t)CONNECTING;
    return bits;
}

/* One look at those WSAPoll does not serve; `waiting` is set when some remain to be looked at again. */
static int look(poller *p, ps_event *out, int max, int *waiting) {
    int count = 0;
    *waiting = 0;
    for (int i = 0; i < p->count; i++) {
        ps_watch *w = p->watches[i];
        if (!is_ours(w)) continue;
        int got = ps_ready(w->fd, (int)w->armed & (PS_IN | PS_OUT));
        if (got < 0) got = PS_ERR | PS_IN | PS_OUT;
        if (got & PS_IN && w->armed & HUNG_UP) got |= PS_RDHUP; /* the end is behind what can be read */
        if (got && count < max) {
            out[count].watch = w;
            out[count++].bits = take(w, (uint32_t)got);
            if (got & PS_ERR) w->armed |= HUNG_UP;
        } else {
            *waiting = 1;
        }
    }
    return count;
}

static int build(poller *p) {
    int n = 1;
    p->fds[0].fd = p->wake.rd;
    p->fds[0].events = POLLRDNORM;
    for (int i = 0; i < p->count; i++) {
        int slot = (p->next + i) % p->count;
        const ps_watch *w = p->watches[slot];
        if (!is_polled(w)) continue;
        p->fds[n].fd = w->fd;
        p->fds[n].events = (SHORT)((w->armed & PS_IN ? POLLRDNORM : 0) | (w->armed & PS_OUT ? POLLWRNORM : 0)
                                   | (w->armed & PS_PRI ? POLLRDBAND : 0));
        p->slots[n++] = slot;
    }
    return n;
}

static uint32_t translate(SHORT revents) {
    uint32_t bits = (revents & POLLRDNORM ? PS_IN : 0) | (revents & POLLWRNORM ? PS_OUT : 0);
    if (revents & POLLRDBAND) bits |= PS_PRI;
    if (revents & POLLHUP) bits |= PS_RDHUP | PS_IN;
    if (revents & (POLLERR | POLLNVAL)) bits |= PS_ERR | PS_IN | PS_OUT;
    return bits;
}

static int collect(poller *p, int entries, ps_event *out, int max) {
    int count = 0;
    for (int i = 1; i < entries && count < max; i++) {
        SHORT revents = p->fds[i].revents;
        if (!revents) continue;
        ps_watch *w = p->watches[p->slots[i]];
        out[count].watch = w;
        out[count++].bits = take(w, translate(revents));
        if (revents & (POLLHUP | POLLERR | POLLNVAL)) w->armed |= HUNG_UP;
        p->next = p->slots[i] + 1;
    }
    return count;
}

static int wsapoll_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    poller *p = (poller *)base;
    int64_t deadline = timeout_ns > 0 ? ps_now_ns() + timeout_ns : 0, left = timeout_ns;
    for (;;) {
        int waiting, count = look(p, out, max, &waiting), ms = waiting ? SLICE_MS : INT_MAX;
        if (count) ms = 0;
        else if (left >= 0 && left / 1000000 < ms) ms = (int)(left / 1000000 + (left % 1000000 != 0));
        else if (!waiting) ms = -1;
        int entries = build(p);
        int ready = WSAPoll(p->fds, (ULONG)entries, ms);
        if (ready == SOCKET_ERROR) return count ? count : -WSAGetLastError();
        if (ready) count += collect(p, entries, out + count, max - count);
        int woken = p->fds[0].revents != 0;
        if (woken) ps_wake_clear(&p->wake);
        if (timeout_ns > 0) left = deadline - ps_now_ns();
        if (count || woken || timeout_ns == 0 || (timeout_ns > 0 && left <= 0)) return count;
    }
}

static void wsapoll_wake(ps_poller *base) { ps_wake_set(&((poller *)base)->wake); }

static ps_sock_t wsapoll_fd(ps_poller *base) {
    (void)base;
    return PS_BAD_SOCK; /* spec PY-24: embedding goes by a helper thread */
}

const ps_poller_ops ps_wsapoll_ops = {
    .name = "wsapoll",
    .level = 1,
    .open = wsapoll_open,
    .close = wsapoll_close,
    .add = wsapoll_add,
    .del = wsapoll_del,
    .rearm = wsapoll_rearm,
    .wait = wsapoll_wait,
    .wake = wsapoll_wake,
    .fd = wsapoll_fd,
    .forget = wsapoll_close, /* there is no fork */
};
