"""One target under atheris, which ends the process itself: `fuzz_one.py TARGET FINDINGS [options and folders]`.

Called by `run`; options are libFuzzer's. With `--arcs FOLDER …` it prints instead which files there reach code that
nothing before them reached: the smallest first, after the corpus.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ("evidock_protocol", "evidock_agent", "evidock", "second_reader")
MEASURED = ("/evidock_protocol/", "/evidock_agent/", "/host/evidock/")


def main(arguments: list[str]) -> None:
    # Its own folder is first on the path, and would hide the package that it is.
    sys.path[:1] = [str(ROOT / name) for name in ("protocol", "device", "host", "simulator", "tests")]
    if "--arcs" in arguments:
        _print_new(arguments[0], [path for folder in arguments[2:] for path in Path(folder).iterdir()])
        return
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=list(PACKAGES)):
        from fuzz.comparisons import TARGETS
    target, findings = TARGETS[arguments[0]], Path(arguments[1])
    target(b"")  # what it prepares once is not the first input's

    def watched(raw: bytes) -> None:
        try:
            target(raw)
        except BaseException:
            # libFuzzer writes it too, unless the process dies before.
            (findings / ("crash-" + hashlib.sha256(raw).hexdigest()[:16])).write_bytes(raw)
            raise

    atheris.Setup([sys.argv[0], f"-artifact_prefix={findings}/", *arguments[2:]], watched)
    atheris.Fuzz()


def _print_new(name: str, files: list[Path]) -> None:
    from fuzz.comparisons import TARGETS

    target = TARGETS[name]
    target(b"")
    reached: set[object] = set()
    for path in sorted((HERE / "corpus" / name).glob("*")):
        reached |= _arcs(target, path.read_bytes())
    for path in sorted(files, key=lambda one: (one.stat().st_size, one.name)):
        arcs = _arcs(target, path.read_bytes())
        if arcs - reached:
            reached |= arcs
            print(path)


def _arcs(target: Callable[[bytes], None], raw: bytes) -> set[object]:
    """The steps from line to line that an input takes in the packages."""
    arcs: set[object] = set()

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        if not any(part in name for part in MEASURED):
            return None
        last = 0

        def step(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                arcs.add((name, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    sys.settrace(trace)
    try:
        target(raw)
    finally:
        sys.settrace(None)
    return arcs


if __name__ == "__main__":
    main(sys.argv[1:])
