"""What the picture shows, and that nothing in a report can become markup in it."""

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from host.picture.sample_reports import ALL, ONE, TWO, altered, at, declared_gaps, device, two_devices, verified
from hypothesis import given, settings
from hypothesis import strategies as st

from evidock import language
from evidock.picture import draw_html, draw_svg
from evidock.picture.markup import visible
from evidock.picture.shapes import BLUE, LEFT, LOOKS, RIGHT, draw, look_of
from evidock.report import Coverage, DeviceReport, Finding, Head, Mark, Report, Severity, Span, Stamp, State, Verdict

SVG = "{http://www.w3.org/2000/svg}"
# fmt: off
DRAWN = {
    "svg", "title", "desc", "defs", "pattern", "clipPath", "rect", "circle", "path", "polygon", "text", "tspan",
    "g",
}
WRITTEN = {
    "html", "head", "meta", "style", "body", "section", "h2", "p", "small", "table", "thead", "tbody", "tr", "th", "td",
    "code", "strong", "br", "ul", "li", "div",
}
# fmt: on
Draw = Callable[[Report, str], str]


def words(document: str) -> list[str]:
    """Everything a reader can read, in order, tooltips included."""
    return [text.strip() for text in ElementTree.fromstring(document).itertext() if text.strip()]


def titles(document: str) -> list[str]:
    return [title.text or "" for title in ElementTree.fromstring(document).iter(f"{SVG}title")]


def inert(document: str) -> None:
    """Fails unless `document` is well-formed and can neither run nor load anything."""
    for part in ElementTree.fromstring(document).iter():
        tag = part.tag.rpartition("}")[2]
        assert tag in DRAWN | WRITTEN
        for key, value in part.attrib.items():
            assert not key.startswith("on")
            assert key not in ("href", "src", "style", "{http://www.w3.org/1999/xlink}href")
            for address in re.findall(r"url\((.*?)\)", value):
                assert address.startswith("#evidock-")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("draw_it", [draw_svg, draw_html])
def test_every_sample_is_well_formed_inert_and_the_same_each_time(draw_it: Draw, name: str, lang: str) -> None:
    document = draw_it(ALL[name](), lang)
    inert(document)
    assert document == draw_it(ALL[name](), lang)


def test_a_language_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        draw_svg(verified(), "fr")


@pytest.mark.parametrize("verdict", Verdict)
def test_the_verdict_in_words_code_and_a_sign_of_its_own(verdict: Verdict) -> None:
    document = draw_svg(replace(verified(), verdict=verdict))
    assert any(verdict.value in text.split(" · ") for text in words(document))
    others = [draw_svg(replace(verified(), verdict=other)) for other in Verdict if other is not verdict]
    sign = re.sub("#[0-9A-F]{6}", "", document[document.index("Evidence timeline</text>") :][:400])
    for other in others:
        assert sign != re.sub("#[0-9A-F]{6}", "", other[other.index("Evidence timeline</text>") :][:400])


def test_the_verdict_names_the_protection_of_the_keys() -> None:
    assert "VERIFIED · key in readable flash" in words(draw_svg(verified()))


@pytest.mark.parametrize("draw_it", [draw_svg, draw_html])
def test_who_vouches_for_a_recorder_is_said_with_its_stamps(draw_it: Draw) -> None:
    organisation, host = "5e2190ac" * 8, "9b04" * 16
    stamp = Stamp(412, at("17:00:03.5"), "CN=Clocktower", True)
    known = device(
        organisation=organisation, enrolled_by=host, enroller="front desk", registry="revoked", stamps=(stamp,)
    )
    text = draw_it(replace(verified(), devices=(known,), trusted=(organisation,)), "en")
    for part in (
        "organisation 5e21 90ac 5e21 90ac, trusted here",
        "enrolled by front desk (host 9b04",
        "registry: revoked",
    ):
        assert part in text
    assert "first 412 entries existed at 2025-03-14 17:00:04 at the latest, says CN=Clocktower" in text


