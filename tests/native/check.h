/* check.h: enough of a test frame for a main() without Python.
 *
 * A case is a function; RUN counts it as passed when no CHECK in it failed.  REQUIRE also leaves the function,
 * for steps that nothing after can do without.  NOT_HERE leaves it uncounted, and says why.  The last line of every
 * main is "N passed, M failed".
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

static int check_passed, check_failed, check_bad, check_left_out;

static inline int check_that(int ok, const char *what, const char *file, int line) {
    if (!ok) {
        check_bad++;
        printf("    %s:%d: not so: %s\n", file, line, what);
    }
    return ok;
}

#define CHECK(cond) check_that(!!(cond), #cond, __FILE__, __LINE__)
#define REQUIRE(cond)                                                     \
    do {                                                                  \
        if (!check_that(!!(cond), #cond, __FILE__, __LINE__)) return;     \
    } while (0)

#define NOT_HERE(why)                              \
    do {                                           \
        check_left_out = 1;                        \
        printf("  left out: %s: %s\n", __func__, why); \
        return;                                    \
    } while (0)

/* For two numbers: tells both. */
#define EQUAL(a, b)                                                                              \
    do {                                                                                         \
        long long got_ = (long long)(a), want_ = (long long)(b);                                 \
        if (!check_that(got_ == want_, #a " == " #b, __FILE__, __LINE__))                        \
            printf("        %lld is not %lld\n", got_, want_);                                   \
    } while (0)

static inline void check_start(void) { check_bad = check_left_out = 0; }

static inline void check_count(const char *label, const char *name) {
    if (check_bad) {
        check_failed++;
        printf("  FAILED %s %s\n", label, name);
    } else if (!check_left_out) {
        check_passed++;
    }
    fflush(stdout);
}

#define RUN(label, call)          \
    do {                          \
        check_start();            \
        call;                     \
        check_count(label, #call); \
    } while (0)

static inline int check_end(const char *name) {
    printf("%s: %d passed, %d failed\n", name, check_passed, check_failed);
    return check_failed || !check_passed;
}

#endif
