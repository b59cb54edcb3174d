/* test_poller.c: the contract of ps_poller.h, on every mechanism of this build.
 *
 * Reports may be spurious, so no case counts them: a case waits until what must come has come, and where nothing
 * may come it asks whether the mechanism falls silent (a level that is mistaken for an edge never does).
 */
#include "check.h"
#include "net.h"
#include "ps_poller.h"

#ifndef _WIN32
#  include <signal.h>
#  include <sys/resource.h>
#  include <sys/time.h>
#  include <sys/wait.h>
#  include <unistd.h>
#endif

static const ps_poller_ops *ops; /* under test */

enum { MANY = 64 };

/* Takes events until w has shown all of bits; gives everything it showed. */
static uint32_t collect(ps_poller *p, const ps_watch *w, uint32_t bits) {
    int64_t deadline = ps_now_ns() + PATIENCE_MS * (int64_t)1000000;
    uint32_t seen = 0;
    ps_event e[MANY];
    while ((seen & bits) != bits && ps_now_ns() < deadline) {
        int n = ops->wait(p, e, MANY, 100000000);
        if (!CHECK(n >= 0)) break;
        for (int i = 0; i < n; i++)
            if (e[i].watch == w) seen |= e[i].bits;
    }
    return seen;
}

static int shows(ps_poller *p, const ps_watch *w, uint32_t bits) { return (collect(p, w, bits) & bits) == bits; }

/* Takes what is there; true when nothing more comes of itself. */
static int settles(ps_poller *p) {
    ps_event e[MANY];
    int silent = 0;
    for (int round = 0; round < 1000 && silent < 3; round++) {
        int n = ops->wait(p, e, MANY, 1000000);
        if (n < 0) return 0;
        silent = n ? 0 : silent + 1;
    }
    return silent == 3;
}

/* A poller and a connected pair, the first of it watched. */
typedef struct {
    ps_poller *p;
    ps_watch w;
    ps_sock_t peer;
} bench;

static int bench_open(bench *b) {
    ps_sock_t s;
    b->p = NULL;
    b->w = (ps_watch){.fd = PS_BAD_SOCK, .slot = -1};
    b->peer = PS_BAD_SOCK;
    if (!CHECK(ops->open(&b->p) >= 0)) return 0;
    if (!CHECK(tcp_pair(&s, &b->peer) >= 0)) return 0;
    b->w.fd = s;
    return CHECK(ops->add(b->p, &b->w) >= 0);
}

static void bench_close(bench *b) {
    if (b->p) {
        ops->del(b->p, &b->w);
        ops->close(b->p);
    }
    if (b->w.fd != PS_BAD_SOCK) ps_close(b->w.fd);
    if (b->peer != PS_BAD_SOCK) ps_close(b->peer);
}

/* --- edges -------------------------------------------------------------------------------------------------- */

static void what_holds_at_registration_is_reported_once(bench *b) {
    CHECK(shows(b->p, &b->w, PS_OUT));
    CHECK(settles(b->p));
}

static void data_is_reported_once(bench *b) {
    CHECK(settles(b->p));
    EQUAL(ps_send(b->peer, "abc", 3, 0), 3);
    CHECK(shows(b->p, &b->w, PS_IN));
    CHECK(settles(b->p)); /* three bytes are still unread */
}

static void data_there_before_registration_is_reported(bench *b) {
    ops->del(b->p, &b->w);
    EQUAL(ps_send(b->peer, "abc", 3, 0), 3);
    REQUIRE(until_ready(b->w.fd, PS_IN) & PS_IN);
    REQUIRE(ops->add(b->p, &b->w) >= 0);
    CHECK(shows(b->p, &b->w, PS_IN));
}

static void rearmed_after_a_drain_new_data_is_reported(bench *b) {
    char c;
    for (int i = 0; i < 5; i++) {
        EQUAL(ps_send(b->peer, "a", 1, 0), 1);
        REQUIRE(shows(b->p, &b->w, PS_IN));
        EQUAL(ps_recv(b->w.fd, &c, 1, 0), 1);
        EQUAL(ps_recv(b->w.fd, &c, 1, 0), -PS_WSAEWOULDBLOCK);
        ps_poller_rearm(b->p, &b->w, PS_IN);
        CHECK(settles(b->p));
    }
}

