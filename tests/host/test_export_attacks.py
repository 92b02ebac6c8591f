"""Packages that somebody changed: whoever does, no change makes anything out of them that they were not (AT-1 … AT-30).

A stranger cannot sign what he changed. The exporting host can: of what it withholds it then says so, and not more.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import START_MS, Host, Recorder, key_of, put, shift, statement
from support.packages import files, journal, open_store, sign_again
from support.packages import put as put_all

from evidock import layout, package
from evidock.export import export
from evidock.package import Run
from evidock.report import Report, Verdict
from evidock.verification import verify
from evidock_protocol import cbor, custody_kinds, entry, kinds, merkle, sign1, statements, withheld
from evidock_protocol import codes as codes_of

CAUGHT = (Verdict.ALTERED, Verdict.INCOMPLETE, Verdict.UNTRUSTED)
GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_DECLARED_GAPS)
LIFE = (START_MS / 1000, START_MS / 1000 + 1200)
Interval = tuple[float, float] | tuple[None, None]


class Packed(NamedTuple):
    """Two packages of one shift, by their files: recording 1 alone, and an hour with recording 2 withheld."""

    host: Host
    recorder: Recorder
    alone: dict[str, bytes]
    hour: dict[str, bytes]

    @property
    def top(self) -> str:
        return str(layout.recorder(self.recorder.device))

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(sign1.statement_hash(raw)) for raw in self.recorder.entries]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    folder = tmp_path_factory.mktemp("packed")
    host = Host()
    recorder = shift(host)
    store = open_store(host, folder / "store", recorder)
    export(store, folder / "alone", recordings=[1])
    export(store, folder / "hour", (START_MS, START_MS + 15 * 60_000), recordings=[1])
    return Packed(host, recorder, files(folder / "alone"), files(folder / "hour"))


def judged(packed: Packed, contents: dict[str, bytes], interval: Interval = (None, None)) -> Report:
    folder = Path(tempfile.mkdtemp())
    try:
        return verify(put_all(folder / "p", contents), *interval, trust=[packed.host.pin])
    finally:
        shutil.rmtree(folder)


def codes(report: Report) -> set[str]:
    return {one.code for one in report.findings}


def test_the_packages_are_good(packed: Packed) -> None:
    assert judged(packed, packed.alone).verdict is Verdict.VERIFIED
    assert judged(packed, packed.hour).verdict is Verdict.INDETERMINATE
    assert judged(packed, packed.alone, LIFE).verdict is Verdict.INDETERMINATE


def test_every_file_that_is_dropped_is_missed(packed: Packed) -> None:
    for contents in (packed.alone, packed.hour):
        for path in contents:
            left = {name: data for name, data in contents.items() if name != path}
            for interval in ((None, None), LIFE):
                assert judged(packed, left, interval).verdict in CAUGHT, path


def changed(data: st.DataObject, contents: dict[str, bytes]) -> dict[str, bytes]:
    """One change of the files of a package, without a signature."""
    result = dict(contents)
    path = data.draw(st.sampled_from(sorted(contents)))
    raw = contents[path]
    how = data.draw(st.sampled_from(["flip", "cut", "extend", "swap", "drop", "double", "add", "empty"]))
    if how == "flip":
        at = data.draw(st.integers(0, len(raw) - 1))
        result[path] = raw[:at] + bytes([raw[at] ^ 1 << data.draw(st.integers(0, 7))]) + raw[at + 1 :]
    elif how == "cut":
        result[path] = raw[: data.draw(st.integers(0, len(raw) - 1))]
    elif how == "extend":
        result[path] = raw + data.draw(st.binary(min_size=1, max_size=40))
    elif how == "swap":
        other = data.draw(st.sampled_from(sorted(name for name in contents if contents[name] != raw)))
        result[path], result[other] = contents[other], raw
    elif how == "drop":
        del result[path]
    elif how == "double":
        result[path] = raw + raw
    elif how == "add":
        result[path + data.draw(st.sampled_from([".new", ".bak", "/x", "2"]))] = raw
        if any(name.startswith(path + "/") for name in result):
            del result[path]
    else:
        result[path] = b""
    return result


@settings(max_examples=60)
@given(st.data())
def test_no_change_without_the_hosts_key_goes_unseen(packed: Packed, data: st.DataObject) -> None:
    contents = data.draw(st.sampled_from([packed.alone, packed.hour]))
    interval: Interval = data.draw(st.sampled_from([(None, None), LIFE]))
    result = changed(data, contents)
    if result == contents:
        return
    assert judged(packed, result, interval).verdict in CAUGHT


@settings(max_examples=60)
@given(st.data())
def test_no_change_with_the_hosts_key_makes_more_of_it(packed: Packed, data: st.DataObject) -> None:
    """What is VERIFIED then was VERIFIED before, and every second stands as it did."""
    contents = data.draw(st.sampled_from([packed.alone, packed.hour]))
    before = judged(packed, contents, LIFE)
    own = judged(packed, packed.alone).interval
    interval = data.draw(st.sampled_from([LIFE, own]))
    result = changed(data, contents)
    result = {path: raw for path, raw in result.items() if not path.startswith((package.STATEMENT, package.SUMS))}
    result[package.STATEMENT] = contents[package.STATEMENT]
    sign_again(packed.host, result)
    after = judged(packed, result, interval)
    if after.verdict in GOOD:
        before = judged(packed, contents, interval)
        assert before.verdict in GOOD
        assert after.coverage.to_json() == before.coverage.to_json()


def shows(packed: Packed, contents: dict[str, bytes], keep: Callable[[entry.Entry], bool]) -> dict[str, bytes]:
    """The package with only the entries that `keep` chooses, everything else withheld, signed again by its host."""
    shown = [one for one in journal(contents[f"{packed.top}/{layout.JOURNAL}"]) if keep(one)]
    runs: list[Run] = []
    following = 0
    for one in shown:
        if one.sequence > following:
            count = one.sequence - following
            runs.append(Run(following, count, withheld.nodes(packed.leaves, following, count)))
        following = one.sequence + 1
    result = dict(contents)
    result[f"{packed.top}/{layout.JOURNAL}"] = b"".join(packed.recorder.entries[one.sequence] for one in shown)
    recordings, _runs = package.read_excerpt(contents[f"{packed.top}/{package.EXCERPT}"], True)
    result[f"{packed.top}/{package.EXCERPT}"] = package.write_excerpt(recordings, runs)
    sign_again(packed.host, result)
    return result


def test_any_entry_of_a_recording_that_is_withheld_is_missed(packed: Packed) -> None:
    own = judged(packed, packed.alone).interval
    entries = journal(packed.alone[f"{packed.top}/{layout.JOURNAL}"])
    start = next(one for one in entries if one.kind == kinds.START)
    stop = next(one for one in entries if one.kind == kinds.STOP)
    for gone in range(start.sequence, stop.sequence + 1):
        report = judged(packed, shows(packed, packed.alone, lambda one, gone=gone: one.sequence != gone), own)  # type: ignore[misc]
        assert report.verdict in CAUGHT, gone


def test_no_run_of_entries_can_be_withheld_and_pass_for_recorded(packed: Packed) -> None:
    for first in range(1, len(packed.recorder.entries) - 1):
        for last in range(first, len(packed.recorder.entries) - 1):
            result = shows(packed, packed.hour, lambda one, a=first, b=last: not a <= one.sequence <= b)  # type: ignore[misc]
            assert judged(packed, result).verdict not in GOOD, (first, last)


def test_a_recording_inside_the_window_cannot_be_hidden(packed: Packed) -> None:
    """Recording 2 and the epoch after it stand between entries that are shown."""
    entries = journal(packed.hour[f"{packed.top}/{layout.JOURNAL}"])
    second = [one.sequence for one in entries if one.kind in (kinds.START, kinds.STOP)][2:]
    inside = range(second[0], second[1] + 1)
    hidden = judged(packed, shows(packed, packed.hour, lambda one: one.sequence not in inside))
    assert hidden.verdict is Verdict.INDETERMINATE
    assert {span.cause for span in hidden.coverage.spans if span.state.value == "withheld"} == {"not_exported"}
    with_epoch = judged(packed, shows(packed, packed.hour, lambda one: one.sequence not in (*inside, inside[-1] + 1)))
    assert with_epoch.verdict in CAUGHT


def test_subtrees_that_are_not_those_of_the_chain(packed: Packed) -> None:
    result = dict(packed.alone)
    path = f"{packed.top}/{package.EXCERPT}"
    recordings, runs = package.read_excerpt(result[path], True)
    first = next(iter(runs))
    runs[first] = runs[first]._replace(nodes=[bytes([1] * 32) for _ in runs[first].nodes])
    result[path] = package.write_excerpt(recordings, runs.values())
    sign_again(packed.host, result)
    assert judged(packed, result).verdict is Verdict.ALTERED


def test_what_no_head_proves(packed: Packed) -> None:
    """An older head, or none, over runs that are longer."""
    heads = packed.host.heads[packed.recorder.device]
    for held in (heads[0], b""):
        result = dict(packed.alone)
        result[f"{packed.top}/{layout.HEADS}"] = held
        sign_again(packed.host, result)
        report = judged(packed, result)
        assert report.verdict is Verdict.ALTERED
        assert "CHAIN_BREAK" in codes(report)


def test_a_recording_that_is_taken_back(packed: Packed) -> None:
    """Its media go, and it is no longer named: then it is withheld, and not verified."""
    own = judged(packed, packed.alone).interval
    result = {path: raw for path, raw in packed.alone.items() if "R0000001" not in path}
    named = dict(result)
    sign_again(packed.host, named)
    assert judged(packed, named, own).verdict is Verdict.INCOMPLETE
    path = f"{packed.top}/{package.EXCERPT}"
    result[path] = package.write_excerpt([], package.read_excerpt(result[path], True)[1].values())
    sign_again(packed.host, result)
    assert judged(packed, result, own).verdict is Verdict.INDETERMINATE


def custody_without(packed: Packed, kind: int) -> dict[str, bytes]:
    """The package without the custody entries of a kind, which its host withholds."""
    result = dict(packed.alone)
    shown: list[int] = []
    leaves = [merkle.leaf_hash(sign1.statement_hash(raw)) for raw in custody(packed)]
    at = 0
    for number in (entry.parse(raw, statements.TYP_CUSTODY).sequence for raw in split(result[layout.CUSTODY])):
        if entry.parse(packed.host.custody[number], statements.TYP_CUSTODY).kind != kind:
            shown.append(number)
    runs: list[Run] = []
    for number in (*shown, len(leaves)):
        if number > at:
            runs.append(Run(at, number - at, withheld.nodes(leaves, at, number - at)))
        at = number + 1
    result[layout.CUSTODY] = b"".join(packed.host.custody[number] for number in shown)
    result[package.CUSTODY_RUNS] = package.write_excerpt(None, runs)
    sign_again(packed.host, result)
    return result


def custody(packed: Packed) -> list[bytes]:
    size = package.parse_statement(packed.alone[package.STATEMENT]).custody_size
    return packed.host.custody[:size]


def split(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        end = sign1.end_of(raw, at)
        yield raw[at:end]
        at = end


def test_custody_that_is_withheld_enrols_nobody(packed: Packed) -> None:
    report = judged(packed, custody_without(packed, custody_kinds.ENROL))
    assert report.verdict is Verdict.UNTRUSTED
    assert "NOT_ENROLLED" in codes(report)
    assert judged(packed, custody_without(packed, custody_kinds.INGEST)).verdict is Verdict.VERIFIED


def test_custody_of_another_chain(packed: Packed) -> None:
    def change(payload: dict[int, object]) -> None:
        payload[6] = bytes(32)

    result = dict(packed.alone)
    sign_again(packed.host, result, change)
    report = judged(packed, result)
    assert report.verdict is Verdict.ALTERED
    assert "CUSTODY_BREAK" in codes(report)


@pytest.mark.parametrize("signer", ["another host", "organisation"])
def test_a_statement_of_somebody_else(packed: Packed, signer: str) -> None:
    result = dict(packed.alone)
    payload = sign1.parse(result[package.STATEMENT]).payload
    result[package.STATEMENT] = statement(key_of(signer), statements.TYP_PACKAGE, payload)
    report = judged(packed, result)
    assert report.verdict is Verdict.ALTERED
    assert "BAD_SIGNATURE" in codes(report)


@pytest.mark.parametrize(
    ("key", "value"), [(0, 2), (3, 5), (4, 5), (7, bytes(32)), (2, -1), (9, 1), (1, bytes(32)), (5, 0)]
)
def test_a_statement_that_is_no_package(packed: Packed, key: int, value: object) -> None:
    result = dict(packed.alone)
    payload = cbor.decode(sign1.parse(result[package.STATEMENT]).payload)
    assert isinstance(payload, dict)
    result[package.STATEMENT] = statement(
        packed.host.key,
        statements.TYP_PACKAGE,
        cbor.encode({**payload, key: value}),  # type: ignore[dict-item]
    )
    assert judged(packed, result).verdict in (*CAUGHT, Verdict.INDETERMINATE)
    assert judged(packed, result).verdict not in GOOD


@pytest.mark.parametrize(
    "sums",
    [
        b"\n",
        b"00" * 32 + b"  ../../secret\n",
        b"00" * 32 + b"  /etc/passwd\n",
        b"00" * 32 + b"  a//b\n",
        b"00" * 32 + b" *a\n",
        (b"00" * 32 + b"  a\n") * 2,
        b"\xff" * 100,
    ],
)
def test_sums_in_another_form(packed: Packed, sums: bytes) -> None:
    result = dict(packed.alone)
    result[package.SUMS] = sums
    assert judged(packed, result).verdict is Verdict.ALTERED


def test_a_link_in_place_of_a_file(packed: Packed, tmp_path: Path) -> None:
    folder = put_all(tmp_path / "p", packed.alone)
    media = next(path for path in sorted(folder.rglob("*.wav")))
    put(tmp_path / "elsewhere.wav", media.read_bytes())
    media.unlink()
    media.symlink_to(tmp_path / "elsewhere.wav")
    assert verify(folder, trust=[packed.host.pin]).verdict is Verdict.ALTERED


def test_two_packages_are_not_one(packed: Packed) -> None:
    """The other recording's files, put beside: nobody signed for them here."""
    joined = {**packed.alone, **{path: raw for path, raw in packed.hour.items() if path not in packed.alone}}
    joined.update({path: raw for path, raw in packed.hour.items() if path.endswith(layout.JOURNAL)})
    assert judged(packed, joined).verdict in CAUGHT


