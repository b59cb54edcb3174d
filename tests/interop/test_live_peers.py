"""Archives over sockets, live: our CSocket, CSocketFile and CArchive with Microsoft's own at the other end.

`role` is ours: in `client` the real classes listen and accept, in `server` they connect.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.interop.connection import OPTIONS, Connection, loading_ops, values
from tests.interop.generate import Generator
from tests.interop.oracle.script import expand, objects_script, script_line
from tests.interop.peers import ScriptPeer
from tests.interop.talk import Talk, every_scalar, long_strings
from tests.vectors.faces import FACES
from tests.vectors.program import run

pytestmark = [pytest.mark.sockets, pytest.mark.timeout(300)]

ROUNDS = int(os.environ.get("PYSOCK_PEER_ROUNDS", "60"))  # messages each way to a conversation
PROGRAMS = int(os.environ.get("PYSOCK_PEER_PROGRAMS", "120"))  # random programs to a role
FAITHFUL = {**OPTIONS, "faithful": True}
BOTH = pytest.mark.parametrize("role", ["client", "server"])


@pytest.fixture
def peer(real_peers: None) -> Iterator[ScriptPeer]:
    peer = ScriptPeer()
    yield peer
    peer.close()
    print(peer.report())  # pytest shows it with a failure


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> object:
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{request.node.name}: {text}")

    return say


def in_memory(program: dict, back: list) -> list[str]:
    """What a program gives when it is stored and loaded by us, without any socket."""
    stored = run(program, **OPTIONS)
    assert stored.data is not None and not stored.lines, stored.lines[-1]
    loading = {**program, "settings": {"mode": 1}, "data": stored.data.hex(), "ops": back, "objects": []}
    return values(run(loading, **OPTIONS).lines)


@BOTH
@pytest.mark.parametrize("read_ahead", [True, False], ids=["read-ahead", "exact-need"])
@pytest.mark.parametrize("face", FACES)
def test_conversation(peer: ScriptPeer, role: str, face: str, read_ahead: bool, say: object) -> None:
    """AR-20 SF-12 SF-23 TC-120: many messages each way over one pair of archives, with references back."""
    talk = Talk(f"{role} {face} {read_ahead}")
    real: list[str] = []
    ours: list[str] = []
    all_ops, all_back = [], []
    with Connection(peer, role, talk.program, face=face, read_ahead=read_ahead) as link:
        for _ in range(ROUNDS):
            new, ops = talk.message()
            back = loading_ops(talk.program, ops)
            link.define(talk.program, new)
            real += link.we_store(ops, back)
            ours += link.it_stores(ops, back)
            all_ops += ops
            all_back += back
    expected = in_memory({**talk.program, "ops": all_ops}, all_back)
    assert real == expected
    assert ours == expected
    say(f"{ROUNDS} messages each way, {len(ours)} items each way, {len(talk.objects)} objects")


@BOTH
def test_every_scalar_and_long_strings(peer: ScriptPeer, role: str, say: object) -> None:
    ops = [*every_scalar(), *long_strings()]
    program = {"classes": [], "objects": [], "ops": ops}
    back = loading_ops(program, ops)
    expected = in_memory(program, back)
    with Connection(peer, role, program) as link:
        assert link.we_store(ops, back) == expected
        assert link.it_stores(ops, back) == expected
    say(f"{len(ops)} items each way")


@BOTH
@pytest.mark.parametrize("buffer", [0, 129, 4096, 100_000])
def test_buffer_sizes(peer: ScriptPeer, role: str, buffer: int) -> None:
    """SF-13 SF-15: whatever the archives' buffers, the same values arrive."""
    talk = Talk(f"{role} {buffer}")
    with Connection(peer, role, talk.program, buffer=buffer) as link:
        for _ in range(10):
            new, ops = talk.message()
            back = loading_ops(talk.program, ops)
            link.define(talk.program, new)
            assert link.we_store(ops, back) == link.it_stores(ops, back)


@BOTH
def test_echoed_objects_are_the_same_objects(peer: ScriptPeer, role: str) -> None:
    """The real archive loads our graph and stores it again: what comes back has its shape, by identity."""
    talk = Talk(role, lines=False)
    with Connection(peer, role, talk.program) as link:
        lab = link.storing.lab
        seen: dict[int, str] = {}
        for _ in range(20):
            new, _ = talk.message()
            link.define(talk.program, new)
            sent = [lab.objects[o["id"]] for o in new] + [lab.objects[talk.objects[0]["id"]], None]
            peer.start("in", *["robj -"] * len(sent), "out", "echo", "flush")
            for obj in sent:
                link.out.WriteObject(obj)
            link.out.Flush()
            back = [link.into.ReadObject() for _ in sent]
            peer.finish()
            assert back[-1] is None
            for mine, echo in zip(sent[:-1], back[:-1], strict=True):
                assert mine.GetRuntimeClass().m_lpszClassName == echo.GetRuntimeClass().m_lpszClassName
                assert seen.setdefault(id(mine), id(echo)) == id(echo)
        assert len(set(seen.values())) == len(seen)


@BOTH
def test_random_programs(peer: ScriptPeer, role: str, say: object) -> None:
    """Programs of the archive's differential test, stored by one side and loaded by the other."""
    done = items = 0
    for n in range(PROGRAMS):
        generator = Generator(f"live {role} {n}", ansi=False)
        stored = {**generator.storing(), "settings": {}}
        stored["ops"] = [op for op in stored["ops"] if op[0] != "Flush"]
        seen = run(stored, **FAITHFUL)
        load = {**generator.loading(stored, seen.data or b""), "settings": {"mode": 1}}
        load["ops"] = loading_ops(stored, stored["ops"])
        expected = run(load, **FAITHFUL)
        if any(line.startswith("exc") for line in [*seen.lines, *expected.lines]):
            continue  # what fails is not for the wire
        with Connection(peer, role, {**load, "objects": []}, loading=load, **FAITHFUL) as link:
            link.define(stored, stored["objects"])
            peer.start("out", *map(script_line, expand(stored["ops"])), "flush")
            assert link.loading.act(link.into, load["ops"]) == values(expected.lines), n
            assert peer.finish() == []
            peer.write(*objects_script(load))
            assert link.we_store(stored["ops"], load["ops"]) == values(expected.lines), n
        done += 1
        items += len(expected.lines)
    say(f"{done} random programs each way, {items} items each way")
    assert done >= PROGRAMS // 3
