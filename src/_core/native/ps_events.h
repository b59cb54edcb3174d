/* ps_events.h: which notifications a socket owes its program (spec section 3; PY-7 to PY-16).
 *
 * One ps_events per socket.  Nothing here knows a platform or makes a system call; what has to be asked of the
 * socket is asked through ps_probe, so that tests can stand in for it.
 *
 * Every operation returns the FD_ bits that have *become* due: the caller queues each of them once, in the order
 * of ps_ev_order, and hands it to ps_ev_take when its turn comes.  A bit that is already queued is never returned
 * (DV-4).  Bits gathered in `rearm` are conditions found gone; the caller passes them to ps_poller_rearm.
 *
 * Nothing is asked that a return value has answered: a read shorter than the buffer has drained a stream, and one
 * that filled it leaves readable at PS_MAYBE.  Then FD_READ is queued as a guess, which is verified when its turn
 * comes; a handler that reads until "would block" has settled it by then.
 */
#ifndef PS_EVENTS_H
#define PS_EVENTS_H

#include "ps_build.h"
#include "ps_plat.h"

enum {
    PS_FD_READ = 0x01,
    PS_FD_WRITE = 0x02,
    PS_FD_OOB = 0x04,
    PS_FD_ACCEPT = 0x08,
    PS_FD_CONNECT = 0x10,
    PS_FD_CLOSE = 0x20,
    PS_FD_ALL = 0x3F
};

typedef enum {
    PS_NEW,        /* a stream without a peer, bound or not: edges mean nothing (EV-6, PY-12) */
    PS_LISTENING,
    PS_CONNECTING,
    PS_CONNECTED,  /* and whatever comes after: end of stream, reset */
    PS_FAILED,     /* a connect attempt ended badly; another may follow */
    PS_DGRAM       /* no connection: datagrams and the like */
} ps_phase;

/* Is there unread data, a datagram, a pending connection? */
enum { PS_NO, PS_MAYBE, PS_YES };

enum {
    PS_EV_BOUND = 0x001,     /* has a local name */
    PS_EV_FIN = 0x002,       /* the peer will send no more */
    PS_EV_RESET = 0x004,     /* the connection is gone */
    PS_EV_RECV_SHUT = 0x008, /* our ShutDown(receives) */
    PS_EV_SEND_SHUT = 0x010, /* our ShutDown(sends) */
    PS_EV_GUESS = 0x020,     /* the queued FD_READ or FD_ACCEPT was queued on PS_MAYBE */
    PS_EV_CUTS = 0x040,      /* a short read proves nothing here (record borders in UNIX-domain streams) */
    PS_EV_MARK = 0x080,      /* nor since an urgent byte was met: reads stop at its mark */
    PS_EV_INLINE = 0x100,    /* SO_OOBINLINE: urgent data is data (EV-9) */
    PS_EV_NO_URGENT = 0x200  /* nobody listens for urgent bytes: they are not looked for before each Receive */
};

enum { PS_OOB_KEPT = 3 };

typedef struct {
    uint8_t mask;     /* events wanted */
    uint8_t posted;   /* events notified and not yet re-enabled */
    uint8_t queued;   /* events in the caller's queue */
    uint8_t phase;    /* ps_phase */
    uint8_t readable; /* PS_NO, PS_MAYBE, PS_YES */
    uint8_t rearm;    /* for ps_poller_rearm; the caller clears it */
    uint16_t flags;
    uint16_t error;       /* what SO_ERROR would say, once: the system's own was read (PY-11) */
    uint16_t close_error; /* goes with FD_CLOSE */
    uint16_t connect_error;
    uint8_t oobs;             /* urgent bytes kept, oldest first (PY-13) */
    uint8_t oob[PS_OOB_KEPT];
} ps_events;

/* How the machine asks about its socket; `s` is whatever the caller passes along. */
typedef struct {
    int (*peek)(void *s);            /* 1: data is there; 0: end of stream; else a negative Winsock number */
    int (*ready)(void *s, int bits); /* as ps_ready */
    int (*take_error)(void *s);      /* as ps_take_error */
    int (*take_urgent)(void *s);     /* the urgent byte, or a negative Winsock number */
} ps_probe;

extern const ps_probe ps_socket_probe; /* of a real one: s is its ps_sock_t * */

extern const uint8_t ps_ev_order[6]; /* FD_CONNECT, ACCEPT, OOB, READ, WRITE, CLOSE (PY-10, EV-30) */

static inline unsigned ps_ev_post(ps_events *e, unsigned due) {
    due &= e->mask & ~(unsigned)e->posted;
    e->posted = (uint8_t)(e->posted | due);
    due &= ~(unsigned)e->queued;
    e->queued = (uint8_t)(e->queued | due);
    return due;
}

