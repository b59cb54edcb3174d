/* poll_lookout.c: see ps_lookout.h.  The only native file with a thread of its own. */
#include "ps_lookout.h"

#include <stdlib.h>

#ifdef _WIN32
#  include <process.h>
typedef SRWLOCK lock_t;
typedef CONDITION_VARIABLE cond_t;
typedef HANDLE thread_t;
#  define lock_init(l) InitializeSRWLock(l)
#  define lock_take(l) AcquireSRWLockExclusive(l)
#  define lock_give(l) ReleaseSRWLockExclusive(l)
#  define cond_init(c) InitializeConditionVariable(c)
#  define cond_wait(c, l) SleepConditionVariableSRW(c, l, INFINITE, 0)
#  define cond_tell(c) WakeAllConditionVariable(c)
#  define THREAD_RESULT unsigned __stdcall
#else
#  include <pthread.h>
#  include <signal.h>
typedef pthread_mutex_t lock_t;
typedef pthread_cond_t cond_t;
typedef pthread_t thread_t;
#  define lock_init(l) pthread_mutex_init(l, NULL)
#  define lock_take(l) pthread_mutex_lock(l)
#  define lock_give(l) pthread_mutex_unlock(l)
#  define cond_init(c) pthread_cond_init(c, NULL)
#  define cond_wait(c, l) pthread_cond_wait(c, l)
#  define cond_tell(c) pthread_cond_broadcast(c)
#  define THREAD_RESULT void *
#endif

enum { SEEN = 64 };

typedef struct {
    ps_poller base;
    ps_poller_ops ops; /* ours under the inner one's name */
    ps_poller *inner;
    ps_wake out;        /* its end is ops->fd */
    volatile int woken; /* ps_poller_wake since the last wait; a signal handler may set it */
    int away;           /* owner's: the helper was sent out */
    thread_t thread;
    lock_t lock; /* over all that follows */
    cond_t changed;
    int wanted;   /* the helper should stand */
    int standing; /* it does: inner is its own */
    int quit;
    int count; /* edges it has seen and the owner has not taken */
    ps_event seen[SEEN];
} lookout;

static THREAD_RESULT helper(void *arg) {
    lookout *p = arg;
    lock_take(&p->lock);
    while (!p->quit) {
        if (!p->wanted) {
            cond_wait(&p->changed, &p->lock);
            continue;
        }
        p->standing = 1;
        lock_give(&p->lock);
        int n = p->inner->ops->wait(p->inner, p->seen, SEEN, -1);
        lock_take(&p->lock);
        p->standing = 0;
        p->count = n > 0 ? n : 0;
        if (n || p->woken) { /* an error, too, is for the owner's wait to meet */
            p->wanted = 0;
            ps_wake_set(&p->out);
        }
        cond_tell(&p->changed);
    }
    lock_give(&p->lock);
    return 0;
}

static int start(lookout *p) {
#ifdef _WIN32
    p->thread = (HANDLE)_beginthreadex(NULL, 0, helper, p, 0, NULL);
    return p->thread ? 0 : -PS_WSAENOBUFS;
#else
    sigset_t all, before; /* signals are for the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&p->thread, NULL, helper, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r ? -PS_WSAENOBUFS : 0;
#endif
}

static void join(lookout *p) {
#ifdef _WIN32
    WaitForSingleObject(p->thread, INFINITE);
    CloseHandle(p->thread);
#else
    pthread_join(p->thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->changed);
#endif
}

/* From here inner is the owner's.  Was the helper out? */
static int call_in(lookout *p) {
    if (!p->away) return 0;
    p->away = 0;
    lock_take(&p->lock);
    p->wanted = 0;
    while (p->standing) {
        p->inner->ops->wake(p->inner);
        cond_wait(&p->changed, &p->lock);
    }
    lock_give(&p->lock);
    return 1;
}

static void send_out(lookout *p) {
    p->away = 1;
    if (p->count || p->woken) {
        ps_wake_set(&p->out);
        return;
    }
    lock_take(&p->lock);
    p->wanted = 1;
    cond_tell(&p->changed);
    lock_give(&p->lock);
}

static int lookout_add(ps_poller *base, ps_watch *w) {
    lookout *p = (lookout *)base;
    int was_out = call_in(p);
    int r = p->inner->ops->add(p->inner, w);
    if (was_out) send_out(p);
    return r;
}

static void lookout_del(ps_poller *base, ps_watch *w) {
    lookout *p = (lookout *)base;
    int was_out = call_in(p), kept = 0;
    for (int i = 0; i < p->count; i++)
        if (p->seen[i].watch != w) p->seen[kept++] = p->seen[i];
    p->count = kept;
    p->inner->ops->del(p->inner, w);
    if (was_out) send_out(p);
}

static void lookout_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    lookout *p = (lookout *)base;
    int was_out = call_in(p);
    p->inner->ops->rearm(p->inner, w, bits);
    if (was_out) send_out(p);
}

static int lookout_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    lookout *p = (lookout *)base;
    call_in(p);
    ps_wake_clear(&p->out);
    /* What the helper saw may be over by now: it has woken the owner, and is asked for again. */
    for (int i = 0; i < p->count; i++) p->inner->ops->rearm(p->inner, p->seen[i].watch, p->seen[i].bits);
    if (p->count || p->woken) timeout_ns = 0; /* the inner wake-up may have gone to the helper */
    p->count = p->woken = 0;
    return p->inner->ops->wait(p->inner, out, max, timeout_ns);
}

static void lookout_wake(ps_poller *base) {
    lookout *p = (lookout *)base;
    p->woken = 1;
    p->inner->ops->wake(p->inner);
}

static ps_sock_t lookout_fd(ps_poller *base) {
    lookout *p = (lookout *)base;
    if (!p->away) send_out(p);
    return p->out.rd;
}

static void lookout_close(ps_poller *base) {
    lookout *p = (lookout *)base;
    call_in(p);
    lock_take(&p->lock);
    p->quit = 1;
    cond_tell(&p->changed);
    lock_give(&p->lock);
    join(p);
    ps_wake_close(&p->out);
    p->inner->ops->close(p->inner);
    free(p);
}

/* In the child the helper does not exist, and its lock may stand as it fell. */
static void lookout_forget(ps_poller *base) {
    lookout *p = (lookout *)base;
    p->inner->ops->forget(p->inner);
    ps_wake_close(&p->out);
    free(p);
}

int ps_lookout_open(ps_poller *inner, ps_poller **out) {
    lookout *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->ops = (ps_poller_ops){
        .name = inner->ops->name,
        .level = inner->ops->level,
        .close = lookout_close,
        .add = lookout_add,
        .del = lookout_del,
        .rearm = lookout_rearm,
        .wait = lookout_wait,
        .wake = lookout_wake,
        .fd = lookout_fd,
        .forget = lookout_forget,
    };
    p->base.ops = &p->ops;
    p->inner = inner;
    lock_init(&p->lock);
    cond_init(&p->changed);
    int r = ps_wake_open(&p->out);
    if (r >= 0) {
        r = start(p);
        if (r < 0) ps_wake_close(&p->out);
    }
    if (r < 0) {
        free(p);
        return r;
    }
    *out = &p->base;
    return 0;
}
