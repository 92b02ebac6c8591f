"""What protocol/SPECIFICATION.md says of cases that are easy to read in two ways, and that verification does."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from support.forge import START_MS, Host, Recorder, public, shift, statement
from support.verified import expect, only, report_of

from evidock import layout
from evidock.report import Report, Verdict
from evidock.verification.chain import Chain
from evidock.verification.collector import Collector
from evidock.verification.sequence import items
from evidock_protocol import cbor, codes, custody_kinds, entry, kinds, private, sign1, statements

LATER_KIND = 999  # of a later version
VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "journal.json").read_text("utf-8"))


def report_on(host: Host, recorder: Recorder, folder: Path) -> Report:
    return report_of(host.write(folder / "store", recorder), host)


def stale(sequence: int) -> bytes:
    """A record that was durable when power went, before its entry was."""
    return private.encode_record(sequence, [private.opening(bytes(16), codes.LABEL_OFFICER, 7)])


def test_a_private_record_whose_entry_never_came_is_passed_over(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    recorder.openings.insert(1, stale(7))  # entry 7 is another one now, without private fields
    recorder.openings.append(stale(500))
    assert report_on(host, recorder, tmp_path).verdict is Verdict.VERIFIED


def test_the_later_of_two_private_records_counts(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    recorder.openings.insert(0, stale(3))
    assert report_on(host, recorder, tmp_path / "replaced").verdict is Verdict.VERIFIED
    recorder.openings[0:2] = [recorder.openings[1], recorder.openings[0]]
    expect(report_on(host, recorder, tmp_path / "replacing"), Verdict.ALTERED, "CONTENT_MISMATCH", 2)


@pytest.mark.parametrize("number", [4, 9, 500])
def test_a_private_record_under_another_number_is_altered(host: Host, tmp_path: Path, number: int) -> None:
    """Its entry is without an opening then; number 9 has one of its own."""
    recorder = shift(host)
    _sequence, openings = cbor.decode(recorder.openings[0])  # type: ignore[misc]
    recorder.openings[0] = private.encode_record(number, openings)  # type: ignore[arg-type]
    expect(report_on(host, recorder, tmp_path), Verdict.ALTERED, "CONTENT_MISMATCH", 2)


def attached(host: Host, recorder: Recorder) -> bytes:
    """HOST with a whole statement inside, so that a statement's head stands inside the entry."""
    raw = statement(host.key, statements.TYP_RECEIPT, bytes(200))
    body = {"event": codes.HOST_ATTACHED, "host": host.id, "statement": raw, "custody": None}
    rest = {"host_time": START_MS, "count": 1, "refusal": None, "last_host": None}
    return recorder.add(kinds.HOST, {**body, **rest})


def test_reading_goes_on_at_an_entry_and_not_at_a_statement_inside_one(host: Host) -> None:
    recorder = host.recorder()
    recorder.booted()
    raw = attached(host, recorder)
    damaged = recorder.entries[0] + raw[46:] + recorder.entries[1]
    assert [item.raw for item in items(io.BytesIO(damaged))] == [recorder.entries[0], None, recorder.entries[1]]


@pytest.mark.parametrize("left", [1, 45, 60, 400])
def test_an_entry_that_the_end_of_the_file_cuts_off_is_torn_whatever_it_holds(host: Host, left: int) -> None:
    recorder = host.recorder()
    raw = attached(host, recorder)
    assert len(raw) > 560
    found = list(items(io.BytesIO(recorder.entries[0] + raw[:left])))
    assert [(item.raw, item.torn) for item in found] == [(recorder.entries[0], False), (None, True)]


@pytest.mark.parametrize("field", ["attested", "media", "stored"])
def test_a_code_that_this_version_does_not_know_is_no_alteration(host: Host, tmp_path: Path, field: str) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(2, **{field: 77})
    recorder.stop()
    host.dock(recorder, receipt=False)
    store = host.write(tmp_path / "store", recorder)
    for path in (store / layout.recorder(recorder.device) / layout.MEDIA).rglob("*.wav"):
        path.unlink()  # what a later version keeps there has another name
    report = report_of(store, host)
    assert only(report, "UNKNOWN_FORMAT").verdict is Verdict.INDETERMINATE
    assert report.verdict is Verdict.INCOMPLETE  # its seconds stay unexplained


def test_a_custody_kind_of_a_later_version_breaks_nothing(host: Host, tmp_path: Path) -> None:
    recorder = shift(host)
    payload = entry.encode_payload(
        "0 nothing u", host.id, 0, len(host.custody), host.newest, LATER_KIND, 0, 0, (2, START_MS), {"nothing": 0}, {}
    )
    host.custody.append(statement(host.key, statements.TYP_CUSTODY, payload))
    report = report_on(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").path == "custody"
    assert report.verdict is Verdict.INDETERMINATE


def test_boots_do_not_fall_below_that_of_genesis(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.boot = 2
    recorder.booted()
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1}, boot=1)
    expect(report_on(host, recorder, tmp_path), Verdict.ALTERED, "ORDER", 6)


def test_the_custody_chain_is_that_of_the_certified_key(host: Host, tmp_path: Path) -> None:
    """A custody chain of another host under this certificate holds nowhere."""
    recorder = shift(host)
    other = Host("other", host.organisation_name)
    host.custody = other.custody
    report = report_on(host, recorder, tmp_path)
    assert only(report, "CUSTODY_BREAK").verdict is Verdict.ALTERED
    assert sign1.thumbprint(public(host.key)) == host.id
    assert custody_kinds.GENESIS == 1


@pytest.mark.parametrize("case", VECTORS["broken"], ids=lambda case: case["name"])
def test_a_broken_journal_of_the_vectors(case: dict[str, Any]) -> None:
    collector = Collector("en")
    chain = Chain(bytes.fromhex(VECTORS["device"]), collector)
    for _entry in chain.walk(io.BytesIO(bytes.fromhex(case["journal"]))):
        pass
    first = collector.findings()[0]
    assert (first.code, first.attack) == (case["finding"], case["attack"])


def test_the_journal_of_the_vectors_holds() -> None:
    collector = Collector("en")
    chain = Chain(bytes.fromhex(VECTORS["device"]), collector)
    assert len(list(chain.walk(io.BytesIO(bytes.fromhex(VECTORS["journal"]))))) == chain.size == VECTORS["size"]
    assert collector.findings() == ()
