"""The notification state machine (spec section 3, PY-7) with a socket that exists only here.

Fake knows what the "kernel" holds and counts what it is asked: the machine must not ask what a return value
has answered.
"""

import pytest
from pysock._core.events import EventState

READ, WRITE, OOB, ACCEPT, CONNECT, CLOSE = 1, 2, 4, 8, 16, 32
ALL = 63
IN, OUT, PRI, RDHUP, ERR = 1, 2, 4, 8, 16
WOULDBLOCK, RESET, SHUTDOWN, NOTCONN, REFUSED, MFILE, NOBUFS = 10035, 10054, 10058, 10057, 10061, 10024, 10055
INVAL, ABORTED, TIMEDOUT = 10022, 10053, 10060
PEEK, MSG_OOB = 2, 1
BIG = 65536
FLAG_FIN, FLAG_RECV_SHUT, FLAG_SEND_SHUT, FLAG_CUTS, FLAG_INLINE = 2, 8, 16, 64, 256


class Fake:
    def __init__(self):
        self.data = b""
        self.items = 0  # datagrams, or pending connections
        self.fin = False
        self.error = 0
        self.room = True
        self.urgent = []
        self.asked = []

    def peek(self):
        self.asked.append("peek")
        return 1 if self.data else 0 if self.fin else -WOULDBLOCK

    def ready(self, bits):
        self.asked.append("ready")
        now = IN if self.data or self.items or self.fin else 0
        now |= (OUT if self.room else 0) | (PRI if self.urgent else 0)
        return now & bits | (RDHUP if self.fin else 0) | (ERR if self.error else 0)

    def take_error(self):
        self.asked.append("take_error")
        error, self.error = self.error, 0
        return error

    def take_urgent(self):
        self.asked.append("take_urgent")
        return self.urgent.pop(0) if self.urgent else -INVAL

    def read(self, state, n, flags=0):
        """A Receive of n bytes as the socket room makes it: (result, events due)."""
        got = len(self.data[:n]) if self.data else 0 if self.fin else -WOULDBLOCK
        if not flags & PEEK:
            self.data = self.data[n:]
        due = state.received(n, got, flags)
        return state.answer(n, got), due


@pytest.fixture
def fake():
    return Fake()


@pytest.fixture
def conn(fake):
    return EventState(fake)


def arrive(fake, state, data):
    fake.data += data
    return state.edge(IN)


# --- reading ---------------------------------------------------------------------------------------------


def test_ev_8_edge_posts_fd_read_once(fake, conn):
    assert arrive(fake, conn, b"x" * 100) == (READ,)
    assert arrive(fake, conn, b"y") == ()  # posted already: EV-2
    assert conn.take(READ) == (0, ())
    assert arrive(fake, conn, b"z") == ()  # dispatching alone does not re-arm: EV-5
    assert fake.asked == []


def test_short_read_is_believed_to_have_drained(fake, conn):
    arrive(fake, conn, b"x" * 100)
    conn.take(READ)
    assert fake.read(conn, BIG) == (100, ())
    assert conn.readable == "no"
    assert conn.take_rearm() & IN
    assert arrive(fake, conn, b"more") == (READ,)
    assert fake.asked == []


def test_ev_8_full_read_posts_again_and_the_guess_is_checked_in_its_turn(fake, conn):
    arrive(fake, conn, b"x" * 100)
    conn.take(READ)
    assert fake.read(conn, 50) == (50, (READ,))
    assert fake.asked == []
    assert conn.take(READ) == (0, ())
    assert fake.asked == ["peek"]
    assert fake.read(conn, 50) == (50, (READ,))
    assert conn.take(READ) == (None, ())  # nothing there: not called
    assert conn.take_rearm() & IN
    assert arrive(fake, conn, b"more") == (READ,)


def test_loop_until_would_block_asks_nothing(fake, conn):
    arrive(fake, conn, b"x" * 100)
    conn.take(READ)
    results = [fake.read(conn, 50)[0] for _ in range(3)]
    assert results == [50, 50, -WOULDBLOCK]
    assert conn.take(READ) == (None, ())
    assert fake.asked == []


@pytest.mark.parametrize("tc", ["TC-49"])
def test_tc_049_failing_receive_re_enables(fake, conn, tc):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    conn.received(10, -10014)  # EFAULT: the buffer was bad, the data is still there
    assert conn.readable == "yes"
    assert conn.queued & READ  # posted again, since data is there


def test_tc_048_peek_posts_again(fake, conn):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    assert fake.read(conn, 10, PEEK) == (3, (READ,))
    assert conn.take(READ) == (0, ())


