/* test_double.c: the double against the manual pages, sentence by sentence. */
#define _GNU_SOURCE /* POLLRDHUP */
#include "../check.h"
#include "../net.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/event.h>

static const struct timespec AT_ONCE = {0, 0}, PATIENT = {20, 0};

typedef struct {
    int kq, a, b;
} bench;

static int bench_open(bench *t) {
    return CHECK((t->kq = kqueue()) >= 0) && CHECK(tcp_pair(&t->a, &t->b) == 0);
}

static void bench_close(bench *t) {
    close(t->kq);
    if (t->a >= 0) ps_close(t->a);
    if (t->b >= 0) ps_close(t->b);
}

static int add(const bench *t, int filter, void *udata) {
    struct kevent c;
    EV_SET(&c, t->a, (short)filter, EV_ADD | EV_CLEAR, filter == EVFILT_EXCEPT ? NOTE_OOB : 0, 0, udata);
    return kevent(t->kq, &c, 1, NULL, 0, NULL);
}

static int next_event(const bench *t, struct kevent *e) { return kevent(t->kq, NULL, 0, e, 1, &PATIENT); }
static int nothing(const bench *t) {
    struct kevent e[4];
    return kevent(t->kq, NULL, 0, e, 4, &AT_ONCE) == 0;
}

static void send_and_arrive(const bench *t, const char *text) {
    EQUAL(ps_send(t->b, text, strlen(text), 0), strlen(text));
    until_ready(t->a, PS_IN);
}

static void read_tells_bytes_and_udata_once(bench *t) {
    struct kevent e;
    int mine;
    EQUAL(add(t, EVFILT_READ, &mine), 0);
    CHECK(nothing(t));
    send_and_arrive(t, "hello");
    REQUIRE(next_event(t, &e) == 1);
    CHECK(e.ident == (uintptr_t)t->a && e.filter == EVFILT_READ && e.udata == &mine);
    EQUAL(e.data, 5);
    EQUAL(e.flags & (EV_EOF | EV_ERROR), 0);
    CHECK(nothing(t)); /* EV_CLEAR: "its state is reset" */
    send_and_arrive(t, "!");
    REQUIRE(next_event(t, &e) == 1);
}

static void filters_have_their_own_edges(bench *t) {
    struct kevent e;
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    EQUAL(add(t, EVFILT_WRITE, NULL), 0);
    REQUIRE(next_event(t, &e) == 1);
    EQUAL(e.filter, EVFILT_WRITE);
    send_and_arrive(t, "x");
    REQUIRE(next_event(t, &e) == 1);
    EQUAL(e.filter, EVFILT_READ);
    CHECK(nothing(t)); /* no new write edge came along with the data */
}

static void a_passed_condition_is_not_returned(bench *t) {
    char c;
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    send_and_arrive(t, "x");
    EQUAL(ps_recv(t->a, &c, 1, 0), 1);
    CHECK(nothing(t));
}

static void several_triggers_are_one_event(bench *t) {
    struct kevent e[4];
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    for (int i = 0; i < 3; i++) send_and_arrive(t, "x");
    EQUAL(kevent(t->kq, NULL, 0, e, 4, &PATIENT), 1);
}

static void eof_comes_with_data_pending(bench *t) {
    struct kevent e;
    EQUAL(ps_send(t->b, "abc", 3, 0), 3);
    EQUAL(ps_shutdown(t->b, PS_SHUT_SENDS), 0);
    struct pollfd p = {.fd = t->a, .events = POLLRDHUP};
    REQUIRE(poll(&p, 1, PATIENCE_MS) == 1);
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    REQUIRE(next_event(t, &e) == 1);
    CHECK(e.flags & EV_EOF);
    EQUAL(e.data, 3);
    EQUAL(e.fflags, 0);
}

