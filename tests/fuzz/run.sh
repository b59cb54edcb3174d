#!/usr/bin/env bash
# Coverage-guided fuzzing of loading, under ASan and UBSan:   tests/fuzz/run.sh [SECONDS] [libFuzzer options]
# Builds pysock with clang into an environment of its own (kept in build/fuzz, or $PYSOCK_CI_DIR/fuzz), starts from
# tests/fuzz/corpus, and leaves new inputs and crashes in that folder.  One input again: run.sh 0 FILE
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
seconds=${1:-60}
shift || true
work=${PYSOCK_CI_DIR:-$root/build}/fuzz
python=${PYTHON:-python3}
mkdir -p "$work/corpus"
# not pointer-overflow: code that Cython makes adds 0 to NULL
sanitize="-fsanitize=address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"

if [ ! -x "$work/venv/bin/python" ]; then
  "$python" -m venv "$work/venv"
  "$work/venv/bin/pip" install -q "scikit-build-core>=1.0" "cython>=3.2,<4" "cython-cmake>=0.3" "cmake>=3.21" ninja
fi
"$work/venv/bin/pip" install -q --no-build-isolation --force-reinstall --no-deps --config-settings=build-dir="$work/build" \
  --config-settings=cmake.define.CMAKE_C_COMPILER=clang --config-settings=cmake.build-type=RelWithDebInfo \
  "--config-settings=cmake.define.CMAKE_C_FLAGS=$sanitize -fsanitize=fuzzer-no-link" "$root"

config() { "$work/venv/bin/python" -c "import sysconfig; print(sysconfig.get_config_var('$1') or '')"; }
# shellcheck disable=SC2046,SC2086
clang $sanitize -fsanitize=fuzzer -rdynamic -I"$(config INCLUDEPY)" -o "$work/harness" tests/fuzz/harness.c \
  -L"$(config LIBDIR)" -Wl,-rpath,"$(config LIBDIR)" -lpython"$(config LDVERSION)" $(config LIBS)

export PYSOCK_FUZZ_PYTHON=$work/venv/bin/python PYTHONMALLOC=malloc
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
if [ "$seconds" = 0 ]; then
  exec "$work/harness" "$@"
fi
"$work/harness" "$work/corpus" tests/fuzz/corpus -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
  -artifact_prefix="$work/" -print_final_stats=1 "$@" 2>&1 | grep -E "^(#.*(INITED|DONE)|stat::|==|SUMMARY|Traceback|  File|[A-Za-z.]*Error|ALARM|the target|artifact|Base64)|runs in"
