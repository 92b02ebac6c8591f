"""Every error that the host raises has a sentence in both languages, with the same values."""

import ast
import errno
import string
from pathlib import Path

import pytest

from evidock import errors, language
from evidock.errors import DiskFull, EvidockError, StoreError

CLASSES = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, EvidockError)}


def raised(repository: Path) -> set[tuple[str, frozenset[str]]]:
    """Every (key, names of values) with which an error is made anywhere in the host."""
    found: set[tuple[str, frozenset[str]]] = set()
    for file in (repository / "host" / "evidock").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES and node.args:
                values = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                for constant in ast.walk(node.args[0]):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        found.add((constant.value, values))
    return found


def fields(sentence: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(sentence) if name}


def test_every_error_has_its_sentence(repository: Path) -> None:
    found = {(key, values) for key, values in raised(repository) if key not in ("refused_", "unknown")}
    assert len(found) > 50
    for lang in language.LANGUAGES:
        for key, values in found:
            sentence = language._catalogue(lang).get(f"error.{key}")
            assert sentence is not None, key
            assert fields(sentence) <= values, key


def said(repository: Path) -> set[tuple[str, frozenset[str]]]:
    """Every (key, names of values) that a command says."""
    found: set[tuple[str, frozenset[str]]] = set()
    for file in (repository / "host" / "evidock" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name == "say" and isinstance(first, ast.Constant) and all(keyword.arg for keyword in node.keywords):
                found.add((str(first.value), frozenset(keyword.arg or "" for keyword in node.keywords)))
    return found


def test_every_command_fills_in_its_sentences(repository: Path) -> None:
    found = said(repository)
    assert len(found) > 20
    for lang in language.LANGUAGES:
        for key, values in found:
            assert fields(language._catalogue(lang)[key]) <= values, key


def test_both_languages_fill_in_the_same_values() -> None:
    english, chinese = language._catalogue("en"), language._catalogue("zh")
    for key in english:
        if key.startswith(("error.", "cli.")):
            assert fields(english[key]) == fields(chinese[key]), key


def test_an_error_is_one_line() -> None:
    error = EvidockError("port_fails", port="x\ny", reason="a\r\n\tb")
    assert str(error) == "The port x y cannot be opened (a b): check the name and the cable."
    assert "x y" in error.message("zh")


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (errno.ENOSPC, DiskFull, "full"),
        (errno.EDQUOT, DiskFull, "full"),
        (errno.EFBIG, DiskFull, "full"),
        (errno.EACCES, StoreError, "permissions"),
        (errno.EIO, StoreError, "Input/output error"),
    ],
)
def test_what_the_system_says_becomes_a_typed_error(number: int, kind: type[StoreError], word: str) -> None:
    with pytest.raises(kind, match=word) as caught, errors.at(Path("/store")):
        raise OSError(number, "Input/output error")
    assert type(caught.value) is kind
    assert "/store" in str(caught.value)
