"""Modules that are not kept at all times: what boots, takes up a card or provisions; what answers; what captures.

DESIGN.md, "Memory". They are imported where they are used, or brought one by one, and let go here: what their code
takes in memory is free again once nothing runs of it.
"""

import sys

CONFIGURATION = ("evidock_protocol.settings_table", "evidock_agent.configuration")
LEAVING = ("evidock_agent.leaving",)
DELETION = ("evidock_agent.unlinking", "evidock_agent.deletion")
BOOT = CONFIGURATION + DELETION + LEAVING + ("evidock_protocol.steps",) + tuple(
    "evidock_agent." + name
    for name in (
        "boot", "recovery", "recovered", "recovered_pictures", "provisioning", "crypto.comb_build", "medium", "check",
        "exemption", "switching_off", "scan", "statements_of_boot", "mending"
    )
)  # fmt: skip
# Each after those that it imports, so that bringing one loads one.
RECOVERING = ("evidock_agent.recovered", "evidock_agent.recovery")
RECOVERING_PICTURES = ("evidock_protocol.avi", "evidock_protocol.jpeg", "evidock_agent.recovered_pictures")
ANSWERING = (
    "evidock_protocol.messages",
    "evidock_protocol.states",
    "evidock_protocol.wire",
    "evidock_agent.answer_frame",
    "evidock_agent.pinned",
    "evidock_agent.session",
    "evidock_agent.transfer",
    "evidock_agent.requests",
    "evidock_agent.server",
)
COMMANDS = (
    CONFIGURATION
    + DELETION
    + LEAVING
    + (
        "evidock_protocol.rights",
        "evidock_agent.commands",
        "evidock_agent.delete_command",
        "evidock_agent.orders",
        "evidock_agent.exemption",
        "evidock_agent.check",
    )
)

SOUND = ("evidock_agent.segment", "evidock_agent.sound", "evidock_agent.tracks")
PICTURE = (
    "evidock_protocol.avi",
    "evidock_protocol.jpeg",
    "evidock_agent.segment",
    "evidock_agent.picture_segment",
    "evidock_agent.picture",
    "evidock_agent.tracks",
)
LISTENING = ("evidock_agent.voice",)
ENCODER = ("evidock_agent.encoder", "evidock_agent.tracks")
EVERY = BOOT + ANSWERING + COMMANDS + SOUND + PICTURE + LISTENING + ENCODER


def bring(names: tuple, brought: list[str]):
    """Generator: imports these modules, one a slice, there already or not; adds those that were not to `brought`."""
    for name in names:
        if name not in sys.modules:
            __import__(name)
            brought.append(name)
        yield


def let_go(names: "tuple[str, ...] | list[str]") -> None:
    """Forgets these modules."""
    for name in names:
        package, _, module = name.rpartition(".")
        if sys.modules.pop(name, None) is not None and hasattr(sys.modules[package], module):
            delattr(sys.modules[package], module)
