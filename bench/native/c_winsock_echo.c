// c_winsock_echo: the limit server on Windows.  Winsock and WSAPoll, one thread, plain C.
//   c_winsock_echo [--mode echo|sink]      prints "READY <port>"
// Per message: one recv, one send, and a share of one WSAPoll, whose array shrinks and grows with the connections.
// Bytes the socket does not take are kept per connection, and reading stops until they are gone.
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 65536
#define RBUF (256u << 10)
typedef struct {
  char *pend; /* unsent bytes, malloc'd, or NULL */
  int off, len;
} conn;
static WSAPOLLFD polled[MOST]; /* the listening socket first; a connection's bytes at its own place */
static conn conns[MOST];
static int count, sink;
static char *rbuf;

static int failed(const char *what) {
  fprintf(stderr, "c_winsock_echo: %s: %d\n", what, WSAGetLastError());
  return 1;
}
static void add(SOCKET s) {
  polled[count] = (WSAPOLLFD){.fd = s, .events = POLLRDNORM};
  conns[count++] = (conn){0};
}
static void drop(int i) { /* the last one takes its place */
  free(conns[i].pend);
  closesocket(polled[i].fd);
  count--;
  polled[i] = polled[count];
  conns[i] = conns[count];
}
/* Sends what goes: how many bytes, or -1 when the connection is gone. */
static int push(SOCKET s, const char *data, int len) {
  int done = 0;
  while (done < len) {
    int n = send(s, data + done, len - done, 0);
    if (n < 0) {
      if (WSAGetLastError() == WSAEWOULDBLOCK) break;
      return -1;
    }
    done += n;
  }
  return done;
}
static void writable(int i) {
  conn *c = &conns[i];
  int n = push(polled[i].fd, c->pend + c->off, c->len - c->off);
  if (n < 0) {
    drop(i);
    return;
  }
  c->off += n;
  if (c->off < c->len) return;
  free(c->pend);
  *c = (conn){0};
  polled[i].events = POLLRDNORM;
}
static void readable(int i) {
  int n = recv(polled[i].fd, rbuf, RBUF, 0);
  if (n < 0 && WSAGetLastError() == WSAEWOULDBLOCK) return;
  int k = n <= 0 ? -1 : sink ? n : push(polled[i].fd, rbuf, n);
  if (k < 0) {
    drop(i);
  } else if (k < n) {
    conns[i] = (conn){.pend = malloc(n - k), .len = n - k};
    memcpy(conns[i].pend, rbuf + k, n - k);
    polled[i].events = POLLWRNORM;
  }
}
static void take_all(SOCKET listening) {
  SOCKET s;
  while (count < MOST && (s = accept(listening, NULL, NULL)) != INVALID_SOCKET) {
    u_long on = 1;
    int one = 1;
    ioctlsocket(s, FIONBIO, &on);
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (char *)&one, sizeof one);
    add(s);
  }
}
int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2)
    if (!strcmp(argv[i], "--mode")) sink = !strcmp(argv[i + 1], "sink");
  WSADATA data;
  if (WSAStartup(MAKEWORD(2, 2), &data)) return failed("WSAStartup");
  rbuf = VirtualAlloc(NULL, RBUF, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE); /* whole pages, as everybody */
  SOCKET listening = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int al = sizeof a;
  u_long on = 1;
  if (bind(listening, (void *)&a, sizeof a) || listen(listening, 4096)) return failed("bind/listen");
  if (ioctlsocket(listening, FIONBIO, &on) || getsockname(listening, (void *)&a, &al)) return failed("getsockname");
  add(listening);
  printf("READY %d\n", ntohs(a.sin_port));
  fflush(stdout);
  for (;;) {
    int left = WSAPoll(polled, count, -1);
    if (left < 0) return failed("WSAPoll");
    for (int i = count - 1; i > 0 && left > 0; i--) { /* backwards: what drop moves here has had its turn */
      if (!polled[i].revents) continue;
      left--;
      (conns[i].pend ? writable : readable)(i);
    }
    if (polled[0].revents) take_all(listening);
  }
}
