"""Where fuzzing begins: the accepted and rejected vectors, in the form of each target's input.

The corpus beside this file has what fuzzing found besides, and what once went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz import oracles
from support.forge import Host, shift

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def seeds(target: str) -> Iterator[bytes]:
    """Inputs of a target to begin with."""
    yield from _MAKERS[target]()


def _vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


def _hex(cases: list[dict[str, Any]]) -> Iterator[bytes]:
    for case in cases:
        yield bytes.fromhex(case["hex"])


def _frames() -> Iterator[bytes]:
    vectors = _vectors("frames")
    for case in vectors["accepted"]:
        yield b"\x00" + bytes.fromhex(case["frame"])
        yield b"\x80" + bytes.fromhex(case["payload"])
    for case in vectors["streams"] + vectors["rejected"]:
        yield b"\x12" + bytes.fromhex(case["hex"])


def _line() -> Iterator[bytes]:
    """Streams of answers, then scripts: all honest, with each fault in turn, with silence, with noise."""
    for case in _vectors("messages")["accepted"]:
        yield b"\x00" + bytes.fromhex(case["frame"])
        if case["direction"] != "request":
            yield b"\x03" + bytes.fromhex(case["hex"])
    for fault in range(8):
        yield b"\x00\x00\x00\x00" * 9 + bytes((fault, 0, 1, 77)) + b"\x00\x00\x00\x00" * 30
        yield bytes((fault, 2, 0, 9)) * 12 + b"\xff\xff\x00\x00" * 3 + b"\x00\x00\x00\x00" * 20
        yield bytes((fault, 0, 0, 31)) * 40


def _cbor() -> Iterator[bytes]:
    vectors = _vectors("cbor")
    for part in ("accepted", "rejected", "tagged_accepted", "tagged_rejected"):
        yield from _hex(vectors[part])


def _statements() -> Iterator[bytes]:
    for name in ("entries", "statements"):
        vectors = _vectors(name)
        for case in vectors["accepted"] + vectors["rejected"]:
            what = bytes([oracles.TYPES.index(case["typ"])])
            yield what + bytes.fromhex(case["hex"])
            if "key_id" in case:
                yield bytes([128 | what[0]]) + oracles.sign1.parse(bytes.fromhex(case["hex"])).payload
    places = {what: bytes([len(oracles.TYPES) + place]) for place, what in enumerate(oracles.OTHERS)}
    private, messages = _vectors("private"), _vectors("messages")
    for what, part in (("opening", "openings"), ("record", "records")):
        for raw in _hex(private[part]["accepted"] + private[part]["rejected"]):
            yield places[what] + raw
    for case in messages["accepted"] + messages["rejected"]:
        what = "request" if case["direction"] == "request" else "answer"
        yield places[what] + bytes.fromhex(case["hex"])


def _journal() -> Iterator[bytes]:
    vectors = _vectors("journal")
    entries = [bytes.fromhex(one["hex"]) for one in vectors["entries"]]
    yield b"\x00" + b"".join(entries[:4])
    yield b"\x00" + entries[1] + b"noise" + entries[2][:90]
    yield b"\x02" + b"".join(_hex(vectors["heads"]))


def _flash() -> Iterator[bytes]:
    vectors = _vectors("flash")
    yield bytes(8) + b"\x01\x01\x00\x07\x05\xc8\xf0\x01\x00\x04" * 6
    yield b"\x01" + bytes(range(1, 200, 3))
    yield b"\x02" + bytes(range(1, 250, 5)) * 2
    heads = {case["magic"]: bytes.fromhex(case["hex"]) for case in vectors["sector_heads"]["accepted"]}
    for magic, part in (("EVJ1", "records"), ("EVA1", "anchors")):
        for raw in _hex(vectors[part]["accepted"] + vectors[part]["rejected"]):
            if len(raw) < 600:
                yield b"\x80" + heads[magic] + raw
    for raw in _hex(vectors["keys"]["accepted"] + vectors["keys"]["rejected"]):
        yield b"\x80" + raw


def _containers() -> Iterator[bytes]:
    for raw in _hex(_vectors("wav")["accepted"]):
        yield b"\x01" + raw
    yield b"\x00" + b"00dc\x03\x00\x00\x00abc\x00" + b"00dc\x00\x00\x00\x00" + b"00dc\x02\x00\x00\x00xy"
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00\xff\xda\x00\x02zz\xff\xd9"
    yield b"\x02" + jpeg
    yield b"\x1e" + jpeg + bytes(9)
    yield b"\x01" + (320).to_bytes(2, "little") * 2 + b"\x0a\x00" + bytes(8)
    yield b"\x03" + (8000).to_bytes(4, "little") + b"\x01\x10" + bytes(4)


def _inspect() -> Iterator[bytes]:
    for name in ("entries", "statements"):
        for raw in list(_hex(_vectors(name)["accepted"]))[::4]:
            yield b"\x03" + raw
    for case in _vectors("messages")["accepted"][::3]:
        yield b"\x00" + bytes.fromhex(case["frame"])
    for raw in _hex(_vectors("private")["records"]["accepted"]):
        yield b"\x00" + raw
    for raw in _hex(_vectors("wav")["accepted"][:1]):
        yield b"\x00" + raw
    yield b'\x02{"seed": "00", "organisation": "a"}'


def _card() -> Iterator[bytes]:
    yield bytes(3)
    for place in (13, 14, 16, 32, 36, 44):
        yield bytes((0, place, 1))
    yield bytes((1, 8, 2, 1, 12, 2, 2, 43, 0x10, 3, 58, 2))


def _store() -> Iterator[bytes]:
    host = Host()
    length = len(b"".join(shift(host, leaf_size=4096).entries))
    for file in range(6):
        for how in range(4):
            yield bytes((file, how)) + (file * 977 % length).to_bytes(3, "big") + b"\x01"


def _boot() -> Iterator[bytes]:
    yield bytes(1)
    for how in range(8):
        for place in (0, 3, 9, 14):
            yield bytes((how, 0, place, 0, 7 * place + 60, how + place))


_MAKERS = {
    "frames": _frames,
    "line": _line,
    "cbor": _cbor,
    "statements": _statements,
    "journal": _journal,
    "flash": _flash,
    "containers": _containers,
    "inspect": _inspect,
    "card": _card,
    "store": _store,
    "boot": _boot,
}
