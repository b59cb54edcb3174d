/* plat_winsock.c: ps_plat.h over Winsock 2.  Errors are Winsock's own numbers, as they come. */
#include "ps_plat.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static int failed(void) { return -WSAGetLastError(); }
static int status(int r) { return r == SOCKET_ERROR ? failed() : 0; }
static int counted(size_t n) { return n > INT_MAX ? INT_MAX : (int)n; }

/* C's own numbers, and Python's: its errno module has Winsock's under the POSIX names. */
int ps_error_from_errno(int err) {
    if (err >= 10000 && err < 12000) return err;
    switch (err) {
    case EINTR: return PS_WSAEINTR;
    case EACCES:
    case EPERM: return PS_WSAEACCES;
    case EFAULT: return PS_WSAEFAULT;
    case EMFILE:
    case ENFILE: return PS_WSAEMFILE;
    case EAGAIN: return PS_WSAEWOULDBLOCK;
    case EBADF: return PS_WSAENOTSOCK;
    case EPIPE: return PS_WSAECONNRESET;
    case ENOMEM: return PS_WSAENOBUFS;
    case ENAMETOOLONG: return PS_WSAENAMETOOLONG;
#ifdef ENOTSUP
    case ENOTSUP: return PS_WSAEOPNOTSUPP;
#endif
    default: return PS_WSAEINVAL;
    }
}

/* --- birth and death --------------------------------------------------------------------------------- */

/* Winsock counts, so each module that holds a copy of this file may call it. */
int ps_startup(void) {
    WSADATA data;
    return -WSAStartup(MAKEWORD(2, 2), &data);
}

int ps_set_blocking(ps_sock_t s, int blocking) {
    u_long on = !blocking;
    return status(ioctlsocket(s, (long)FIONBIO, &on));
}

static int raise_well(ps_sock_t s) {
    int r = ps_set_blocking(s, 0);
    if (r < 0) return r;
    return SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0) ? 0 : -PS_WSAENOTSOCK;
}

int ps_adopt(ps_sock_t s) {
    int type, len = sizeof type;
    if (getsockopt(s, SOL_SOCKET, SO_TYPE, (char *)&type, &len) == SOCKET_ERROR) return failed();
    return raise_well(s);
}

int ps_socket(int family, int type, int protocol, ps_sock_t *out) {
    *out = PS_BAD_SOCK;
    SOCKET s = WSASocketW(family, type, protocol, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s == INVALID_SOCKET) return failed();
    int r = ps_set_blocking(s, 0);
    if (r < 0) {
        closesocket(s);
        return r;
    }
    *out = s;
    return 0;
}

static int is_listening(ps_sock_t s) {
    int on = 0, len = sizeof on;
    return getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, (char *)&on, &len) == 0 && on;
}

/* WSAECONNRESET: a connection that died in the queue.  The next one, or "none pending", is what the caller asked
 * about (spec EV-28).  WSAEINVAL says that nobody called listen; of a socket that does listen Wine says it when there
 * are no handles left, which is WSAEMFILE on Windows. */
int ps_accept(ps_sock_t listener, struct sockaddr *addr, ps_socklen_t *len, ps_sock_t *out) {
    ps_socklen_t room = len ? *len : 0;
    SOCKET s;
    *out = PS_BAD_SOCK;
    do {
        if (len) *len = room;
        s = accept(listener, addr, len);
    } while (s == INVALID_SOCKET && WSAGetLastError() == WSAECONNRESET);
    if (s == INVALID_SOCKET) {
        int error = WSAGetLastError();
        return error == WSAEINVAL && is_listening(listener) ? -PS_WSAEMFILE : -error;
    }
    int r = raise_well(s);
    if (r < 0) {
        closesocket(s);
        return r;
    }
    *out = s;
    return 0;
}

int ps_close(ps_sock_t s) { return status(closesocket(s)); }

/* --- names and connections ----------------------------------------------------------------------------- */

int ps_bind(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len) { return status(bind(s, addr, len)); }
int ps_listen(ps_sock_t s, int backlog) { return status(listen(s, backlog)); }
int ps_connect(ps_sock_t s, const struct sockaddr *addr, ps_socklen_t len) { return status(connect(s, addr, len)); }
int ps_shutdown(ps_sock_t s, int how) { return status(shutdown(s, how)); }
int ps_getsockname(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len) { return status(getsockname(s, addr, len)); }
int ps_getpeername(ps_sock_t s, struct sockaddr *addr, ps_socklen_t *len) { return status(getpeername(s, addr, len)); }

/* --- data ------------------------------------------------------------------------------------------------ */

ptrdiff_t ps_recv(ps_sock_t s, void *buf, size_t n, int flags) {
    int r = recv(s, buf, counted(n), flags);
    return r == SOCKET_ERROR ? failed() : r;
}

/* A stream leaves the address alone; elsewhere that shows as length 0, so here too. */
ptrdiff_t ps_recvfrom(ps_sock_t s, void *buf, size_t n, int flags, struct sockaddr *addr, ps_socklen_t *len) {
    if (addr) addr->sa_family = AF_UNSPEC;
    int r = recvfrom(s, buf, counted(n), flags, addr, addr ? len : NULL);
    if (r == SOCKET_ERROR) return failed();
    if (addr && addr->sa_family == AF_UNSPEC) *len = 0;
    return r;
}

ptrdiff_t ps_send(ps_sock_t s, const void *buf, size_t n, int flags) {
    int r = send(s, buf, counted(n), flags);
    return r == SOCKET_ERROR ? failed() : r;
}