def test_another_recorders_media(packed: Packed, tmp_path: Path) -> None:
    host = Host()
    other = shift(host, "other")
    store = open_store(host, tmp_path / "store", other)
    export(store, tmp_path / "other", recordings=[1])
    foreign = {path.rpartition("/")[2]: raw for path, raw in files(tmp_path / "other").items() if path.endswith(".wav")}
    result = {
        path: foreign[path.rpartition("/")[2]] if path.endswith(".wav") else raw for path, raw in packed.alone.items()
    }
    assert judged(packed, result).verdict is Verdict.ALTERED
    sign_again(packed.host, result)
    assert judged(packed, result).verdict is Verdict.ALTERED


def test_a_break_that_is_withheld_does_not_pass_for_standby(tmp_path: Path) -> None:
    """The recording before broke off for a cause that its figures contradict; its host withholds it (AT-22)."""
    host = Host()
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.segment(2.0)
    recorder.interrupt(codes_of.CAUSE_BATTERY_LOW, battery=90)
    recorder.stop(codes_of.STOP_BATTERY_LOW, battery=90)
    recorder.wait(1200)
    recorder.start()
    recorder.segment(2.0)
    recorder.stop()
    recorder.wait(5)
    host.dock(recorder)
    store = open_store(host, tmp_path / "store", recorder)
    begin = START_MS + 600_000
    export(store, tmp_path / "out", (begin, begin + 300_000))
    assert verify(tmp_path / "out", trust=[host.pin]).verdict is Verdict.INCOMPLETE
    packed = Packed(host, recorder, files(tmp_path / "out"), {})
    kept = (kinds.GENESIS, kinds.EPOCH, kinds.BOOT)
    second = [one for one in journal(b"".join(recorder.entries)) if one.kind == kinds.START][1].sequence
    hidden = judged(packed, shows(packed, packed.alone, lambda one: one.kind in kept or one.sequence >= second))
    assert hidden.verdict is Verdict.INDETERMINATE
    assert {span.state.value for span in hidden.coverage.spans} == {"withheld"}
