"""Random programs of CAsyncSocket calls on the real classes and on ours (staged.py).

`PYSOCK_STAGED_PROGRAMS` sets how many (default 40), `PYSOCK_STAGED_SEED` the seed.
"""

import os

import pytest

from tests.interop.staged import OurStage, compare, difference

SEED = int(os.environ.get("PYSOCK_STAGED_SEED", "5"))
COUNT = int(os.environ.get("PYSOCK_STAGED_PROGRAMS", "40"))

pytestmark = pytest.mark.sockets


@pytest.mark.timeout(600)
def test_random_programs_are_told_what_the_real_classes_are_told(real_peers: None) -> None:
    assert not compare(SEED, 0, COUNT)


def test_a_difference_is_seen() -> None:
    """The comparison can fail: a notification too few, a wrong code, a byte too few."""
    program = ["create 0 1 63", "listen 0", "create 1 1 63", "on 0 3 accept 0 2", "connect 1 0", "settle"]
    program += ["send 1 10 0", "settle", "receive 2 4 0", "settle", "shutdown 0 1", "settle"]
    lines = OurStage().play("x", program)
    assert difference(program, lines, lines) is None
    for wrong, right in (
        ("s2 OnReceive(0)", None),
        ("s1 OnSend(0)", None),
        ("  s2 receive -> 4", "  s2 receive -> 3"),
        ("  s0 shutdown -> 0 error 10057", "  s0 shutdown -> 1"),
    ):
        assert wrong in lines
        spoiled = [right if line == wrong else line for line in lines]
        assert difference(program, lines, [line for line in spoiled if line is not None]) is not None
