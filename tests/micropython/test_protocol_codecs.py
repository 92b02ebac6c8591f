"""The codecs of evidock_protocol on real MicroPython: the same vectors as on CPython, and what they allocate."""

import os
import subprocess
from pathlib import Path

# Prints the bytes that each call leaves on MicroPython's heap: nothing is collected in between.
MEMORY = """
import gc
from evidock_protocol import cbor, framing, merkle

def used(name, function):
    function()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function()
    print(name, gc.mem_alloc() - before)
    gc.enable()

writer = framing.FrameWriter(4200)
reader = framing.FrameReader(framing.frame_size(4200))
header = cbor.head(4, 2) + cbor.head(0, 1) + cbor.head(2, 4096)
for name, content in (
    ("mixed", bytes((i * 37 + i // 7) % 256 for i in range(4096))),
    ("zeros", bytes(4096)),
    ("full", b"\\xff" * 4096),
):
    body = memoryview(bytearray(content))
    used("write_" + name, lambda: writer.encode_parts(header, body))
    frame = writer.encode_parts(header, body)
    used("read_" + name, lambda: reader.feed(frame))
request = bytes(framing.FrameWriter(20).encode(b"request"))
used("read_request", lambda: reader.feed(request))
buffer = bytearray(5000)
chunk = [1, body]
used("encode_chunk", lambda: cbor.encode_into(buffer, 0, chunk))
used("skip_chunk", lambda: cbor.skip(buffer, 0))
hasher = merkle.LeafHasher(1 << 20)
used("hash_chunk", lambda: hasher.fill(body))
"""
# Bytes at most, of 4 KiB handled. Reading makes the payload itself; a full block costs a moved view.
LIMITS = {
    "write_mixed": 800,
    "write_zeros": 800,
    "write_full": 800,
    "read_mixed": 4096 + 1000,
    "read_zeros": 4096 + 1000,
    "read_full": 4096 + 1000,
    "read_request": 500,
    "encode_chunk": 200,
    "skip_chunk": 500,
    "hash_chunk": 0,
}


def run(command: list[str], repository: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "MICROPYPATH": str(repository / "protocol")}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)


def test_the_vectors_on_the_desktop_build(micropython: str, repository: Path) -> None:
    done = run([micropython, "tests/vectors/codec_checks.py", "tests/vectors"], repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" cases, 0 disagree\n")


def test_the_vectors_on_a_32_bit_build(webassembly: list[str], repository: Path) -> None:
    """Small integers have 31 bits there, as on a board: lengths, CRCs and clocks become big integers."""
    done = run([*webassembly, "tests/vectors/codec_checks.py", "/tests/vectors"], repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sys.maxsize 2147483647\n" in done.stdout
    assert done.stdout.endswith(" cases, 0 disagree\n")


def test_what_a_call_allocates(micropython: str, repository: Path) -> None:
    """On a heap of 128 KiB, where pointers are twice as wide as on a board."""
    done = run([micropython, "-X", "heapsize=128k", "-c", MEMORY], repository)
    assert done.returncode == 0, done.stdout + done.stderr
    used = {name: int(count) for name, count in (line.split() for line in done.stdout.splitlines())}
    assert used.keys() == LIMITS.keys()
    assert {name: count for name, count in used.items() if count > LIMITS[name]} == {}
