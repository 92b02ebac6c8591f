"""Files survive a crash at any byte: whole items count, a torn tail is cut, damage in the middle is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock import durable
from evidock.errors import StoreError
from evidock_protocol import cbor

values = st.recursive(
    st.one_of(st.integers(-(2**63), 2**63), st.binary(max_size=40), st.text(max_size=20), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.integers(0, 23), inner, max_size=3)),
    max_leaves=5,
)


@given(st.lists(values, min_size=1, max_size=4), st.data())
def test_a_sequence_is_split_at_every_cut(items: list[object], data: st.DataObject) -> None:
    encoded = [cbor.encode_tagged(item) if number % 2 else cbor.encode(item) for number, item in enumerate(items)]
    whole = b"".join(encoded)
    cut = data.draw(st.integers(0, len(whole)))
    found, end = durable.split(whole[:cut])
    expected = [one for number, one in enumerate(encoded) if sum(map(len, encoded[: number + 1])) <= cut]
    assert found == expected
    assert end == sum(map(len, expected))


@given(st.binary(max_size=200))
def test_hostile_bytes_are_split_in_bounded_time(raw: bytes) -> None:
    found, end = durable.split(raw)
    assert b"".join(found) == raw[:end]


def test_a_claimed_length_costs_nothing() -> None:
    assert durable.split(b"\x9b" + b"\xff" * 8) == ([], 0)
    assert durable.split(b"\xbb" + b"\x7f" * 8 + b"\x00") == ([], 0)


def test_a_torn_item_is_cut_when_the_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.cbs"
    items = [cbor.encode([1, b"abc"]), cbor.encode([2, b"def"])]
    durable.SequenceFile(path).append(items)
    whole = path.read_bytes()
    for cut in range(len(items[0]), len(whole)):
        path.write_bytes(whole[:cut])
        assert durable.SequenceFile(path).items == items[:1]
        assert path.read_bytes() == items[0]


def test_zeros_that_a_crash_left_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.cbs"
    item = cbor.encode_tagged([b"x" * 50])
    path.write_bytes(item + b"\x58")
    assert durable.SequenceFile(path).items == [item]


def test_a_length_that_was_changed_in_the_middle_is_damage_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.cbs"
    raw = cbor.encode(b"y" * 100) + b"\x5a\x7f\xff\xff\xff" + bytes(range(1, 251)) * 20
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="byte 102"):
        durable.SequenceFile(path)
    assert path.read_bytes() == raw


def test_write_whole_leaves_the_old_file_until_the_new_one_is_there(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file"
    durable.write_whole(path, b"one", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    (path.parent / "file.new").write_bytes(b"left by a crash")
    durable.write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]


def test_a_full_disk_leaves_what_was_durable(tmp_path: Path) -> None:
    """A real limit of the system, in a process of its own: the write that crosses it fails half-way."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from evidock import durable; from evidock.errors import DiskFull\n"
        "file = durable.SequenceFile(Path(sys.argv[1])); file.append([b'\\x43abc'])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "try: file.append([b'\\x59\\x07\\xd0' + bytes(2000)])\n"
        "except DiskFull: pass\n"
        "else: raise SystemExit('no error')\n"
        "file.append([b'\\x43def'])\n"
    )
    path = tmp_path / "a.cbs"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, env=environment)
    assert path.read_bytes() == b"\x43abc\x43def"


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_made_with_its_mode(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o022)
    try:
        durable.SequenceFile(tmp_path / "x.cbs", mode).append([b"\x01"])
    finally:
        os.umask(before)
    assert (tmp_path / "x.cbs").stat().st_mode & 0o777 == mode
