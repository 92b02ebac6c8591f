"""The formatter: real FAT32, as MicroPython and fsck.fat read it."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from evidock_simulator import fat32, launch

WRITES = """
import sys, vfs
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.supply import Supply
card = FatCard(sys.argv[1], Slot(), Supply(), Clock(0, None))
print(card.mount())
if sys.argv[2] == "write":
    card.make_folder("EVIDOCK")
    for number in range(40):
        with card.open("EVIDOCK/F%d.BIN" % number, "wb") as file:
            file.write(bytes((number,)) * 3000)
print(len(card.names("EVIDOCK")), *card.space())
"""


def check(image: Path) -> str:
    """What fsck.fat says, without mending anything."""
    program = shutil.which("fsck.fat") or shutil.which("fsck.fat", path="/sbin:/usr/sbin")
    if program is None:
        pytest.skip("dosfstools are not installed")
    run = subprocess.run([program, "-n", str(image)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    return run.stdout


def on_micropython(script: str, *arguments: str) -> list[str]:
    from evidock_simulator import compiling

    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    run = subprocess.run(
        [*launch.micropython("1M"), "-c", script, *arguments],
        env=launch.micropython_environment(compiling.compiled()), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("mebibytes", [33, 64, 128, 257, 2048, 32768])
def test_every_size_is_fat32(mebibytes: int, tmp_path: Path) -> None:
    image = tmp_path / "card"
    fat32.make_image(image, mebibytes << 20, serial=7)
    assert image.stat().st_size == mebibytes << 20
    assert image.stat().st_blocks * 512 < 1 << 20, "the image is not sparse"
    boot = image.read_bytes()[:512] if mebibytes < 300 else image.open("rb").read(512)
    cluster, reserved, tables = struct.unpack_from("<BHB", boot, 13)
    sectors, table = struct.unpack_from("<II", boot, 32)
    clusters = (sectors - reserved - tables * table) // cluster
    assert clusters >= 65_525
    assert table * 128 >= clusters + 2
    check(image)


def test_a_length_below_fat32_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be FAT32"):
        fat32.make_image(tmp_path / "card", 32 << 20)


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        fat32.make_image(tmp_path / "card")
    assert (tmp_path / "card").read_bytes() == b"precious"


def test_micropython_mounts_and_fills_it(tmp_path: Path) -> None:
    image = tmp_path / "card"
    fat32.make_image(image)
    mounted, names, free, total = on_micropython(WRITES, str(image), "write")
    assert (mounted, names) == ("True", "40")
    assert int(total) == 130_032
    assert int(free) == int(total) - 1 - 40 * 3 - 2, "root, 40 files of three clusters, a folder of 42 entries"
    check(image)
    assert on_micropython(WRITES, str(image), "read")[1] == "40"


def test_dates_say_nothing_of_the_machine(tmp_path: Path) -> None:
    image = tmp_path / "card"
    fat32.make_image(image)
    on_micropython(WRITES, str(image), "write")
    content = image.read_bytes()
    at = content.index(b"F0      BIN")
    assert content[at + 13 : at + 20] == b"\x00\x00\x00\x21\x00\x21\x00"
    assert content[at + 22 : at + 26] == b"\x00\x00\x21\x00"


def test_what_is_no_file_system_is_not_mounted(tmp_path: Path) -> None:
    image = tmp_path / "card"
    image.write_bytes(bytes(1 << 20))
    script = WRITES.replace("print(len", "0 and print(len")
    assert on_micropython(script, str(image), "read") == ["False"]


def test_its_tables_are_where_it_says(tmp_path: Path) -> None:
    image, length = tmp_path / "card", 34 << 20
    fat32.make_image(image, length)
    reserved, tables = struct.unpack_from("<HB", image.read_bytes()[:512], 14)
    (table,) = struct.unpack_from("<I", image.read_bytes()[:512], 36)
    first, end = reserved * 512, (reserved + tables * table) * 512
    found = [fat32.in_table(length, offset) for offset in (first - 1, first, end - 1, end)]
    assert found == [False, True, True, False]