/* The race that a level-triggered mechanism must not lose: data comes after WSAEWOULDBLOCK, before the rearm. */
static void data_between_drain_and_rearm_is_reported(bench *b) {
    char c;
    CHECK(settles(b->p));
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    REQUIRE(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), 1);
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), -PS_WSAEWOULDBLOCK);
    EQUAL(ps_send(b->peer, "b", 1, 0), 1);
    REQUIRE(until_ready(b->w.fd, PS_IN) & PS_IN);
    ps_poller_rearm(b->p, &b->w, PS_IN);
    CHECK(shows(b->p, &b->w, PS_IN));
}

static void fill_then_make_room(bench *b) {
    REQUIRE(fill(b->w.fd) > 0);
    CHECK(settles(b->p));
    REQUIRE(fill(b->w.fd) >= 0); /* what the kernel moved on meanwhile */
    ps_poller_rearm(b->p, &b->w, PS_OUT);
    CHECK(settles(b->p));
    int64_t deadline = ps_now_ns() + PATIENCE_MS * (int64_t)1000000;
    uint32_t seen = 0;
    ps_event e[MANY];
    while (!(seen & PS_OUT) && ps_now_ns() < deadline) {
        drain(b->peer);
        int n = ops->wait(b->p, e, MANY, 1000000);
        for (int k = 0; k < n; k++) seen |= e[k].bits;
    }
    CHECK(seen & PS_OUT);
    CHECK(settles(b->p));
}

static void room_after_a_full_buffer_is_reported(bench *b) {
    for (int i = 0; i < 2; i++) fill_then_make_room(b);
}

/* A peer that has finished sending may still be reading. */
static void room_is_reported_when_the_peer_sends_no_more(bench *b) {
    char c;
    REQUIRE(ps_shutdown(b->peer, PS_SHUT_SENDS) == 0);
    REQUIRE(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), 0);
    for (int i = 0; i < 2; i++) fill_then_make_room(b);
}

static void datagrams_even_empty_ones_are_reported(void) {
    ps_poller *p;
    ps_sock_t s, t;
    struct sockaddr_in name, other;
    char c;
    REQUIRE(ops->open(&p) >= 0);
    REQUIRE(bound_to_loopback(SOCK_DGRAM, &s, &name) >= 0 && bound_to_loopback(SOCK_DGRAM, &t, &other) >= 0);
    ps_watch w = {.fd = s};
    REQUIRE(ops->add(p, &w) >= 0);
    CHECK(shows(p, &w, PS_OUT));
    for (size_t size = 0; size < 2; size++) {
        EQUAL(ps_sendto(t, "x", size, 0, (struct sockaddr *)&name, sizeof name), size);
        CHECK(shows(p, &w, PS_IN));
        EQUAL(ps_recvfrom(s, &c, 1, 0, NULL, NULL), size);
        EQUAL(ps_recvfrom(s, &c, 1, 0, NULL, NULL), -PS_WSAEWOULDBLOCK);
        ps_poller_rearm(p, &w, PS_IN);
    }
    CHECK(settles(p));
    ops->del(p, &w);
    ops->close(p);
    ps_close(s);
    ps_close(t);
}

/* --- ends ----------------------------------------------------------------------------------------------------- */

static void end_of_stream_wakes_the_reader(bench *b) {
    char c;
    CHECK(settles(b->p));
    REQUIRE(ps_shutdown(b->peer, PS_SHUT_SENDS) >= 0);
    CHECK(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), 0);
    CHECK(settles(b->p));
}

