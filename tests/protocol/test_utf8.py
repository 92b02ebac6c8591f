"""The check of UTF-8 against CPython's own decoder, which follows the Unicode standard (AT-26)."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from evidock_protocol import utf8

# Both sides of every bound of Unicode's table 3-7.
EDGES = bytes.fromhex("00 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")


def first_error(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        return problem.start
    return -1


def test_every_sequence_of_edges() -> None:
    for length in range(4):
        for sequence in product(EDGES, repeat=length):
            data = bytes(sequence)
            assert utf8.find_error(data, 0, length) == first_error(data), data.hex()


def test_every_start_of_four() -> None:
    for lead in b"\xe0\xed\xf0\xf3\xf4\xf5":
        for sequence in product(EDGES, repeat=3):
            data = bytes([lead, *sequence])
            assert utf8.find_error(data, 0, 4) == first_error(data), data.hex()


@given(st.binary(max_size=5), st.text(max_size=5), st.binary(max_size=5), st.binary(max_size=3))
def test_places_inside_a_buffer(before: bytes, text: str, tail: bytes, after: bytes) -> None:
    data = text.encode() + tail
    expected = first_error(data)
    found = utf8.find_error(before + data + after, len(before), len(before) + len(data))
    assert found == (-1 if expected < 0 else expected + len(before))
