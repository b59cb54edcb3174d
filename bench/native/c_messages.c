// c_messages: the limit of bench.messages.  Blocking sockets, plain C, a record of five fields.
//   c_messages serve                                  prints "READY <port>"; serves one connection after another
//   c_messages ask PORT SECONDS WARMUP                request and answer, one at a time
//   c_messages stream PORT COUNT                      COUNT records one way, then one number back
// Either client prints what it measured as JSON.  The first DWORD of a connection says what is to come: 0 for
// requests, else the number of records.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORD 26
#define BUFFER 4096 /* an archive's */
typedef struct {
  uint32_t number;
  uint16_t kind;
  int32_t level;
  int64_t when;
  double value;
} record;

static void put(char *b, const record *r) {
  memcpy(b, &r->number, 4);
  memcpy(b + 4, &r->kind, 2);
  memcpy(b + 6, &r->level, 4);
  memcpy(b + 10, &r->when, 8);
  memcpy(b + 18, &r->value, 8);
}
static void get(const char *b, record *r) {
  memcpy(&r->number, b, 4);
  memcpy(&r->kind, b + 4, 2);
  memcpy(&r->level, b + 6, 4);
  memcpy(&r->when, b + 10, 8);
  memcpy(&r->value, b + 18, 8);
}
static record made(uint32_t i) { return (record){i, i & 0xffff, -(int32_t)(i & 0xfffff), (int64_t)i << 20, i * 0.5}; }
static record answer(record r) { return (record){r.number + 1, r.kind ^ 1, -r.level, r.when + 1, r.value + 1.0}; }
static int same(record a, record b) {
  return a.number == b.number && a.kind == b.kind && a.level == b.level && a.when == b.when && a.value == b.value;
}
static void die(const char *what) {
  perror(what);
  exit(1);
}
static void send_all(int s, const char *b, size_t n) {
  while (n) {
    ssize_t k = send(s, b, n, MSG_NOSIGNAL);
    if (k < 0) die("send");
    b += k;
    n -= k;
  }
}
static int recv_all(int s, char *b, size_t n) { /* 0: the peer has closed */
  while (n) {
    ssize_t k = recv(s, b, n, 0);
    if (k < 0) die("recv");
    if (!k) return 0;
    b += k;
    n -= k;
  }
  return 1;
}
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void serve_requests(int s) {
  char b[RECORD];
  record r;
  while (recv_all(s, b, RECORD)) {
    get(b, &r);
    r = answer(r);
    put(b, &r);
    send_all(s, b, RECORD);
  }
}
static void serve_stream(int s, uint32_t count) {
  char b[BUFFER];
  size_t have = 0;
  uint64_t sum = 0;
  record r;
  while (count) {
    ssize_t n = recv(s, b + have, BUFFER - have, 0);
    if (n <= 0) die("recv");
    have += n;
    size_t at = 0;
    for (; have - at >= RECORD && count; at += RECORD, count--) {
      get(b + at, &r);
      sum += r.number + (uint64_t)r.when;
    }
    memmove(b, b + at, have -= at);
  }
  send_all(s, (char *)&sum, 8);
}
static void serve(void) {
  int one = 1, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  if (bind(l, (void *)&a, sizeof a) || listen(l, 16) || getsockname(l, (void *)&a, &len)) die("bind/listen");
  printf("READY %d\n", ntohs(a.sin_port));
  fflush(stdout);
  for (;;) {
    int s = accept(l, NULL, NULL);
    uint32_t count;
    if (s < 0) die("accept");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (recv_all(s, (char *)&count, 4)) {
      if (count) serve_stream(s, count);
      else serve_requests(s);
    }
    close(s);
  }
}
static int connected(int port, uint32_t count) {
  int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(s, (void *)&a, sizeof a)) die("connect");
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  send_all(s, (char *)&count, 4);
  return s;
}
static int compare(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}
static int ask(int port, double seconds, double warmup) {
  static float took[1 << 22];
  int s = connected(port, 0), n = 0;
  double start = now() + warmup, end = start + seconds;
  char b[RECORD];
  for (uint32_t i = 0;; i++) {
    double before = now();
    if (before >= end || n == 1 << 22) break;
    record r = made(i), back;
    put(b, &r);
    send_all(s, b, RECORD);
    if (!recv_all(s, b, RECORD)) die("closed");
    get(b, &back);
    if (!same(back, answer(r))) die("wrong answer");
    if (before >= start) took[n++] = now() - before;
  }
  qsort(took, n, sizeof *took, compare);
  printf("{\"per_s\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f}\n", n / seconds, took[n / 2] * 1e6, took[n * 99 / 100] * 1e6);
  return 0;
}
static int stream(int port, uint32_t count) {
  int s = connected(port, count);
  char b[BUFFER];
  size_t have = 0;
  uint64_t sum = 0, back;
  double before = now();
  for (uint32_t i = 0; i < count; i++) {
    record r = made(i);
    if (have + RECORD > BUFFER) {
      send_all(s, b, have);
      have = 0;
    }
    put(b + have, &r);
    have += RECORD;
    sum += r.number + (uint64_t)r.when;
  }
  send_all(s, b, have);
  if (!recv_all(s, (char *)&back, 8) || back != sum) die("wrong sum");
  printf("{\"per_s\": %.1f}\n", count / (now() - before));
  return 0;
}
int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "serve")) serve();
  if (argc == 5 && !strcmp(argv[1], "ask")) return ask(atoi(argv[2]), atof(argv[3]), atof(argv[4]));
  if (argc == 4 && !strcmp(argv[1], "stream")) return stream(atoi(argv[2]), atoi(argv[3]));
  fputs("usage: c_messages serve | ask PORT SECONDS WARMUP | stream PORT COUNT\n", stderr);
  return 64;
}
