"""From samples to the summary, the floors and the printed tables; no measuring here."""

from ._archive_plan import FLOORS, TASKS
from ._report import header_line, median, met, number, remarks, table, verdict

DIRECTIONS = ("write", "read")


def summarize(samples: dict) -> dict:
    """One task's samples to ns per item, ratios and best peers."""
    n = samples["n"]
    limit = {d: median(s[d] for s in samples["limit"]) * 1e9 / n for d in DIRECTIONS}
    rows = {}
    for name, c in samples["contenders"].items():
        if "error" in c:
            continue
        row = rows[name] = {"kind": c["kind"], "grain": c["grain"], "bytes": "same" if c["same"] else "own"}
        row["bytes_per_item"] = c["bytes"] / c["n"]
        for d in DIRECTIONS:
            middle = median(c[d])
            # The limit's own round beside each: what slows a whole round cancels out.
            pairs = zip(c[d], samples["limit"], strict=False)
            row[d] = {
                "ns": middle * 1e9 / c["n"],
                "warm": median(c[f"{d}_warm"]) * 1e9,
                "to_limit": median((t / c["n"]) / (s[d] / n) for t, s in pairs),
                "spread": (max(c[d]) - min(c[d])) / middle,
            }
    out = {"n": n, "limit_ns": limit, "rows": rows, "best_peer": {}}
    out["limit_bytes_per_item"] = samples["limit"][0]["bytes"] / n
    for d in DIRECTIONS:
        same = {name: r[d]["ns"] for name, r in rows.items() if r["kind"] == "peer" and r["bytes"] == "same"}
        for grain in ("one", "any"):
            fit = {name: ns for name, ns in same.items() if grain == "any" or rows[name]["grain"] == "one"}
            out["best_peer"][f"{d} {grain}"] = min(fit, key=fit.get, default=None)
        best = out["best_peer"][f"{d} any"]
        for row in rows.values():
            row[d]["to_best_peer"] = row[d]["ns"] / same[best] if best else None
    for row in rows.values():
        for d in DIRECTIONS:
            row[d]["to_plain"] = row[d]["ns"] / rows["pysock"][d]["ns"] if "pysock" in rows else None
    out["errors"] = {name: c["error"] for name, c in samples["contenders"].items() if "error" in c}
    return out


def errors(summary: dict[str, dict]) -> list[tuple[str, str, str]]:
    """(task, contender, what happened) of everybody who failed."""
    return [(task, name, why) for task, s in summary.items() for name, why in s["errors"].items()]


def floors(summary: dict[str, dict]) -> list[dict]:
    """Each floor and direction with what was measured, and the best peer that makes the same bytes."""
    out = []
    for floor in FLOORS:
        task = summary.get(floor.task)
        for d, bound, peer_then in zip(DIRECTIONS, floor.bound, floor.peer, strict=True):
            if bound is None:
                continue
            row = task["rows"].get(floor.target) if task else None
            measured = row[d][floor.measure] if row else None
            warm = row[d]["warm"] if row and floor.measure == "ns" else None
            best = task["best_peer"][f"{d} {floor.grain}"] if task else None
            peer = task["rows"][best][d][floor.measure] if best else None
            out.append(
                {
                    "what": f"{floor.what}: {d}",
                    "must": f"<= {bound:g}",
                    "measured": measured,
                    "met": met(measured, "<=", bound),
                    "warm": warm,
                    "best_peer": best,
                    "peer": peer,
                    "to_peer": measured / peer if measured and peer else None,
                    "must_to_peer": bound / peer_then,
                    "limit": 1.0 if floor.measure != "ns" else task["limit_ns"][d] if task else None,
                }
            )
    return out


def floors_table(rows: list[dict]) -> str:
    body = [
        [
            r["what"],
            r["must"],
            number(r["measured"]),
            verdict(r["met"]),
            number(r["warm"]),
            f"{number(r['peer'])} ({r['best_peer'] or '-'})",
            number(r["to_peer"]),
            number(r["must_to_peer"]),
            number(r["limit"]),
        ]
        for r in rows
    ]
    columns = [
        "floor",
        "must reach",
        "measured",
        "met",
        "warm",
        "best peer, same bytes",
        "/ peer",
        "must / peer",
        "C++",
    ]
    return table(columns, body)


def report(result: dict) -> str:
    """Everything as Markdown; the floors come last, so that one look at the end tells the state."""
    out = [
        "# bench.archive\n",
        header_line(result["header"]),
        f"Rounds {result['settings']['rounds']}, contenders taking turns; CPU time, garbage collector off.\n",
    ]
    columns = ["contender", "grain", "bytes"] + [
        label for d in DIRECTIONS for label in (f"{d} ns", "/C++", "/best peer", "MB/s", "spread")
    ]
    for task in TASKS:
        s = result["summary"].get(task.name)
        if not s:
            continue

        def figures(ns: float, size: float, row: dict) -> list[str]:
            rest = (row.get("to_limit", 1), row.get("to_best_peer"), size / ns * 1000, row.get("spread"))
            return [number(v) for v in (ns, *rest)]

        size = s["limit_bytes_per_item"]
        first = ["C++ -O2", "", "same"] + [v for d in DIRECTIONS for v in figures(s["limit_ns"][d], size, {})]
        rows = [
            [name, r["grain"], r["bytes"]]
            + [v for d in DIRECTIONS for v in figures(r[d]["ns"], r["bytes_per_item"], r[d])]
            for name, r in s["rows"].items()
        ]
        out.append(
            f"## {task.name}: per {task.unit}, {s['n']:,} of them\n\n" + table(columns, [first, *rows])
        )
    out.append(
        "'best peer': the quickest that makes the same bytes.  grain: one call per value, or per batch.\n"
    )
    out += remarks(result)
    out.append("\n## Must reach / measured\n\n" + floors_table(result["floors"]))
    out.append(
        "'warm': the same in small archives again and again, so without the kernel's share: pages for new objects."
    )
    return "\n".join(out)
