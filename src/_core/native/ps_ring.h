/* ps_ring.h: the posted queue, first in, first out.
 *
 * A live socket has at most one item per event in it (DV-4), so the ring is bounded by the number of live sockets,
 * not of events: when it is full, items whose socket is gone are swept out before it grows.
 */
#ifndef PS_RING_H
#define PS_RING_H

#include <stdlib.h>

#include "ps_events.h"
#include "ps_slots.h"

typedef struct {
    uint32_t slot, generation, event;
} ps_item;

typedef struct {
    ps_item *items;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t head, count;
} ps_ring;

static inline void ps_ring_free(ps_ring *r) {
    free(r->items);
    *r = (ps_ring){0};
}

static inline ps_item *ps_ring_at(const ps_ring *r, uint32_t i) { return &r->items[(r->head + i) & (r->capacity - 1)]; }

static inline void ps_ring_sweep(ps_ring *r, const ps_slots *live) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        ps_item item = *ps_ring_at(r, i);
        if (ps_slots_owner(live, item.slot, item.generation)) *ps_ring_at(r, kept++) = item;
    }
    r->count = kept;
}

static inline int ps_ring_make_room(ps_ring *r, const ps_slots *live) {
    if (r->count) ps_ring_sweep(r, live);
    if (r->count <= r->capacity / 2 && r->capacity) return 0;
    if (r->capacity > UINT32_MAX / 4) return -PS_WSAENOBUFS;
    uint32_t bigger = r->capacity ? r->capacity * 2 : 64;
    ps_item *items = (ps_item *)malloc(bigger * sizeof *items);
    if (!items) return r->count < r->capacity ? 0 : -PS_WSAENOBUFS;
    for (uint32_t i = 0; i < r->count; i++) items[i] = *ps_ring_at(r, i);
    free(r->items);
    r->items = items;
    r->capacity = bigger;
    r->head = 0;
    return 0;
}

static inline int ps_ring_push(ps_ring *r, ps_item item, const ps_slots *live) {
    if (PS_UNLIKELY(r->count == r->capacity)) {
        int e = ps_ring_make_room(r, live);
        if (e < 0) return e;
    }
    *ps_ring_at(r, r->count++) = item;
    return 0;
}

static inline ps_item ps_ring_pop(ps_ring *r) {
    ps_item item = r->items[r->head];
    r->head = (r->head + 1) & (r->capacity - 1);
    r->count--;
    return item;
}

/* Queues every event of `due` for a slot, in the order of ps_ev_order. */
static inline int ps_ring_post(ps_ring *r, const ps_slots *live, uint32_t slot, unsigned due) {
    ps_item item = {.slot = slot, .generation = live->slots[slot].generation, .event = due};
    if (PS_LIKELY((due & (due - 1)) == 0)) return ps_ring_push(r, item, live); /* the usual one */
    for (int i = 0; i < 6; i++) {
        item.event = due & ps_ev_order[i];
        int e = item.event ? ps_ring_push(r, item, live) : 0;
        if (e < 0) return e;
    }
    return 0;
}

/* Takes one item out of the middle: 1, or 0 if it is not there.  Blocking calls do this to what they waited for, which
 * came last. */
static inline int ps_ring_take(ps_ring *r, ps_item item) {
    for (uint32_t i = r->count; i-- > 0;) {
        const ps_item *at = ps_ring_at(r, i);
        if (at->slot != item.slot || at->generation != item.generation || at->event != item.event) continue;
        for (r->count--; i < r->count; i++) *ps_ring_at(r, i) = *ps_ring_at(r, i + 1);
        return 1;
    }
    return 0;
}

#endif
