"""The host's custody chain: the recorder's own format, signed by the host key, refused when any of it was changed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock import keys
from evidock.durable import SequenceFile, split
from evidock.errors import StoreError
from evidock.ledger import Ledger
from evidock_protocol import codes, custody_kinds, entry, statements

KEY = keys.SigningKey(bytes(range(32)))
DEVICE = b"d" * 32


def fill(path: Path, key: keys.SigningKey = KEY) -> Ledger:
    ledger = Ledger(path, key, lambda: 1_700_000_000_000)
    ledger.begin(b"o" * 32, b"certificate", "dock", "Asia/Shanghai")
    ledger.note_head(DEVICE, 5, b"n" * 32, b"r" * 32, b"h" * 32)
    ledger.ingest(DEVICE, 5, b"n" * 32, [(1, 1, b"a" * 32), (1, 2, b"b" * 32)])
    return ledger


def test_entries_have_the_format_of_a_journal(tmp_path: Path) -> None:
    fill(tmp_path / "c.cbs")
    items = [entry.parse(raw, statements.TYP_CUSTODY) for raw in SequenceFile(tmp_path / "c.cbs").items]
    assert [item.kind for item in items] == [custody_kinds.GENESIS, custody_kinds.HEAD, custody_kinds.INGEST]
    previous = entry.ZERO_HASH
    for sequence, item in enumerate(items):
        assert (item.sequence, item.previous, item.device) == (sequence, previous, KEY.thumbprint)
        assert (item.epoch, item.boot, item.ticks) == (0, 0, 0)
        assert (item.wall_state, item.wall_ms) == (codes.WALL_SYNCHRONISED, 1_700_000_000_000)
        previous = item.hash


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    ledger = fill(tmp_path / "c.cbs")
    size = ledger.size
    opened = Ledger(tmp_path / "c.cbs", KEY, lambda: 1_700_000_000_001)
    opened.begin(b"o" * 32, b"certificate", "dock", "Asia/Shanghai")
    assert opened.zone == "Asia/Shanghai"
    opened.note_head(DEVICE, 5, b"n" * 32, b"r" * 32, b"h" * 32)
    opened.ingest(DEVICE, 5, b"n" * 32, [(1, 1, b"a" * 32)])
    assert opened.size == size
    opened.ingest(DEVICE, 5, b"n" * 32, [(1, 1, b"a" * 32), (1, 3, b"c" * 32)])
    last = entry.parse(SequenceFile(tmp_path / "c.cbs").items[-1], statements.TYP_CUSTODY)
    assert last.body["segments"] == [[1, 3, b"c" * 32]]


@given(st.data())
def test_any_change_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("ledger") / "c.cbs"
    fill(path)
    raw = bytearray(path.read_bytes())
    last = len(split(bytes(raw))[0][-1])
    place = data.draw(st.integers(0, len(raw) - last - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    with pytest.raises(StoreError):
        Ledger(path, KEY, lambda: 0)


def test_the_last_entry_is_moved_aside_when_it_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "c.cbs"
    size = fill(path).size
    raw = path.read_bytes()
    path.write_bytes(raw[:-10])
    assert Ledger(path, KEY, lambda: 0).size == size - 1
    (aside,) = tmp_path.glob("c.cbs.torn-*")
    assert path.read_bytes() + aside.read_bytes() == raw[:-10]


def test_reordered_removed_and_foreign_entries_are_found(tmp_path: Path) -> None:
    fill(tmp_path / "c.cbs")
    fill(tmp_path / "f.cbs", keys.SigningKey(bytes(32)))
    mine, foreign = SequenceFile(tmp_path / "c.cbs").items, SequenceFile(tmp_path / "f.cbs").items
    for number, items in enumerate(([mine[0], mine[2], mine[1]], [mine[0], mine[2]], mine[1:], foreign)):
        path = tmp_path / f"{number}.cbs"
        path.write_bytes(b"".join(items))
        with pytest.raises(StoreError, match="does not hold"):
            Ledger(path, KEY, lambda: 0)