static void end_of_stream_behind_data_is_reported_after_the_drain(bench *b) {
    char c[8];
    CHECK(settles(b->p));
    EQUAL(ps_send(b->peer, "abc", 3, 0), 3);
    REQUIRE(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_recv(b->w.fd, c, sizeof c, 0), 3); /* a short read: drained, so the caller rearms */
    ps_poller_rearm(b->p, &b->w, PS_IN);
    CHECK(settles(b->p));
    REQUIRE(ps_shutdown(b->peer, PS_SHUT_SENDS) >= 0);
    CHECK(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_recv(b->w.fd, c, sizeof c, 0), 0);
}

static void hang_up_wakes_both_and_falls_silent(bench *b) {
    REQUIRE(ps_shutdown(b->w.fd, PS_SHUT_SENDS) >= 0);
    CHECK(settles(b->p));
    REQUIRE(ps_close(b->peer) >= 0);
    b->peer = PS_BAD_SOCK;
    CHECK(shows(b->p, &b->w, PS_IN));
    CHECK(settles(b->p));
}

static void a_reset_wakes_both_and_falls_silent(bench *b) {
    CHECK(settles(b->p));
    REQUIRE(abort_connection(b->peer) >= 0);
    b->peer = PS_BAD_SOCK;
    uint32_t seen = collect(b->p, &b->w, PS_IN | PS_OUT);
    EQUAL(seen & (PS_IN | PS_OUT), PS_IN | PS_OUT);
    CHECK(seen & (PS_RDHUP | PS_ERR));
    CHECK(settles(b->p));
}

/* A reader that stopped at WSAEWOULDBLOCK is rearmed for PS_IN alone: the reset must reach it all the same. */
static void a_reset_is_reported_after_a_rearm(bench *b) {
    char c;
    CHECK(settles(b->p));
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), -PS_WSAEWOULDBLOCK);
    ps_poller_rearm(b->p, &b->w, PS_IN);
    REQUIRE(fill(b->w.fd) > 0);
    ps_poller_rearm(b->p, &b->w, PS_OUT);
    CHECK(settles(b->p));
    REQUIRE(abort_connection(b->peer) >= 0);
    b->peer = PS_BAD_SOCK;
    CHECK(shows(b->p, &b->w, PS_IN | PS_OUT));
    CHECK(settles(b->p));
}

/* --- urgent data ---------------------------------------------------------------------------------------------- */

static void urgent_data_is_reported_each_time(bench *b) {
    char c = 0;
    CHECK(settles(b->p));
    for (int i = 0; i < 2; i++) {
        char sent = (char)('u' + i);
        EQUAL(ps_send(b->peer, &sent, 1, PS_MSG_OOB), 1);
        REQUIRE(shows(b->p, &b->w, PS_PRI));
        CHECK(settles(b->p)); /* not yet read */
        EQUAL(ps_recv(b->w.fd, &c, 1, PS_MSG_OOB), 1);
        EQUAL(c, sent);
        ps_poller_rearm(b->p, &b->w, PS_PRI);
        CHECK(settles(b->p));
    }
    EQUAL(ps_send(b->peer, "n", 1, 0), 1);
    CHECK(shows(b->p, &b->w, PS_IN));
}

/* --- connecting and accepting -------------------------------------------------------------------------------- */

static void a_connect_that_succeeds_is_reported(void) {
    ps_poller *p;
    ps_sock_t listener, s, a;
    struct sockaddr_in name;
    REQUIRE(ops->open(&p) >= 0 && listener_on_loopback(&listener, &name) >= 0);
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) >= 0);
    ps_watch w = {.fd = s};
    REQUIRE(ops->add(p, &w) >= 0);
    CHECK(settles(p)); /* whatever a fresh socket shows (Linux: writable and hung up), it does not go on */
    int r = ps_connect(s, (struct sockaddr *)&name, sizeof name);
    CHECK(r == 0 || r == -PS_WSAEWOULDBLOCK);
    ps_poller_rearm(p, &w, PS_ALL);
    CHECK(shows(p, &w, PS_OUT));
    EQUAL(ps_take_error(s), 0);
    REQUIRE(until_ready(listener, PS_IN) & PS_IN);
    REQUIRE(ps_accept(listener, NULL, NULL, &a) >= 0);
    EQUAL(ps_send(a, "x", 1, 0), 1);
    CHECK(shows(p, &w, PS_IN));
    ops->del(p, &w);
    ops->close(p);
    ps_close(s), ps_close(a), ps_close(listener);
}

