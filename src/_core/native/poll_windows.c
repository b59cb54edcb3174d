/* poll_windows.c: readiness through AFD, the driver below Winsock.
 *
 * One ioctl asks AFD about some sockets and ends, through a completion port, when something asked for holds for one of
 * them.  Sockets are asked about in groups of GROUP_SIZE: so a wait costs by the groups in which something happened,
 * not by the sockets that are watched, there is no limit but memory, and neighbours that are busy together share
 * their questions.  A question asks once: what it reported is no longer asked for until it is rearmed, and that is
 * the edge of ps_poller.h.
 *
 * Questions go out in wait, not in rearm: by then the callbacks have run and rearmed what they read empty.  One that is
 * out and asks for too little is cancelled and, when it has come back, put anew.  The driver writes into a group until
 * then, so groups live as long as the poller.
 *
 * Documented are the completion port and DeviceIoControl; AFD's device name, ioctl and structures are not, but are
 * what Winsock's own select has used since Windows NT 4, and what libuv, Rust's mio and wepoll rely on.  Where the
 * device does not open, poller.c goes on to WSAPoll.
 */
#include "ps_poller.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <winternl.h>

#ifndef SIO_BASE_HANDLE
#  define SIO_BASE_HANDLE 0x48000022
#endif
#ifndef SIO_BSP_HANDLE_POLL
#  define SIO_BSP_HANDLE_POLL 0x4800001D
#endif

enum {
    BATCH = 64,
    GROUP_SIZE = 32,
    CLOSING_MS = 5000, /* for cancelled questions to come back; it takes microseconds */
    IOCTL_AFD_POLL = 0x12024
};
static const ULONG_PTR WAKE = 1;
static const ULONG_PTR CANCELLED = 0xC0000120; /* STATUS_CANCELLED */
static const NTSTATUS NO_HANDLES = (NTSTATUS)0xC000011F; /* STATUS_TOO_MANY_OPENED_FILES */
static const uint32_t NO_SLOT = UINT32_MAX;

enum {
    AFD_RECEIVE = 0x01,
    AFD_URGENT = 0x02,
    AFD_SEND = 0x04,
    AFD_FINISHED = 0x08, /* the peer sends no more */
    AFD_ABORTED = 0x10,  /* reset */
    AFD_CLOSED = 0x20,   /* our own handle was closed */
    AFD_ACCEPT = 0x80,
    AFD_REFUSED = 0x100
};

enum {
    WANTED = PS_IN | PS_OUT | PS_PRI | PS_ERR, /* of ps_watch.armed */
    DEAD = PS_IN | PS_OUT | PS_ERR
};

typedef struct {
    LARGE_INTEGER timeout;
    ULONG count;
    ULONG exclusive;
    struct {
        HANDLE socket;
        ULONG events;
        LONG status;
    } of[GROUP_SIZE];
} afd_poll;

typedef struct {
    ps_watch *watch;   /* NULL: free */
    SOCKET base;       /* below any layered provider */
    uint32_t asked;    /* of watch->armed, while the group's question is out */
    uint32_t outdated; /* rearmed meanwhile: the answer may be from before, so it is asked again */
    int dead;          /* its socket is gone, and that was told */
    uint32_t next_free;
} member;

typedef struct group {
    OVERLAPPED overlapped; /* first: a completion gives its address */
    HANDLE device;
    afd_poll question, answer;
    member members[GROUP_SIZE];
    int out, stale; /* the driver has its question; that was cancelled because it asks for too little */
    int listed;     /* in the list of those to look at before the next wait */
    int turn;       /* who is asked about first: when a batch is too small for all, nobody starves */
    struct group *next_listed;
} group;

typedef struct {
    ps_poller base;
    HANDLE port;
    group **groups;
    uint32_t group_count, room, free;
    group *first; /* to look at before the next wait */
    uint32_t out; /* questions the driver has */
    LONG volatile woken;
    OVERLAPPED_ENTRY batch[BATCH];
} poller;

extern const ps_poller_ops ps_windows_ops;

/* --- the driver -------------------------------------------------------------------------------------------------- */

typedef NTSTATUS(NTAPI *create_file)(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, LARGE_INTEGER *,
                                     ULONG, ULONG, ULONG, ULONG, void *, ULONG);

