/* CAsyncSocket objects whose callbacks are printed, each with what it does in one of eleven modes. */
#ifndef ASYNCLOG_H
#define ASYNCLOG_H
#include "sock.h"

enum { M_FULL, M_PART, M_ONEBYTE, M_NONE, M_PEEK, M_ECHO, M_CLOSE, M_NOACCEPT, M_FLOOD, M_IDLE, M_SELECT0, M_COUNT };
static const char *const mode_names[] = {"full", "part", "onebyte", "none", "peek", "echo", "close", "noaccept", "flood", "idle", "select0"};
#define CALLS_MAX 40
#define FLOOD_BYTES (8 << 20)

static void **logging_vtbl;
static int mode, sockets_made;

static Sock *new_logged(void) {
    Sock *s = calloc(1, sizeof *s);
    CALL(void *, O_ASYNC_CTOR, (void *), s);
    s->vtbl = logging_vtbl;
    s->tag = sockets_made++;
    return s;
}
static int logged_receive(Sock *s, int n, int flags) {
    static char b[4096];
    int r = CALL(int, O_ASYNC_RECEIVE, (void *, void *, int, int), s, b, n, flags), e = WSAGetLastError();
    say("  s%d Receive(%d, flags=%d) -> %d", s->tag, n, flags, r);
    if (r < 0) say("  s%d   error %d", s->tag, e);
    if (r > 0 && !(flags & (MSG_PEEK | MSG_OOB))) s->total += r;
    return r;
}
static void logged_echo(Sock *s) {
    char b[4096];
    int r = CALL(int, O_ASYNC_RECEIVE, (void *, void *, int, int), s, b, sizeof b, 0);
    if (r > 0) say("  s%d echo %d -> %d", s->tag, r, CALL(int, O_ASYNC_SEND, (void *, const void *, int, int), s, b, r, 0));
}
static void flood(Sock *s) {
    static char b[65536];
    int r = 0;
    while (s->total < FLOOD_BYTES && (r = CALL(int, O_ASYNC_SEND, (void *, const void *, int, int), s, b, sizeof b, 0)) > 0)
        s->total += r;
    say("  s%d sent so far %lld, last error %d", s->tag, (long long)s->total, s->total < FLOOD_BYTES ? WSAGetLastError() : 0);
}

static void on_receive(Sock *s, int e) {
    say("s%d OnReceive(%d) call %d", s->tag, e, ++s->calls);
    if (s->calls > CALLS_MAX) return;
    switch (mode) {
    case M_FULL: while (logged_receive(s, 4096, 0) > 0) {} break;
    case M_PART: logged_receive(s, 4, 0); break;
    case M_ONEBYTE: logged_receive(s, 1, 0); break;
    case M_PEEK: logged_receive(s, 4, MSG_PEEK); break;
    case M_ECHO: logged_echo(s); break;
    case M_CLOSE:
        logged_receive(s, 4, 0);
        CALL(void, O_ASYNC_CLOSE, (void *), s);
        say("  s%d Close, m_hSocket=%lld", s->tag, (long long)s->h);
        break;
    case M_SELECT0:
        logged_receive(s, 4, 0);
        if (s->calls == 1) say("  s%d AsyncSelect(FD_CLOSE) -> %d", s->tag, CALL(int, O_ASYNC_SELECT, (void *, long), s, FD_CLOSE));
        break;
    }
}
static void on_send(Sock *s, int e) {
    say("s%d OnSend(%d)", s->tag, e);
    if (mode == M_FLOOD) flood(s);
}
static void on_connect(Sock *s, int e) { say("s%d OnConnect(%d)", s->tag, e); }
static void on_oob(Sock *s, int e) {
    say("s%d OnOutOfBandData(%d)", s->tag, e);
    logged_receive(s, 16, MSG_OOB);
}
static void on_close(Sock *s, int e) {
    say("s%d OnClose(%d), received in all %lld", s->tag, e, (long long)s->total);
    if (mode == M_FULL || mode == M_PART) logged_receive(s, 4096, 0);
}
static void on_accept(Sock *s, int e) {
    say("s%d OnAccept(%d) call %d", s->tag, e, ++s->calls);
    if (mode == M_NOACCEPT) return;
    Sock *n = new_logged();
    int ok = CALL(int, O_ASYNC_ACCEPT, (void *, void *, void *, void *), s, n, NULL, NULL);
    say("  s%d Accept(s%d) -> %d", s->tag, n->tag, ok);
}

/* the empty callbacks share one body with other empty functions, so they cannot be found by address: slots 9 to 14
   are those that follow Receive and Send */
static void logged_setup(const char *name) {
    Sock t;
    memset(&t, 0, sizeof t);
    CALL(void *, O_ASYNC_CTOR, (void *), &t);
    if (slot_of(t.vtbl, export_of(O_ASYNC_RECEIVE), 32) != 7 || slot_of(t.vtbl, export_of(O_ASYNC_SEND), 32) != 8)
        die(2, "unexpected vtable of", "CAsyncSocket");
    logging_vtbl = copy_vtbl(t.vtbl, 32);
    logging_vtbl[9] = on_receive; logging_vtbl[10] = on_send; logging_vtbl[11] = on_oob;
    logging_vtbl[12] = on_accept; logging_vtbl[13] = on_connect; logging_vtbl[14] = on_close;
    for (mode = 0; mode < M_COUNT && strcmp(mode_names[mode], name); mode++) {}
    if (mode == M_COUNT) die(64, "unknown mode", name);
}

static DWORD WINAPI wait_for_stdin(void *thread) { /* a line, or the end: the log is over */
    char t[16];
    if (fgets(t, sizeof t, stdin)) {}
    PostThreadMessageW((DWORD)(UINT_PTR)thread, WM_QUIT, 0, 0);
    return 0;
}
static void pump_messages(void) {
    MSG m;
    CreateThread(NULL, 0, wait_for_stdin, (void *)(UINT_PTR)GetCurrentThreadId(), 0, NULL);
    while (GetMessageW(&m, NULL, 0, 0) > 0) { TranslateMessage(&m); DispatchMessageW(&m); }
}

static int log_server(const char *name) {
    logged_setup(name);
    Sock *l = new_logged();
    say("s0 Create -> %d", create_socket(l, L"127.0.0.1"));
    say("s0 Listen -> %d", listen(l->h, 5) == 0);
    printf("port %u\n", port_of(l->h));
    pump_messages();
    return 0;
}
static int log_client(const char *name, unsigned port) {
    logged_setup(name);
    Sock *c = new_logged();
    say("s0 Create -> %d", create_socket(c, NULL));
    int ok = CALL(int, O_ASYNC_CONNECT, (void *, const wchar_t *, unsigned), c, L"127.0.0.1", port), e = WSAGetLastError();
    say("s0 Connect -> %d error %d", ok, ok ? 0 : e);
    pump_messages();
    return 0;
}
#endif
