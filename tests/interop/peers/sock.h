/* The framework under CSocket (a CWinApp, Winsock, the hidden window) and what both kinds of peer share. */
#ifndef SOCK_H
#define SOCK_H
#include "sockord.h"
#include <stdarg.h>

typedef struct Sock { /* CAsyncSocket and CSocket, x64, release */
    void **vtbl;
    SOCKET h;
    int m_nTimeOut, pad;
    int *m_pbBlocking;
    int m_nConnectError;
    uint8_t spare[256];
    int tag, calls;      /* ours, for the log */
    int64_t total;
} Sock;

static void say(const char *format, ...) {
    va_list a;
    va_start(a, format);
    vprintf(format, a);
    va_end(a);
    putchar('\n');
    fflush(stdout);
}
static void start_mfc(void) {
    lab_load();
    CALL(void *, O_WINAPP_CTOR, (void *, const wchar_t *), blob(), NULL);
    if (!CALL(int, O_WININIT, (void *, void *, wchar_t *, int), GetModuleHandleW(NULL), NULL, GetCommandLineW(), 0))
        die(2, "AfxWinInit", "failed");
    if (!CALL(int, O_SOCKETINIT, (void *), NULL)) die(2, "AfxSocketInit", "failed");
    lab_classes();
}
static int create_socket(Sock *s, const wchar_t *address) {
    return CALL(int, O_ASYNC_CREATE, (void *, unsigned, int, long, const wchar_t *), s, 0, SOCK_STREAM, 63L, address);
}
static unsigned port_of(SOCKET h) {
    struct sockaddr_in a;
    int n = sizeof a;
    return getsockname(h, (void *)&a, &n) ? 0 : ntohs(a.sin_port);
}
#endif
