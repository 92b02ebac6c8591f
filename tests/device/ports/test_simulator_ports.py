"""The contract suite against the simulator's ports: on MicroPython with FAT and a pty, and on CPython."""

import os
import pty
import subprocess
import tty
from pathlib import Path

import pytest
from device.ports import contract
from device.ports.rig import Rig

from evidock_protocol.flash import SECTOR
from evidock_simulator import compiling, fat32, launch
from evidock_simulator.images import MEDIA
from evidock_simulator.virtual import nor

HERE = Path(__file__).parent


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with an erased flash image, an empty card image, an empty card folder, and two clips for the encoder."""
    (tmp_path / "flash").write_bytes(b"\xff" * (nor.TOTAL * SECTOR))
    (tmp_path / "card").mkdir()
    fat32.make_image(tmp_path / "card.img")
    (tmp_path / "clip.mp4").write_bytes(MEDIA["encoder"].read_bytes())
    (tmp_path / "clip.bin").write_bytes(bytes(range(256)) * 500 + b"end")
    return tmp_path


@pytest.mark.parametrize("check", contract.CHECKS)
def test_on_cpython(check: str, images: Path) -> None:
    getattr(contract, check)(Rig(str(images)))


@pytest.mark.parametrize("check", contract.CHECKS)
def test_on_micropython(check: str, images: Path) -> None:
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    recorder, host = pty.openpty()
    tty.setraw(host)
    command = [*launch.micropython("1M"), str(HERE / "rig.py"), check, str(images), str(recorder), str(host)]
    environment = launch.micropython_environment(compiling.compiled())
    try:
        for end in (recorder, host):
            os.set_blocking(end, False)
        run = subprocess.run(
            command, env=environment, pass_fds=(recorder, host), capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        os.close(recorder)
        os.close(host)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout == "passed\n"
