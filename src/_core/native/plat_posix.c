/* plat_posix.c: ps_plat.h over BSD sockets (Linux, macOS, the BSDs).
 *
 * On failure errno is left as the system set it, for messages that want to tell more than the Winsock number.
 *
 * PS_PLAIN_POSIX builds it on Linux as on a system that has only what POSIX and macOS have, so that the tests can
 * run those branches too (PYSOCK_KQUEUE_SHIM in sources.cmake).  PS_DARWIN adds what is macOS's alone; a test sets it
 * too, with stand-ins for the system calls (tests/native/test_darwin.c).
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#  define _GNU_SOURCE /* accept4, POLLRDHUP */
#endif
#include "ps_plat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__) && !defined(PS_PLAIN_POSIX)
#  define PS_HAVE_EVENTFD 1
#  include <sys/eventfd.h>
#else
#  define PS_HAVE_EVENTFD 0
#endif

/* Sockets can be born with their properties where socket() takes them; elsewhere there is a moment between
 * socket() and fcntl() in which another thread's fork and exec would inherit the descriptor. */
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC) && !defined(PS_PLAIN_POSIX)
#  define PS_BORN_WELL 1 /* not #if PS_BORN_FLAGS: glibc's are enumerators, which the preprocessor takes for 0 */
#  define PS_BORN_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)
#else
#  define PS_BORN_WELL 0
#  define PS_BORN_FLAGS 0
#endif

#if defined(__APPLE__) && !defined(PS_DARWIN)
#  define PS_DARWIN 1
#endif
#if !defined(__linux__) || defined(PS_PLAIN_POSIX)
#  define PS_LIKE_BSD 1
#else
#  define PS_LIKE_BSD 0
#endif

/* Apple's newer headers have MSG_NOSIGNAL, its older kernels do not know it: there the socket option serves. */
#if defined(MSG_NOSIGNAL) && !defined(PS_DARWIN)
#  define PS_SEND_FLAGS MSG_NOSIGNAL
#elif defined(SO_NOSIGPIPE)
#  define PS_SEND_FLAGS 0
#  define PS_NOSIGPIPE_OPTION SO_NOSIGPIPE
#else
#  error "sends would raise SIGPIPE on this system"
#endif

/* macOS refuses larger counts with EINVAL; a partial transfer says the same to everybody. */
#define PS_MAX_IO ((size_t)INT_MAX)

_Static_assert((int)MSG_OOB == (int)PS_MSG_OOB && (int)MSG_PEEK == (int)PS_MSG_PEEK
                   && (int)MSG_DONTROUTE == (int)PS_MSG_DONTROUTE,
               "the message flags need translation on this system");
_Static_assert((int)SHUT_RD == (int)PS_SHUT_RECEIVES && (int)SHUT_WR == (int)PS_SHUT_SENDS
                   && (int)SHUT_RDWR == (int)PS_SHUT_BOTH,
               "the shutdown values need translation on this system");
#define PS_MSG_KNOWN (PS_MSG_OOB | PS_MSG_PEEK | PS_MSG_DONTROUTE)

/* --- errors ---------------------------------------------------------------------------------------- */

/* The one table of spec ER-1, ER-2.  EPIPE here is the meaning it has everywhere but in a send: the peer has
 * reset the connection (Linux keeps EPIPE as the error of a socket that is reset after the peer's FIN). */
