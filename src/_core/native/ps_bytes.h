/* ps_bytes.h: little-endian put and get.  By memcpy, so neither alignment nor the host's order matters. */
#ifndef PS_BYTES_H
#define PS_BYTES_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#  define PS_BIG_ENDIAN 1
static inline uint16_t ps_le16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t ps_le32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t ps_le64(uint64_t v) { return __builtin_bswap64(v); }
#else
#  define PS_BIG_ENDIAN 0
static inline uint16_t ps_le16(uint16_t v) { return v; }
static inline uint32_t ps_le32(uint32_t v) { return v; }
static inline uint64_t ps_le64(uint64_t v) { return v; }
#endif

static inline void ps_put16(void *p, uint16_t v) { v = ps_le16(v); memcpy(p, &v, 2); }
static inline void ps_put32(void *p, uint32_t v) { v = ps_le32(v); memcpy(p, &v, 4); }
static inline void ps_put64(void *p, uint64_t v) { v = ps_le64(v); memcpy(p, &v, 8); }
static inline uint16_t ps_get16(const void *p) { uint16_t v; memcpy(&v, p, 2); return ps_le16(v); }
static inline uint32_t ps_get32(const void *p) { uint32_t v; memcpy(&v, p, 4); return ps_le32(v); }
static inline uint64_t ps_get64(const void *p) { uint64_t v; memcpy(&v, p, 8); return ps_le64(v); }

static inline void ps_putf32(void *p, float f) { uint32_t v; memcpy(&v, &f, 4); ps_put32(p, v); }
static inline void ps_putf64(void *p, double f) { uint64_t v; memcpy(&v, &f, 8); ps_put64(p, v); }
static inline float ps_getf32(const void *p) { uint32_t v = ps_get32(p); float f; memcpy(&f, &v, 4); return f; }
static inline double ps_getf64(const void *p) { uint64_t v = ps_get64(p); double f; memcpy(&f, &v, 8); return f; }

#endif
