"""Makes the environments of the strangers' programs: `python tests/strangers/make_environments.py FOLDER`.

Each stands apart, because all of them hold cbor2 at 5.x and evidock needs 6. One that is there already is left as it
is. The tests find them by the environment variable EVIDOCK_STRANGERS, which names FOLDER.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

# Exact: what they accept is what the tests compare with. cbor2 5.9 is the last that they can be imported with.
ENVIRONMENTS = {
    "pycose": ("pycose==1.1.0", "cbor2==5.9.0"),
    "cwt": ("cwt==3.3.0", "cbor2==5.9.0"),
    "zcbor": ("zcbor==0.9.1", "cbor2==5.9.0"),
}
MADE = "made.txt"  # says what an environment was made of, once it is whole


def python_of(folder: Path, name: str) -> Path | None:
    """The interpreter of a whole environment of these versions, or None."""
    told = folder / name / MADE
    if not told.is_file() or told.read_text() != "\n".join(ENVIRONMENTS[name]):
        return None
    found = [folder / name / "bin" / "python", folder / name / "Scripts" / "python.exe"]
    return next((path for path in found if path.exists()), None)


def make(folder: Path, name: str) -> None:
    """One environment. Raises CalledProcessError when a package cannot be installed."""
    shutil.rmtree(folder / name, ignore_errors=True)
    venv.create(folder / name, with_pip=True)
    python = next(path for path in (folder / name).glob("*/python*") if path.stem == "python")
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *ENVIRONMENTS[name]], check=True)
    (folder / name / MADE).write_text("\n".join(ENVIRONMENTS[name]))


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python tests/strangers/make_environments.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ENVIRONMENTS:
        if python_of(folder, name) is None:
            try:
                make(folder, name)
            except subprocess.CalledProcessError as error:
                print(f"make_environments.py: {name}: pip ended with status {error.returncode}", file=sys.stderr)
                return 1
        print(f"{name}: {', '.join(ENVIRONMENTS[name])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
