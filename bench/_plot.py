"""One picture per run, beside the JSON; without matplotlib there is none, and a line says so."""

from ._archive_plan import FLOORS, TASKS
from ._message_plan import ASK, CELLS
from ._report import installed, note, number

PEERS = ("#9db4c0", "#5c8a8a", "#c9ada7", "#9a8c98", "#b5c99a", "#e0b97a", "#7a9cc6", "#d4a5a5")
TARGETS = ("#d62828", "#f77f00", "#8338ec")
BLACK = "#222222"


def figure(size: tuple[float, float], rows: int, columns: int):
    """A figure and its axes, or None (told) where matplotlib is absent.  No display is needed."""
    if not installed("matplotlib"):
        note("no picture: matplotlib is not installed")
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=size, layout="constrained")


def save(drawing, title: str, path: str) -> None:
    drawing.suptitle(title, fontsize=11)
    drawing.savefig(path, dpi=110)
    note(f"wrote {path}")


def colours(kinds: dict[str, str]) -> dict[str, str]:
    """Black for limits, quiet colours for peers, loud ones for what we make."""
    left = {"limit": iter((BLACK, "#777777")), "peer": iter(PEERS), "target": iter(TARGETS)}
    return {name: next(left[kind], BLACK) for name, kind in kinds.items()}


def title(result: dict) -> str:
    head = result["header"]
    return f"bench.{result['bench']}, {head['date']}, Python {head['python']}, {head['system']}"


def plot_sockets(result: dict, path: str) -> None:
    """CPU and throughput beside plain C for every cell; memory per idle connection; one connection's p50."""
    if not (made := figure((14, 9), 2, 2)):
        return
    drawing, axes = made
    summary, paint = result["summary"], colours(result["contenders"])
    cells = [c for c in summary if not c.startswith("idle")]
    panels = (
        ("cpu_to_limit", "server CPU per message / plain C (less is better)", 1.10),
        ("to_limit", "throughput / plain C (more is better)", 0.95),
    )
    for ax, (key, label, floor) in zip(axes[0], panels, strict=True):
        for name, colour in paint.items():
            points = [(i, v) for i, c in enumerate(cells) if (v := summary[c].get(name, {}).get(key))]
            if points and result["contenders"][name] != "limit":
                ours = result["contenders"][name] == "target"
                style = {"zorder": 3, "lw": 1.6, "ms": 6} if ours else {"lw": 0.8, "ms": 4}
                ax.plot(*zip(*points, strict=True), "o-", color=colour, label=name, **style)
        ax.axhline(1, color=BLACK, lw=1)
        ax.axhline(floor, color=TARGETS[0], lw=0.8, ls=":", label=f"floor at 64 B: {floor:g}")
        ax.set_xticks(
            range(len(cells)), [c.removeprefix("echo ") for c in cells], rotation=60, ha="right", fontsize=8
        )
        ax.set_yscale("log", base=2)
        ax.yaxis.set_major_formatter(lambda v, _: f"{v:.2g}")
        ax.set_title(label, fontsize=10)
        ax.grid(axis="y", alpha=0.3)
    axes[0][0].legend(fontsize=8, ncols=2)
    idle = next((c for c in summary if c.startswith("idle")), "idle")
    bars(
        axes[1][0],
        summary.get(idle, {}),
        "idle_bytes",
        paint,
        f"{idle}: resident bytes per idle connection",
        500,
    )
    one = summary.get("echo 64B x1", {})
    bars(axes[1][1], one, "p50_us", paint, "64 B round trip of one connection, p50, us")
    save(drawing, title(result), path)


def plot_windows(result: dict, path: str) -> None:
    """Per cell of echoes: how many messages a second, and what CPU time one costs."""
    cells = ("echo 64B x10", "echo 64B x200")
    rates = [(cell, "value", "messages per second") for cell in cells]
    plot_bars(
        result, path, [*rates, *((cell, "cpu_us", "CPU per message, Wine's included, us") for cell in cells)]
    )


def plot_messages(result: dict, path: str) -> None:
    """Per cell: how many messages a second; and the p50 of request and answer."""
    plot_bars(result, path, [*((cell, "per_s", "per second") for cell in CELLS), (ASK, "p50_us", "p50, us")])


