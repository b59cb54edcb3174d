/* test_poller.c: the contract of ps_poller.h, what is reported and how often, on every mechanism of this build. */
#include "poller_bench.h"

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
        EQUAL(collect(p, &w, PS_IN) & (PS_IN | PS_RDHUP), PS_IN); /* an empty one is no end */
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
    CHECK(shows(b->p, &b->w, PS_IN | PS_RDHUP));
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
    CHECK(shows(b->p, &b->w, PS_IN | PS_RDHUP));
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

/* A helper sees it first and its owner asks again (ps_lookout.h): what tells a reset from an orderly end must stay. */
static void a_reset_is_told_again_as_what_it_is(bench *b) {
    if (!ops->level) NOT_HERE("an edge-triggered mechanism tells it once");
    CHECK(settles(b->p));
    REQUIRE(abort_connection(b->peer) >= 0);
    b->peer = PS_BAD_SOCK;
    uint32_t first = collect(b->p, &b->w, PS_IN | PS_OUT | PS_ERR);
    CHECK(first & PS_ERR);
    ps_poller_rearm(b->p, &b->w, first);
    EQUAL(collect(b->p, &b->w, first) & first, first);
    CHECK(settles(b->p));
}

/* --- urgent data ---------------------------------------------------------------------------------------------- */

static void urgent_data_is_reported_each_time(bench *b) {
    char c = 0;
#ifdef __APPLE__
    if (strcmp(ops->name, "poll") == 0) NOT_HERE("macOS's poll() does not tell of urgent data");
#endif
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

/* macOS's exception filter and its poll() have more to say than that. */
static void neither_data_nor_the_end_is_urgent(bench *b) {
    EQUAL(ps_send(b->peer, "a", 1, 0), 1);
    REQUIRE(ps_shutdown(b->peer, PS_SHUT_SENDS) >= 0);
    uint32_t seen = collect(b->p, &b->w, PS_IN | PS_RDHUP);
    ps_event e[MANY];
    for (int i = 0; i < 3; i++) {
        int n = ops->wait(b->p, e, MANY, 1000000);
        for (int k = 0; k < n; k++) seen |= e[k].bits;
    }
    EQUAL(seen & PS_PRI, 0);
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

static void cases(void) {
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
    ON_BENCH(a_reset_is_told_again_as_what_it_is);
    ON_BENCH(urgent_data_is_reported_each_time);
    ON_BENCH(neither_data_nor_the_end_is_urgent);
    RUN(ops->name, a_connect_that_succeeds_is_reported());
    RUN(ops->name, a_connect_that_fails_is_reported());
    RUN(ops->name, pending_connections_are_reported());
}

int main(int argc, char **argv) {
    if (ps_startup() < 0) return 2;
    int tested = on_each_poller(argc > 1 ? argv[1] : NULL, cases);
    return check_end("test_poller") || !tested;
}
