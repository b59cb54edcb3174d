/* Up to eight real CAsyncSockets in one process, led by commands; the notifications they get are printed, and each may
   have commands of its own that its callback runs.  See README.md, and ../staged.py for our twin of it. */
#ifndef STAGE_H
#define STAGE_H
#include "sock.h"

enum { STAGE_SOCKETS = 8, STAGE_CALLS = 12, STAGE_QUIET = 60, STAGE_LONGEST = 3000 };
static const char *const stage_names[] = {"OnReceive", "OnSend", "OnOutOfBandData", "OnAccept", "OnConnect", "OnClose"};
static struct Actor {
    Sock s;
    SOCKET loose;    /* detached */
    unsigned port;   /* where others reach it */
    int blocking;    /* a CSocket */
    int calls[6];
    char todo[6][200]; /* commands for the callbacks, with ';' between them */
} stage[STAGE_SOCKETS];
static void **stage_vtbl[2]; /* of CAsyncSocket, CSocket */
static char stage_bytes[1 << 17];

static void stage_do(char *command);

static void stage_called(Sock *s, int event, int error) {
    struct Actor *a = (struct Actor *)s;
    char todo[200], *rest = todo, *one;
    say("s%d %s(%d)", (int)(a - stage), stage_names[event], error);
    if (++a->calls[event] > STAGE_CALLS) return;
    strcpy(todo, a->todo[event]);
    while ((one = rest) && *one) {
        rest = strchr(one, ';');
        if (rest) *rest++ = 0;
        stage_do(one);
    }
}
static void stage_receive(Sock *s, int e) { stage_called(s, 0, e); }
static void stage_send(Sock *s, int e) { stage_called(s, 1, e); }
static void stage_oob(Sock *s, int e) { stage_called(s, 2, e); }
static void stage_accept(Sock *s, int e) { stage_called(s, 3, e); }
static void stage_connect(Sock *s, int e) { stage_called(s, 4, e); }
static void stage_close(Sock *s, int e) { stage_called(s, 5, e); }

