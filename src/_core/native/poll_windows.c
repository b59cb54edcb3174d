/* poll_windows.c: readiness through AFD, the driver below Winsock.
 *
 * One ioctl asks AFD about one socket and ends, through a completion port, when something asked for holds.  So a
 * wait costs what happened, not what is watched, and there is no limit but memory.  A request asks once: what it
 * reported is no longer asked for until it is rearmed, and that is the edge of ps_poller.h.
 *
 * Requests go out in wait, not in rearm: by then the callbacks have run and rearmed what they read empty, so a
 * socket usually costs one request per event.  One that is out and asks for too little is cancelled and, when it
 * has come back, sent anew.  The driver writes into a request until then, so it outlives the watch it was for.
 *
 * Documented are the completion port and DeviceIoControl; AFD's device name, ioctl and structures are not, but are
 * what Winsock's own select has used since Windows NT 4, and what libuv, Rust's mio and wepoll rely on.  Where the
 * device does not open, poller.c goes on to WSAPoll.
 */
#include "ps_poller.h"

#include <limits.h>
#include <stdlib.h>
#include <winternl.h>

#ifndef SIO_BASE_HANDLE
#  define SIO_BASE_HANDLE 0x48000022
#endif
#ifndef SIO_BSP_HANDLE_POLL
#  define SIO_BSP_HANDLE_POLL 0x4800001D
#endif

enum {
    BATCH = 256,
    PER_DEVICE = 64,             /* requests to one device handle: the kernel looks for one to cancel among its fellows */
    CLOSING_MS = 5000,      /* for cancelled requests to come back; it takes microseconds */
    IOCTL_AFD_POLL = 0x12024
};
static const ULONG_PTR WAKE = 1;
static const ULONG_PTR CANCELLED = 0xC0000120; /* STATUS_CANCELLED */
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
    } one;
} afd_poll;

typedef struct request {
    OVERLAPPED overlapped; /* first: a completion gives its address */
    afd_poll question, answer;
    ps_watch *watch;  /* NULL: deleted, and freed when it comes back */
    SOCKET base;      /* below any layered provider */
    HANDLE device;
    uint32_t asked;    /* of ps_watch.armed, while out */
    uint32_t outdated; /* rearmed while out: the answer may be from before, so it is asked again */
    int out, stale;   /* the driver has it; it was cancelled because it asks for too little */
    int dead;         /* its socket is gone, and that was told */
    int listed;       /* in the list of those to look at before the next wait */
    struct request *next;
} request;

typedef struct {
    request *request; /* NULL: free */
    uint32_t next_free;
} slot_t;

