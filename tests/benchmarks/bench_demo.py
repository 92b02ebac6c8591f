"""How long the demonstration takes after the install: `python tests/benchmarks/bench_demo.py [RUNS]`.

Prints each run and the median as a share of the 60 s that users are promised, and beside it, as the measure of this
machine, what the same Python needs to hash the demonstration's media a hundred times.
"""

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 60.0
HASHINGS = 100


def main() -> None:
    """Runs the demonstration and prints a table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        for number in range(1, runs + 1):
            begun = time.perf_counter()
            subprocess.run(
                [Path(sys.executable).with_name("evidock"), "demo", "--out", out], check=True, stdout=subprocess.DEVNULL
            )
            seconds.append(time.perf_counter() - begun)
            print(f"run {number}: {seconds[-1]:.1f} s")
        media = [path.read_bytes() for path in sorted(out.glob("store/recorders/*/media/**/S*.*"))]
    begun = time.perf_counter()
    for _ in range(HASHINGS):
        for data in media:
            hashlib.sha256(data).digest()
    hashing = time.perf_counter() - begun
    median = statistics.median(seconds)
    print(f"median of {runs}: {median:.1f} s, {median / LIMIT:.0%} of the {LIMIT:.0f} s that are promised")
    total = sum(map(len, media)) / 1e6
    print(f"hashing its {total:.1f} MB {HASHINGS} times takes {hashing:.2f} s here: quotient {median / hashing:.1f}")


if __name__ == "__main__":
    main()