ptrdiff_t ps_sendto(ps_sock_t s, const void *buf, size_t n, int flags, const struct sockaddr *addr, ps_socklen_t len) {
    int r = sendto(s, buf, counted(n), flags, addr, len);
    return r == SOCKET_ERROR ? failed() : r;
}

/* --- state ------------------------------------------------------------------------------------------------- */

int ps_getsockopt(ps_sock_t s, int level, int name, void *value, ps_socklen_t *len) {
    return status(getsockopt(s, level, name, value, len));
}

int ps_setsockopt(ps_sock_t s, int level, int name, const void *value, ps_socklen_t len) {
    return status(setsockopt(s, level, name, value, len));
}

int ps_take_error(ps_sock_t s) {
    int err = 0, len = sizeof err;
    return getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&err, &len) == SOCKET_ERROR ? WSAGetLastError() : err;
}

static int64_t asked(ps_sock_t s, long what) {
    u_long value = 0;
    return ioctlsocket(s, what, &value) == SOCKET_ERROR ? failed() : (int64_t)value;
}

int64_t ps_readable_bytes(ps_sock_t s) { return asked(s, (long)FIONREAD); }

int ps_at_mark(ps_sock_t s) {
    int64_t r = asked(s, (long)SIOCATMARK);
    return r < 0 ? (int)r : r != 0;
}

/* By select(), which for one socket is exact where WSAPoll is not: it knows failed connects on every Windows and
 * calls a half-closed connection writable only while it is.  Its exception set holds both urgent data and failed
 * connects; a failed connect is never writable, so what is writable as well is urgent data. */
int ps_ready(ps_sock_t s, int bits) {
    fd_set readable, writable, exceptional;
    struct timeval at_once = {0, 0};
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&exceptional);
    readable.fd_count = writable.fd_count = exceptional.fd_count = 1;
    readable.fd_array[0] = writable.fd_array[0] = exceptional.fd_array[0] = s;
    if (select(0, &readable, &writable, &exceptional, &at_once) == SOCKET_ERROR) return failed();
    int got = (readable.fd_count ? PS_IN : 0) | (writable.fd_count ? PS_OUT : 0);
    if (exceptional.fd_count) got |= PS_PRI | (writable.fd_count ? 0 : PS_ERR | PS_IN | PS_OUT);
    return got & (bits | PS_ERR);
}

int64_t ps_now_ns(void) {
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceFrequency(&per_second);
    QueryPerformanceCounter(&ticks);
    int64_t whole = ticks.QuadPart / per_second.QuadPart, part = ticks.QuadPart % per_second.QuadPart;
    return whole * 1000000000 + part * 1000000000 / per_second.QuadPart;
}

/* --- wake-up: a connection of the process with itself, since WSAPoll takes nothing but sockets ------------------- */

static int same_end(SOCKET mine, SOCKET theirs) {
    struct sockaddr_in a, b;
    int alen = sizeof a, blen = sizeof b;
    return getsockname(mine, (struct sockaddr *)&a, &alen) == 0 && getpeername(theirs, (struct sockaddr *)&b, &blen) == 0
           && a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

/* Blocking, but never for long: the connection is complete when the listener's queue has it.  Any process of this
 * machine could connect in between, so whoever is not ourselves is turned away. */
static int connect_pair(SOCKET listener, ps_wake *w) {
    struct sockaddr_in addr;
    int len = sizeof addr, on = 1;
    memset(&addr, 0, sizeof addr);
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (setsockopt(listener, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (char *)&on, sizeof on) == SOCKET_ERROR
        || bind(listener, (struct sockaddr *)&addr, sizeof addr) == SOCKET_ERROR
        || getsockname(listener, (struct sockaddr *)&addr, &len) == SOCKET_ERROR || listen(listener, 1) == SOCKET_ERROR)
        return failed();
    int r = ps_socket(AF_INET, SOCK_STREAM, 0, &w->wr);
    if (r < 0 || (r = ps_set_blocking(w->wr, 1)) < 0) return r;
    if (connect(w->wr, (struct sockaddr *)&addr, sizeof addr) == SOCKET_ERROR) return failed();
    for (;;) {
        SOCKET s = accept(listener, NULL, NULL);
        if (s == INVALID_SOCKET) return failed();
        if (same_end(w->wr, s)) {
            w->rd = s;
            break;
        }
        closesocket(s);
    }
    if (setsockopt(w->wr, IPPROTO_TCP, TCP_NODELAY, (char *)&on, sizeof on) == SOCKET_ERROR) return failed();
    r = raise_well(w->rd);
    return r < 0 ? r : raise_well(w->wr);
}

int ps_wake_open(ps_wake *w) {
    SOCKET listener;
    w->rd = w->wr = PS_BAD_SOCK;
    int r = ps_socket(AF_INET, SOCK_STREAM, 0, &listener);
    if (r < 0) return r;
    r = ps_set_blocking(listener, 1);
    if (r >= 0) r = connect_pair(listener, w);
    closesocket(listener);
    if (r < 0) ps_wake_close(w);
    return r;
}

void ps_wake_close(ps_wake *w) {
    if (w->rd != PS_BAD_SOCK) closesocket(w->rd);
    if (w->wr != PS_BAD_SOCK) closesocket(w->wr);
    w->rd = w->wr = PS_BAD_SOCK;
}

void ps_wake_set(const ps_wake *w) {
    int saved = WSAGetLastError();
    send(w->wr, "", 1, 0); /* no room: already signalled */
    WSASetLastError(saved);
}

void ps_wake_clear(const ps_wake *w) {
    int saved = WSAGetLastError();
    char sink[256];
    while (recv(w->rd, sink, sizeof sink, 0) == (int)sizeof sink) {
    }
    WSASetLastError(saved);
}
