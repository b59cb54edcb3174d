/* poll_helper.c: gives a mechanism without a descriptor one (spec PY-24), for who waits in a loop of his own.
 *
 * A thread waits in the owner's place, and signals one end of a wake-up whose other end is the descriptor.  It is a
 * poller itself, around the real one, and only hands the turn to and fro: the real one is the helper's from
 * ps_poller_rest on, and the owner's again as soon as the owner does anything with it.  So the two never touch it
 * at the same time, and no code of the owner's runs in the helper.
 *
 * What the helper has found is kept until the owner's next ps_poller_wait.
 */
#include "ps_poller.h"

#include <stdlib.h>

#ifdef _WIN32
#  include <process.h>
typedef CRITICAL_SECTION lock;
typedef CONDITION_VARIABLE signal_;
typedef HANDLE thread;
static void lock_init(lock *l) { InitializeCriticalSection(l); }
static void lock_free(lock *l) { DeleteCriticalSection(l); }
static void take(lock *l) { EnterCriticalSection(l); }
static void give(lock *l) { LeaveCriticalSection(l); }
static void signal_init(signal_ *s) { InitializeConditionVariable(s); }
static void signal_free(signal_ *s) { (void)s; }
static void signal_set(signal_ *s) { WakeConditionVariable(s); }
static void signal_wait(signal_ *s, lock *l) { SleepConditionVariableCS(s, l, INFINITE); }
#else
#  include <pthread.h>
#  include <signal.h>
typedef pthread_mutex_t lock;
typedef pthread_cond_t signal_;
typedef pthread_t thread;
static void lock_init(lock *l) { pthread_mutex_init(l, NULL); }
static void lock_free(lock *l) { pthread_mutex_destroy(l); }
static void take(lock *l) { pthread_mutex_lock(l); }
static void give(lock *l) { pthread_mutex_unlock(l); }
static void signal_init(signal_ *s) { pthread_cond_init(s, NULL); }
static void signal_free(signal_ *s) { pthread_cond_destroy(s); }
static void signal_set(signal_ *s) { pthread_cond_signal(s); }
static void signal_wait(signal_ *s, lock *l) { pthread_cond_wait(s, l); }
#endif

enum { BATCH = 256 };
enum { OWNERS, HELPERS, NOBODYS }; /* whose turn it is; nobody's: the helper shall end */

typedef struct {
    ps_poller base;
    ps_poller_ops ops; /* ours, under the real one's name */
    ps_poller *real;
    ps_wake ready; /* rd is the descriptor */
    lock turns;
    signal_ to_helper, to_owner;
    int turn;
    int waiting, wanted; /* the helper is in the real one's wait; the owner wants it to end */
    thread helper;
    ps_event found[BATCH];
    int count; /* of found; < 0: the error of a wait */
} poller;

static void help(poller *p) {
    take(&p->turns);
    for (;;) {
        while (p->turn == OWNERS) signal_wait(&p->to_helper, &p->turns);
        if (p->turn == NOBODYS) break;
        p->waiting = 1;
        give(&p->turns);
        int n = p->real->ops->wait(p->real, p->found, BATCH, -1);
        take(&p->turns);
        p->waiting = 0;
        p->count = n;
        if (n) ps_wake_set(&p->ready);
        else if (!p->wanted) continue;
        p->turn = OWNERS;
        signal_set(&p->to_owner);
    }
    give(&p->turns);
}

#ifdef _WIN32
static unsigned __stdcall helper_main(void *p) {
    help((poller *)p);
    return 0;
}

static int start(poller *p) {
    p->helper = (HANDLE)_beginthreadex(NULL, 0, helper_main, p, 0, NULL);
    return p->helper ? 0 : -PS_WSAENOBUFS;
}

