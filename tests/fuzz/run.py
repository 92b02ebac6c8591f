"""Fuzzes a target, or all one after another, for so many seconds each: `python tests/fuzz/run.py [TARGET] --seconds N`.

Needs atheris (`pip install -e '.[fuzz]'`). It begins with the vectors and the corpus beside this file. What a target
finds is written to tests/fuzz/corpus/TARGET/finding-…, where the tests meet it until it is mended, and ever after. The
exit status is 1 when something was found. `--minimise` adds to the corpus what reaches code that nothing before it
reached.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
NAMES = ("frames", "line", "cbor", "statements", "journal", "flash", "containers", "inspect", "card", "store", "boot")
# Bytes of an input at most.
LONGEST = {"store": 60, "card": 96, "boot": 48, "statements": 2100, "inspect": 4200, "journal": 3000}
USUAL = 1400
MEMORY = 700  # MiB of the whole process, with the instrumented packages in it
SLOWEST = 10  # seconds that one input may take
GRACE = 120  # seconds for starting and ending


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzzes evidock's readers of hostile bytes, bounded in time.")
    parser.add_argument("target", nargs="?", choices=NAMES, help="all of them without one")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--minimise", action="store_true", help="keep what reaches new code")
    arguments = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("run.py: atheris is not installed here: pip install -e '.[fuzz]'", file=sys.stderr)
        return 2
    sys.path[:1] = [str(ROOT / name) for name in ("protocol", "device", "host", "simulator", "tests")]
    targets = [arguments.target] if arguments.target else NAMES
    found = [_fuzz(name, arguments.seconds, arguments.minimise) for name in targets]
    return 1 if any(found) else 0


def _fuzz(name: str, seconds: int, minimise: bool) -> bool:
    """Whether a target found something."""
    from fuzz.seeds import seeds

    with tempfile.TemporaryDirectory(prefix="evidock-fuzz-") as folder:
        start, grown, findings = (Path(folder) / part for part in ("start", "grown", "findings"))
        for made in (start, grown, findings):
            made.mkdir()
        for raw in [*seeds(name), *(path.read_bytes() for path in CORPUS.glob(f"{name}/*"))]:
            (start / _name(raw)).write_bytes(raw)
        limits = [
            f"-max_total_time={seconds}", f"-max_len={LONGEST.get(name, USUAL)}", f"-rss_limit_mb={MEMORY}",
            f"-timeout={SLOWEST}", "-print_final_stats=1",
        ]  # fmt: skip
        began = time.monotonic()
        ended = _run(folder, seconds + GRACE, name, str(findings), *limits, str(grown), str(start))
        inputs = re.search(r"number_of_executed_units: (\d+)", ended.stdout)
        done = inputs[1] if inputs else max(re.findall(r"^#(\d+)", ended.stdout, re.MULTILINE), key=int, default="?")
        print(f"{name}: {done} inputs in {time.monotonic() - began:.0f} s, {len(list(grown.iterdir()))} reach new code")
        for path in findings.iterdir():
            print(f"{name}: found {_keep(name, path.read_bytes(), 'finding-' + path.name.partition('-')[0] + '-')}")
        if ended.returncode:
            print(ended.stdout[-4000:])
        if minimise and not ended.returncode:
            new = _run(folder, None, name, "--arcs", str(grown), str(start)).stdout.split()
            for one in new:
                _keep(name, Path(one).read_bytes(), "")
            print(f"{name}: {len(new)} kept")
        sys.stdout.flush()
        return bool(ended.returncode)


def _run(folder: str, seconds: int | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "fuzz_one.py"), *arguments]
    environment = {**os.environ, "TMPDIR": folder}
    try:
        return subprocess.run(
            command, env=environment, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        told = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else ""
        return subprocess.CompletedProcess(command, 1, told + "\nit did not end in time")


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def _keep(target: str, raw: bytes, prefix: str) -> Path:
    """Adds an input to the corpus; its path below the repository."""
    path = CORPUS / target / (prefix + _name(raw))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