static void a_connect_that_fails_is_reported(void) {
    ps_poller *p;
    ps_sock_t s;
    struct sockaddr_in name;
    REQUIRE(ops->open(&p) >= 0 && closed_port(&name) >= 0);
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &s) >= 0);
    ps_watch w = {.fd = s};
    REQUIRE(ops->add(p, &w) >= 0);
    CHECK(settles(p));
    int r = ps_connect(s, (struct sockaddr *)&name, sizeof name);
    CHECK(r == -PS_WSAEWOULDBLOCK || r == -PS_WSAECONNREFUSED);
    ps_poller_rearm(p, &w, PS_ALL);
    if (r == -PS_WSAEWOULDBLOCK) {
        CHECK(shows(p, &w, PS_OUT | PS_IN));
        EQUAL(ps_take_error(s), PS_WSAECONNREFUSED);
    }
    CHECK(settles(p));
    ops->del(p, &w);
    ops->close(p);
    ps_close(s);
}

static void pending_connections_are_reported(void) {
    ps_poller *p;
    ps_sock_t s, one, two, a;
    struct sockaddr_in name;
    REQUIRE(ops->open(&p) >= 0 && bound_to_loopback(SOCK_STREAM, &s, &name) >= 0);
    ps_watch w = {.fd = s};
    REQUIRE(ops->add(p, &w) >= 0);
    CHECK(settles(p));
    REQUIRE(ps_listen(s, 5) >= 0);
    ps_poller_rearm(p, &w, PS_ALL);
    CHECK(settles(p));
    REQUIRE(connect_to(&name, &one) >= 0);
    CHECK(shows(p, &w, PS_IN));
    EQUAL(ps_accept(s, NULL, NULL, &a), 0);
    ps_close(a);
    EQUAL(ps_accept(s, NULL, NULL, &a), -PS_WSAEWOULDBLOCK);
    ps_poller_rearm(p, &w, PS_IN);
    CHECK(settles(p));
    REQUIRE(connect_to(&name, &two) >= 0);
    CHECK(shows(p, &w, PS_IN));
    ops->del(p, &w);
    ops->close(p);
    ps_close(s), ps_close(one), ps_close(two);
}

/* --- leaving --------------------------------------------------------------------------------------------------- */

static void nothing_is_reported_after_del(bench *b) {
    EQUAL(ps_send(b->peer, "abc", 3, 0), 3);
    REQUIRE(until_ready(b->w.fd, PS_IN) & PS_IN); /* an edge is pending */
    ops->del(b->p, &b->w);
    EQUAL(b->w.slot, -1);
    EQUAL(ps_send(b->peer, "def", 3, 0), 3);
    ps_event e[MANY];
    for (int i = 0; i < 3; i++) EQUAL(ops->wait(b->p, e, MANY, 1000000), 0);
    ops->del(b->p, &b->w); /* twice does no harm */
}

static void a_reused_number_inherits_nothing(bench *b) {
    ps_sock_t s, peer;
    for (int i = 0; i < 20; i++) {
        EQUAL(ps_send(b->peer, "old", 3, 0), 3);
        REQUIRE(until_ready(b->w.fd, PS_IN) & PS_IN);
        ops->del(b->p, &b->w);
        ps_close(b->w.fd);
        ps_close(b->peer);
        REQUIRE(tcp_pair(&s, &peer) >= 0); /* very likely the same numbers, and the poller's same slot */
        b->peer = peer;
        b->w = (ps_watch){.fd = s, .slot = -1};
        REQUIRE(ops->add(b->p, &b->w) >= 0);
        EQUAL(collect(b->p, &b->w, PS_OUT) & (PS_IN | PS_RDHUP | PS_ERR), 0);
        CHECK(settles(b->p));
    }
}

