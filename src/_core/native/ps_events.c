/* ps_events.c: the seldom-taken ways of the notification state machine; see ps_events.h. */
#include "ps_events.h"

const uint8_t ps_ev_order[6] = {PS_FD_CONNECT, PS_FD_ACCEPT, PS_FD_OOB, PS_FD_READ, PS_FD_WRITE, PS_FD_CLOSE};

static void set(ps_events *e, unsigned flags) { e->flags = (uint16_t)(e->flags | flags); }
static void clear(ps_events *e, unsigned flags) { e->flags = (uint16_t)(e->flags & ~flags); }
static void rearm(ps_events *e, unsigned bits) { e->rearm = (uint8_t)(e->rearm | bits); }
static void enable(ps_events *e, unsigned events) { e->posted = (uint8_t)(e->posted & ~events); }

static int is_closed(const ps_events *e) { return e->flags & PS_EV_RESET || (e->flags & PS_EV_FIN && e->readable == PS_NO); }

/* After the end nothing more can become readable, and asking a level-triggered mechanism would spin. */
static void drained(ps_events *e) {
    e->readable = PS_NO;
    if (!(e->flags & (PS_EV_FIN | PS_EV_RESET | PS_EV_RECV_SHUT))) rearm(e, PS_IN);
}

/* --- how a connection ends ------------------------------------------------------------------------------ */

static int ends_connection(int error) {
    switch (error) {
    case PS_WSAECONNRESET:
    case PS_WSAECONNABORTED:
    case PS_WSAENETRESET:
    case PS_WSAENETDOWN:
    case PS_WSAETIMEDOUT:
    case PS_WSAEHOSTUNREACH:
    case PS_WSAENETUNREACH:
    case PS_WSAEHOSTDOWN: return 1;
    default: return 0;
    }
}

/* OnClose may get 0, NETDOWN, CONNRESET or CONNABORTED (AS-49); a time-out and its kin are an abort. */
static void lost(ps_events *e, int error) {
    if (e->flags & PS_EV_RESET) return;
    set(e, PS_EV_RESET);
    int plain = error == PS_WSAECONNRESET || error == PS_WSAENETDOWN || error == PS_WSAESHUTDOWN;
    e->close_error = !plain                        ? PS_WSAECONNABORTED
                     : error == PS_WSAESHUTDOWN    ? PS_WSAECONNRESET
                                                   : (uint16_t)error;
}

/* The one reader of the system's SO_ERROR (PY-11).  Where a mechanism tells a reset by itself (`broken`) SO_ERROR may
 * know nothing of it: Winsock's is for connects. */
static void note_error(ps_events *e, int broken, const ps_probe *probe, void *s) {
    int error = probe->take_error(s);
    if (error <= 0 && broken && !(e->flags & PS_EV_RESET)) error = PS_WSAECONNRESET;
    if (error <= 0) return;
    e->error = error == PS_WSAESHUTDOWN ? PS_WSAECONNRESET : (uint16_t)error;
    lost(e, error);
}

/* Data, the end, or nothing? */
static void look(ps_events *e, const ps_probe *probe, void *s) {
    int r = probe->peek(s);
    if (r > 0) {
        e->readable = PS_YES;
        return;
    }
    if (r == 0 && !(e->flags & PS_EV_RECV_SHUT)) set(e, PS_EV_FIN);
    if (r < 0 && ends_connection(-r)) lost(e, -r);
    drained(e);
}

/* --- urgent data (PY-13) ---------------------------------------------------------------------------------- */

/* Fetched at once: the next normal read but one would destroy the byte. */
static void fetch_urgent(ps_events *e, const ps_probe *probe, void *s) {
    int byte = probe->take_urgent(s);
    rearm(e, PS_PRI);
    if (byte < 0) return;
    set(e, PS_EV_MARK);
    if (e->oobs == PS_OOB_KEPT) { /* a program that never asks loses the oldest, as everywhere */
        for (int i = 1; i < PS_OOB_KEPT; i++) e->oob[i - 1] = e->oob[i];
        e->oobs--;
    }
    e->oob[e->oobs++] = (uint8_t)byte;
}

unsigned ps_ev_urgent(ps_events *e, const ps_probe *probe, void *s) {
    int r = probe->ready(s, PS_PRI);
    if (r < 0 || !(r & PS_PRI)) return 0;
    fetch_urgent(e, probe, s);
    return ps_ev_post(e, e->oobs ? PS_FD_OOB : 0);
}

int ps_ev_take_oob(ps_events *e, int peek) {
    if (!e->oobs) return -PS_WSAEWOULDBLOCK;
    int byte = e->oob[0];
    if (!peek) {
        e->oobs--;
        for (int i = 0; i < e->oobs; i++) e->oob[i] = e->oob[i + 1];
    }
    return byte;
}

