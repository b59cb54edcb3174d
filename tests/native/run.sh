#!/usr/bin/env bash
# Builds and runs the native mains: tests/native/run.sh [linux] [kqueue] [wine]   (default: all three)
#
#   linux    this system's own files, with AddressSanitizer and UndefinedBehaviorSanitizer
#   kqueue   the same, with the kqueue poller over the double in kqueue/ and without what only Linux has
#   wine     the Windows files, cross-compiled with mingw-w64, under Wine
#
# BUILD_DIR: where to build (default: build/native in the project).  Fails when a case fails or a tool is missing.
# Debian: gcc cmake (or pip's), and for wine: gcc-mingw-w64-x86-64 wine64
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${BUILD_DIR:-$here/../../build/native}
mains=(test_bytes test_plat test_poller test_poller_life)
ran=0

need() { command -v "$1" >/dev/null || { echo "run.sh: $1 is missing: $2" >&2; exit 3; }; }

find_wine() { # Debian keeps the binary of wine64 outside PATH
    local w
    for w in "$(command -v wine64 || true)" /usr/lib/wine/wine64 /usr/lib/x86_64-linux-gnu/wine/wine64; do
        if [[ -x $w ]]; then echo "$w"; return; fi
    done
    w=$(dpkg -L wine64 2>/dev/null | grep -m1 '/wine64$' || true)
    [[ -x $w ]] || { echo "run.sh: wine64 is missing: apt-get install wine64" >&2; exit 3; }
    echo "$w"
}

make_mains() { # FLAVOUR CMAKE-OPTION...
    local flavour=$1
    shift
    cmake -S "$here" -B "$build/$flavour" "$@" >"$build/$flavour.log" 2>&1 \
        && cmake --build "$build/$flavour" >>"$build/$flavour.log" 2>&1 \
        || { cat "$build/$flavour.log" >&2; echo "run.sh: $flavour does not build" >&2; exit 1; }
}

run_main() { # COMMAND... : its output, and its failure is ours
    timeout 300 "$@" || { echo "run.sh: $* ended with $?" >&2; exit 1; }
    ran=$((ran + 1))
}

need cmake "apt-get install cmake, or pip install cmake"
mkdir -p "$build"

for leg in "${@:-linux kqueue wine}"; do
    for flavour in $leg; do
        echo "== $flavour"
        case $flavour in
        linux)
            make_mains linux -DPYSOCK_SANITIZE=ON
            for main in "${mains[@]}" test_darwin; do run_main "$build/linux/$main"; done
            ;;
        kqueue)
            make_mains kqueue -DPYSOCK_SANITIZE=ON -DPYSOCK_KQUEUE_SHIM=ON
            run_main "$build/kqueue/test_double"
            for main in "${mains[@]}"; do run_main "$build/kqueue/$main"; done
            ;;
        wine)
            need x86_64-w64-mingw32-gcc "apt-get install gcc-mingw-w64-x86-64"
            wine=$(find_wine)
            make_mains wine -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc
            prefix=$(mktemp -d)
            trap 'WINEPREFIX=$prefix "$(dirname "$wine")/wineserver" -k || true; rm -rf "$prefix"' EXIT
            for main in "${mains[@]}"; do
                WINEPREFIX=$prefix WINEDEBUG=-all run_main "$wine" "$build/wine/$main.exe" 2> >(grep -v '^wine: ' >&2 || true)
            done
            ;;
        *)
            echo "run.sh: no leg named $flavour" >&2
            exit 2
            ;;
        esac
    done
done
echo "native mains: $ran run, none failed"
