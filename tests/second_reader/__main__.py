"""`python -m second_reader PATH`: one JSON object about one recorder's folder; status 1 when something is wrong."""

import json
import sys
from pathlib import Path

from .reader import read_archive


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m second_reader PATH", file=sys.stderr)
        return 2
    summary = read_archive(Path(sys.argv[1]))
    print(json.dumps(summary.as_json(), indent=2))
    return 1 if summary.problems else 0


if __name__ == "__main__":
    sys.exit(main())