def plot_bars(result: dict, path: str, panels: list[tuple[str, str, str]]) -> None:
    """Four panels: cell, key in the summary, label."""
    if not (made := figure((14, 8), 2, 2)):
        return
    drawing, axes = made
    paint = colours(result["contenders"])
    for ax, (cell, key, label) in zip(axes.flat, panels, strict=True):
        bars(ax, result["summary"].get(cell, {}), key, paint, f"{cell}: {label}")
    save(drawing, title(result), path)


def bars(
    ax, row: dict[str, dict], key: str, paint: dict[str, str], label: str, floor: float | None = None
) -> None:
    found = [(n, v) for n, e in row.items() if (v := e.get(key)) is not None][::-1]
    ax.set_title(label, fontsize=10)
    if not found:
        ax.text(0.5, 0.5, "not measured", ha="center", transform=ax.transAxes)
        return
    drawn = ax.barh([n for n, _ in found], [v for _, v in found], color=[paint[n] for n, _ in found])
    ax.bar_label(drawn, [number(v) for _, v in found], padding=3, fontsize=8)
    ax.xaxis.set_major_formatter(lambda v, _: f"{v:,.10g}")
    ax.locator_params(axis="x", nbins=6)
    ax.margins(x=0.16)
    if floor is not None:
        ax.axvline(floor, color=TARGETS[0], lw=0.8, ls=":", zorder=0)


def plot_archive(result: dict, path: str) -> None:
    """One panel per task: ns per item on a logarithmic axis, write above read, floors dotted."""
    lines = (len(TASKS) + 1) // 2
    if not (made := figure((14, 4.5 * lines), lines, 2)):
        return
    drawing, axes = made
    paint = colours(result["contenders"])
    for ax in axes.flat[len(TASKS) :]:
        ax.set_axis_off()
    for ax, task in zip(axes.flat, TASKS, strict=False):
        s = result["summary"].get(task.name)
        ax.set_title(f"{task.name}: ns per {task.unit} (solid: write, light: read)", fontsize=10)
        if not s:
            ax.text(0.5, 0.5, "not measured", ha="center", transform=ax.transAxes)
            continue
        rows = [("C++ -O2", s["limit_ns"], BLACK)]
        rows += [
            (f"{n} ({r['bytes']})", {d: r[d]["ns"] for d in ("write", "read")}, paint[n])
            for n, r in s["rows"].items()
        ]
        rows.reverse()
        for shift, d, alpha in ((0.2, "write", 1.0), (-0.2, "read", 0.5)):
            at = [i + shift for i in range(len(rows))]
            drawn = ax.barh(at, [ns[d] for _, ns, _ in rows], 0.38, color=[c for *_, c in rows], alpha=alpha)
            ax.bar_label(drawn, [number(ns[d]) for _, ns, _ in rows], padding=3, fontsize=7)
        for floor in FLOORS:
            if floor.task == task.name:
                for d, bound, style in zip(("write", "read"), floor.bound, ("--", ":"), strict=True):
                    if bound is None or floor.target not in s["rows"]:
                        continue
                    of = s["rows"].get("pysock", s["rows"][floor.target])[d]["ns"]
                    one = {"ns": 1.0, "to_limit": s["limit_ns"][d], "to_plain": of}[floor.measure]
                    ax.axvline(
                        bound * one,
                        color=TARGETS[0],
                        lw=0.9,
                        ls=style,
                        zorder=0,
                        label=f"{floor.target}: {d} floor",
                    )
        ax.set_yticks(range(len(rows)), [n for n, *_ in rows], fontsize=8)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        ax.xaxis.set_minor_formatter(lambda v, _: f"{v:g}" if f"{v:e}"[0] in "25" else "")
        ax.tick_params(axis="x", which="both", labelsize=8)
        ax.margins(x=0.1)
        ax.legend(fontsize=7, loc="upper right", ncols=2)  # beside the limit's bars, the shortest
    save(drawing, title(result) + "; (same): the same bytes as C++, (own): a format of its own", path)
