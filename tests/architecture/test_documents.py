"""What the files of the repository say: the two commands, nothing of one machine, and only rows that exist."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

# Rows of the obligations (OB) and of the attacks (AT) that tests, code and documents cite.
ROWS = {"OB": range(1, 92), "AT": range(1, 40)}
CITATION = re.compile(r"\b(OB|AT)[-\s](\d+)(?:\s*[–-]\s*(\d+)\b)?")
# A path of the machine that it was written on, and where packages come from, which the reader's own tools know.
MACHINE = re.compile(r"(?<![\w.~$}/])/(?:work|root|home|Users|opt)/|/tmp/(?:lab|h_|brief)")
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|--(?:extra-)?index-url|--find-links")


def machine_paths(text: str) -> list[str]:
    return MACHINE.findall(text)


def registries(text: str) -> list[str]:
    return REGISTRY.findall(text)


def wrong_citations(text: str) -> list[str]:
    """Citations such as OB-7 or AT 1–8 of a row that there is not."""
    return [
        match.group(0)
        for match in CITATION.finditer(text)
        if any(int(number) not in ROWS[match.group(1)] for number in match.groups()[1:] if number)
    ]


def commands(readme: str) -> list[str]:
    """The one-line commands of the README's fenced code blocks that make `.venv`, in order."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"\S+ -m venv \.venv && ", line)]


@pytest.fixture(scope="module")
def texts(repository: Path) -> dict[str, str]:
    """Every text file that is tracked, or would be, by its path; but this one, which names what it forbids."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository, capture_output=True, check=False, text=True,
    )  # fmt: skip
    if listing.returncode != 0:
        pytest.skip("not a git clone, so what belongs to the repository is not known")
    found: dict[str, str] = {}
    for name in listing.stdout.split("\0"):
        path = repository / name
        if not name or path == Path(__file__).resolve() or not path.is_file():
            continue
        try:
            found[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("rule", [machine_paths, registries, wrong_citations])
def test_every_file_keeps_the_rule(rule: Callable[[str], list[str]], texts: dict[str, str]) -> None:
    assert {name: rule(text) for name, text in texts.items() if rule(text)} == {}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (machine_paths, "see /" + "work/main/README.md"),
        (machine_paths, "run '/root/.venv/bin/python'"),
        (machine_paths, "(/home/someone/file)"),
        (machine_paths, "cd /tmp/lab"),
        (registries, "https://pypi." + "org/simple/evidock"),
        (registries, "pip install --extra-index" + "-url x"),
        (wrong_citations, "OB-92"),
        (wrong_citations, "cites AT-0"),
        (wrong_citations, "AT 38–40"),
    ],
)
def test_the_rule_catches_what_breaks_it(rule: Callable[[str], list[str]], text: str) -> None:
    assert rule(text) != []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (machine_paths, "host/work/a.py and ./home/x and /dev/ttyACM0"),
        (registries, "the package index"),
        (wrong_citations, "OB-1, OB-91, AT-39, AT 1–8 and FORMAT-99"),
    ],
)
def test_the_rule_lets_pass_what_keeps_it(rule: Callable[[str], list[str]], text: str) -> None:
    assert rule(text) == []


def test_the_readme_has_the_two_commands(repository: Path) -> None:
    """The demo, then the tests; each one line that makes and uses .venv."""
    found = commands((repository / "README.md").read_text(encoding="utf-8"))
    assert len(found) == 2
    assert found[0].endswith(".venv/bin/evidock demo")
    assert found[1].endswith(".venv/bin/pytest")
    assert all("pip install" in command for command in found)


def test_commands_are_read_from_code_blocks_only() -> None:
    readme = "python3 -m venv .venv && no\n```sh\npython3 -m venv .venv && yes\ncd x\n```\n"
    assert commands(readme) == ["python3 -m venv .venv && yes"]


def test_the_licence_is_whole(repository: Path) -> None:
    licence = (repository / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
