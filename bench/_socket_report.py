"""From samples to the summary, the floors and the printed tables; no measuring here."""

import re

from ._report import header_line, median, met, number, per_round, remarks, table, verdict
from ._socket_plan import Floor, Plan
from ._socket_run import NOISY, value

Samples = dict[str, dict[str, list[dict]]]
UNITS = {"sink": "MB/s", "churn": "conn/s"}


def cpu(sample: dict) -> float | None:
    """Server CPU per message, us."""
    return None if "error" in sample else sample["server_us_per_msg"] or None


def p50(sample: dict) -> float | None:
    return None if "error" in sample else sample["lat_us"]["p50"] or None


def idle_bytes(sample: dict) -> float | None:
    """Resident memory per idle connection."""
    if "error" in sample or not sample["idle_conns"]:
        return None
    return (sample["rss_kb_idle"] - sample["rss_kb_start"]) * 1024 / sample["idle_conns"]


def summarize(samples: Samples, plan: Plan) -> dict[str, dict[str, dict]]:
    """{cell: {contender: figures}}"""
    return {cell: summarize_cell(cell, samples, plan) for cell in samples}


def summarize_cell(cell: str, samples: Samples, plan: Plan) -> dict[str, dict]:
    row = samples[cell]
    limit = row.get(plan.limit, [])
    quiet = samples.get(cell.partition(", ")[2], {})  # the same cell without the idle connections
    kinds = {c.name: c.kind for c in plan.contenders}
    against = {}
    for group, pattern in plan.peers.items():
        peers = [name for name in row if kinds[name] == "peer" and re.search(pattern, name)]
        by_value = {name: v for name in peers if (v := median(map(value, row[name])))}
        by_cpu = {name: v for name in peers if (v := median(map(cpu, row[name])))}
        quickest = max(by_value, key=by_value.get, default=None)
        thriftiest = min(by_cpu, key=by_cpu.get, default=None)
        against[group] = quickest, thriftiest
    out = {}
    for name, got in row.items():
        good = [s for s in got if "error" not in s]
        entry = out[name] = {"errors": [s["error"] for s in got if "error" in s]}
        if not good:
            continue
        values = [value(s) for s in good]
        middle = median(values)
        entry |= {
            "value": middle,
            "unit": UNITS.get(good[0]["mode"], "msg/s"),
            "spread": (max(values) - min(values)) / middle if middle else None,
            "to_limit": per_round(got, limit, value),
            "cpu_us": median(map(cpu, good)),
            "cpu_to_limit": per_round(got, limit, cpu),
            "cpu_above_limit_us": per_round(got, limit, cpu, lambda a, b: a - b),
            "cpu_to_quiet": per_round(got, quiet.get(name, []), cpu),
            "cpu_util": median(s["server_cpu_util"] for s in good),
            "p50_us": median(map(p50, good)),
            "p50_to_limit": per_round(got, limit, p50),
            "p99_us": median(s["lat_us"]["p99"] for s in good),
            "p999_us": median(s["lat_us"]["p999"] for s in good),
            "idle_bytes": median(map(idle_bytes, good)),
            "start_mib": median(s["rss_kb_start"] / 1024 for s in good),
            "setup_s": median(s["setup_s"] for s in good),
            "noise": None if plan.processes else max(s["wait_frac"] for s in good),
        }
        for group, (quickest, thriftiest) in against.items():
            entry |= {
                f"best_{group}": quickest,
                f"to_best_{group}": per_round(got, row.get(quickest, []), value),
                f"cpu_best_{group}": thriftiest,
                f"cpu_to_best_{group}": per_round(got, row.get(thriftiest, []), cpu),
            }
    return out


def worst(summary: dict[str, dict[str, dict]], floor: Floor, name: str) -> tuple[float | None, str | None]:
    """A contender's worst figure in the floor's cells, and the cell."""
    found = [
        (figure, cell)
        for cell, row in summary.items()
        if re.search(floor.cells, cell) and (figure := row.get(name, {}).get(floor.measure)) is not None
    ]
    return (max if floor.sense == "<=" else min)(found, default=(None, None))


