"""Python files as syntax trees, and what each imports: the ground that the architecture's rules stand on."""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOTS = {
    "protocol": "evidock_protocol",
    "device": "evidock_agent",
    "host": "evidock",
    "simulator": "evidock_simulator",
}


@dataclass(frozen=True)
class Source:
    """One module: its path below the repository, with forward slashes, and its tree."""

    path: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """The top-level folder: `protocol`, `device`, …"""
        return self.path.split("/")[0]


@dataclass(frozen=True)
class Import:
    """One imported module by its full name; `types_only` when it stands under `if TYPE_CHECKING`."""

    name: str
    line: int
    types_only: bool

    @property
    def top(self) -> str:
        return self.name.split(".")[0]


def parse(path: str, text: str) -> Source:
    return Source(path, ast.parse(text, path))


def sources(repository: Path, *folders: str) -> list[Source]:
    """Every module of the named folders' packages, in a stable order."""
    found: list[Source] = []
    for folder in folders:
        for file in sorted((repository / folder / ROOTS[folder]).rglob("*.py")):
            found.append(parse(file.relative_to(repository).as_posix(), file.read_text(encoding="utf-8")))
    return found


def imports(source: Source) -> list[Import]:
    """What a module imports, anywhere in it: statements, and `import_module` or `__import__` with a literal name."""
    found: list[Import] = []
    _collect(source, source.tree, False, found)
    return found


def _collect(source: Source, node: ast.AST, types_only: bool, found: list[Import]) -> None:
    if isinstance(node, ast.Import):
        found += [Import(alias.name, node.lineno, types_only) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(source, node)
        # `from package import module` may name a module, so each name counts as one.
        found += [Import(f"{base}.{alias.name}", node.lineno, types_only) for alias in node.names]
    elif isinstance(node, ast.Call) and _is_import_call(node.func):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.append(Import(first.value, node.lineno, types_only))
    if isinstance(node, ast.If) and _mentions_type_checking(node.test):
        for child in node.body:
            _collect(source, child, True, found)
        for child in node.orelse:
            _collect(source, child, types_only, found)
        return
    for child in ast.iter_child_nodes(node):
        _collect(source, child, types_only, found)


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    """The full name of what `from … import` reads, relative dots resolved."""
    if node.level == 0:
        return node.module or ""
    package = source.path.removesuffix(".py").split("/")[1:-1]
    parent = package[: len(package) - node.level + 1]
    return ".".join(parent + ([node.module] if node.module else []))


def _is_import_call(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "__import__"}


def _mentions_type_checking(test: ast.expr) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING")
        for node in ast.walk(test)
    )
