"""OB-7, 12, 13, 14, 19, 21, 22: gaps by verdict and what is owed, in the picture and on the terminal."""

import io
import re
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from host.picture.sample_reports import ONE, TWO, at, spans, two_devices, verified
from host.picture.test_drawing import inert, titles, words
from rich.console import Console

from evidock import language
from evidock.cli import gap_text
from evidock.cli.report_text import print_report
from evidock.picture import draw_html, draw_svg
from evidock.picture.blocks import seconds
from evidock.picture.drawing import Drawing
from evidock.picture.gaps import COLOURS, WORST_LAST, sign, strip
from evidock.picture.panel import Panel
from evidock.picture.shapes import LOOKS
from evidock.picture.time_axis import stopwatch
from evidock.report import Coverage, Duty, Gap, GapVerdict, Owed, Report, State, Unplaced, iso

TEXT = "Recording 1 broke off: <b>& battery low."


def gap(verdict: GapVerdict, start: str = "09:31:40", end: str = "09:40:00", device: str = ONE) -> Gap:
    first, last = at(start), at(end)
    seconds = (last - first, last - first)
    return Gap(device, first, last, (first, last), seconds, "battery_low", verdict, 1, 2, None, {}, TEXT)


def every() -> Report:
    """A gap of each verdict, one after the other, and each thing that can be owed."""
    gaps = [gap(verdict, f"1{index}:10:00", f"1{index}:50:00") for index, verdict in enumerate(GapVerdict)]
    gaps = [one for one in gaps if (one.end or 0) <= verified().interval[1]]
    rest = list(GapVerdict)[len(gaps) :]
    gaps += [gap(verdict, f"12:5{index}:00", f"12:5{index}:30") for index, verdict in enumerate(rest)]
    owed = [Owed(what, ONE, 1, at("09:31:40"), f"Do {what.value}.") for what in Duty]
    return replace(verified(), gaps=tuple(gaps), owed=tuple(owed))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("draw", [draw_svg, draw_html])
def test_every_verdict_is_drawn_explained_and_listed(draw: object, lang: str) -> None:
    document = draw(every(), lang)  # type: ignore[operator]
    inert(document)
    told = words(document)
    for verdict in GapVerdict:
        name = language.name("gap", verdict.value, lang)
        assert name in told  # in the key, or in a table
        assert language.name("gap", f"{verdict.value}.explanation", lang) in told
        assert any(name in title and TEXT in title for title in titles(document))
    for duty in Duty:
        assert language.name("duty", duty.value, lang) in told
        assert f"Do {duty.value}." in told


def test_signs_differ_in_shape_and_not_only_in_colour() -> None:
    assert set(WORST_LAST) == set(COLOURS) == set(GapVerdict)
    shapes: set[str] = set()
    for verdict in GapVerdict:
        drawn = str(sign(verdict, 50, 50))
        for colour in set(COLOURS.values()):
            drawn = drawn.replace(colour, "")
        shapes.add(drawn)
    assert len(shapes) == len(GapVerdict)


def test_a_gap_without_a_time_is_listed_and_one_with_bounds_is_dashed() -> None:
    nowhere = replace(gap(GapVerdict.UNDECLARED), start=None, end=None, between=(None, None), seconds=(3.0, None))
    bounded = replace(gap(GapVerdict.ALTERED), start=None, end=None, between=(at("09:00:00"), None))
    report = replace(verified(), gaps=(nowhere, bounded), owed=(Owed(Duty.REPORT, ONE, 1, None, "Report."),))
    document = draw_svg(report)
    inert(document)
    assert 'stroke-dasharray="5 3"' in document
    assert "time unknown" in words(document)
    assert "undeclared" in words(document)


def test_gaps_that_crowd_leave_their_signs_room() -> None:
    many = tuple(gap(GapVerdict.NON_TECHNICAL, f"10:{minute:02}:00", f"10:{minute:02}:20") for minute in range(60))
    document = draw_svg(replace(verified(), gaps=many))
    group = [one for one in ElementTree.fromstring(document).iter() if one.tag.endswith("}g")]
    titled = [one for one in group if len(one) > 1 and (one[0].text or "").startswith("no technical cause")]
    assert len(titled) > 60  # a bracket for each, and signs as far as there is room


def test_a_report_without_gaps_says_nothing_of_them() -> None:
    for document in (draw_svg(verified()), draw_html(verified())):
        assert "Gaps" not in words(document)
        assert "Owed" not in words(document)


def test_settings_in_force_are_shown() -> None:
    report = verified()
    device = replace(report.devices[0], settings=(("battery_stop", 9),))
    report = replace(report, devices=(device,))
    for document in (draw_svg(report), draw_html(report)):
        assert any("battery_stop = 9" in word for word in words(document))


