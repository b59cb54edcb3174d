/* poller.c: which mechanisms this build has, best first, and the choice among them.
 *
 * The conditions here are those of sources.cmake; PS_KQUEUE_SHIM is its test option PYSOCK_KQUEUE_SHIM.
 */
#ifdef _MSC_VER
#  define _CRT_SECURE_NO_WARNINGS /* getenv */
#endif
#include "ps_poller.h"

#include <stdlib.h>
#include <string.h>

extern const ps_poller_ops ps_epoll_ops, ps_kqueue_ops, ps_windows_ops, ps_wsapoll_ops, ps_poll_ops;

const ps_poller_ops *const ps_pollers[] = {
#if defined(_WIN32)
    &ps_windows_ops,
    &ps_wsapoll_ops,
#else
#  if defined(__linux__)
    &ps_epoll_ops,
#  endif
#  if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) \
      || defined(__DragonFly__) || defined(PS_KQUEUE_SHIM)
    &ps_kqueue_ops,
#  endif
    &ps_poll_ops,
#endif
    NULL,
};

int ps_poller_open(const char *name, ps_poller **out) {
    *out = NULL;
    if (!name) name = getenv("PYSOCK_POLLER");
    int wanted = name && *name;
    int r = -PS_WSAEINVAL;
    for (const ps_poller_ops *const *ops = ps_pollers; *ops; ops++) {
        if (wanted && strcmp(name, (*ops)->name) != 0) continue;
        r = (*ops)->open(out);
        if (r >= 0 || wanted) return r;
    }
    return r;
}
