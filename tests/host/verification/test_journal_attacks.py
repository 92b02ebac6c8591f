"""AT-2, 5, 6, 8, 11, 15, 16, 17, 26, 27: what is done to a journal, and where the report locates it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.forge import Host, Recorder, key_of, public, put, resigned, shift, statement
from support.verified import expect, report_of

from evidock import layout
from evidock.report import State, Verdict
from evidock_protocol import cbor, codes, entry, kinds, sign1, statements

# The shift: 0 GENESIS, 1 BOOT, 2 START, 3–5 SEGMENT, 6 STOP, 7 EPOCH, 8 START, 9–10 SEGMENT, 11 STOP, 12 EPOCH,
# 13 HOST, 14 EPOCH.


@pytest.fixture
def verdict_of(host: Host, recorder: Recorder, tmp_path: Path) -> Callable[[list[bytes]], object]:
    """Writes the shift's store with another journal and verifies it."""

    def verify(entries: list[bytes]) -> object:
        store = host.write(tmp_path / "store", recorder)
        put(store / layout.recorder(recorder.device) / layout.JOURNAL, b"".join(entries))
        return report_of(store, host)

    return verify  # type: ignore[return-value]


Verify = Callable[[list[bytes]], object]


def edited(raw: bytes, offset: int = -80) -> bytes:
    data = bytearray(raw)
    data[offset] ^= 1
    return bytes(data)


@pytest.mark.parametrize("place", [1, 2, 4, 6, 11, 13])
def test_at_2_an_edited_entry(verdict_of: Verify, recorder: Recorder, place: int) -> None:
    entries = list(recorder.entries)
    entries[place] = edited(entries[place], -10)  # a byte of the signature: the payload stays well formed
    finding = expect(verdict_of(entries), Verdict.ALTERED, "BAD_SIGNATURE", 2)  # type: ignore[arg-type]
    start = sum(map(len, entries[:place]))
    assert finding.bytes == (start, start + len(entries[place]))
    assert finding.time is not None


def test_at_2_an_edited_field(verdict_of: Verify, recorder: Recorder) -> None:
    def later(payload: dict[int, object]) -> None:
        payload[8] = int(payload[8]) + 1  # type: ignore[call-overload]

    sealed = sign1.parse(recorder.entries[4])
    forged = resigned(recorder.entries[4], key_of("recorder:0"), later)
    payload = sign1.parse(forged).payload
    entries = list(recorder.entries)
    entries[4] = sign1.assemble(sealed.typ, sealed.key_id, payload, sealed.signature)
    expect(verdict_of(entries), Verdict.ALTERED, "BAD_SIGNATURE", 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [3, 4, 5, 6, 9, 14])
def test_at_5_a_missing_entry_breaks_the_chain(verdict_of: Verify, recorder: Recorder, place: int) -> None:
    entries = list(recorder.entries)
    del entries[place]
    finding = expect(verdict_of(entries), Verdict.ALTERED, "CHAIN_BREAK", 5)  # type: ignore[arg-type]
    assert str(place) in finding.text


def test_at_5_a_recording_cut_out_of_the_journal(verdict_of: Verify, recorder: Recorder) -> None:
    entries = recorder.entries[:8] + recorder.entries[12:]
    report = verdict_of(entries)
    expect(report, Verdict.ALTERED, "CHAIN_BREAK", 5)  # type: ignore[arg-type]


def test_at_5_the_beginning_cut_off(verdict_of: Verify, recorder: Recorder) -> None:
    expect(verdict_of(recorder.entries[3:]), Verdict.ALTERED, "CHAIN_BREAK", 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [1, 3, 9])
