"""How bench.messages measures: a server on one CPU, its own client (or the load generator) on another."""

from dataclasses import dataclass

from ._message_plan import ASK, MANY, RECORD, STREAM, Contender
from ._report import note, number
from ._server import Server, loadgen, measure, program


@dataclass(frozen=True)
class Settings:
    """The knobs of one run: seconds, counts, and CPU numbers (None: not pinned)."""

    rounds: int
    duration: float
    warmup: float
    records: int
    connections: int
    server_cpu: int | None
    load_cpu: int | None


def serve(contender: Contender, cell: str, cpu: int | None) -> Server:
    task = ["serve"] if cell != MANY else [] if contender.kind == "limit" else ["many"]
    return Server(contender.name, [*program(contender.command, "pairs"), *task], cpu)


def client(contender: Contender, cell: str, server: Server, settings: Settings) -> list[str]:
    if cell == ASK:
        task = ["ask", server.port, settings.duration, settings.warmup]
    elif cell == STREAM:
        task = ["stream", server.port, settings.records]
    else:
        return loadgen(
            server,
            conns=settings.connections,
            size=RECORD,
            ping=RECORD,
            warmup=settings.warmup,
            duration=settings.duration,
        )
    return [*program(contender.command, "pairs"), *map(str, task)]


def sample(contender: Contender, cell: str, settings: Settings) -> dict:
    """{"per_s", perhaps "p50_us", "p99_us", "cpu_us"} or {"error"}."""
    try:
        server = serve(contender, cell, settings.server_cpu)
    except RuntimeError as error:
        return {"error": str(error)}
    try:
        got = measure(client(contender, cell, server, settings), settings.load_cpu, settings.duration)
    finally:
        said = server.stop()
    if "error" in got:
        return {"error": f"{got['error']} (server: {said})"}
    if cell != MANY:
        return got
    return {
        "per_s": got["msgs_per_s"],
        "p50_us": got["lat_us"]["p50"],
        "p99_us": got["lat_us"]["p99"],
        "cpu_us": got["server_us_per_msg"],
        "noise": got["wait_frac"],
    }


def measure_all(
    contenders: list[Contender], cells: list[str], settings: Settings
) -> dict[str, dict[str, list[dict]]]:
    """Every cell, every round, contenders taking turns: {cell: {contender: [sample per round]}}."""
    samples: dict[str, dict[str, list[dict]]] = {}
    for cell in cells:
        row = samples[cell] = {c.name: [] for c in contenders if cell in c.cells}
        for _ in range(settings.rounds):
            for contender in contenders:
                if contender.name in row:
                    row[contender.name].append(sample(contender, cell, settings))
        last = ", ".join(f"{name} {number(got[-1].get('per_s'))}" for name, got in row.items())
        note(f"{cell}: {last}")
    return samples