/* --- edges ------------------------------------------------------------------------------------------------- */

static unsigned connection_edge(ps_events *e, unsigned bits, const ps_probe *probe, void *s) {
    int was_reset = e->flags & PS_EV_RESET;
    if (bits & PS_PRI && !(e->flags & PS_EV_INLINE)) fetch_urgent(e, probe, s);
    if (bits & PS_PRI && e->flags & PS_EV_INLINE) rearm(e, PS_PRI);
    if (bits & PS_ERR) note_error(e, bits & PS_RDHUP, probe, s);
    if (bits & PS_LATE && !(bits & (PS_PRI | PS_RDHUP | PS_ERR)) && e->readable == PS_NO) {
        e->readable = PS_YES; /* nothing was read since the mechanism was asked */
    } else if (bits & (PS_IN | PS_RDHUP | PS_ERR)) {
        if (e->readable != PS_YES) look(e, probe, s);
        if (e->readable == PS_YES && bits & PS_RDHUP && !(e->flags & PS_EV_RECV_SHUT))
            set(e, PS_EV_FIN); /* behind the data that is still unread */
    }
    unsigned due = bits & PS_OUT ? PS_FD_WRITE : 0;
    if (e->oobs) due |= PS_FD_OOB;
    if (e->readable == PS_YES && !(e->flags & PS_EV_RECV_SHUT)) { /* else Receive would refuse it */
        clear(e, PS_EV_GUESS);
        due |= PS_FD_READ;
    }
    if (is_closed(e)) due |= PS_FD_CLOSE;
    if (e->flags & PS_EV_RESET) {
        due &= ~(unsigned)PS_FD_WRITE;
        /* FD_CLOSE tells it, and comes once (EV-17).  A program that has had it for the peer's orderly end, or does
         * not want it, and waits for room to send would wait for good: let its next Send fail. */
        int told = e->posted & ~e->queued & PS_FD_CLOSE || !(e->mask & PS_FD_CLOSE);
        if (!was_reset && told) due |= PS_FD_WRITE;
    }
    return due;
}

static unsigned connecting_edge(ps_events *e, unsigned bits, const ps_probe *probe, void *s) {
    int now = probe->ready(s, PS_OUT); /* edges may be false, and SO_ERROR is 0 while nothing is decided */
    if (now >= 0 && !(now & (PS_OUT | PS_ERR | PS_RDHUP))) {
        rearm(e, PS_IN | PS_OUT | PS_PRI | PS_RDHUP);
        return 0;
    }
    int error = probe->take_error(s);
    if (error > 0) {
        e->error = (uint16_t)error;
        return ps_ev_connected(e, -error);
    }
    e->phase = PS_CONNECTED;
    set(e, PS_EV_BOUND);
    unsigned due = PS_FD_CONNECT | PS_FD_WRITE;
    if (bits & (PS_IN | PS_PRI | PS_RDHUP)) due |= connection_edge(e, bits & ~(unsigned)PS_ERR, probe, s);
    return ps_ev_post(e, due);
}

unsigned ps_ev_edge_any(ps_events *e, unsigned bits, const ps_probe *probe, void *s) {
    switch ((ps_phase)e->phase) {
    case PS_CONNECTED: return ps_ev_post(e, connection_edge(e, bits, probe, s));
    case PS_CONNECTING: return bits & (PS_OUT | PS_RDHUP | PS_ERR) ? connecting_edge(e, bits, probe, s) : 0;
    case PS_LISTENING:
    case PS_DGRAM: {
        unsigned due = bits & PS_OUT && e->phase == PS_DGRAM ? PS_FD_WRITE : 0;
        if (bits & (PS_IN | PS_ERR) && !(e->flags & PS_EV_RECV_SHUT)) { /* a datagram socket's pending error is met by the next Receive */
            if (!(bits & PS_LATE) || e->readable == PS_NO) {
                e->readable = PS_YES;
                clear(e, PS_EV_GUESS);
            }
            due |= e->phase == PS_DGRAM ? PS_FD_READ : PS_FD_ACCEPT;
        }
        return ps_ev_post(e, due);
    }
    case PS_NEW:
    case PS_FAILED: break;
    }
    return 0;
}

/* --- after calls --------------------------------------------------------------------------------------------- */

static unsigned post_guess(ps_events *e, unsigned event, unsigned due) {
    unsigned fresh = ps_ev_post(e, due | event);
    if (fresh & event) set(e, PS_EV_GUESS); /* one that was queued on facts keeps its standing */
    return fresh;
}