def test_tc_055_no_duplicates_in_the_queue(fake, conn):
    arrive(fake, conn, b"abc")
    assert READ not in conn.select(ALL)
    assert READ not in conn.select(ALL)
    assert conn.queued & READ


def test_tc_054_not_in_the_mask_any_more(fake, conn):
    arrive(fake, conn, b"abc")
    conn.select(0)
    assert conn.take(READ) == (None, ())
    assert conn.select(READ) == (READ,)  # not lost: EV-22


def test_tc_053_consumed_in_between(fake, conn):
    conn.select(0)
    assert arrive(fake, conn, b"abc") == ()
    fake.read(conn, BIG)
    assert conn.select(READ) == ()


def test_tc_153_read_directly_before_dispatch(fake, conn):
    arrive(fake, conn, b"abc")
    assert fake.read(conn, 3) == (3, ())  # still queued, so not queued again
    assert conn.take(READ) == (None, ())


def test_tc_153_then_the_peer_closes(fake, conn):
    arrive(fake, conn, b"abc")
    fake.read(conn, 3)
    fake.fin = True
    assert conn.edge(IN | RDHUP) == (CLOSE,)
    assert conn.take(READ) == (0, ())  # DC-11: OnReceive(0) in which Receive gives 0
    assert conn.take(CLOSE) == (0, ())


def test_guess_at_the_end_of_the_stream_gives_no_on_receive(fake, conn):
    arrive(fake, conn, b"abcd")
    conn.take(READ)
    fake.read(conn, 4)  # full: a guess is queued
    fake.fin = True
    assert conn.edge(IN | RDHUP) == (CLOSE,)
    assert conn.take(READ) == (None, ())
    assert conn.take(CLOSE) == (0, ())


def test_short_reads_prove_nothing_where_records_cut_them(fake, conn):
    conn.flags |= FLAG_CUTS
    arrive(fake, conn, b"abc")
    conn.take(READ)
    assert conn.received(BIG, 1) == (READ,)
    assert conn.take(READ) == (0, ())


# --- writing ---------------------------------------------------------------------------------------------


def test_ev_10_once_after_would_block(fake, conn):
    assert conn.edge(OUT) == (WRITE,)  # armed from birth
    conn.take(WRITE)
    assert conn.edge(OUT) == ()
    assert conn.send_failed(WOULDBLOCK) == ()
    assert conn.take_rearm() & OUT
    assert conn.edge(OUT) == (WRITE,)
    assert conn.edge(OUT) == ()
    assert fake.asked == []


def test_ev_10_select_posts_only_when_there_is_room(fake, conn):
    fake.room = False
    assert conn.select(ALL) == ()
    assert conn.take_rearm() & OUT
    fake.room = True
    assert conn.edge(OUT) == (WRITE,)


@pytest.mark.parametrize(
    "phase, flags, says",
    [("connected", 0, RESET), ("connected", FLAG_SEND_SHUT, SHUTDOWN), ("new", 0, NOTCONN)],
)
def test_er_4_what_epipe_means(fake, phase, flags, says):
    state = EventState(fake, phase)
    state.flags = flags
    assert state.send_error(SHUTDOWN) == says


def test_send_meeting_a_reset_posts_fd_close(fake, conn):
    assert conn.send_failed(RESET) == (CLOSE,)
    assert conn.take(CLOSE) == (RESET, ())
    assert conn.send_failed(RESET) == ()


def test_no_buffers_to_send_with_is_not_the_end(fake, conn):
    """WSAENOBUFS is for the caller; the connection, and what it will be told, stay as they were."""
    assert conn.edge(OUT) == (WRITE,)
    assert conn.send_failed(NOBUFS) == ()
    assert not conn.take_rearm() & OUT
    arrive(fake, conn, b"x")
    assert conn.take(READ) == (0, ())


# --- closing ---------------------------------------------------------------------------------------------


def test_tc_064_close_after_the_data(fake, conn):
    fake.data, fake.fin = b"12345", True
    assert conn.edge(IN | RDHUP) == (READ,)
    conn.take(READ)
    assert fake.read(conn, 2) == (2, (READ,))
    conn.take(READ)
    assert fake.read(conn, 2) == (2, (READ,))
    conn.take(READ)
    assert fake.read(conn, 2) == (1, (CLOSE,))
    assert conn.take(CLOSE) == (0, ())


def test_exact_reads_up_to_the_end_give_no_surplus_on_receive(fake, conn):
    fake.data, fake.fin = b"1234", True
    conn.edge(IN | RDHUP)
    conn.take(READ)
    assert fake.read(conn, 2)[1] == (READ,)
    conn.take(READ)
    assert fake.read(conn, 2)[1] == (CLOSE,)


