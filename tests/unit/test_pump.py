"""The pump by itself: queue, timers, callables, wake-up, signals, nesting (PY-1 to PY-6, PY-23, PY-27)."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from ctrl_c import PRESS, WINDOWS, own_console
from memory import most_resident
from sock_support import PATIENCE, Reader, Recorder, attached, datagram, drain, port_of, until
from stress_kit import scaled

import pysock
from pysock import FD_ALL, CAsyncSocket, Pump, WrongThreadError


@pytest.fixture
def pump():
    return Pump.current()


def elsewhere(fn):
    """What fn returns, or raises, in another thread."""
    result = []

    def body():
        try:
            result.append(fn())
        except BaseException as e:
            result.append(e)

    worker = threading.Thread(target=body)
    worker.start()
    worker.join()
    return result[0]


def test_py_1_one_pump_for_each_thread(pump):
    assert Pump.current() is pump
    other = elsewhere(Pump.current)
    assert isinstance(other, Pump)
    assert other is not pump


def test_pumps_are_not_made_by_hand():
    with pytest.raises(TypeError, match=r"Pump\.current"):
        Pump()


@pytest.mark.parametrize(
    "use",
    [
        lambda p: p.dispatch(),
        lambda p: p.run(),
        lambda p: p.run_until(lambda: True),
        lambda p: p.call_soon(print),
        lambda p: p.set_timer(1, print),
        lambda p: p.fileno(),
    ],
)
def test_py_4_another_thread_may_not(pump, use):
    assert isinstance(elsewhere(lambda: use(pump)), WrongThreadError)


def test_run_returns_the_code_given_to_quit(pump):
    pump.call_soon(lambda: pysock.quit(7))
    assert pysock.run() == 7
    pump.call_soon(pysock.quit)
    assert pysock.run() == 0


def test_quit_ends_the_innermost_run(pump):
    seen = []

    def outer():
        pump.call_soon(lambda: pysock.quit(1))
        seen.append(pump.run())
        pysock.quit(2)

    pump.call_soon(outer)
    assert pump.run() == 2
    assert seen == [1]


def test_stop_from_another_thread(pump):
    worker = threading.Timer(0.02, pump.stop, [5])
    worker.start()
    assert pump.run() == 5
    worker.join()


def test_stop_leaves_the_rest_of_the_queue(pump):
    class Stopper(Recorder):
        def OnSend(self, nErrorCode):
            super().OnSend(nErrorCode)
            pysock.quit()

    a, b = datagram(Stopper), datagram(Stopper)
    pump.run()
    assert (len(a.log), len(b.log)) == (1, 0)
    pump.run()
    assert (len(a.log), len(b.log)) == (1, 1)
    a.Close()
    b.Close()


def test_callables_run_in_order_and_later_ones_in_the_next_round(pump):
    seen = []
    pump.call_soon(lambda: (seen.append(1), pump.call_soon(lambda: seen.append(3))))
    pump.call_soon(lambda: seen.append(2))
    assert pump.pending()
    assert pump.dispatch() == 2
    assert seen == [1, 2]
    pump.dispatch()
    assert seen == [1, 2, 3]
    assert not pump.pending()


def test_call_soon_threadsafe_wakes_the_pump(pump):
    seen = []
    worker = threading.Timer(
        0.02, lambda: pump.call_soon_threadsafe(lambda: seen.append(threading.get_ident()))
    )
    worker.start()
    assert pump.run_until(lambda: seen, PATIENCE)
    assert seen == [threading.get_ident()]
    worker.join()


def test_many_threads_post_many_callables(pump):
    seen = []

    def post(k):
        for i in range(500):
            pump.call_soon_threadsafe(lambda k=k, i=i: seen.append((k, i)))

    workers = [threading.Thread(target=post, args=[k]) for k in range(4)]
    for w in workers:
        w.start()
    assert pump.run_until(lambda: len(seen) == 2000, PATIENCE)
    for w in workers:
        w.join()
    for k in range(4):
        assert [i for j, i in seen if j == k] == list(range(500))


@pytest.mark.parametrize("call", ["call_soon", "call_soon_threadsafe"])
def test_what_is_not_callable(pump, call):
    with pytest.raises(TypeError, match="fn must be callable, not int"):
        getattr(pump, call)(5)


# --- timers --------------------------------------------------------------------------------------------


def test_timers_repeat_until_killed(pump):
    seen = []

    def tick():
        seen.append(time.monotonic())
        if len(seen) == 3:
            assert pump.kill_timer(ident)

    start = time.monotonic()
    ident = pump.set_timer(5, tick)
    until(lambda: len(seen) == 3)
    assert seen[0] - start >= 0.005 - 1e-9  # never early; the difference of two floats is not exact
    assert pump.kill_timer(ident) is False
    assert pump.next_deadline() is None


def test_once(pump):
    seen = []
    ident = pump.set_timer(1, lambda: seen.append(1), once=True)
    until(lambda: seen)
    drain(0.02)
    assert seen == [1]
    assert pump.kill_timer(ident) is False


def test_equal_deadlines_in_order(pump):
    seen = []
    for i in range(20):
        pump.set_timer(0, lambda i=i: seen.append(i), once=True)
    until(lambda: len(seen) == 20)
    assert seen == list(range(20))


def test_killed_before_it_is_due(pump):
    seen = []
    ident = pump.set_timer(1, lambda: seen.append(1))
    other = pump.set_timer(2, lambda: seen.append(2), once=True)
    assert pump.kill_timer(ident)
    until(lambda: seen)
    assert seen == [2]
    assert pump.kill_timer(other) is False


def test_killed_timers_leave_no_heap_behind(pump):
    keep = pump.set_timer(1e6, print)
    for _ in range(10_000):
        pump.kill_timer(pump.set_timer(1e6, print))
    assert pump.next_deadline() is not None
    pump.kill_timer(keep)
    assert pump.next_deadline() is None


def test_missed_ticks_are_not_made_up_for(pump):
    seen = []
    ident = pump.set_timer(1, lambda: seen.append(1))
    time.sleep(0.05)
    pump.dispatch()
    assert len(seen) == 1
    pump.kill_timer(ident)


@pytest.mark.parametrize("ms", [-1, float("nan"), 1e13])
def test_timer_out_of_range(pump, ms):
    with pytest.raises(ValueError, match="ms must be"):
        pump.set_timer(ms, print)


def test_next_deadline_is_on_the_monotonic_clock(pump):
    before = time.monotonic()
    ident = pump.set_timer(1000, print)
    assert before + 0.99 <= pump.next_deadline() <= time.monotonic() + 1.01
    pump.kill_timer(ident)


def test_fileno_tells_of_an_earlier_deadline(pump):
    """Whoever watches it waits until the old one, so it must come and look (see pysock._embedding)."""
    import select

    fd = pump.fileno()
    drain(0.01)
    first = pump.set_timer(10_000, print)
    assert select.select([fd], [], [], PATIENCE)[0]
    assert pump.dispatch() == 0
    assert not select.select([fd], [], [], 0)[0]
    later = pump.set_timer(20_000, print)
    assert not select.select([fd], [], [], 0)[0]
    sooner = pump.set_timer(5_000, print)
    assert select.select([fd], [], [], PATIENCE)[0]
    for ident in (first, later, sooner):
        pump.kill_timer(ident)
    pump.dispatch()


def test_killed_timers_are_not_waited_for(pump):
    far = pump.set_timer(100_000, print)
    near = pump.set_timer(1_000, print)
    before = pump.next_deadline()
    pump.kill_timer(near)
    assert pump.next_deadline() > before + 90
    pump.kill_timer(far)
    assert pump.next_deadline() is None


def test_run_until_keeps_its_time_under_a_flood(pump):
    """A handler that takes one byte at a time from a full buffer queues the next notification itself."""
    ours, theirs = socket.socketpair()
    ticks = []

    class Nibbler(CAsyncSocket):
        def OnReceive(self, nErrorCode):
            self.ReceiveBytes(1)
            theirs.send(b"x")  # it never ends

    with Nibbler() as sock, theirs:
        sock.Attach(ours)
        theirs.send(b"x" * 50)
        timer = pump.set_timer(1, lambda: ticks.append(1))
        assert not pump.run_until(lambda: False, 0.05)
        assert ticks
        pump.kill_timer(timer)


# --- errors in callbacks -------------------------------------------------------------------------------


def test_py_27_default_is_unraisable(pump):
    caught = []
    before, sys.unraisablehook = sys.unraisablehook, caught.append
    try:
        pump.call_soon(lambda: 1 / 0)
        pump.dispatch()
    finally:
        sys.unraisablehook = before
    ((kind, exc, trace),) = [(u.exc_type, u.exc_value, u.exc_traceback) for u in caught]
    assert kind is ZeroDivisionError
    assert trace is exc.__traceback__ is not None


def test_py_27_the_hook_hears_of_timers_and_callables(pump):
    caught = []
    pump.on_callback_error = lambda *what: caught.append(what)
    pump.call_soon(lambda: 1 / 0)
    pump.set_timer(0, lambda: [][0], once=True)
    until(lambda: len(caught) == 2)
    assert [(sock, event) for sock, event, _ in caught] == [(None, 0)] * 2
    assert {type(e) for _, _, e in caught} == {ZeroDivisionError, IndexError}
    pump.on_callback_error = None


def test_py_27_a_hook_that_raises_stops_nothing(pump):
    def bad(sock, event, exc):
        raise KeyError("hook")

    seen, caught = [], []
    before, sys.unraisablehook = sys.unraisablehook, caught.append
    try:
        pump.on_callback_error = bad
        pump.call_soon(lambda: 1 / 0)
        pump.call_soon(lambda: seen.append(1))
        pump.dispatch()
    finally:
        sys.unraisablehook = before
        pump.on_callback_error = None
    assert seen == [1]
    assert [u.exc_type for u in caught] == [ZeroDivisionError, KeyError]  # neither is lost


@pytest.mark.parametrize("exc", [KeyboardInterrupt, SystemExit])
def test_py_27_interrupts_leave_dispatch_and_the_rest_stays(pump, exc):
    class Leaver(Recorder):
        def OnSend(self, nErrorCode):
            super().OnSend(nErrorCode)
            raise exc

    a, b = datagram(Leaver), datagram(Recorder)
    with pytest.raises(exc):
        pump.dispatch()
    assert b.log == []
    pump.dispatch()
    assert b.log == [("OnSend", 0)]
    a.Close()
    b.Close()


def test_hooks_must_be_callable(pump):
    for hook in ("on_callback_error", "OnIdle"):
        with pytest.raises(TypeError, match="callable"):
            setattr(pump, hook, 5)
        assert callable(getattr(pump, hook))
    assert pump.OnIdle(-1) is None


# --- nesting and order ---------------------------------------------------------------------------------


def test_dc_9_nested_dispatch_handles_nothing_twice(pump):
    class Nester(Recorder):
        def OnSend(self, nErrorCode):
            super().OnSend(nErrorCode)
            Pump.current().dispatch()

    journal = []
    socks = [datagram(Nester, journal=journal) for _ in range(5)]
    drain()
    assert [s for s, _ in journal] == socks
    for s in socks:
        s.Close()


def test_max_items(pump):
    socks = [datagram() for _ in range(10)]
    assert pump.dispatch(4) == 4
    assert pump.dispatch(100) == 6
    with pytest.raises(ValueError, match="max_items"):
        pump.dispatch(0)
    for s in socks:
        s.Close()


def test_objects_that_die_in_the_queue_are_skipped(pump):
    journal = []
    socks = [datagram(journal=journal) for _ in range(5)]
    for s in socks[1::2]:
        s.Close()
    with pytest.warns(ResourceWarning):
        del s, socks[0]
    drain()
    assert [s for s, _ in journal] == [socks[1], socks[3]]
    for s in socks:
        s.Close()


def test_closing_another_socket_inside_a_callback(pump):
    class Killer(Reader):
        victim = None

        def OnReceive(self, nErrorCode):
            super().OnReceive(nErrorCode)
            self.victim.Close()

    with attached(Killer) as (a, to_a), attached(Killer) as (b, to_b):
        a.victim, b.victim = b, a
        to_a.sendall(b"1")
        to_b.sendall(b"2")
        drain()
        assert sorted([a.names(), b.names()]) == [[], ["OnReceive"]]


def test_dropping_the_last_reference_inside_its_own_callback(pump):
    class Quitter(Recorder):
        def OnSend(self, nErrorCode):
            home.clear()
            self.log.append(self.m_hSocket >= 0)
            seen.append(self.log)

    seen, home = [], []
    home.append(datagram(Quitter))
    with pytest.warns(ResourceWarning):
        pump.dispatch()
    assert seen == [[True]]


def test_run_until(pump):
    assert pump.run_until(lambda: True) is True
    assert pump.run_until(lambda: False, 0.01) is False
    assert pump.run_until(lambda: False, 0) is False
    pump.call_soon(pump.stop)
    assert pump.run_until(lambda: False, PATIENCE) is False


def test_spin(pump):
    with pytest.raises(ValueError, match="spin_us"):
        pump.spin_us = -1
    pump.spin_us = 200
    try:
        assert pump.spin_us == 200
        with attached(Reader) as (sock, peer):
            for _ in range(3):
                peer.sendall(b"x")
                pump.run_until(lambda: False, 0.005)
            until(lambda: sock.got == b"xxx")
            timer = threading.Timer(0.01, pump.stop)
            timer.start()
            pump.run()
            timer.join()
    finally:
        pump.spin_us = 0


def test_a_poller_that_is_not_there():
    env = dict(os.environ, PYSOCK_POLLER="nonsense")
    code = "import pysock; pysock.Pump.current()"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert "ValueError: PYSOCK_POLLER='nonsense': this build has " in done.stderr


# --- signals -------------------------------------------------------------------------------------------

INTERRUPTED = """
import os, signal, sys, threading, time
import pysock
{setup}
def press():
    time.sleep({delay})
    {press}
