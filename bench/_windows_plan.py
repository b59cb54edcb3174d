"""What bench.windows runs: the same servers in the Windows Python, and plain Winsock as their limit."""

from ._socket_plan import Cell, Contender, Floor, Plan

NO_SELECT = "^echo"  # CPython's select takes no more than 512 sockets there
IDLE = 990
OURS = "pysock_windows"

CONTENDERS = (
    Contender("c_winsock_echo", "limit", "c_winsock_echo.c"),
    Contender("selector_proto", "peer", "loop_echo.py --variant selector:proto", cells=NO_SELECT),
    Contender("selector_buf", "peer", "loop_echo.py --variant selector:buf", cells=NO_SELECT),
    Contender("proactor_proto", "peer", "loop_echo.py --variant proactor:proto"),
    Contender("proactor_buf", "peer", "loop_echo.py --variant proactor:buf"),
    Contender(OURS, "target", "PYSOCK_POLLER=windows pysock_echo.py --variant into"),
    Contender("pysock_wsapoll", "target", "PYSOCK_POLLER=wsapoll pysock_echo.py --variant into"),
)
CELLS = (
    Cell("echo 64B x10", "echo", 10, 64),
    Cell("echo 64B x200", "echo", 200, 64),
    Cell(f"idle {IDLE}, echo 64B x10", "idle", 10, 64),
)
# A program is written with the one or the other, so each has a best loop of its own.
LOOPS = {"Protocol": "_proto$", "BufferedProtocol": "_buf$"}
FLOORS = (
    *(
        Floor(
            f"{what}, {cell}, / asyncio's better {kind} loop", measure + kind, f"^{cell}$", sense, bound, OURS
        )
        for kind in LOOPS
        for cell in ("echo 64B x10", "echo 64B x200")
        for what, measure, sense, bound in (
            ("throughput", "to_best_", ">=", 2.0),
            ("CPU per message", "cpu_to_best_", "<=", 0.5),
        )
    ),
    Floor("CPU per message among 1,000, / among 10", "cpu_to_quiet", "^idle", "<=", 1.5, OURS),
)

PLAN = Plan("windows", CONTENDERS, FLOORS, "c_winsock_echo", "c_winsock_echo", LOOPS, processes=True)
