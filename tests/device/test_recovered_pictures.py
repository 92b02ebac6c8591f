"""Recovery of pictures beside sound: what is sealed, what is accused, what a planted file gets (AT-9, AT-33, AT-34)."""

from __future__ import annotations

import struct

import pytest
from support.board import World, verify
from support.tracks import faults, of_track, provisioned

from evidock_agent import signals
from evidock_agent.recorder import FLUSH_MS
from evidock_agent.recovered_pictures import Pictures
from evidock_protocol import avi, card, codes, flash, kinds, versions
from evidock_simulator.virtual import condition
from evidock_simulator.virtual.drawn import Drawn

PICTURE = codes.TRACK_PICTURE
RATE = 5


def cut_after(seconds: float, pictures: bool = True) -> tuple[World, str]:
    """A recorder whose power went in a recording; and the path of its segments without number and extension."""
    world = provisioned(pictures=pictures)
    world.press(signals.BUTTON_RECORD)
    world.run(round(seconds * 1000))
    agent = world.agent
    assert agent is not None
    stem = f"{card.device_folder(agent.journal.device)}/R0000001/S000000"
    world.cut()
    return world, stem


def files(world: World) -> dict[str, bytes]:
    assert world.medium is not None
    return world.medium.files


def comes_up(world: World) -> World:
    agent = world.boot()
    world.settle()
    assert agent.failed is None
    assert world.kinds().count("STOP") == world.kinds().count("START")
    return world


@pytest.mark.parametrize("seconds", [0.3, 0.3 + FLUSH_MS / 1000, 6, 14, 64])
def test_an_honest_cut_is_sealed_on_both_tracks(seconds: float) -> None:
    """AT-9."""
    world, _stem = cut_after(seconds)
    comes_up(world)
    assert faults(world) == []
    if seconds > 1:
        last = [body["last_tick"] for body in (world.bodies(kinds.SEGMENT)[-2], world.bodies(kinds.SEGMENT)[-1])]
        assert abs(last[0] - last[1]) <= 1500
        assert sum(body["written"] for body in of_track(world, PICTURE)) >= RATE * (seconds - 2)
        assert world.bodies(kinds.STOP)[0]["last_tick"] == max(last)
    verify(world)


@pytest.mark.parametrize("left", [0, 100, 512, 3000, 12_345, 20_000])
def test_a_trimmed_avi_is_a_loss_and_its_rest_evidence(left: int) -> None:
    """AT-33. The sound beside it is sealed all the same."""
    world, stem = cut_after(14)
    assert len(files(world)[stem + "2.AVI"]) > 20_000
    files(world)[stem + "2.AVI"] = files(world)[stem + "2.AVI"][:left]
    comes_up(world)
    assert [(what, number) for what, number, _values in faults(world)] == [(codes.FAULT_MEDIA_LOST, 2)]
    assert len(of_track(world, codes.TRACK_SOUND)) == 1
    assert bool(of_track(world, PICTURE)) == (left > 512)
    verify(world)


def test_a_wav_that_is_gone_does_not_take_the_pictures_with_it() -> None:
    world, stem = cut_after(14)
    del files(world)[stem + "1.WAV"]
    comes_up(world)
    assert {number for _what, number, _values in faults(world)} == {1}
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [2]
    verify(world)


@pytest.mark.parametrize("copies", [100, 4000])
def test_pictures_that_somebody_appended_are_not_sealed(copies: int) -> None:
    """AT-34: five seconds of them at most, wherever they lie."""
    world, stem = cut_after(14)
    media = files(world)[stem + "2.AVI"]
    assert media[512:516] == b"00dc"
    length = struct.unpack_from("<I", media, 516)[0]
    chunk = media[512 : 520 + length + length % 2]
    walked = 512
    while media[walked : walked + 4] == b"00dc" and walked + 8 <= len(media):
        following = walked + 8 + struct.unpack_from("<I", media, walked + 4)[0]
        following += following % 2
        if following > len(media):
            break
        walked = following
    files(world)[stem + "2.AVI"] = media[:walked] + chunk * copies
    comes_up(world)
    assert (codes.FAULT_RECOVERED_EXCESS, 2) in [(what, number) for what, number, _values in faults(world)]
    (body,) = of_track(world, PICTURE)
    assert body["written"] + body["lost"] <= RATE * (14 + 5)
    verify(world, genuine=False)


def test_planted_avis_share_one_interval() -> None:
    """AT-34."""
    world, stem = cut_after(14)
    for number in range(3, 9):
        files(world)[f"{stem}{number}.AVI"] = files(world)[stem + "2.AVI"]
    comes_up(world)
    total = sum(body["written"] + body["lost"] for body in of_track(world, PICTURE))
    assert total <= RATE * (14 + 5)
    assert (codes.FAULT_RECOVERED_EXCESS, 5) in [(what, number) for what, number, _values in faults(world)]
    verify(world)