/* The poller has seen something. */
unsigned ps_ev_edge_any(ps_events *e, unsigned bits, const ps_probe *probe, void *s);
static inline unsigned ps_ev_edge(ps_events *e, unsigned bits, const ps_probe *probe, void *s) {
    if (PS_UNLIKELY(e->phase != PS_CONNECTED || e->flags & (PS_EV_RESET | PS_EV_RECV_SHUT)
                    || bits & (PS_PRI | PS_RDHUP | PS_ERR | PS_LATE)))
        return ps_ev_edge_any(e, bits, probe, s);
    unsigned due = bits & PS_OUT ? PS_FD_WRITE : 0;
    if (bits & PS_IN) {
        e->readable = PS_YES;
        e->flags = (uint16_t)(e->flags & ~PS_EV_GUESS);
        due |= PS_FD_READ;
    }
    return ps_ev_post(e, due);
}

/* Must urgent data be looked for before a normal Receive?  Not when an edge told of data and of nothing urgent:
 * then a mark that has come since lies behind that data, and the read stops at it. */
static inline int ps_ev_wants_urgent(const ps_events *e) {
    return e->phase == PS_CONNECTED && e->readable != PS_YES && e->mask & PS_FD_OOB
           && !(e->flags & (PS_EV_INLINE | PS_EV_CUTS | PS_EV_FIN | PS_EV_RESET | PS_EV_NO_URGENT));
}

/* Is a Receive without flags nothing but a recv now, and does a short result mean that the stream is drained? */
static inline int ps_ev_is_plain(const ps_events *e) {
    return e->phase == PS_CONNECTED && !e->oobs
           && !(e->flags & (PS_EV_FIN | PS_EV_RESET | PS_EV_CUTS | PS_EV_MARK | PS_EV_RECV_SHUT)) && !ps_ev_wants_urgent(e);
}
static inline void ps_ev_drained(ps_events *e) {
    e->posted = (uint8_t)(e->posted & ~(PS_FD_READ | PS_FD_OOB));
    e->readable = PS_NO;
    e->rearm |= PS_IN;
}

/* A Receive of `asked` bytes gave `got` (or a negative error). */
unsigned ps_ev_received(ps_events *e, size_t asked, ptrdiff_t got, int msg_flags, const ps_probe *probe, void *s);

/* What Receive has to answer for the system's result: never "end of stream" after a reset. */
ptrdiff_t ps_ev_answer_any(ps_events *e, size_t asked, ptrdiff_t got);
static inline ptrdiff_t ps_ev_answer(ps_events *e, size_t asked, ptrdiff_t got) {
    return got > 0 ? got : ps_ev_answer_any(e, asked, got);
}

unsigned ps_ev_urgent(ps_events *e, const ps_probe *probe, void *s);
int ps_ev_take_oob(ps_events *e, int peek); /* the byte, or -PS_WSAEWOULDBLOCK */

unsigned ps_ev_send_failed(ps_events *e, int error);      /* error > 0 */
int ps_ev_send_error(const ps_events *e, int error);      /* ER-4: what EPIPE means here */
unsigned ps_ev_accepted(ps_events *e, int result);        /* of the listener; result: 0 or a negative error */
unsigned ps_ev_child(ps_events *e, const ps_events *of);  /* the accepted socket's birth (EV-27) */
void ps_ev_listen(ps_events *e);
void ps_ev_connect(ps_events *e);                         /* before the system call */
unsigned ps_ev_connected(ps_events *e, int result);       /* after it; result: 0 or a negative error */
unsigned ps_ev_dgram_connected(ps_events *e);              /* a default peer: FD_WRITE again, no FD_CONNECT (DV-5) */
unsigned ps_ev_select(ps_events *e, unsigned mask, const ps_probe *probe, void *s); /* AsyncSelect */
int ps_ev_so_error(ps_events *e, const ps_probe *probe, void *s, unsigned *due);    /* GetSockOpt(SO_ERROR) */

/* Takes one queued event.  Returns the error to call back with, or -1: drop it.  *due as above. */
int ps_ev_take_any(ps_events *e, unsigned event, const ps_probe *probe, void *s, unsigned *due);
static inline int ps_ev_take(ps_events *e, unsigned event, const ps_probe *probe, void *s, unsigned *due) {
    *due = 0;
    if (PS_UNLIKELY(event != PS_FD_READ || !(e->mask & PS_FD_READ) || e->readable != PS_YES))
        return ps_ev_take_any(e, event, probe, s, due);
    e->queued = (uint8_t)(e->queued & ~PS_FD_READ);
    e->flags = (uint16_t)(e->flags & ~PS_EV_GUESS);
    return 0;
}

#endif