def test_at_6_reordered_entries(verdict_of: Verify, recorder: Recorder, place: int) -> None:
    entries = list(recorder.entries)
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    expect(verdict_of(entries), Verdict.ALTERED, "ORDER", 6)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [0, 2, 4, 7, 13])
def test_at_6_a_replayed_entry(verdict_of: Verify, recorder: Recorder, place: int) -> None:
    entries = [*recorder.entries[: place + 1], *recorder.entries[place:]]
    finding = expect(verdict_of(entries), Verdict.ALTERED, "REPLAY", 6)  # type: ignore[arg-type]
    assert f"{place} " in finding.text
    late = [*recorder.entries, recorder.entries[place]]
    expect(verdict_of(late), Verdict.ALTERED, "REPLAY", 6)  # type: ignore[arg-type]


@pytest.mark.parametrize("kept", [0, 1, 5, 11, 14])
def test_at_8_a_journal_cut_below_its_head(verdict_of: Verify, recorder: Recorder, kept: int) -> None:
    report = verdict_of(recorder.entries[:kept])
    assert report.verdict.rank >= Verdict.INCOMPLETE.rank  # type: ignore[attr-defined]
    assert any(one.code == "TAIL_OPEN" and one.attack == 8 for one in report.findings)  # type: ignore[attr-defined]


def test_at_8_a_recording_cut_before_its_stop(verdict_of: Verify, recorder: Recorder) -> None:
    report = verdict_of(recorder.entries[:11])
    found = [one for one in report.findings if one.code == "TAIL_OPEN"]  # type: ignore[attr-defined]
    assert {one.recording for one in found} == {None, 2}


@pytest.mark.parametrize("kept", [1, 60, 200])
def test_at_8_a_torn_entry_at_the_end_is_named(host: Host, recorder: Recorder, tmp_path: Path, kept: int) -> None:
    store = host.write(tmp_path / "store", recorder)
    journal = b"".join(recorder.entries)
    cut = len(journal) - len(recorder.entries[-1]) + kept
    put(store / layout.recorder(recorder.device) / layout.JOURNAL, journal[:cut])
    finding = expect(report_of(store, host), Verdict.INCOMPLETE, "TAIL_OPEN", 8)
    assert finding.bytes == (cut - kept, cut)