int ps_error_from_errno(int err) {
    switch (err) {
    case EINTR: return PS_WSAEINTR;
    case EACCES:
    case EPERM: return PS_WSAEACCES;
    case EFAULT: return PS_WSAEFAULT;
    case EINVAL: return PS_WSAEINVAL;
    case EMFILE:
    case ENFILE: return PS_WSAEMFILE;
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EINPROGRESS: return PS_WSAEWOULDBLOCK;
    case EALREADY: return PS_WSAEALREADY;
    case ENOTSOCK:
    case EBADF: return PS_WSAENOTSOCK;
    case EDESTADDRREQ: return PS_WSAEDESTADDRREQ;
    case EMSGSIZE: return PS_WSAEMSGSIZE;
    case EPROTOTYPE: return PS_WSAEPROTOTYPE;
    case ENOPROTOOPT: return PS_WSAENOPROTOOPT;
    case EPROTONOSUPPORT: return PS_WSAEPROTONOSUPPORT;
#ifdef ESOCKTNOSUPPORT
    case ESOCKTNOSUPPORT: return PS_WSAESOCKTNOSUPPORT;
#endif
    case EOPNOTSUPP:
#if ENOTSUP != EOPNOTSUPP
    case ENOTSUP:
#endif
        return PS_WSAEOPNOTSUPP;
#ifdef EPFNOSUPPORT
    case EPFNOSUPPORT: return PS_WSAEPFNOSUPPORT;
#endif
    case EAFNOSUPPORT: return PS_WSAEAFNOSUPPORT;
    case EADDRINUSE: return PS_WSAEADDRINUSE;
    case EADDRNOTAVAIL: return PS_WSAEADDRNOTAVAIL;
    case ENETDOWN: return PS_WSAENETDOWN;
    case ENETUNREACH: return PS_WSAENETUNREACH;
    case ENETRESET: return PS_WSAENETRESET;
    case ECONNABORTED: return PS_WSAECONNABORTED;
    case ECONNRESET:
    case EPIPE: return PS_WSAECONNRESET;
    case ENOBUFS:
    case ENOMEM: return PS_WSAENOBUFS;
    case EISCONN: return PS_WSAEISCONN;
    case ENOTCONN: return PS_WSAENOTCONN;
#ifdef ESHUTDOWN
    case ESHUTDOWN: return PS_WSAESHUTDOWN;
#endif
#ifdef ETOOMANYREFS
    case ETOOMANYREFS: return PS_WSAETOOMANYREFS;
#endif
    case ETIMEDOUT: return PS_WSAETIMEDOUT;
    case ECONNREFUSED: return PS_WSAECONNREFUSED;
    case ELOOP: return PS_WSAELOOP;
    case ENAMETOOLONG: return PS_WSAENAMETOOLONG;
#ifdef EHOSTDOWN
    case EHOSTDOWN: return PS_WSAEHOSTDOWN;
#endif
    case EHOSTUNREACH: return PS_WSAEHOSTUNREACH;
#ifdef EPROCLIM
    case EPROCLIM: return PS_WSAEPROCLIM;
#endif
#ifdef EUSERS
    case EUSERS: return PS_WSAEUSERS;
#endif
#ifdef EDQUOT
    case EDQUOT: return PS_WSAEDQUOT;
#endif
    default: return PS_WSAEINVAL;
    }
}

static int failed(void) { return -ps_error_from_errno(errno); }
static int status(int r) { return r < 0 ? failed() : 0; }

/* --- birth and death --------------------------------------------------------------------------------- */

int ps_startup(void) { return 0; }

int ps_set_blocking(ps_sock_t s, int blocking) {
    int now = fcntl(s, F_GETFL);
    if (now < 0) return failed();
    int wanted = blocking ? now & ~O_NONBLOCK : now | O_NONBLOCK;
    return now == wanted ? 0 : status(fcntl(s, F_SETFL, wanted));
}

static int close_on_exec(int fd) { return status(fcntl(fd, F_SETFD, FD_CLOEXEC)); }

static int without_sigpipe(ps_sock_t s) {
#ifdef PS_NOSIGPIPE_OPTION
    int on = 1;
    return status(setsockopt(s, SOL_SOCKET, PS_NOSIGPIPE_OPTION, &on, sizeof on));
#else
    (void)s;
    return 0;
#endif
}

static int raise_well(ps_sock_t s, int flags_given) {
    int r = 0;
    if (!flags_given && ((r = ps_set_blocking(s, 0)) < 0 || (r = close_on_exec(s)) < 0)) return r;
    return without_sigpipe(s);
}

static void close_quietly(int fd) {
    int saved = errno;
    close(fd);
    errno = saved;
}

int ps_adopt(ps_sock_t s) {
    int type;
    socklen_t len = sizeof type;
    if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &len) < 0) return failed(); /* a file is not a socket */
    return raise_well(s, 0);
}

#if PS_LIKE_BSD
static int at_least(ps_sock_t s, int name, int wanted) {
    int now = 0;
    socklen_t len = sizeof now;
    if (getsockopt(s, SOL_SOCKET, name, &now, &len) < 0) return failed();
    return now >= wanted ? 0 : status(setsockopt(s, SOL_SOCKET, name, &wanted, sizeof wanted));
}

