# cython: language_level=3
"""The only door to C: every ps_*.h name the rooms use enters here."""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uintptr_t


cdef extern from "ps_build.h" nogil:
    enum:
        PS_COUNTING

cdef extern from "ps_wsa.h" nogil:
    enum:
        PS_WSA_NOT_ENOUGH_MEMORY
        PS_WSAEINTR
        PS_WSAEINPROGRESS
        PS_WSAEACCES
        PS_WSAEFAULT
        PS_WSAEINVAL
        PS_WSAEMFILE
        PS_WSAEWOULDBLOCK
        PS_WSAEALREADY
        PS_WSAEDESTADDRREQ
        PS_WSAENOTSOCK
        PS_WSAEMSGSIZE
        PS_WSAENOPROTOOPT
        PS_WSAESOCKTNOSUPPORT
        PS_WSAEOPNOTSUPP
        PS_WSAEAFNOSUPPORT
        PS_WSAEADDRNOTAVAIL
        PS_WSAECONNABORTED
        PS_WSAECONNRESET
        PS_WSAENOBUFS
        PS_WSAEISCONN
        PS_WSAENOTCONN
        PS_WSAESHUTDOWN
        PS_WSATYPE_NOT_FOUND
        PS_WSAHOST_NOT_FOUND
        PS_WSATRY_AGAIN
        PS_WSANO_RECOVERY
        PS_WSANO_DATA

cdef extern from "ps_plat.h" nogil:
    ctypedef int ps_sock_t        # SOCKET on Windows; Cython only needs an integer
    ctypedef int ps_socklen_t
    const ps_sock_t PS_BAD_SOCK
    enum:
        PS_MSG_OOB
        PS_MSG_PEEK
        PS_IN
        PS_OUT
        PS_PRI
        PS_RDHUP
        PS_ERR
        AF_INET
        AF_INET6
        AF_UNSPEC
        SOCK_STREAM
        SOCK_DGRAM
        SOCK_SEQPACKET
        SOL_SOCKET
        SO_ACCEPTCONN
        SO_BROADCAST
        SO_ERROR
        SO_LINGER
        SO_OOBINLINE
        SO_REUSEADDR
        SO_TYPE
    struct sockaddr:
        unsigned short sa_family
    struct sockaddr_storage:
        unsigned short ss_family
    struct linger:
        int l_onoff
        int l_linger

    int ps_startup()
    int ps_socket(int family, int type, int protocol, ps_sock_t *out)
    int ps_accept(ps_sock_t listener, sockaddr *addr, ps_socklen_t *len, ps_sock_t *out)
    int ps_adopt(ps_sock_t s)
    int ps_close(ps_sock_t s)
    int ps_bind(ps_sock_t s, const sockaddr *addr, ps_socklen_t len)
    int ps_listen(ps_sock_t s, int backlog)
    int ps_connect(ps_sock_t s, const sockaddr *addr, ps_socklen_t len)
    int ps_shutdown(ps_sock_t s, int how)
    int ps_getsockname(ps_sock_t s, sockaddr *addr, ps_socklen_t *len)
    int ps_getpeername(ps_sock_t s, sockaddr *addr, ps_socklen_t *len)
    Py_ssize_t ps_recv(ps_sock_t s, void *buf, size_t n, int flags)
    Py_ssize_t ps_recvfrom(ps_sock_t s, void *buf, size_t n, int flags, sockaddr *addr, ps_socklen_t *len)
    Py_ssize_t ps_send(ps_sock_t s, const void *buf, size_t n, int flags)
    Py_ssize_t ps_sendto(ps_sock_t s, const void *buf, size_t n, int flags, const sockaddr *addr,
                         ps_socklen_t len)
    int ps_getsockopt(ps_sock_t s, int level, int name, void *value, ps_socklen_t *len)
    int ps_setsockopt(ps_sock_t s, int level, int name, const void *value, ps_socklen_t len)
    int ps_take_error(ps_sock_t s)
    int ps_set_blocking(ps_sock_t s, int blocking)
    int64_t ps_readable_bytes(ps_sock_t s)
    int ps_at_mark(ps_sock_t s)
    int ps_ready(ps_sock_t s, int bits)
    int ps_error_from_errno(int err)
    int64_t ps_now_ns()

cdef extern from "ps_addr.h" nogil:
    enum:
        PS_AF_UNIX                # -1 where there is none
        PS_ADDR_TEXT              # room for any address as text
    ctypedef struct ps_addr:
        sockaddr_storage ss
        ps_socklen_t len          # 0: no address
    sockaddr *ps_addr_sa(ps_addr *a)
    void ps_addr_room(ps_addr *a)
    bint ps_addr_dotted(const char *text, size_t n, uint32_t *out)
    void ps_addr_set4(ps_addr *a, uint32_t host, uint16_t port)
    bint ps_addr_set6(ps_addr *a, const char *text, uint16_t port, uint32_t flow, uint32_t scope)
    bint ps_addr_set_unix(ps_addr *a, const char *path, size_t n)
    int ps_addr_family(const ps_addr *a)
    uint16_t ps_addr_port(const ps_addr *a)
    bint ps_addr_is_any(const ps_addr *a)
    void ps_addr_scope(const ps_addr *a, uint32_t *flow, uint32_t *scope)
    int ps_addr_text(const ps_addr *a, char *out)