/* A handle of the driver itself, by its name in the kernel's own tree; the last part is ours to choose. */
static int open_device(HANDLE port, HANDLE *out) {
    static const wchar_t path[] = L"\\Device\\Afd\\pysock";
    UNICODE_STRING name = {sizeof path - sizeof *path, sizeof path, (wchar_t *)path};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes, .ObjectName = &name};
    IO_STATUS_BLOCK status;
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    FARPROC found = ntdll ? GetProcAddress(ntdll, "NtCreateFile") : NULL;
    if (!found) return -PS_WSAEOPNOTSUPP;
    NTSTATUS r = ((create_file)(void *)found)(out, SYNCHRONIZE, &attributes, &status, NULL, 0,
                                              FILE_SHARE_READ | FILE_SHARE_WRITE, 1 /* FILE_OPEN */, 0, NULL, 0);
    if (r < 0) return r == NO_HANDLES ? -PS_WSAEMFILE : -PS_WSAEOPNOTSUPP;
    if (CreateIoCompletionPort(*out, port, 0, 0)
        && SetFileCompletionNotificationModes(*out, FILE_SKIP_SET_EVENT_ON_HANDLE))
        return 0;
    CloseHandle(*out);
    return -PS_WSAENOBUFS;
}

/* AFD knows its own handles only; filters that were installed above it (layered providers) have theirs. */
static int base_of(SOCKET s, SOCKET *base) {
    DWORD bytes;
    for (;;) {
        if (WSAIoctl(s, SIO_BASE_HANDLE, NULL, 0, base, sizeof *base, &bytes, NULL, NULL) == 0) return 0;
        int error = WSAGetLastError();
        /* Some filters refuse, to stay in between; this asks for the next layer down. */
        if (error == WSAENOTSOCK
            || WSAIoctl(s, SIO_BSP_HANDLE_POLL, NULL, 0, base, sizeof *base, &bytes, NULL, NULL) != 0 || *base == s)
            return -error;
        s = *base;
    }
}

/* The end of a stream is asked for by those who wait for data, and so told behind it. */
static ULONG question(uint32_t armed) {
    ULONG events = AFD_CLOSED;
    if (armed & PS_IN) events |= AFD_RECEIVE | AFD_ACCEPT | AFD_FINISHED;
    if (armed & PS_OUT) events |= AFD_SEND; /* AFD's "connected" holds for good, room to send does not */
    if (armed & PS_PRI) events |= AFD_URGENT;
    if (armed & PS_ERR) events |= AFD_ABORTED | AFD_REFUSED;
    return events;
}