#ifndef _WIN32
/* Somebody closes the descriptor behind our back while a copy of it lives: what comes later must not lead to the
 * watch, which is freed memory by then. */
static void a_number_closed_behind_our_back_is_forgotten(bench *b) {
    ps_watch *w = malloc(sizeof *w);
    ps_sock_t s, peer;
    REQUIRE(w && tcp_pair(&s, &peer) >= 0);
    *w = (ps_watch){.fd = s, .slot = -1};
    REQUIRE(ops->add(b->p, w) >= 0);
    int copy = dup(s);
    close(s);
    ops->del(b->p, w);
    memset(w, 0x5A, sizeof *w);
    free(w);
    EQUAL(ps_send(peer, "abc", 3, 0), 3);
    REQUIRE(until_ready(copy, PS_IN) & PS_IN);
    ps_event e[MANY];
    for (int i = 0; i < 3; i++) {
        int n = ops->wait(b->p, e, MANY, 1000000);
        for (int k = 0; k < n; k++) CHECK(e[k].watch == &b->w);
    }
    EQUAL(ps_send(b->peer, "x", 1, 0), 1); /* and the others go on */
    CHECK(shows(b->p, &b->w, PS_IN));
    close(copy);
    ps_close(peer);
}

static void a_bad_descriptor_is_refused(bench *b) {
    ps_watch w = {.fd = dup(b->w.fd), .slot = -1};
    REQUIRE(w.fd >= 0 && close(w.fd) == 0);
    EQUAL(ops->add(b->p, &w), -PS_WSAENOTSOCK);
    EQUAL(w.slot, -1);
}
#endif

/* --- waking and waiting ------------------------------------------------------------------------------------------ */

static void a_wake_before_the_wait_is_kept_and_used_up(bench *b) {
    ps_event e[MANY];
    CHECK(settles(b->p));
    for (int i = 0; i < 3; i++) ops->wake(b->p);
    EQUAL(ops->wait(b->p, e, MANY, -1), 0);
    int64_t start = ps_now_ns();
    EQUAL(ops->wait(b->p, e, MANY, 20000000), 0);
    CHECK(ps_now_ns() - start >= 20000000); /* nothing was left of it */
}

static void wake_it(void *p) {
    nap_ms(20);
    ops->wake(p);
}

static void a_wake_from_another_thread_ends_the_wait(bench *b) {
    ps_event e[MANY];
    CHECK(settles(b->p));
    for (int i = 0; i < 5; i++) {
        thread t = {.run = wake_it, .arg = b->p};
        REQUIRE(thread_start(&t) == 0);
        EQUAL(ops->wait(b->p, e, MANY, -1), 0);
        thread_join(&t);
    }
}

/* Events and a wake-up in one batch: both arrive. */
static void a_wake_hides_no_event(bench *b) {
    CHECK(settles(b->p));
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    REQUIRE(until_ready(b->w.fd, PS_IN) & PS_IN);
    ops->wake(b->p);
    CHECK(shows(b->p, &b->w, PS_IN));
}

#ifndef _WIN32
static ps_poller *volatile handled;
static void on_signal(int number) {
    (void)number;
    ops->wake(handled);
}

static void a_wake_from_a_signal_handler_ends_the_wait(bench *b) {
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
    struct itimerval soon = {{0, 0}, {0, 20000}};
    ps_event e[MANY];
    CHECK(settles(b->p));
    handled = b->p;
    REQUIRE(sigaction(SIGALRM, &act, &old) == 0);
    REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    EQUAL(ops->wait(b->p, e, MANY, -1), 0);
    sigaction(SIGALRM, &old, NULL);
}

static void do_nothing(int number) { (void)number; }

static void a_signal_ends_the_wait(bench *b) {
    struct sigaction act = {.sa_handler = do_nothing}, old;
    struct itimerval soon = {{0, 50000}, {0, 50000}}, never = {{0, 0}, {0, 0}};
    ps_event e[MANY];
    CHECK(settles(b->p));
    REQUIRE(sigaction(SIGALRM, &act, &old) == 0);
    REQUIRE(setitimer(ITIMER_REAL, &soon, NULL) == 0); /* again and again, should the first come before the wait */
    EQUAL(ops->wait(b->p, e, MANY, -1), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &old, NULL);
}
#endif

