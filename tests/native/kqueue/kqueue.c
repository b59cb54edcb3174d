/* kqueue.c: the double that sys/event.h describes.
 *
 * One epoll per filter, so that each filter has its own edges as the real one's have, and one above them that is
 * the kqueue's descriptor: it is readable while a filter has something.  A filter's epoll says "something changed";
 * poll() says what holds; active() is the filter.
 */
#define _GNU_SOURCE
#include "sys/event.h"

#undef close

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { READ, WRITE, EXCEPT, FILTERS, BATCH = 64 };

typedef struct {
    int present;
    void *udata;
    unsigned int fflags;
} knote;

typedef struct kq {
    int top, sub[FILTERS];
    knote *notes[FILTERS]; /* by descriptor */
    int room;
    int turn; /* the filter that is collected first, so that a short list starves none */
    struct kq *next;
} kq;

static kq *queues;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of that list; a queue belongs to one thread */

static void destroy(kq *q) {
    for (int f = 0; f < FILTERS; f++) {
        if (q->sub[f] >= 0) close(q->sub[f]);
        free(q->notes[f]);
    }
    free(q);
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork_in_parent(void) { pthread_mutex_unlock(&lock); }

/* "The queue is not inherited by a child created with fork(2)." */
static void after_fork_in_child(void) {
    while (queues) {
        kq *q = queues;
        queues = q->next;
        close(q->top);
        destroy(q);
    }
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void) { pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child); }

