/* test_darwin.c: plat_posix.c on macOS, as far as a Linux can tell: built as for macOS, with stand-ins for those system
 * calls that answer otherwise there.  What they answer is from macOS's manual pages and known behaviour; that nothing
 * else differs is for a macOS to tell.
 */
#define _GNU_SOURCE
#define PS_PLAIN_POSIX
#define PS_DARWIN 1

#include "check.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SO_NOSIGPIPE 0x1022
#define SO_NREAD 0x1020
#define SO_LINGER_SEC 0x1080

/* --- stand-ins ------------------------------------------------------------------------------------------------- */

/* The errors that the next calls give, 0 for the real call; what was asked last. */
typedef struct {
    int errors[4], at, calls;
} script;

static script on_send, on_sendto, on_accept, on_connect, on_close, on_nosigpipe, on_getpeername;
static int last_send_flags, last_option, last_value, last_polled;
static size_t last_size;
static int buffer_size[2] = {9216, 786896}; /* what a fresh datagram socket has: SO_SNDBUF, SO_RCVBUF */
static int nosigpipes;

static int fails(script *s) {
    s->calls++;
    int err = s->at < 4 ? s->errors[s->at++] : 0;
    if (err) errno = err;
    return err != 0;
}
#define SCRIPT(s, ...) (s = (script){.errors = {__VA_ARGS__}})

static ssize_t darwin_send(int s, const void *p, size_t n, int flags) {
    last_send_flags = flags;
    last_size = n;
    return fails(&on_send) ? -1 : send(s, p, n < 65536 ? n : 65536, flags | MSG_NOSIGNAL);
}
static ssize_t darwin_sendto(int s, const void *p, size_t n, int flags, const struct sockaddr *a, socklen_t len) {
    last_send_flags = flags;
    return fails(&on_sendto) ? -1 : sendto(s, p, n, flags | MSG_NOSIGNAL, a, len);
}
static int darwin_accept(int s, struct sockaddr *a, socklen_t *len) {
    return fails(&on_accept) ? -1 : accept(s, a, len);
}
static int darwin_connect(int s, const struct sockaddr *a, socklen_t len) {
    int r = connect(s, a, len); /* an interrupted one goes on */
    return fails(&on_connect) ? -1 : r;
}
static int darwin_close(int fd) {
    int r = close(fd);
    return fails(&on_close) ? -1 : r;
}
static int darwin_getpeername(int s, struct sockaddr *a, socklen_t *len) {
    return fails(&on_getpeername) ? -1 : getpeername(s, a, len);
}
static int darwin_poll(struct pollfd *p, nfds_t n, int ms) {
    last_polled = p->events;
    return poll(p, n, ms);
}
static int darwin_setsockopt(int s, int level, int name, const void *value, socklen_t len) {
    if (level == SOL_SOCKET) {
        last_option = name;
        if (len == sizeof last_value) memcpy(&last_value, value, sizeof last_value);
        if (name == SO_NOSIGPIPE) {
            nosigpipes++;
            return fails(&on_nosigpipe) ? -1 : 0;
        }
        if (name == SO_SNDBUF || name == SO_RCVBUF) buffer_size[name == SO_RCVBUF] = last_value;
        if (name == SO_LINGER_SEC) name = SO_LINGER;
    }
    return setsockopt(s, level, name, value, len);
}
static int darwin_getsockopt(int s, int level, int name, void *value, socklen_t *len) {
    int n = 0;
    if (level == SOL_SOCKET) {
        last_option = name;
        if (name == SO_SNDBUF || name == SO_RCVBUF || name == SO_NREAD) {
            if (name != SO_NREAD) n = buffer_size[name == SO_RCVBUF];
            else if (ioctl(s, FIONREAD, &n) < 0) return -1;
            memcpy(value, &n, sizeof n);
            return 0;
        }
        if (name == SO_LINGER_SEC) name = SO_LINGER;
    }
    return getsockopt(s, level, name, value, len);
}