print("ready", flush=True)
threading.Thread(target=press, daemon=True).start()
try:
    pysock.run()
except KeyboardInterrupt:
    print("interrupted")
"""


def interrupted(setup, press=PRESS):
    code = INTERRUPTED.format(setup=setup, delay=0.1, press=press)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE * 3, **own_console()
    )
    return done.returncode, done.stdout, done.stderr


IN_THIS_THREAD = "signal.raise_signal(signal.SIGINT)"
if not WINDOWS:
    IN_THIS_THREAD = "signal.pthread_kill(threading.get_ident(), signal.SIGINT)"


@pytest.mark.parametrize(
    "setup",
    [
        "",
        "pysock.Pump.current().set_timer(1, lambda: None)",
        "threading.Thread(target=time.sleep, args=[1e6], daemon=True).start()",
        "pysock.Pump.current().spin_us = 1000",
    ],
    ids=["idle", "timer", "thread", "spin"],
)
def test_ctrl_c_ends_run(setup):
    assert interrupted(setup) == (0, "ready\ninterrupted\n", "")


def test_ctrl_c_that_another_thread_gets_ends_run():
    """Only the wake-up descriptor tells the main thread's wait."""
    assert interrupted("", IN_THIS_THREAD) == (0, "ready\ninterrupted\n", "")


