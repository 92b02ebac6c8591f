"""Ed25519 and SHA-512 on real MicroPython: the same vectors as on CPython, the slices, and what a signature needs."""

import os
import subprocess
from pathlib import Path

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
# Signs on a small heap: prints what the modules and the table keep, and what one signature needs beside them.
HEAP = """
import gc
gc.collect()
before = gc.mem_alloc()
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
gc.collect()
print(gc.mem_alloc() - before)
message = bytes(300)
most = 0
for step in ed25519.sign_steps(seed, public, message, seed):
    gc.collect()
    most = max(most, gc.mem_alloc())
    if step is not None:
        assert ed25519.verify(public, message, step)
print(most - before)
"""


def run(command: list[str], repository: Path) -> str:
    environment = {**os.environ, "MICROPYPATH": str(repository / "device")}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
    kept, most = (int(line) for line in run([micropython, "-X", "heapsize=96k", "-c", HEAP], repository).split())
    assert kept <= 26_000
    assert most - kept <= 8_000
