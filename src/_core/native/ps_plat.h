/* ps_plat.h: where BSD sockets and Winsock stop being different.
 *
 * Every call returns >= 0, or a negative Winsock number (-WSAECONNRESET, ...) on every system; the table of
 * POSIX errors stands in plat_posix.c.  No call sets a Python error, none raises SIGPIPE, and a call that a
 * signal interrupted is repeated (the pump runs Python's handlers between waits).  After a failure on POSIX
 * errno is the system's own, for messages that want to tell more than the number.
 */
#ifndef PS_PLAT_H
#define PS_PLAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#  ifndef WIN32_LEAN_AND_MEAN
#    define WIN32_LEAN_AND_MEAN
#  endif
#  include <winsock2.h>
#  include <ws2tcpip.h>
typedef SOCKET ps_sock_t;
#  define PS_BAD_SOCK INVALID_SOCKET
typedef int ps_socklen_t;
#else
#  include <netinet/in.h>
#  include <sys/socket.h>
typedef int ps_sock_t;
#  define PS_BAD_SOCK (-1)
typedef socklen_t ps_socklen_t;
#endif

#include "ps_wsa.h" /* PS_WSAEINTR ... : the Winsock numbers, spelled out once for every system */

/* Windows values of the message flags; the platform file translates them. */
enum { PS_MSG_OOB = 1, PS_MSG_PEEK = 2, PS_MSG_DONTROUTE = 4 };
enum { PS_SHUT_RECEIVES = 0, PS_SHUT_SENDS = 1, PS_SHUT_BOTH = 2 };
/* What ps_ready() tells; the same bits as the pollers' (ps_poller.h), who add PS_LATE. */
enum { PS_IN = 1, PS_OUT = 2, PS_PRI = 4, PS_RDHUP = 8, PS_ERR = 16, PS_LATE = 32 };

/* Once per process, before the first socket: WSAStartup(2.2) there, nothing here. */
int ps_startup(void);

/* Sockets are born non-blocking, close-on-exec and without SIGPIPE. */
int ps_socket(int family, int type, int protocol, ps_sock_t *out);
int ps_accept(ps_sock_t listener, struct sockaddr *addr, ps_socklen_t *len, ps_sock_t *out);
int ps_adopt(ps_sock_t s); /* gives an existing descriptor the same three properties */
int ps_close(ps_sock_t s);

int ps_bind(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len);
int ps_listen(ps_sock_t s, int backlog);
int ps_connect(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len); /* pending: -PS_WSAEWOULDBLOCK */
int ps_shutdown(ps_sock_t s, int how);
int ps_getsockname(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len);
int ps_getpeername(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len);

/* One system call each.  ps_recv is for streams.  ps_recvfrom is for datagrams, connected ones too (addr may be
 * NULL): a cut datagram gives -PS_WSAEMSGSIZE with the buffer filled, a refused earlier one -PS_WSAECONNRESET. */
ptrdiff_t ps_recv(ps_sock_t s, void *buf, size_t n, int flags);
ptrdiff_t ps_recvfrom(ps_sock_t s, void *buf, size_t n, int flags, struct sockaddr *addr, ps_socklen_t *len);
ptrdiff_t ps_send(ps_sock_t s, const void *buf, size_t n, int flags); /* EPIPE: -PS_WSAESHUTDOWN, see spec ER-4 */
ptrdiff_t ps_sendto(ps_sock_t s, const void *buf, size_t n, int flags, const struct sockaddr *addr, ps_socklen_t len);

int ps_getsockopt(ps_sock_t s, int level, int name, void *value, ps_socklen_t *len);
int ps_setsockopt(ps_sock_t s, int level, int name, const void *value, ps_socklen_t len);
int ps_take_error(ps_sock_t s); /* SO_ERROR as a Winsock number >= 0, never negative; reading consumes it */
int ps_set_blocking(ps_sock_t s, int blocking);
int64_t ps_readable_bytes(ps_sock_t s); /* FIONREAD: next datagram's size, or a stream's bytes */
int ps_at_mark(ps_sock_t s);            /* SIOCATMARK as Windows means it (AS-25): 1, no urgent data is waiting */
int ps_ready(ps_sock_t s, int bits);    /* zero-time poll: which of bits hold now; PS_RDHUP, PS_ERR unasked */

int ps_error_from_errno(int err); /* POSIX errno -> Winsock number (spec ER-1, ER-2), for the tests and for OSError */

int64_t ps_now_ns(void); /* monotonic */

/* A descriptor another thread or a signal handler may signal. */
typedef struct {
    ps_sock_t rd, wr; /* one eventfd (rd == wr), a pipe, or a connected pair of sockets */
} ps_wake;
int ps_wake_open(ps_wake *w);
void ps_wake_close(ps_wake *w);
void ps_wake_set(const ps_wake *w);   /* thread- and async-signal-safe */
void ps_wake_clear(const ps_wake *w);

#endif
