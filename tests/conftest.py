"""Clean-up and accounts: no test leaves a socket open, a timer running or, in a debug build, a live counter
up."""

import gc
import importlib
import pkgutil
import signal

import pysock._core
import pytest
from hypothesis import settings
from windows_marks import pytest_addoption, pytest_collection_modifyitems, pytest_runtestloop  # noqa: F401

from pysock import CAsyncSocket, Pump

settings.register_profile("house", deadline=None)  # nothing is timed: the machine may be busy
settings.load_profile("house")

ROOMS = [
    importlib.import_module(f"pysock._core.{room.name}")
    for room in pkgutil.iter_modules(pysock._core.__path__)
]

# A shell's background jobs start with Ctrl-C ignored, and so would every process started here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def live_counts():
    """What is alive, by room and kind, without the zeros; always empty in a release build."""
    found = {}
    for room in ROOMS:
        if hasattr(room, "live_counts"):
            found.update({f"{room.__name__}.{kind}": n for kind, n in room.live_counts().items() if n})
    return found


def pytest_report_header():
    counting = any(room.live_counts() for room in ROOMS if hasattr(room, "live_counts"))
    return f"pysock: {Pump.current().mechanism} poller, {'debug' if counting else 'release'} build"


@pytest.fixture(autouse=True)
def nothing_left(request):
    before = live_counts()
    yield
    if request.node.get_closest_marker("sockets"):
        close_leftovers()
    pump = Pump.current()
    pump.on_callback_error = None
    pump.OnIdle = None
    while pump.pending() and pump.dispatch(1000):
        pass
    request.node.funcargs.clear()  # what fixtures gave would outlive them, and so this account
    if live_counts() != before:
        gc.collect()
    more = {name: n - before.get(name, 0) for name, n in live_counts().items() if n > before.get(name, 0)}
    assert not more, f"the test left behind: {more}"


def close_leftovers():
    """Closes sockets that a test forgot; looking for them among all objects takes time."""
    for s in gc.get_objects():
        if isinstance(s, CAsyncSocket) and s.m_hSocket != -1:
            s.Close()
