"""Replays the corpus on whatever interpreter runs this, with protocol, device and tests on its path:
`MICROPYPATH=protocol:device:tests micropython tests/fuzz/replay.py tests/fuzz/corpus`.

Prints every disagreement and the number of inputs, and ends with status 1 if there was one. Targets that only CPython
has are passed over.
"""

import os
import sys

# pyright: reportArgumentType=false


def oracles_of():
    from fuzz import flash_oracle, media_oracle, oracles

    return {
        "frames": oracles.frames,
        "cbor": oracles.items,
        "statements": oracles.signed,
        "flash": flash_oracle.flash_rings,
        "containers": media_oracle.containers,
    }


def main(folder):
    done = failed = 0
    for name, oracle in oracles_of().items():
        for file in sorted(os.listdir(folder + "/" + name)):
            with open(folder + "/" + name + "/" + file, "rb") as opened:
                raw = opened.read()
            done += 1
            try:
                oracle(raw)
            except Exception as problem:  # whatever it is, it is a disagreement to print
                failed += 1
                print(f"{name}/{file}: {problem!r}")
    print(f"{done} inputs, {failed} disagree")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
