"""Recordings that break off: for each cause the exact entries, what goes on by itself, and the spoken reason.

OB-19, OB-20, OB-21, OB-41; the press that floods is AT-38.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from support.board import Medium, World, verify
from support.breaking import Speech, made, pull, since, size_of, the_medium

from evidock_agent import on_demand, signals
from evidock_agent.interruptions import Interruptions
from evidock_agent.journal import RESERVE
from evidock_protocol import codes, kinds, settings

RECORD = signals.BUTTON_RECORD


def fill(world: World) -> None:
    the_medium(world).free = 2000


def heat(world: World) -> None:
    world.temperature = 750


def drain(world: World) -> None:
    world.battery = 5


def dock(world: World) -> None:
    world.docked = True


ORDERLY = [
    (drain, codes.CAUSE_BATTERY_LOW, codes.STOP_BATTERY_LOW),
    (fill, codes.CAUSE_STORAGE_FULL, codes.STOP_STORAGE_FULL),
    (heat, codes.CAUSE_THERMAL, codes.STOP_THERMAL),
    (dock, codes.CAUSE_DOCKED, codes.STOP_DOCKED),
]


@pytest.mark.parametrize(("cause", "reason", "happens"), [(row[1], row[2], row[0]) for row in ORDERLY])
@pytest.mark.parametrize("pictures", [False, True])
def test_an_orderly_end_seals_everything_and_says_why(happens: Any, cause: int, reason: int, pictures: bool) -> None:
    world = made(pictures)
    size = size_of(world)
    world.press(RECORD)
    world.run(8000)
    happens(world)
    world.run(6000)
    world.settle()
    assert since(world, size) == ["START", *["SEGMENT"] * (1 + pictures), "INTERRUPT", "STOP", "EPOCH"]
    (interrupt,), (stop,) = world.bodies(kinds.INTERRUPT), world.bodies(kinds.STOP)
    assert (interrupt["cause"], stop["reason"], stop["segments"]) == (cause, reason, 1 + pictures)
    assert interrupt["last_tick"] == stop["last_tick"] == world.bodies(kinds.SEGMENT)[-1]["last_tick"]
    assert interrupt["reset"] is None
    assert (interrupt["battery"], interrupt["temperature"]) == (world.battery, world.temperature)
    assert all(abs(body["expected"] - body["written"]) <= 16 for body in world.bodies(kinds.SEGMENT))
    assert all(body["attested"] == codes.ATTESTED_INLINE for body in world.bodies(kinds.SEGMENT))
    verify(world, genuine=False)


def test_a_card_that_is_pulled_and_put_back_is_gone_on_with() -> None:
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    size = size_of(world)
    medium = pull(world)
    world.run(3000)
    assert since(world, size) == ["FAULT", "INTERRUPT", "STOP", "EPOCH", "MEDIUM"]
    world.medium = medium
    size = size_of(world)
    world.run(3000)
    assert since(world, size) == ["MEDIUM", "START", "RESUME"]
    out, back = world.bodies(kinds.MEDIUM)[-2:]
    assert (out["new"], back["old"]) == (None, None)
    assert out["old"] == back["new"] == world.bodies(kinds.START)[-1]["card"]
    assert world.bodies(kinds.START)[-1]["reason"] == codes.START_POLICY
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_MEDIUM_SWAPPED
    world.press(RECORD)
    verify(world, media=False)


def test_a_card_that_is_out_for_a_moment_is_two_entries() -> None:
    """Back before anybody looked at the slot while idle."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    size = size_of(world)
    medium = pull(world)
    while world.agent is not None and world.agent.recorder.capturing:
        world.step()
    world.medium = medium
    world.run(3000)
    assert since(world, size) == ["FAULT", "INTERRUPT", "STOP", "EPOCH", "MEDIUM", "MEDIUM", "START", "RESUME"]
    assert [body["new"] is None for body in world.bodies(kinds.MEDIUM)[-2:]] == [True, False]


def test_another_card_is_recorded_on() -> None:
    world = made(voice_wait=0)
    first = world.bodies(kinds.MEDIUM) or world.bodies(kinds.BOOT)
    assert first
    world.press(RECORD)
    world.run(2000)
    pull(world)
    world.run(2000)
    world.medium = Medium()
    world.run(12_000)
    world.press(RECORD)
    before, after = world.bodies(kinds.START)
    assert before["card"] != after["card"] == world.bodies(kinds.MEDIUM)[-1]["new"]
    assert world.bodies(kinds.SEGMENT)[-1]["recording"] == 2
    verify(world, media=False)