@pytest.mark.parametrize("place", [32, 112, 132, 508])
def test_a_header_that_is_not_the_recorders_seals_nothing(place: int) -> None:
    """AT-34: the rate is the board's."""
    world, stem = cut_after(14)
    media = bytearray(files(world)[stem + "2.AVI"])
    media[place] ^= 1
    files(world)[stem + "2.AVI"] = bytes(media)
    comes_up(world)
    assert of_track(world, PICTURE) == []
    assert (codes.FAULT_RECOVERED_EXCESS, 2) in [(what, number) for what, number, _values in faults(world)]
    verify(world)


def test_pictures_that_somebody_changed_are_not_sealed() -> None:
    world, stem = cut_after(30)
    media = bytearray(files(world)[stem + "2.AVI"])
    media[4000] ^= 1
    files(world)[stem + "2.AVI"] = bytes(media)
    comes_up(world)
    assert of_track(world, PICTURE) == []
    assert codes.FAULT_MEDIA_LOST in [what for what, _number, _values in faults(world)]


def test_pictures_of_another_size_are_recovered() -> None:
    """Their size stands in the card's header alone."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(3000)
    world.camera_condition.fault = condition.CAMERA_RESIZE
    world.run(8000)
    world.cut()
    comes_up(world)
    assert [what for what, _number, _values in faults(world) if what != codes.FAULT_CAPTURE] == []
    assert len(of_track(world, PICTURE)) == 2
    verify(world, genuine=False)


def test_a_number_that_was_given_up_is_not_looked_for() -> None:
    """The FAULT of the microphone comes first, before any SEGMENT."""
    world = provisioned()
    assert world.board is not None

    def start() -> None:
        raise OSError(5)

    world.board.capture.start = start
    world.press(signals.BUTTON_RECORD)
    world.run(8000)
    world.cut()
    comes_up(world)
    assert faults(world) == [(codes.FAULT_CAPTURE, 1, [codes.CAPTURE_NO_START, 0])]
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [2]
    verify(world)


def test_a_lost_stop_ends_nothing_twice() -> None:
    """The STOP rotted; the EPOCH behind it says that the recording had ended."""
    world = provisioned()
    world.record(2000)
    agent = world.agent
    assert agent is not None
    sequence = agent.journal.first + world.kinds().index("STOP")
    address = agent.journal._addresses[sequence - agent.journal.first]
    world.cut()
    world.flash["journal"][address + flash.RECORD_HEAD + 60] ^= 1
    world.boot()
    world.settle()
    raws = [raw for raw in world.raws() if raw]
    assert world.bodies_of(kinds.STOP, raws) == []
    assert world.bodies_of(kinds.INTERRUPT, raws) == []
    assert world.bodies_of(kinds.JOURNAL, raws) != []


def chunks_of(media: bytes | bytearray) -> list[tuple[int, int]]:
    """(where its head stands, length of its picture) of each whole chunk."""
    found, at = [], avi.AVI_HEADER
    while media[at : at + 4] == b"00dc" and at + 8 <= len(media):
        length = struct.unpack_from("<I", media, at + 4)[0]
        if at + 8 + length + length % 2 > len(media):
            break
        found.append((at, length))
        at += 8 + length + length % 2
    return found


@pytest.mark.parametrize("keep", [0, 2, 300])
def test_a_picture_that_no_checkpoint_counts_and_that_is_not_whole_is_lost(keep: int) -> None:
    """Zeros where a card never wrote: the length stands, the picture does not (AT-21)."""
    world, stem = cut_after(14)
    media = bytearray(files(world)[stem + "2.AVI"])
    at, length = chunks_of(media)[-1]
    media[at + 8 + keep : at + 8 + length] = bytes(length - keep)
    files(world)[stem + "2.AVI"] = bytes(media)
    comes_up(world)
    (body,) = of_track(world, PICTURE)
    assert body["lost"] == 1
    verify(world)


def test_without_a_checkpoint_every_picture_is_looked_at() -> None:
    world, stem = cut_after(3)
    media = bytearray(files(world)[stem + "2.AVI"])
    at, length = chunks_of(media)[1]
    media[at + 8 : at + 8 + length] = b"x" * length
    files(world)[stem + "2.AVI"] = bytes(media)
    comes_up(world)
    (body,) = of_track(world, PICTURE)
    assert body["lost"] == 1
    verify(world)


def test_pictures_that_a_checkpoint_only_counts_are_no_licence_for_larger_ones() -> None:
    """AT-34: what it counts lies within a leaf of what it attests; a reader accuses what does not."""
    world, stem = cut_after(14)
    media = files(world)[stem + "2.AVI"]
    large = b"00dc" + struct.pack("<I", 40_000) + b"\xff\xd8" + bytes(39_998)
    files(world)[stem + "2.AVI"] = media[: avi.AVI_HEADER] + large * 80
    comes_up(world)
    (body,) = of_track(world, PICTURE)
    assert body["attested_length"] == avi.AVI_HEADER
    assert body["length"] <= avi.AVI_HEADER + body["leaf_size"] + (RATE * 5 + 2) * 40_008
    assert (codes.FAULT_RECOVERED_EXCESS, 2) in [(what, number) for what, number, _values in faults(world)]


def test_a_file_longer_than_any_segment_is_not_read_to_its_end() -> None:
    """AT-28, AT-34: one chunk of 17 MiB would be one picture, and be hashed for minutes at every boot."""
    world, stem = cut_after(14)
    media = files(world)[stem + "2.AVI"]
    at, _length = chunks_of(media)[-1]
    huge = versions.MAXIMUM_SEGMENT + 1024
    files(world)[stem + "2.AVI"] = media[:at] + b"00dc" + struct.pack("<I", huge) + bytes(huge)
    comes_up(world)
    (body,) = of_track(world, PICTURE)
    assert body["length"] <= len(media) + avi.index_length(100)
    assert (codes.FAULT_RECOVERED_EXCESS, 2) in [(what, number) for what, number, _values in faults(world)]


@pytest.mark.parametrize("side", [0, 40_000])
def test_a_size_that_no_header_holds_stops_no_boot(side: int) -> None:
    """AT-28: the next file, if it is too short for a header, must not be given the size of this one."""
    pictures = Pictures(Drawn(5), memoryview(bytearray(16)))  # pyright: ignore[reportArgumentType]
    header = bytearray(pictures.header(avi.AVI_HEADER, 0))
    struct.pack_into("<I", header, 64, side)
    assert not pictures.is_own(bytes(header))
    assert avi.read_header(pictures.header(avi.AVI_HEADER, 0))[:2] == (Drawn.width, Drawn.height)


@pytest.mark.parametrize(("number", "extension", "own"), [(1, "AVI", "WAV"), (2, "WAV", "AVI"), (2, "MP4", "AVI")])
def test_a_file_of_another_track_does_not_take_a_number(number: int, extension: str, own: str) -> None:
    """AT-34: of two files of one number that of the number's track is sealed, and the other is named."""
    world, stem = cut_after(6)
    other = files(world)[stem + ("1.WAV" if extension == "WAV" else "2.AVI")]
    files(world)[f"{stem}{number}.{extension}"] = other
    comes_up(world)
    assert faults(world) == [(codes.FAULT_RECOVERED_EXCESS, number, [0, len(other)])]
    assert [card.extension(body["media"]) for body in world.bodies(kinds.SEGMENT)] == ["WAV", "AVI"]
    assert world.file(1, number, own) is not None