/* A datagram larger than the send buffer is refused there, and the buffer is of 9216 bytes (net.inet.udp.maxdgram);
 * one larger than the room in the receiver's is dropped.  Windows passes the 65507 bytes that fit into a packet. */
static int make_room_for_datagrams(ps_sock_t s) {
    int r = at_least(s, SO_SNDBUF, 65536);
    return r < 0 ? r : at_least(s, SO_RCVBUF, 2 * 65536);
}
#endif

int ps_socket(int family, int type, int protocol, ps_sock_t *out) {
    *out = PS_BAD_SOCK;
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
    if (type & (SOCK_NONBLOCK | SOCK_CLOEXEC)) return -PS_WSAESOCKTNOSUPPORT; /* no type, and ours to give */
#endif
    int s = socket(family, type | PS_BORN_FLAGS, protocol);
    if (s < 0) return errno == EINVAL ? -PS_WSAESOCKTNOSUPPORT : failed(); /* no such type */
    int r = raise_well(s, PS_BORN_WELL);
#if PS_LIKE_BSD
    if (r >= 0 && type == SOCK_DGRAM && (family == AF_INET || family == AF_INET6)) r = make_room_for_datagrams(s);
#endif
    if (r < 0) {
        close_quietly(s);
        return r;
    }
    *out = s;
    return 0;
}

/* A connection that died in the queue is passed over: Winsock has no such result, and the next one, or
 * "none pending", is what the caller asked about (spec EV-28).  Each round takes one from the queue. */
int ps_accept(ps_sock_t listener, struct sockaddr *addr, ps_socklen_t *len, ps_sock_t *out) {
    ps_socklen_t room = len ? *len : 0;
    *out = PS_BAD_SOCK;
    for (;;) {
        if (len) *len = room;
#if PS_BORN_WELL
        int s = accept4(listener, addr, len, PS_BORN_FLAGS);
#else
        int s = accept(listener, addr, len);
#endif
        if (s >= 0) {
            if (raise_well(s, PS_BORN_WELL) == 0) {
                *out = s;
                return 0;
            }
            close_quietly(s);                     /* macOS: EINVAL from setsockopt on a connection already torn */
            if (errno != EINVAL) return failed(); /* down in both directions */
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
            return failed();
        }
    }
}

/* After EINTR the descriptor is gone on Linux and may be another thread's by now: never close twice. */
int ps_close(ps_sock_t s) {
    if (close(s) < 0 && errno != EINTR && errno != EINPROGRESS) return failed();
    return 0;
}

/* --- names and connections ----------------------------------------------------------------------------- */

int ps_bind(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len) { return status(bind(s, addr, len)); }
int ps_listen(ps_sock_t s, int backlog) { return status(listen(s, backlog)); }
int ps_shutdown(ps_sock_t s, int how) { return status(shutdown(s, how)); }
int ps_getsockname(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len) { return status(getsockname(s, addr, len)); }

int ps_getpeername(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len) {
    if (getpeername(s, addr, len) == 0) return 0;
    if (PS_LIKE_BSD && errno == EINVAL) return -PS_WSAENOTCONN; /* macOS: the connection is no more */
    return failed();
}

/* An interrupted connect goes on in the kernel; calling again would only give EALREADY. */
static int finish_connect(ps_sock_t s) {
    int flags = fcntl(s, F_GETFL);
    if (flags < 0) return failed();
    if (flags & O_NONBLOCK) return -PS_WSAEWOULDBLOCK;
    struct pollfd p = {.fd = s, .events = POLLOUT};
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR) return failed();
    return -ps_take_error(s);
}

int ps_connect(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len) {
    if (connect(s, addr, len) == 0) return 0;
    if (errno == EINTR) return finish_connect(s);
    /* Not "pending": a UNIX-domain listener's queue is full and nothing will ever be reported.  Windows
     * refuses a connection for which the queue has no room. */
    if (errno == EAGAIN) return -PS_WSAECONNREFUSED;
    return failed();
}

/* --- data ------------------------------------------------------------------------------------------------ */

ptrdiff_t ps_recv(ps_sock_t s, void *buf, size_t n, int flags) {
    if (flags & ~PS_MSG_KNOWN) return -PS_WSAEOPNOTSUPP;
    if (n > PS_MAX_IO) n = PS_MAX_IO;
    for (;;) {
        ptrdiff_t r = recv(s, buf, n, flags);
        if (r >= 0) return r;
        if (errno != EINTR) return failed();
    }
}