static uint32_t translate(ULONG events) {
    uint32_t bits = (events & (AFD_RECEIVE | AFD_ACCEPT) ? PS_IN : 0) | (events & AFD_SEND ? PS_OUT : 0);
    if (bits & PS_IN) bits |= PS_LATE;
    if (events & AFD_URGENT) bits |= PS_PRI;
    if (events & AFD_FINISHED) bits |= PS_RDHUP | PS_IN;
    if (events & AFD_ABORTED) bits |= PS_ERR | PS_RDHUP | PS_IN | PS_OUT;
    if (events & AFD_REFUSED) bits |= PS_ERR | PS_IN | PS_OUT;
    return bits;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static void enlist(poller *p, group *g) {
    if (g->listed) return;
    g->listed = 1;
    g->next_listed = p->first;
    p->first = g;
}

static uint32_t take(member *m, uint32_t bits) {
    m->watch->armed &= ~bits;
    return bits;
}

static int is_socket(SOCKET s) {
    int type, len = sizeof type;
    return getsockopt(s, SOL_SOCKET, SO_TYPE, (char *)&type, &len) == 0;
}

/* Puts a group's question, if it has one: 0, or -1 with the reason in GetLastError. */
static int ask(poller *p, group *g) {
    afd_poll *q = &g->question;
    q->timeout.QuadPart = INT64_MAX;
    q->count = q->exclusive = 0;
    for (int k = 0; k < GROUP_SIZE; k++) {
        member *m = &g->members[(g->turn + k) % GROUP_SIZE];
        m->asked = m->outdated = 0;
        if (!m->watch || m->dead || !m->watch->armed) continue;
        m->asked = m->watch->armed;
        q->of[q->count].socket = (HANDLE)m->base;
        q->of[q->count].events = question(m->asked);
        q->of[q->count++].status = 0;
    }
    if (!q->count) return 0;
    DWORD size = (DWORD)(offsetof(afd_poll, of) + q->count * sizeof *q->of);
    g->overlapped = (OVERLAPPED){0};
    if (!DeviceIoControl(g->device, IOCTL_AFD_POLL, q, size, &g->answer, size, NULL, &g->overlapped)
        && GetLastError() != ERROR_IO_PENDING)
        return -1;
    g->out = 1;
    g->stale = 0;
    p->out++;
    return 0;
}

/* The driver refused a question: those who are no sockets any more (somebody closed them behind our back) are told, once,
 * as far as there is room.  Gives how many there were. */
static int bury(group *g, ps_event *out, int max, int *count) {
    int found = 0;
    for (int i = 0; i < GROUP_SIZE; i++) {
        member *m = &g->members[i];
        if (!m->watch || m->dead || is_socket(m->base)) continue;
        found++;
        if (*count == max) continue;
        m->dead = 1;
        out[(*count)++] = (ps_event){m->watch, take(m, DEAD)};
    }
    return found;
}

/* Puts what there is to ask; 0 or a negative Winsock number. */
static int ask_all(poller *p, ps_event *out, int max, int *count) {
    while (p->first && *count < max) {
        group *g = p->first;
        p->first = g->next_listed;
        g->listed = 0;
        if (g->out) {
            int more = 0;
            for (int i = 0; i < GROUP_SIZE && !more; i++) {
                const member *m = &g->members[i];
                more = m->watch && !m->dead && m->watch->armed & ~m->asked;
            }
            if (more && !g->stale) {
                g->stale = 1;
                CancelIoEx(g->device, &g->overlapped); /* it may be on its way back already: as well */
            }
        } else if (ask(p, g) < 0) {
            enlist(p, g);
            if (!bury(g, out, max, count)) return -PS_WSAENOBUFS;
        }
    }
    return 0;
}

/* A question has come back: its events, as far as there is room; the others are asked for again, and first. */
static int come_back(poller *p, group *g, ps_event *out, int max, int *count) {
    g->out = 0;
    p->out--;
    enlist(p, g);
    if (g->overlapped.Internal == CANCELLED) return 0;
    if ((LONG)g->overlapped.Internal < 0) return -PS_WSAENOBUFS;
    for (ULONG a = 0; a < g->answer.count && *count < max; a++) {
        int i = 0;
        while (i < GROUP_SIZE && !(g->members[i].asked && (HANDLE)g->members[i].base == g->answer.of[a].socket)) i++;
        if (i == GROUP_SIZE) continue; /* deleted meanwhile */
        member *m = &g->members[i];
        if (g->answer.of[a].events & AFD_CLOSED) m->dead = 1;
        uint32_t bits = take(m, m->dead ? DEAD : translate(g->answer.of[a].events) & ~m->outdated);
        if (!bits) continue;
        g->turn = i + 1;
        out[(*count)++] = (ps_event){m->watch, bits};
    }
    return 0;
}

/* --- the table of operations -------------------------------------------------------------------------------------- */

static int add_group(poller *p) {
    if (p->group_count == p->room) {
        if (p->room > INT32_MAX / GROUP_SIZE / 2) return -PS_WSAENOBUFS;
        uint32_t bigger = p->room ? p->room * 2 : 4;
        group **groups = realloc((void *)p->groups, bigger * sizeof *groups);
        if (!groups) return -PS_WSAENOBUFS;
        p->groups = groups;
        p->room = bigger;
    }
    group *g = calloc(1, sizeof *g);
    if (!g) return -PS_WSAENOBUFS;
    int r = open_device(p->port, &g->device);
    if (r < 0) {
        free(g);
        return r;
    }
    for (uint32_t i = GROUP_SIZE; i-- > 0;) {
        g->members[i].next_free = p->free;
        p->free = p->group_count * GROUP_SIZE + i;
    }
    p->groups[p->group_count++] = g;
    return 0;
}

static group *group_of(const poller *p, int32_t slot) { return p->groups[slot / GROUP_SIZE]; }
static member *member_of(const poller *p, int32_t slot) { return &group_of(p, slot)->members[slot % GROUP_SIZE]; }

static int windows_add(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    SOCKET below;
    w->slot = -1;
    int r = base_of(w->fd, &below);
    if (r >= 0 && p->free == NO_SLOT) r = add_group(p);
    if (r < 0) return r;
    w->slot = (int32_t)p->free;
    w->armed = WANTED;
    member *m = member_of(p, w->slot);
    p->free = m->next_free;
    *m = (member){.watch = w, .base = below};
    enlist(p, group_of(p, w->slot));
    return 0;
}

/* A question that is out comes back when the socket is closed, and knows this member no more. */
static void windows_del(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    if (w->slot < 0) return;
    member *m = member_of(p, w->slot);
    *m = (member){.next_free = p->free};
    p->free = (uint32_t)w->slot;
    w->slot = -1;
}

/* A reset ends whatever is waited for, so it is always asked for along.  Every bit: connect or listen has made
 * another thing of the socket, and what is out may ask about the old one. */
static void windows_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    poller *p = (poller *)base;
    group *g = group_of(p, w->slot);
    member *m = member_of(p, w->slot);
    w->armed |= (bits & WANTED) | PS_ERR;
    if (!g->out) {
        enlist(p, g);
        return;
    }
    m->outdated |= bits | (bits & PS_IN ? PS_LATE : 0);
    if ((bits & PS_ALL) == PS_ALL) m->asked = 0;
    if (w->armed & ~m->asked) enlist(p, g);
}

