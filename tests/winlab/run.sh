#!/usr/bin/env bash
# Everything Windows that this machine can prove: sets up the Windows Python under Wine (cached), cross-builds the
# wheel, and runs the demo and the test suite there, then the socket suite on the plain poller.  Prints the wheel, the
# tests that Windows or Wine leave out with their reasons, and pytest's closing lines last, whatever happens before.
#   tests/winlab/run.sh [what...]    of: demo suite wsapoll scarce chat mfc marks   (default: all)
# The python3 in PATH is the Linux side of the chat, so this checkout must be installed there; when it also has the
# build tools, it builds, else pip fetches them.  PYSOCK_WINLAB_SECONDS: at most this long for a run of pytest (1500).
set -eEuo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
export WINPYTHON_TIMEOUT=${PYSOCK_WINLAB_SECONDS:-1500}
unset PYSOCK_REQUIRE # what the Windows Python here has not (PyQt6, a browser) is skipped, and said
logs=$(mktemp -d)
failed=0 ended=0

say() { printf '\n--- Windows: %s\n' "$*"; }
closing() { printf '%-30s %s\n' "$@" >>"$logs/closing"; }

finish() {
    local code=$?
    trap - EXIT ERR
    say "closing lines"
    [ ! -f "$logs/closing" ] || cat "$logs/closing"
    ((ended)) || printf '%-30s %s\n' run.sh "ended with $code before its end"
    rm -rf "$logs"
    exit "$code"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
tell='printf "run.sh: line %s: %s: ended with %s\n" "$LINENO" "$BASH_COMMAND" "$?" >&2'
trap "$tell" ERR

winpython() { # OUTPUT ARGS...: in the Windows Python; how it ended is said
    local out=$1 code=0
    shift
    "$here/winpython" "$@" </dev/null >"$out.raw" 2>&1 || code=$?
    tr -d '\r' <"$out.raw" >"$out"
    ((code == 0)) || echo "winpython $*: ended with $code"
    return "$code"
}

winpytest() { # NAME ARGS...: in the Windows Python; the closing line is kept for the end
    local name=$1 line code=0 again
    shift
    rm -rf "$logs/cache"
    for again in "" --last-failed; do # what fails on a busy Wine, and passes alone, is told but is no failure
        code=0
        winpython "$logs/out" -m pytest -q --color=no --durations=15 -o cache_dir="$logs/cache" $again "$@" || code=$?
        grep -E '^(FAILED|ERROR|SKIPPED|XFAIL)|^(E  |Timeout|winpython:|winlab:)|^[0-9.]+s (call|setup|teardown)' "$logs/out" || true
        line=$(grep -E '^[0-9]+ (passed|failed|skipped|error)|^=.*(passed|failed)' "$logs/out" | tail -n 1 || true)
        closing "$name${again:+, again}" "${line:-no closing line, ended with $code}"
        [ -n "$line" ] || tail -n 60 "$logs/out"
        if ((code != 1)) || [ -z "$line" ]; then break; fi
    done
    return "$code"
}

do_demo() {
    local poller code=0
    for poller in windows wsapoll; do
        if PYSOCK_POLLER=$poller winpython "$logs/out" -m pysock demo; then
            tail -n 3 "$logs/out"
        else
            tail -n 40 "$logs/out"
            code=1
        fi
    done
    return "$code"
}

do_suite() { winpytest "Windows, AFD" tests/unit tests/conformance tests/vectors tests/stress; }

do_wsapoll() {
    PYSOCK_POLLER=wsapoll winpytest "Windows, WSAPoll" tests/unit/test_pump.py tests/unit/test_asyncsocket.py \
        tests/unit/test_windows.py tests/conformance/test_sockets_tc039_events.py tests/stress/test_peers.py
}

# With so few descriptors for Wine that a test can use them up.
do_scarce() {
    local poller
    for poller in windows wsapoll; do
        PYSOCK_POLLER=$poller WINLAB_DESCRIPTORS=600 winpytest "Windows, none left, $poller" -k run_out tests/unit/test_pump.py \
            tests/conformance/test_sockets_tc039_events.py
    done
}

# The Windows build and the Linux one as each other's server and client.
do_chat() { python3 "$here/live.py"; }

# Microsoft's own classes against the Windows build, all under one Wine.  Their DLL and programs are made by Linux.
do_mfc() {
    PYTHONPATH=. python3 -c 'from tests.interop.peers import driver; driver()'
    PYSOCK_ORACLE_DIR=${PYSOCK_ORACLE_DIR:-$HOME/.cache/pysock-oracle} PYSOCK_PEER_ROUNDS=10 PYSOCK_PEER_PROGRAMS=20 \
        winpytest "Windows, MFC peers" tests/interop/test_live_peers.py tests/interop/test_csocket_logs.py
}

do_marks() {
    local code=0
    winpython "$logs/out" -m pytest -q -p no:cacheprovider tests --ignore=tests/interop --windows-marks || code=$?
    cat "$logs/out"
    return "$code"
}

# One part.  In a shell of its own, where the first failure ends it, and the others still run.
part() {
    local code
    say "$1"
    trap - ERR
    set +e
    (
        set -e
        trap - EXIT
        trap "$tell" ERR
        "do_$1"
    )
    code=$?
    set -e
    trap "$tell" ERR
    if ((code)); then
        failed=1
        closing "$1" "FAILED: ended with $code"
    fi
}

"$here/setup.sh"
if python3 -c 'import scikit_build_core, Cython, cython_cmake' 2>/dev/null; then export WINLAB_NO_ISOLATION=1; fi
say "the wheel"
wheel=$("$here/build-wheel.sh" . --config-settings=cmake.define.PYSOCK_WERROR=ON)
basename "$wheel"
unzip -l "$wheel" | awk 'NR > 3 && NF == 4 { print "  " $4 " (" $1 ")" }'
for what in "${@:-demo suite wsapoll scarce chat mfc marks}"; do
    for name in $what; do part "$name"; done
done
ended=1
exit "$failed"