int kqueue(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    kq *q = calloc(1, sizeof *q);
    if (!q) return -1;
    for (int f = 0; f < FILTERS; f++) q->sub[f] = -1;
    pthread_mutex_lock(&lock);
    q->top = epoll_create1(0); /* not close-on-exec: the real one is not either */
    int ok = q->top >= 0;
    for (int f = 0; ok && f < FILTERS; f++) {
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)f};
        q->sub[f] = epoll_create1(EPOLL_CLOEXEC);
        ok = q->sub[f] >= 0 && epoll_ctl(q->top, EPOLL_CTL_ADD, q->sub[f], &e) == 0;
    }
    int fd = q->top;
    if (ok) {
        q->next = queues;
        queues = q;
    } else {
        int saved = errno;
        if (q->top >= 0) close(q->top);
        destroy(q);
        errno = saved;
        fd = -1;
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

int kqueue_double_close(int fd) {
    pthread_mutex_lock(&lock);
    for (kq **at = &queues; *at; at = &(*at)->next) {
        if ((*at)->top != fd) continue;
        kq *q = *at;
        *at = q->next;
        destroy(q);
        break;
    }
    int r = close(fd);
    pthread_mutex_unlock(&lock);
    return r;
}

static kq *find(int fd) {
    pthread_mutex_lock(&lock);
    kq *q = queues;
    while (q && q->top != fd) q = q->next;
    pthread_mutex_unlock(&lock);
    if (!q) errno = EBADF;
    return q;
}

/* --- changes -------------------------------------------------------------------------------------------------- */

static int make_room(kq *q, int fd) {
    if (fd < q->room) return 0;
    int room = (fd + 64) * 2;
    for (int f = 0; f < FILTERS; f++) {
        knote *n = realloc(q->notes[f], (size_t)room * sizeof *n);
        if (!n) return ENOMEM;
        for (int i = q->room; i < room; i++) n[i] = (knote){0};
        q->notes[f] = n;
    }
    q->room = room;
    return 0;
}

static int filter_of(const struct kevent *c) {
    if (c->filter == EVFILT_READ) return READ;
    if (c->filter == EVFILT_WRITE) return WRITE;
    if (c->filter == EVFILT_EXCEPT && (c->fflags == NOTE_OOB || c->flags & EV_DELETE)) return EXCEPT;
    return -1;
}

/* 0 or an errno */
static int change(kq *q, const struct kevent *c) {
    static const uint32_t EDGES[FILTERS] = {EPOLLIN | EPOLLRDHUP, EPOLLOUT, EPOLLIN | EPOLLRDHUP | EPOLLPRI};
    int f = filter_of(c), fd = (int)c->ident;
    int action = c->flags & ~(EV_RECEIPT | EV_CLEAR);
    if (f < 0 || (action != EV_ADD && action != EV_DELETE)) return EINVAL;
    if (fd < 0) return EBADF;
    int r = make_room(q, fd);
    if (r) return r;
    knote *n = &q->notes[f][fd];
    if (action == EV_DELETE) {
        if (!n->present) return ENOENT;
        epoll_ctl(q->sub[f], EPOLL_CTL_DEL, fd, NULL);
        *n = (knote){0};
        return 0;
    }
    if (!(c->flags & EV_CLEAR)) return EINVAL;
    struct epoll_event e = {.events = EDGES[f] | EPOLLET, .data.fd = fd};
    if (epoll_ctl(q->sub[f], EPOLL_CTL_ADD, fd, &e) < 0
        && (errno != EEXIST || epoll_ctl(q->sub[f], EPOLL_CTL_MOD, fd, &e) < 0))
        return errno;
    *n = (knote){.present = 1, .udata = c->udata, .fflags = c->fflags};
    return 0;
}

/* Errors go into the list while there is room; the number of them, or -1. */
static int make_changes(kq *q, const struct kevent *changes, int n, struct kevent *out, int room) {
    int told = 0;
    for (int i = 0; i < n; i++) {
        struct kevent c = changes[i]; /* the two lists may be one array */
        int err = change(q, &c);
        if (!err && !(c.flags & EV_RECEIPT)) continue;
        if (told == room) {
            if (!err) break;
            errno = err;
            return -1;
        }
        c.flags |= EV_ERROR;
        c.data = err;
        out[told++] = c;
    }
    return told;
}

/* --- events ---------------------------------------------------------------------------------------------------- */

/* The filter itself: true, with flags, fflags and data set, when the condition holds now. */
static int active(int f, int fd, struct kevent *e) {
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
    if (poll(&p, 1, 0) < 0 || p.revents & POLLNVAL) return 0;
    int error = p.revents & POLLERR;
    /* Linux: an unconnected socket is "hung up".  BSD has nothing to say of it. */
    int fresh = p.revents & POLLHUP && !(p.revents & (POLLIN | POLLRDHUP));
    int hung_up = p.revents & POLLHUP && !fresh;
    int n = 0;
    if (f == EXCEPT && p.revents & POLLPRI) {
        e->fflags = NOTE_OOB;
        return 1;
    }
    switch (f) {
    case EXCEPT: /* macOS's is the read filter with one reason more */
    case READ:
        if (!(p.revents & (POLLIN | POLLRDHUP)) && !hung_up && !error) return 0;
        if (p.revents & POLLRDHUP || hung_up) e->flags |= EV_EOF;
        e->data = ioctl(fd, FIONREAD, &n) == 0 ? n : 1;
        break;
    case WRITE:
        if (fresh || (!(p.revents & POLLOUT) && !hung_up && !error)) return 0;
        if (hung_up) e->flags |= EV_EOF;
        e->data = 1;
        break;
    }
    if (e->flags & EV_EOF && error) e->fflags = ECONNRESET;
    return 1;
}

static int collect(kq *q, struct kevent *out, int room) {
    static const short NAMES[FILTERS] = {EVFILT_READ, EVFILT_WRITE, EVFILT_EXCEPT};
    int count = 0;
    for (int k = 0; k < FILTERS && count < room; k++) {
        int f = (q->turn + k) % FILTERS;
        struct epoll_event edges[BATCH];
        int n;
        do {
            int most = room - count < BATCH ? room - count : BATCH;
            n = most ? epoll_wait(q->sub[f], edges, most, 0) : 0;
            for (int i = 0; i < n; i++) {
                int fd = edges[i].data.fd;
                knote *note = &q->notes[f][fd];
                struct kevent e = {.ident = (uintptr_t)fd, .filter = NAMES[f], .flags = EV_CLEAR, .udata = note->udata};
                if (note->present && active(f, fd, &e)) out[count++] = e;
            }
        } while (n > 0);
    }
    q->turn = (q->turn + 1) % FILTERS;
    return count;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int kevent(int fd, const struct kevent *changes, int nchanges, struct kevent *out, int room,
           const struct timespec *timeout) {
    kq *q = find(fd);
    if (!q) return -1;
    if (timeout && (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999)) {
        errno = EINVAL;
        return -1;
    }
    int told = make_changes(q, changes, nchanges, out, room);
    if (told != 0 || room == 0) return told;
    int64_t deadline = timeout ? now_ns() + (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec : 0;
    for (;;) {
        struct epoll_event any;
        struct timespec left = {0}, *limit = NULL;
        if (timeout) {
            int64_t ns = deadline - now_ns();
            if (ns > 0) left = (struct timespec){ns / 1000000000, ns % 1000000000};
            limit = &left;
        }
        int n = epoll_pwait2(q->top, &any, 1, limit, NULL);
        if (n < 0) return -1;
        int count = collect(q, out, room);
        if (count || (timeout && now_ns() >= deadline)) return count;
    }
}
