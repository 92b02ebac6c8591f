"""Rewrites a test module so that MicroPython can run it: syntax only, statement by statement, never what is tested.

MicroPython lacks a few of CPython's spellings: stars in displays, `{**d}`, `/` in signatures, f-strings in f-strings,
and methods such as `int.bit_count`. Product code is never rewritten: it must run as it stands. Imports of what
MicroPython does not have go to the small modules in `shims/`; annotations go away; an `assert` tells what it compared.
Runs on CPython.
"""

from __future__ import annotations

import ast
from pathlib import Path

SHIMS = Path(__file__).with_name("shims")
# Methods that MicroPython's built-in types lack, or have for fewer arguments: called through `support.method`.
METHODS = {
    "__index__", "bit_count", "bit_length", "casefold", "cast", "clear", "count", "decode", "find", "fromhex",
    "isidentifier", "ljust", "release", "removeprefix", "removesuffix", "rjust", "to_bytes", "toreadonly", "translate",
}  # fmt: skip
# Built-in functions that MicroPython lacks, or has for fewer arguments.
FUNCTIONS = {"vars", "pow", "zip", "isinstance", "iter", "slice"}
ERRORS = {"UnicodeDecodeError"}  # likewise
KEEP = {"array", "binascii", "json", "struct", "sys", "gc", "os"}  # MicroPython's own, as they are
OURS = ("evidock_protocol", "evidock_agent", "evidock_simulator")


def shim_of(module: str) -> str | None:
    """The module in shims/ that stands for this one, or None."""
    name = module.replace(".", "_")
    return f"portable.shims.{name}" if (SHIMS / f"{name}.py").is_file() else None