def printed(report: Report, lang: str) -> str:
    out = io.StringIO()
    print_report(report, lang, Console(file=out, width=150, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_terminal_has_both_tables(lang: str) -> None:
    text = printed(every(), lang)
    assert language.text("cli.verify.gaps", lang) in text
    for verdict in GapVerdict:
        assert language.name("gap", verdict.value, lang) in text
    for duty in Duty:
        assert f"Do {duty.value}." in text
    assert language.text("cli.verify.owed", lang) not in printed(verified(), lang)


def test_several_recorders_have_their_own_totals() -> None:
    report = replace(two_devices(), gaps=(gap(GapVerdict.EXEMPT, device=TWO),))
    text = printed(report, "en")
    assert TWO[:16] in text
    heads = next(line for line in text.splitlines() if "total" in line)
    assert heads.split() == [*(one.id[:8] for one in report.devices), "total"]
    coverage = report.coverage.to_json()["devices"]
    assert isinstance(coverage, dict)
    assert set(coverage) == {one.id for one in report.devices}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [((12, 12), "12.0 s"), ((10, 14), "10.0–14.0 s"), ((200, 1200), "200–1200 s"), ((3, None), "≥ 3.0 s")],
)
def test_lengths_say_what_is_known(seconds: tuple[float, float | None], told: str) -> None:
    assert gap_text.length_of(replace(gap(GapVerdict.EXEMPT), seconds=seconds), "en") == told


def test_times_say_what_is_known() -> None:
    known, bounded = gap(GapVerdict.EXEMPT), replace(gap(GapVerdict.EXEMPT), start=None, between=(0.0, None))
    assert gap_text.when_of(known, iso, "en").count("Z") == 2
    assert gap_text.when_of(bounded, iso, "en") == "(1970-01-01T00:00:00.000Z –\n…)"
    assert gap_text.when_of(replace(bounded, between=(None, None)), iso, "en") == "time unknown"


def test_worst_verdicts_are_drawn_last() -> None:
    order = {verdict: place for place, verdict in enumerate(WORST_LAST)}
    line = (GapVerdict.EXEMPT, GapVerdict.TECHNICAL_UNEXPLAINED, GapVerdict.UNDECLARED, GapVerdict.ALTERED)
    assert all(order[one] < order[other] for one, other in pairwise(line))


def adrift() -> Report:
    """A start without a clock between two recordings: a minute of it is recorded, 200 s are unexplained."""
    lasts = {State.RECORDED: 60.0, State.UNEXPLAINED: 200.0, State.DECLARED: 30.0}
    between = (at("09:31:40.5"), at("10:02:05"))
    rows = (
        ("08:00:00", "09:12:03", "declared", "standby", None),
        ("09:12:03", "09:31:40", "recorded", None, 1),
        ("09:31:40", "10:02:00", "declared", "clock_lost", None),
        ("10:02:00", "10:12:00", "recorded", None, 3),
        ("10:12:00", "16:00:00", "declared", "standby", None),
    )
    unplaced = Unplaced(ONE, 2, lasts, between, certain=True, held=State.DECLARED)
    bounded = replace(
        gap(GapVerdict.TECHNICAL_UNEXPLAINED), start=None, end=None, between=(at("09:31:39"), at("10:02:05")),
        seconds=(30.0, 30.0),
    )  # fmt: skip
    return replace(verified(), coverage=Coverage(spans(ONE, *rows), unplaced=(unplaced,)), gaps=(bounded,), marks=())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_start_without_a_place_is_in_the_totals_and_listed(lang: str) -> None:
    report = adrift()
    document = draw_svg(report, lang)
    inert(document)
    told = words(document)
    figures = [stopwatch(seconds) for seconds in report.coverage.totals.values() if seconds]
    assert stopwatch(report.coverage.seconds(State.UNEXPLAINED)) == "00:03:20"
    assert {"00:03:20", stopwatch(report.coverage.seconds(State.RECORDED))} <= set(figures) & set(told)
    assert language.text("picture.unplaced", lang) in told
    assert any("2025-03-14 18:02:05" in one or "2025-03-14 10:02:05" in one for one in told)
    assert language.name("state", "unplaced", lang) in told
    assert language.name("state", "declared", lang) not in told  # nobody declared that time


def test_the_rows_of_the_key_add_up_to_the_interval() -> None:
    report = adrift()
    drawing = Drawing.of(report, "en")
    total = sum(seconds(drawing, look, None) for look in LOOKS)
    assert total == pytest.approx(sum(report.coverage.totals.values()))
    assert total == pytest.approx(report.interval[1] - report.interval[0])


def test_a_bracket_ends_where_something_is_recorded_and_says_how_long_the_gap_is() -> None:
    report = adrift()
    drawing = Drawing.of(report, "en")
    panel = Panel(drawing, drawing.start, drawing.end, None)
    left, right = re.findall(r"M([0-9.]+),[0-9.]+v10", str(strip(panel, ONE, 0.0)[0]))
    assert float(left) == pytest.approx(panel.scale.x(at("09:31:40")), abs=0.01)
    assert float(right) == pytest.approx(panel.scale.x(at("10:02:00")), abs=0.01)
    assert any("30 s" in title for title in titles(draw_svg(report)))


def test_totals_can_be_recomputed_from_the_json_form() -> None:
    """What stands beside the spans says what of them it takes the place of."""
    for held in (State.DECLARED, State.UNEXPLAINED):
        report = adrift()
        (unplaced,) = report.coverage.unplaced
        rows = [
            replace(one, state=held, cause=None) if one.cause == "clock_lost" else one for one in report.coverage.spans
        ]
        coverage = Coverage(tuple(rows), unplaced=(replace(unplaced, held=held),))
        written = coverage.to_json()
        totals = dict.fromkeys((f"{state.value}_s" for state in State), 0.0)
        for span in written["spans"]:  # type: ignore[attr-defined]
            length = datetime.fromisoformat(span["to"]) - datetime.fromisoformat(span["from"])
            totals[f"{span['state']}_s"] += length.total_seconds()
        (one,) = written["unplaced"]  # type: ignore[misc]
        for name, figure in one["seconds"].items():
            totals[name] += figure
            totals[f"{one['held']}_s"] -= figure
        assert totals == pytest.approx({name: written[name] for name in totals})
