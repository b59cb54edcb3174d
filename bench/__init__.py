"""Benchmarks: `python -m bench.sockets` and `python -m bench.archive`; see bench/README.md."""
