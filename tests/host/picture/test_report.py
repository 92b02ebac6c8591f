"""The typed report and its JSON form, whose names are promised in the interface."""

import json
from dataclasses import replace

import pytest
from host.picture.sample_reports import ALL, altered
from hypothesis import given
from hypothesis import strategies as st

from evidock.report import Coverage, Span, State, Verdict, iso


def test_verdicts_from_best_to_worst_with_their_exit_statuses() -> None:
    assert [(verdict.value, verdict.exit_status) for verdict in Verdict] == [
        ("VERIFIED", 0),
        ("VERIFIED_DECLARED_GAPS", 0),
        ("INDETERMINATE", 3),
        ("INCOMPLETE", 4),
        ("UNTRUSTED", 5),
        ("ALTERED", 6),
    ]


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_the_worst_verdict_is_none_better_than_any(verdicts: list[Verdict]) -> None:
    worst = Verdict.worst(verdicts)
    assert worst in verdicts
    assert worst.rank == max(list(Verdict).index(verdict) for verdict in verdicts)


def test_no_verdicts_are_not_a_verdict() -> None:
    with pytest.raises(ValueError, match="empty"):
        Verdict.worst([])


def test_json_has_the_promised_keys() -> None:
    written = json.loads(json.dumps(altered().to_json()))
    promised = "schema verdict authenticity provenance completeness interval devices coverage findings unproven"
    assert set(promised.split()) <= set(written)
    assert written["schema"] == 1
    assert written["verdict"] == "ALTERED"
    assert written["interval"]["from"] == "2025-03-14T00:00:00.000Z"
    assert {"id", "epochs", "head", "protection"} <= set(written["devices"][0])
    totals = "recorded_s recovered_s declared_s exempt_s pending_s unexplained_s spans"
    assert set(totals.split()) <= set(written["coverage"])
    assert {"from", "to", "state", "cause"} <= set(written["coverage"]["spans"][0])
    fields = "code attack severity device recording segment bytes time text"
    assert all(set(fields.split()) <= set(finding) for finding in written["findings"])
    edit = next(finding for finding in written["findings"] if finding["code"] == "CONTENT_MISMATCH")
    assert edit["bytes"] == [65580, 131116]
    assert edit["time"] == {"from": "2025-03-14T01:14:05.100Z", "to": "2025-03-14T01:14:07.150Z"}


@pytest.mark.parametrize("name", ALL)
def test_every_second_of_the_spans_is_in_one_total(name: str) -> None:
    coverage = ALL[name]().coverage
    written = coverage.to_json()
    figures = [written[f"{state.value}_s"] for state in State]
    assert sum(figures) == pytest.approx(sum(span.seconds for span in coverage.spans))  # pyright: ignore


def test_totals_of_one_recorder_and_of_all() -> None:
    one = Span(0, 10, State.RECORDED, None, "a", 1)
    coverage = Coverage((one, replace(one, device="b", end=5), replace(one, state=State.ALTERED, start=10, end=11)))
    assert coverage.seconds(State.RECORDED) == 15
    assert coverage.seconds(State.RECORDED, "b") == 5
    assert coverage.totals[State.ALTERED] == 1
    assert coverage.totals[State.PENDING] == 0


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1741939200.25, "2025-03-14T08:00:00.250Z"),
        (1741939199.9996, "2025-03-14T08:00:00.000Z"),
        (-0.001, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_iso_8601_utc_to_the_millisecond(time: float, written: str) -> None:
    assert iso(time) == written
