"""The real MFC DLL under Wine; where its tools are missing the tests are skipped (fail with PYSOCK_REQUIRE=all)."""

import pytest

from tests.interop.oracle import Oracle, OracleMissing, oracle
from tests.needs import lacks


@pytest.fixture(scope="session")
def real_dll() -> Oracle:
    """The Unicode build; `oracle(unicode=False)` is the other one, and there when this one is."""
    try:
        return oracle()
    except OracleMissing as missing:
        lacks(f"the oracle: {missing}")
