"""The FAT card on real MicroPython: files that nobody closed are collected without a word and without a write.

What the recorder's process prints is JSON for whoever started it; a finalizer that fails prints, too.
"""

import subprocess
from pathlib import Path

import pytest

from evidock_simulator import fat32, launch

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

FOREIGN = b"\xeb\x76\x90EXFAT   ".ljust(1 << 16, b"f")
SETTING = """
import gc
import sys

from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.supply import Supply

slot, clock = Slot(), Clock(0, 0)


def opened(number):
    supply = Supply()
    card = FatCard(sys.argv[1], slot, supply, clock)
    card.mount()
    file = card.open("FILE%d" % number, "wb")
    file.write(bytes(700))
    return card, supply, file


def reuse():
    gc.collect()
    taken = [bytearray(b"\\x01" * 2000) for _ in range(90)]
    del taken
"""
POWER_LOSS = """
for number in range(12):
    card, supply, file = opened(number)
    supply.bury()
    card.power_lost()
    card = None
    reuse()  # of the memory of all but the file
    file = None
    gc.collect()
"""
PULLED = """
for number in range(12):
    card, supply, file = opened(number)
    slot.remove()
    slot.insert()
    try:
        file.close()
        print("closed")
    except OSError:
        pass
    file = None
    reuse()
"""


CHANGED = """
card = FatCard(sys.argv[1], slot, Supply(), clock)
for name, there in (("foreign", False), ("other", True), ("", True), ("other", True)):
    slot.change(name)
    assert card.mount() == there, name
    if there:
        with card.open("IT_IS", "ab") as file:
            file.write(name or "own")
assert card.size("IT_IS") == 10 and card.names("") == ["IT_IS"]
slot.change("")
assert card.mount() and card.size("IT_IS") == 3
"""


def printed(script: str, folder: Path) -> str:
    image = folder / "card"
    fat32.make_image(image)
    fat32.make_image(folder / "card.other")
    (folder / "card.foreign").write_bytes(FOREIGN)
    (folder / "script.py").write_text(SETTING + script)
    ran = subprocess.run(
        [*launch.micropython(), str(folder / "script.py"), str(image)],
        env=launch.micropython_environment(None), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout


@pytest.mark.parametrize("script", [POWER_LOSS, PULLED], ids=["power_loss", "pulled"])
def test_a_file_that_was_left_open_is_collected_without_a_word(script: str, tmp_path: Path) -> None:
    assert printed(script, tmp_path) == ""


def test_cards_are_exchanged_and_a_foreign_one_is_left_alone(tmp_path: Path) -> None:
    """Never formatted, never written: it may be somebody's evidence."""
    assert printed(CHANGED, tmp_path) == ""
    assert (tmp_path / "card.foreign").read_bytes() == FOREIGN