class Lowering(ast.NodeTransformer):
    """One module. `staged` are the top-level names of the tests' own folders; `left_out` the tests that stay behind."""

    def __init__(self, place: str, staged: set[str], left_out: set[str]):
        self._place = place
        self._staged = staged
        self._left_out = left_out
        self.functions: dict[str, list[str]] = {}

    # Imports.

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for alias in node.names:
            bound = alias.asname or alias.name
            top = alias.name.split(".")[0]
            # `import a.b` binds `a`: the shim of `a` then has `b`.
            shim = shim_of(alias.name if alias.asname else top)
            if shim is not None:
                module = ast.alias(shim.rpartition(".")[2], (alias.asname or top))
                found.append(ast.ImportFrom("portable.shims", [module], 0))
            elif top in KEEP | self._staged or top in OURS:
                found.append(ast.Import([alias]))
            else:
                found += ast.parse(f"{bound.split('.')[0]} = _portable.Absent({alias.name!r})").body
        return found

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        module = node.module or ""
        top = module.split(".")[0]
        if module in ("__future__", "dataclasses"):
            return []
        # `from package import module`, where the module is a shim, beside names that are not.
        shims = [alias for alias in node.names if shim_of(f"{module}.{alias.name}")]
        if shims:
            whole = [
                ast.alias(f"{module}.{alias.name}".replace(".", "_"), alias.asname or alias.name) for alias in shims
            ]
            names = [alias for alias in node.names if alias not in shims]
            rest = self.visit_ImportFrom(ast.ImportFrom(module, names, 0)) if names else []
            return [ast.ImportFrom("portable.shims", whole, 0), *rest]
        if shim_of(module):
            return [ast.ImportFrom(shim_of(module), node.names, 0)]
        if top in KEEP | self._staged or top in OURS:
            return [node]
        names = [(alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names]
        return [stmt for name, full in names for stmt in ast.parse(f"{name} = _portable.Absent({full!r})").body]

    # Definitions: no annotations, no positional-only mark; what stays behind goes.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt | list[ast.stmt]:
        if node.name in self._left_out and node.col_offset == 0:
            return []
        self.generic_visit(node)
        node.returns = None
        if node.col_offset == 0:
            taken = node.args.posonlyargs + node.args.args
            self.functions[node.name] = [argument.arg for argument in taken]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """A dataclass gets its `__init__` and `__eq__` written out."""
        kept = [item for item in node.decorator_list if not ast.unparse(item).startswith(("dataclass", "dataclasses."))]
        if len(kept) < len(node.decorator_list):
            node.decorator_list = kept
            node.body = [item for item in node.body if not isinstance(item, ast.AnnAssign)] + _written_out(
                [(ast.unparse(item.target), item.value) for item in node.body if isinstance(item, ast.AnnAssign)],
                any(isinstance(item, ast.FunctionDef) and item.name == "__post_init__" for item in node.body),
            )
        self.generic_visit(node)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        self.generic_visit(node)
        node.args = node.posonlyargs + node.args
        node.posonlyargs = []
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return ast.Pass()
        return ast.Assign([self.visit(node.target)], self.visit(node.value), lineno=node.lineno)

    # Displays and strings.

    def visit_List(self, node: ast.List) -> ast.expr:
        self.generic_visit(node)
        return self._joined(node.elts) if self._starred(node) else node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        return self._called("tuple", self._joined(node.elts)) if self._starred(node) else node

    def visit_Set(self, node: ast.Set) -> ast.expr:
        self.generic_visit(node)
        starred = any(isinstance(item, ast.Starred) for item in node.elts)
        return self._called("set", self._joined(node.elts)) if starred else node

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        self.generic_visit(node)
        if all(key is not None for key in node.keys):
            return node
        parts: list[ast.expr] = []
        for key, value in zip(node.keys, node.values, strict=True):
            parts.append(value if key is None else ast.Dict([key], [value]))
        return self._portable("merged", *parts)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        pieces: list[ast.expr] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                pieces.append(part)
                continue
            assert isinstance(part, ast.FormattedValue)
            value = self.visit(part.value)
            spec = ast.Constant("") if part.format_spec is None else self.visit(part.format_spec)
            conversion = ast.Constant(chr(part.conversion) if part.conversion > 0 else "")
            pieces.append(self._portable("formatted", value, conversion, spec))
        return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [ast.List(pieces, ast.Load())], [])

    @staticmethod
    def _starred(node: ast.List | ast.Tuple) -> bool:
        return isinstance(node.ctx, ast.Load) and any(isinstance(item, ast.Starred) for item in node.elts)

    def _joined(self, items: list[ast.expr]) -> ast.expr:
        whole: ast.expr = ast.List([], ast.Load())
        for item in items:
            part = self._called("list", item.value) if isinstance(item, ast.Starred) else ast.List([item], ast.Load())
            whole = ast.BinOp(whole, ast.Add(), part)
        return whole

    # Names and calls.

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "__file__":
            return ast.BinOp(
                ast.Attribute(ast.Name("_portable", ast.Load()), "REPOSITORY", ast.Load()),
                ast.Add(), ast.Constant("/" + self._place),
            )  # fmt: skip
        if node.id in ERRORS:
            return ast.Attribute(ast.Name("_portable", ast.Load()), node.id, ast.Load())
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            node.func = ast.Attribute(ast.Name("_portable", ast.Load()), node.func.id + "_", ast.Load())
        elif isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            node.args = [node.func.value, ast.Constant(node.func.attr), *node.args]
            node.func = ast.Attribute(ast.Name("_portable", ast.Load()), "method", ast.Load())
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Views of a dict compare and combine like sets on CPython only."""
        self.generic_visit(node)
        node.left = self._as_set(node.left)
        node.comparators = [self._as_set(item) for item in node.comparators]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        node.left, node.right = self._as_set(node.left), self._as_set(node.right)
        return node

    def _as_set(self, node: ast.expr) -> ast.expr:
        is_view = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")
        )
        return self._called("set", node) if is_view else node

    @staticmethod
    def _called(name: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])

    @staticmethod
    def _portable(name: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(ast.Name("_portable", ast.Load()), name, ast.Load()), list(arguments), [])

    # Statements.

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        """`assert a == b` keeps both sides, so that a failure can show them."""
        said = ast.Constant(f"line {node.lineno}: {ast.unparse(node.test)}")
        self.generic_visit(node)
        before: list[ast.stmt] = []
        shown: list[ast.expr] = [said] if node.msg is None else [said, node.msg]
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            left, right = ast.Name("_left", ast.Store()), ast.Name("_right", ast.Store())
            before.append(ast.Assign([left], test.left, lineno=node.lineno))
            before.append(ast.Assign([right], test.comparators[0], lineno=node.lineno))
            test = ast.Compare(ast.Name("_left", ast.Load()), test.ops, [ast.Name("_right", ast.Load())])
            shown += [ast.Name("_left", ast.Load()), ast.Name("_right", ast.Load())]
        failure = ast.Raise(self._portable("failure", *shown), None)
        return [*before, ast.If(ast.UnaryOp(ast.Not(), test), [failure], [])]

    def visit_Delete(self, node: ast.Delete) -> ast.stmt | list[ast.stmt]:
        """A bytearray cannot lose a slice on MicroPython, but can have it replaced."""
        self.generic_visit(node)
        found: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                empty = ast.Subscript(target.value, ast.Slice(ast.Constant(0), ast.Constant(0)), ast.Load())
                store = ast.Subscript(target.value, target.slice, ast.Store())
                found.append(ast.Assign([store], empty, lineno=node.lineno))
            else:
                found.append(ast.Delete([target]))
        return found


def _written_out(fields: list[tuple[str, ast.expr | None]], completes: bool) -> list[ast.stmt]:
    """`__init__` and `__eq__` of a dataclass with these fields and defaults."""
    taken, body = ["self"], ["pass"]
    for name, default in fields:
        if default is None:
            taken.append(name)
        elif isinstance(default, ast.Call) and ast.unparse(default.func) == "field":
            factory = ast.unparse(next(word.value for word in default.keywords if word.arg == "default_factory"))
            taken.append(f"{name}=None")
            body.append(f"{name} = ({factory})() if {name} is None else {name}")
        else:
            taken.append(f"{name}={ast.unparse(default)}")
        body.append(f"self.{name} = {name}")
    if completes:
        body.append("self.__post_init__()")
    same = " and ".join([f"self.{name} == other.{name}" for name, _default in fields] or ["True"])
    source = f"def __init__({', '.join(taken)}):\n    " + "\n    ".join(body)
    source += f"\ndef __eq__(self, other):\n    return type(self) is type(other) and {same}\n"
    return ast.parse(source).body


def lowered(source: str, place: str, staged: set[str], left_out: set[str]) -> str:
    """The source of the module at `place` (below the repository) for MicroPython, without the tests `left_out`."""
    tree = ast.parse(source)
    lowering = Lowering(place, staged, left_out)
    lowering.visit(tree)
    body = ast.unparse(ast.fix_missing_locations(tree))
    return f"from portable.shims import _portable\n{body}\nPORTABLE = {lowering.functions!r}\n"
