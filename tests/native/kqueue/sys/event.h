/* sys/event.h: a test double of kqueue(2) for Linux.  For running poll_kqueue.c in the tests, and for nothing else.
 *
 * It was written from the manual pages of FreeBSD and macOS, not from their code, and it holds what those pages say
 * for what poll_kqueue.c uses:
 *  - filters EVFILT_READ, EVFILT_WRITE (both) and EVFILT_EXCEPT with NOTE_OOB (macOS, OpenBSD, DragonFly), always
 *    with EV_CLEAR; each filter has edges of its own; a filter is asked again when its event is collected, and
 *    an event whose condition has passed is dropped;
 *  - the exception filter as macOS has it: a read filter that also knows of urgent data, and then says NOTE_OOB in
 *    fflags (OpenBSD's and DragonFly's tell of nothing else);
 *  - EV_ADD (again: replaces udata), EV_DELETE (ENOENT when there is none), EV_RECEIPT, EV_ERROR, and EV_EOF with
 *    a socket error in fflags; changes are made before events are collected; no room for an error: -1;
 *  - the descriptor can be polled; a forked child does not have it; closing it ends it.
 * Everything else is refused with EINVAL rather than half done: EVFILT_USER, timers, vnodes, EV_ONESHOT,
 * EV_DISPATCH, EV_ENABLE, EV_DISABLE, level-triggered filters, low-water marks.
 *
 * What it cannot tell you, because underneath is epoll on Linux's sockets:
 *  - Closing a descriptor removes its events only when that was the last copy; the real one goes by the number.
 *  - fflags of EV_EOF is ECONNRESET for any error: Linux forgets an error that is looked at.
 *  - EV_EOF on EVFILT_WRITE is not set by a local shutdown alone.
 *  - data is what FIONREAD says, 1 for a listener; free space (EVFILT_WRITE) is 1.
 *  - Order of events, buffer sizes and the timing of edges are Linux's.
 *  - close() must be seen to free the rest: the macro below, so include this header after <unistd.h>.
 */
#ifndef PS_TEST_SYS_EVENT_H
#define PS_TEST_SYS_EVENT_H

#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_EXCEPT (-15)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_OOB 0x0002

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};

#define EV_SET(kevp, a, b, c, d, e, f)                                      \
    (*(kevp) = (struct kevent){.ident = (uintptr_t)(a), .filter = (b), .flags = (unsigned short)(c), \
                               .fflags = (d), .data = (e), .udata = (f)})

int kqueue(void);
int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent *eventlist, int nevents,
           const struct timespec *timeout);

int kqueue_double_close(int fd);
#define close(fd) kqueue_double_close(fd)

#endif