static void stage_make(struct Actor *a, int blocking) {
    CALL(void *, blocking ? O_SOCKET_CTOR : O_ASYNC_CTOR, (void *), &a->s);
    a->s.vtbl = stage_vtbl[blocking];
    a->blocking = blocking;
}
static void stage_end(struct Actor *a) { CALL(void, a->blocking ? O_SOCKET_CLOSE : O_ASYNC_CLOSE, (void *), &a->s); }
static void stage_afresh(void) {
    for (int i = 0; i < STAGE_SOCKETS; i++) {
        struct Actor *a = stage + i;
        if (a->s.vtbl && a->s.h != INVALID_SOCKET) stage_end(a);
        if (a->loose) closesocket(a->loose);
        memset(a, 0, sizeof *a);
        stage_make(a, 0);
    }
}
static void stage_result(const char *what, int i, long long r, int failed) {
    int e = WSAGetLastError();
    if (failed) say("  s%d %s -> %lld error %d", i, what, r, e);
    else say("  s%d %s -> %lld", i, what, r);
}
static void stage_do(char *command) {
    char verb[16] = "";
    long n[4] = {0, 0, 0, 0};
    sscanf(command, "%15s %ld %ld %ld %ld", verb, n, n + 1, n + 2, n + 3);
    int i = (int)n[0];
    struct Actor *a = stage + i, *b = stage + (n[1] >= 0 && n[1] < STAGE_SOCKETS ? n[1] : 0);
    Sock *s = &a->s;
    long long r;
#define IS(v) (!strcmp(verb, v))
    int has = s->h != INVALID_SOCKET, wants = IS("select") || IS("detach");
    Sock *target = IS("create") ? s : IS("accept") ? &b->s : IS("attach") ? &stage[n[2]].s : NULL;
    if ((wants && !has) || (target && target->h != INVALID_SOCKET) || (IS("attach") && !a->loose)) {
        say("  s%d %s: not now", i, verb); /* MFC asserts it */
        return;
    }
    if (IS("csocket")) {
        stage_make(a, 1);
    } else if (IS("create")) { /* create I TYPE MASK */
        r = CALL(int, O_ASYNC_CREATE, (void *, unsigned, int, long, const wchar_t *), s, 0, (int)n[1], n[2], L"127.0.0.1");
        stage_result(verb, i, r, !r);
        if (r) a->port = port_of(s->h);
        int on = 1;
        if (r && n[1] == SOCK_STREAM) setsockopt(s->h, IPPROTO_TCP, TCP_NODELAY, (char *)&on, sizeof on);
    } else if (IS("listen")) {
        r = listen(s->h, 5) == 0;
        stage_result(verb, i, r, !r);
    } else if (IS("connect")) { /* connect I J */
        r = CALL(int, O_ASYNC_CONNECT, (void *, const wchar_t *, unsigned), s, L"127.0.0.1", b->port);
        stage_result(verb, i, r, !r);
    } else if (IS("accept")) { /* accept I J: into J */
        r = CALL(int, a->blocking ? O_SOCKET_ACCEPT : O_ASYNC_ACCEPT, (void *, void *, void *, void *), s, &b->s, NULL, NULL);
        stage_result(verb, i, r, !r);
    } else if (IS("send")) { /* send I N FLAGS */
        r = CALL(int, a->blocking ? O_SOCKET_SEND : O_ASYNC_SEND, (void *, const void *, int, int), s, stage_bytes, (int)n[1], (int)n[2]);
        stage_result(verb, i, r, r < 0);
    } else if (IS("receive")) { /* receive I N FLAGS */
        r = CALL(int, a->blocking ? O_SOCKET_RECEIVE : O_ASYNC_RECEIVE, (void *, void *, int, int), s, stage_bytes, (int)n[1], (int)n[2]);
        stage_result(verb, i, r, r < 0);
    } else if (IS("all")) { /* all I: until it would block, or the end */
        do {
            r = CALL(int, O_ASYNC_RECEIVE, (void *, void *, int, int), s, stage_bytes, 4096, 0);
            stage_result("receive", i, r, r < 0);
        } while (r > 0);
    } else if (IS("sendto")) { /* sendto I J N */
        r = CALL(int, O_ASYNC_SENDTO, (void *, const void *, int, unsigned, const wchar_t *, int), s, stage_bytes, (int)n[2], b->port, L"127.0.0.1", 0);
        stage_result(verb, i, r, r < 0);
    } else if (IS("receivefrom")) { /* receivefrom I N */
        void *from = NULL;
        unsigned port = 0;
        CALL(void *, O_STRW_CTOR, (void *), &from);
        r = CALL(int, O_ASYNC_RECEIVEFROM, (void *, void *, int, void *, unsigned *, int), s, stage_bytes, (int)n[1], &from, &port, 0);
        stage_result(verb, i, r, r < 0);
    } else if (IS("shutdown")) { /* shutdown I HOW */
        r = shutdown(s->h, (int)n[1]) == 0;
        stage_result(verb, i, r, !r);
    } else if (IS("select")) { /* select I MASK */
        r = CALL(int, O_ASYNC_SELECT, (void *, long), s, n[1]);
        stage_result(verb, i, r, !r);
    } else if (IS("close")) {
        stage_end(a);
    } else if (IS("reset")) {
        struct linger off = {1, 0};
        setsockopt(s->h, SOL_SOCKET, SO_LINGER, (char *)&off, sizeof off);
        stage_end(a);
    } else if (IS("detach")) {
        a->loose = CALL(SOCKET, O_ASYNC_DETACH, (void *), s);
        stage_result(verb, i, a->loose != INVALID_SOCKET, a->loose == INVALID_SOCKET);
    } else if (IS("attach")) { /* attach I MASK J: what I detached, to J */
        struct Actor *to = stage + n[2];
        r = CALL(int, O_ASYNC_ATTACH, (void *, SOCKET, long), &to->s, a->loose, n[1]);
        stage_result(verb, (int)n[2], r, !r);
        to->port = a->port;
        a->loose = 0;
    } else if (IS("there")) { /* FIONREAD */
        u_long there = 0;
        r = ioctlsocket(s->h, FIONREAD, &there);
        stage_result(verb, i, r < 0 ? r : (long long)there, r < 0);
    } else if (IS("name") || IS("peer")) {
        void *address = NULL;
        unsigned port = 0;
        CALL(void *, O_STRW_CTOR, (void *), &address);
        r = CALL(int, IS("name") ? O_ASYNC_GETSOCKNAME : O_ASYNC_GETPEERNAME, (void *, void *, unsigned *), s, &address, &port);
        stage_result(verb, i, r, !r);
    } else if (IS("lasterror")) { /* SO_ERROR */
        int v = -1, len = sizeof v;
        r = getsockopt(s->h, SOL_SOCKET, SO_ERROR, (char *)&v, &len);
        stage_result(verb, i, r < 0 ? r : v, r < 0);
    } else {
        die(4, "unknown command", command);
    }
#undef IS
}
static void stage_settle(void) { /* until nothing has happened for a while */
    MSG m;
    DWORD begun = GetTickCount(), last = begun;
    while (GetTickCount() - last < STAGE_QUIET && GetTickCount() - begun < STAGE_LONGEST) {
        if (PeekMessageW(&m, NULL, 0, 0, PM_REMOVE)) {
            TranslateMessage(&m);
            DispatchMessageW(&m);
            last = GetTickCount();
        } else {
            Sleep(2);
        }
    }
}
static int run_stage(void) {
    static char text[400];
    for (int blocking = 0; blocking < 2; blocking++) {
        Sock t;
        memset(&t, 0, sizeof t);
        CALL(void *, blocking ? O_SOCKET_CTOR : O_ASYNC_CTOR, (void *), &t);
        void **v = stage_vtbl[blocking] = copy_vtbl(t.vtbl, 32); /* the slots: see asynclog.h */
        v[9] = stage_receive; v[10] = stage_send; v[11] = stage_oob;
        v[12] = stage_accept; v[13] = stage_connect; v[14] = stage_close;
    }
    while (fgets(text, sizeof text, stdin)) {
        text[strcspn(text, "\r\n")] = 0;
        if (!strncmp(text, "case ", 5)) {
            stage_afresh();
            stage_settle();
            say("%s", text);
        } else if (!strncmp(text, "on ", 3)) { /* on I EVENT COMMANDS */
            int i, event, at = 0;
            if (sscanf(text, "on %d %d %n", &i, &event, &at) < 2) die(4, "cannot read", text);
            snprintf(stage[i].todo[event], sizeof stage[i].todo[event], "%s", text + at);
        } else if (!strcmp(text, "settle")) {
            stage_settle();
            say("settled");
        } else {
            stage_do(text);
        }
    }
    return 0;
}
#endif