cdef extern from "ps_poller.h" nogil:
    ctypedef struct ps_watch:
        ps_sock_t fd
        int32_t slot
        uint32_t armed
    ctypedef struct ps_event:
        ps_watch *watch
        uint32_t bits
    ctypedef struct ps_poller_ops:
        const char *name
        int level
        void (*close)(ps_poller *p) noexcept nogil
        int (*add)(ps_poller *p, ps_watch *w) noexcept nogil
        void (*del_ "del")(ps_poller *p, ps_watch *w) noexcept nogil
        int (*wait)(ps_poller *p, ps_event *out, int max, int64_t timeout_ns) noexcept nogil
        void (*wake)(ps_poller *p) noexcept nogil
        ps_sock_t (*fd)(ps_poller *p) noexcept nogil
        void (*forget)(ps_poller *p) noexcept nogil
    ctypedef struct ps_poller:
        const ps_poller_ops *ops
    const ps_poller_ops *const *ps_pollers
    int ps_poller_open(const char *name, ps_poller **out)
    void ps_poller_rearm(ps_poller *p, ps_watch *w, uint32_t bits)

cdef extern from "ps_lookout.h" nogil:
    int ps_lookout_open(ps_poller *inner, ps_poller **out)

cdef extern from "ps_events.h" nogil:
    enum:
        PS_FD_READ
        PS_FD_WRITE
        PS_FD_OOB
        PS_FD_ACCEPT
        PS_FD_CONNECT
        PS_FD_CLOSE
        PS_FD_ALL
        PS_NEW
        PS_LISTENING
        PS_CONNECTING
        PS_CONNECTED
        PS_FAILED
        PS_DGRAM
        PS_NO
        PS_MAYBE
        PS_YES
        PS_EV_BOUND
        PS_EV_FIN
        PS_EV_RESET
        PS_EV_RECV_SHUT
        PS_EV_SEND_SHUT
        PS_EV_GUESS
        PS_EV_CUTS
        PS_EV_MARK
        PS_EV_INLINE
        PS_EV_NO_URGENT
    ctypedef struct ps_events:
        uint8_t mask
        uint8_t posted
        uint8_t queued
        uint8_t phase
        uint8_t readable
        uint8_t rearm
        uint16_t flags
        uint16_t error
        uint16_t close_error
        uint16_t connect_error
        uint8_t oobs
    ctypedef struct ps_probe:
        int (*peek)(void *s) noexcept nogil
        int (*ready)(void *s, int bits) noexcept nogil
        int (*take_error)(void *s) noexcept nogil
        int (*take_urgent)(void *s) noexcept nogil
    const ps_probe ps_socket_probe
    const uint8_t *ps_ev_order
    unsigned int ps_ev_post(ps_events *e, unsigned int due)
    unsigned int ps_ev_edge(ps_events *e, unsigned int bits, const ps_probe *probe, void *s)
    unsigned int ps_ev_received(ps_events *e, size_t asked, Py_ssize_t got, int msg_flags,
                                const ps_probe *probe, void *s)
    bint ps_ev_is_plain(const ps_events *e)
    void ps_ev_drained(ps_events *e)
    Py_ssize_t ps_ev_answer(ps_events *e, size_t asked, Py_ssize_t got)
    bint ps_ev_wants_urgent(const ps_events *e)
    unsigned int ps_ev_urgent(ps_events *e, const ps_probe *probe, void *s)
    int ps_ev_take_oob(ps_events *e, int peek)
    unsigned int ps_ev_send_failed(ps_events *e, int error)
    int ps_ev_send_error(const ps_events *e, int error)
    unsigned int ps_ev_accepted(ps_events *e, int result)
    unsigned int ps_ev_child(ps_events *e, const ps_events *of)
    void ps_ev_listen(ps_events *e)
    void ps_ev_connect(ps_events *e)
    unsigned int ps_ev_connected(ps_events *e, int result)
    unsigned int ps_ev_dgram_connected(ps_events *e)
    unsigned int ps_ev_select(ps_events *e, unsigned int mask, const ps_probe *probe, void *s)
    int ps_ev_so_error(ps_events *e, const ps_probe *probe, void *s, unsigned int *due)
    int ps_ev_take(ps_events *e, unsigned int event, const ps_probe *probe, void *s, unsigned int *due)

cdef extern from "ps_slots.h" nogil:
    ctypedef struct ps_place:
        void *owner
        uint32_t generation
    ctypedef struct ps_slots:
        ps_place *slots
        uint32_t capacity
        uint32_t live
        uint32_t round
    const uint32_t PS_NO_SLOT
    void ps_slots_init(ps_slots *t)
    void ps_slots_free(ps_slots *t)
    int ps_slots_add(ps_slots *t, ps_sock_t fd, void *owner, uint32_t *slot)
    void ps_slots_remove(ps_slots *t, uint32_t slot)
    void *ps_slots_find(const ps_slots *t, ps_sock_t fd)
    bint ps_slots_is_dead(const ps_slots *t, ps_sock_t fd)
    void *ps_slots_owner(const ps_slots *t, uint32_t slot, uint32_t generation)

cdef extern from "ps_ring.h" nogil:
    ctypedef struct ps_item:
        uint32_t slot
        uint32_t generation
        uint32_t event
    ctypedef struct ps_ring:
        uint32_t count
    void ps_ring_free(ps_ring *r)
    int ps_ring_post(ps_ring *r, const ps_slots *live, uint32_t slot, unsigned int due)
    ps_item ps_ring_pop(ps_ring *r)
    bint ps_ring_take(ps_ring *r, ps_item item)

cdef extern from "ps_thread.h" nogil:
    uintptr_t ps_this_thread()