#define send darwin_send
#define sendto darwin_sendto
#define accept darwin_accept
#define connect darwin_connect
#define close darwin_close
#define getpeername darwin_getpeername
#define poll darwin_poll /* the struct is pollfd */
#define setsockopt darwin_setsockopt
#define getsockopt darwin_getsockopt
#include "plat_posix.c"
#undef send
#undef sendto
#undef accept
#undef connect
#undef close
#undef getpeername
#undef poll
#undef setsockopt
#undef getsockopt

/* --- cases ------------------------------------------------------------------------------------------------------- */

static int is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

/* No accept4, no flags of socket(): the properties come by fcntl, and SIGPIPE is kept away by an option. */
static void sockets_get_their_properties_afterwards(void) {
    ps_sock_t s, a, b;
    nosigpipes = 0;
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) == 0);
    EQUAL(nosigpipes, 1);
    CHECK(fcntl(s, F_GETFL) & O_NONBLOCK && fcntl(s, F_GETFD) & FD_CLOEXEC);
    ps_close(s);
    REQUIRE(tcp_pair(&a, &b) == 0); /* a listener, a socket and an accepted one */
    EQUAL(nosigpipes, 4);
    CHECK(fcntl(b, F_GETFL) & O_NONBLOCK && fcntl(b, F_GETFD) & FD_CLOEXEC);
    EQUAL(ps_send(a, "x", 1, 0), 1);
    EQUAL(last_send_flags, 0); /* no MSG_NOSIGNAL: older kernels do not have it */
    ps_close(a), ps_close(b);
}

static void a_socket_that_cannot_be_made_safe_is_not_given(void) {
    ps_sock_t s;
    int next = dup(0);
    close(next);
    SCRIPT(on_nosigpipe, ENOBUFS);
    EQUAL(ps_socket(AF_INET, SOCK_STREAM, 0, &s), -PS_WSAENOBUFS);
    CHECK(s == PS_BAD_SOCK && !is_open(next));
}

/* A connection that is torn down while it waits is accepted, and then takes no option: EINVAL. */
static void dead_connections_in_the_queue_are_passed_over(void) {
    ps_sock_t listener, one, two, s;
    struct sockaddr_in name, mine, theirs;
    ps_socklen_t len = sizeof theirs;
    REQUIRE(listener_on_loopback(&listener, &name) == 0);
    REQUIRE(connect_to(&name, &one) == 0 && until_ready(listener, PS_IN) & PS_IN);
    REQUIRE(connect_to(&name, &two) == 0 && until_ready(two, PS_OUT) & PS_OUT);
    SCRIPT(on_accept, ECONNABORTED, EINTR, EPROTO);
    SCRIPT(on_nosigpipe, EINVAL);
    EQUAL(ps_accept(listener, (struct sockaddr *)&theirs, &len, &s), 0);
    EQUAL(on_accept.calls, 5); /* three that failed, the dead one, the other */
    REQUIRE(ps_getsockname(two, (struct sockaddr *)&mine, &len) == 0);
    EQUAL(mine.sin_port, theirs.sin_port);
    ps_close(s);
    EQUAL(ps_accept(listener, NULL, NULL, &s), -PS_WSAEWOULDBLOCK);
    ps_close(one), ps_close(two), ps_close(listener);
}

static void a_send_into_a_dying_connection_is_a_reset(ps_sock_t a, ps_sock_t b) {
    struct sockaddr_in to = loopback(9);
    SCRIPT(on_send, EPROTOTYPE, EPIPE, EINTR);
    EQUAL(ps_send(a, "x", 1, 0), -PS_WSAECONNRESET);
    EQUAL(ps_send(a, "x", 1, 0), -PS_WSAESHUTDOWN);
    EQUAL(ps_send(a, "x", 1, 0), 1);
    SCRIPT(on_sendto, EPROTOTYPE);
    EQUAL(ps_sendto(b, "x", 1, 0, (struct sockaddr *)&to, sizeof to), -PS_WSAECONNRESET);
}

static void a_count_beyond_an_int_is_cut(ps_sock_t a, ps_sock_t b) {
    static char block[65536]; /* all that the stand-in passes on */
    (void)b;
    CHECK(ps_send(a, block, (size_t)INT_MAX + 4096, 0) > 0);
    EQUAL(last_size, INT_MAX);
}

