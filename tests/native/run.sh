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
# By name only:
#   windows-link      those two linked as well, and x86-64 by clang, that one run under Wine (builds C runtimes for minutes)
#   bigendian-python  the archive's tests in a big-endian CPython of Debian's, emulated (some ten minutes)
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

# The build that a wheel would get, by the project's own CMakeLists.txt, up to the object files; the rest is the legs',
# as zig makes no bundles.  Sets `python`, `objects` and `natives`.
compile_modules() { # FLAVOUR ZIG-TARGET CMAKE-SYSTEM PROCESSOR
    local dir=$build/$1 log=$build/$1.log include
    find_zig
    python=python3
    if ! "$python" -c 'import Cython, cython_cmake, ninja' 2>/dev/null; then
        python=$build/tools/bin/python
        [[ -x $python ]] || python3 -m venv "$build/tools"
        "$build/tools/bin/pip" install -q "cython>=3.2,<4" "cython-cmake>=0.3" ninja
    fi
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    need_file "$include/Python.h" "apt-get install python3-dev"
    # This Python's headers, with a pyconfig.h that does not ask which system it is on: of its answers only sizes and
    # the order of bytes matter to an extension, and the sizes are the same on every LP64 system.
    rm -rf "$dir/include" && mkdir -p "$dir" && cp -rs "$include" "$dir/include" && rm "$dir/include/pyconfig.h"
    comm -23 <(cc -dM -E -include "$include/pyconfig.h" -x c /dev/null | sort) <(cc -dM -E -x c /dev/null | sort) \
        >"$dir/include/pyconfig.h"
    if [[ $4 == s390x ]]; then
        sed -i 's/DOUBLE_IS_LITTLE/DOUBLE_IS_BIG/' "$dir/include/pyconfig.h"
        echo '#define WORDS_BIGENDIAN 1' >>"$dir/include/pyconfig.h"
    fi
    PATH=$("$python" -c 'import sysconfig; print(sysconfig.get_path("scripts"))'):$PATH
    CC="$zig cc -target $2 -nostdlib -lc -fno-sanitize=undefined" \
        cmake -G Ninja -S "$root" -B "$dir/build" -DCMAKE_SYSTEM_NAME="$3" -DCMAKE_SYSTEM_PROCESSOR="$4" \
        -DCMAKE_CROSSCOMPILING_EMULATOR=/usr/bin/env -DPython_EXECUTABLE="$(command -v "$python")" \
        -DPython_INCLUDE_DIR="$dir/include" -DCMAKE_C_FLAGS_RELEASE=-O0 -DPYSOCK_WERROR=ON -DCMAKE_C_FLAGS=-Werror \
        -DCMAKE_MODULE_PATH="$("$python" -c 'import cython_cmake as c, os; print(os.path.join(os.path.dirname(c.__file__), "cmake"))')" \
        >"$log" 2>&1 || { cat "$log" >&2; die "$1: cmake fails"; }
    # shellcheck disable=SC2046
    ninja -C "$dir/build" $(ninja -C "$dir/build" -t targets all | sed -n 's/^\(.*\.c\.o\): .*/\1/p') >>"$log" 2>&1 \
        || { grep -E 'error|FAILED' "$log" >&2; die "$1: the modules do not compile"; }
    objects=$dir/build/CMakeFiles
    natives=("$objects"/ps_native.dir/src/_core/native/*.o)
}

rooms() { for room in "$root"/src/_core/*.pyx; do basename "$room" .pyx; done; }

link_module() { # ROOM ZIG-TARGET OUT ZIG-OPTION...
    local object=$objects/$1.dir/src/_core/$1.c.o triple=$2 out=$3
    [[ -e $object ]] || die "$1 was not compiled"
    shift 3
    "$zig" cc -target "$triple" -nostdlib -lc -shared "$@" -o "$out" "$object" "${natives[@]}"
}

macos_modules() {
    local room symbols missing
    need llvm-nm "apt-get install llvm"
    compile_modules modules aarch64-macos.11.0 Darwin arm64
    for room in $(rooms); do
        link_module "$room" aarch64-macos.11.0 "$build/modules/$room.so" -Wl,-undefined,dynamic_lookup
        symbols=$(llvm-nm -m "$build/modules/$room.so")
        missing=$(grep '(undefined)' <<<"$symbols" | grep -v 'from libSystem' | grep -vE ' __?Py[A-Z_]' || true)
        [[ -z $missing ]] || die "modules: $room needs what neither Python nor macOS has:"$'\n'"$missing"
        grep -q " _PyInit_$room\$" <<<"$symbols" || die "modules: $room has no PyInit_$room"
        linked=$((linked + 1))
    done
    echo "modules: $(rooms | wc -l) linked"
}

# The archive's tests in Debian's Python for s390x, which must be of the version of this one; it lands in BUILD_DIR.
bigendian_python() {
    local dir=$build/bigendian-python apt version room site
    need qemu-s390x "apt-get install qemu-user"
    compile_modules bigendian-python s390x-linux-gnu.2.36 Linux s390x
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt=(apt-get -o APT::Architecture=s390x -o APT::Architectures=s390x -o Dir::State="$dir/apt" -o Dir::Cache="$dir/apt"
        -o Dir::State::status="$dir/apt/status" -o APT::Sandbox::User=root)
    if [[ ! -x $dir/sysroot/usr/bin/python$version ]]; then
        mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/sysroot"
        touch "$dir/apt/status"
        "${apt[@]}" update -qq
        (cd "$dir/apt" && "${apt[@]}" download -qq "python$version-minimal" "libpython$version-minimal" "libpython$version-stdlib" \
            libc6 libgcc-s1 libexpat1 zlib1g libssl3 libffi8 libbz2-1.0 liblzma5 libuuid1 libcrypt1 libsqlite3-0)
        for room in "$dir"/apt/*.deb; do dpkg-deb -x "$room" "$dir/sysroot"; done
    fi
    site=$dir/site
    rm -rf "$site" && mkdir -p "$site/pysock_mfc-0.dist-info" && cp -r "$root/src/pysock" "$site" && mkdir -p "$site/pysock/_core"
    cp "$root/src/_core/__init__.py" "$site/pysock/_core"
    printf 'Metadata-Version: 2.1\nName: pysock-mfc\nVersion: 0\n' >"$site/pysock_mfc-0.dist-info/METADATA"
    for room in $(rooms); do link_module "$room" s390x-linux-gnu.2.36 "$site/pysock/_core/$room.so"; done
    "$python" -m pip install -q --target "$dir/deps" pytest pytest-timeout "hypothesis<6.101" # without C of its own
    cd "$root"
    QEMU_LD_PREFIX=$dir/sysroot PYTHONPATH=$site:$dir/deps PYTHONDONTWRITEBYTECODE=1 limit='' \
        run_main qemu-s390x "$dir/sysroot/usr/bin/python$version" -m pytest -q -p no:cacheprovider --timeout 900 \
        tests/conformance/test_archive_*.py tests/vectors/test_vectors.py tests/vectors/test_behaviour.py \
        tests/unit/test_plan.py tests/unit/test_fields.py tests/unit/test_values.py tests/unit/test_archive_values.py
    cd - >/dev/null
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
    bigendian-python) bigendian_python ;;
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