@pytest.mark.windows_lacks("SIGUSR1")
def test_a_handler_in_python_runs_and_run_goes_on(pump):
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        timer = threading.Timer(0.02, os.kill, [os.getpid(), signal.SIGUSR1])
        timer.start()
        assert pump.run_until(lambda: seen, PATIENCE)
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert signal.set_wakeup_fd(-1) == -1  # given back


@pytest.mark.windows_lacks("SIGUSR1")
def test_an_exception_from_a_signal_handler_leaves_run(pump):
    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGUSR1, ring)
    try:
        timer = threading.Timer(0.02, os.kill, [os.getpid(), signal.SIGUSR1])
        timer.start()
        with pytest.raises(Alarm):
            pump.run()
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_descriptors_run_out_before_the_first_run():
    """It has none to watch for signals with, goes on without, and closes nobody else's."""
    code = """
import os, pysock, socket
from scarcity import no_descriptors
pump = pysock.Pump.current()
before = os.fstat(0)
with no_descriptors():
    pump.run_until(lambda: False, 0.01)
    assert os.path.samestat(os.fstat(0), before)
pump.run_until(lambda: False, 0.01)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if WINDOWS and "to be had" in done.stderr:
        pytest.skip("descriptors do not run out here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_leaving_everything_open_at_exit_is_quiet():
    code = """
