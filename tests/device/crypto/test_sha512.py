"""SHA-512 of the recorder against hashlib, in plain integers and in viper's words of 32 and of 64 bits."""

import hashlib
import random
import sys
import types
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest
from device.crypto.viper_model import Machine
from hypothesis import given
from hypothesis import strategies as st

from evidock_agent.crypto import sha512, sha512_blocks, sha512_plain

Compress = Callable[[array, bytes, int], None]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_in_pieces_against_hashlib(pieces: list[bytes]) -> None:
    hasher = sha512_blocks.Sha512()
    for piece in pieces:
        hasher.update(piece)
    expected = hashlib.sha512(b"".join(pieces)).digest()
    assert hasher.digest() == expected
    assert sha512_blocks.Sha512(b"".join(pieces)).digest() == expected
    assert sha512.sha512(b"".join(pieces)) == expected


def test_a_million_bytes() -> None:
    """The long example of FIPS 180: a length that does not fit in two bytes."""
    hasher = sha512_blocks.Sha512()
    for _ in range(100):
        hasher.update(b"a" * 1000)
    assert hasher.digest() == hashlib.sha512(b"a" * 100_000).digest()


def test_cpython_uses_its_own() -> None:
    assert sha512_blocks.compress is sha512_plain.compress
    assert sha512.Sha512 is hashlib.sha512


@pytest.fixture(params=[32, 64])
def viper_compress(request: pytest.FixtureRequest, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Compress:
    """`compress` of sha512_viper.py, its source run with words of so many bits."""
    machine = Machine(request.param)
    micropython = types.ModuleType("micropython")
    micropython.viper = machine.viper  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    source = repository / "device" / "evidock_agent" / "crypto" / "sha512_viper.py"
    names = machine.names()
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), names)
    return names["compress"]


def test_viper_at_either_width(viper_compress: Compress) -> None:
    source = random.Random(512)
    data = b"\xff" * 128 + bytes(128) + b"\x80\0\0\0" * 32 + b"\x7f\xff\xff\xff" * 32 + source.randbytes(128 * 4)
    for words in ([0] * 16, [0xFFFFFFFF] * 16, [0x80000000] * 16, [source.getrandbits(32) for _ in range(16)]):
        found, expected = array("I", words), array("I", words)
        for offset in range(0, len(data), 128):
            viper_compress(found, data, offset)
            sha512_plain.compress(expected, data, offset)
            assert found == expected