static void timeouts_never_end_early(bench *b) {
    static const int64_t TIMES[] = {1, 1000, 300000, 999999, 1000001, 1500000, 20000000};
    ps_event e[MANY];
    CHECK(settles(b->p));
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        int64_t start = ps_now_ns();
        EQUAL(ops->wait(b->p, e, MANY, TIMES[i]), 0);
        int64_t took = ps_now_ns() - start;
        if (!CHECK(took >= TIMES[i])) printf("        %lld of %lld ns\n", (long long)took, (long long)TIMES[i]);
    }
    EQUAL(ops->wait(b->p, e, MANY, 0), 0);
}

static void an_empty_poller_can_wait(void) {
    ps_poller *p;
    ps_event e[MANY];
    REQUIRE(ops->open(&p) >= 0);
    EQUAL(ops->wait(p, e, MANY, 0), 0);
    EQUAL(ops->wait(p, e, MANY, 1000000), 0);
    ops->wake(p);
    EQUAL(ops->wait(p, e, MANY, -1), 0);
    ops->close(p);
}

static void the_descriptor_tells_of_pending_work(bench *b) {
    ps_sock_t fd = ops->fd(b->p);
    if (fd == PS_BAD_SOCK) NOT_HERE("the mechanism has no descriptor");
    CHECK(ps_ready(fd, PS_IN) & PS_IN); /* the registration's own report */
    CHECK(settles(b->p));
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0);
    ops->wake(b->p);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    CHECK(settles(b->p));
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0);
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    CHECK(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0); /* collected, though the byte is unread */
}

#ifndef _WIN32
static void forget_in_a_child_leaves_the_parent_whole(bench *b) {
    CHECK(settles(b->p));
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ops->forget(b->p);
        ps_poller *own;
        int ok = ps_close(b->w.fd) == 0 && ps_close(b->peer) == 0 && ops->open(&own) >= 0;
        ps_event e[MANY];
        if (ok) {
            ops->wake(own);
            ok = ops->wait(own, e, MANY, -1) == 0;
            ops->close(own);
        }
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    EQUAL(status, 0);
    EQUAL(ps_send(b->peer, "abc", 3, 0), 3);
    CHECK(shows(b->p, &b->w, PS_IN));
    ops->wake(b->p);
    CHECK(settles(b->p));
}
#endif

/* --- numbers ------------------------------------------------------------------------------------------------------ */

enum { CROWD = 2000 };

/* More sockets than any fixed table of select() or WaitForMultipleObjects holds, small batches, each reported. */
static void two_thousand_sockets(void) {
    static ps_watch w[CROWD];
    static uint32_t seen[CROWD];
    ps_poller *p;
    ps_sock_t listener;
    struct sockaddr_in name;
    REQUIRE(ops->open(&p) >= 0 && listener_on_loopback(&listener, &name) >= 0);
    int made = 0;
    for (; made < CROWD; made += 2) {
        int r = tcp_pair_from(listener, &name, &w[made].fd, &w[made + 1].fd);
        if (r < 0) {
            EQUAL(r, 0);
            break;
        }
    }
    EQUAL(made, CROWD);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < made; i++) CHECK(ops->add(p, &w[i]) >= 0);
    static const uint32_t STEPS[] = {PS_OUT, PS_IN, PS_IN}; /* the third: rearmed after a drain */
    for (size_t step = 0; step < sizeof STEPS / sizeof *STEPS; step++) {
        char c[4];
        for (int i = 0; i < made; i++) {
            seen[i] = 0;
            if (step == 2) {
                EQUAL(ps_recv(w[i].fd, c, sizeof c, 0), 1);
                ps_poller_rearm(p, &w[i], PS_IN);
            }
        }
        for (int i = 0; step && i < made; i++) EQUAL(ps_send(w[i].fd, "x", 1, 0), 1);
        int left = made;
        ps_event e[31]; /* small on purpose: what does not fit comes with the next wait */
        int64_t deadline = ps_now_ns() + PATIENCE_MS * (int64_t)1000000;
        while (left > 0 && ps_now_ns() < deadline) {
            int n = ops->wait(p, e, 31, 100000000);
            if (!CHECK(n >= 0)) break;
            for (int i = 0; i < n; i++) {
                int k = (int)(e[i].watch - w);
                if ((e[i].bits & STEPS[step]) && !seen[k]) left--;
                seen[k] |= e[i].bits & STEPS[step];
            }
        }
        EQUAL(left, 0);
    }
    for (int i = 0; i < made; i++) {
        ops->del(p, &w[i]);
        ps_close(w[i].fd);
    }
    ps_close(listener);
    ops->close(p);
}