unsigned ps_ev_received(ps_events *e, size_t asked, ptrdiff_t got, int msg_flags, const ps_probe *probe, void *s) {
    enable(e, PS_FD_READ | PS_FD_OOB);
    int stream = e->phase == PS_CONNECTED;
    if (msg_flags & PS_MSG_OOB) {
        /* nothing is learnt about normal data */
    } else if (got == -PS_WSAEWOULDBLOCK) {
        clear(e, PS_EV_MARK);
        drained(e);
    } else if (stream && got < 0) {
        if (ends_connection((int)-got)) {
            lost(e, (int)-got);
            drained(e);
        }
    } else if (msg_flags & PS_MSG_PEEK && (got > 0 || (!stream && (got == 0 || got == -PS_WSAEMSGSIZE)))) {
        e->readable = PS_YES;
    } else if (stream && got == 0) {
        if (asked) {
            if (!(e->flags & PS_EV_RECV_SHUT)) set(e, PS_EV_FIN);
            drained(e);
        }
    } else if (stream && (size_t)got < asked && !(e->flags & (PS_EV_CUTS | PS_EV_MARK))) {
        drained(e);
    } else if (stream || e->phase == PS_DGRAM) {
        e->readable = PS_MAYBE;
    }
    /* Here a guess could end in OnReceive(0) at the end of the stream, so it is settled at once. */
    if (stream && e->readable == PS_MAYBE && (e->flags & PS_EV_FIN || !(e->mask & PS_FD_READ))) look(e, probe, s);
    unsigned due = e->oobs ? PS_FD_OOB : 0;
    if (is_closed(e)) due |= PS_FD_CLOSE;
    if (e->readable == PS_YES) due |= PS_FD_READ;
    return e->readable == PS_MAYBE ? post_guess(e, PS_FD_READ, due) : ps_ev_post(e, due);
}

ptrdiff_t ps_ev_answer_any(ps_events *e, size_t asked, ptrdiff_t got) {
    if (e->phase != PS_CONNECTED || !(e->flags & PS_EV_RESET) || got > 0 || (got == 0 && !asked)) return got;
    int error = e->error ? e->error : PS_WSAECONNRESET;
    e->error = 0;
    return -error;
}

int ps_ev_send_error(const ps_events *e, int error) {
    if (e->flags & PS_EV_SEND_SHUT) return PS_WSAESHUTDOWN; /* whatever has become of the connection since */
    if (error != PS_WSAESHUTDOWN) return error;
    return e->phase == PS_CONNECTED ? PS_WSAECONNRESET : PS_WSAENOTCONN;
}

unsigned ps_ev_send_failed(ps_events *e, int error) {
    if (error == PS_WSAEWOULDBLOCK) {
        enable(e, PS_FD_WRITE);
        rearm(e, PS_OUT);
        return 0;
    }
    if (e->phase != PS_CONNECTED || !ends_connection(error)) return 0;
    lost(e, error);
    return ps_ev_post(e, PS_FD_CLOSE);
}

unsigned ps_ev_accepted(ps_events *e, int result) {
    enable(e, PS_FD_ACCEPT);
    if (result == 0) {
        e->readable = PS_MAYBE;
        return post_guess(e, PS_FD_ACCEPT, 0);
    }
    if (result == -PS_WSAEWOULDBLOCK) drained(e);
    return 0; /* no descriptors left: the pump posts FD_ACCEPT when it is worth another try */
}

unsigned ps_ev_child(ps_events *e, const ps_events *of) {
    e->mask = of->mask;
    e->flags = (uint16_t)(PS_EV_BOUND | (of->flags & (PS_EV_INLINE | PS_EV_CUTS)));
    e->phase = PS_CONNECTED;
    return ps_ev_post(e, PS_FD_WRITE);
}

void ps_ev_listen(ps_events *e) {
    e->phase = PS_LISTENING;
    rearm(e, PS_IN | PS_OUT | PS_PRI | PS_RDHUP);
}

void ps_ev_connect(ps_events *e) {
    e->phase = PS_CONNECTING;
    e->posted = 0;
    e->readable = PS_NO;
    e->error = e->close_error = e->connect_error = 0;
    e->oobs = 0;
    clear(e, PS_EV_FIN | PS_EV_RESET | PS_EV_RECV_SHUT | PS_EV_SEND_SHUT | PS_EV_MARK | PS_EV_GUESS);
    rearm(e, PS_IN | PS_OUT | PS_PRI | PS_RDHUP);
}

unsigned ps_ev_connected(ps_events *e, int result) {
    if (result < 0) {
        e->phase = PS_FAILED;
        e->connect_error = (uint16_t)-result;
        return ps_ev_post(e, PS_FD_CONNECT);
    }
    e->phase = PS_CONNECTED;
    set(e, PS_EV_BOUND);
    return ps_ev_post(e, PS_FD_CONNECT | PS_FD_WRITE);
}