/* recvmsg, because only it tells that a datagram was cut (spec ER-5). */
ptrdiff_t ps_recvfrom(ps_sock_t s, void *buf, size_t n, int flags, struct sockaddr *addr, ps_socklen_t *len) {
    if (flags & ~PS_MSG_KNOWN) return -PS_WSAEOPNOTSUPP;
    struct iovec part = {.iov_base = buf, .iov_len = n > PS_MAX_IO ? PS_MAX_IO : n};
    struct msghdr m = {.msg_name = addr, .msg_namelen = addr ? *len : 0, .msg_iov = &part, .msg_iovlen = 1};
    for (;;) {
        ptrdiff_t r = recvmsg(s, &m, flags);
        if (r >= 0) {
            if (addr) *len = m.msg_namelen;
            return m.msg_flags & MSG_TRUNC ? -PS_WSAEMSGSIZE : r;
        }
        if (errno == ECONNREFUSED) return -PS_WSAECONNRESET; /* an earlier datagram met a closed port: DV-25 */
        if (errno != EINTR) return failed();
    }
}

static int send_failed(void) {
    if (errno == EPIPE) return -PS_WSAESHUTDOWN; /* the caller knows which of the three of ER-4 it is */
#ifdef PS_DARWIN
    if (errno == EPROTOTYPE) return -PS_WSAECONNRESET; /* a send that meets a connection being torn down */
#endif
    return failed();
}

ptrdiff_t ps_send(ps_sock_t s, const void *buf, size_t n, int flags) {
    if (flags & ~PS_MSG_KNOWN) return -PS_WSAEOPNOTSUPP;
    if (n > PS_MAX_IO) n = PS_MAX_IO;
    for (;;) {
        ptrdiff_t r = send(s, buf, n, flags | PS_SEND_FLAGS);
        if (r >= 0) return r;
        if (errno != EINTR) return send_failed();
    }
}

/* Winsock ignores the address on a stream.  To the socket's own peer it is superfluous. */
static int address_is_superfluous(ps_sock_t s, const struct sockaddr *addr) {
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int type = 0;
    socklen_t room = sizeof type;
    if (getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &room) == 0 && type == SOCK_STREAM) return 1;
    if (getpeername(s, (struct sockaddr *)&peer, &len) < 0 || peer.ss_family != addr->sa_family) return 0;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)addr, *b = (const struct sockaddr_in *)&peer;
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)addr, *b = (const struct sockaddr_in6 *)&peer;
        return a->sin6_port == b->sin6_port && memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
    }
    return 0;
}

/* BSD refuses an address on a connected socket.  A connected datagram socket that is to send to somebody else
 * cannot there: WSAEISCONN. */
ptrdiff_t ps_sendto(ps_sock_t s, const void *buf, size_t n, int flags, const struct sockaddr *addr, ps_socklen_t len) {
    if (flags & ~PS_MSG_KNOWN) return -PS_WSAEOPNOTSUPP;
    if (n > PS_MAX_IO) n = PS_MAX_IO;
    for (;;) {
        ptrdiff_t r = sendto(s, buf, n, flags | PS_SEND_FLAGS, addr, len);
        if (r >= 0) return r;
        if (errno == EISCONN && addr)
            return address_is_superfluous(s, addr) ? ps_send(s, buf, n, flags) : -PS_WSAEISCONN;
        if (errno != EINTR) return send_failed();
    }
}

/* --- state ------------------------------------------------------------------------------------------------- */

/* SO_LINGER is in seconds (AS-23), but on macOS in hundredths, where another name has the seconds. */
static int option(int level, int name) {
#if defined(PS_DARWIN) && defined(SO_LINGER_SEC)
    if (level == SOL_SOCKET && name == SO_LINGER) return SO_LINGER_SEC;
#endif
    (void)level;
    return name;
}

int ps_getsockopt(ps_sock_t s, int level, int name, void *value, ps_socklen_t *len) {
    return status(getsockopt(s, level, option(level, name), value, len));
}

int ps_setsockopt(ps_sock_t s, int level, int name, const void *value, ps_socklen_t len) {
    return status(setsockopt(s, level, option(level, name), value, len));
}

