/* poll_kqueue.c: macOS and the BSDs.
 *
 * The read and the write filter with EV_CLEAR are edges by themselves, for the reasons told in poll_epoll.c; the
 * exception filter tells of urgent data where the system has it (FreeBSD and NetBSD do not: there PS_PRI never
 * comes).  Each filter reports for itself, so one batch may name a watch more than once.  macOS's exception filter
 * is its read filter with one reason more: of what it reports only NOTE_OOB is news.
 *
 * Here udata may be the watch: a kqueue drops what belongs to a descriptor when that is closed, whoever closes it,
 * so nothing is reported for a watch whose removal failed.
 *
 * The wake-up is a pipe rather than EVFILT_USER: write() may be called from a signal handler by right, and every
 * BSD has it.
 */
#include "ps_poller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <sys/event.h>

#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
enum { FILTERS = 3 };
#else
enum { FILTERS = 2 };
#endif
enum { BATCH = 256, LONGEST_WAIT_S = 86400 }; /* macOS refuses years; the caller waits again */

typedef struct {
    ps_poller base;
    int kq;
    ps_wake wake;
    struct kevent batch[BATCH];
} kpoller;

extern const ps_poller_ops ps_kqueue_ops;

static void release(kpoller *p) {
    ps_wake_close(&p->wake);
    free(p);
}

static void kqueue_close(ps_poller *base) {
    kpoller *p = (kpoller *)base;
    if (p->kq >= 0) close(p->kq);
    release(p);
}

/* A kqueue is not inherited: in the child its number is nobody's, or by now somebody else's. */
static void kqueue_forget(ps_poller *base) { release((kpoller *)base); }

static int kqueue_open(ps_poller **out) {
    kpoller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_kqueue_ops;
    p->wake.rd = p->wake.wr = PS_BAD_SOCK;
    p->kq = kqueue();
    int r = p->kq < 0 || fcntl(p->kq, F_SETFD, FD_CLOEXEC) < 0 ? -ps_error_from_errno(errno) : ps_wake_open(&p->wake);
    if (r >= 0) {
        struct kevent c;
        EV_SET(&c, p->wake.rd, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, NULL);
        if (kevent(p->kq, &c, 1, NULL, 0, NULL) < 0) r = -ps_error_from_errno(errno);
    }
    if (r < 0) {
        kqueue_close(&p->base);
        return r;
    }
    *out = &p->base;
    return 0;
}

/* The same change for every filter in one call; EV_RECEIPT, lest the call collect events as well.  The last
 * failure, or 0. */
static int change(kpoller *p, ps_watch *w, int action) {
    struct kevent c[FILTERS];
    EV_SET(&c[0], w->fd, EVFILT_READ, action | EV_RECEIPT, 0, 0, (void *)w);
    EV_SET(&c[1], w->fd, EVFILT_WRITE, action | EV_RECEIPT, 0, 0, (void *)w);
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
    EV_SET(&c[2], w->fd, EVFILT_EXCEPT, action | EV_RECEIPT, NOTE_OOB, 0, (void *)w);
#endif
    int n = kevent(p->kq, c, FILTERS, c, FILTERS, NULL);
    if (n < 0) return -ps_error_from_errno(errno);
    int r = 0;
    for (int i = 0; i < n; i++)
        if (c[i].flags & EV_ERROR && c[i].data) r = -ps_error_from_errno((int)c[i].data);
    return r;
}

static int kqueue_add(ps_poller *base, ps_watch *w) {
    kpoller *p = (kpoller *)base;
    int r = change(p, w, EV_ADD | EV_CLEAR);
    if (r < 0) change(p, w, EV_DELETE); /* those filters that were taken */
    w->slot = r < 0 ? -1 : 0;
    return r;
}

static void kqueue_del(ps_poller *base, ps_watch *w) {
    if (w->slot < 0) return;
    change((kpoller *)base, w, EV_DELETE);
    w->slot = -1;
}

static void kqueue_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    (void)base, (void)w, (void)bits; /* edges come by themselves */
}

/* EV_EOF of the read filter is the peer's end of stream.  That of the write filter is also our own shutdown, so
 * alone it is only "a send will not block".  With an error in fflags either means that the connection is gone. */
static uint32_t translate(const struct kevent *k) {
    if (k->flags & EV_ERROR) return PS_ERR | PS_IN | PS_OUT;
    int end = k->flags & EV_EOF;
    switch (k->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
        if (end && k->fflags) return PS_RDHUP | PS_ERR | PS_IN | PS_OUT;
        if (k->filter == EVFILT_WRITE) return PS_OUT;
        return end ? PS_IN | PS_RDHUP : PS_IN;
#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
    case EVFILT_EXCEPT: return !end && k->fflags & NOTE_OOB ? PS_PRI : 0; /* with EV_EOF fflags is an error */
#endif
    default: return 0;
    }
}

static int kqueue_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    kpoller *p = (kpoller *)base;
    struct timespec t, *limit = NULL;
    if (timeout_ns >= 0) {
        int64_t s = timeout_ns / 1000000000;
        t.tv_sec = s < LONGEST_WAIT_S ? (time_t)s : LONGEST_WAIT_S;
        t.tv_nsec = (long)(timeout_ns % 1000000000);
        limit = &t;
    }
    int n = kevent(p->kq, NULL, 0, p->batch, max < BATCH ? max : BATCH, limit);
    if (n < 0) return errno == EINTR ? 0 : -ps_error_from_errno(errno);
    int count = 0;
    for (int i = 0; i < n; i++) {
        const struct kevent *k = &p->batch[i];
        uint32_t bits = translate(k);
        if (!k->udata) ps_wake_clear(&p->wake); /* a full pipe would make no more edges */
        else if (bits) out[count++] = (ps_event){(ps_watch *)k->udata, bits};
    }
    return count;
}

static void kqueue_wake(ps_poller *base) { ps_wake_set(&((kpoller *)base)->wake); }
static ps_sock_t kqueue_fd(ps_poller *base) { return ((kpoller *)base)->kq; }

const ps_poller_ops ps_kqueue_ops = {
    .name = "kqueue",
    .level = 0,
    .open = kqueue_open,
    .close = kqueue_close,
    .add = kqueue_add,
    .del = kqueue_del,
    .rearm = kqueue_rearm,
    .wait = kqueue_wait,
    .wake = kqueue_wake,
    .fd = kqueue_fd,
    .forget = kqueue_forget,
};
