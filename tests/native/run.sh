#!/usr/bin/env bash
# Builds and runs the native mains: tests/native/run.sh [LEG...]   (default: those of `usual` below)
#
# Run here:
#   here       this system's own files, with AddressSanitizer and UndefinedBehaviorSanitizer
#   kqueue     the same, with the kqueue poller over the double in kqueue/ and without what only Linux has
#   musl       x86-64, musl instead of glibc
#   arm64      Linux on 64-bit ARM, emulated
#   bigendian  Linux on s390x, emulated: nothing may depend on the order of bytes
#   wine       the Windows files, cross-compiled with mingw-w64, under Wine
# Compiled and linked only, as nothing here can run it:
#   macos      arm64 and x86-64, against the real headers and libSystem's stubs
#   modules    the Cython modules for macOS on arm64, each linked; no symbol missing but Python's own
#   bsd        FreeBSD, OpenBSD; NetBSD compiled
#   windows    32-bit and ARM64, compiled
# By name only, as each first builds a C runtime for minutes:
#   windows-link  those two linked as well, and x86-64 by clang, that one run under Wine
#
# BUILD_DIR: where to build (default: build/native in the project).  Fails when a case fails or a tool is missing; zig,
# the cross-compiler, is fetched by pip into BUILD_DIR/tools where python3 has no ziglang.
# Debian: gcc python3-venv cmake (or pip's); wine: gcc-mingw-w64-x86-64 wine64; musl: musl;
# arm64, bigendian: qemu-user libc6-arm64-cross libc6-s390x-cross; modules: python3-dev llvm
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
native=$root/src/_core/native
build=${BUILD_DIR:-$root/build/native}
usual=(here kqueue musl arm64 bigendian wine macos modules bsd windows)
mains=(test_bytes test_plat test_poller test_poller_life)
warnings=(-std=gnu11 -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror)
ran=0
linked=0
limit=$(command -v timeout >/dev/null && echo timeout 300 || true) # macOS has none

die() { echo "run.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || { echo "run.sh: $1 is missing: $2" >&2; exit 3; }; }
need_file() { [[ -e $1 ]] || { echo "run.sh: $1 is missing: $2" >&2; exit 3; }; }

find_wine() { # Debian keeps the binary of wine64 outside PATH
    local w
    for w in "$(command -v wine64 || true)" /usr/lib/wine/wine64 /usr/lib/x86_64-linux-gnu/wine/wine64; do
        if [[ -x $w ]]; then echo "$w"; return; fi
    done
    w=$(dpkg -L wine64 2>/dev/null | grep -m1 '/wine64$' || true)
    [[ -x $w ]] || { echo "run.sh: wine64 is missing: apt-get install wine64" >&2; exit 3; }
    echo "$w"
}

under_wine() { # FLAVOUR
    local main
    wine=$(find_wine) # for the trap too
    prefix=$(mktemp -d)
    trap 'WINEPREFIX=$prefix "$(dirname "$wine")/wineserver" -k || true; rm -rf "$prefix"' EXIT
    for main in "${mains[@]}"; do
        WINEPREFIX=$prefix WINEDEBUG=-all run_main "$wine" "$build/$1/$main.exe" 2> >(grep -v '^wine: ' >&2 || true)
    done
}

ask_for_zig() { "$1" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))' 2>/dev/null; }

find_zig() {
    if [[ -z ${zig:-} ]] && ! zig=$(ask_for_zig python3) && ! zig=$(ask_for_zig "$build/tools/bin/python"); then
        python3 -m venv "$build/tools" && "$build/tools/bin/pip" install -q ziglang==0.17.1 \
            || { echo "run.sh: zig is missing, and pip could not fetch it: pip install ziglang" >&2; exit 3; }
        zig=$(ask_for_zig "$build/tools/bin/python")
    fi
}

make_mains() { # FLAVOUR CMAKE-OPTION...
    local flavour=$1
    shift
    cmake -S "$here" -B "$build/$flavour" "$@" >"$build/$flavour.log" 2>&1 \
        && cmake --build "$build/$flavour" -j 2 ${target:+--target "$target"} >>"$build/$flavour.log" 2>&1 \
        || { cat "$build/$flavour.log" >&2; die "$flavour does not build"; }
}