typedef struct {
    ps_poller base;
    HANDLE port;
    HANDLE *devices; /* one for every PER_DEVICE slots */
    uint32_t device_count;
    slot_t *slots;
    uint32_t capacity, free;
    request *first; /* to look at before the next wait */
    uint32_t out;   /* requests the driver has */
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
    if (((create_file)(void *)found)(out, SYNCHRONIZE, &attributes, &status, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                     1 /* FILE_OPEN */, 0, NULL, 0) < 0)
        return -PS_WSAEOPNOTSUPP;
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

/* --- requests ---------------------------------------------------------------------------------------------------- */

static void enlist(poller *p, request *q) {
    if (q->listed) return;
    q->listed = 1;
    q->next = p->first;
    p->first = q;
}

/* False: the driver does not take it. */
static int send_out(poller *p, request *q) {
    q->overlapped = (OVERLAPPED){0};
    q->question = (afd_poll){.timeout.QuadPart = INT64_MAX, .count = 1};
    q->question.one.socket = (HANDLE)q->base;
    q->question.one.events = question(q->watch->armed);
    if (!DeviceIoControl(q->device, IOCTL_AFD_POLL, &q->question, sizeof q->question, &q->answer, sizeof q->answer, NULL,
                         &q->overlapped)
        && GetLastError() != ERROR_IO_PENDING)
        return 0;
    q->asked = q->watch->armed;
    q->outdated = 0;
    q->out = 1;
    q->stale = 0;
    p->out++;
    return 1;
}

static uint32_t take(ps_watch *w, uint32_t bits) {
    w->armed &= ~bits;
    return bits;
}

/* Sends out what is due; 0 or a negative Winsock number.  A socket that the driver does not know any more was closed
 * behind our back: an event, once, for which *out has room. */
static int send_all(poller *p, ps_event *out, int max, int *count) {
    while (p->first && *count < max) {
        request *q = p->first;
        p->first = q->next;
        q->listed = 0;
        if (!q->watch) {
            if (!q->out) free(q);
        } else if (q->out) {
            if (q->watch->armed & ~q->asked && !q->stale) {
                q->stale = 1;
                CancelIoEx(q->device, &q->overlapped); /* it may be on its way back already: as well */
            }
        } else if (q->watch->armed && !q->dead && !send_out(p, q)) {
            if (GetLastError() != ERROR_INVALID_HANDLE) {
                enlist(p, q);
                return -PS_WSAENOBUFS;
            }
            q->dead = 1;
            out[(*count)++] = (ps_event){q->watch, DEAD};
        }
    }
    return 0;
}

/* A request has come back; the bits it brings for its watch. */
static uint32_t come_back(poller *p, request *q) {
    q->out = 0;
    p->out--;
    if (!q->watch) {
        if (!q->listed) free(q);
        return 0;
    }
    enlist(p, q);
    if (q->overlapped.Internal == CANCELLED) return 0;
    q->dead = (LONG)q->overlapped.Internal < 0 || (q->answer.count && q->answer.one.events & AFD_CLOSED);
    if (q->dead) return DEAD;
    return q->answer.count ? take(q->watch, translate(q->answer.one.events) & ~q->outdated) : 0;
}

/* --- the table of operations -------------------------------------------------------------------------------------- */

static int grow(poller *p) {
    if (p->capacity > INT32_MAX / 2) return -PS_WSAENOBUFS;
    uint32_t bigger = p->capacity ? p->capacity * 2 : PER_DEVICE;
    HANDLE *devices = realloc((void *)p->devices, bigger / PER_DEVICE * sizeof *devices);
    if (!devices) return -PS_WSAENOBUFS;
    p->devices = devices;
    slot_t *slots = realloc(p->slots, bigger * sizeof *slots);
    if (!slots) return -PS_WSAENOBUFS;
    for (uint32_t i = bigger; i-- > p->capacity;) {
        slots[i] = (slot_t){.next_free = p->free};
        p->free = i;
    }
    p->slots = slots;
    p->capacity = bigger;
    return 0;
}

/* The device of a slot, and those before it: free slots come in ascending order. */
static int device_of(poller *p, uint32_t slot, HANDLE *out) {
    while (p->device_count <= slot / PER_DEVICE) {
        int r = open_device(p->port, &p->devices[p->device_count]);
        if (r < 0) return r;
        p->device_count++;
    }
    *out = p->devices[slot / PER_DEVICE];
    return 0;
}

static int windows_add(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    HANDLE device;
    SOCKET below;
    w->slot = -1;
    int r = base_of(w->fd, &below);
    if (r >= 0 && p->free == NO_SLOT) r = grow(p);
    if (r >= 0) r = device_of(p, p->free, &device);
    if (r < 0) return r;
    request *q = calloc(1, sizeof *q);
    if (!q) return -PS_WSAENOBUFS;
    q->watch = w;
    q->base = below;
    q->device = device;
    w->slot = (int32_t)p->free;
    w->armed = WANTED;
    p->free = p->slots[w->slot].next_free;
    p->slots[w->slot].request = q;
    enlist(p, q);
    return 0;
}

static void windows_del(ps_poller *base, ps_watch *w) {
    poller *p = (poller *)base;
    if (w->slot < 0) return;
    slot_t *s = &p->slots[w->slot];
    request *q = s->request;
    s->request = NULL;
    s->next_free = p->free;
    p->free = (uint32_t)w->slot;
    w->slot = -1;
    q->watch = NULL;
    if (q->out) CancelIoEx(q->device, &q->overlapped);
    else if (!q->listed) free(q);
}

/* A reset ends whatever is waited for, so it is always asked for along.  Every bit: connect or listen has made
 * another thing of the socket, and what is out may ask about the old one. */
static void windows_rearm(ps_poller *base, ps_watch *w, uint32_t bits) {
    poller *p = (poller *)base;
    request *q = p->slots[w->slot].request;
    w->armed |= (bits & WANTED) | PS_ERR;
    if ((bits & PS_ALL) == PS_ALL) q->asked = 0;
    if (q->out) q->outdated |= bits | (bits & PS_IN ? PS_LATE : 0);
    enlist(p, q);
}

static int windows_wait(ps_poller *base, ps_event *out, int max, int64_t timeout_ns) {
    poller *p = (poller *)base;
    int64_t deadline = timeout_ns > 0 ? ps_now_ns() + timeout_ns : 0, left = timeout_ns;
    for (;;) {
        int count = 0, woken = 0, r = send_all(p, out, max, &count);
        DWORD ms = INFINITE;
        ULONG n = 0, room = (ULONG)(max - count < BATCH ? max - count : BATCH);
        if (r < 0 && !count) return r;
        if (!room) return count;
        if (count || r < 0 || left == 0) ms = 0;
        else if (left > 0) ms = left / 1000000 >= INT_MAX ? INT_MAX : (DWORD)(left / 1000000 + (left % 1000000 != 0));
        if (!GetQueuedCompletionStatusEx(p->port, p->batch, room, &n, ms, FALSE)) {
            if (GetLastError() != WAIT_TIMEOUT) return count ? count : -PS_WSAENOTSOCK;
            n = 0;
        }
        for (ULONG i = 0; i < n; i++) {
            if (p->batch[i].lpCompletionKey == WAKE) {
                InterlockedExchange(&p->woken, 0);
                woken = 1;
                continue;
            }
            request *q = (request *)(void *)p->batch[i].lpOverlapped;
            ps_watch *w = q->watch; /* read first: a deleted one's request is freed by its return */
            uint32_t bits = come_back(p, q);
            if (bits) out[count++] = (ps_event){w, bits};
        }
        if (timeout_ns > 0 && (left = deadline - ps_now_ns()) < 0) left = 0;
        if (count || woken || timeout_ns == 0 || (timeout_ns > 0 && left == 0)) return count;
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
    for (uint32_t i = 0; i < p->capacity; i++) {
        ps_watch w = {.slot = (int32_t)i};
        if (p->slots[i].request) windows_del(base, &w);
    }
    int none = 0;
    send_all(p, NULL, 1, &none); /* all are deleted: it only frees */
    while (p->out && ps_now_ns() < deadline) {
        ULONG n = 0;
        if (!GetQueuedCompletionStatusEx(p->port, p->batch, BATCH, &n, 100, FALSE)) continue;
        for (ULONG i = 0; i < n; i++)
            if (p->batch[i].lpCompletionKey != WAKE) come_back(p, (request *)(void *)p->batch[i].lpOverlapped);
    }
    for (uint32_t i = 0; i < p->device_count; i++) CloseHandle(p->devices[i]);
    if (p->port) CloseHandle(p->port);
    free((void *)p->devices);
    free(p->slots);
    free(p);
}

static int windows_open(ps_poller **out) {
    poller *p = calloc(1, sizeof *p);
    if (!p) return -PS_WSAENOBUFS;
    p->base.ops = &ps_windows_ops;
    p->free = NO_SLOT;
    p->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    HANDLE device;
    int r = p->port ? grow(p) : -PS_WSAENOBUFS;
    if (r >= 0) r = device_of(p, 0, &device);
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
