/* ps_poller.h: one contract for every notification mechanism.  Pollers only say "something changed".
 *
 * The contract, which tests/native/test_poller.c runs on each of them:
 *  - A watch is registered once, for everything; it is owned by the caller and must stay where it is until
 *    ps_poller_del.  `slot` and `armed` belong to the poller.
 *  - Edges.  A bit is reported when it becomes true, and once at registration if it is true then.  After that
 *    it is reported again only when there is new activity, or, after ps_poller_rearm, if it still holds or
 *    becomes true.  Reports may be spurious; they are never missed.
 *  - The caller rearms a bit when a call told that the condition is gone: a short read, WSAEWOULDBLOCK, the
 *    urgent byte taken.  connect and listen make another thing of a socket, so after them it rearms PS_ALL.
 *    On mechanisms that are edge-triggered by themselves (`level` is 0) there is nothing to do, so nothing is
 *    done: no system call and no function call on the hot path.
 *  - After ps_poller_del returns, no later ps_poller_wait reports the watch, and a new watch with the same
 *    descriptor number inherits nothing.  (Within one batch the caller hands all events on before it runs
 *    anybody's code, so a batch never names a deleted watch.)
 *  - The peer's end of stream is reported as PS_IN | PS_RDHUP, on some systems only once the data before it is
 *    read; a hang-up in both directions or an error as PS_RDHUP / PS_ERR together with PS_IN | PS_OUT, so that
 *    whoever waits for either wakes.
 *  - PS_LATE beside PS_IN: the report was on its way for a while.  What was read meanwhile without a rearm may have
 *    been what it tells of.
 *  - ps_poller_wait allocates nothing, rounds its time-out up (and may cut one of days), returns 0 early when
 *    woken or interrupted by a signal, and drains the wake-up itself.  A batch may name a watch twice.
 *  - ps_poller_wake may be called from any thread and from signal handlers.
 *  - ps_poller_fd is readable (poll, select) while an uncollected edge or a wake-up is pending; PS_BAD_SOCK
 *    where the mechanism has no such descriptor: ps_lookout.h makes one.
 */
#ifndef PS_POLLER_H
#define PS_POLLER_H

#include "ps_plat.h"

/* Every bit that can be asked for. */
enum { PS_ALL = PS_IN | PS_OUT | PS_PRI | PS_RDHUP };

typedef struct {
    ps_sock_t fd;
    int32_t slot;   /* poller's: place in its own table, -1 when unregistered */
    uint32_t armed; /* poller's: bits a level-triggered mechanism is asked for */
} ps_watch;

typedef struct {
    ps_watch *watch;
    uint32_t bits; /* PS_IN | PS_OUT | PS_PRI | PS_RDHUP | PS_ERR */
} ps_event;

typedef struct ps_poller ps_poller;

typedef struct {
    const char *name; /* "epoll", "kqueue", "poll", "windows", "wsapoll" */
    int level;        /* 1: ps_poller_rearm has work to do */
    int (*open)(ps_poller **out);
    void (*close)(ps_poller *p);
    int (*add)(ps_poller *p, ps_watch *w);
    void (*del)(ps_poller *p, ps_watch *w);
    void (*rearm)(ps_poller *p, ps_watch *w, uint32_t bits);
    int (*wait)(ps_poller *p, ps_event *out, int max, int64_t timeout_ns); /* < 0: for ever */
    void (*wake)(ps_poller *p);
    ps_sock_t (*fd)(ps_poller *p);
    void (*forget)(ps_poller *p); /* after fork, in the child: free, but leave the parent's kernel state alone */
} ps_poller_ops;

/* Every mechanism's own struct starts with this. */
struct ps_poller {
    const ps_poller_ops *ops;
};

/* NULL-terminated, best first. */
extern const ps_poller_ops *const ps_pollers[];

/* name NULL: $PYSOCK_POLLER if set, else the first that opens.  Unknown name: -PS_WSAEINVAL. */
int ps_poller_open(const char *name, ps_poller **out);

static inline void ps_poller_rearm(ps_poller *p, ps_watch *w, uint32_t bits) {
    if (p->ops->level && w->slot >= 0) p->ops->rearm(p, w, bits);
}

#endif
