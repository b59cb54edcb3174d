/* ps_addr.c: see ps_addr.h. */
#include "ps_addr.h"

#include <stddef.h>
#include <string.h>
#ifndef _WIN32
#  include <arpa/inet.h>
#  include <sys/un.h>
#else
struct sockaddr_un { /* afunix.h, which older SDKs lack */
    unsigned short sun_family;
    char sun_path[108];
};
#endif

enum { PATH_AT = offsetof(struct sockaddr_un, sun_path), PATH_ROOM = sizeof((struct sockaddr_un *)0)->sun_path };

static const char *part(const char *at, const char *end, uint32_t *out) {
    uint64_t value = 0;
    unsigned base = 10;
    if (at < end && *at == '0') {
        base = 8;
        if (end - at > 1 && (at[1] == 'x' || at[1] == 'X')) {
            base = 16;
            at += 2;
            if (at == end || *at == '.') return NULL;
        }
    } else if (at == end) {
        return NULL;
    }
    const char *first = at;
    for (; at < end && *at != '.'; at++) {
        unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
                         : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a' + 10)
                         : *at >= 'A' && *at <= 'F' ? (unsigned)(*at - 'A' + 10)
                                                    : 16;
        if (digit >= base) return NULL;
        value = value * base + digit;
        if (value > UINT32_MAX) return NULL;
    }
    if (at == first) return NULL;
    *out = (uint32_t)value;
    return at;
}

int ps_addr_dotted(const char *text, size_t n, uint32_t *out) {
    const char *at = text, *end = text + n;
    uint32_t parts[4], host = 0;
    int count = 0;
    for (;;) {
        if (count == 4 || !(at = part(at, end, &parts[count]))) return 0;
        count++;
        if (at == end) break;
        at++; /* the dot */
    }
    for (int i = 0; i < count - 1; i++) {
        if (parts[i] > 255) return 0;
        host |= parts[i] << (24 - 8 * i);
    }
    uint64_t room = (uint64_t)1 << (8 * (5 - count)); /* the last part fills what is left */
    if (parts[count - 1] >= room) return 0;
    *out = host | parts[count - 1];
    return 1;
}

void ps_addr_set4(ps_addr *a, uint32_t host, uint16_t port) {
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(host);
    memcpy(&a->ss, &in, sizeof in);
    a->len = (ps_socklen_t)sizeof in;
}

int ps_addr_set6(ps_addr *a, const char *text, uint16_t port, uint32_t flow, uint32_t scope) {
    struct sockaddr_in6 in;
    memset(&in, 0, sizeof in);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_flowinfo = htonl(flow);
    in.sin6_scope_id = scope;
    if (inet_pton(AF_INET6, text, &in.sin6_addr) != 1) return 0;
    memcpy(&a->ss, &in, sizeof in);
    a->len = (ps_socklen_t)sizeof in;
    return 1;
}

int ps_addr_set_unix(ps_addr *a, const char *path, size_t n) {
    struct sockaddr_un un;
    int abstract = n && !path[0];
    if (n + !abstract > PATH_ROOM) return 0;
    memset(&un, 0, sizeof un);
    un.sun_family = PS_AF_UNIX;
    memcpy(un.sun_path, path, n);
    memcpy(&a->ss, &un, sizeof un);
    a->len = (ps_socklen_t)(PATH_AT + n + !abstract);
    return 1;
}

uint16_t ps_addr_port(const ps_addr *a) {
    if (a->ss.ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)&a->ss)->sin_port);
    if (a->ss.ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)&a->ss)->sin6_port);
    return 0;
}

int ps_addr_is_any(const ps_addr *a) {
    static const unsigned char none[16];
    if (a->ss.ss_family == AF_INET) return ((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr == 0;
    if (a->ss.ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr, none, sizeof none) == 0;
    return 0;
}

void ps_addr_scope(const ps_addr *a, uint32_t *flow, uint32_t *scope) {
    const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&a->ss;
    *flow = ntohl(in->sin6_flowinfo);
    *scope = (uint32_t)in->sin6_scope_id;
}

int ps_addr_text(const ps_addr *a, char *out) {
    out[0] = 0;
    if (a->ss.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->ss)->sin_addr, out, PS_ADDR_TEXT);
    } else if (a->ss.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&a->ss)->sin6_addr, out, PS_ADDR_TEXT);
    } else if (a->ss.ss_family == PS_AF_UNIX && a->len > PATH_AT) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
        size_t n = (size_t)a->len - PATH_AT;
        if (n > PATH_ROOM) n = PATH_ROOM;
        if (un->sun_path[0]) n = strnlen(un->sun_path, n);
        memcpy(out, un->sun_path, n);
        return (int)n;
    }
    return (int)strlen(out);
}