def test_fin_behind_unread_data_waits(fake, conn):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    fake.fin = True
    assert conn.edge(IN | RDHUP) == ()
    assert conn.flags & FLAG_FIN
    assert fake.read(conn, BIG) == (3, (CLOSE,))


def test_tc_066_close_without_data(fake, conn):
    fake.fin = True
    assert conn.edge(IN | RDHUP) == (CLOSE,)
    assert conn.take(CLOSE) == (0, ())
    assert fake.read(conn, BIG) == (0, ())  # EV-17: no further one


def test_end_found_by_reading_posts_close(fake, conn):
    fake.fin = True
    assert fake.read(conn, BIG) == (0, (CLOSE,))


def test_receive_of_nothing_is_not_the_end(fake, conn):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    assert conn.received(0, 0) == (READ,)
    assert not conn.flags & FLAG_FIN


def test_close_waits_for_the_data_even_if_fd_read_is_not_wanted(fake):
    state = EventState(fake, mask=CLOSE)
    fake.data, fake.fin = b"ab", True
    assert state.edge(IN | RDHUP) == ()
    assert fake.read(state, 1) == (1, ())
    assert fake.read(state, 1) == (1, (CLOSE,))


def test_tc_070_reset_at_once(fake, conn):
    fake.error = RESET
    fake.fin = True
    assert conn.edge(IN | OUT | RDHUP | ERR) == (CLOSE,)
    assert conn.take(CLOSE) == (RESET, ())
    assert fake.read(conn, BIG)[0] == -RESET
    assert fake.read(conn, BIG)[0] == -RESET  # never 0 after a reset: PY-11


def test_tc_071_reset_with_unread_bytes(fake, conn):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    fake.error, fake.fin = RESET, True
    assert conn.edge(IN | OUT | RDHUP | ERR) == (CLOSE,)
    assert fake.read(conn, BIG)[0] == 3
    assert fake.read(conn, BIG)[0] == -RESET


def test_tc_070_after_a_reset_room_to_send_is_no_news(fake, conn):
    fake.error = RESET
    assert conn.edge(IN | RDHUP | ERR) == (CLOSE,)
    assert conn.edge(OUT) == ()


def test_reset_met_by_receive_first(fake, conn):
    assert conn.received(BIG, -RESET) == (CLOSE,)
    assert conn.take(CLOSE) == (RESET, ())
    assert conn.edge(IN | OUT | RDHUP | ERR) == ()  # SO_ERROR is 0 by now; once per connection


def test_a_reset_after_the_orderly_end_reaches_who_waits_to_send(fake, conn):
    """FD_CLOSE comes once (EV-17), so only FD_WRITE can still wake him; his Send then fails."""
    fake.fin = True
    assert conn.edge(IN | RDHUP) == (CLOSE,)
    assert conn.take(CLOSE) == (0, ())
    conn.send_failed(WOULDBLOCK)
    fake.error = RESET
    assert conn.edge(IN | OUT | RDHUP | ERR) == (WRITE,)
    assert conn.take(WRITE) == (0, ())
    assert conn.edge(IN | OUT | RDHUP | ERR) == ()


@pytest.mark.parametrize(
    "error, callback", [(TIMEDOUT, ABORTED), (ABORTED, ABORTED), (SHUTDOWN, RESET), (10050, 10050)]
)
def test_as_49_codes_of_on_close(fake, conn, error, callback):
    fake.error, fake.fin = error, True
    conn.edge(IN | OUT | RDHUP | ERR)
    assert conn.take(CLOSE) == (callback, ())


def test_receive_after_a_timeout_tells_it_once_then_reset(fake, conn):
    fake.error, fake.fin = TIMEDOUT, True
    conn.edge(IN | OUT | RDHUP | ERR)
    assert fake.read(conn, BIG)[0] == -TIMEDOUT
    assert fake.read(conn, BIG)[0] == -RESET


def test_tc_152_so_error_read_once(fake, conn):
    fake.error, fake.fin = RESET, True
    conn.edge(IN | OUT | RDHUP | ERR)
    assert conn.so_error() == (RESET, ())
    assert conn.so_error() == (0, ())
    assert fake.read(conn, BIG)[0] == -RESET


def test_tc_152_so_error_read_before_the_edge(fake, conn):
    fake.error, fake.fin = RESET, True
    assert conn.so_error() == (RESET, (CLOSE,))
    assert conn.so_error() == (0, ())
    assert fake.read(conn, BIG)[0] == -RESET


