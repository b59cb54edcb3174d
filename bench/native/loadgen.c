// loadgen: single-threaded epoll load generator for TCP echo / sink servers on loopback.
//
//   loadgen --port P [--mode echo|sink|churn|idle] [--conns N] [--size S] [--depth D]
//           [--warmup s] [--duration s] [--pid SERVER_PID]... [--idle M] [--ping B]
//
//   Each connection is first proven by a round trip of B bytes (default 1).
//   echo   N connections, each keeps D messages of S bytes outstanding (D=1: ping-pong).
//   sink   N connections write S-byte chunks as fast as the server drains them.
//   churn  N concurrent slots: connect, one S-byte round trip, close, again.
//   idle   M idle connections (each proven accepted by one round trip), then echo on N more.
//
// The stream carries a position-dependent pattern; the first VERIFY bytes of every
// connection are compared.  With --pid the server's CPU time (all its threads, from
// /proc/PID/task/*/schedstat) and RSS are sampled at both ends of the measured window;
// a server of several processes (Wine's) is given by a --pid each.
// Prints one JSON object.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD 64507u /* 251*257: no relation to any buffer size */
#define VERIFY (256u << 10)
#define RBUF (256u << 10)

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static void die(const char *w) {
  fprintf(stderr, "loadgen: %s: %s\n", w, strerror(errno));
  exit(2);
}
static void fail(const char *w) {
  fprintf(stderr, "loadgen: %s\n", w);
  exit(3);
}

/* ---- latency histogram: 64 linear steps per power of two ---- */
static uint64_t hist[64 * 64], hist_n, hist_max;
static double hist_sum;
static inline void hist_add(uint64_t v) {
  unsigned idx;
  if (v < 64) idx = (unsigned)v;
  else {
    unsigned e = 63 - __builtin_clzll(v);
    idx = (e - 5) * 64 + (unsigned)((v >> (e - 6)) & 63);
  }
  hist[idx]++;
  hist_n++;
  hist_sum += (double)v;
  if (v > hist_max) hist_max = v;
}
static double hist_q(double q) {
  uint64_t want = (uint64_t)(q * (double)hist_n), c = 0;
  for (unsigned i = 0; i < 64 * 64; i++) {
    c += hist[i];
    if (c > want) {
      if (i < 64) return i;
      unsigned e = i / 64 + 5;
      return (double)((1ull << e) + ((uint64_t)(i & 63) << (e - 6)));
    }
  }
  return (double)hist_max;
}

/* ---- server and machine samples ---- */
#define PIDS 64
static int g_pids[PIDS], n_pids;
/* CPU time of all threads; *wait grows by the time they were runnable but not running, i.e.
 * what other work on the CPU took from us (the noise of this sample) */
