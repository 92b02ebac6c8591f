"""The whole recorder with a camera that does what it likes: every picture that was due is there or declared, and the
journal holds (OB-1, AT-21)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st
from support import board
from support.board import World, verify
from support.track_rig import ScriptedCamera, Shot, jpeg
from support.tracks import faults, of_track, provisioned

from evidock_agent import signals
from evidock_protocol import codes, kinds

PICTURE = codes.TRACK_PICTURE


@contextmanager
def with_camera(rate: int, piece: int) -> Iterator[tuple[World, ScriptedCamera]]:
    """A provisioned recorder with sound and a scripted camera, which it still has after a reboot."""
    cameras: list[ScriptedCamera] = []

    def camera(_source: object, clock: object, _state: object) -> ScriptedCamera:
        if not cameras:
            cameras.append(ScriptedCamera(clock, rate, piece))
        return cameras[0]

    kept = board.Camera
    board.Camera = camera  # pyright: ignore[reportAttributeAccessIssue]
    try:
        world = provisioned()
        yield world, cameras[0]
    finally:
        board.Camera = kept


def shoot(camera: ScriptedCamera, tick: int, script: list[tuple[int, int, str]]) -> None:
    """Fills the camera's script from `tick` on."""
    for wait, size, what in script:
        tick += wait
        data = jpeg(size, *((80, 60) if what == "other" else (64, 48)))
        data = data[: size // 2] if what == "half" else data
        announced = size + {"more": 100, "less": -10, "long": 1 << 21}.get(what, 0)
        stalls = {"stall": size // 3, "nothing": 0, "late": size // 2}.get(what)
        camera.shots.append(Shot(tick, data, announced, stalls, tick + 400 if what == "late" else 1 << 40))


shots = st.tuples(
    st.integers(0, 400),
    st.sampled_from([40, 3000, 4088, 9001, 66_000]),
    st.sampled_from(["whole", "half", "other", "more", "less", "long", "stall", "nothing", "late"]),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(shots, max_size=60), st.sampled_from([1, 5, 15]), st.sampled_from([61, 4096]), st.integers(0, 20))
def test_whatever_a_camera_does(script: list, rate: int, piece: int, gone: int) -> None:
    with with_camera(rate, piece) as (world, camera):
        whatever_it_does(world, camera, script, rate, gone)


def whatever_it_does(world: World, camera: ScriptedCamera, script: list, rate: int, gone: int) -> None:
    shoot(camera, world.clock.now, script)
    world.press(signals.BUTTON_RECORD)
    world.run(4000)
    camera.gone = gone
    world.run(8000)
    world.press(signals.BUTTON_RECORD)
    world.settle()
    verify(world, genuine=False)
    pictures = of_track(world, PICTURE)
    (stop,) = world.bodies(kinds.STOP)
    assert pictures[-1]["last_tick"] == stop["last_tick"]
    for body in pictures:
        assert body["expected"] - body["written"] - body["lost"] <= rate // 2
    told = [values for what, _number, values in faults(world) if what == codes.FAULT_CAPTURE]
    assert {reason for reason, _count in told} <= {
        codes.CAPTURE_CUT_PICTURE,
        codes.CAPTURE_STALLED,
        codes.CAPTURE_SIZE_CHANGED,
        codes.CAPTURE_TOO_LONG,
        codes.CAPTURE_OVERRUN,
    }
    # One entry per reason and segment, and no more than one segment a second: never a flood.
    assert len(told) <= 5 * len(pictures)
    assert len(pictures) <= 14


@settings(max_examples=15, deadline=None)
@given(st.lists(shots, max_size=60), st.sampled_from([5, 15]), st.integers(100, 14_000), st.booleans())
def test_power_goes_whatever_a_camera_did(script: list, rate: int, cut: int, kept: bool) -> None:
    """What recovery seals are whole chunks with their index, and the time line goes on."""
    with with_camera(rate, 4096) as (world, camera):
        power_goes(world, camera, script, cut, kept)


def power_goes(world: World, camera: ScriptedCamera, script: list, cut: int, kept: bool) -> None:
    shoot(camera, world.clock.now, script)
    world.press(signals.BUTTON_RECORD)
    world.run(cut)
    assert world.medium is not None
    world.medium = world.medium.fork(kept)
    camera.shots.clear()
    world.boot()
    world.settle()
    verify(world, genuine=False)
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_INTERRUPTED
    if cut > 3000 and kept:
        assert of_track(world, PICTURE)


def test_a_camera_that_stops_answering_is_no_error_of_the_card() -> None:
    """Not even at the stop: the sound is recorded to the end, and what is missing has its reason."""
    with with_camera(15, 4096) as (world, camera):
        camera.film(world.clock.now, world.clock.now + 3000)
        world.press(signals.BUTTON_RECORD)
        world.run(3000)
        camera.silent = {"next", "readinto", "lost", "stop"}
        world.run(4000)
        world.press(signals.BUTTON_RECORD)
        world.settle()
        verify(world, genuine=False)
        (stop,) = world.bodies(kinds.STOP)
        assert (stop["reason"], stop["segments"]) == (codes.STOP_BUTTON, 2)
        assert {what for what, _number, _values in faults(world)} == {codes.FAULT_CAPTURE}
        assert not world.bodies(kinds.INTERRUPT)


def test_a_camera_whose_figures_no_file_holds() -> None:
    with with_camera(15, 4096) as (world, camera):
        camera.width = 0
        world.press(signals.BUTTON_RECORD)
        world.run(3000)
        world.press(signals.BUTTON_RECORD)
        world.settle()
        assert [values for _what, _number, values in faults(world)] == [[codes.CAPTURE_NO_START, 0]]
        assert len(of_track(world, codes.TRACK_SOUND)) == 1