def floors(summary: dict[str, dict[str, dict]], plan: Plan) -> list[dict]:
    """Each floor with the worst figure of its cells, for the target and for the baseline."""
    out = []
    for floor in plan.floors:
        measured, cell = worst(summary, floor, floor.target)
        row = summary.get(cell, {})
        noise = [
            n for name in (floor.target, plan.limit) if (n := row.get(name, {}).get("noise")) is not None
        ]
        out.append(
            {
                "what": floor.what,
                "must": f"{floor.sense} {floor.bound:g}",
                "measured": measured,
                "met": met(measured, floor.sense, floor.bound),
                plan.baseline: worst(summary, floor, plan.baseline)[0],
                "worst_cell": cell,
                "noise": max(noise, default=None),
            }
        )
    return out


def floors_table(rows: list[dict], baseline: str) -> str:
    body = [
        [
            r["what"],
            r["must"],
            number(r["measured"]),
            verdict(r["met"]),
            number(r[baseline]),
            r["worst_cell"] or "-",
            "-" if r["noise"] is None else f"{r['noise']:.0%}",
        ]
        for r in rows
    ]
    return table(["floor", "must reach", "measured", "met", baseline, "worst cell", "noise"], body)


def report(result: dict, plan: Plan) -> str:
    """Everything as Markdown; the floors come last, so that one look at the end tells the state."""
    summary, settings = result["summary"], result["settings"]
    out = [
        f"# bench.{plan.bench}\n",
        header_line(result["header"]),
        f"Rounds {settings['rounds']}, window {settings['duration']} s, {result['loopback']} loopback with "
        f"congestion control {result['congestion_control']}. '/C' is to {plan.limit}; ratios are medians of "
        "per-round ratios.\n",
    ]
    names = [name for name in result["contenders"] if any(name in row for row in summary.values())]

    def matrix(title: str, prefix: str, key: str) -> None:
        cells = [c for c in summary if c.startswith(prefix)]
        rows = [[n, *(number(summary[c].get(n, {}).get(key)) for c in cells)] for n in names]
        rows = [r for r in rows if any(v != "-" for v in r[1:])]
        if rows:
            out.append(f"## {title}\n\n" + table(["server", *(c.removeprefix("echo ") for c in cells)], rows))

    for size in ("64B", "1KiB", "16KiB", "64KiB"):
        prefix = f"echo {size} "
        matrix(f"{size}: server CPU per message, / C", prefix, "cpu_to_limit")
        for group in plan.peers:
            matrix(f"{size}: server CPU per message, / best {group}", prefix, f"cpu_to_best_{group}")
        matrix(f"{size}: throughput, / C", prefix, "to_limit")
        for group in plan.peers:
            matrix(f"{size}: throughput, / best {group}", prefix, f"to_best_{group}")
        matrix(f"{size}: throughput, per second", prefix, "value")
        matrix(f"{size}: server CPU per message, us", prefix, "cpu_us")
        matrix(f"{size}: round trip p50, us", prefix, "p50_us")
        matrix(f"{size}: round trip p99, us", prefix, "p99_us")
    columns = {
        "value": "",
        "to_limit": "/C",
        **{f"to_best_{group}": f"/best {group}" for group in plan.peers},
        "cpu_us": "CPU us",
        "cpu_to_limit": "CPU /C",
        **{f"cpu_to_best_{group}": f"CPU /best {group}" for group in plan.peers},
        "p99_us": "p99 us",
        "spread": "spread",
    }
    memory = {
        "cpu_to_quiet": "CPU /quiet",
        "start_mib": "MiB at start",
        "idle_bytes": "bytes/idle conn",
        "setup_s": "connect all, s",
    }
    for cell, row in summary.items():
        if cell.startswith("echo "):
            continue
        shown = columns | (memory if cell.startswith("idle") else {})
        unit = next((e["unit"] for e in row.values() if "unit" in e), "")
        body = [[n, *(number(row[n].get(k)) for k in shown)] for n in names if n in row]
        out.append(f"## {cell}\n\n" + table(["server", *(label or unit for label in shown.values())], body))
    if not plan.processes:
        entries = [e for row in summary.values() for e in row.values() if "value" in e]
        noisy = sum(e["noise"] > NOISY for e in entries)
        out.append(
            f"Noise: for {noisy} of {len(entries)} figures, over {NOISY:.0%} of the window went to other work.\n"
        )
    out += remarks(result)
    out.append("\n## Must reach / measured\n\n" + floors_table(result["floors"], plan.baseline))
    return "\n".join(out)
