/* ps_slots.h: the live map of a pump, socket -> owner, and the numbers that outlive an owner.
 *
 * A slot belongs to one watched socket from its registration to its Close or Detach.  (slot, generation) names it
 * without a reference: once the slot is given back the pair finds nothing, so what was queued for a closed socket
 * is dropped and a reused descriptor inherits nothing (PY-2, LT-13).
 *
 * Finding an owner by descriptor is open addressing over slot numbers: descriptors are small integers on POSIX,
 * but not on Windows.
 */
#ifndef PS_SLOTS_H
#define PS_SLOTS_H

#include <stdlib.h>

#include "ps_plat.h"

typedef struct {
    void *owner; /* NULL: free */
    ps_sock_t fd;     /* the last owner's, when free */
    uint32_t generation;
    uint32_t next_free;
    uint32_t died;    /* the round in which it was given back */
} ps_place;

typedef struct {
    ps_place *slots;
    uint32_t *buckets; /* slot number + 1, 0: empty; as many as capacity * 2 */
    uint32_t capacity, live, free;
    uint32_t round; /* raised by the pump with each dispatch */
} ps_slots;

#define PS_NO_SLOT UINT32_MAX

static inline void ps_slots_init(ps_slots *t) {
    *t = (ps_slots){.free = PS_NO_SLOT};
}

static inline void ps_slots_free(ps_slots *t) {
    free(t->slots);
    free(t->buckets);
    ps_slots_init(t);
}

static inline uint32_t ps_slots_home(const ps_slots *t, ps_sock_t fd) {
    return (uint32_t)(((uint64_t)fd * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (t->capacity * 2 - 1);
}

static inline void ps_slots_enter(ps_slots *t, uint32_t slot) {
    uint32_t mask = t->capacity * 2 - 1;
    uint32_t b = ps_slots_home(t, t->slots[slot].fd);
    while (t->buckets[b]) b = (b + 1) & mask;
    t->buckets[b] = slot + 1;
}

static inline int ps_slots_grow(ps_slots *t) {
    if (t->capacity > UINT32_MAX / 8) return -PS_WSAENOBUFS;
    uint32_t bigger = t->capacity ? t->capacity * 2 : 32;
    uint32_t *buckets = (uint32_t *)calloc((size_t)bigger * 2, sizeof *buckets);
    ps_place *slots = buckets ? (ps_place *)realloc(t->slots, bigger * sizeof *slots) : NULL;
    if (!slots) {
        free(buckets);
        return -PS_WSAENOBUFS;
    }
    for (uint32_t i = bigger; i-- > t->capacity;) {
        slots[i] = (ps_place){.fd = PS_BAD_SOCK, .next_free = t->free};
        t->free = i;
    }
    free(t->buckets);
    t->slots = slots;
    t->buckets = buckets;
    uint32_t old = t->capacity;
    t->capacity = bigger;
    for (uint32_t i = 0; i < old; i++)
        if (slots[i].owner) ps_slots_enter(t, i);
    return 0;
}

/* The new slot's number in *slot; 0 or -PS_WSAENOBUFS. */
static inline int ps_slots_add(ps_slots *t, ps_sock_t fd, void *owner, uint32_t *slot) {
    if (t->free == PS_NO_SLOT) {
        int r = ps_slots_grow(t);
        if (r < 0) return r;
    }
    *slot = t->free;
    ps_place *s = &t->slots[*slot];
    t->free = s->next_free;
    s->owner = owner;
    s->fd = fd;
    ps_slots_enter(t, *slot);
    t->live++;
    return 0;
}

static inline void ps_slots_remove(ps_slots *t, uint32_t slot) {
    ps_place *s = &t->slots[slot];
    uint32_t mask = t->capacity * 2 - 1;
    uint32_t hole = ps_slots_home(t, s->fd);
    while (t->buckets[hole] != slot + 1) hole = (hole + 1) & mask;
    for (uint32_t b = hole;;) { /* close the gap, so that no search stops short */
        t->buckets[hole] = 0;
        uint32_t home;
        do {
            b = (b + 1) & mask;
            if (!t->buckets[b]) goto closed;
            home = ps_slots_home(t, t->slots[t->buckets[b] - 1].fd);
        } while (((b - home) & mask) < ((b - hole) & mask));
        t->buckets[hole] = t->buckets[b];
        hole = b;
    }
closed:
    s->owner = NULL;
    s->died = t->round;
    s->generation++;
    s->next_free = t->free;
    t->free = slot;
    t->live--;
}

static inline void *ps_slots_find(const ps_slots *t, ps_sock_t fd) {
    if (!t->live || fd == PS_BAD_SOCK) return NULL;
    uint32_t mask = t->capacity * 2 - 1;
    for (uint32_t b = ps_slots_home(t, fd); t->buckets[b]; b = (b + 1) & mask) {
        const ps_place *s = &t->slots[t->buckets[b] - 1];
        if (s->fd == fd) return s->owner;
    }
    return NULL;
}

static inline void *ps_slots_owner(const ps_slots *t, uint32_t slot, uint32_t generation) {
    const ps_place *s = &t->slots[slot];
    return s->generation == generation ? s->owner : NULL;
}

/* Was a socket of this number given back since the last dispatch?  (LookupHandle(h, TRUE): AS-51.)  Only for
 * show and seldom asked, so it looks at every slot instead of costing each Close something. */
static inline int ps_slots_is_dead(const ps_slots *t, ps_sock_t fd) {
    for (uint32_t i = 0; i < t->capacity; i++) {
        const ps_place *s = &t->slots[i];
        if (!s->owner && s->generation && s->fd == fd && s->died == t->round) return 1;
    }
    return 0;
}

#endif