# Without zig's compiler-rt, which nothing of ours needs and which would be built first; so the sanitizer may only trap.
zig_mains() { # FLAVOUR ZIG-TARGET CMAKE-SYSTEM ZIG-OPTION...
    local flavour=$1 triple=$2 system=$3
    shift 3
    find_zig
    CC="$zig cc -target $triple -nostdlib -lc -fsanitize-trap=undefined $*" \
        make_mains "$flavour" -DCMAKE_SYSTEM_NAME="$system"
}

run_main() { # COMMAND... : its output, and its failure is ours
    ${limit:-} "$@" || die "$* ended with $?"
    ran=$((ran + 1))
}

is_built() { # FLAVOUR WHAT-file-SAYS
    local main
    for main in "${mains[@]}"; do
        file -b "$build/$1/$main" | grep -q "$2" || die "$build/$1/$main is not $2: $(file -b "$build/$1/$main")"
        linked=$((linked + 1))
    done
    echo "$1: ${#mains[@]} mains linked"
}

emulated() { # FLAVOUR QEMU ROOT
    local main
    need "$2" "apt-get install qemu-user"
    for main in "${mains[@]}" test_darwin; do PS_QEMU=1 run_main "$2" -L "$3" "$build/$1/$main"; done
}

# The build that a wheel would get, by the project's own CMakeLists.txt, but for the last link: zig makes no bundles, so
# each module is linked here as a library.
macos_modules() {
    local dir=$build/modules python=python3 room symbols missing include natives=()
    find_zig
    need llvm-nm "apt-get install llvm"
    if ! "$python" -c 'import Cython, cython_cmake, ninja' 2>/dev/null; then
        python=$build/tools/bin/python
        [[ -x $python ]] || python3 -m venv "$build/tools"
        "$build/tools/bin/pip" install -q "cython>=3.2,<4" "cython-cmake>=0.3" ninja
    fi
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    need_file "$include/Python.h" "apt-get install python3-dev"
    # This Python's headers, with a pyconfig.h that does not ask which system it is on: of its answers only the sizes
    # matter to an extension, and those are the same on every LP64 system.
    rm -rf "$dir/include" && mkdir -p "$dir" && cp -rs "$include" "$dir/include" && rm "$dir/include/pyconfig.h"
    comm -23 <(cc -dM -E -include "$include/pyconfig.h" -x c /dev/null | sort) <(cc -dM -E -x c /dev/null | sort) \
        >"$dir/include/pyconfig.h"
    PATH=$("$python" -c 'import sysconfig; print(sysconfig.get_path("scripts"))'):$PATH
    CC="$zig cc -target aarch64-macos.11.0 -nostdlib -lc -fno-sanitize=undefined" \
        cmake -G Ninja -S "$root" -B "$dir/build" -DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR=arm64 \
        -DCMAKE_CROSSCOMPILING_EMULATOR=/usr/bin/env -DPython_EXECUTABLE="$(command -v "$python")" \
        -DPython_INCLUDE_DIR="$dir/include" -DCMAKE_C_FLAGS_RELEASE=-O0 -DPYSOCK_WERROR=ON -DCMAKE_C_FLAGS=-Werror \
        -DCMAKE_MODULE_PATH="$("$python" -c 'import cython_cmake as c, os; print(os.path.join(os.path.dirname(c.__file__), "cmake"))')" \
        >"$build/modules.log" 2>&1 || { cat "$build/modules.log" >&2; die "modules: cmake fails"; }
    # shellcheck disable=SC2046
    ninja -C "$dir/build" $(ninja -C "$dir/build" -t targets all | sed -n 's/^\(.*\.c\.o\): .*/\1/p') >>"$build/modules.log" 2>&1 \
        || { grep -E 'error|FAILED' "$build/modules.log" >&2; die "modules: they do not compile for macOS"; }
    natives=("$dir"/build/CMakeFiles/ps_native.dir/src/_core/native/*.o)
    for room in "$root"/src/_core/*.pyx; do
        room=$(basename "$room" .pyx)
        [[ -e $dir/build/CMakeFiles/$room.dir/src/_core/$room.c.o ]] || die "modules: $room was not compiled"
        "$zig" cc -target aarch64-macos.11.0 -nostdlib -lc -shared -Wl,-undefined,dynamic_lookup \
            -o "$dir/$room.so" "$dir/build/CMakeFiles/$room.dir/src/_core/$room.c.o" "${natives[@]}"
        symbols=$(llvm-nm -m "$dir/$room.so")
        missing=$(grep '(undefined)' <<<"$symbols" | grep -v 'from libSystem' | grep -vE ' __?Py[A-Z_]' || true)
        [[ -z $missing ]] || die "modules: $room needs what neither Python nor macOS has:"$'\n'"$missing"
        grep -q " _PyInit_$room\$" <<<"$symbols" || die "modules: $room has no PyInit_$room"
        linked=$((linked + 1))
    done
    echo "modules: $(ls "$dir"/*.so | wc -l) linked"
}

windows_sources() { sed -n '/^if(WIN32)/,/^else/p' "$native/sources.cmake" | grep -o '[a-z_]*\.c'; }

need cmake "apt-get install cmake, or pip install cmake"
mkdir -p "$build"

(($#)) || set -- "${usual[@]}"
for leg; do
    echo "== $leg"
    case $leg in
    here)
        make_mains here -DPYSOCK_SANITIZE=ON
        for main in "${mains[@]}"; do run_main "$build/here/$main"; done
        if [[ $(uname) == Linux ]]; then run_main "$build/here/test_darwin"; fi
        ;;
    kqueue)
        make_mains kqueue -DPYSOCK_SANITIZE=ON -DPYSOCK_KQUEUE_SHIM=ON
        run_main "$build/kqueue/test_double"
        for main in "${mains[@]}"; do run_main "$build/kqueue/$main"; done
        ;;
    musl)
        need_file /lib/ld-musl-x86_64.so.1 "apt-get install musl"
        zig_mains musl x86_64-linux-musl Linux -dynamic
        for main in "${mains[@]}" test_darwin; do run_main "$build/musl/$main"; done
        ;;
    arm64)
        need_file /usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1 "apt-get install libc6-arm64-cross"
        zig_mains arm64 aarch64-linux-gnu.2.36 Linux
        emulated arm64 qemu-aarch64 /usr/aarch64-linux-gnu
        ;;
    bigendian)
        need_file /usr/s390x-linux-gnu/lib/ld64.so.1 "apt-get install libc6-s390x-cross"
        zig_mains bigendian s390x-linux-gnu.2.36 Linux
        emulated bigendian qemu-s390x /usr/s390x-linux-gnu
        ;;
    wine)
        need x86_64-w64-mingw32-gcc "apt-get install gcc-mingw-w64-x86-64"
        find_wine >/dev/null
        make_mains wine -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc
        under_wine wine
        ;;
    macos)
        zig_mains macos-arm64 aarch64-macos.11.0 Darwin
        is_built macos-arm64 'Mach-O 64-bit arm64'
        zig_mains macos-x86_64 x86_64-macos.11.0 Darwin
        is_built macos-x86_64 'Mach-O 64-bit x86_64'
        ;;
    modules) macos_modules ;;
    bsd)
        zig_mains freebsd x86_64-freebsd FreeBSD
        is_built freebsd FreeBSD
        zig_mains openbsd x86_64-openbsd OpenBSD
        is_built openbsd OpenBSD
        target=ps_native zig_mains netbsd x86_64-netbsd NetBSD # zig's stubs are older than its headers: no __kevent100
        ;;
    windows)
        find_zig
        for arch in aarch64 x86; do
            for name in $(windows_sources); do
                "$zig" cc -target $arch-windows-gnu "${warnings[@]}" -c "$native/$name" -o "$build/windows.o"
            done
            for main in "${mains[@]}"; do
                "$zig" cc -target $arch-windows-gnu "${warnings[@]}" -I"$native" -c "$here/$main.c" -o "$build/windows.o"
            done
            echo "$arch-windows: $(windows_sources | wc -l) files and ${#mains[@]} mains compiled"
        done
        ;;
    windows-link)
        find_zig
        for arch in aarch64 x86 x86_64; do
            CC="$zig cc -target $arch-windows-gnu -fno-sanitize=undefined" make_mains windows-$arch -DCMAKE_SYSTEM_NAME=Windows
            echo "windows-$arch: $(file -b "$build/windows-$arch/test_plat.exe")"
        done
        under_wine windows-x86_64
        ;;
    *)
        echo "run.sh: no leg named $leg" >&2
        exit 2
        ;;
    esac
done
echo "native mains: $ran run, none failed; $linked binaries of other systems linked"
