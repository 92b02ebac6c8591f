"""The vectors in tests/vectors as cases of tests."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from second_reader.cbor import Value
from second_reader.errors import BadSignature, Malformed, UnknownFormat, WrongType

Case = dict[str, Any]
FOLDER = Path(__file__).resolve().parent.parent / "vectors"
ERRORS: dict[str, type[Exception]] = {
    "Malformed": Malformed,
    "LimitExceeded": Malformed,
    "WrongType": WrongType,
    "UnknownFormat": UnknownFormat,
    "BadSignature": BadSignature,
}


def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def cases(name: str, *keys: str) -> pytest.MarkDecorator:
    """One test for each vector of a list in a file."""
    found: Any = load(name)
    for key in keys:
        found = found[key]
    assert found
    ids = [f"{number} {case.get('name', '')}".strip() for number, case in enumerate(found)]
    return pytest.mark.parametrize("case", found, ids=ids)


def octets(case: Case, key: str = "hex") -> bytes:
    return bytes.fromhex(case[key])


def plain(value: Value) -> Any:
    """A value as the vectors write it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def plain_fields(values: dict[str, Value]) -> Any:
    return {name: plain(value) for name, value in values.items()}


def rejects(case: Case, read: Callable[[], object]) -> None:
    """Reading fails with the class of the vector, and no other."""
    with pytest.raises(ERRORS[case["error"]]) as failure:
        read()
    assert failure.type is ERRORS[case["error"]]
