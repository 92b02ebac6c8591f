"""What scenarios do to the hardware: speech, silence, rot, tampering, cards; the same in every run (AT-21, 33, 34)."""

import struct
from pathlib import Path

import pytest
from simulator.test_lane import SHORT, bodies, entries, provisioned, with_events

from evidock_agent import signals
from evidock_protocol import codes, kinds
from evidock_protocol.flash import SECTOR
from evidock_simulator.lane import Recorder
from evidock_simulator.virtual import nor, rot, tamper
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.hearing import Hearing
from evidock_simulator.virtual.microphone import Microphone
from evidock_simulator.virtual.quiet import Quiet
from evidock_simulator.virtual.slot import LOW_KIB, Slot


def levels(sound: bytes, milliseconds: int) -> list[int]:
    """Mean amplitude of each stretch of 8 kHz sound."""
    step = 8 * milliseconds
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    return [sum(map(abs, samples[at : at + step])) // step for at in range(0, len(samples) - step + 1, step)]


def heard(microphone: Microphone, clock: Clock, milliseconds: int) -> bytes:
    found = bytearray()
    buffer = memoryview(bytearray(4096))
    for _ in range(milliseconds // 100):
        clock.now += 100
        while count := microphone.readinto(buffer):
            found += buffer[:count]
    return bytes(found)


def test_quiet_is_quiet_and_never_the_same() -> None:
    one, two = bytearray(64_000), bytearray(64_000)
    Quiet(1).read(0, memoryview(one))
    Quiet(1).read(0, memoryview(two))
    assert one == two
    assert max(levels(bytes(one), 256)) < 66  # a third of the level below which no block is loud
    assert len({bytes(one[at : at + 512]) for at in range(0, len(one), 512)}) == len(one) // 512


def test_speech_stands_out_for_as_long_as_somebody_speaks() -> None:
    clock, hearing = Clock(1000, None), Hearing()
    microphone = Microphone(Quiet(1), clock, hearing)
    microphone.start()
    before = heard(microphone, clock, 2000)
    hearing.speak(clock.now, 3000)
    during = heard(microphone, clock, 3000)
    after = heard(microphone, clock, 2000)
    assert max(levels(before, 250)) < 66
    assert max(levels(after, 250)) < 66
    assert min(levels(during, 500)) > 1000
    assert microphone.lost() == 0


def test_a_pause_gives_nothing_and_loses_nothing() -> None:
    """AT-21: the source says that all is well; only the time tells."""
    clock, hearing = Clock(1000, None), Hearing()
    microphone = Microphone(Quiet(1), clock, hearing)
    microphone.start()
    assert len(heard(microphone, clock, 1000)) == 16_000
    hearing.pause(clock.now, 5000)
    assert len(heard(microphone, clock, 5000)) == 0
    assert len(heard(microphone, clock, 1000)) == 16_000
    assert microphone.lost() == 0


@pytest.mark.parametrize("region", rot.REGIONS)
def test_rot_is_inside_what_is_used_and_the_same_again(region: str, tmp_path: Path) -> None:
    image = tmp_path / "flash"
    first = nor.IDENTITY * SECTOR if region == "keys" else (nor.IDENTITY + nor.KEYS) * SECTOR
    first += {"keys": 0, "journal": 0, "anchors": nor.JOURNAL * SECTOR}[region]
    blank = bytearray(b"\xff" * nor.TOTAL * SECTOR)
    blank[first : first + 2000] = bytes(2000)
    places: list[int] = []
    for _ in range(2):
        image.write_bytes(blank)
        with image.open("r+b") as file:
            places.append(rot.rot(file, region))
        changed = [at for at, (old, new) in enumerate(zip(blank, image.read_bytes(), strict=True)) if old != new]
        assert changed
        assert first + 16 <= changed[0] <= changed[-1] < first + 2000
    assert places[0] == places[1]


def test_rot_in_what_was_never_used_is_nothing(tmp_path: Path) -> None:
    image = tmp_path / "flash"
    image.write_bytes(b"\xff" * nor.TOTAL * SECTOR)
    with image.open("r+b") as file:
        assert rot.rot(file, "anchors") == -1
    assert image.read_bytes() == b"\xff" * nor.TOTAL * SECTOR


def recorded(tmp_path: Path) -> tuple[Recorder, Path]:
    """A recorder that lost power, and the newest media file on its card."""
    scenario = with_events(tmp_path, [1, "press", "record"], [20, "cut"], [3000, "dock"], sound="quiet")
    recorder = provisioned(scenario, tmp_path)
    recorder.run_while(lambda: recorder.world.elapsed() < 21_000)
    return recorder, max((tmp_path / "card").rglob("*.WAV"))


def test_tampering(tmp_path: Path) -> None:
    """AT-33, AT-34: through the file system, as anyone would."""
    recorder, path = recorded(tmp_path)
    data = path.read_bytes()
    tamper.tamper(recorder.parts, tamper.APPEND)
    longer = path.read_bytes()
    assert longer == data + data[len(data) // 2 : len(data) // 2 + len(data) // 3]
    tamper.tamper(recorder.parts, tamper.TRIM)
    assert path.read_bytes() == longer[: len(longer) // 2]
    tamper.tamper(recorder.parts, tamper.REMOVE)
    assert not list(path.parent.glob(path.stem + ".*"))


def test_cards_are_exchanged_and_none_is_touched_that_is_not_in(tmp_path: Path) -> None:
    scenario = with_events(
        tmp_path,
        [1, "card", "remove"],
        [2, "card", "foreign"],
        [5, "card", "remove"],
        [6, "card", "other"],
        [10, "card", "remove"],
        [11, "card", "own"],
        [15, "dock"],
        sound="quiet",
    )
    recorder = provisioned(scenario, tmp_path)
    recorder.run_while(lambda: recorder.world.elapsed() < 4000)
    foreign = {path.name: path.read_bytes() for path in (tmp_path / "card.foreign").iterdir()}
    assert list(foreign) == ["MATTER"]
    recorder.run_until("docked")
    assert {path.name: path.read_bytes() for path in (tmp_path / "card.foreign").iterdir()} == foreign
    assert (tmp_path / "card.other" / "EVIDOCK" / "CARD.ID").is_file()
    mediums = bodies(recorder, kinds.MEDIUM)
    assert len({body["new"] for body in mediums if body["new"] is not None}) == 2
    assert recorder.state["card_in"] == ""


def test_a_card_that_is_nearly_full_says_so() -> None:
    slot = Slot()
    assert slot.free(10_000) == 10_000
    slot.low = True
    assert (slot.free(10_000), slot.free(7)) == (LOW_KIB, 7)
    slot.full = True
    assert slot.free(10_000) == 0
    slot.change("other")
    assert slot.free(10_000) == 10_000


def test_a_hang_ends_with_the_watchdog(tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path, [5, "hang", 60], [60, "dock"]), tmp_path)
    recorder.run_until("docked")
    boots = [found for found in entries(recorder) if found.kind == kinds.BOOT]
    assert [boot.body["reset"] for boot in boots] == [codes.RESET_POWER_ON, codes.RESET_WATCHDOG]
    assert 12_900 <= boots[1].wall_ms - boots[0].wall_ms - 500 <= 14_000  # 5 s, and 8 s without a step


def test_a_short_hang_is_nothing(tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path, [5, "hang", 4], [20, "dock"]), tmp_path)
    recorder.run_until("docked")
    assert len(bodies(recorder, kinds.BOOT)) == 1


def test_a_clock_that_restarts(tmp_path: Path) -> None:
    clock = {"set": True, "kept_without_power": False, "restarts": "2021-01-01T00:00:00+00:00"}
    recorder = provisioned(with_events(tmp_path, [5, "cut"], [10, "boot"], [20, "dock"], clock=clock), tmp_path)
    recorder.run_until("docked")
    now = recorder.clock.unix_ms()
    assert now is not None
    assert 1_609_459_210_000 <= now <= 1_609_459_211_000


def test_shocks_charge_and_settings_reach_the_board(tmp_path: Path) -> None:
    scenario = with_events(tmp_path, [5, "charge", 300], [60, "dock"], settings={"voice_wait": 5})
    recorder = provisioned(scenario, tmp_path)
    board = recorder.board
    assert board is not None
    assert (board.charging(), board.settings(), board.shock()) == (False, b'{"voice_wait": 5}', 0)
    level = board.battery.millivolts()
    recorder.run_while(lambda: recorder.world.elapsed() < 6000)
    assert level is not None
    assert (board.charging(), board.battery.millivolts()) == (True, level + 300)
    board.shocked = 9000
    assert (board.shock(), board.shock()) == (9000, 0)


@pytest.mark.parametrize("light", signals.WHILE_RECORDING)
def test_a_person_knows_each_light_of_a_running_recording(light: int, tmp_path: Path) -> None:
    """Low battery and the request to speak are shown while it records: record is not pressed, stop is."""
    recorder = provisioned(with_events(tmp_path, *SHORT["events"]), tmp_path)
    assert recorder.board is not None
    board = recorder.board
    from evidock_simulator.virtual.events import press

    board.indicator.state = light
    press(recorder.world, "record")
    assert board.buttons.poll() == 0
    press(recorder.world, "stop")
    assert board.buttons.poll() == signals.BUTTON_RECORD
