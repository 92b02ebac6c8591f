"""Every command of host/KEYS.md, in order, against a simulated recorder: the page cannot rot."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.virtual import environment, virtual

from evidock import registry
from evidock.store import Store
from evidock_simulator import launch

UNTRUSTED = 5  # exit status of verify
SECONDS = 120  # for one block
SHIFT = {
    "name": "short-shift",
    "title": {"en": "one short recording", "zh": "一段短录音"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 96], [300, 91]],
    "temperature": [[0, 215], [300, 243]],
    "events": [[1, "press", "record"], [12, "press", "stop"], [16, "dock"]],
}


def blocks(text: str) -> list[tuple[str, str]]:
    """(the words after ```sh, the script) of each block of commands."""
    return re.findall(r"^```sh ?([a-z]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "host" / "KEYS.md").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose `evidock` is the one that is tested, under passphrases that cost nothing."""
    tool = tmp_path / "bin" / "evidock"
    tool.parent.mkdir()
    program = "from evidock import keys; keys.OPERATIONS, keys.MEMORY = 1, 8192; from evidock.cli import main; main()"
    tool.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", program])} "$@"\n')
    tool.chmod(0o755)
    for name in ("safe", "vault"):
        (tmp_path / name).mkdir()
    for name, text in (("organisation", "correct horse"), ("successor", "battery staple"), ("changed", "another one")):
        (tmp_path / f"{name}.pass").write_text(text + "\n")
    own = {name: value for name, value in environment(tmp_path / "home").items() if name != "EVIDOCK_PASSPHRASE"}
    own |= {"SAFE": str(tmp_path / "safe"), "VAULT": str(tmp_path / "vault"), "CONFIG": str(tmp_path / "home")}
    return {**own, "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}


def commands(text: str) -> Iterator[str]:
    """Every command line of evidock on the page."""
    for _words, script in blocks(text):
        yield from (line for line in script.splitlines() if "evidock " in line)


def test_the_page_rehearses_every_command_of_the_organisation_key(page: str) -> None:
    from evidock.cli.org import org

    told = list(commands(page))
    names = [one.name or one.callback.__name__ for one in org.registered_commands if one.callback is not None]
    assert len(names) >= 11
    for name in names:
        assert any(f"evidock org {name} " in line for line in told), name
    assert {words for words, _script in blocks(page)} == {"", "refused"}
    assert page.count("```") == 2 * len(blocks(page))


@pytest.mark.hunt  # a minute: whole procedures, one after the other
def test_every_procedure_works_in_order(page: str, shell: dict[str, str], tmp_path: Path) -> None:
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    (tmp_path / "board").mkdir()
    scenario = tmp_path / "short.json"
    scenario.write_text(json.dumps(SHIFT))
    with virtual(tmp_path / "board", str(scenario), "--speed", "max") as recorder:
        recorder.wait_for("waiting")
        for words, script in blocks(page):
            done = subprocess.run(
                ["bash", "-eu", "-c", script], cwd=tmp_path, env={**shell, "PORT": str(recorder.port)},
                capture_output=True, text=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            told = f"{script}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in told
            if words == "refused":
                assert done.returncode not in (0, 2, 127), told
            else:
                assert done.returncode == 0, told
            if "evidock verify" in script:
                assert done.returncode == (UNTRUSTED if words == "refused" else 0), told
            if "evidock provision" in script and words != "refused" and "docked" not in recorder.states():
                recorder.wait_for("docked")  # the shift begins with the provisioning
    with Store(tmp_path / "evidence") as store:
        assert len(store.organisations) == 3
        assert {one.serial: (one.state, one.unit) for one in registry.recorders(store)} == {
            "00417": ("retired", 12),
            "00418": ("revoked", None),
        }
