"""How much of SHA-256's own speed is left when a whole archive is verified: `python
tests/benchmarks/bench_verify.py`.

Makes a store of 1,000 segments of 1 MiB (leaves of 64 KiB) in a temporary folder, reads it once so that it lies in
memory, and then takes turns: SHA-256 over the same files read the same way (one buffer of a leaf, one thread), and the
verification. Prints the median of the quotients, and the peak memory of a process that verifies a quarter of the
archive and of one that verifies all. `--segments N`, `--rounds N` and `--folder DIR` make it smaller, quicker, or keep
the archive.
"""

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for root in ("protocol", "device", "host", "simulator", "tests"):
    sys.path.insert(0, str(ROOT / root))

from support.forge import RATE, Host, Media, write_archive  # noqa: E402

from evidock import keys, layout  # noqa: E402
from evidock.report import Verdict  # noqa: E402
from evidock.verification import verify  # noqa: E402
from evidock_protocol import codes, versions  # noqa: E402

LENGTH = 1 << 20  # bytes of a segment
LEAF = versions.LEAF_DEFAULT
PER_RECORDING = 50
PER_EPOCH = 18  # segments of 33 s in ten minutes
TARGET = 0.90


class Writer:
    """Takes each segment to disk as soon as it is sealed, so that the archive need not fit into memory."""

    def __init__(self, folder: Path, segments: int):
        self.host = Host()
        self.folder = folder
        recorder = self.host.recorder("bench", leaf_size=LEAF)
        recorder.booted()
        samples = (LENGTH - 512) // 2
        archive = folder / layout.recorder(recorder.device)
        kept: dict[tuple[int, int], Media] = {}
        for done in range(segments):
            if done % PER_RECORDING == 0:
                recorder.wait(5)
                recorder.start()
            recorder.wait(samples / RATE)
            recorder.seal(_noise(done, samples * 2), recorder.last_tick, recorder.ticks)
            write_archive(archive, recorder, journal=False)
            kept |= {place: Media(b"", one.leaves, one.media, one.started_ms) for place, one in recorder.media.items()}
            recorder.media.clear()
            if recorder.number % PER_EPOCH == 0:
                recorder.change_epoch(codes.EPOCH_TIME)
            if done % PER_RECORDING == PER_RECORDING - 1 or done == segments - 1:
                recorder.stop()
        recorder.media = kept
        self.host.dock(recorder)
        recorder.media = {}
        self.host.write(folder, recorder)


def _noise(seed: int, length: int) -> bytes:
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(4096) * (length // 4096) + bytes(length % 4096)


def raw(files: list[str], buffer: memoryview) -> float:
    """Seconds that SHA-256 alone takes over the files."""
    begun = time.perf_counter()
    for name in files:
        with open(name, "rb", buffering=0) as file:
            hasher = hashlib.sha256()
            while count := file.readinto(buffer):
                hasher.update(buffer[:count])
            hasher.digest()
    return time.perf_counter() - begun


def verified(folder: Path, pin: str) -> float:
    """Seconds that the verification takes."""
    begun = time.perf_counter()
    report = verify(folder, trust=[pin])
    taken = time.perf_counter() - begun
    if report.verdict is not Verdict.VERIFIED:
        raise SystemExit(f"expected VERIFIED, found {report.verdict}: {report.findings[:3]}")
    return taken


def peak(folder: Path, pin: str) -> float:
    """Peak memory in MB of a fresh process that verifies `folder`."""
    code = (
        "import resource, sys; from evidock.verification import verify; verify(sys.argv[1], trust=[sys.argv[2]]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("protocol", "host"))}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), pin], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout) / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    arguments.add_argument("--segments", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--folder", type=Path, help="where the archive goes and stays; default: a temporary folder")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        top = chosen.folder or Path(temporary)
        whole, quarter = top / "whole", top / "quarter"
        print(f"making {chosen.segments} segments of {LENGTH >> 20} MiB …", flush=True)
        for folder, segments in ((whole, chosen.segments), (quarter, max(1, chosen.segments // 4))):
            if not (folder / layout.STORE_FILE).exists():
                Writer(folder, segments)
        pin = Host().pin
        files = sorted(str(path) for path in whole.glob("recorders/*/media/**/*.wav"))
        buffer = memoryview(bytearray(LEAF))
        raw(files, buffer)
        verified(whole, pin)
        quotients: list[float] = []
        for number in range(chosen.rounds):
            one, two = (
                (raw(files, buffer), verified(whole, pin)) if number % 2 == 0 else _swapped(files, buffer, whole, pin)
            )
            quotients.append(one / two)
            print(
                f"  round {number + 1}: SHA-256 {one:.3f} s, verification {two:.3f} s, quotient {one / two:.3f}",
                flush=True,
            )
        sizes = peak(quarter, pin), peak(whole, pin)
    share = statistics.median(quotients)
    print(f"raw SHA-256 ÷ verification, median of {chosen.rounds}: {share:.3f} (target {TARGET:.2f})")
    print(f"peak memory: {sizes[0]:.1f} MB for a quarter of the archive, {sizes[1]:.1f} MB for all of it")
    print(f"one signature check: {_signature():.0f} µs")


def _swapped(files: list[str], buffer: memoryview, whole: Path, pin: str) -> tuple[float, float]:
    two = verified(whole, pin)
    return raw(files, buffer), two


def _signature() -> float:
    key = keys.SigningKey(bytes(32))
    message = bytes(400)
    signature = key.sign(message)
    begun = time.perf_counter()
    for _ in range(1000):
        keys.verify(key.public, message, signature)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