def test_ev_18_own_shutdown_of_receives_is_no_close(fake, conn):
    conn.flags |= FLAG_RECV_SHUT
    fake.fin = True
    assert conn.edge(IN | RDHUP) == ()
    assert conn.take_rearm() & IN == 0  # a level-triggered mechanism would report it for ever


def test_false_hang_up_is_not_believed(fake, conn):
    assert conn.edge(IN | RDHUP) == ()
    assert not conn.flags & FLAG_FIN


# --- masks -----------------------------------------------------------------------------------------------


def test_ev_20_select_rearms_everything(fake, conn):
    fake.data = b"abc"
    conn.edge(IN | OUT)
    for event in (READ, WRITE):
        conn.take(event)
    assert conn.select(ALL) == (READ, WRITE)


def test_ev_20_select_reports_a_close_again(fake, conn):
    fake.fin = True
    conn.edge(IN | RDHUP)
    conn.take(CLOSE)
    assert conn.select(CLOSE) == (CLOSE,)
    assert conn.take(CLOSE) == (0, ())


def test_tc_137_no_fd_connect_from_select(fake, conn):
    assert conn.select(ALL) == (WRITE,)


def test_tc_052_events_outside_the_mask(fake, conn):
    conn.select(0)
    assert arrive(fake, conn, b"abc") == ()
    assert conn.select(READ) == (READ,)


def test_tc_148_masks_do_not_add(fake, conn):
    conn.select(READ)
    conn.select(WRITE)
    assert arrive(fake, conn, b"abc") == ()


# --- connecting and accepting ------------------------------------------------------------------------------


def test_ev_6_new_sockets_ignore_edges(fake):
    state = EventState(fake, "new")
    assert state.edge(OUT | RDHUP | IN) == ()  # Linux reports a fresh socket so: PY-12
    assert state.select(ALL) == ()
    assert fake.asked == []


def test_ev_25_connected(fake):
    state = EventState(fake, "new")
    state.connect()
    assert state.phase == "connecting"
    assert state.edge(OUT) == (CONNECT, WRITE)
    assert state.phase == "connected"
    assert state.take(CONNECT) == (0, ())


def test_ev_30_data_already_there_comes_after_connect(fake):
    state = EventState(fake, "new")
    state.connect()
    fake.data = b"hello"
    assert state.edge(IN | OUT) == (CONNECT, READ, WRITE)


def test_tc_042_refused(fake):
    state = EventState(fake, "new")
    state.connect()
    fake.error, fake.fin = REFUSED, True
    assert state.edge(IN | OUT | RDHUP | ERR) == (CONNECT,)
    assert state.take(CONNECT) == (REFUSED, ())
    assert state.edge(IN | OUT | RDHUP | ERR) == ()


def test_false_edge_while_connecting(fake):
    state = EventState(fake, "new")
    state.connect()
    state.take_rearm()
    fake.room = False
    assert state.edge(OUT) == ()
    assert state.phase == "connecting"
    assert state.take_rearm() & OUT


def test_ev_24_without_fd_connect(fake):
    state = EventState(fake, "new", mask=ALL & ~CONNECT)
    state.connect()
    assert state.edge(OUT) == (WRITE,)


def test_connect_error_taken_by_so_error_still_ends_the_attempt(fake):
    state = EventState(fake, "new")
    state.connect()
    fake.error = REFUSED
    assert state.so_error() == (REFUSED, (CONNECT,))
    assert state.take(CONNECT) == (REFUSED, ())


def test_second_attempt_after_a_failure(fake):
    state = EventState(fake, "new")
    state.connect()
    state.connected(-REFUSED)
    state.connect()
    assert state.take(CONNECT) == (None, ())  # of the attempt before
    assert state.edge(OUT) == (CONNECT, WRITE)


def test_ev_28_listener(fake):
    state = EventState(fake, "new")
    state.listen()
    fake.items = 3
    assert state.edge(IN) == (ACCEPT,)
    assert state.edge(IN) == ()
    for left in (2, 1):
        assert state.take(ACCEPT) == (0, ())
        fake.items = left
        assert state.accepted(0) == (ACCEPT,)
    state.take(ACCEPT)
    fake.items = 0
    assert state.accepted(0) == (ACCEPT,)  # a guess
    assert state.take(ACCEPT) == (None, ())


def test_accepting_until_would_block_asks_nothing(fake):
    state = EventState(fake, "listening")
    state.edge(IN)
    state.take(ACCEPT)
    state.accepted(0)
    state.accepted(-WOULDBLOCK)
    assert state.take(ACCEPT) == (None, ())
    assert fake.asked == []


