"""What the tests of verification share: a host, a recorder that worked a shift, and the store that holds it."""

from pathlib import Path

import pytest
from support.forge import Host, Recorder, shift


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def recorder(host: Host) -> Recorder:
    return shift(host)


@pytest.fixture
def store(host: Host, recorder: Recorder, tmp_path: Path) -> Path:
    return host.write(tmp_path / "store", recorder)
