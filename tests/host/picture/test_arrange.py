"""Where things go: labels keep clear of each other, ticks are at round times, quiet hours do not crush recordings."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock.picture.arrange import PANELS, Label, enlargements, explanations, joined, ordered, place, timed
from evidock.picture.shapes import LEFT, RIGHT
from evidock.picture.time_axis import Clock, Scale, duration, stopwatch, ticks
from evidock.report import Finding, Severity, Span, State, Verdict

heights = st.sampled_from([23.0, 38.0, 68.0])
labels = st.builds(Label, st.floats(LEFT, RIGHT), st.floats(20, 400), heights, st.booleans())
DAY = 86400.0


@settings(deadline=None, max_examples=80)
@given(st.lists(labels, max_size=9))
def test_labels_cover_neither_each_other_nor_the_pointers(wanted: list[Label]) -> None:
    spots = place(wanted, LEFT, RIGHT, 150)
    assert len(spots) == len(wanted)
    placed = [(label, *spot) for label, spot in zip(wanted, spots, strict=True) if spot]
    for label, x, depth in placed:
        assert LEFT <= x <= x + label.width <= RIGHT + 0.001
        assert 0 <= depth <= 150
        for other, other_x, other_depth in placed:
            if other is label:
                continue
            apart = x >= other_x + other.width or other_x >= x + label.width
            assert apart or depth >= other_depth + other.height or other_depth >= depth + label.height
            assert not (other_x < label.anchor < other_x + other.width and other_depth < depth)


def test_a_label_alone_begins_at_its_anchor_and_turns_at_the_edge() -> None:
    assert place([Label(300, 100, 38)], LEFT, RIGHT, 150) == [(300, 0)]
    assert place([Label(RIGHT - 10, 100, 38)], LEFT, RIGHT, 150) == [(RIGHT - 110, 0)]


def test_where_room_is_short_the_loud_label_gets_it() -> None:
    crowd = [Label(600 + index, 300, 68) for index in range(5)]
    spots = place([*crowd, Label(602.5, 300, 68, loud=True)], LEFT, RIGHT, 60)
    assert spots[-1] is not None
    assert None in spots


@given(st.floats(0, 4e9), st.floats(1, 90 * DAY), st.sampled_from(["UTC", "Asia/Shanghai", "America/Lima", "+05:45"]))
def test_ticks_are_apart_inside_and_at_round_times(start: float, length: float, zone: str) -> None:
    scale, clock = Scale(start, start + length, LEFT, RIGHT), Clock.of(zone)
    found = list(ticks(scale, clock))
    assert len(found) <= 14
    for time, _, _ in found:
        assert start - 1e-3 <= time <= start + length + 1e-3
        assert clock.time(time).count(".") == 0  # whole seconds
    for (one, _, _), (two, _, _) in pairwise(found):
        assert scale.x(two) - scale.x(one) >= 77.9


@pytest.mark.parametrize(
    ("length", "step"), [(150, 15), (600, 60), (2700, 300), (8 * 3600, 3600), (36 * 3600, 10800), (3 * DAY, 21600)]
)
def test_steps_of_ticks(length: float, step: float) -> None:
    found = [time for time, _, _ in ticks(Scale(0, length, LEFT, RIGHT), Clock.of("UTC"))]
    assert found[1] - found[0] == step


def test_midnight_shows_the_date() -> None:
    scale = Scale(1741960800.0, 1741960800.0 + 4 * 3600, LEFT, RIGHT)  # 22:00 in Shanghai
    assert [label for _, label, midnight in ticks(scale, Clock.of("Asia/Shanghai")) if midnight] == ["2025-03-15"]


@pytest.mark.parametrize("name", ["Nowhere/At_All", "../../etc/passwd", "", "\x00", "+99:99", "/etc/localtime"])
def test_a_zone_that_is_not_one_reads_as_utc(name: str) -> None:
    clock = Clock.of(name)
    assert (clock.name, clock.time(0)) == ("UTC", "00:00:00")


@pytest.mark.parametrize(
    ("seconds", "english", "chinese", "figure"),
    [
        (2.05, "2.05 s", "2.05 秒", "00:00:02"),
        (74, "1 min 14 s", "1 分 14 秒", "00:01:14"),
        (59.7, "1 min", "1 分", "00:01:00"),
        (8 * 3600, "8 h", "8 小时", "08:00:00"),
        (5400, "1 h 30 min", "1 小时 30 分", "01:30:00"),
        (3 * DAY + 7200, "3 d 2 h", "3 天 2 小时", "74:00:00"),
        (0, "0 s", "0 秒", "00:00:00"),
    ],
)
def test_lengths(seconds: float, english: str, chinese: str, figure: str) -> None:
    assert (duration(seconds, "en"), duration(seconds, "zh"), stopwatch(seconds)) == (english, chinese, figure)


def span(start: float, end: float, state: State = State.RECORDED, cause: str | None = None) -> Span:
    return Span(start, end, state, cause, "a", None)


def test_neighbours_that_say_the_same_are_one() -> None:
    parts = [span(20, 30), span(0, 10), span(10, 20), span(30, 40, State.RECOVERED), span(90, 130), span(50, 50)]
    assert joined(parts, 5, 100) == [span(5, 30), span(30, 40, State.RECOVERED), span(90, 100)]


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 100), st.sampled_from(State)), max_size=20))
def test_joining_keeps_every_second(rows: list[tuple[float, float, State]]) -> None:
    time, parts = 0.0, list[Span]()
    for gap, length, state in rows:
        parts.append(span(time + gap, time + gap + length, state))
        time += gap + length
    for state in State:
        before = sum(part.seconds for part in parts if part.state is state)
        after = sum(part.seconds for part in joined(parts, 0, 1e9) if part.state is state)
        assert after == pytest.approx(before, abs=2)


def test_what_fills_the_interval_is_not_enlarged() -> None:
    assert enlargements([span(0, 3000)], 0, 3600) == []
    assert enlargements([], 0, 3600) == []


def test_short_recordings_far_apart_are_enlarged_one_by_one() -> None:
    parts = [span(10000, 10600), span(20000, 20600), span(20700, 21000)]
    first, second = enlargements(parts, 0, 30000)
    assert first[0] < 10000 < 10600 < first[1] < second[0] < 20000 < 21000 < second[1]


def test_a_long_gap_does_not_crush_what_is_around_it() -> None:
    parts = [span(0, 600), span(600, 20000, State.UNEXPLAINED), span(20000, 20600)]
    assert len(enlargements(parts, 0, 20600)) == 2


@given(st.lists(st.tuples(st.floats(0, 20000), st.floats(1, 3000)), min_size=1, max_size=40))
def test_enlargements_cover_every_recording_and_are_few(rows: list[tuple[float, float]]) -> None:
    time, parts = 0.0, list[Span]()
    for gap, length in rows:
        parts.append(span(time + gap, time + gap + length))
        time += gap + length
    stretches = enlargements(parts, 0, time + 1)
    assert len(stretches) <= PANELS + 1
    for part in parts if stretches else []:
        covered = sum(max(0.0, min(part.end, b) - max(part.start, a)) for a, b in stretches)
        assert covered >= part.seconds - 1e-3


def test_findings_worst_first() -> None:
    note = Finding("A", Severity.NOTICE, "")
    error = replace(note, severity=Severity.ERROR)
    gap = replace(note, verdict=Verdict.VERIFIED_DECLARED_GAPS)
    bad = replace(note, verdict=Verdict.ALTERED)
    assert ordered([note, gap, error, bad]) == [bad, gap, error, note]


def test_each_span_gets_the_finding_that_fits_it_best() -> None:
    spans = [span(0, 100), span(100, 110, State.ALTERED), span(200, 260, State.DECLARED, "power_lost")]
    finding = Finding("A", Severity.ERROR, "", device="a", time=(0, 300))
    findings = [finding, replace(finding, time=(102, 103)), replace(finding, time=(200, 260), device=None)]
    assert explanations(spans, timed(findings, "a")) == {1: 2, 2: 3}
    assert explanations(spans, timed(findings, None)) == {1: 2}


def test_a_finding_at_a_moment_speaks_of_the_span_that_begins_then() -> None:
    spans = [span(0, 100, State.RECOVERED), span(100, 126, State.DECLARED, "power_lost"), span(126, 200)]
    finding = Finding("A", Severity.NOTICE, "", device="a", time=(100, 100))
    assert explanations(spans, timed([finding], "a")) == {1: 1}
    better = replace(finding, time=(100, 120))
    assert explanations(spans, timed([finding, better], "a")) == {1: 2}