static void a_reset_has_an_error_in_fflags(bench *t) {
    struct kevent e;
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    EQUAL(abort_connection(t->b), 0);
    t->b = -1;
    REQUIRE(next_event(t, &e) == 1);
    CHECK(e.flags & EV_EOF);
    CHECK(e.fflags != 0);
    EQUAL(ps_take_error(t->a), PS_WSAECONNRESET); /* the filter did not use it up */
}

static void an_unconnected_socket_has_no_events(bench *t) {
    ps_close(t->a);
    REQUIRE(ps_socket(AF_INET, SOCK_STREAM, 0, &t->a) == 0);
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    EQUAL(add(t, EVFILT_WRITE, NULL), 0);
    CHECK(nothing(t));
}

static void urgent_data_is_an_exception(bench *t) {
    struct kevent e;
    EQUAL(add(t, EVFILT_EXCEPT, NULL), 0);
    send_and_arrive(t, "x");
    REQUIRE(next_event(t, &e) == 1);
    EQUAL(e.filter, EVFILT_EXCEPT);
    EQUAL(e.fflags, 0); /* not urgent */
    EQUAL(ps_send(t->b, "u", 1, PS_MSG_OOB), 1);
    REQUIRE(next_event(t, &e) == 1);
    EQUAL(e.filter, EVFILT_EXCEPT);
    EQUAL(e.fflags, NOTE_OOB);
}

static void adding_again_replaces(bench *t) {
    struct kevent e[2];
    int one, two;
    EQUAL(add(t, EVFILT_READ, &one), 0);
    EQUAL(add(t, EVFILT_READ, &two), 0);
    send_and_arrive(t, "x");
    EQUAL(kevent(t->kq, NULL, 0, e, 2, &PATIENT), 1);
    CHECK(e[0].udata == &two);
}