import pysock, socket, threading
keep = []
class S(pysock.CAsyncSocket): pass
def use():
    s = S(); s.Create(0, pysock.SOCK_DGRAM); keep.append(s)
    pysock.Pump.current().set_timer(1e6, print)
    pysock.Pump.current().run_until(lambda: False, 0.01)
use()
t = threading.Thread(target=use); t.start(); t.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_thread_that_ends_with_sockets_open(pump):
    kept = []

    def use():
        kept.append(datagram())
        return port_of(kept[0])

    assert elsewhere(use) > 0
    assert isinstance(elsewhere(lambda: kept[0].Send(b"x")), WrongThreadError)
    kept.pop().Close()  # nobody else can any more


def test_queue_does_not_grow_with_events(pump):
    """Two sockets, thousands of posts and closes without a dispatch: what is stale is swept out."""
    with datagram() as sock:
        for _ in range(1000):
            sock.AsyncSelect(FD_ALL)
        before = most_resident()
        for _ in range(scaled(20_000)):
            with datagram(pysock.CAsyncSocket) as other:
                other.AsyncSelect(FD_ALL)
        after = most_resident()
        assert after - before < 4 << 20
        drain()
        assert sock.log == [("OnSend", 0)]


def test_stop_in_a_timer_lets_nothing_else_run(pump):
    done = []
    with attached(Recorder) as (sock, peer):
        peer.sendall(b"x")
        time.sleep(0.01)

        def first():
            done.append("first")
            pysock.quit(7)

        pump.set_timer(0, first, once=True)
        pump.set_timer(0, lambda: done.append("second"), once=True)
        pump.call_soon(lambda: done.append("soon"))
        time.sleep(0.001)
        assert pysock.run() == 7
        assert (done, sock.log) == (["first"], [])
        until(lambda: sock.log and len(done) == 3)  # nothing is lost
        assert sorted(done) == ["first", "second", "soon"]


