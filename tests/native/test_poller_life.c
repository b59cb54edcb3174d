/* test_poller_life.c: the contract of ps_poller.h, leaving, waking, waiting, forking, crowds and choice, on every
 * mechanism of this build.
 */
#include "poller_bench.h"

#ifndef _WIN32
#  include <signal.h>
#  include <sys/resource.h>
#  include <sys/time.h>
#  include <sys/wait.h>
#  include <unistd.h>
#endif

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
    ops->fd(b->p);
    CHECK(until_ready(fd, PS_IN) & PS_IN); /* the registration's own report */
    CHECK(settles(b->p));
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0);
    ops->fd(b->p);
    ops->wake(b->p);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    CHECK(settles(b->p));
    ops->fd(b->p);
    nap_ms(20);
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0);
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    CHECK(shows(b->p, &b->w, PS_IN));
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0); /* collected, though the byte is unread */
}

static void at_rest_a_poller_can_be_changed(bench *b) {
    ps_sock_t fd = ops->fd(b->p), s, peer;
    if (fd == PS_BAD_SOCK) NOT_HERE("the mechanism has no descriptor");
    CHECK(settles(b->p));
    ops->fd(b->p);
    REQUIRE(tcp_pair(&s, &peer) >= 0);
    ps_watch w = {.fd = s, .slot = -1};
    REQUIRE(ops->add(b->p, &w) >= 0);
    CHECK(until_ready(fd, PS_IN) & PS_IN); /* its registration's report */
    CHECK(shows(b->p, &w, PS_OUT));
    CHECK(settles(b->p));
    ops->fd(b->p);
    EQUAL(ps_send(peer, "a", 1, 0), 1);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    ops->del(b->p, &w); /* what was found for it goes with it */
    ps_close(s);
    ps_close(peer);
    w = (ps_watch){.fd = PS_BAD_SOCK, .slot = -1};
    CHECK(settles(b->p));
    ops->fd(b->p);
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    CHECK(shows(b->p, &b->w, PS_IN));
    char c;
    EQUAL(ps_recv(b->w.fd, &c, 1, 0), 1);
    ops->fd(b->p);
    ps_poller_rearm(b->p, &b->w, PS_IN);
    nap_ms(20);
    EQUAL(ps_ready(fd, PS_IN) & PS_IN, 0);
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    CHECK(until_ready(fd, PS_IN) & PS_IN);
    ops->fd(b->p); /* and it is closed by a helper's turn */
}

#ifndef _WIN32
static void forget_in_a_child_leaves_the_parent_whole(bench *b) {
    if (getenv("PS_QEMU") && b->p->ops->name != ops->name) NOT_HERE("qemu-user aborts in a fork beside a thread");
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

static void cases(void) {
    ON_BENCH(nothing_is_reported_after_del);
    ON_BENCH(a_reused_number_inherits_nothing);
    ON_BENCH(a_wake_before_the_wait_is_kept_and_used_up);
    ON_BENCH(a_wake_from_another_thread_ends_the_wait);
    ON_BENCH(a_wake_hides_no_event);
    ON_BENCH(timeouts_never_end_early);
    RUN(ops->name, an_empty_poller_can_wait());
    ON_BENCH(the_descriptor_tells_of_pending_work);
    ON_BENCH(at_rest_a_poller_can_be_changed);
    RUN(ops->name, two_thousand_sockets());
    RUN(ops->name, comers_and_goers());
    ON_BENCH(two_pollers_do_not_meet);
#ifndef _WIN32
    ON_BENCH(a_number_closed_behind_our_back_is_forgotten);
    ON_BENCH(a_bad_descriptor_is_refused);
    ON_BENCH(a_wake_from_a_signal_handler_ends_the_wait);
    ON_BENCH(a_signal_ends_the_wait);
    ON_BENCH(forget_in_a_child_leaves_the_parent_whole);
#endif
}

int main(int argc, char **argv) {
    if (ps_startup() < 0) return 2;
#ifndef _WIN32
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
#endif
    int tested = on_each_poller(argc > 1 ? argv[1] : NULL, cases);
    RUN("choice", the_environment_chooses());
    return check_end("test_poller_life") || !tested;
}