@pytest.mark.parametrize("draw_it", [draw_svg, draw_html])
def test_a_simulated_recorder_is_always_called_so(draw_it: Draw) -> None:
    assert "SIMULATED" in words(draw_it(declared_gaps(), "en"))
    assert "模拟数据" in words(draw_it(declared_gaps(), "zh"))
    assert "SIMULATED" not in draw_it(verified(), "en")


def test_an_alteration_is_called_out_with_file_bytes_and_seconds() -> None:
    """AT-1: the reader sees which bytes of which file and which seconds differ."""
    shown = words(draw_svg(altered()))
    assert "20250314-091203-r0001-s0003.wav" in shown
    assert "bytes 65580–131115" in shown
    assert "09:14:05.1–09:14:07.15 · 2.05 s" in shown


def test_a_declared_gap_is_labelled_with_cause_times_and_length() -> None:
    """OB-19, AT-9."""
    shown = words(draw_svg(declared_gaps()))
    place = shown.index("power lost")
    assert shown[place + 1] == "10:14:24–10:15:38 · 1 min 14 s"
    assert "断电" in words(draw_svg(declared_gaps(), "zh"))


def test_a_mark_reaches_the_timeline() -> None:
    """OB-11."""
    assert "evidence 09:20:11" in words(draw_svg(verified()))
    assert "evidence 09:20:11" not in words(draw_svg(replace(verified(), marks=())))


def bars(report: Report) -> list[tuple[float, float]]:
    """Left edge and width of every recorded bar, without the one in the key."""
    found = ElementTree.fromstring(draw_svg(report)).iter(f"{SVG}rect")
    return [(float(box.get("x", 0)), float(box.get("width", 0))) for box in found if box.get("fill") == BLUE][:-1]


def test_two_recorders_stand_on_one_axis() -> None:
    """OB-18: the same time is at the same place on every lane."""
    first = Span(at("22:30:00"), at("00:00:00", "2025-03-15"), State.RECORDED, None, ONE, 1)
    report = replace(two_devices(), coverage=Coverage((first, replace(first, device=TWO))), marks=())
    (left, width), second = bars(report)
    assert second == (left, width)
    assert left == pytest.approx(LEFT + (RIGHT - LEFT) / 8, abs=0.1)
    assert width == pytest.approx((RIGHT - LEFT) * 3 / 8, abs=0.1)


def test_recordings_in_a_long_quiet_shift_are_enlarged() -> None:
    widths = [width for _, width in bars(verified())]
    assert len(widths) == 6
    assert max(widths[:3]) < 45
    assert min(widths[3:]) > 800


def test_a_short_alteration_in_a_long_day_can_be_seen() -> None:
    half = Span(at("08:00:00"), at("12:00:00"), State.RECORDED, None, ONE, 1)
    spot = Span(half.end, half.end + 0.5, State.ALTERED, None, ONE, 1)
    rest = replace(half, start=spot.end, end=at("16:00:00"))
    drawn = ElementTree.fromstring(draw_svg(replace(verified(), coverage=Coverage((half, spot, rest)))))
    group = next(
        group for group in drawn.iter(f"{SVG}g") if (group.findtext(f"{SVG}title") or "").startswith("altered")
    )
    box = group.find(f"{SVG}rect")
    assert box is not None
    assert float(box.get("width", 0)) >= 7


def test_states_differ_in_shape_without_any_colour() -> None:
    shapes = {re.sub(r'(fill|stroke)="(#[0-9A-F]{6}|none)"', "", draw(look, 100, 10, 200, 40)) for look in LOOKS}
    assert len(shapes) == len(LOOKS)


