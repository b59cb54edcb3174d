"""The benchmarks' own code on canned samples: summaries, ratios, floors, tables.  Nothing is timed here."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))  # bench is run from a checkout and never installed

from bench import (  # noqa: E402
    _archive_plan,
    _archive_report,
    _archive_worker,
    _entry,
    _message_plan,
    _message_report,
    _report,
    _server,
    _socket_plan,
    _socket_report,
    _socket_run,
    _windows_plan,
)
from bench.impl import py_struct, tasks  # noqa: E402

pytestmark = pytest.mark.bench


def sample(msgs: float, cpu_us: float, p50: float = 20.0, **more) -> dict:
    """What loadgen prints, as far as the report reads it."""
    return {
        "mode": "echo",
        "msgs_per_s": msgs,
        "mb_per_s": msgs * 64 / 1e6,
        "server_us_per_msg": cpu_us,
        "server_cpu_util": 1.0,
        "lat_us": {"p50": p50, "p99": 2 * p50, "p999": 3 * p50},
        "rss_kb_start": 10_000,
        "rss_kb_idle": 0,
        "idle_conns": 0,
        "setup_s": 0.1,
        "wait_frac": 0.01,
    } | more


KINDS = {
    "c_epoll_echo": "limit",
    "raw_epoll": "peer",
    "uvloop_proto": "peer",
    "pysock_into": "target",
    "pysock_spin": "target",
}


def socket_samples() -> dict:
    return {
        "echo 64B x1": {
            "c_epoll_echo": [sample(40_000, 8.0, 20.0)],
            "pysock_spin": [sample(90_000, 9.0, 9.0)],
        },
        "echo 64B x10": {
            "c_epoll_echo": [sample(100_000, 4.0), sample(200_000, 2.0), sample(50_000, 8.0)],
            "raw_epoll": [sample(90_000, 5.0), sample(180_000, 2.5), sample(45_000, 10.0)],
            "uvloop_proto": [sample(80_000, 4.8), sample(160_000, 2.4), sample(40_000, 9.6)],
            "pysock_into": [sample(99_000, 4.2), {"error": "echoed bytes differ"}, sample(49_000, 8.24)],
        },
        "echo 64B x1000": {
            "c_epoll_echo": [sample(100_000, 4.0)],
            "pysock_into": [sample(90_000, 4.6)],
        },
        "idle 1000, echo 64B x10": {
            "pysock_into": [
                sample(1, 1.0, mode="idle", rss_kb_start=10_000, rss_kb_idle=10_400, idle_conns=1000)
            ]
        },
    }


def test_ratios_are_medians_of_rounds_and_failed_samples_do_not_count() -> None:
    entry = _socket_report.summarize(socket_samples(), _socket_plan.PLAN)["echo 64B x10"]["pysock_into"]
    assert entry["cpu_to_limit"] == pytest.approx((1.05 + 1.03) / 2)
    assert entry["cpu_above_limit_us"] == pytest.approx((0.2 + 0.24) / 2)
    assert entry["to_limit"] == pytest.approx((0.99 + 0.98) / 2)
    assert entry["errors"] == ["echoed bytes differ"]


def test_each_measure_has_its_own_best_peer() -> None:
    entry = _socket_report.summarize(socket_samples(), _socket_plan.PLAN)["echo 64B x10"]["c_epoll_echo"]
    assert (entry["best_peer"], entry["cpu_best_peer"]) == ("raw_epoll", "uvloop_proto")
    assert entry["to_best_peer"] == pytest.approx(1 / 0.9)
    assert entry["cpu_to_best_peer"] == pytest.approx(1 / 1.2)


def test_idle_memory_is_growth_per_connection() -> None:
    entry = _socket_report.summarize(socket_samples(), _socket_plan.PLAN)["idle 1000, echo 64B x10"][
        "pysock_into"
    ]
    assert entry["idle_bytes"] == pytest.approx(400 * 1024 / 1000)
    assert entry["cpu_to_limit"] is None, "the limit was not measured in this cell"


def test_a_floor_is_judged_by_the_worst_of_its_cells() -> None:
    rows = {
        r["what"]: r
        for r in _socket_report.floors(
            _socket_report.summarize(socket_samples(), _socket_plan.PLAN), _socket_plan.PLAN
        )
    }
    small = rows["CPU per message, 64 B x 10..1000, / C"]
    assert (small["worst_cell"], small["met"]) == ("echo 64B x1000", False)
    assert small["measured"] == pytest.approx(1.15)
    assert small["uvloop_proto"] == pytest.approx(1.2)
    assert small["noise"] == pytest.approx(0.01)
    spin = rows["p50 of one connection, spinning, / C"]
    assert (spin["measured"], spin["met"]) == (pytest.approx(0.45), False)
    assert rows["bytes per idle connection"]["met"] is True
    assert rows["CPU per connect + 64 B + close, / C"]["met"] is None


@pytest.mark.parametrize("quick", [False, True])
def test_every_floor_has_cells(quick: bool) -> None:
    names = [cell.name for cell in _socket_plan.cells(quick, idle=10_000)]
    for floor in _socket_plan.FLOORS:
        assert any(re.search(floor.cells, name) for name in names), floor.what


def test_the_sockets_report_ends_with_the_state_and_tells_what_is_missing() -> None:
    summary = _socket_report.summarize(socket_samples(), _socket_plan.PLAN)
    result = {
        "header": _report.header(),
        "settings": {"rounds": 3, "duration": 0.6},
        "loopback": "private",
        "congestion_control": "reno",
        "contenders": KINDS,
        "left_out": {"uvloop_buf": "no module uvloop"},
        "summary": summary,
        "errors": _report.errors(summary),
        "floors": _socket_report.floors(summary, _socket_plan.PLAN),
    }
    text = _socket_report.report(result, _socket_plan.PLAN)
    assert "- left out: uvloop_buf: no module uvloop" in text
    assert "- error: echo 64B x10: pysock_into: echoed bytes differ" in text
    state = text[text.index("## Must reach / measured") :]
    assert state.count("\n| ") == 1 + len(_socket_plan.FLOORS)
    assert "not measured" in state and "NO" in state


def windows_samples() -> dict:
    quiet = {
        "c_winsock_echo": [sample(10_000, 80.0)],
        "selector_proto": [sample(3_000, 300.0)],
        "selector_buf": [sample(9_000, 100.0)],
        "proactor_proto": [sample(4_000, 160.0)],
        "proactor_buf": [sample(3_900, 165.0)],
        "pysock_windows": [sample(9_900, 88.0)],
    }
    among = {"pysock_windows": [sample(9_000, 110.0, mode="idle")]}
    return {"echo 64B x10": quiet, "idle 990, echo 64B x10": among}


def test_under_wine_each_kind_of_protocol_has_its_own_best_loop_and_plain_c_is_judged_too() -> None:
    plan = _windows_plan.PLAN
    summary = _socket_report.summarize(windows_samples(), plan)
    entry = summary["echo 64B x10"]["pysock_windows"]
    assert (entry["best_Protocol"], entry["best_BufferedProtocol"]) == ("proactor_proto", "selector_buf")
    rows = {r["what"]: r for r in _socket_report.floors(summary, plan)}
    plain = rows["throughput, echo 64B x10, / asyncio's better Protocol loop"]
    assert (plain["measured"], plain["met"]) == (pytest.approx(2.475), True)
    buffered = rows["CPU per message, echo 64B x10, / asyncio's better BufferedProtocol loop"]
    assert (buffered["measured"], buffered["met"]) == (pytest.approx(0.88), False)
    assert buffered["c_winsock_echo"] == pytest.approx(0.8), "what the limit itself reaches stands beside"
    among = rows["CPU per message among 1,000, / among 10"]
    assert (among["measured"], among["met"]) == (pytest.approx(1.25), True)
    assert {r["noise"] for r in rows.values()} == {None}


def test_every_windows_floor_has_cells_and_measures() -> None:
    plan = _windows_plan.PLAN
    summary = _socket_report.summarize(windows_samples(), plan)
    names = [cell.name for cell in _windows_plan.CELLS]
    for floor in plan.floors:
        assert any(re.search(floor.cells, name) for name in names), floor.what
        assert floor.measure in summary["echo 64B x10"][floor.target]
    assert {c.name for c in plan.contenders} >= {plan.limit, plan.baseline, *(f.target for f in plan.floors)}


def test_every_server_is_ended_also_those_beside_a_fresh_one(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[object] = []

    class Fake:
        def __init__(self, *_) -> None:
            running.append(self)

        def stop(self) -> str:
            running.remove(self)
            return "its last words"

    def load(server: Fake, cell: _socket_plan.Cell, settings: _socket_run.Settings) -> dict:
        assert server in running
        return {"error": "bytes differ"} if cell.mode == "sink" else sample(1000, 5.0, mode=cell.mode)

    monkeypatch.setattr(_socket_run, "load", load)
    monkeypatch.setattr(_socket_run.time, "sleep", lambda _: None)
    cells = [_socket_plan.Cell(mode, mode, 1, 64) for mode in ("echo", "idle", "sink", "churn", "idle")]
    knobs = _socket_run.Settings(2, 0.1, 0.1, 0, 10, None, None)
    bench = _socket_run.Bench([_socket_plan.CONTENDERS[0]], knobs, Fake)
    got = bench.run(cells)
    assert not running
    assert [list(row) for row in got.values()] == [["c_epoll_echo"]] * 4
    assert got["sink"]["c_epoll_echo"][0] == {"error": "bytes differ (server: its last words)"}


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.mark.windows_lacks("a select of pipes")
def test_a_server_is_ready_with_its_port_and_ends_when_told() -> None:
    server = _server.Server(
        "one", script("print('READY 4711', flush=True); import time; time.sleep(60)"), None
    )
    assert (server.port, server.pids()) == (4711, [server.process.pid])
    assert server.stop() == ""
    assert server.process.returncode is not None


@pytest.mark.windows_lacks("a select of pipes")
def test_a_server_that_does_not_start_tells_why() -> None:
    with pytest.raises(RuntimeError, match=r"^one did not start: .*no such port$"):
        _server.Server("one", script("raise SystemExit('no such port')"), None)


def test_a_client_gives_its_figures_or_its_error() -> None:
    assert _server.measure(script("print('{\"msgs\": 3}')"), None, 1) == {"msgs": 3}
    assert _server.measure(script("raise SystemExit('bytes differ')"), None, 1) == {"error": "bytes differ"}
    assert _server.measure(script("raise SystemExit(3)"), None, 1) == {"error": "exit code 3"}


def entry(monkeypatch: pytest.MonkeyPatch, *words: str) -> _entry.Run:
    monkeypatch.setattr(sys, "argv", ["bench", *words])
    options = _entry.Options("archive", None, "short")
    options.either("--rounds", 5, 1, "of everything")
    return _entry.Run(options, _archive_plan.CONTENDERS)


def test_quick_changes_what_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [
        entry(monkeypatch, *words).a.rounds for words in ([], ["--quick"], ["--quick", "--rounds", "3"])
    ] == [
        5,
        1,
        3,
    ]


def test_contenders_are_picked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [c.name for c in entry(monkeypatch, "--only", "array,struct").runners] == ["struct", "array"]
    with pytest.raises(SystemExit, match="no contender nobody; there are struct, "):
        entry(monkeypatch, "--only", "struct,nobody")


@pytest.mark.parametrize(
    "failed, samples, code",
    [("", {"a": 1}, 0), ("struct", {"a": 1}, 0), ("pysock", {"a": 1}, 1), ("", {}, 1)],
)
def test_the_exit_code_is_1_when_ours_failed_or_nothing_ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failed: str, samples: dict, code: int
) -> None:
    run = entry(monkeypatch, "--only", "struct,pysock")
    errors = [("scalars", failed, "bytes differ")] if failed else []
    assert run.publish(str, lambda *_: None, errors=errors, samples=samples) == code
    assert "'bench': 'archive'" in capsys.readouterr().out


def archive_samples() -> dict:
    def made(kind: str, same: bool, grain: str, write: float, read: float) -> dict:
        times = {"write": [write * f for f in (1, 1.1, 0.9)], "read": [read * f for f in (1, 1.1, 0.9)]}
        times |= {f"{d}_warm": [t / 2000 for t in times[d]] for d in ("write", "read")}
        return {"kind": kind, "same": same, "grain": grain, "n": 1000, "bytes": 5500} | times

    return {
        "n": 1000,
        "limit": [{"write": 4e-7, "read": 2e-7, "bytes": 5500}] * 3,
        "contenders": {
            "struct": made("peer", True, "one", 50e-6, 72e-6),
            "numpy": made("peer", True, "batch", 40e-6, 40e-6),
            "msgspec": made("peer", False, "batch", 8e-6, 30e-6),
            "pysock": made("target", True, "one", 17e-6, 36e-6),
            "broken": {"kind": "peer", "error": "bytes differ from the C++ limit's", "write": [], "read": []},
        },
    }


def test_archive_figures_are_per_item_and_peers_must_make_the_same_bytes() -> None:
    s = _archive_report.summarize(archive_samples())
    assert s["limit_ns"] == {"write": pytest.approx(0.4), "read": pytest.approx(0.2)}
    assert s["best_peer"] == {
        "write one": "struct",
        "write any": "numpy",
        "read one": "struct",
        "read any": "numpy",
    }
    ours = s["rows"]["pysock"]["write"]
    assert ours["ns"] == pytest.approx(17)
    assert ours["to_limit"] == pytest.approx(42.5)
    assert ours["to_best_peer"] == pytest.approx(17 / 40)
    assert ours["spread"] == pytest.approx(0.2)
    assert s["errors"] == {"broken": "bytes differ from the C++ limit's"}


def test_archive_floors_compare_one_call_with_one_call() -> None:
    rows = _archive_report.floors({"scalars": _archive_report.summarize(archive_samples())})
    assert len(rows) == sum(bound is not None for f in _archive_plan.FLOORS for bound in f.bound)
    write, read = rows[:2]
    assert (write["met"], write["best_peer"], write["to_peer"]) == (True, "struct", pytest.approx(17 / 50))
    assert (read["met"], read["measured"]) == (False, pytest.approx(36))
    assert (read["warm"], rows[2]["warm"]) == (pytest.approx(18), None)
    assert all(r["met"] is None for r in rows[2:])


@pytest.mark.parametrize(
    "task", [t.name for t in _archive_plan.TASKS if hasattr(py_struct, t.name.capitalize())]
)
def test_a_contender_is_checked_before_it_is_timed(task: str) -> None:
    values = getattr(tasks, task)(1000)
    contender = getattr(py_struct, task.capitalize())(values)
    raw = contender.write()
    assert _archive_worker.correct(task, values, contender, raw, contender.read(raw))
    wrong = bytearray(raw)
    wrong[-4] ^= 1
    assert not _archive_worker.correct(task, values, contender, wrong, contender.read(wrong))


def test_bulk_bytes_are_compared_too() -> None:
    values = tasks.bulk(1000)
    raw = values[0].tobytes() + values[1].tobytes()

    class Same:
        same = True

    assert _archive_worker.correct("bulk", values, Same, raw, values)
    assert not _archive_worker.correct("bulk", values, Same, raw[:-1] + b"\1", values)


def test_numbers_and_tables_are_readable() -> None:
    assert [_report.number(v) for v in (None, 0.0, 0.1234, 1.2345, 12.345, 12345.6)] == [
        "-",
        "0",
        "0.123",
        "1.23",
        "12.3",
        "12,346",
    ]
    lines = _report.table(["name", "x"], [["a", 1], ["longer", 22]]).splitlines()
    assert lines == ["| name   |  x |", "|--------|----|", "| a      |  1 |", "| longer | 22 |"]


def test_the_picture_lies_beside_the_json() -> None:
    assert _report.plot_path("out/run.json", None) == str(Path("out/run.png"))
    assert _report.plot_path("run.json", "other.png") == "other.png"
    assert _report.plot_path(None, None) is None


def message_samples() -> dict:
    ask, many = _message_plan.ASK, _message_plan.MANY
    return {
        ask: {
            "c_blocking": [{"per_s": 40_000, "p50_us": 20.0}, {"per_s": 20_000, "p50_us": 40.0}],
            "uvloop_streams": [{"per_s": 10_000, "p50_us": 90.0}, {"per_s": 5_000, "p50_us": 180.0}],
            "uvloop_proto": [{"per_s": 20_000, "p50_us": 50.0}, {"per_s": 10_000, "p50_us": 100.0}],
            "pysock": [{"per_s": 30_000, "p50_us": 24.0}, {"per_s": 15_000, "p50_us": 48.0}],
        },
        many: {"c_epoll_echo": [{"per_s": 100_000}], "pysock": [{"error": "wrong bytes"}]},
    }


def test_messages_are_compared_within_a_round_and_with_the_fastest_peer() -> None:
    samples = message_samples()
    summary = _message_report.summarize(samples)
    rows = {row["what"]: row for row in _message_report.floors(samples, summary)}
    p50 = rows["p50 of request and answer, / C"]
    assert p50["measured"] == pytest.approx(1.2) and p50["met"]
    uvloop = rows["the same per second, / uvloop's faster one"]
    assert uvloop["against"] == "uvloop_proto"
    assert uvloop["measured"] == pytest.approx(1.5) and uvloop["met"]
    assert rows["records per second, / asyncio streams"]["met"] is None


def test_messages_that_failed_are_told_and_reach_no_floor() -> None:
    samples = message_samples()
    summary = _message_report.summarize(samples)
    assert _report.errors(summary) == [(_message_plan.MANY, "pysock", "wrong bytes")]
    assert _message_report.floors(samples, summary)[-1]["met"] is None


def test_every_message_floor_names_contenders_of_its_cell() -> None:
    cells = {c.name: c.cells for c in _message_plan.CONTENDERS}
    for floor in _message_plan.FLOORS:
        for name in (floor.target, *floor.against):
            assert floor.cell in cells[name]