def test_a_file_of_another_track_does_not_stand_for_one_that_is_gone() -> None:
    """AT-33: five seconds of sound are no pictures."""
    world, stem = cut_after(6)
    files(world)[stem + "2.WAV"] = files(world)[stem + "1.WAV"]
    del files(world)[stem + "2.AVI"]
    comes_up(world)
    assert {(what, number) for what, number, _values in faults(world)} == {
        (codes.FAULT_MEDIA_LOST, 2),
        (codes.FAULT_RECOVERED_EXCESS, 2),
    }
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1]
    verify(world)


@pytest.mark.parametrize("track", [codes.TRACK_SOUND, PICTURE])
def test_cuts_in_recovery_buy_no_further_files(track: int) -> None:
    """AT-34: who holds the card has power over the power as well."""
    world, stem = cut_after(14)
    for number in range(3, 30):
        files(world)[f"{stem}{number}.{'WAV' if number % 2 else 'AVI'}"] = (
            files(world)[stem + "1.WAV"] if number % 2 else files(world)[stem + "2.AVI"]
        )
    before = 0
    for _ in range(12):
        agent = world.boot()
        while len(sealed := of_track(world, track)) <= before and world.kinds().count("STOP") == 0:
            world.step()
        assert agent.failed is None
        before = len(sealed)
        if world.kinds().count("STOP"):
            break
        before_cut, world = world, world.fork(1, kept=True)
        before_cut.cut()
    world.settle()
    bodies = of_track(world, track)
    if track == codes.TRACK_SOUND:
        beyond = sum(body["length"] - body["attested_length"] for body in bodies)
        assert beyond <= 5 * 16_000 + versions.LEAF_SOUND
    else:
        assert sum(body["written"] + body["lost"] for body in bodies) <= RATE * (14 + 6)
    assert len(bodies) <= 2
    verify(world)


def test_cuts_in_recovery_repeat_no_fault() -> None:
    """AT-38."""
    world, stem = cut_after(14)
    files(world)[stem + "1.AVI"] = b"x"
    files(world)[stem + "1.BIN"] = b"xy"
    for _ in range(5):
        world.boot()
        while not (told := faults(world)) or world.kinds()[-1] == "BOOT":
            world.step()
        assert len(told) <= 2
        before_cut, world = world, world.fork(1, kept=True)
        before_cut.cut()
    comes_up(world)
    assert len(faults(world)) == 2
    verify(world)