@pytest.mark.parametrize("name", ALL)
def test_the_key_has_the_states_that_occur_and_no_other(name: str) -> None:
    report = ALL[name]()
    shown = words(draw_svg(report))
    listed = shown[shown.index("Key and totals") : shown.index("Recorders")]
    assert {look for look in LOOKS if language.name("state", look, "en") in listed} == {
        look_of(span) for span in report.coverage.spans
    }


def test_totals_are_figures_in_the_key() -> None:
    shown = words(draw_svg(verified()))
    assert "00:41:12" in shown
    assert "07:18:48" in shown


def test_spans_of_a_recorder_that_the_report_forgot_are_drawn() -> None:
    report = replace(verified(), devices=(device(TWO),))
    assert any(title.startswith("recorded · Recording 1") for title in titles(draw_svg(report)))


def test_findings_are_numbered_worst_first_in_picture_and_page() -> None:
    for document in (draw_svg(altered()), draw_html(altered())):
        shown = words(document)
        order = [shown.index(f"{title}") for title in ("Bytes after the sealed end", "Segment missing")]
        assert order == sorted(order)
    rows = re.findall(r"<td>(\d+)</td><td><code>(\w+)", draw_html(altered()))
    assert rows == [("1", "CONTENT_MISMATCH"), ("2", "UNCOVERED_TAIL"), ("3", "NO_PIN"), ("4", "SEGMENT_MISSING")]


def test_a_finding_at_a_moment_is_on_the_lane() -> None:
    """OB-16: a step of the clock is drawn."""
    shown = words(draw_svg(declared_gaps()))
    assert "finding at a moment" in shown
    place = shown.index("Clock stepped")
    assert shown[place + 1] == "10:20:10"


def test_what_cannot_be_proved_is_said() -> None:
    for document in (draw_svg(verified()), draw_html(verified())):
        assert "The truth of a spoken reason." in words(document)


hostile = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"/><image href="x" onload="y"/>',
            "]]>",
            "&lt;b>&amp;&#x3c;",
            "--><!--",
            "</text></svg><p>",
            "\u202egpj.exe",
            "\x00\x1b[31m\ud800\uffff",
            "{verdict} %s {0}",
        ]
    ),
)
moments = st.floats(-1e11, 1e11)


@settings(max_examples=60, deadline=None)
@given(text=hostile, others=st.lists(hostile, min_size=3, max_size=3), time=moments, length=st.floats(-10, 1e7))
def test_text_from_evidence_is_never_markup(text: str, others: list[str], time: float, length: float) -> None:
    one, two, three = others
    span = Span(time, time + length, State.ALTERED, text, one, 1)
    finding = Finding(two, Severity.ERROR, text, 1, Verdict.ALTERED, one, 1, 2, (0, 9), (time, time + length), three)
    base = altered()
    report = replace(
        base,
        authenticity=replace(base.authenticity, text=text),
        interval=(time, time + 3600),
        devices=(DeviceReport(one, 1, Head(1, two, three, time, True), two, three, text),),
        coverage=Coverage((span, replace(span, state=State.DECLARED, cause=two, start=time + 100, end=time + 900))),
        findings=(finding,),
        marks=(Mark(time + 1, one, two),),
        unproven=(text, one),
        zone=three,
    )
    for lang in ("en", "zh"):
        inert(draw_svg(report, lang))
        inert(draw_html(report, lang))
    rows = "".join(ElementTree.fromstring(draw_html(report)).itertext())
    assert visible(text).replace("\r\n", "\n").replace("\r", "\n") in rows


@given(st.text())
def test_visible_text_can_stand_in_xml_and_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\u200e\u200f\ufeff\x00\x1b")
    ElementTree.fromstring(f"<a>{shown.replace('&', '').replace('<', '')}</a>".encode())


def test_an_empty_report_is_drawn() -> None:
    report = replace(verified(), devices=(), coverage=Coverage(), marks=(), interval=(0.0, 0.0), unproven=())
    inert(draw_svg(report))
    inert(draw_html(report))