/* Watches come and go in no order; whoever is registered hears of his byte, and nobody else. */
static void comers_and_goers(void) {
    enum { SEATS = 150 };
    static ps_watch w[SEATS];
    static ps_sock_t peer[SEATS];
    ps_poller *p;
    ps_sock_t listener;
    struct sockaddr_in name;
    unsigned dice = 12345;
    REQUIRE(ops->open(&p) >= 0 && listener_on_loopback(&listener, &name) >= 0);
    for (int i = 0; i < SEATS; i++) {
        REQUIRE(tcp_pair_from(listener, &name, &w[i].fd, &peer[i]) >= 0);
        w[i].slot = -1;
    }
    for (int round = 0; round < 400; round++) {
        dice = dice * 1103515245u + 12345u;
        int i = (int)(dice >> 16) % SEATS;
        if (w[i].slot < 0) CHECK(ops->add(p, &w[i]) >= 0);
        else ops->del(p, &w[i]);
        int k = (int)(dice >> 8) % SEATS;
        char c[64];
        EQUAL(ps_send(peer[k], "x", 1, 0), 1);
        REQUIRE(until_ready(w[k].fd, PS_IN) & PS_IN);
        int there = w[k].slot >= 0;
        ps_event e[MANY];
        int n, heard = 0;
        for (int tries = 0; tries < 50 && !(there && heard); tries++) {
            n = ops->wait(p, e, MANY, there ? 10000000 : 0);
            for (int j = 0; j < n; j++) {
                CHECK(e[j].watch->slot >= 0);
                heard |= e[j].watch == &w[k] && e[j].bits & PS_IN;
            }
            if (!there && n == 0) break;
        }
        EQUAL(heard, there);
        CHECK(ps_recv(w[k].fd, c, sizeof c, 0) == 1);
        if (there) ps_poller_rearm(p, &w[k], PS_IN);
    }
    for (int i = 0; i < SEATS; i++) {
        ops->del(p, &w[i]);
        ps_close(w[i].fd);
        ps_close(peer[i]);
    }
    ps_close(listener);
    ops->close(p);
}

static void two_pollers_do_not_meet(bench *b) {
    bench other;
    if (bench_open(&other)) {
        CHECK(settles(b->p));
        CHECK(settles(other.p));
        ops->wake(other.p);
        EQUAL(ps_send(other.peer, "a", 1, 0), 1);
        REQUIRE(until_ready(other.w.fd, PS_IN) & PS_IN);
        ps_event e[MANY];
        EQUAL(ops->wait(b->p, e, MANY, 1000000), 0);
        CHECK(shows(other.p, &other.w, PS_IN));
    }
    bench_close(&other);
}

/* --- choosing ------------------------------------------------------------------------------------------------------ */

static void set_wish(const char *name) {
#ifdef _WIN32
    _putenv_s("PYSOCK_POLLER", name ? name : "");
#else
    if (name) setenv("PYSOCK_POLLER", name, 1);
    else unsetenv("PYSOCK_POLLER");
#endif
}

