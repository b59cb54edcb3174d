/* ps_text.h: looking at text bytes without making strings of them. */
#ifndef PS_TEXT_H
#define PS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "ps_bytes.h"

/* 1 if no byte has its top bit set */
static inline int ps_is_ascii(const uint8_t *p, size_t n)
{
    const uint64_t high = 0x8080808080808080u;
    uint64_t acc = 0, w;
    size_t i = 0;
    if (n < 8) {
        uint8_t a = 0;
        for (; i < n; i++)
            a |= p[i];
        return a < 0x80;
    }
    for (; i + 8 <= n; i += 8) {
        memcpy(&w, p + i, 8);
        acc |= w;
    }
    memcpy(&w, p + n - 8, 8); /* the tail, overlapping what was seen */
    return ((acc | w) & high) == 0;
}

/* The or of all units of little-endian UTF-16 text; *surrogates becomes 1 if one of them is in D800..DFFF. */
static inline unsigned ps_or16(const uint8_t *p, size_t units, int *surrogates)
{
    unsigned acc = 0, found = 0;
    for (size_t i = 0; i < units; i++) {
        unsigned u = ps_get16(p + 2 * i);
        acc |= u;
        found |= (u & 0xF800u) == 0xD800u;
    }
    *surrogates = (int)found;
    return acc;
}

/* How many surrogate pairs the text holds. */
static inline size_t ps_pairs16(const uint8_t *p, size_t units)
{
    size_t pairs = 0;
    for (size_t i = 0; i + 1 < units; i++) {
        if ((ps_get16(p + 2 * i) & 0xFC00u) == 0xD800u && (ps_get16(p + 2 * i + 2) & 0xFC00u) == 0xDC00u) {
            pairs++;
            i++;
        }
    }
    return pairs;
}

static inline void ps_narrow16(uint8_t *dst, const uint8_t *p, size_t units)
{
    for (size_t i = 0; i < units; i++)
        dst[i] = (uint8_t)ps_get16(p + 2 * i);
}

static inline void ps_copy16(uint16_t *dst, const uint8_t *p, size_t units)
{
#if PS_BIG_ENDIAN
    for (size_t i = 0; i < units; i++)
        dst[i] = ps_get16(p + 2 * i);
#else
    memcpy(dst, p, 2 * units);
#endif
}

/* Pairs become one code point, lone surrogates stay what they are. */
static inline void ps_join16(uint32_t *dst, const uint8_t *p, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        uint32_t u = ps_get16(p + 2 * i);
        if ((u & 0xFC00u) == 0xD800u && i + 1 < units) {
            uint32_t v = ps_get16(p + 2 * i + 2);
            if ((v & 0xFC00u) == 0xDC00u) {
                u = 0x10000u + ((u & 0x3FFu) << 10) + (v & 0x3FFu);
                i++;
            }
        }
        *dst++ = u;
    }
}

static inline void ps_widen8(uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ps_put16(dst + 2 * i, src[i]);
}

static inline void ps_put16s(uint8_t *dst, const uint16_t *src, size_t n)
{
#if PS_BIG_ENDIAN
    for (size_t i = 0; i < n; i++)
        ps_put16(dst + 2 * i, src[i]);
#else
    memcpy(dst, src, 2 * n);
#endif
}

/* Code points above FFFF become pairs. */
static inline void ps_split32(uint8_t *dst, const uint32_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t c = src[i];
        if (c > 0xFFFFu) {
            c -= 0x10000u;
            ps_put16(dst, (uint16_t)(0xD800u | (c >> 10)));
            ps_put16(dst + 2, (uint16_t)(0xDC00u | (c & 0x3FFu)));
            dst += 4;
        } else {
            ps_put16(dst, (uint16_t)c);
            dst += 2;
        }
    }
}

static inline size_t ps_count_astral(const uint32_t *src, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += src[i] > 0xFFFFu;
    return k;
}

#endif
