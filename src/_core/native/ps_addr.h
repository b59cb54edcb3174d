/* ps_addr.h: socket addresses without a resolver (spec NM-1 to NM-8). */
#ifndef PS_ADDR_H
#define PS_ADDR_H

#include "ps_plat.h"

#ifdef AF_UNIX
#  define PS_AF_UNIX AF_UNIX
#else
#  define PS_AF_UNIX (-1)
#endif

enum { PS_ADDR_TEXT = 128 };

typedef struct {
    struct sockaddr_storage ss;
    ps_socklen_t len; /* 0: no address */
} ps_addr;

static inline struct sockaddr *ps_addr_sa(ps_addr *a) { return (struct sockaddr *)&a->ss; }
static inline int ps_addr_family(const ps_addr *a) { return a->ss.ss_family; }

/* Empties a, with all its room on offer to a system call. */
static inline void ps_addr_room(ps_addr *a) {
    a->ss.ss_family = AF_UNSPEC;
    a->len = (ps_socklen_t)sizeof a->ss;
}

/* The classic forms a.b.c.d, a.b.c, a.b, a; parts decimal, 0-octal or 0x-hex; nothing before or after.
 * 1 and the address in host order, or 0. */
int ps_addr_dotted(const char *text, size_t n, uint32_t *out);

void ps_addr_set4(ps_addr *a, uint32_t host, uint16_t port);
int ps_addr_set6(ps_addr *a, const char *text, uint16_t port, uint32_t flow, uint32_t scope); /* 0: not an address */
int ps_addr_set_unix(ps_addr *a, const char *path, size_t n);                                 /* 0: too long */

uint16_t ps_addr_port(const ps_addr *a); /* 0 for families without */
int ps_addr_is_any(const ps_addr *a);    /* 0.0.0.0 or :: */
void ps_addr_scope(const ps_addr *a, uint32_t *flow, uint32_t *scope);

/* Numeric text, or a path, into PS_ADDR_TEXT bytes; returns its length.  An abstract path keeps its NUL. */
int ps_addr_text(const ps_addr *a, char *out);

#endif