static void an_address_on_a_connected_stream_is_ignored(ps_sock_t a, ps_sock_t b) {
    struct sockaddr_in to = loopback(9);
    char c = 0;
    SCRIPT(on_sendto, EISCONN);
    EQUAL(ps_sendto(a, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
    REQUIRE(until_ready(b, PS_IN) & PS_IN);
    EQUAL(ps_recv(b, &c, 1, 0), 1);
}

static void a_connected_datagram_socket_sends_to_its_peer_only(void) {
    ps_sock_t s, t, u;
    struct sockaddr_in mine, peer, other;
    char c = 0;
    REQUIRE(bound_to_loopback(SOCK_DGRAM, &s, &mine) == 0 && bound_to_loopback(SOCK_DGRAM, &t, &peer) == 0);
    REQUIRE(bound_to_loopback(SOCK_DGRAM, &u, &other) == 0);
    REQUIRE(ps_connect(s, (struct sockaddr *)&peer, sizeof peer) == 0);
    SCRIPT(on_sendto, EISCONN, EISCONN);
    EQUAL(ps_sendto(s, "x", 1, 0, (struct sockaddr *)&peer, sizeof peer), 1);
    REQUIRE(until_ready(t, PS_IN) & PS_IN);
    EQUAL(ps_recvfrom(t, &c, 1, 0, NULL, NULL), 1);
    EQUAL(ps_sendto(s, "x", 1, 0, (struct sockaddr *)&other, sizeof other), -PS_WSAEISCONN);
    ps_close(s), ps_close(t), ps_close(u);
}

/* net.inet.udp.maxdgram is 9216 and is the send buffer's size, which limits what one send takes. */
static void datagram_sockets_get_room_for_the_largest(void) {
    ps_sock_t s;
    buffer_size[0] = 9216, buffer_size[1] = 786896;
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) == 0);
    EQUAL(buffer_size[0], 9216);
    ps_close(s);
    REQUIRE(ps_socket(AF_INET, SOCK_DGRAM, 0, &s) == 0);
    EQUAL(buffer_size[0], 65536);
    EQUAL(buffer_size[1], 786896); /* larger than needed: left alone */
    ps_close(s);
    buffer_size[1] = 42080; /* FreeBSD's */
    REQUIRE(ps_socket(AF_INET6, SOCK_DGRAM, 0, &s) == 0);
    EQUAL(buffer_size[1], 131072);
    ps_close(s);
}

static void linger_is_in_seconds(ps_sock_t a, ps_sock_t b) {
    struct linger l = {1, 5};
    ps_socklen_t len = sizeof l;
    int on = 1;
    (void)b;
    EQUAL(ps_setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
    EQUAL(last_option, SO_LINGER_SEC);
    last_option = 0;
    EQUAL(ps_getsockopt(a, SOL_SOCKET, SO_LINGER, &l, &len), 0);
    EQUAL(last_option, SO_LINGER_SEC);
    CHECK(l.l_onoff && l.l_linger == 5);
    EQUAL(ps_setsockopt(a, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
    EQUAL(last_option, SO_KEEPALIVE);
    last_option = 0;
    EQUAL(ps_setsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    EQUAL(last_option, 0); /* another level's numbers are its own */
}

static void a_connection_that_is_no_more_has_no_peer(ps_sock_t a, ps_sock_t b) {
    struct sockaddr_in name;
    ps_socklen_t len = sizeof name;
    (void)b;
    SCRIPT(on_getpeername, EINVAL);
    EQUAL(ps_getpeername(a, (struct sockaddr *)&name, &len), -PS_WSAENOTCONN);
    EQUAL(ps_getpeername(a, (struct sockaddr *)&name, &len), 0);
}

/* The kernel goes on with it; a second call would only say so (EALREADY), or that it is done (EISCONN). */
static void an_interrupted_connect_is_not_repeated(void) {
    ps_sock_t listener, s;
    struct sockaddr_in name;
    REQUIRE(listener_on_loopback(&listener, &name) == 0);
    for (int blocking = 0; blocking < 2; blocking++) {
        REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) == 0 && ps_set_blocking(s, blocking) == 0);
        SCRIPT(on_connect, EINTR);
        int r = ps_connect(s, (struct sockaddr *)&name, sizeof name);
        EQUAL(r, blocking ? 0 : -PS_WSAEWOULDBLOCK);
        EQUAL(on_connect.calls, 1);
        CHECK(until_ready(s, PS_OUT) & PS_OUT);
        EQUAL(ps_take_error(s), 0);
        ps_close(s);
    }
    ps_close(listener);
}

static void an_interrupted_close_is_not_repeated(void) {
    ps_sock_t s;
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) == 0);
    SCRIPT(on_close, EINTR);
    EQUAL(ps_close(s), 0);
    EQUAL(on_close.calls, 1);
}