static DWORD patience(int64_t left) {
    if (left < 0) return INFINITE;
    int64_t up = left / 1000000 + (left % 1000000 != 0);
    return up > INT_MAX ? INT_MAX : (DWORD)up;
}

static int windows_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    poller *p = (poller *)base;
    int64_t deadline = timeout_ns > 0 ? ps_now_ns() + timeout_ns : 0, left = timeout_ns;
    for (;;) {
        int count = 0, woken = 0, r = ask_all(p, out, max, &count);
        ULONG n = 0, most = (ULONG)(max - count < BATCH ? max - count : BATCH);
        if (most > p->out) most = p->out ? p->out : 1; /* looking for more would cost another call */
        if (most && !GetQueuedCompletionStatusEx(p->port, p->batch, most, &n, count || r < 0 ? 0 : patience(left), FALSE)) {
            if (GetLastError() != WAIT_TIMEOUT) r = -PS_WSAENOTSOCK;
            n = 0;
        }
        for (ULONG i = 0; i < n; i++) {
            if (p->batch[i].lpCompletionKey == WAKE) {
                InterlockedExchange(&p->woken, 0);
                woken = 1;
            } else {
                int back = come_back(p, (group *)(void *)p->batch[i].lpOverlapped, out, max, &count);
                if (back < 0) r = back;
            }
        }
        if (timeout_ns > 0 && (left = deadline - ps_now_ns()) < 0) left = 0;
        if (count) return count;
        if (r < 0) return r;
        if (woken || left == 0) return 0;
    }
}

static void windows_wake(ps_poller *base) {
    poller *p = (poller *)base;
    if (InterlockedExchange(&p->woken, 1) == 0) PostQueuedCompletionStatus(p->port, 0, WAKE, NULL);
}

static ps_sock_t windows_fd(ps_poller *base) {
    (void)base;
    return PS_BAD_SOCK; /* spec PY-24: embedding goes by a helper thread */
}

static void windows_close(ps_poller *base) {
    poller *p = (poller *)base;
    int64_t deadline = ps_now_ns() + CLOSING_MS * (int64_t)1000000;
    for (uint32_t i = 0; i < p->group_count; i++) {
        for (int k = 0; k < GROUP_SIZE; k++) p->groups[i]->members[k].watch = NULL;
        if (p->groups[i]->out) CancelIoEx(p->groups[i]->device, &p->groups[i]->overlapped);
    }
    while (p->out && ps_now_ns() < deadline) {
        ULONG n = 0;
        int none = 0;
        if (!GetQueuedCompletionStatusEx(p->port, p->batch, BATCH, &n, 100, FALSE)) continue;
        for (ULONG i = 0; i < n; i++)
            if (p->batch[i].lpCompletionKey != WAKE)
                come_back(p, (group *)(void *)p->batch[i].lpOverlapped, NULL, 0, &none);
    }
    for (uint32_t i = 0; i < p->group_count; i++) {
        CloseHandle(p->groups[i]->device);
        if (!p->groups[i]->out) free(p->groups[i]); /* else better lost than written into */
    }
    if (p->port) CloseHandle(p->port);
    free((void *)p->groups);
    free(p);
}

static int windows_open(ps_poller **out) {
    poller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_windows_ops;
    p->free = NO_SLOT;
    p->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    int r = p->port ? add_group(p) : -PS_WSAENOBUFS;
    if (r < 0) {
        windows_close(&p->base);
        return r;
    }
    *out = &p->base;
    return 0;
}

const ps_poller_ops ps_windows_ops = {
    .name = "windows",
    .level = 1,
    .open = windows_open,
    .close = windows_close,
    .add = windows_add,
    .del = windows_del,
    .rearm = windows_rearm,
    .wait = windows_wait,
    .wake = windows_wake,
    .fd = windows_fd,
    .forget = windows_close, /* there is no fork */
};