@pytest.mark.parametrize("error", [MFILE, NOBUFS])
def test_no_descriptors_left_posts_nothing_by_itself(fake, error):
    state = EventState(fake, "listening")
    fake.items = 1
    state.edge(IN)
    state.take(ACCEPT)
    assert state.accepted(-error) == ()
    assert state.readable == "yes"


@pytest.mark.parametrize("mask, due", [(ALL, (WRITE,)), (ACCEPT, ()), (READ | CLOSE, ())])
def test_ev_27_child_has_the_listeners_mask(fake, mask, due):
    listener, child = EventState(fake, "listening", mask), EventState(fake, "new", 0)
    assert child.child(listener) == due
    assert child.mask == mask
    assert child.phase == "connected"


# --- urgent data -------------------------------------------------------------------------------------------


def test_tc_073_urgent_byte(fake, conn):
    fake.urgent = [88]
    assert conn.edge(PRI) == (OOB,)
    assert conn.take(OOB) == (0, ())
    assert conn.take_oob(peek=True) == 88
    assert conn.take_oob() == 88
    assert conn.take_oob() == -WOULDBLOCK


def test_ev_4_oob_is_level(fake, conn):
    fake.urgent = [88]
    conn.edge(PRI)
    conn.take(OOB)
    assert OOB in conn.received(10, 3)  # a normal Receive re-enables it, the byte is still unread


def test_py_13_after_the_mark_short_reads_prove_nothing(fake, conn):
    fake.urgent, fake.data = [88], b"ab"
    conn.edge(IN | PRI)
    conn.take(READ)
    conn.take(OOB)
    conn.take_oob()
    fake.data = b"cd"  # behind the mark, where the read of "ab" stopped
    assert conn.received(BIG, 2) == (READ,)
    assert conn.take(READ) == (0, ())
    fake.read(conn, BIG)
    assert fake.read(conn, BIG)[0] == -WOULDBLOCK
    arrive(fake, conn, b"ef")
    conn.take(READ)
    fake.asked.clear()
    assert fake.read(conn, BIG) == (2, ())  # would block has ended it
    assert fake.asked == []


def test_py_13_looked_for_unless_an_edge_has_vouched(fake, conn):
    assert conn.wants_urgent()
    arrive(fake, conn, b"abc")
    assert not conn.wants_urgent()
    fake.read(conn, BIG)
    assert conn.wants_urgent()
    assert not EventState(fake, mask=READ).wants_urgent()


def test_tc_075_inline(fake, conn):
    conn.flags |= FLAG_INLINE
    fake.data = b"X"
    assert conn.edge(IN | PRI) == (READ,)
    assert "take_urgent" not in fake.asked


def test_oldest_urgent_byte_gives_way(fake, conn):
    for byte in b"abcd":
        fake.urgent = [byte]
        conn.edge(PRI)
    assert bytes(conn.take_oob() for _ in range(3)) == b"bcd"


# --- datagrams ---------------------------------------------------------------------------------------------


def test_ev_12_datagram_socket_may_send_at_once(fake):
    state = EventState(fake, "datagram", 0)
    assert state.select(ALL) == (WRITE,)
    assert state.edge(OUT) == ()


def test_dv_5_connect_posts_write_only(fake):
    state = EventState(fake, "datagram")
    state.edge(OUT)
    state.take(WRITE)
    assert state.dgram_connected() == (WRITE,)


def test_dv_6_empty_datagram(fake):
    state = EventState(fake, "datagram")
    fake.items = 2
    assert state.edge(IN) == (READ,)
    assert state.take(READ) == (0, ())
    fake.items = 1
    assert state.received(BIG, 0) == (READ,)  # no end of stream here
    assert state.take(READ) == (0, ())
    fake.items = 0
    assert state.received(BIG, 5) == (READ,)
    assert state.take(READ) == (None, ())
    assert not state.flags & FLAG_FIN


def test_pending_error_of_a_datagram_socket_is_read(fake):
    state = EventState(fake, "datagram")
    fake.error = RESET
    assert state.edge(IN | OUT | ERR) == (READ, WRITE)
    assert state.take(READ) == (0, ())
    assert "take_error" not in fake.asked  # left for the Receive that meets it


def test_msg_oob_tells_nothing_about_normal_data(fake, conn):
    arrive(fake, conn, b"abc")
    conn.take(READ)
    assert conn.received(1, -WOULDBLOCK, MSG_OOB) == (READ,)
