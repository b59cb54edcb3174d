/* mfcpeer.exe: live peers made of the real CSocket, CSocketFile, CArchive and CAsyncSocket of mfc140u.dll.
     mfcpeer script              a CSocket and two archives, led by commands on standard input (see README.md)
     mfcpeer log MODE            a CAsyncSocket listener that prints its callbacks, until a line comes or stdin ends
     mfcpeer log MODE PORT       the same for a client of 127.0.0.1:PORT
     mfcpeer stage               up to eight CAsyncSockets, led by commands on standard input
   The commands of `script` are those of the oracle, over a connection: its file is included here. */
#define UNICODE
#define _UNICODE
#include <winsock2.h>
#define LAB_NO_MAIN
#include "../oracle/mfcoracle.c"
#include "asynclog.h"
#include "stage.h"

static Sock *listener, *sock;
static void *socket_file;
static CArchive *in, *out;
static int echoed; /* how many of loaded[] have been stored back */

static Sock *new_csocket(void) {
    Sock *s = calloc(1, sizeof *s);
    CALL(void *, O_SOCKET_CTOR, (void *), s);
    return s;
}
static void result(int ok) { printf("val %s %d error %d\n", tok[0], ok, ok ? 0 : WSAGetLastError()); }

static void cmd_listen(void) {
    listener = new_csocket();
    result(create_socket(listener, L"127.0.0.1") && !listen(listener->h, 5));
    printf("val port %u\n", port_of(listener->h));
}
static void cmd_accept(void) {
    sock = new_csocket();
    result(CALL(int, O_SOCKET_ACCEPT, (void *, void *, void *, void *), listener, sock, NULL, NULL));
}
static void cmd_connect(void) { /* connect PORT */
    sock = new_csocket();
    result(create_socket(sock, NULL) && CALL(int, O_ASYNC_CONNECT, (void *, const wchar_t *, unsigned), sock, L"127.0.0.1", (unsigned)num(tok[1])));
}
static CArchive *archive(unsigned direction, int size) {
    CArchive *a = calloc(1, sizeof *a);
    CALL(void *, O_ARC_CTOR, (void *, void *, unsigned, int, void *), a, socket_file, direction, size, NULL);
    return a;
}
static void cmd_archives(void) { /* archives BUFSIZE: one each way, for as long as the connection lasts */
    socket_file = blob();
    CALL(void *, O_SOCKFILE_CTOR, (void *, void *, int), socket_file, sock, 1);
    in = archive(AR_LOAD, (int)num(tok[1]));
    out = archive(0, (int)num(tok[1]));
    echoed = nloaded;
}
static void cmd_in(void) { ar = in; }
static void cmd_out(void) { ar = out; }
static void cmd_echo(void) { /* stores what was loaded since the last echo, in order */
    for (; echoed < nloaded; echoed++) ar_put_obj(out, loaded[echoed]);
}
static void cmd_send(void) { /* send HEX: past the archive, as half a message */
    size_t n;
    uint8_t *b = unhex(tok[1], &n);
    int r = CALL(int, O_SOCKET_SEND, (void *, const void *, int, int), sock, b, (int)n, 0);
    printf("val send %d error %d\n", r, r < 0 ? WSAGetLastError() : 0);
}
static void cmd_receive(void) { /* receive N: one CSocket::Receive */
    int n = (int)num(tok[1]);
    char *b = calloc(n + 1, 1);
    int r = CALL(int, O_SOCKET_RECEIVE, (void *, void *, int, int), sock, b, n, 0), e = WSAGetLastError();
    printf("val receive %d error %d ", r, r < 0 ? e : 0);
    puthex(b, r > 0 ? r : 0);
    puts("");
}
static void cmd_shutdown(void) { result(!shutdown(sock->h, SD_SEND)); }
static void cmd_sockclose(void) { CALL(void, O_SOCKET_CLOSE, (void *), sock); }
static void cmd_sockreset(void) {
    struct linger off = {1, 0};
    setsockopt(sock->h, SOL_SOCKET, SO_LINGER, (char *)&off, sizeof off);
    cmd_sockclose();
}
static void cmd_buffered(void) { printf("val buffered %lld\n", (long long)(ar->m_lpBufCur - ar->m_lpBufStart)); }

#define C(n) {#n, cmd_##n},
static const Verb commands[] = {C(listen) C(accept) C(connect) C(archives) C(in) C(out) C(echo) C(send) C(receive) C(shutdown)
                                C(sockclose) C(sockreset) C(buffered) {NULL, NULL}};

static int script(void) {
    int stop = 0;
    void (*fn)(void);
    line = malloc(line_cap);
    while (next_line()) {
        if (is("case")) { begin_case(); echoed = stop = 0; continue; }
        if (is("done")) { /* whatever was printed belongs to what came before it; a failure is forgotten */
            printf("done %s\n", tok[1]);
            fflush(stdout);
            stop = 0; opno = -1;
            continue;
        }
        int counts = 0;
        if (!(fn = verb(definitions)) && !(fn = verb(commands))) { fn = verb(operations); counts = 1; }
        if (!fn) die(4, "unknown command", tok[0]);
        opno += counts;
        if (!stop && guarded(fn)) { report_exc(); stop = 1; }
    }
    return 0;
}

int main(int argc, char **argv) {
    int r = 64;
    start_mfc();
    if (argc == 2 && !strcmp(argv[1], "script")) r = script();
    else if (argc == 2 && !strcmp(argv[1], "stage")) r = run_stage();
    else if (argc == 3 && !strcmp(argv[1], "log")) r = log_server(argv[2]);
    else if (argc == 4 && !strcmp(argv[1], "log")) r = log_client(argv[2], (unsigned)atoi(argv[3]));
    else fputs("usage: mfcpeer script | stage | log MODE [PORT]\n", stderr);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), r);
    return r;
}
