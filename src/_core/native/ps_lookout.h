/* ps_lookout.h: a descriptor for mechanisms that have none (PY-24).
 *
 * Wraps an open poller.  While the owner's thread is elsewhere (in select, in another loop) a helper thread stands
 * in the inner poller's wait; what it sees makes ps_poller_fd readable.  Every call of the owner first calls the
 * helper in, so the inner poller, a level-triggered one, is only ever used by one thread, and edges are handed on by
 * the owner's wait alone.
 *
 * ops->fd sends the helper out: call it each time before leaving the descriptor to somebody else.
 */
#ifndef PS_LOOKOUT_H
#define PS_LOOKOUT_H

#include "ps_poller.h"

int ps_lookout_open(ps_poller *inner, ps_poller **out); /* on failure inner is still the caller's */

#endif
