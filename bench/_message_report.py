"""From samples to the summary, the floors and the printed tables; no measuring here."""

from ._message_plan import FLOORS, LIMIT, MANY, MANY_LIMIT, Floor
from ._report import header_line, median, met, number, per_round, remarks, table, verdict

Samples = dict[str, dict[str, list[dict]]]
MEASURES = ("per_s", "p50_us", "p99_us", "cpu_us", "noise")


def measured(name: str):
    return lambda sample: sample.get(name)


def limit_of(cell: str) -> str:
    return MANY_LIMIT if cell == MANY else LIMIT


def summarize(samples: Samples) -> dict[str, dict[str, dict]]:
    """{cell: {contender: figures}}"""
    out: dict[str, dict[str, dict]] = {}
    for cell, row in samples.items():
        limit = row.get(limit_of(cell), [])
        out[cell] = {
            name: {m: median(map(measured(m), got)) for m in MEASURES}
            | {
                "to_limit": per_round(got, limit, measured("per_s")),
                "p50_to_limit": per_round(got, limit, measured("p50_us")),
                "errors": [s["error"] for s in got if "error" in s],
            }
            for name, got in row.items()
        }
    return out


def best(summary: dict[str, dict], floor: Floor) -> str | None:
    """The quickest of the rows a floor is against."""
    found = {n: v for n in floor.against if (v := summary.get(n, {}).get(floor.measure)) is not None}
    if not found:
        return None
    return (min if floor.sense == "<=" else max)(found, key=found.get)


def floors(samples: Samples, summary: dict[str, dict[str, dict]]) -> list[dict]:
    out = []
    for floor in FLOORS:
        row = samples.get(floor.cell, {})
        other = best(summary.get(floor.cell, {}), floor)
        ours, theirs = row.get(floor.target, []), row.get(other or "", [])
        ratio = per_round(ours, theirs, measured(floor.measure))
        out.append(
            {
                "what": floor.what,
                "must": f"{floor.sense} {floor.bound:g}",
                "measured": ratio,
                "met": met(ratio, floor.sense, floor.bound),
                "against": other,
            }
        )
    return out


def report(result: dict) -> str:
    """Everything as Markdown; the floors come last."""
    settings = result["settings"]
    out = [
        "# bench.messages\n",
        header_line(result["header"]),
        f"Rounds {settings['rounds']}, window {settings['duration']} s, {result['loopback']} loopback with "
        f"congestion control {result['congestion_control']}. A record is DWORD, WORD, LONG, LONGLONG,"
        " double, each read and written as a field (c_epoll_echo only moves bytes). '/C' is to the limit of"
        " the same round; ratios are medians of per-round ratios.\n",
    ]
    columns = {
        "per_s": "per second",
        "to_limit": "/C",
        "p50_us": "p50 us",
        "p50_to_limit": "p50 /C",
        "p99_us": "p99 us",
        "cpu_us": "server CPU us",
    }
    for cell, row in result["summary"].items():
        body = [[name, *(number(entry[k]) for k in columns)] for name, entry in row.items()]
        out.append(f"## {cell}\n\n" + table(["pair", *columns.values()], body))
    out += remarks(result)
    rows = [
        [f["what"], f["must"], number(f["measured"]), verdict(f["met"]), f["against"] or "-"]
        for f in result["floors"]
    ]
    out.append(
        "\n## Must reach / measured\n\n" + table(["floor", "must reach", "measured", "met", "against"], rows)
    )
    return "\n".join(out)