def test_without_a_card_the_journal_still_speaks() -> None:
    world = made(voice_wait=0)
    pull(world)
    world.run(1000)
    size = size_of(world)
    world.press(RECORD)
    assert since(world, size) == ["START", "FAULT", "INTERRUPT", "STOP", "EPOCH"]
    (fault,) = world.bodies(kinds.FAULT)
    assert (fault["what"], fault["segment"], fault["values"]) == (codes.FAULT_STORAGE, 1, [0])
    assert world.bodies(kinds.START)[-1]["card"] is None
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_MEDIUM_SWAPPED
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_FAULT
    world.medium = Medium()
    world.run(2000)
    assert since(world, size)[5:] == ["MEDIUM", "START", "RESUME"]


@pytest.mark.parametrize("fault", ["unreadable", "refuses"])
def test_a_card_that_cannot_be_used_is_named_and_left_alone(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign file system, or a card that refuses writes: never formatted, and the recorder goes on."""
    world = made()
    pull(world)
    world.run(1000)
    size = size_of(world)
    strange = Medium()
    strange.files = {"HOLIDAY.JPG": b"\xff\xd8", "EVIDOCK/CARD.ID": b"x"}
    kept = dict(strange.files)
    assert world.board is not None
    if fault == "unreadable":
        monkeypatch.setattr(world.board.card, "mount", lambda: False)
    else:
        strange.failing = True
    world.medium = strange
    world.run(5000)
    assert since(world, size) == ["FAULT"]
    code = codes.MEDIUM_UNREADABLE if fault == "unreadable" else codes.MEDIUM_REFUSES
    assert world.bodies(kinds.FAULT)[-1]["values"] == [code]
    world.press(RECORD)
    world.run(5000)
    world.settle()
    assert since(world, size) == ["FAULT", "START", "FAULT", "INTERRUPT", "STOP", "EPOCH"]
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_EQUIPMENT_FAULT
    assert strange.files == kept
    assert world.agent is not None
    assert world.agent.failed is None


def test_no_source_of_any_track() -> None:
    world = made(pictures=True, rate=0, voice_wait=0)
    world.camera_condition.fault = "dead"
    size = size_of(world)
    world.press(RECORD)
    assert since(world, size) == ["START", "FAULT", "INTERRUPT", "STOP", "EPOCH"]
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_EQUIPMENT_FAULT
    world.camera_condition.fault = ""
    world.press(RECORD)
    world.run(1000)
    assert since(world, size)[5:] == ["START", "RESUME"]


# Going on by itself.


def test_heat_is_waited_out() -> None:
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    heat(world)
    world.run(6000)
    size = size_of(world)
    world.temperature = 651
    world.run(20_000)
    assert since(world, size) == []
    world.temperature = 650
    world.run(3000)
    assert since(world, size) == ["START", "RESUME"]
    assert world.bodies(kinds.START)[-1]["reason"] == codes.START_POLICY


def test_a_cause_that_comes_back_at_once_is_no_flood() -> None:
    """A recording by policy that lasted less than 10 s is not gone on with; the officer's press is."""
    world = made(voice_wait=0)
    world.press(RECORD)
    for _ in range(10):
        world.run(2000)
        heat(world)
        world.run(4000)
        world.temperature = 300
        world.run(2000)
    assert [body["reason"] for body in world.bodies(kinds.START)] == [codes.START_BUTTON, codes.START_POLICY]
    world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == 2


def test_one_that_lasted_is_gone_on_with_again() -> None:
    world = made(voice_wait=0)
    world.press(RECORD)
    for _ in range(3):
        world.run(12_000)
        heat(world)
        world.run(4000)
        world.temperature = 300
        world.run(2000)
    assert [body["reason"] for body in world.bodies(kinds.START)] == [codes.START_BUTTON] + [codes.START_POLICY] * 3
    assert [body["recording"] for body in world.bodies(kinds.RESUME)] == [2, 3, 4]
    named = [world.entries()[body["interrupt"]] for body in world.bodies(kinds.RESUME)]
    assert [(item.kind, item.body["recording"]) for item in named] == [
        (kinds.INTERRUPT, number) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("happens", [drain, dock])
def test_what_must_not_go_on_by_itself(happens: Any) -> None:
    world = made(resume=2)
    world.press(RECORD)
    world.run(8000)
    happens(world)
    world.run(6000)
    size = size_of(world)
    world.battery, world.docked = 80, False
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    world.run(60_000)
    assert "START" not in since(world, size)


def test_nothing_goes_on_where_the_settings_say_never() -> None:
    world = made(resume=0)
    world.press(RECORD)
    world.run(8000)
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    world.run(60_000)
    assert len(world.bodies(kinds.START)) == 1


@pytest.mark.parametrize("exempt", [False, True])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_dock_and_an_exemption_end_the_wait_but_not_the_question(exempt: bool, meanwhile: bool) -> None:
    """Whether the card comes back while the contact is closed or later; the officer's START asks why all the same."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    medium = pull(world)
    world.run(2000)
    if exempt:
        world.press(signals.BUTTON_EXEMPT_EMERGENCY)
    world.docked = not exempt
    world.run(2000)
    if meanwhile:
        world.medium = medium
        world.run(5000)
    world.docked = False
    world.run(2000)
    world.medium = medium
    world.run(60_000)
    assert len(world.bodies(kinds.START)) == 1
    if exempt:  # the journal says so over boots
        world.boot(codes.RESET_WATCHDOG)
        world.settle()
        assert len(world.bodies(kinds.START)) == 1
    world.press(RECORD)
    world.run(1000)
    world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == 1


def test_what_breaks_off_in_the_dock_does_not_go_on_by_itself() -> None:
    """Or it would when somebody takes it out the next day."""
    world = made(voice_wait=0)
    world.docked = True
    world.run(2000)
    world.press(RECORD)
    world.run(8000)
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    world.run(5000)
    world.docked = False
    world.run(20_000)
    assert len(world.bodies(kinds.START)) == 1
    world.press(RECORD)
    world.run(1000)
    assert len(world.bodies(kinds.RESUME)) == 1


@pytest.mark.parametrize("docked", [False, True])
def test_a_boot_in_the_dock_goes_on_with_nothing(docked: bool) -> None:
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    world.docked = docked
    world.boot(codes.RESET_WATCHDOG)
    world.settle()
    world.docked = False
    world.run(5000)
    assert len(world.bodies(kinds.START)) == 1 + (not docked)
    if docked:
        world.press(RECORD)
        world.run(1000)
    world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == 1


@pytest.mark.parametrize("reason", [codes.OFF_BATTERY_LOW, codes.OFF_BUTTON])
def test_an_empty_battery_ends_the_wait_but_not_the_question(reason: int) -> None:
    """OB-21: only the officer's own OFF takes back what was to be gone on with, over the boot too."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    medium = pull(world)
    world.run(2000)
    if reason == codes.OFF_BUTTON:
        world.press(signals.BUTTON_OFF)
    else:
        world.battery = 1
    world.run(8000)
    assert world.agent is None
    world.battery, world.medium = 80, medium
    world.boot()
    world.settle()
    world.run(5000)
    assert world.bodies(kinds.OFF)[-1]["reason"] == reason
    assert len(world.bodies(kinds.START)) == 1
    world.press(RECORD)
    world.run(1000)
    world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == (reason == codes.OFF_BATTERY_LOW)


def test_an_exemption_that_power_cut_short_is_not_gone_on_from() -> None:
    """EXEMPT is durable, the STOP that follows it is not."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    size = size_of(world)
    assert world.board is not None
    world.board.presses.append(signals.BUTTON_EXEMPT_EMERGENCY)
    while "EXEMPT" not in since(world, size):
        world.step()
    assert "STOP" not in since(world, size)
    world.boot(codes.RESET_WATCHDOG)
    world.settle()
    world.run(5000)
    assert len(world.bodies(kinds.START)) == 1


def test_a_card_that_works_again_is_recorded_on_at_once() -> None:
    """It failed, stays in, and works when the officer presses: MEDIUM stands before START."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    the_medium(world).failing = True
    world.run(5000)
    assert world.agent is not None
    assert world.agent.card_identity is None
    the_medium(world).failing = False
    size = size_of(world)
    world.press(RECORD)
    world.run(3000)
    assert since(world, size) == ["MEDIUM", "START", "RESUME"]
    assert world.bodies(kinds.START)[-1]["reason"] == codes.START_BUTTON
    world.press(RECORD)
    assert world.bodies(kinds.STOP)[-1]["segments"] == 1


def test_a_card_put_in_just_before_the_press_is_recorded_on() -> None:
    world = made()
    medium = pull(world)
    world.run(3000)
    size = size_of(world)
    world.medium = medium
    world.press(RECORD)
    world.run(1000)
    assert since(world, size) == ["MEDIUM", "START"]


@pytest.mark.parametrize("button", [signals.BUTTON_OFF, None])
def test_what_the_officer_ended_is_not_gone_on_with(button: int | None) -> None:
    """A card that is put back after the stop starts nothing, and nobody is asked."""
    world = made()
    world.press(RECORD)
    world.run(8000)
    medium = pull(world)
    world.run(2000)
    agent = world.agent
    assert agent is not None
    assert agent.interruptions.pending is not None
    if button is None:
        agent.interruptions.officer_ended()
    else:
        world.press(button)
        world.run(500)
    assert agent.interruptions.pending is None
    assert not agent.interruptions.may_resume(200)
    if button is None:
        world.medium = medium
        world.run(5000)
        world.press(RECORD)
        world.press(RECORD)
        assert world.bodies(kinds.RESUME) == []


SHORT = (codes.RESET_WATCHDOG, codes.RESET_BROWN_OUT, codes.RESET_SOFTWARE)


def test_after_a_reset() -> None:
    """Each reset cause, setting, and way in which the recording had begun."""
    world = made()
    agent = world.agent
    assert agent is not None
    for reset in range(6):
        for policy in (settings.RESUME_NEVER, settings.RESUME_SHORT, settings.RESUME_ALWAYS):
            agent.settings[settings.RESUME] = policy
            goes_on = policy == settings.RESUME_ALWAYS or (policy == settings.RESUME_SHORT and reset in SHORT)
            for by_policy in (False, True):
                state = Interruptions(agent)
                state.broke_off(7, codes.CAUSE_UNKNOWN, 9999, by_policy, reset)
                assert state.may_resume(None) == (goes_on and not by_policy)
                assert state.pending == 7
                state.broke_off(8, codes.CAUSE_UNKNOWN, 10_000, by_policy, reset)
                assert state.may_resume(None) == goes_on


def test_after_a_reset_without_a_card_the_card_is_waited_for() -> None:
    world = made(voice_wait=0)
    pull(world)
    world.run(1000)
    assert world.agent is not None
    world.agent.interruptions.broke_off(1, codes.CAUSE_WATCHDOG, 20_000, False, codes.RESET_WATCHDOG)
    world.run(5000)
    assert world.bodies(kinds.START) == []
    world.medium = Medium()
    world.run(3000)
    assert [body["reason"] for body in world.bodies(kinds.START)] == [codes.START_POLICY]


# The spoken reason.


def broken(world: World) -> None:
    """A recording that broke off, and one by policy that asks why."""
    world.press(RECORD)
    world.run(12_000)
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    while world.agent is not None and not world.agent.interruptions.is_asking:
        world.step()
    world.settle()


def test_the_reason_that_is_spoken_is_bound_to_the_gap() -> None:
    world = made()
    broken(world)
    assert world.board is not None
    assert world.board.shown == signals.INDICATE_SPEAK
    boot_ms = world.clock.now - the_ticks(world)
    now = world.clock.now
    assert isinstance(world.sound, Speech)
    world.sound.words = [(now + 3000, now + 6000)]
    world.run(5000)
    assert world.bodies(kinds.RESUME) == []
    world.run(6000)
    (resume,) = world.bodies(kinds.RESUME)
    assert resume["recording"] == world.bodies(kinds.START)[-1]["recording"] == 2
    assert world.entries()[resume["interrupt"]].body["recording"] == 1
    assert resume["voice_first"] + boot_ms == pytest.approx(now + 3000, abs=300)
    assert resume["voice_last"] + boot_ms == pytest.approx(now + 6000, abs=300)
    assert world.board.shown in (signals.INDICATE_RECORDING, signals.INDICATE_LOW)
    world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == 1
    verify(world, media=False)


def the_ticks(world: World) -> int:
    assert world.agent is not None
    return world.agent.moments.now()


def test_nothing_heard_is_said_after_the_wait() -> None:
    world = made(voice_wait=8)
    broken(world)
    world.run(6000)
    assert world.bodies(kinds.RESUME) == []
    world.run(3500)
    (resume,) = world.bodies(kinds.RESUME)
    assert (resume["voice_first"], resume["voice_last"]) == (None, None)


def test_resume_stands_before_the_stop() -> None:
    world = made()
    broken(world)
    world.run(2000)
    size = size_of(world)
    world.press(RECORD)
    assert since(world, size) == ["SEGMENT", "RESUME", "STOP", "EPOCH"]


def test_resume_stands_before_the_next_interruption() -> None:
    world = made()
    broken(world)
    world.run(2000)
    size = size_of(world)
    heat(world)
    world.run(5000)
    assert since(world, size) == ["SEGMENT", "RESUME", "INTERRUPT", "STOP", "EPOCH"]
    world.temperature = 300
    world.run(5000)
    assert len(world.bodies(kinds.START)) == 2, "by policy, and less than 10 s"
    world.press(RECORD)
    world.press(RECORD)
    assert world.bodies(kinds.RESUME)[-1]["recording"] == 3, "the officer's START goes on with it"
    assert world.entries()[world.bodies(kinds.RESUME)[-1]["interrupt"]].body["recording"] == 2


@pytest.mark.parametrize("chosen", [{"voice_wait": 0}, {"rate": 0, "pictures": True}])
def test_without_anything_to_hear_resume_is_written_at_once(chosen: dict[str, Any]) -> None:
    world = made(**chosen)
    world.press(RECORD)
    world.run(12_000)
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    world.run(3000)
    assert world.kinds()[-2:] == ["START", "RESUME"]
    assert world.bodies(kinds.RESUME)[-1]["voice_first"] is None


def test_every_word_counts_once_though_the_journal_was_full() -> None:
    """RESUME that finds no room is written before STOP when there is some."""
    world = made(voice_wait=2)
    broken(world)
    agent = world.agent
    assert agent is not None
    ring = agent.journal.ring
    blank, ring.ring.blank = ring.ring.blank, []
    end, ring._at = ring._at, ring._end
    world.run(4000)
    world.settle()
    ring.ring.blank, ring._at = blank, end
    world.run(3000)
    world.settle()
    if agent.recording is not None:
        world.press(RECORD)
    assert len(world.bodies(kinds.RESUME)) == 1
    assert not agent.interruptions.is_asking


# Exemptions.

CLASSES = [
    (signals.BUTTON_EXEMPT_SECRET, codes.EXEMPT_SECRET_INVESTIGATION),
    (signals.BUTTON_EXEMPT_PRIVACY, codes.EXEMPT_SECRET_OR_PRIVACY),
    (signals.BUTTON_EXEMPT_EMERGENCY, codes.EXEMPT_EMERGENCY),
]


@pytest.mark.parametrize(("button", "number"), CLASSES)
def test_an_exemption_ends_the_recording_and_a_start_ends_it(button: int, number: int) -> None:
    """OB-11, OB-12."""
    world = made()
    world.press(RECORD)
    world.run(5000)
    size = size_of(world)
    world.press(button)
    assert since(world, size) == ["EXEMPT", "SEGMENT", "STOP", "EPOCH"]
    begun = world.bodies(kinds.EXEMPT)[-1]
    assert begun == {"class": number, "begins": True, "recording": 1, "order": None}
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_EXEMPT
    assert world.agent is not None
    assert world.board is not None
    assert world.agent.exempt == number
    assert world.board.shown == signals.INDICATE_EXEMPT
    size = size_of(world)
    world.press(RECORD)
    world.run(1000)
    assert since(world, size) == ["EXEMPT", "START"]
    assert world.bodies(kinds.EXEMPT)[-1] == {"class": number, "begins": False, "recording": None, "order": None}
    assert world.agent.exempt == 0
    world.press(RECORD)
    assert world.bodies(kinds.RESUME) == []
    verify(world, genuine=False)


def test_an_exemption_while_the_card_fails_tells_of_both() -> None:
    world = made()
    world.press(RECORD)
    world.run(5000)
    size = size_of(world)
    the_medium(world).failing = True
    assert world.board is not None
    world.press(signals.BUTTON_EXEMPT_EMERGENCY)
    found = since(world, size)
    assert found[: found.index("EPOCH")] in (["EXEMPT", "FAULT", "STOP"], ["FAULT", "INTERRUPT", "STOP"])


# Floods of presses.


def test_a_flood_of_presses_starts_once_a_second_at_most() -> None:
    """AT-38: what is recorded meanwhile stays, and the journal has all of it."""
    world = made()
    assert world.board is not None
    world.board.presses += [RECORD] * 500
    world.run(20_000)
    world.board.presses = []
    if world.agent is not None and world.agent.recording is not None:
        world.press(RECORD)
    ticks = [item.ticks for item in world.entries() if item.kind == kinds.START]
    assert 2 <= len(ticks) <= 22
    assert all(later - before >= 1000 for before, later in pairwise(ticks))
    assert len(world.bodies(kinds.STOP)) == len(ticks)
    verify(world, genuine=False)


def test_a_press_that_comes_too_early_waits_and_marks_do_not() -> None:
    world = made()
    assert world.board is not None
    world.press(RECORD)
    world.press(RECORD)
    world.board.presses += [RECORD, signals.BUTTON_MARK]
    world.run(300)
    assert world.kinds()[-1] == "MARK"
    world.run(1500)
    assert len(world.bodies(kinds.START)) == 2
    assert world.agent is not None
    assert world.agent.recording == 2


def test_switching_off_does_not_wait_for_a_start_that_does() -> None:
    world = made()
    assert world.board is not None
    agent = world.agent
    world.press(RECORD)
    world.press(RECORD)
    world.board.presses += [RECORD, signals.BUTTON_OFF]
    world.run(500)
    assert world.agent is None
    world.agent = agent
    world.power.on = True
    assert world.kinds()[-1] == "OFF"
    assert len(world.bodies(kinds.START)) == 1


@pytest.mark.parametrize("with_card", [True, False])
def test_a_flood_without_end_leaves_room_for_causes(with_card: bool) -> None:
    """AT-38: the ring has gone round, or is full; either way the chain holds and the reserve is there."""
    world = made(rate=500)
    agent = world.agent
    assert agent is not None
    assert world.board is not None
    medium = the_medium(world)
    if not with_card:
        pull(world)
    for _ in range(220):
        world.board.presses += [RECORD] * 8
        world.run(1100)
    world.board.presses = []
    world.run(3000)
    if agent.recording is not None:
        world.press(RECORD)
    assert agent.failed is None
    room = agent.journal.ring.room()
    if with_card:
        assert agent.journal.first > 0, "it went round"
        assert room >= RESERVE
        return
    assert room > 0
    full = [body for body in world.bodies(kinds.FAULT) if body["what"] == codes.FAULT_JOURNAL_FULL]
    assert len(full) == 1, "once, however often somebody presses"
    assert world.board.shown == signals.INDICATE_FAULT
    world.medium = medium
    world.run(20_000)
    world.settle()
    assert world.board.shown != signals.INDICATE_FAULT


def test_memory_too_short_to_listen_costs_the_span_only(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made()

    def no_memory(_wait_ms: int) -> None:
        raise MemoryError

    from evidock_agent import voice  # as it is now: others let go of it

    monkeypatch.setattr(voice, "Voice", no_memory)
    monkeypatch.setattr(on_demand, "LISTENING", ())
    world.press(RECORD)
    world.run(12_000)
    medium = pull(world)
    world.run(2000)
    world.medium = medium
    world.run(3000)
    assert world.kinds()[-2:] == ["START", "RESUME"]
    assert world.agent is not None
    assert world.agent.recording == 2


def test_a_loose_contact_does_not_fill_the_journal() -> None:
    world = made()
    agent = world.agent
    assert agent is not None
    medium = the_medium(world)
    size = size_of(world)
    for _ in range(100):
        world.medium = None if world.medium is medium else medium
        world.run(300)
    world.medium = medium
    assert 8 <= len(since(world, size)) <= 32, "16 a minute, and a minute ended"
    world.run(61_000)
    assert agent.card_identity is not None
    assert len(since(world, size)) <= 33
    world.record(2000)
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_BUTTON
    verify(world, genuine=False)
