"""The second decoder reads what the first wrote, says what is damaged, shows no secret, and never fails otherwise."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import Host, key_of, put, shift
from support.forged_media import avi_file

from evidock import EvidockError, inspection
from evidock.inspection import decoder
from evidock_protocol import cbor, codes, flash, framing, kinds, merkle, messages, sign1, statements, wav, wire


def said(path: Path) -> str:
    return "\n".join(inspection.lines(path))


@pytest.fixture(scope="module")
def host() -> Host:
    return Host()


@pytest.fixture(scope="module")
def store(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host.write(tmp_path_factory.mktemp("inspection") / "store", shift(host))


def frame(message: bytes) -> bytes:
    return bytes(framing.FrameWriter(4224).encode(message))


def flash_image() -> bytes:
    recorder = shift(Host())
    sectors = [b"\xff" * flash.SECTOR]
    body = b"".join(_record(flash.RECORD_ENTRY, raw) for raw in recorder.entries[:5])
    sectors.append((flash.encode_head(flash.MAGIC_JOURNAL, 7) + body).ljust(flash.SECTOR, b"\xff"))
    sectors.append(
        (flash.encode_head(flash.MAGIC_ANCHOR, 1) + flash.encode_anchor(2, 1, 512, 99)).ljust(flash.SECTOR, b"\xff")
    )
    secret = bytes(key_of("secret"))
    keys = flash.encode_key(3, secret).ljust(flash.KEY_SLOT, b"\xff") + bytes(44).ljust(flash.KEY_SLOT, b"\xff")
    sectors.append(keys.ljust(flash.SECTOR, b"\xff"))
    return b"".join(sectors)


def _record(kind: int, data: bytes) -> bytes:
    return (flash.encode_record_head(kind, data) + data).ljust(flash.record_span(len(data)), b"\xff")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recorders/*/journal.cbs", ["entry 0 GENESIS", "entry 3 START", "entry 8 EPOCH", "last_tick: ", "2025-03-14"]),
        ("recorders/*/heads.cbs", ["head, ", "phase: 1", "host_nonce: "]),
        ("recorders/*/receipts.cbs", ["receipt, ", "segments: [["]),
        ("custody.cbs", ["custody entry 0 GENESIS", "custody entry 1 ENROL", "certificate, "]),
        ("host.cert", ["certificate, ", "roles: 63"]),
        ("recorders/*/private.cbs", ["private record of entry 3", "officer: 4711"]),
        ("recorders/*/leaves/R0000001/S0000001.lvs", ["header: ", "leaf 3: "]),
        ("recorders/*/media/**/S0000001.wav", ["WAV, ", "rate 16000"]),
    ],
)  # fmt: skip
def test_what_a_store_holds(store: Path, name: str, expected: list[str]) -> None:
    text = said(next(store.glob(name)))
    for part in expected:
        assert part in text
    assert "NOT canonical" not in text


def test_a_flash_image_is_read_without_its_secrets(tmp_path: Path) -> None:
    put(tmp_path / "flash.img", flash_image())
    text = said(tmp_path / "flash.img")
    for part in (
        "sector 1: journal, generation 7",
        "entry 4 SEGMENT",
        "anchor: START 2, segment 1, 512 bytes",
        "slot 0: whole, epoch 3",
    ):
        assert part in text
    assert "slot 1: wiped" in text
    assert bytes(key_of("secret")).hex()[:16] not in text


@pytest.mark.parametrize(("length", "expected"), [(flash.KEY_TABLE, ""), (40, ", NOT the length of one")])
def test_the_key_table_behind_genesis_is_named(length: int, expected: str, tmp_path: Path) -> None:
    recorder = shift(Host())
    table = (recorder.organisation + bytes(range(256)) * 12)[:length]
    records = _record(flash.RECORD_ENTRY, recorder.entries[0]) + _record(flash.RECORD_KEY_TABLE, table)
    sector = (flash.encode_head(flash.MAGIC_IDENTITY, 0) + records).ljust(flash.SECTOR, b"\xff")
    put(tmp_path / "identity", sector)
    *_genesis, line = said(tmp_path / "identity").splitlines()
    at = sector.index(table) - flash.RECORD_HEAD
    assert line == f"    @{at} key table of the organisation {recorder.organisation.hex()}, {length} bytes{expected}"


def test_torn_flash_is_named(tmp_path: Path) -> None:
    image = bytearray(flash_image())
    image[flash.SECTOR + 200] ^= 1
    put(tmp_path / "flash.img", bytes(image))
    assert "TORN record" in said(tmp_path / "flash.img")


def test_a_key_file_shows_its_fingerprint_and_nothing_else(tmp_path: Path) -> None:
    seed = bytes(key_of("host"))
    put(tmp_path / "host.key", seed.hex().encode() + b"\n")
    text = said(tmp_path / "host.key")
    assert sign1.thumbprint(bytes(key_of("host").verify_key)).hex() in text
    assert seed.hex() not in text
    put(
        tmp_path / "organisation.key", b'{"kind": "evidock organisation key", "secret": "' + seed.hex().encode() + b'"}'
    )
    text = said(tmp_path / "organisation.key")
    assert "secret: not shown" in text
    assert seed.hex() not in text


def test_a_frame_capture(tmp_path: Path) -> None:
    hello = {"package": [1], "wire": [1], "flash": [1], "software": "0.1.0"}
    journal = shift(Host()).entries[0]
    answer = wire.answer(messages.JOURNAL, 9, {"first": 0, "entries": journal})
    capture = b"\x00" + frame(wire.request(messages.HELLO, 7, hello)) + b"noise\x00" + frame(answer)
    capture += frame(wire.refusal(8, 6, "no session"))
    put(tmp_path / "capture.bin", capture)
    text = said(tmp_path / "capture.bin")
    for part in ("HELLO 7", "no frame", "JOURNAL answer 9", "entry 0 GENESIS", "REFUSAL 8, 6, 'no session'"):
        assert part in text


def test_damage_inside_a_journal_is_passed_over(tmp_path: Path, store: Path) -> None:
    raw = next(store.glob("recorders/*/journal.cbs")).read_bytes()
    put(tmp_path / "journal.cbs", raw[:700] + b"\xff" * 50 + raw[750:-20])
    text = said(tmp_path / "journal.cbs")
    assert "that are no statement" in text
    assert "entry 14 HOST" in text


def test_what_is_not_canonical_is_said(tmp_path: Path) -> None:
    payload = b"\xa1\x00\x18\x01"  # 1 as two bytes
    key = key_of("any")
    key_id = sign1.thumbprint(bytes(key.verify_key))
    put(tmp_path / "x.cbs", sign1.assemble(statements.TYP_HEAD, key_id, payload, bytes(64)))
    assert "NOT canonical" in said(tmp_path / "x.cbs")


def test_a_stranger_is_refused_in_one_line(tmp_path: Path) -> None:
    put(tmp_path / "letter.txt", b"Dear Sir or Madam,\n" * 20)
    with pytest.raises(EvidockError, match="nothing of evidock's"):
        said(tmp_path / "letter.txt")


_SAMPLES = [
    b"".join(shift(Host()).entries),
    flash_image(),
    frame(b"\x83\x01\x02\x03"),
    b"".join(shift(Host()).openings),
]


@given(st.data())
def test_hostile_bytes_raise_only_our_own_errors(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(_SAMPLES)))
    for _ in range(data.draw(st.integers(0, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw[: data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=6))
    path = tmp_path_factory.mktemp("hostile") / data.draw(st.sampled_from(["a.cbs", "a.key", "a.lvs", "a.bin"]))
    path.write_bytes(raw)
    try:
        for line in inspection.lines(path):
            assert "\n" not in line
            assert len(line) < 20_000
    except EvidockError:
        return


@given(st.binary(max_size=300))
def test_the_second_decoder_agrees_with_the_first(data: bytes) -> None:
    """What the strict decoder accepts, cbor2 reads to the same value."""
    try:
        value = cbor.decode(data)
    except cbor.ProtocolError:
        return
    assert decoder.plain(decoder.cbor_item(data, 0)[0]) == value


def test_wav_heads_agree() -> None:
    head = wav.wav_header(48_000, 2, 16, 1000)
    assert decoder.wav(head)["rate"] == struct.unpack_from("<I", head, 24)[0] == 48_000
    assert merkle.leaf_hash(b"") != merkle.leaf_hash(head)


def test_codes_have_their_names_behind_them(tmp_path: Path) -> None:
    host = Host()
    recorder = host.recorder(tracks=3)
    recorder.booted()
    recorder.start()
    recorder.both(2)
    recorder.give_up(codes.CAPTURE_NO_START)
    recorder.fault([77, 5], segment=9)
    recorder.stop(codes.STOP_POWER_OFF)
    check = {"items": [[codes.CHECK_BATTERY, codes.CHECK_PASSED, 90], [99, 98, 0]], "trigger": 1}
    recorder.add(kinds.CHECK, check)
    path = tmp_path / "journal.cbs"
    put(path, b"".join(recorder.entries))
    lines = [line.strip() for line in inspection.lines(path)]
    for line in (
        "tracks: 3 (sound_and_picture)", "media: 2 (avi)", "track: 2 (picture)", "attested: 0 (inline)",
        "reason: 6 (power_off)", "what: 1 (capture)", "values: [1 (no_start), 0]", "values: [77, 5]",
        "items: [battery passed 90, 99 98 0]", "trigger: 1 (power_on)", "stored: 0 (plain)",
    ):  # fmt: skip
        assert line in lines, line


def test_a_card_is_for_verify(tmp_path: Path) -> None:
    image = bytearray(4096)
    image[:3], image[510:512] = b"\xeb\x58\x90", b"\x55\xaa"
    put(tmp_path / "card.img", bytes(image))
    with pytest.raises(EvidockError, match="evidock verify"):
        said(tmp_path / "card.img")


def test_the_head_of_an_avi_file(tmp_path: Path) -> None:
    put(tmp_path / "s.avi", avi_file(4).data)
    assert "AVI, width 64, height 64, rate 5, chunks 20" in said(tmp_path / "s.avi")
    put(tmp_path / "t.avi", avi_file(4).data[:300])
    with pytest.raises(EvidockError):
        said(tmp_path / "t.avi")