static void join(poller *p) {
    WaitForSingleObject(p->helper, INFINITE);
    CloseHandle(p->helper);
}
#else
static void *helper_main(void *p) {
    help((poller *)p);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start(poller *p) {
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return -PS_WSAENOBUFS;
    int r = pthread_create(&p->helper, NULL, helper_main, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r == 0 ? 0 : -PS_WSAENOBUFS;
}

static void join(poller *p) { pthread_join(p->helper, NULL); }
#endif

/* --- the owner's side ------------------------------------------------------------------------------------- */

/* After this the real poller is the owner's.  Returns whether the helper had it. */
static int take_back(poller *p) {
    take(&p->turns);
    int had = p->turn == HELPERS;
    if (had && !p->waiting) p->turn = OWNERS; /* it has not begun */
    if (p->turn == HELPERS) {
        p->wanted = 1;
        p->real->ops->wake(p->real);
        while (p->turn == HELPERS) signal_wait(&p->to_owner, &p->turns);
        p->wanted = 0;
    }
    give(&p->turns);
    return had;
}

static void helped_rest(ps_poller *base) {
    poller *p = (poller *)base;
    if (p->count) { /* enough to do, and the descriptor says so */
        ps_wake_set(&p->ready);
        return;
    }
    take(&p->turns);
    p->turn = HELPERS;
    signal_set(&p->to_helper);
    give(&p->turns);
}

/* Between two waits the owner only borrows the real one. */
static int helped_add(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    int had = take_back(p);
    int r = p->real->ops->add(p->real, w);
    if (had) helped_rest(base);
    return r;
}

static void helped_del(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    int had = take_back(p);
    p->real->ops->del(p->real, w);
    int kept = 0;
    for (int i = 0; i < p->count; i++)
        if (p->found[i].watch != w) p->found[kept++] = p->found[i];
    if (p->count > 0) p->count = kept;
    if (had) helped_rest(base);
}

static void helped_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    poller *p = (poller *)base;
    int had = take_back(p);
    p->real->ops->rearm(p->real, w, bits);
    if (had) helped_rest(base);
}

/* What the helper has found is asked for again rather than passed on: the owner may have read it since. */
static int helped_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    poller *p = (poller *)base;
    take_back(p);
    if (ps_ready(p->ready.rd, PS_IN) & PS_IN) {
        ps_wake_clear(&p->ready);
        timeout_ns = 0; /* woken, or there is something: the helper may have used up the real one's wake-up */
    }
    int found = p->count;
    p->count = 0;
    if (found < 0) return found;
    for (int i = 0; i < found; i++) p->real->ops->rearm(p->real, p->found[i].watch, p->found[i].bits & PS_ALL);
    return p->real->ops->wait(p->real, out, max, timeout_ns);
}

static void helped_wake(ps_poller *base) {
    poller *p = (poller *)base;
    p->real->ops->wake(p->real);
    ps_wake_set(&p->ready);
}

static ps_sock_t helped_fd(ps_poller *base) { return ((poller *)base)->ready.rd; }

static void dispose(poller *p) {
    ps_wake_close(&p->ready);
    free(p);
}

static void helped_close(ps_poller *base) {
    poller *p = (poller *)base;
    take_back(p);
    take(&p->turns);
    p->turn = NOBODYS;
    signal_set(&p->to_helper);
    give(&p->turns);
    join(p);
    p->real->ops->close(p->real);
    signal_free(&p->to_helper);
    signal_free(&p->to_owner);
    lock_free(&p->turns);
    dispose(p);
}

/* The child has no helper, and the lock may have been held when it was copied: they are left alone. */
static void helped_forget(ps_poller *base) {
    poller *p = (poller *)base;
    p->real->ops->forget(p->real);
    dispose(p);
}

int ps_poller_embed(ps_poller **poller_) {
    ps_poller *real = *poller_;
    if (real->ops->fd(real) != PS_BAD_SOCK) return 0;
    poller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->real = real;
    p->ops = (ps_poller_ops){
        .name = real->ops->name,
        .level = real->ops->level,
        .open = real->ops->open,
        .close = helped_close,
        .add = helped_add,
        .del = helped_del,
        .rearm = helped_rearm,
        .wait = helped_wait,
        .wake = helped_wake,
        .fd = helped_fd,
        .forget = helped_forget,
        .rest = helped_rest,
    };
    p->base.ops = &p->ops;
    int r = ps_wake_open(&p->ready);
    if (r < 0) {
        free(p);
        return r;
    }
    lock_init(&p->turns);
    signal_init(&p->to_helper);
    signal_init(&p->to_owner);
    r = start(p);
    if (r < 0) {
        signal_free(&p->to_helper);
        signal_free(&p->to_owner);
        lock_free(&p->turns);
        dispose(p);
        return r;
    }
    *poller_ = &p->base;
    return 0;
}