int ps_take_error(ps_sock_t s) {
    int err = 0;
    socklen_t len = sizeof err;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len) < 0) return -failed();
    return err ? ps_error_from_errno(err) : 0;
}

int64_t ps_readable_bytes(ps_sock_t s) {
    int n = 0;
#ifdef SO_NREAD /* macOS: FIONREAD there counts all datagrams and their addresses */
    socklen_t len = sizeof n;
    if (getsockopt(s, SOL_SOCKET, SO_NREAD, &n, &len) < 0) return failed();
#else
    if (ioctl(s, FIONREAD, &n) < 0) return failed();
#endif
    return n;
}

/* Windows' meaning (spec AS-25), which is not sockatmark()'s: no urgent data is left to be read. */
int ps_at_mark(ps_sock_t s) {
    int r = ps_ready(s, PS_PRI);
    return r < 0 ? r : !(r & PS_PRI);
}

#if !defined(POLLRDHUP) || defined(PS_PLAIN_POSIX)
#  undef POLLRDHUP
#  define POLLRDHUP 0
#endif

/* poll() is not asked where it answers for something else: macOS says POLLPRI of every connection that has ended, and
 * BSD of one whose urgent byte was taken, until the data before that is. */
static int urgent_byte_waits(ps_sock_t s) {
    char c;
    int saved = errno;
    int r = recv(s, &c, 1, MSG_OOB | MSG_PEEK) == 1;
    errno = saved;
    return r;
}

int ps_ready(ps_sock_t s, int bits) {
    struct pollfd p = {.fd = s};
    if (bits & PS_IN) p.events |= POLLIN;
    if (bits & PS_OUT) p.events |= POLLOUT;
    if (bits & PS_PRI && !PS_LIKE_BSD) p.events |= POLLPRI;
    if (bits & PS_RDHUP) p.events |= POLLRDHUP;
    while (poll(&p, 1, 0) < 0)
        if (errno != EINTR) return failed();
    int got = bits & PS_PRI && PS_LIKE_BSD && urgent_byte_waits(s) ? PS_PRI : 0;
    if (p.revents & POLLNVAL) return -PS_WSAENOTSOCK;
    if (p.revents & POLLIN) got |= PS_IN;
    if (p.revents & POLLOUT) got |= PS_OUT;
    if (p.revents & POLLPRI) got |= PS_PRI;
    if (p.revents & (POLLRDHUP | POLLHUP)) got |= PS_RDHUP;
    if (p.revents & POLLERR) got |= PS_ERR;
    return got;
}

int64_t ps_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- wake-up ------------------------------------------------------------------------------------------------- */

int ps_wake_open(ps_wake *w) {
    w->rd = w->wr = PS_BAD_SOCK;
#if PS_HAVE_EVENTFD
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) return failed();
    w->rd = w->wr = fd;
    return 0;
#else
    int ends[2], r;
    if (pipe(ends) < 0) return failed();
    w->rd = ends[0];
    w->wr = ends[1];
    for (int i = 0; i < 2; i++) {
        if ((r = ps_set_blocking(ends[i], 0)) < 0 || (r = close_on_exec(ends[i])) < 0) {
            ps_wake_close(w);
            return r;
        }
    }
    return 0;
#endif
}

void ps_wake_close(ps_wake *w) {
    if (w->rd != PS_BAD_SOCK) close_quietly(w->rd);
    if (w->wr != PS_BAD_SOCK && w->wr != w->rd) close_quietly(w->wr);
    w->rd = w->wr = PS_BAD_SOCK;
}

/* Full means already signalled, so a write that finds no room has done its work.  errno is the interrupted
 * code's, not ours.  Eight bytes because an eventfd wants them; to a pipe they are as good as one. */
void ps_wake_set(const ps_wake *w) {
    int saved = errno;
    uint64_t one = 1;
    while (write(w->wr, &one, sizeof one) < 0 && errno == EINTR) {
    }
    errno = saved;
}

void ps_wake_clear(const ps_wake *w) {
    int saved = errno;
    uint64_t sink[64];
    while (read(w->rd, sink, sizeof sink) == (ssize_t)sizeof sink) { /* an eventfd gives 8 and is empty then */
    }
    errno = saved;
}
