/* net.h: connections on loopback for the mains, through ps_plat.h itself, and a thread on both systems. */
#ifndef NET_H
#define NET_H

#include "ps_plat.h"

#include <string.h>

#ifdef _WIN32
#  include <process.h>
#else
#  include <arpa/inet.h>
#  include <pthread.h>
#  include <time.h>
#endif

enum { PATIENCE_MS = 20000 }; /* a step that takes this long has failed; nothing waits for it when all is well */

static inline void nap_ms(int ms) {
#ifdef _WIN32
    Sleep((DWORD)ms);
#else
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
#endif
}

/* Until one of bits holds; 0 when patience ends. */
static inline int until_ready(ps_sock_t s, int bits) {
    int64_t deadline = ps_now_ns() + PATIENCE_MS * (int64_t)1000000;
    for (;;) {
        int got = ps_ready(s, bits);
        if (got != 0 || ps_now_ns() > deadline) return got;
        nap_ms(1);
    }
}

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((uint16_t)port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static inline int bound_to_loopback(int type, ps_sock_t *out, struct sockaddr_in *name) {
    struct sockaddr_in a = loopback(0);
    ps_socklen_t len = sizeof *name;
    int r = ps_socket(AF_INET, type, 0, out);
    if (r < 0) return r;
    if ((r = ps_bind(*out, (struct sockaddr *)&a, sizeof a)) < 0) return r;
    return ps_getsockname(*out, (struct sockaddr *)name, &len);
}

static inline int listener_on_loopback(ps_sock_t *out, struct sockaddr_in *name) {
    int r = bound_to_loopback(SOCK_STREAM, out, name);
    return r < 0 ? r : ps_listen(*out, 128);
}

static inline int connect_to(const struct sockaddr_in *name, ps_sock_t *out) {
    int r = ps_socket(AF_INET, SOCK_STREAM, 0, out);
    if (r < 0) return r;
    r = ps_connect(*out, (const struct sockaddr *)name, sizeof *name);
    return r == -PS_WSAEWOULDBLOCK ? 0 : r;
}

/* A connected TCP pair. */
static inline int tcp_pair_from(ps_sock_t listener, const struct sockaddr_in *name, ps_sock_t *a, ps_sock_t *b) {
    int r = connect_to(name, a);
    if (r < 0) return r;
    if (!(until_ready(listener, PS_IN) & PS_IN)) return -PS_WSAETIMEDOUT;
    if ((r = ps_accept(listener, NULL, NULL, b)) < 0) return r;
    return until_ready(*a, PS_OUT) & PS_OUT ? 0 : -PS_WSAETIMEDOUT;
}

static inline int tcp_pair(ps_sock_t *a, ps_sock_t *b) {
    ps_sock_t listener = PS_BAD_SOCK;
    struct sockaddr_in name;
    *a = *b = PS_BAD_SOCK;
    int r = listener_on_loopback(&listener, &name);
    if (r >= 0) r = tcp_pair_from(listener, &name, a, b);
    if (listener != PS_BAD_SOCK) ps_close(listener);
    return r;
}

/* RUN for a case of a connected pair. */
#define ON_PAIR(label, body)                  \
    do {                                      \
        ps_sock_t a_, b_;                     \
        check_start();                        \
        if (CHECK(tcp_pair(&a_, &b_) == 0)) { \
            body(a_, b_);                     \
            ps_close(a_);                     \
            ps_close(b_);                     \
        }                                     \
        check_count(label, #body);            \
    } while (0)

/* A port on which nobody listens: bound once and given back. */
static inline int closed_port(struct sockaddr_in *name) {
    ps_sock_t s;
    int r = bound_to_loopback(SOCK_STREAM, &s, name);
    return r < 0 ? r : ps_close(s);
}

/* Closes with a reset instead of a FIN. */
static inline int abort_connection(ps_sock_t s) {
    struct linger hard = {1, 0};
    int r = ps_setsockopt(s, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    int c = ps_close(s);
    return r < 0 ? r : c;
}

/* Sends until there is no room, and again, since the kernel may still be moving the first part on. */
static inline int64_t fill(ps_sock_t s) {
    static const char block[65536];
    int64_t sum = 0;
    for (int quiet = 0; quiet < 3; quiet++) {
        ptrdiff_t r;
        while ((r = ps_send(s, block, sizeof block, 0)) > 0) {
            sum += r;
            quiet = 0;
        }
        if (r != -PS_WSAEWOULDBLOCK) return r;
        nap_ms(5);
    }
    return sum;
}

static inline int64_t drain(ps_sock_t s) {
    static char block[65536];
    int64_t sum = 0;
    ptrdiff_t r;
    while ((r = ps_recv(s, block, sizeof block, 0)) > 0) sum += r;
    return sum;
}

/* --- a thread ----------------------------------------------------------------------------------------------- */

typedef struct {
    void (*run)(void *);
    void *arg;
#ifdef _WIN32
    HANDLE id;
#else
    pthread_t id;
#endif
} thread;

#ifdef _WIN32
static unsigned __stdcall thread_body(void *t) {
    ((thread *)t)->run(((thread *)t)->arg);
    return 0;
}
static inline int thread_start(thread *t) {
    t->id = (HANDLE)_beginthreadex(NULL, 0, thread_body, t, 0, NULL);
    return t->id ? 0 : -1;
}
static inline void thread_join(thread *t) {
    WaitForSingleObject(t->id, INFINITE);
    CloseHandle(t->id);
}
#else
static void *thread_body(void *t) {
    ((thread *)t)->run(((thread *)t)->arg);
    return NULL;
}
static inline int thread_start(thread *t) { return -pthread_create(&t->id, NULL, thread_body, t); }
static inline void thread_join(thread *t) { pthread_join(t->id, NULL); }
#endif

#endif
