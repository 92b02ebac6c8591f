"""Raw flash: the vectors, round trips, and what a torn write leaves (AT-33)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors.entry_cases import cases

from evidock_protocol import flash
from evidock_protocol.errors import Malformed

word = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(("check", "case"), cases("flash"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


def torn(whole: bytes) -> list[bytes]:
    """Every prefix of a program operation: the rest is still erased. A prefix that erased bytes complete is whole."""
    prefixes = [whole[:length] + b"\xff" * (len(whole) - length) for length in range(len(whole))]
    return [prefix for prefix in prefixes if prefix != whole]


@given(word)
def test_sector_heads(generation: int) -> None:
    whole = flash.encode_head(flash.MAGIC_JOURNAL, generation)
    assert flash.parse_head(whole, flash.MAGIC_JOURNAL) == generation
    assert flash.parse_head(whole, flash.MAGIC_ANCHOR) is None
    assert [flash.parse_head(raw, flash.MAGIC_JOURNAL) for raw in torn(whole)] == [None] * len(torn(whole))


@given(st.integers(0, 2**32 - 2), st.integers(0, 65535), word, word)
def test_anchors(start: int, number: int, length: int, tick: int) -> None:
    whole = flash.encode_anchor(start, number, length, tick)
    assert len(whole) == flash.ANCHOR
    assert flash.parse_anchor(whole) == (start, number, length, tick)


def test_a_torn_anchor_is_none() -> None:
    """Sixteen bits of check: one in 65,536 torn anchors could pass, these do not."""
    whole = flash.encode_anchor(4, 1, 524_800, 91_250)
    assert [flash.parse_anchor(raw) for raw in torn(whole)] == [None] * len(torn(whole))


def test_ticks_keep_their_low_32_bits() -> None:
    raw = flash.encode_anchor(4, 1, 2, (1 << 32) + 5)
    assert flash.parse_anchor(raw) == (4, 1, 2, 5)


@given(word, st.binary(min_size=32, max_size=32))
def test_key_slots(epoch: int, seed: bytes) -> None:
    whole = flash.encode_key(epoch, seed)
    assert len(whole) == flash.KEY_BYTES
    assert flash.parse_key(whole + b"\xff" * (flash.KEY_SLOT - flash.KEY_BYTES)) == (epoch, seed)
    assert [flash.parse_key(raw) for raw in torn(whole)] == [None] * len(torn(whole))
    assert flash.parse_key(bytes(len(whole))) is None


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(Malformed):
        flash.encode_key(0, bytes(length))


@given(st.sampled_from([flash.RECORD_PRIVATE, flash.RECORD_ENTRY]), st.binary(min_size=1, max_size=300))
def test_records(kind: int, data: bytes) -> None:
    head = flash.encode_record_head(kind, data)
    assert len(head) == flash.RECORD_HEAD
    assert flash.parse_record_head(head)[:2] == (kind, len(data))
    assert flash.record_is_whole(head, data)
    changed = bytes([data[0] ^ 1]) + data[1:]
    assert not flash.record_is_whole(head, changed)
    assert not flash.record_is_whole(head, data[:-1])


@given(st.integers(0, 5000))
def test_spans_are_aligned(length: int) -> None:
    span = flash.record_span(length)
    assert span % 4 == 0
    assert 0 <= span - flash.RECORD_HEAD - length < 4


@given(st.binary(min_size=44, max_size=44))
def test_noise_is_nothing(raw: bytes) -> None:
    """Parsers of flash never raise on what a sector may hold."""
    flash.parse_anchor(raw[:16])
    flash.parse_record_head(raw[:8])
    assert flash.parse_key(raw) is None
    assert flash.parse_head(raw, flash.MAGIC_IDENTITY) is None
