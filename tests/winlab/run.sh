#!/usr/bin/env bash
# Everything Windows that this machine can prove: sets up the Windows Python under Wine (cached), cross-builds the
# wheel, and runs the demo and the test suite there, then the socket suite on the plain poller.  Prints the wheel, the
# tests that Windows or Wine leave out with their reasons, and pytest's closing lines last.
#   tests/winlab/run.sh [what...]    of: demo suite wsapoll chat mfc marks   (default: all)
# The python3 in PATH is the Linux side of the chat, so this checkout must be installed there; when it also has the
# build tools, it builds, else pip fetches them.  PYSOCK_WINLAB_SECONDS: at most this long for a run of pytest (1500).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
export WINPYTHON_TIMEOUT=${PYSOCK_WINLAB_SECONDS:-1500}
unset PYSOCK_REQUIRE # what the Windows Python here has not (PyQt6, a browser) is skipped, and said
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=0

say() { printf '\n--- Windows: %s\n' "$*"; }

winpytest() { # NAME ARGS...: in the Windows Python; the closing line is kept for the end
    local name=$1
    shift
    "$here/winpython" -m pytest -q -p no:cacheprovider --color=no "$@" </dev/null 2>&1 | tr -d '\r' >"$logs/out" || failed=1
    grep -E '^(FAILED|ERROR|SKIPPED|XFAIL)|^(E  |Timeout|winpython:|winlab:)' "$logs/out" || true
    printf '%-24s %s\n' "$name" "$(grep -E '^[0-9]+ (passed|failed|skipped|error)|^=.*(passed|failed)' "$logs/out" | tail -n 1)" \
        >>"$logs/closing"
    if ! grep -qE '[0-9]+ passed' "$logs/out"; then
        tail -n 40 "$logs/out"
        failed=1
    fi
}

do_demo() {
    local poller
    for poller in windows wsapoll; do
        PYSOCK_POLLER=$poller "$here/winpython" -m pysock demo </dev/null | tr -d '\r' | tail -n 3
    done
}

# Stress is not for Wine, where every call of a socket asks a server process; nor are long documents cut at every place.
do_suite() { winpytest "Windows, AFD" tests/unit tests/conformance tests/vectors -m "not stress" -k "not document"; }

do_wsapoll() {
    PYSOCK_POLLER=wsapoll winpytest "Windows, WSAPoll" tests/conformance/test_sockets_tc039_events.py \
        tests/unit/test_asyncsocket.py tests/unit/test_pump.py
}

# The Windows build and the Linux one as each other's server and client.
do_chat() { python3 "$here/live.py"; }

# Microsoft's own classes against the Windows build, all under one Wine.  Their DLL and programs are made by Linux.
do_mfc() {
    PYTHONPATH=. python3 -c 'from tests.interop.peers import driver; driver()'
    PYSOCK_ORACLE_DIR=${PYSOCK_ORACLE_DIR:-$HOME/.cache/pysock-oracle} PYSOCK_PEER_ROUNDS=10 PYSOCK_PEER_PROGRAMS=20 \
        winpytest "Windows, MFC peers" tests/interop/test_live_peers.py tests/interop/test_csocket_logs.py
}

do_marks() { "$here/winpython" -m pytest -q -p no:cacheprovider tests --ignore=tests/interop --windows-marks </dev/null | tr -d '\r'; }

"$here/setup.sh"
if python3 -c 'import scikit_build_core, Cython, cython_cmake' 2>/dev/null; then export WINLAB_NO_ISOLATION=1; fi
say "the wheel"
wheel=$("$here/build-wheel.sh" . --config-settings=cmake.define.PYSOCK_WERROR=ON)
basename "$wheel"
unzip -l "$wheel" | awk 'NR > 3 && NF == 4 { print "  " $4 " (" $1 ")" }'
for what in "${@:-demo suite wsapoll chat mfc marks}"; do
    for part in $what; do
        say "$part"
        "do_$part"
    done
done
say "closing lines"
[ ! -f "$logs/closing" ] || cat "$logs/closing"
exit "$failed"
