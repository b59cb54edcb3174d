"""Differential fuzzing against the real DLL: bytes, values, exceptions with causes, calls on the file.

`PYSOCK_FUZZ_PROGRAMS` sets the number of seed numbers (default 2000), `PYSOCK_FUZZ_SEED` the seed.
"""

import os

import pytest

from tests.interop.fuzz import Campaign
from tests.interop.oracle import Oracle

SEED = int(os.environ.get("PYSOCK_FUZZ_SEED", "20"))
COUNT = int(os.environ.get("PYSOCK_FUZZ_PROGRAMS", "2000"))
SLICES = 8


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(SLICES))
def test_random_programs_do_on_pysock_what_they_do_on_the_dll(
    real_dll: Oracle, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    size = COUNT // SLICES
    campaign = Campaign(SEED)
    campaign.run(part * size, size)
    with capsys.disabled():
        print(f"\nseed {SEED}, part {part}: {campaign.summary()}")
    assert sum(campaign.compared.values()) >= size
    assert not campaign.failures, "\n".join(campaign.failures)