unsigned ps_ev_dgram_connected(ps_events *e) {
    set(e, PS_EV_BOUND);
    enable(e, PS_FD_WRITE);
    return ps_ev_post(e, PS_FD_WRITE);
}

/* --- the mask --------------------------------------------------------------------------------------------------- */

unsigned ps_ev_select(ps_events *e, unsigned mask, const ps_probe *probe, void *s) {
    e->mask = (uint8_t)mask;
    e->posted = 0;
    if (!mask || e->phase == PS_NEW || e->phase == PS_CONNECTING || e->phase == PS_FAILED) return 0;
    int now = probe->ready(s, PS_IN | PS_OUT | PS_PRI | PS_RDHUP);
    unsigned bits = now < 0 ? PS_ERR : (unsigned)now;
    unsigned due = 0;
    if (e->phase == PS_CONNECTED) {
        due = connection_edge(e, bits, probe, s);
    } else {
        due = bits & PS_OUT && e->phase == PS_DGRAM ? PS_FD_WRITE : 0;
        if (e->flags & PS_EV_RECV_SHUT) {
            e->readable = PS_NO; /* of datagrams: the system says "readable", but there is nothing to read */
        } else if (bits & (PS_IN | PS_ERR)) {
            e->readable = PS_YES;
            clear(e, PS_EV_GUESS);
            due |= e->phase == PS_DGRAM ? PS_FD_READ : PS_FD_ACCEPT;
        } else {
            drained(e);
        }
    }
    if (!(bits & PS_OUT)) rearm(e, PS_OUT);
    return ps_ev_post(e, due);
}

int ps_ev_so_error(ps_events *e, const ps_probe *probe, void *s, unsigned *due) {
    *due = 0;
    int error = e->error;
    e->error = 0;
    if (error || e->flags & PS_EV_RESET) return error;
    error = probe->take_error(s);
    if (error > 0 && e->phase == PS_CONNECTED) {
        lost(e, error);
        *due = ps_ev_post(e, PS_FD_CLOSE);
    }
    if (error > 0 && e->phase == PS_CONNECTING) *due = ps_ev_connected(e, -error);
    return error;
}

/* --- dispatch --------------------------------------------------------------------------------------------------- */

/* FD_READ and FD_ACCEPT are called back only if there is something now (DC-4). */
static int take_readable(ps_events *e, unsigned event, const ps_probe *probe, void *s, unsigned *due) {
    int guess = e->flags & PS_EV_GUESS;
    int stream = e->phase == PS_CONNECTED;
    clear(e, PS_EV_GUESS);
    if (e->readable == PS_MAYBE) {
        if (stream)
            look(e, probe, s);
        else if (probe->ready(s, PS_IN) & (PS_IN | PS_ERR))
            e->readable = PS_YES;
        else
            drained(e);
    }
    if (e->readable == PS_YES) return 0;
    enable(e, event);
    if (!stream || !is_closed(e)) return -1;
    *due = ps_ev_post(e, PS_FD_CLOSE);
    return guess ? -1 : 0; /* DC-11: the end of the stream is something to read */
}

int ps_ev_take_any(ps_events *e, unsigned event, const ps_probe *probe, void *s, unsigned *due) {
    *due = 0;
    e->queued = (uint8_t)(e->queued & ~event);
    if (!(e->mask & event)) return -1; /* DV-3 */
    switch (event) {
    case PS_FD_READ:
    case PS_FD_ACCEPT: return take_readable(e, event, probe, s, due);
    case PS_FD_CONNECT: return e->phase == PS_CONNECTING ? -1 : e->connect_error;
    case PS_FD_CLOSE: return e->flags & PS_EV_RESET ? e->close_error : 0;
    default: return 0;
    }
}

/* --- a real socket ------------------------------------------------------------------------------------------------ */

static int socket_peek(void *s) {
    char byte;
    return (int)ps_recv(*(ps_sock_t *)s, &byte, 1, PS_MSG_PEEK);
}
static int socket_ready(void *s, int bits) { return ps_ready(*(ps_sock_t *)s, bits); }
static int socket_take_error(void *s) { return ps_take_error(*(ps_sock_t *)s); }
static int socket_take_urgent(void *s) {
    unsigned char byte;
    ptrdiff_t r = ps_recv(*(ps_sock_t *)s, &byte, 1, PS_MSG_OOB);
    return r == 1 ? byte : r < 0 ? (int)r : -PS_WSAEWOULDBLOCK;
}

const ps_probe ps_socket_probe = {socket_peek, socket_ready, socket_take_error, socket_take_urgent};