static void the_environment_chooses(void) {
    ps_poller *p;
    for (const ps_poller_ops *const *o = ps_pollers; *o; o++) {
        set_wish((*o)->name);
        REQUIRE(ps_poller_open(NULL, &p) >= 0);
        CHECK(p->ops == *o);
        p->ops->close(p);
        REQUIRE(ps_poller_open(ps_pollers[0]->name, &p) >= 0); /* an argument outweighs it */
        CHECK(p->ops == ps_pollers[0]);
        p->ops->close(p);
    }
    set_wish("nonesuch");
    EQUAL(ps_poller_open(NULL, &p), -PS_WSAEINVAL);
    CHECK(p == NULL);
    set_wish("");
    REQUIRE(ps_poller_open(NULL, &p) >= 0);
    CHECK(p->ops == ps_pollers[0]);
    p->ops->close(p);
    set_wish(NULL);
    EQUAL(ps_poller_open("nonesuch", &p), -PS_WSAEINVAL);
}

#define ON_BENCH(body)                  \
    do {                                \
        bench b_;                       \
        check_start();                  \
        if (bench_open(&b_)) body(&b_); \
        bench_close(&b_);               \
        check_count(ops->name, #body);  \
    } while (0)

int main(int argc, char **argv) {
    if (ps_startup() < 0) return 2;
#ifndef _WIN32
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
#endif
    int tested = 0;
    for (const ps_poller_ops *const *o = ps_pollers; *o; o++) {
        ops = *o;
        if (argc > 1 && strcmp(argv[1], ops->name) != 0) continue;
        tested++;
        int before = check_passed;
        ON_BENCH(what_holds_at_registration_is_reported_once);
        ON_BENCH(data_is_reported_once);
        ON_BENCH(data_there_before_registration_is_reported);
        ON_BENCH(rearmed_after_a_drain_new_data_is_reported);
        ON_BENCH(data_between_drain_and_rearm_is_reported);
        ON_BENCH(room_after_a_full_buffer_is_reported);
        ON_BENCH(room_is_reported_when_the_peer_sends_no_more);
        RUN(ops->name, datagrams_even_empty_ones_are_reported());
        ON_BENCH(end_of_stream_wakes_the_reader);
        ON_BENCH(end_of_stream_behind_data_is_reported_after_the_drain);
        ON_BENCH(hang_up_wakes_both_and_falls_silent);
        ON_BENCH(a_reset_wakes_both_and_falls_silent);
        ON_BENCH(a_reset_is_reported_after_a_rearm);
        ON_BENCH(urgent_data_is_reported_each_time);
        RUN(ops->name, a_connect_that_succeeds_is_reported());
        RUN(ops->name, a_connect_that_fails_is_reported());
        RUN(ops->name, pending_connections_are_reported());
        ON_BENCH(nothing_is_reported_after_del);
        ON_BENCH(a_reused_number_inherits_nothing);
        ON_BENCH(a_wake_before_the_wait_is_kept_and_used_up);
        ON_BENCH(a_wake_from_another_thread_ends_the_wait);
        ON_BENCH(a_wake_hides_no_event);
        ON_BENCH(timeouts_never_end_early);
        RUN(ops->name, an_empty_poller_can_wait());
        ON_BENCH(the_descriptor_tells_of_pending_work);
        ON_BENCH(two_pollers_do_not_meet);
        RUN(ops->name, two_thousand_sockets());
        RUN(ops->name, comers_and_goers());
#ifndef _WIN32
        ON_BENCH(a_number_closed_behind_our_back_is_forgotten);
        ON_BENCH(a_bad_descriptor_is_refused);
        ON_BENCH(a_wake_from_a_signal_handler_ends_the_wait);
        ON_BENCH(a_signal_ends_the_wait);
        ON_BENCH(forget_in_a_child_leaves_the_parent_whole);
#endif
        printf("  %s: %d cases\n", ops->name, check_passed - before);
    }
    if (!tested) printf("  no poller %s in this build\n", argv[1]);
    RUN("choice", the_environment_chooses());
    return check_end("test_poller") || !tested;
}
