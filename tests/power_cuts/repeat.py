"""Repeats one power cut that a test found: `python tests/power_cuts/repeat.py RUN OPERATION HOW [OPERATION HOW]`.

RUN is the folder of the recorded run, as the failing test printed it. The second pair is a cut in the recovery.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "host", "simulator", "tests")]

from power_cuts import shift  # noqa: E402
from power_cuts.cutting import Cutter  # noqa: E402


def main() -> None:
    """Cuts, and prints what was found."""
    run = shift.load(Path(sys.argv[1]))
    number, how = int(sys.argv[2]), sys.argv[3]
    cutter = Cutter(run)
    try:
        if len(sys.argv) > 4:
            cutter.cut_the_recovery(number, how, only=(int(sys.argv[4]), sys.argv[5]))
            return
        found = cutter.cut(number, how)
        report = found["report"]
        print(report.verdict.value)
        for finding in report.findings:
            print(finding.code, finding.text)
        for span in report.coverage.spans:
            print(f"{span.start:.3f} {span.end:.3f} {span.state.value} {span.cause} {span.recording}")
    finally:
        cutter.close()


if __name__ == "__main__":
    main()