/* FIONREAD counts all datagrams there, and their addresses. */
static void readable_bytes_are_the_next_datagrams(void) {
    ps_sock_t s, t;
    struct sockaddr_in to, from;
    REQUIRE(bound_to_loopback(SOCK_DGRAM, &s, &to) == 0 && bound_to_loopback(SOCK_DGRAM, &t, &from) == 0);
    EQUAL(ps_sendto(t, "abcde", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    REQUIRE(until_ready(s, PS_IN) & PS_IN);
    EQUAL(ps_readable_bytes(s), 5);
    EQUAL(last_option, SO_NREAD);
    ps_close(s), ps_close(t);
}

/* poll() calls every connection that has ended urgent. */
static void poll_is_not_asked_about_urgent_data(ps_sock_t a, ps_sock_t b) {
    char c = 0;
    EQUAL(ps_ready(a, PS_PRI) & PS_PRI, 0);
    EQUAL(last_polled & POLLPRI, 0);
    EQUAL(ps_send(b, "u", 1, PS_MSG_OOB), 1);
    CHECK(until_ready(a, PS_PRI) & PS_PRI);
    EQUAL(last_polled & POLLPRI, 0);
    EQUAL(ps_at_mark(a), 0);
    EQUAL(ps_recv(a, &c, 1, PS_MSG_OOB), 1);
    EQUAL(c, 'u');
    EQUAL(ps_at_mark(a), 1);
    REQUIRE(ps_shutdown(b, PS_SHUT_SENDS) == 0 && until_ready(a, PS_IN) & PS_IN);
    EQUAL(ps_ready(a, PS_IN | PS_PRI) & PS_PRI, 0);
}

/* No eventfd. */
static void the_wake_up_is_a_pipe(void) {
    ps_wake w;
    REQUIRE(ps_wake_open(&w) == 0);
    CHECK(w.rd != w.wr);
    CHECK(fcntl(w.rd, F_GETFL) & O_NONBLOCK && fcntl(w.wr, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(w.rd, F_GETFD) & FD_CLOEXEC && fcntl(w.wr, F_GETFD) & FD_CLOEXEC);
    ps_wake_close(&w);
}

int main(void) {
    RUN("darwin", sockets_get_their_properties_afterwards());
    RUN("darwin", a_socket_that_cannot_be_made_safe_is_not_given());
    RUN("darwin", dead_connections_in_the_queue_are_passed_over());
    ON_PAIR("darwin", a_send_into_a_dying_connection_is_a_reset);
    ON_PAIR("darwin", a_count_beyond_an_int_is_cut);
    ON_PAIR("darwin", an_address_on_a_connected_stream_is_ignored);
    RUN("darwin", a_connected_datagram_socket_sends_to_its_peer_only());
    RUN("darwin", datagram_sockets_get_room_for_the_largest());
    ON_PAIR("darwin", linger_is_in_seconds);
    ON_PAIR("darwin", a_connection_that_is_no_more_has_no_peer);
    RUN("darwin", an_interrupted_connect_is_not_repeated());
    RUN("darwin", an_interrupted_close_is_not_repeated());
    RUN("darwin", readable_bytes_are_the_next_datagrams());
    ON_PAIR("darwin", poll_is_not_asked_about_urgent_data);
    RUN("darwin", the_wake_up_is_a_pipe());
    return check_end("test_darwin");
}