def test_at_11_a_journal_that_departs_from_a_head(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    other = Recorder("recorder", recorder.organisation)
    other.provision(host.id)
    for _ in range(14):
        other.wait(1)
        other.add(kinds.MARK, {"recording": None, "type": codes.MARK_EVIDENCE, "count": 1})
    store = host.write(tmp_path / "store", recorder)
    put(store / layout.recorder(recorder.device) / layout.JOURNAL, b"".join(other.entries))
    # The epochs differ as well here, so only a head of the first epoch shows it as a fork.
    put(store / layout.recorder(recorder.device) / layout.HEADS, Recorder_head(recorder.organisation, host))
    report = report_of(store, host)
    assert report.verdict is Verdict.ALTERED
    assert any(one.code == "FORK" and one.attack == 11 for one in report.findings)


def Recorder_head(organisation: bytes, host: Host) -> bytes:
    first = Recorder("recorder", organisation)
    first.provision(host.id)
    first.wait(2)
    first.booted()
    return first.head()


def test_at_15_entries_of_another_recording_spliced_in(verdict_of: Verify, recorder: Recorder) -> None:
    entries = list(recorder.entries)
    entries[3] = entries[9]
    report = verdict_of(entries)
    assert report.verdict is Verdict.ALTERED  # type: ignore[attr-defined]


def test_at_15_entries_of_another_recorder_spliced_in(verdict_of: Verify, recorder: Recorder, host: Host) -> None:
    other = shift(Host("other host"), "other")
    entries = [*recorder.entries[:4], other.entries[4], other.entries[5], *recorder.entries[4:]]
    report = verdict_of(entries)
    finding = expect(report, Verdict.UNTRUSTED, "WRONG_DEVICE", 15)  # type: ignore[arg-type]
    assert other.device.hex()[:16] in finding.text
    entries = [*recorder.entries[:4], other.entries[4], *recorder.entries[5:]]
    report = verdict_of(entries)
    codes_found = {one.code for one in report.findings}  # type: ignore[attr-defined]
    assert {"WRONG_DEVICE", "CHAIN_BREAK"} <= codes_found
    assert report.verdict is Verdict.ALTERED  # type: ignore[attr-defined]


def test_at_16_another_recorders_journal_under_this_name(verdict_of: Verify, host: Host) -> None:
    other = shift(Host("other host"), "other")
    report = verdict_of(other.entries)
    assert any(one.code == "WRONG_DEVICE" for one in report.findings)  # type: ignore[attr-defined]
    assert report.verdict.rank >= Verdict.UNTRUSTED.rank  # type: ignore[attr-defined]


def test_at_17_an_unannounced_key(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.key = key_of("somebody else")
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    store = host.write(tmp_path / "store", recorder)
    report = report_of(store, host)
    expect(report, Verdict.UNTRUSTED, "KEY_CHANGE", 17)


def test_an_epoch_that_signed_another_tree(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.change_epoch(codes.EPOCH_TIME, root=bytes(32))
    recorder.wait(1)
    host.keep_head(recorder, recorder.head())
    expect(report_of(host.write(tmp_path / "store", recorder), host), Verdict.ALTERED, "CHAIN_BREAK", 5)


def _not_minimal(raw: bytes) -> bytes:
    """The sequence number as two bytes although one would do."""
    payload = sign1.parse(raw).payload
    at = payload.index(b"\x04", 40)
    longer = payload[: at + 1] + b"\x18" + payload[at + 1 :]
    sealed = sign1.parse(raw)
    return sign1.assemble(sealed.typ, sealed.key_id, longer, sealed.signature)


def _duplicate_key(raw: bytes) -> bytes:
    sealed = sign1.parse(raw)
    payload = bytes((sealed.payload[0] + 1,)) + b"\x00\x01" + sealed.payload[1:]
    return sign1.assemble(sealed.typ, sealed.key_id, payload, sealed.signature)


def _other_algorithm(raw: bytes) -> bytes:
    return raw.replace(b"\xa3\x01\x27", b"\xa3\x01\x26", 1)


def _trailing(raw: bytes) -> bytes:
    sealed = sign1.parse(raw)
    return sign1.assemble(sealed.typ, sealed.key_id, sealed.payload + b"\x00", sealed.signature)


def _unprotected(raw: bytes) -> bytes:
    return raw[:46] + b"\xa1\x01\x27" + raw[47:]


def _bytes_between(raw: bytes) -> bytes:
    return raw + b"\x00"


@pytest.mark.parametrize("place", [1, 4])
@pytest.mark.parametrize(
    "change", [_not_minimal, _duplicate_key, _other_algorithm, _trailing, _unprotected, _bytes_between]
)
def test_at_26_what_is_not_the_one_encoding(
    verdict_of: Verify, recorder: Recorder, place: int, change: Callable[[bytes], bytes]
) -> None:
    entries = list(recorder.entries)
    entries[place] = change(entries[place])
    finding = expect(verdict_of(entries), Verdict.ALTERED, "MALFORMED", 26)  # type: ignore[arg-type]
    assert finding.bytes is not None


def test_at_26_even_when_the_recorders_own_key_signed_it(verdict_of: Verify, recorder: Recorder) -> None:
    entries = list(recorder.entries)
    payload = sign1.parse(entries[4]).payload
    entries[4] = statement(key_of("recorder:0"), statements.TYP_ENTRY, payload + b"\x00")
    expect(verdict_of(entries), Verdict.ALTERED, "MALFORMED", 26)  # type: ignore[arg-type]


@pytest.mark.parametrize("typ", [statements.TYP_CUSTODY, statements.TYP_HEAD, statements.TYP_RECEIPT, 65000])
def test_at_27_another_statement_in_the_place_of_an_entry(verdict_of: Verify, recorder: Recorder, typ: int) -> None:
    entries = list(recorder.entries)
    entries[4] = statement(key_of("recorder:0"), typ, sign1.parse(entries[4]).payload)
    expect(verdict_of(entries), Verdict.ALTERED, "WRONG_TYPE", 27)  # type: ignore[arg-type]


def test_at_27_a_head_among_the_entries(verdict_of: Verify, recorder: Recorder) -> None:
    entries = [*recorder.entries[:14], recorder.head(), *recorder.entries[14:]]
    expect(verdict_of(entries), Verdict.ALTERED, "WRONG_TYPE", 27)  # type: ignore[arg-type]


def test_a_later_format_is_indeterminate_only_when_its_signature_holds(host: Host, tmp_path: Path) -> None:
    def later(payload: dict[int, object]) -> None:
        payload[0] = 2

    recorder = shift(host)
    entries = list(recorder.entries)
    entries[14] = resigned(entries[14], key_of("recorder:2"), later)
    recorder.entries = entries[:15]
    store = host.write(tmp_path / "store", recorder)
    for name in (layout.HEADS, layout.RECEIPTS):
        (store / layout.recorder(recorder.device) / name).unlink()
    (store / layout.CUSTODY).write_bytes(b"".join(host.custody[:2]))
    report = report_of(store, host, trust=[recorder.device.hex()])
    assert any(one.code == "UNKNOWN_FORMAT" for one in report.findings)
    assert report.verdict is Verdict.INDETERMINATE
    forged = sign1.parse(entries[14])
    entries[14] = sign1.assemble(forged.typ, forged.key_id, forged.payload, bytes(64))
    put(store / layout.recorder(recorder.device) / layout.JOURNAL, b"".join(entries[:15]))
    expect(report_of(store, host), Verdict.ALTERED, "BAD_SIGNATURE", 2)


@pytest.mark.parametrize(("kind", "verdict"), [(900, Verdict.INDETERMINATE), (1234, Verdict.VERIFIED)])
def test_unknown_kinds_are_not_tampering(host: Host, tmp_path: Path, kind: int, verdict: Verdict) -> None:
    recorder = host.recorder()
    recorder.booted()
    payload = cbor.decode(sign1.parse(recorder.entries[1]).payload)
    assert isinstance(payload, dict)
    payload[4], payload[5], payload[6], payload[10] = 3, recorder.newest, kind, {3: 4}
    recorder.take(statement(recorder.key, statements.TYP_ENTRY, cbor.encode(payload)))
    recorder.wait(5)
    host.keep_head(recorder, recorder.head())
    assert report_of(host.write(tmp_path / "store", recorder), host).verdict is verdict


def test_damage_hides_nothing_that_comes_after_it(verdict_of: Verify, recorder: Recorder, host: Host) -> None:
    """An unreadable entry early on, and an edited one later: both are found."""
    entries = list(recorder.entries)
    entries[3] = b"\xff" * len(entries[3])
    entries[10] = edited(entries[10], -5)
    report = verdict_of(entries)
    found = {one.code for one in report.findings}  # type: ignore[attr-defined]
    assert {"MALFORMED", "BAD_SIGNATURE"} <= found
    assert report.coverage.seconds(State.ALTERED) > 0  # type: ignore[attr-defined]


def test_the_public_key_of_the_thief_is_not_taken_from_a_forged_epoch(verdict_of: Verify, recorder: Recorder) -> None:
    """An EPOCH edited to name a thief's key: what he signs after it is not checked under it, let alone accepted."""
    entries = list(recorder.entries)
    thief = key_of("thief")

    def steal(payload: dict[int, object]) -> None:
        payload[10][0] = public(thief)  # type: ignore[index]

    entries[7] = resigned(entries[7], thief, steal)
    previous = sign1.statement_hash(entries[7])
    for place in range(8, 12):

        def chain(payload: dict[int, object], previous: bytes = previous) -> None:
            payload[5] = previous

        entries[place] = resigned(entries[place], thief, chain)
        previous = sign1.statement_hash(entries[place])
    report = verdict_of(entries)
    assert report.verdict is Verdict.ALTERED  # type: ignore[attr-defined]
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(6)  # type: ignore[attr-defined]


def test_entry_parsing_is_typed(recorder: Recorder) -> None:
    assert [entry.parse(raw).sequence for raw in recorder.entries] == list(range(16))
