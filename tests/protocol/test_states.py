"""The tables of states and of durable steps are whole, and SPECIFICATION.md prints them, both ways."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from evidock_protocol import messages, names, rights, states, steps, steps_table

TEXT = (Path(__file__).resolve().parents[2] / "protocol" / "SPECIFICATION.md").read_text(encoding="utf-8")
STATES = range(len(states.NAMES))
REFUSALS = dict(names.REFUSALS)
MESSAGES = {row[0]: row[1] for row in messages.MESSAGES}


def printed(heading: str, *columns: str) -> list[list[str]]:
    """The rows of the one table with these columns under a heading."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", TEXT, re.MULTILINE)
    assert found is not None, heading
    text = TEXT[found.end() :]
    end = re.search(rf"^#{{1,{len(found.group(1))}}} ", text, re.MULTILINE)
    blocks = re.findall(r"(?:^\|.*\n)+", text[: end.start()] if end else text, re.MULTILINE)
    tables = [
        [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()] for block in blocks
    ]
    wanted = [table[2:] for table in tables if table[0] == list(columns)]
    assert len(wanted) == 1, columns
    return wanted[0]


def cell(outcome: int) -> str:
    return states.NAMES[outcome] if outcome >= 0 else f"`{REFUSALS[-outcome]}`"


def test_the_table_of_the_docking_is_printed() -> None:
    assert printed("The states of a docking", "message", *states.NAMES) == [
        [MESSAGES[row[0]], *(cell(outcome) for outcome in row[1:])] for row in states.DOCKING
    ]


def test_every_message_has_one_row_and_every_state_one_cell() -> None:
    assert [row[0] for row in states.DOCKING] == list(MESSAGES)
    for row in states.DOCKING:
        assert len(row) == 1 + len(STATES)
        assert all(outcome in STATES or -outcome in REFUSALS for outcome in row[1:])
    numbers = {name.lower(): value for name, value in vars(states).items() if name.lower() in states.NAMES}
    assert [numbers[name] for name in states.NAMES] == list(STATES)


ANYBODY = messages.HELLO, messages.STATUS, messages.RATE  # asked before anything is proved; they lead nowhere


@pytest.mark.parametrize("state", STATES)
def test_the_table_decides(state: int) -> None:
    for row in states.DOCKING:
        assert states.after(state, row[0]) == row[1 + state]
    for unknown in (0, 15, 127, 255, 1 << 40):
        assert states.after(state, unknown) == -messages.UNKNOWN_MESSAGE


def test_media_and_journal_need_a_proof() -> None:
    """OB-26: whatever else changes in the table, only PROVE leads to where anything leaves."""
    for row in states.DOCKING:
        for state, outcome in zip(STATES, row[1:], strict=True):
            if outcome in (states.PROVED, states.CLOSED):
                assert state in (states.PROVED, states.CLOSED) or (row[0], state) == (messages.PROVE, states.OPENED)
            if row[0] not in (*ANYBODY, messages.PROVISION, messages.OPEN, messages.PROVE):
                assert outcome < 0 or state in (states.PROVED, states.CLOSED)


def test_waits_grow_and_are_bounded() -> None:
    waits = [states.wait_ms(count) for count in range(40)]
    assert waits[: states.BORNE + 1] == [0] * (states.BORNE + 1)
    assert waits[states.BORNE + 1 :][:6] == [1000, 2000, 4000, 8000, 16_000, 16_000]
    assert all(before <= after <= states.LONGEST_WAIT_MS for before, after in pairwise(waits))
    assert states.wait_ms(1 << 40) == states.LONGEST_WAIT_MS


def test_what_slows_and_what_is_slowed_is_written() -> None:
    text = TEXT[TEXT.index("**Refusals slow down.**") :].split("\n\n")[0]
    named, rest = text.split(", the next ")
    assert {code for code in REFUSALS if re.search(rf"\b{REFUSALS[code]}\b", named)} == set(states.HOSTILE)
    slowed = rest.split(" is not looked at")[0]
    assert {kind for kind in MESSAGES if re.search(rf"\b{MESSAGES[kind]}\b", slowed)} == set(states.SLOWED)
    assert set(states.ENDING) == {messages.HELLO, messages.OPEN}


def test_rights_are_printed() -> None:
    roles = {number: f"`{name}`" for number, name in names.ROLES}
    operations = {row[0]: row[1] for row in names.OPERATIONS}
    assert printed("Commands", "operation", "role", "order") == [
        [operations[operation], roles.get(role, "–"), "yes" if order else "no"]
        for operation, role, order in rights.RIGHTS
    ]


# Durable steps.

PROVISIONING = "Provisioning: the order of durable steps"
EPOCH_CHANGE = "Epoch change: the order of durable steps"


def test_the_steps_of_provisioning_are_printed() -> None:
    assert printed(PROVISIONING, "step", "durable", "a boot finds (identity, journal ring)") == [
        [
            str(number),
            durable,
            "; ".join(f"{steps_table.IDENTITY[identity]}, {steps_table.RING[ring]}" for identity, ring in pairs),
        ]
        for number, durable, pairs in steps_table.PROVISIONING
    ]
    assert printed(PROVISIONING, "identity \\ journal ring", *steps_table.RING) == [
        [name, *(steps_table.DOES[does] for does in row)]
        for name, row in zip(steps_table.IDENTITY, steps.AT_BOOT, strict=True)
    ]
    assert [row[0] for row in steps_table.PROVISIONING] == list(range(len(steps_table.PROVISIONING)))


def test_a_recorder_is_blank_up_to_the_last_step_and_provisioned_from_it() -> None:
    *before, last = steps_table.PROVISIONING
    for _number, _durable, pairs in before:
        assert {steps.AT_BOOT[identity][ring] for identity, ring in pairs} == {steps.STAYS_BLANK}
    assert {steps.AT_BOOT[identity][ring] for identity, ring in last[2]} == {steps.TAKES_IDENTITY}


def test_a_journal_is_never_given_away() -> None:
    """But for one whose recorder was reset: provisioning anew has zeroed the identity."""
    for identity, row in enumerate(steps.AT_BOOT):
        if identity != steps.WIPED:
            assert row[steps.MORE] in (steps.TAKES_RING, steps.TAKES_IDENTITY)


def test_the_steps_of_an_epoch_change_are_printed() -> None:
    assert printed(EPOCH_CHANGE, "step", "durable", "lives at a boot") == [
        [str(number), durable, steps_table.LIVES[key]] for number, durable, key in steps_table.EPOCH_CHANGE
    ]
    assert printed(EPOCH_CHANGE, "a key slot at boot", "becomes") == [
        [name, steps_table.BECOMES[becomes]] for name, becomes in steps_table.KEY_SLOTS
    ]


def test_the_steps_of_a_deletion_are_printed() -> None:
    columns = ("step", "durable", "a boot, or the same card put in again, finds", "and does")
    assert printed("Deletion on the recorder", *columns) == [
        [str(number), *rest] for number, *rest in steps_table.DELETION
    ]