static void deleted_is_silent(bench *t) {
    struct kevent c;
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    send_and_arrive(t, "x");
    EV_SET(&c, t->a, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    EQUAL(kevent(t->kq, &c, 1, NULL, 0, NULL), 0);
    CHECK(nothing(t));
    EQUAL(kevent(t->kq, &c, 1, NULL, 0, NULL), -1);
    EQUAL(errno, ENOENT);
}

static void receipts_collect_no_events(bench *t) {
    struct kevent c[2];
    send_and_arrive(t, "x");
    EV_SET(&c[0], t->a, EVFILT_READ, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&c[1], 9999, EVFILT_READ, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, NULL);
    EQUAL(kevent(t->kq, c, 2, c, 2, NULL), 2); /* one array for both */
    CHECK(c[0].flags & EV_ERROR && c[1].flags & EV_ERROR);
    EQUAL(c[0].data, 0);
    EQUAL(c[1].data, EBADF);
    REQUIRE(next_event(t, &c[0]) == 1);
}

static void errors_go_where_there_is_room(bench *t) {
    struct kevent c, e;
    EV_SET(&c, t->a, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    EQUAL(kevent(t->kq, &c, 1, &e, 1, NULL), 1);
    CHECK(e.flags & EV_ERROR && e.data == ENOENT);
    EQUAL(kevent(t->kq, &c, 1, NULL, 0, NULL), -1);
    EQUAL(errno, ENOENT);
}

static void what_it_cannot_do_it_refuses(bench *t) {
    static const struct {
        short filter;
        unsigned short flags;
    } NOT_OURS[] = {{EVFILT_READ, EV_ADD}, {EVFILT_READ, EV_ADD | EV_CLEAR | 0x10}, {-11, EV_ADD | EV_CLEAR},
                    {EVFILT_EXCEPT, EV_ADD | EV_CLEAR}};
    for (size_t i = 0; i < sizeof NOT_OURS / sizeof *NOT_OURS; i++) {
        struct kevent c;
        EV_SET(&c, t->a, NOT_OURS[i].filter, NOT_OURS[i].flags, 0, 0, NULL);
        EQUAL(kevent(t->kq, &c, 1, NULL, 0, NULL), -1);
        EQUAL(errno, EINVAL);
    }
    EQUAL(kevent(t->a, NULL, 0, NULL, 0, NULL), -1);
    EQUAL(errno, EBADF);
}

static void no_room_for_events_means_no_wait(bench *t) { EQUAL(kevent(t->kq, NULL, 0, NULL, 0, &PATIENT), 0); }

static void a_timeout_is_kept(bench *t) {
    struct timespec short_time = {0, 1500000};
    struct kevent e;
    int64_t start = ps_now_ns();
    EQUAL(kevent(t->kq, NULL, 0, &e, 1, &short_time), 0);
    CHECK(ps_now_ns() - start >= 1500000);
    struct timespec bad = {0, 1000000000};
    EQUAL(kevent(t->kq, NULL, 0, &e, 1, &bad), -1);
    EQUAL(errno, EINVAL);
}

static void the_descriptor_can_be_polled(bench *t) {
    struct kevent e;
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    EQUAL(ps_ready(t->kq, PS_IN) & PS_IN, 0);
    send_and_arrive(t, "x");
    CHECK(until_ready(t->kq, PS_IN) & PS_IN);
    REQUIRE(next_event(t, &e) == 1);
    EQUAL(ps_ready(t->kq, PS_IN) & PS_IN, 0);
}

static void a_short_list_starves_no_filter(bench *t) {
    struct kevent e;
    int seen[2] = {0, 0};
    EQUAL(add(t, EVFILT_READ, NULL), 0);
    EQUAL(add(t, EVFILT_WRITE, NULL), 0);
    send_and_arrive(t, "x");
    for (int i = 0; i < 2; i++) {
        REQUIRE(next_event(t, &e) == 1);
        seen[e.filter == EVFILT_WRITE]++;
    }
    CHECK(seen[0] == 1 && seen[1] == 1);
}

static void a_child_does_not_inherit_it(bench *t) {
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(fcntl(t->kq, F_GETFD) == -1 && kevent(t->kq, NULL, 0, NULL, 0, NULL) == -1 ? 0 : 1);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    EQUAL(status, 0);
    EQUAL(add(t, EVFILT_READ, NULL), 0);
}

static void closing_leaves_no_descriptor(bench *t) {
    int before = dup(t->a), after;
    close(before);
    for (int i = 0; i < 20; i++) {
        int kq = kqueue();
        REQUIRE(kq >= 0);
        EQUAL(close(kq), 0);
    }
    after = dup(t->a);
    EQUAL(after, before); /* the lowest free number is the same */
    close(after);
}

#define ON_BENCH(body)                  \
    do {                                \
        bench t_ = {-1, -1, -1};        \
        check_start();                  \
        if (bench_open(&t_)) body(&t_); \
        bench_close(&t_);               \
        check_count("double", #body);   \
    } while (0)

int main(void) {
    ON_BENCH(read_tells_bytes_and_udata_once);
    ON_BENCH(filters_have_their_own_edges);
    ON_BENCH(a_passed_condition_is_not_returned);
    ON_BENCH(several_triggers_are_one_event);
    ON_BENCH(eof_comes_with_data_pending);
    ON_BENCH(a_reset_has_an_error_in_fflags);
    ON_BENCH(an_unconnected_socket_has_no_events);
    ON_BENCH(urgent_data_is_an_exception);
    ON_BENCH(adding_again_replaces);
    ON_BENCH(deleted_is_silent);
    ON_BENCH(receipts_collect_no_events);
    ON_BENCH(errors_go_where_there_is_room);
    ON_BENCH(what_it_cannot_do_it_refuses);
    ON_BENCH(no_room_for_events_means_no_wait);
    ON_BENCH(a_timeout_is_kept);
    ON_BENCH(the_descriptor_can_be_polled);
    ON_BENCH(a_short_list_starves_no_filter);
    ON_BENCH(a_child_does_not_inherit_it);
    ON_BENCH(closing_leaves_no_descriptor);
    return check_end("test_double");
}
