"""python -m tests.interop.peers.record: the real classes in new scenarios, added to sockets.json."""

import json

from tests.interop.peers import LogPeer
from tests.interop.scenarios import RECORDED, SCENARIOS
from tests.interop.stepping import PlainSteps
from tests.interop.test_async_logs import play

cases = json.loads(RECORDED.read_text())
for name in SCENARIOS.keys() - {case["name"] for case in cases}:
    scenario = SCENARIOS[name]
    log = play(scenario, LogPeer, PlainSteps())
    steps = [step for _, group in scenario.groups for step in group]
    cases.append(
        {
            "name": name,
            "what": f"mode {scenario.mode}, with a pause after each group of steps",
            "command": f"log {scenario.mode}",
            "peer": [f"{'-':>6} peer: {step}" for step in steps],
            "observed": [f"{'-':>6} {line}" for line in log],
        }
    )
    print(name, *log, sep="\n  ")
RECORDED.write_text(json.dumps(cases, indent=1) + "\n")