static uint64_t cpu_ns(int pid, uint64_t *wait) {
  char p[300];
  uint64_t tot = 0;
  snprintf(p, sizeof p, "/proc/%d/task", pid);
  DIR *d = opendir(p);
  if (!d) return 0;
  struct dirent *e;
  while ((e = readdir(d))) {
    if (e->d_name[0] == '.') continue;
    snprintf(p, sizeof p, "/proc/%d/task/%.20s/schedstat", pid, e->d_name);
    FILE *f = fopen(p, "r");
    unsigned long long v, w;
    if (f) {
      if (fscanf(f, "%llu %llu", &v, &w) == 2) tot += v, *wait += w;
      fclose(f);
    }
  }
  closedir(d);
  return tot;
}
static uint64_t server_cpu_ns(uint64_t *wait) {
  uint64_t sum = 0;
  for (int i = 0; i < n_pids; i++) sum += cpu_ns(g_pids[i], wait);
  return sum;
}
static long server_rss_kb(void) {
  long sum = 0;
  for (int i = 0; i < n_pids; i++) {
    char p[64];
    long a, b;
    snprintf(p, sizeof p, "/proc/%d/statm", g_pids[i]);
    FILE *f = fopen(p, "r");
    if (!f) continue;
    if (fscanf(f, "%ld %ld", &a, &b) == 2) sum += b;
    fclose(f);
  }
  return sum * (sysconf(_SC_PAGESIZE) / 1024);
}
static long steal_ticks(void) {
  long v[8] = {0};
  FILE *f = fopen("/proc/stat", "r");
  if (!f) return 0;
  if (fscanf(f, "cpu %ld %ld %ld %ld %ld %ld %ld %ld", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) != 8) v[7] = 0;
  fclose(f);
  return v[7];
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* ---- connections ---- */
typedef struct {
  int fd;
  int up;           /* churn: connect finished; sink: writable */
  uint64_t tx, txt; /* stream offset sent / allowed */
  uint64_t rx, done;
  uint64_t *ts;     /* send times, ring of depth */
} conn;

static char *pat, *rbuf;
static int ep;
static size_t S = 64;
static int D = 1, recording, stopping;
static struct sockaddr_in srv;
static uint64_t n_msgs, n_bytes, n_conns, n_verified;
static unsigned src_rot;

static int mksock(int rotate, int nonblock) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0), 0);
  if (fd < 0) die("socket");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (rotate) { /* many source addresses: TIME_WAIT never exhausts the port range */
    struct sockaddr_in a = {.sin_family = AF_INET};
    a.sin_addr.s_addr = htonl(0x7f000002u + (src_rot++ % 240));
    setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a)) die("bind source");
  }
  return fd;
}
static void flush_tx(conn *c) {
  while (c->tx < c->txt) {
    size_t len = c->txt - c->tx;
    if (len > (1u << 20)) len = 1u << 20;
    ssize_t n = send(c->fd, pat + c->tx % PERIOD, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      die("send");
    }
    c->tx += n;
  }
}
/* returns 1 when a churn connection finished its round trip */
static int on_readable(conn *c) {
  for (;;) {
    ssize_t n = recv(c->fd, rbuf, RBUF, MSG_DONTWAIT);
    if (n == 0) fail("server closed the connection");
    if (n < 0) {
      if (errno == EAGAIN) return 0;
      if (errno == EINTR) continue;
      die("recv");
    }
    if (c->rx < VERIFY) {
      size_t m = (size_t)n, o = 0;
      if (m > VERIFY - c->rx) m = VERIFY - c->rx;
      while (o < m) {
        size_t k = m - o, at = (c->rx + o) % PERIOD;
        if (k > PERIOD) k = PERIOD;
        if (memcmp(rbuf + o, pat + at, k)) fail("echoed bytes differ");
        o += k;
      }
      n_verified += m;
    }
    c->rx += n;
    uint64_t t = now_ns();
    if (recording) n_bytes += n;
    if (c->rx > c->tx) fail("server sent more than it was given");
    while (c->rx >= (c->done + 1) * S) {
      uint64_t *slot = &c->ts[c->done % D];
      if (recording) {
        hist_add(t - *slot);
        n_msgs++;
      }
      c->done++;
      *slot = t;
      if (!stopping) c->txt += S;
    }
    if ((size_t)n < RBUF) return 0;
  }
}
static void prime(conn *c) {
  uint64_t t = now_ns();
  for (int i = 0; i < D; i++) c->ts[i] = t;
  c->txt += (uint64_t)D * S;
  flush_tx(c);
}
static void add_ep(conn *c, uint32_t ev) {
  struct epoll_event e = {.events = ev, .data.ptr = c};
  if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e)) die("epoll_ctl");
}
/* connect n connections in batches; with ping, prove each accepted by one round trip of S bytes */
static void connect_all(conn *cs, int n, int ping, int ping_size) {
  for (int i = 0; i < n; i += 64) {
    int hi = i + 64 < n ? i + 64 : n;
    for (int k = i; k < hi; k++) {
      cs[k].fd = mksock(0, 0);
      if (connect(cs[k].fd, (struct sockaddr *)&srv, sizeof srv)) die("connect");
      cs[k].ts = calloc(D, sizeof(uint64_t));
    }
    if (ping) {
      for (int k = i; k < hi; k++)
        if (send(cs[k].fd, pat, ping_size, MSG_NOSIGNAL) != ping_size) die("ping send");
      for (int k = i; k < hi; k++) {
        struct timeval tv = {10, 0};
        setsockopt(cs[k].fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
        if (recv(cs[k].fd, rbuf, ping_size, MSG_WAITALL) != ping_size) die("ping recv");
        if (memcmp(rbuf, pat, ping_size)) fail("ping bytes differ");
      }
    }
  }
}

int main(int argc, char **argv) {
  const char *mode = "echo";
  int port = 0, N = 1, M = 10000, ping = 1;
  double warm = 0.2, dur = 1.0;
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    if (i + 1 >= argc) fail("missing value");
    const char *v = argv[++i];
    if (!strcmp(a, "--mode")) mode = v;
    else if (!strcmp(a, "--port")) port = atoi(v);
    else if (!strcmp(a, "--conns")) N = atoi(v);
    else if (!strcmp(a, "--idle")) M = atoi(v);
    else if (!strcmp(a, "--size")) S = strtoul(v, 0, 10);
    else if (!strcmp(a, "--depth")) D = atoi(v);
    else if (!strcmp(a, "--warmup")) warm = atof(v);
    else if (!strcmp(a, "--duration")) dur = atof(v);
    else if (!strcmp(a, "--ping")) ping = atoi(v);
    else if (!strcmp(a, "--pid")) {
      if (n_pids == PIDS) fail("too many --pid");
      g_pids[n_pids++] = atoi(v);
    }
    else fail("unknown option");
  }
  int echo = !strcmp(mode, "echo"), sink = !strcmp(mode, "sink"), churn = !strcmp(mode, "churn"),
      idle = !strcmp(mode, "idle");
  if (!(echo || sink || churn || idle) || !port || N < 1 || D < 1 || S < 1) fail("bad arguments");
  size_t plen = PERIOD + (1u << 20) + S;
  pat = malloc(plen);
  rbuf = aligned_alloc(4096, RBUF);
  for (size_t i = 0; i < plen; i++) { /* period exactly PERIOD */
    uint32_t x = (uint32_t)(i % PERIOD) * 2654435761u;
    pat[i] = (char)(x >> 24);
  }
  srv.sin_family = AF_INET;
  srv.sin_port = htons(port);
  srv.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ep = epoll_create1(EPOLL_CLOEXEC);
  long rss0 = server_rss_kb(), rss_idle = 0;
  uint64_t t_setup = now_ns();
  if (idle) {
    conn *ic = calloc(M, sizeof *ic);
    connect_all(ic, M, 1, 64);
    usleep(200000);
    rss_idle = server_rss_kb();
  }
  conn *cs = calloc(N, sizeof *cs);
  if (!churn) {
    connect_all(cs, N, !sink, ping);
    for (int i = 0; i < N; i++)
      add_ep(&cs[i], sink ? EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  } else
    for (int i = 0; i < N; i++) {
      cs[i].fd = -1;
      cs[i].ts = calloc(D, sizeof(uint64_t));
    }
  double setup_s = (now_ns() - t_setup) / 1e9;

  uint64_t t0 = now_ns(), t_rec = t0 + (uint64_t)(warm * 1e9), t_end = t_rec + (uint64_t)(dur * 1e9);
  uint64_t rec_at = 0, cpu0 = 0, sw0 = 0, sw1 = 0, cw0 = 0, cw1 = 0;
  double self0 = 0;
  long steal0 = 0;
  if (!churn && !sink)
    for (int i = 0; i < N; i++) prime(&cs[i]);
  struct epoll_event ev[512];
  for (;;) {
    if (churn)
      for (int i = 0; i < N; i++) {
        conn *c = &cs[i];
        if (c->fd >= 0) continue;
        c->up = 0;
        c->tx = c->txt = c->rx = c->done = 0;
        c->fd = mksock(1, 1);
        c->ts[0] = now_ns();
        if (connect(c->fd, (struct sockaddr *)&srv, sizeof srv) && errno != EINPROGRESS) die("connect");
        add_ep(c, EPOLLIN | EPOLLOUT | EPOLLET);
      }
    if (sink)
      for (int i = 0; i < N; i++)
        for (int k = 0; k < 16 && cs[i].up; k++) { /* up: writable as far as we know */
          ssize_t w = send(cs[i].fd, pat + cs[i].tx % PERIOD, S, MSG_NOSIGNAL | MSG_DONTWAIT);
          if (w < 0) {
            if (errno != EAGAIN) die("send");
            cs[i].up = 0;
            break;
          }
          cs[i].tx += w;
          if (recording) n_bytes += w;
        }
    int n = epoll_wait(ep, ev, 512, 0);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) {
      conn *c = ev[i].data.ptr;
      uint32_t e = ev[i].events;
      if (sink) {
        if (e & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) fail("server closed a sink connection");
        c->up = 1;
        continue;
      }
      if (churn) {
        if (!c->up) {
          if (e & (EPOLLERR | EPOLLHUP)) fail("connect refused");
          if (!(e & EPOLLOUT)) continue;
          c->up = 1;
          c->txt = S;
          flush_tx(c);
        }
        if (e & EPOLLIN) {
          ssize_t k;
          while ((k = recv(c->fd, rbuf, RBUF, MSG_DONTWAIT)) > 0) {
            if (c->rx + k > S || memcmp(rbuf, pat + c->rx, k)) fail("churn bytes differ");
            c->rx += k;
            if ((size_t)k < RBUF) break;
          }
          if (k == 0) fail("server closed the connection");
          if (c->rx == S) {
            close(c->fd);
            c->fd = -1;
            if (recording) {
              n_conns++;
              n_msgs++;
              hist_add(now_ns() - c->ts[0]);
            }
          }
        }
        continue;
      }
      if (e & EPOLLIN) on_readable(c);
      flush_tx(c);
    }
    uint64_t t = now_ns();
    if (!recording && t >= t_rec) {
      recording = 1;
      cpu0 = server_cpu_ns(&sw0);
      cpu_ns(getpid(), &cw0);
      self0 = self_cpu();
      steal0 = steal_ticks();
      rec_at = now_ns();
      t_end = rec_at + (uint64_t)(dur * 1e9);
    }
    if (t >= t_end && recording) break;
  }
  uint64_t t_stop = now_ns();
  uint64_t cpu1 = server_cpu_ns(&sw1);
  cpu_ns(getpid(), &cw1);
  double self1 = self_cpu(), secs = (t_stop - rec_at) / 1e9;
  long steal1 = steal_ticks(), rss1 = server_rss_kb();
  recording = 0;
  stopping = 1;
  double cpu = (cpu1 - cpu0) / 1e9;
  uint64_t units = sink ? n_bytes / S : n_msgs;
  printf("{\"mode\":\"%s\",\"conns\":%d,\"size\":%zu,\"depth\":%d,\"secs\":%.4f,\"msgs\":%llu,"
         "\"msgs_per_s\":%.1f,\"mb_per_s\":%.2f,\"conns_per_s\":%.1f,"
         "\"lat_us\":{\"mean\":%.2f,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f},"
         "\"server_cpu_s\":%.4f,\"server_cpu_util\":%.3f,\"server_us_per_msg\":%.4f,\"client_cpu_util\":%.3f,"
         "\"rss_kb_start\":%ld,\"rss_kb_idle\":%ld,\"rss_kb_end\":%ld,\"idle_conns\":%d,\"setup_s\":%.3f,"
         "\"steal_ticks\":%ld,\"wait_frac\":%.4f,\"verified_bytes\":%llu}\n",
         mode, N, S, D, secs, (unsigned long long)units, units / secs, n_bytes / secs / 1e6, n_conns / secs,
         hist_n ? hist_sum / hist_n / 1e3 : 0, hist_q(.5) / 1e3, hist_q(.9) / 1e3, hist_q(.99) / 1e3,
         hist_q(.999) / 1e3, hist_max / 1e3, cpu, cpu / secs, units ? cpu * 1e6 / units : 0,
         (self1 - self0) / secs, rss0, rss_idle, rss1, idle ? M : 0, setup_s, steal1 - steal0, ((sw1 - sw0) + (cw1 - cw0)) / 1e9 / secs,
         (unsigned long long)n_verified);
  return 0;
}
