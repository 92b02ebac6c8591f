"""Ed25519 and SHA-512 on real MicroPython: the same vectors as on CPython, libsodium's signatures, slices, memory."""

import json
import os
import random
import subprocess
from pathlib import Path

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

# Prints the longest slice as a share of the whole signature, each slice at its best of ten runs.
SLICES = """
import gc, sys, time
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
for hedge in (b"", seed):
    best = None
    for _ in range(10):
        gc.collect()
        times = []
        steps = ed25519.sign_steps(seed, public, bytes(300), hedge)
        while True:
            start = time.ticks_us()
            step = next(steps)
            times.append(time.ticks_diff(time.ticks_us(), start))
            if step is not None:
                break
        best = times if best is None else [min(pair) for pair in zip(best, times)]
    print(max(best) / sum(best))
"""
# Signs on a small heap: prints what the modules and the table keep, and what one signature holds beside them.
HEAP = """
import gc
gc.collect()
before = gc.mem_alloc()
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
message = bytes(300)
most = step = None
gc.collect()
kept = gc.mem_alloc()
most = 0
for step in ed25519.sign_steps(seed, public, message, seed):
    gc.collect()
    most = max(most, gc.mem_alloc())
assert ed25519.verify(public, message, step)
print(kept - before, most - kept)
"""
# Signs with nothing but 4 KiB of heap free, in one piece: what lives inside a slice counts as well.
TIGHT = """
import gc
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
message = bytes(300)
signature = ed25519.sign(seed, public, message, seed)
signed = None
ballast = [None] * 8000
count = 0
gc.collect()
room = bytearray(4096)
try:
    while True:
        ballast[count] = bytearray(1)
        count += 1
except MemoryError:
    room = None
gc.collect()
free = gc.mem_free()
signed = ed25519.sign(seed, public, message, seed)
ballast = None
print(free, signed == signature)
"""
# The vectors and a batch. Not by an argument of the checks, because sys.argv holds no long ones there.
MORE = """
import sys
sys.path.insert(0, "tests/vectors")
import ed25519_checks
sys.exit(ed25519_checks.main("tests/vectors", '%s'))
"""
# Asks for the 24 KB table and signs: prints whether it came, and whether the signature is right.
ENLARGE = """
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
signature = ed25519.sign(seed, public, b"message")
from evidock_agent.crypto import comb_build
def large():
    print((yield from comb_build.enlarge_steps()))
for _ in large():
    pass
print(ed25519.sign(seed, public, b"message") == signature)
"""


def run(command: list[str], repository: Path) -> str:
    environment = {**os.environ, "MICROPYPATH": str(repository / "device")}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def batch(number: int, count: int) -> str:
    """Signatures that libsodium made of random messages, and each once more with one bit changed, as vectors."""
    source = random.Random(number)
    signed, rejected = [], []
    for _ in range(count):
        seed, message = source.randbytes(32), source.randbytes(source.randrange(1, 150))
        public, secret = crypto_sign_seed_keypair(seed)
        signature = crypto_sign(message, secret)[:64]
        case = {"seed": seed, "public": public, "message": message, "signature": signature}
        signed.append({name: value.hex() for name, value in case.items()})
        changed = signed[-1].copy()
        name = source.choice(["public", "message", "signature"])
        wrong = bytearray(case[name])
        wrong[source.randrange(len(wrong))] ^= 1 << source.randrange(8)
        rejected.append({**changed, name: wrong.hex()})
    return json.dumps({"sign": signed, "rejected": rejected})


def test_signatures_of_libsodium_on_the_desktop_build(micropython: str, repository: Path) -> None:
    output = run([micropython, "-c", MORE % batch(3, 50)], repository)
    assert output.endswith(" cases, 0 disagree\n")
    assert int(output.split()[-4]) > 2 * 50 + 80


def test_signatures_of_libsodium_on_a_32_bit_build(webassembly: list[str], repository: Path) -> None:
    output = run([*webassembly, "tests/vectors/ed25519_checks.py", "/tests/vectors", batch(4, 20)], repository)
    assert output.endswith(" cases, 0 disagree\n")
    assert int(output.split()[-4]) > 2 * 20 + 80


def test_the_vectors_on_the_desktop_build(micropython: str, repository: Path) -> None:
    output = run([micropython, "tests/vectors/ed25519_checks.py", "tests/vectors"], repository)
    assert output.startswith("SHA-512 by machine code\n")
    assert output.endswith(" cases, 0 disagree\n")


def test_the_vectors_on_a_32_bit_build(webassembly: list[str], repository: Path) -> None:
    """Small integers have 31 bits there, as on a board, and there is no viper: SHA-512 falls back to plain integers."""
    checks = ["tests/vectors/ed25519_checks.py", "/tests/vectors"]
    output = run([*webassembly, *checks], repository)
    assert output.startswith("sys.maxsize 2147483647\nSHA-512 by plain integers\n")
    assert output.endswith(" cases, 0 disagree\n")


def test_no_slice_is_longer_than_a_quarter(micropython: str, repository: Path) -> None:
    shares = [float(line) for line in run([micropython, "-c", SLICES], repository).split()]
    assert len(shares) == 2
    assert max(shares) <= 0.25


def test_a_signature_needs_little_heap(micropython: str, repository: Path) -> None:
    """On a heap of 96 KiB, where pointers are twice as wide as on a board and source is compiled as well."""
    kept, held = (int(word) for word in run([micropython, "-X", "heapsize=96k", "-c", HEAP], repository).split())
    assert kept <= 27_000
    assert 1_000 < held <= 4_096


def test_a_signature_is_made_in_4_kib(micropython: str, repository: Path) -> None:
    free, right = run([micropython, "-X", "heapsize=160k", "-c", TIGHT], repository).split()
    assert 4_096 <= int(free) < 4_600
    assert right == "True"


def test_a_signature_needs_little_heap_with_32_bits(webassembly: list[str], repository: Path) -> None:
    node, _runner, build, *_ = webassembly
    found = json.loads(run([node, "tests/benchmarks/signing_heap.mjs", build, str(repository), "0"], repository))
    assert found["maxsize"] == 2**31 - 1
    assert found["slices"] > 12
    assert 500 < found["heap_held"] <= 4_096


def test_the_large_table_comes_where_memory_is(micropython: str, repository: Path) -> None:
    """24 KB when there is room, otherwise the 6 KB stay, and the signatures are the same."""
    for size, enlarged in (("76k", "False"), ("96k", "False"), ("256k", "True")):  # 62k run, 112k enlarge
        assert run([micropython, "-X", "heapsize=" + size, "-c", ENLARGE], repository).split() == [enlarged, "True"]
