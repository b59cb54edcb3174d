"""The real MFC DLL under Wine; without the tools tests are skipped (with PYSOCK_REQUIRE=all they fail)."""

import pytest

from tests.interop.oracle import Oracle, OracleMissing, oracle
from tests.interop.peers import driver
from tests.needs import lacks


@pytest.fixture(scope="session")
def real_dll() -> Oracle:
    """The Unicode build; `oracle(unicode=False)` is the other one, and there when this one is."""
    try:
        return oracle()
    except OracleMissing as missing:
        lacks(f"the oracle: {missing}")


@pytest.fixture(scope="session")
def real_peers(real_dll: Oracle) -> None:
    """mfcpeer.exe is there: the fixtures and tests may make Peers."""
    driver()