def test_stop_in_a_callable_lets_nothing_else_run(pump):
    done = []
    pump.call_soon(lambda: (done.append(1), pump.stop()))
    pump.call_soon(lambda: done.append(2))
    pump.run()
    assert done == [1]
    pump.dispatch()
    assert done == [1, 2]


def test_a_stop_that_nobody_runs_for_does_not_hold_up_dispatch(pump):
    done = []
    pysock.quit(3)
    for n in range(5):
        pump.call_soon(lambda n=n: done.append(n))
    pump.dispatch()
    assert done == [0, 1, 2, 3, 4]
    assert pysock.run() == 3


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, 1e12])
def test_run_until_with_a_limit_that_is_none(pump, timeout):
    done = []
    pump.set_timer(10, lambda: done.append(1), once=True)
    assert pump.run_until(lambda: bool(done), timeout) is True


def test_run_until_with_a_limit_that_is_over(pump):
    assert pump.run_until(lambda: False, -1e300) is False
    with pytest.raises(ValueError, match="not nan"):
        pump.run_until(lambda: False, float("nan"))


def test_py_20_run_leaves_a_wakeup_fd_that_somebody_set_meanwhile(pump):
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    with reader, writer:

        def take_over():
            signal.set_wakeup_fd(writer.fileno())
            pump.stop()

        pump.call_soon(take_over)
        pump.run()
        assert signal.set_wakeup_fd(-1) == writer.fileno()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_py_5_signals_of_a_forked_child_do_not_wake_the_parent(pump):
    answers = []

    def fork():
        child = os.fork()
        if child == 0:
            os._exit(0 if signal.set_wakeup_fd(-1) == -1 else 1)
        answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        pump.stop()

    pump.call_soon(fork)
    pump.run()
    assert answers == [0]


def test_py_26_run_inside_a_running_loop_says_what_to_use():
    async def main():
        with pytest.raises(RuntimeError, match=r"run\(\) would block .* pysock\.aio\.attach"):
            Pump.current().run()

    asyncio.run(main())
    Pump.current().call_soon(Pump.current().stop)
    Pump.current().run()  # the refused one has left nothing behind
